"""What is forbidden or reweighed before a piece is chosen, each filter a function on logits.

Every filter takes logits (B, V) and gives new ones; a forbidden piece gets minus infinity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID

FORBIDDEN = float("-inf")


class Stage(NamedTuple):
    """The logits after one filter; `name` is the option's, or `never_written` or `last_resort`."""

    name: str
    logits: Tensor  # (B, V)


def sampling_logits(
    logits: Tensor,
    written: Sequence[Sequence[int]],
    options: DecodingOptions,
    never: Sequence[int] = (),
) -> Tensor:
    """The logits (B, V) whose softmax a piece is chosen from: those after the last stage."""
    for stage in stages(logits, written, options, never):
        logits = stage.logits
    return logits


def stages(
    logits: Tensor,
    written: Sequence[Sequence[int]],
    options: DecodingOptions,
    never: Sequence[int] = (),
) -> Iterator[Stage]:
    """The logits (B, V) after each filter that the options turn on, in the order of their use.

    written holds each row's pieces so far; never are the special pieces that no reply holds.
    Temperature is always a stage. Where the filters together forbid everything, the end token alone
    is left: `last_resort`, the last stage.
    """
    logits = forbid(logits, never)
    yield Stage("never_written", logits)
    if options.repetition_penalty != 1.0:
        logits = penalize_repeats(logits, written, options.repetition_penalty)
        yield Stage("repetition_penalty", logits)
    if options.no_repeat_ngram:
        logits = forbid_repeated_ngrams(logits, written, options.no_repeat_ngram)
        yield Stage("no_repeat_ngram", logits)
    if options.min_len:
        logits = forbid_early_end(logits, written, options.min_len)
        yield Stage("min_len", logits)
    logits = logits / options.temperature
    yield Stage("temperature", logits)
    if options.top_k:
        logits = keep_top_k(logits, options.top_k)
        yield Stage("top_k", logits)
    if options.top_p < 1.0:
        logits = keep_top_p(logits, options.top_p)
        yield Stage("top_p", logits)
    yield Stage("last_resort", _end_if_nothing_is_left(logits))


def forbid(logits: Tensor, ids: Sequence[int]) -> Tensor:
    """Forbid these pieces in every row."""
    if not ids:
        return logits
    return logits.index_fill(1, torch.tensor(ids, device=logits.device), FORBIDDEN)


def forbid_early_end(logits: Tensor, written: Sequence[Sequence[int]], min_len: int) -> Tensor:
    """Forbid the end token in rows with fewer than min_len pieces."""
    early = torch.tensor([len(row) < min_len for row in written], device=logits.device)  # (B,)
    ends = torch.zeros_like(logits, dtype=torch.bool)
    ends[:, EOS_ID] = early
    return logits.masked_fill(ends, FORBIDDEN)


def penalize_repeats(logits: Tensor, written: Sequence[Sequence[int]], penalty: float) -> Tensor:
    """Divide a positive logit of a written piece by the penalty, multiply a negative one by it.

    Keskar et al. 2019, CTRL, https://arxiv.org/abs/1909.05858, section 4.1, with the sign taken
    into account.
    """
    repeated = _marked(logits, written)
    penalized = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(repeated, penalized, logits)


def forbid_repeated_ngrams(logits: Tensor, written: Sequence[Sequence[int]], n: int) -> Tensor:
    """Forbid each piece that would make n pieces in a row that the row already has.

    Paulus et al. 2018, https://arxiv.org/abs/1705.04304, section 2.5.
    """
    banned = [repeating(row, n) for row in written]
    return logits.masked_fill(_marked(logits, banned), FORBIDDEN)


def repeating(written: Sequence[int], n: int) -> list[int]:
    """The pieces that would make n pieces in a row that are written already."""
    if len(written) < n:
        return []
    last = tuple(written[len(written) - n + 1 :])
    grams = range(len(written) - n + 1)
    return [written[i + n - 1] for i in grams if tuple(written[i : i + n - 1]) == last]


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Forbid all but the k likeliest pieces (Fan et al. 2018, arXiv 1805.04833), ties kept."""
    k = min(k, logits.size(-1))
    lowest = logits.topk(k, dim=-1).values[:, -1:]  # (B, 1)
    return logits.masked_fill(logits < lowest, FORBIDDEN)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Forbid all but the fewest likeliest pieces that together hold probability p.

    Nucleus sampling, Holtzman et al. 2020, https://arxiv.org/abs/1904.09751.
    """
    ordered, ids = logits.sort(dim=-1, descending=True, stable=True)
    probabilities = ordered.softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities  # what likelier pieces hold
    cut = (before >= p).scatter(1, ids, before >= p)
    return logits.masked_fill(cut, FORBIDDEN)


def _marked(logits: Tensor, rows: Sequence[Sequence[int]]) -> Tensor:
    """A mask (B, V), True at each row's ids."""
    mask = torch.zeros_like(logits, dtype=torch.bool)
    for row, ids in enumerate(rows):
        if ids:
            mask[row, torch.tensor(list(ids), device=logits.device)] = True
    return mask


def _end_if_nothing_is_left(logits: Tensor) -> Tensor:
    """Let a row without any allowed piece end."""
    empty = torch.isneginf(logits).all(dim=-1)  # (B,)
    if not bool(empty.any()):
        return logits
    ends = torch.zeros_like(logits, dtype=torch.bool)
    ends[:, EOS_ID] = empty
    return logits.masked_fill(ends, 0.0)
