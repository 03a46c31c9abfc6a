"""How well a model predicts given replies: perplexity a piece, bits a byte, calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seq2seq.batching import PairTable
from seq2seq.compact import Runner
from seq2seq.loss import reply_logits


@dataclass(frozen=True)
class Score:
    """The summed surprise of many replies, in nats, and what it is shared among."""

    nats: float
    pieces: int  # end pieces included
    bytes: int  # UTF-8, one for each reply's end included

    @property
    def loss(self) -> float:
        """Nats a piece."""
        return self.nats / self.pieces

    @property
    def perplexity(self) -> float:
        """The exponential of the nats a piece; depends on the tokenizer."""
        return math.exp(min(self.loss, 700.0))

    @property
    def bits_per_byte(self) -> float:
        """Bits a byte of the reply's text; comparable between tokenizers."""
        return self.nats / math.log(2) / self.bytes

    def to_dict(self) -> dict[str, float]:
        """The figures for metrics.json and for people."""
        return {"perplexity": self.perplexity, "bits_per_byte": self.bits_per_byte}


@dataclass(frozen=True)
class Bin:
    """Steps whose likeliest piece had about the same probability."""

    count: int
    probability: float  # the mean of them; 0 if there are none
    right: float  # the share of them where that piece was the reply's


def score_pairs(
    model: Runner,
    table: PairTable,
    rows: Tensor | None = None,
    batch_pieces: int = 4800,
    on_batch: Callable[[int], None] | None = None,
) -> Score:
    """Score the table's pairs, or these rows of it (N,), teacher-forced and without dropout.

    `on_batch` is told how many pairs each batch had. Raises ValueError if there is no pair.
    """
    rows = torch.arange(len(table)) if rows is None else rows
    nats, pieces = 0.0, 0
    for logits, targets in _forced(model, table, rows, batch_pieces, on_batch):
        nats += float(F.cross_entropy(logits, targets, reduction="sum"))
        pieces += len(targets)
    return Score(nats, pieces, int(table.reply_bytes[rows].sum()))


def calibration(
    model: Runner,
    table: PairTable,
    bins: int = 10,
    on_batch: Callable[[int], None] | None = None,
) -> list[Bin]:
    """How often the likeliest piece was right, by its probability in `bins` equal ranges.

    A reliability diagram's numbers (Guo et al. 2017, https://arxiv.org/abs/1706.04599), over all
    pieces of the table's replies, teacher-forced. Raises ValueError if there is no pair.
    """
    count, sure, right = (torch.zeros(bins, dtype=torch.float64) for _ in range(3))
    for logits, targets in _forced(model, table, torch.arange(len(table)), 4800, on_batch):
        probability, best = logits.softmax(dim=-1).double().cpu().max(dim=-1)  # (N,) each
        into = (probability * bins).long().clamp(max=bins - 1)
        count += into.bincount(minlength=bins)
        sure += into.bincount(probability, minlength=bins)
        right += into.bincount((best == targets.cpu()).double(), minlength=bins)
    at_least = count.clamp(min=1)
    rows = zip(count.tolist(), (sure / at_least).tolist(), (right / at_least).tolist(), strict=True)
    return [Bin(int(n), mean, share) for n, mean, share in rows]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: the mean gap between probability and share right."""
    total = sum(found.count for found in bins)
    return sum(found.count * abs(found.probability - found.right) for found in bins) / max(1, total)


def _forced(
    model: Runner,
    table: PairTable,
    rows: Tensor,
    batch_pieces: int,
    on_batch: Callable[[int], None] | None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Each batch's logits (N, V) and reply pieces (N,), in inference mode and without dropout."""
    if not len(rows):
        raise ValueError("there is no pair to score")
    module = model if isinstance(model, nn.Module) else None
    was_training = module is not None and module.training
    device = model.device
    if module is not None:
        module.eval()
        device = next(module.parameters()).device
    for chosen in table.plan(rows, batch_pieces, torch.Generator().manual_seed(0)):
        batch = table.batch(chosen)
        with torch.inference_mode():
            found = reply_logits(model, batch.src.to(device), batch.trg.to(device))
        yield found
        if on_batch is not None:
            on_batch(len(chosen))
    if module is not None:
        module.train(was_training)
