"""The learning rate over a run: a linear warm-up, then half a cosine down."""

from __future__ import annotations

import math

from seq2seq.config import TrainingConfig


def rate_share(config: TrainingConfig, progress: float) -> float:
    """The share (0 to 1) of the peak rates at `progress`, the share of the budget used up.

    Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts.
    """
    if progress < config.warmup:
        return max(progress / config.warmup, 0.01)
    annealed = min(1.0, (progress - config.warmup) / max(1e-9, 1 - config.warmup))
    low = config.final_lr_ratio
    return low + (1 - low) * (1 + math.cos(math.pi * annealed)) / 2
