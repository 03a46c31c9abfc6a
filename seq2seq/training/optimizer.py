"""What moves the weights: Muon for the matrices between hidden layers, AdamW for the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq.config import TrainingConfig

_NOT_HIDDEN = ("embedding", "fc_out")  # one row a piece: most rows see no gradient in a step


class Optimizer:
    """One or two optimizers of torch that step together, at their shares of one schedule.

    Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/) orthogonalises each
    matrix's update; its rate counts as AdamW's does (Liu et al. 2025,
    https://arxiv.org/abs/2502.16982).
    """

    def __init__(self, model: nn.Module, config: TrainingConfig) -> None:
        named = list(model.named_parameters())
        hidden = [p for name, p in named if _is_hidden(name, p) and config.optimizer == "muon"]
        chosen = {id(parameter) for parameter in hidden}
        rest = [p for _, p in named if id(p) not in chosen]
        adamw = torch.optim.AdamW(
            rest,
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self._parts: list[tuple[torch.optim.Optimizer, float]] = [(adamw, config.learning_rate)]
        if hidden:
            muon = torch.optim.Muon(
                hidden,
                lr=config.matrix_learning_rate,
                weight_decay=config.weight_decay,
                adjust_lr_fn="match_rms_adamw",
            )
            self._parts.append((muon, config.matrix_learning_rate))

    def step(self, share: float) -> None:
        """One step at `share` (0 to 1) of the peak rates; the gradients are gone after it."""
        for optimizer, peak in self._parts:
            for group in optimizer.param_groups:
                group["lr"] = peak * share
            optimizer.step()
            optimizer.zero_grad()

    def tensors(self) -> dict[str, Tensor]:
        """All moments by `part.parameter.name`, on the CPU."""
        return {
            f"{part}.{index}.{key}": value.detach().cpu().contiguous()
            for part, (optimizer, _) in enumerate(self._parts)
            for index, values in optimizer.state_dict()["state"].items()
            for key, value in values.items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Put the moments back that `tensors` gave."""
        for part, (optimizer, _) in enumerate(self._parts):
            state: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                of, index, key = name.split(".", 2)
                if int(of) == part:
                    state.setdefault(int(index), {})[key] = tensor
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})


def _is_hidden(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim == 2 and not any(part in name for part in _NOT_HIDDEN)
