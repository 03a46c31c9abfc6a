"""Linear layers on weights of one or two bytes, for inputs between -1 and 1.

Weights are whole numbers from -127 to 127 with one scale an output channel; inputs are whole
numbers with the one scale 1 / 127. Products of whole numbers are exact, and nothing is scaled by
what else is in the batch: a row gets the same numbers, bit for bit, alone and in any crowd.

The kernel is oneDNN's, as PyTorch's own compiler calls it for 8-bit models on x86
(https://docs.pytorch.org/ao/stable/pt2e_quantization/pt2e_quant_x86_inductor.html).
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

LEVELS = 127
_MIDDLE = 128  # the byte that stands for 0
_FINER = 2 * LEVELS  # what a rounding leaves, at most half a level, fills [-1, 1] times this


class Int8Linear:
    """A linear layer whose input lies in [-1, 1]: weight (N, K), bias (N,) or None."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        whole, scale = _in_whole_numbers(weight)
        self._weight = torch.ops.onednn.qlinear_prepack(whole.to(torch.int8), None)
        self._scale = scale
        self._zero = torch.zeros(len(scale), dtype=torch.long)
        self._bias = bias

    def __call__(self, levels: Tensor) -> Tensor:
        """Give (..., N) in float32 for the levels (..., K) that `to_levels` gives."""
        out: Tensor = torch.ops.onednn.qlinear_pointwise(
            levels, 1 / LEVELS, _MIDDLE, self._weight, self._scale, self._zero, self._bias,
            1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return out


class WideLinear:
    """A linear layer on two bytes a weight, whose input in [-1, 1] has two bytes too.

    What a state is multiplied by to become the next one needs more than a byte: its errors are
    carried on from step to step.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        whole, scale = _in_whole_numbers(weight)
        rest = weight - whole * scale.unsqueeze(1)
        self._high = Int8Linear(weight)
        self._low = Int8Linear(rest * _FINER, bias * _FINER)

    def __call__(self, values: Tensor) -> Tensor:
        """Give (..., N) in float32 for values (..., K) in [-1, 1]."""
        return self.product(to_two_levels(values))

    def product(self, pair: Tensor) -> Tensor:
        """Give (..., N) in float32 for two levels a value, (2, ..., K)."""
        high = self._high(pair)  # (2, ..., N)
        out = torch.add(high[0], self._low(pair[0]), alpha=1 / _FINER)
        return torch.add(out, high[1], alpha=1 / 256)


def _in_whole_numbers(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The weight (N, K) as numbers from -127 to 127, and what each channel's 1 stands for (N,)."""
    scale = weight.abs().amax(dim=1).clamp(min=1e-8) / LEVELS
    return (weight / scale.unsqueeze(1)).round(), scale


def to_two_levels(values: Tensor, dim: int = 0) -> Tensor:
    """Values (..., K) in [-1, 1] as two bytes each, (2, ..., K): the level, and 256ths of one.

    Byte 128 stands for 0 in both. `dim` is where the new dimension goes.
    """
    whole = (values * (256 * LEVELS)).add_(257 * _MIDDLE + 0.5).to(torch.uint16)
    bytes = whole.view(torch.uint8).view(*values.shape, 2)  # the lower first
    return torch.stack([bytes[..., 1], bytes[..., 0]], dim=dim)


def to_levels(values: Tensor) -> Tensor:
    """Values in [-1, 1] as bytes: 1 stands for -1, 128 for 0, 255 for 1."""
    return (values * LEVELS).add_(_MIDDLE + 0.5).to(torch.uint8)


@functools.cache
def usable() -> bool:
    """Whether this processor and this build of PyTorch multiply bytes exactly.

    Processors without instructions of their own for it add products up in 16 bits, which overflow.
    """
    if not hasattr(torch.ops.onednn, "qlinear_pointwise"):
        return False
    generator = torch.Generator().manual_seed(0)
    weight = torch.randint(-LEVELS, LEVELS + 1, (16, 64), generator=generator).float()
    levels = torch.randint(1, 256, (3, 64), generator=generator).to(torch.uint8)
    scale = weight.abs().amax(dim=1) / LEVELS
    exact = (levels.double() - _MIDDLE) @ (weight / scale.unsqueeze(1)).round().double().T
    found = Int8Linear(weight)(levels)
    return bool(torch.allclose(found.double(), exact * scale / LEVELS, rtol=1e-5, atol=1e-5))
