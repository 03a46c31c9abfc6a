"""Two replies side by side, as the text of one view: columns, bits apart, totals."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.comparing import Comparison, compare
from seq2seq.scoring import Score
from seq2seq.tokenizer import Tokenizer
from seq2seq.trace import Trace
from seq2seq.views.compare_words import (
    bits_apart,
    differences,
    divergences,
    findings,
    measure,
)
from seq2seq.views.wording import Words
from seq2seq.views.words import finish

_TOP = 5


def compare_payload(
    left_checkpoint: Checkpoint,
    left_trace: Trace,
    right_checkpoint: Checkpoint,
    right_trace: Trace,
    left_name: Words,
    right_name: Words,
) -> str:
    """The view's JSON for two replies; '' while one of them has no piece.

    A column is [left step, right step, whether they are equal], -1 for a gap. Divergences are in
    bits, null where infinite; `measure` says which one the bars show (kl, js, null for none), and
    `between` what is compared: settings, messages, models or tokenizers. A name that is a str is
    one in every language. Raises ValueError for a trace of another checkpoint.
    """
    traces = (left_trace, right_trace)
    if not all(trace.steps for trace in traces):
        return ""
    found = compare((left_checkpoint, left_trace), (right_checkpoint, right_trace))
    columns = list(_columns(found))
    sides = (left_checkpoint.tokenizer, left_trace), (right_checkpoint.tokenizer, right_trace)
    payload = {
        "names": [left_name, right_name],
        "columns": columns,
        "part": next((k for k, (_, _, equal) in enumerate(columns) if not equal), None),
        "measure": measure(found),
        "between": _between(found, *traces),
        "scale": _round(max([1.0, *divergences(found)])),
        "replies": [list(_steps(found, side, *sides[side])) for side in (0, 1)],
        "totals": [_totals(found, side, traces[side]) for side in (0, 1)],
        "words": {
            "found": list(findings(found, *traces)),
            "differ": list(differences(*traces)),
        },
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _between(found: Comparison, left: Trace, right: Trace) -> str:
    if found.along is None:
        return "tokenizers"
    one_model = left.sha256 == right.sha256
    return "settings" if found.alike else "messages" if one_model else "models"


def _columns(found: Comparison) -> Iterator[tuple[int, int, int]]:
    for block in found.blocks:
        for k in range(max(len(block.left), len(block.right))):
            left, right = (run[k] if k < len(run) else -1 for run in (block.left, block.right))
            yield left, right, int(block.kind == "equal")


def _steps(found: Comparison, side: int, tokenizer: Tokenizer, trace: Trace) -> Iterator[list[Any]]:
    """A row a step: piece, probability, forced, top pieces.

    Where both sides can be compared there follow the other side's top pieces, the piece's own
    chance and that on the other side, kl and js.
    """
    kept = [step.candidates[:_TOP] for step in trace.steps]
    top = [[[one.piece, _round(one.probability)] for one in best] for best in kept]
    more: list[list[Any]] = [[]] * len(trace.steps)
    if found.along is not None:
        shown = found.along[side].shown
        top, others = _top(shown.own, tokenizer), _top(shown.other, tokenizer)
        at = torch.tensor(trace.ids).unsqueeze(1)  # (T, 1)
        chances = [one.gather(1, at).squeeze(1).exp() for one in (shown.own, shown.other)]
        figures = torch.stack([*chances, shown.kl, shown.js], dim=1).tolist()  # (T, 4)
        more = [[o, *map(_finite, row)] for o, row in zip(others, figures, strict=True)]
    for step, best, rest in zip(trace.steps, top, more, strict=True):
        yield [step.piece, _round(step.probability), int(step.forced), best, *rest]


def _top(logprobs: Tensor, tokenizer: Tokenizer) -> list[list[list[Any]]]:
    """The likeliest pieces of each step with their probabilities; forbidden ones left out."""
    best = logprobs.topk(min(_TOP, logprobs.size(1)), dim=-1)
    return [
        [[tokenizer.piece(id), _round(p)] for id, p in zip(ids, chances, strict=True) if p > 0]
        for ids, chances in zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    ]


def _totals(found: Comparison, side: int, trace: Trace) -> list[Any]:
    """Steps, how it ended, own score, the other's score, mean divergence a step."""
    scores = found.scores[side]
    mean = _round(float(bits_apart(found)[side].mean())) if found.along else None
    other = None if found.alike else _score(scores.other)
    return [len(trace.steps), finish(trace.finish_reason), _score(scores.own), other, mean]


def _score(score: Score) -> list[float]:
    """Log-probability in nats, and bits a byte."""
    return [_round(-score.nats), _round(score.bits_per_byte)]


def _finite(value: float) -> float | None:
    return _round(value) if math.isfinite(value) else None


def _round(value: float) -> float:
    return float(f"{value:.4g}")
