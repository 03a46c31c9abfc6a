"""The weights that a run shows and saves: the model's own, or their moving average."""

from __future__ import annotations

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from seq2seq.model import Seq2Seq


class Shown:
    """What is validated and saved: `model` itself at decay 0, or else its moving average.

    After each step average = decay * average + (1 - decay) * weights, in torch's implementation;
    the first update copies the weights.
    """

    def __init__(self, model: Seq2Seq, decay: float) -> None:
        self.own = model
        self._average = None
        if decay:
            function = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            self._average = AveragedModel(model, multi_avg_fn=function)

    @property
    def model(self) -> Seq2Seq:
        """The model to score and to save."""
        if self._average is None:
            return self.own
        module = self._average.module
        assert isinstance(module, Seq2Seq)
        return module

    def update(self) -> None:
        """Take the weights of a new step in."""
        if self._average is not None:
            self._average.update_parameters(self.own)

    def restored(self, steps: int) -> None:
        """Say that the average's weights were put back as they were after so many steps."""
        if self._average is not None:
            self._average.n_averaged.fill_(steps)
