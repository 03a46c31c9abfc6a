"""Pairs of piece ids into padded batches of equal length, in an order that a seed fixes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.tokenizer import EOS_ID, LAST_CONTROL_ID, PAD_ID, SOS_ID, UNK_ID

# Rows of a batch come in multiples of this where there are as many: matrix products of shapes seen
# before cost less, since their kernels are kept.
_ROWS = 16


class Batch(NamedTuple):
    """One padded batch."""

    src: Tensor  # (B, S), each row ended by the end piece
    trg: Tensor  # (B, T + 1), start piece, reply, end piece


@dataclass(frozen=True)
class Encoding:
    """One pair as ids."""

    source: list[int]  # its end piece included
    reply: list[int]
    reply_bytes: int  # of the reply as UTF-8, plus one for its end


def pad_sources(sources: Sequence[Sequence[int]]) -> Tensor:
    """Rows of ids as one tensor (B, S), padded on the right."""
    longest = max(len(source) for source in sources)
    return torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in sources])


class PairTable:
    """Many pairs of ids in two flat tensors, so that a million of them stay small."""

    def __init__(self, encodings: Sequence[Encoding]) -> None:
        self.source_lengths = torch.tensor([len(e.source) for e in encodings])  # (N,)
        self.reply_lengths = torch.tensor([len(e.reply) for e in encodings])  # (N,)
        self._source = torch.tensor([i for e in encodings for i in e.source], dtype=torch.int32)
        self._reply = torch.tensor([i for e in encodings for i in e.reply], dtype=torch.int32)
        self.reply_bytes = torch.tensor([e.reply_bytes for e in encodings])  # (N,)
        self._source_ends = self.source_lengths.cumsum(0)
        self._reply_ends = self.reply_lengths.cumsum(0)

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.source_lengths)

    def contents(self) -> tuple[Tensor, ...]:
        """Everything in the table: lengths (N,), ids of all sources and of all replies."""
        return (self.source_lengths, self.reply_lengths, self._source, self._reply)

    def batch(self, rows: Tensor) -> Batch:
        """The batch of these rows (B,), padded to the longest of them."""
        src = torch.full((len(rows), int(self.source_lengths[rows].max())), PAD_ID)
        trg = torch.full((len(rows), int(self.reply_lengths[rows].max()) + 2), PAD_ID)
        trg[:, 0] = SOS_ID
        for row, index in enumerate(rows.tolist()):
            n, end = int(self.source_lengths[index]), int(self._source_ends[index])
            src[row, :n] = self._source[end - n : end]
            n, end = int(self.reply_lengths[index]), int(self._reply_ends[index])
            trg[row, 1 : n + 1] = self._reply[end - n : end]
            trg[row, n + 1] = EOS_ID
        return Batch(src, trg)

    def plan(self, rows: Tensor, batch_pieces: int, generator: torch.Generator) -> list[Tensor]:
        """Cut rows (N,) into batches of one length each and shuffle these; the last may be short.

        A batch has at most `batch_pieces` target pieces and twice as many source pieces, padding
        included, and at least one row.
        """
        order = rows[torch.randperm(len(rows), generator=generator)]
        # Sorted by source length, then by reply length; the shuffle before decides among equals.
        key = self.source_lengths[order] * 100_000 + self.reply_lengths[order]
        order = order[torch.sort(key, stable=True).indices]
        batches = list(self._cut(order, batch_pieces))
        shuffled = torch.randperm(len(batches), generator=generator)
        return [batches[i] for i in shuffled.tolist()]

    def _cut(self, order: Tensor, batch_pieces: int) -> Iterator[Tensor]:
        """Consecutive slices of order (N,) that keep to the budget."""
        sources = self.source_lengths[order].tolist()
        replies = (self.reply_lengths[order] + 1).tolist()
        start = end = longest = 0
        while end < len(order):
            longest = max(longest, replies[end])
            count = end - start + 1
            if count > 1 and count * max(longest, sources[end] / 2) > batch_pieces:
                rows = count - 1
                end = start + (rows // _ROWS * _ROWS if rows >= _ROWS else rows)
                yield order[start:end]
                start, longest = end, 0
            else:
                end += 1
        if start < end:
            yield order[start:end]


def hide_pieces(src: Tensor, share: float) -> Tensor:
    """A copy of src (B, S) where this share of a message's pieces, by lot, is the unknown piece.

    Special and control pieces stay. Word dropout, as in Iyyer et al. 2015,
    https://aclanthology.org/P15-1162.
    """
    if not share:
        return src
    hidden = (torch.rand(src.shape) < share) & (src > LAST_CONTROL_ID)
    return src.masked_fill(hidden, UNK_ID)


def epoch_rows(weights: Tensor, generator: torch.Generator) -> Tensor:
    """The rows of one epoch: row i about weights[i] times (N,), the fraction decided by a draw."""
    whole = weights.floor()
    extra = torch.rand(len(weights), generator=generator) < (weights - whole)
    return torch.repeat_interleave(torch.arange(len(weights)), (whole + extra).long())
