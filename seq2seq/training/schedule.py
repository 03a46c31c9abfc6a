"""The learning rate over a run: a linear warm-up, then half a cosine down."""

from __future__ import annotations

import math

from seq2seq.config import TrainingConfig


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """The rate at `progress`, the share of the run's budget that is used up (0 to 1).

    Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts.
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.01)
    annealed = min(1.0, (progress - config.warmup) / max(1e-9, 1 - config.warmup))
    low = config.final_lr_ratio
    return config.learning_rate * (low + (1 - low) * (1 + math.cos(math.pi * annealed)) / 2)
