"""The training loss: cross-entropy of the reply's pieces, from logits, padding left out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from seq2seq.compact import Runner
from seq2seq.model import Encoded, Seq2Seq


class CrossEntropy(torch.autograd.Function):
    """F.cross_entropy's sum, with a gradient that is the softmax less the targets.

    torch's backward pass computes that softmax a second time, one element after the other where
    there is no GPU: a fifth of a training step. This one keeps it from the forward pass.
    """

    @classmethod
    def of(cls, logits: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """The summed loss in nats of logits (N, V) for targets (N,)."""
        loss: Tensor = cls.apply(logits, targets, label_smoothing)  # type: ignore[no-untyped-call]
        return loss

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Keep what the gradient needs; products of lower precision are summed in float32."""
        exact = logits.float()  # (N, V)
        softmax = exact.softmax(dim=-1)  # (N, V)
        ctx.save_for_backward(softmax, targets)
        ctx.smoothing, ctx.dtype = smoothing, logits.dtype
        most, best = softmax.max(dim=-1, keepdim=True)  # (N, 1) each
        total = (exact.gather(1, best) - most.log()).squeeze(1)  # (N,), logsumexp in fewer passes
        loss = total - exact.gather(1, targets.unsqueeze(1)).squeeze(1)
        if smoothing:
            loss = (1 - smoothing) * loss + smoothing * (total - exact.mean(dim=-1))
        return loss.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient (N, V) of the logits, in their precision."""
        (gradient,) = gradients
        softmax, targets = ctx.saved_tensors
        found = softmax * gradient
        if ctx.smoothing:
            found -= gradient * (ctx.smoothing / softmax.size(1))
        at_target = (-(1 - ctx.smoothing) * gradient).expand(len(targets), 1)
        found.scatter_add_(1, targets.unsqueeze(1), at_target)
        return found.to(ctx.dtype), None, None


def reply_loss(
    model: Seq2Seq,
    src: Tensor,
    trg: Tensor,
    teacher_force_ratio: float = 1.0,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, int]:
    """Give the summed loss in nats and the number of pieces that it sums over.

    src (B, S) and trg (B, T + 1), a row being start piece, reply, end piece, padding. At ratio 1
    the decoder runs over the whole target in one call. Below 1 each piece that is fed is the
    model's own likeliest with probability 1 - ratio, a draw a row and step (scheduled sampling,
    Bengio et al. 2015, https://arxiv.org/abs/1506.03099); the loss stays on the target's pieces.
    """
    logits, targets = reply_logits(model, src, trg, teacher_force_ratio)
    return CrossEntropy.of(logits, targets, label_smoothing), len(targets)


def reply_logits(
    model: Runner, src: Tensor, trg: Tensor, teacher_force_ratio: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Give the logits (N, V) of all the batch's reply pieces, and these pieces (N,).

    Arguments as in `reply_loss`; N counts every row's pieces up to its end piece.
    """
    encoded = model.encode(src)
    inputs, targets = trg[:, :-1], trg[:, 1:]  # (B, T) each
    counted = _counted(targets, model.eos_token, model.pad_token)  # (B, T)
    if teacher_force_ratio >= 1.0:
        states, _, _ = model.decoder.states(inputs, encoded.hidden, encoded)  # (B, T, H)
    else:
        states = _sampled_states(model, encoded, inputs, teacher_force_ratio)
    return model.decoder.fc_out(states[counted]), targets[counted]


def _counted(targets: Tensor, eos_token: int, pad_token: int | None) -> Tensor:
    """Which targets (B, T) belong to a reply: up to its end token, and no padding."""
    ends = targets == eos_token
    counted = (ends.cumsum(dim=1) - ends.long()) == 0
    return counted if pad_token is None else counted & (targets != pad_token)


def _sampled_states(model: Runner, encoded: Encoded, inputs: Tensor, ratio: float) -> Tensor:
    """The decoder's features (B, T, H) where only a share `ratio` of the inputs is forced."""
    hidden = encoded.hidden
    fed = inputs[:, :1]
    columns: list[Tensor] = []
    for t in range(inputs.size(1)):
        state, hidden, _ = model.decoder.states(fed, hidden, encoded)
        columns.append(state)
        if t + 1 < inputs.size(1):
            with torch.no_grad():
                best = model.decoder.fc_out(state).argmax(dim=-1)  # (B, 1)
            forced = torch.rand(best.shape, device=best.device) < ratio
            fed = torch.where(forced, inputs[:, t + 1 : t + 2], best)
    return torch.cat(columns, dim=1)
