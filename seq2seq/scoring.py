"""How well a model predicts given replies: perplexity a piece and bits a byte."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.batching import PairTable
from seq2seq.loss import reply_loss
from seq2seq.model import Seq2Seq


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


@torch.inference_mode()
def score_pairs(
    model: Seq2Seq,
    table: PairTable,
    rows: Tensor | None = None,
    batch_pieces: int = 4800,
    on_batch: Callable[[int], None] | None = None,
) -> Score:
    """Score the table's pairs, or these rows of it (N,), teacher-forced and without dropout.

    `on_batch` is told how many pairs each batch had. Raises ValueError if there is no pair.
    """
    rows = torch.arange(len(table)) if rows is None else rows
    if not len(rows):
        raise ValueError("there is no pair to score")
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    nats, pieces = 0.0, 0
    for chosen in table.plan(rows, batch_pieces, torch.Generator().manual_seed(0)):
        batch = table.batch(chosen)
        loss, count = reply_loss(model, batch.src.to(device), batch.trg.to(device))
        nats += float(loss)
        pieces += count
        if on_batch is not None:
            on_batch(len(chosen))
    model.train(was_training)
    return Score(nats, pieces, int(table.reply_bytes[rows].sum()))
