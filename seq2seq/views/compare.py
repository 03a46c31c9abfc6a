"""Two replies side by side, as the text of one view: columns, bits apart, totals, sentences."""

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
from seq2seq.views import words

_TOP = 5
_SAME = 0.0005  # bits; less is no difference

_LABELS = {
    "top_k": "top-k",
    "top_p": "top-p",
    "no_repeat_ngram": "no repeated run of",
    "min_len": "shortest reply",
    "max_len": "longest reply",
}
_UNSEEN = ("seed", "prefix_ids", "candidates")  # they change no probability
_OF_BEAM = ("beam_size", "length_penalty")


def compare_payload(
    left_checkpoint: Checkpoint,
    left_trace: Trace,
    right_checkpoint: Checkpoint,
    right_trace: Trace,
    left_name: str,
    right_name: str,
) -> str:
    """The view's JSON for two replies; '' while one of them has no piece.

    A column is [left step, right step, whether they are equal], -1 for a gap. Divergences are in
    bits, null where infinite; `measure` says which one the bars show (kl, js, null for none), and
    `between` what is compared: settings, messages, models or tokenizers. Raises ValueError for a
    trace of another checkpoint.
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
        "measure": _measure(found),
        "between": _between(found, *traces),
        "scale": _round(max([1.0, *_bits(found)])),
        "replies": [list(_steps(found, side, *sides[side])) for side in (0, 1)],
        "totals": [_totals(found, side, traces[side]) for side in (0, 1)],
        "words": {
            "found": list(findings(found, *traces)),
            "differ": list(differences(*traces)),
        },
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def findings(found: Comparison, left: Trace, right: Trace) -> Iterator[str]:
    """What the comparison says, a sentence each: where they part, and what each side prefers."""
    yield _parting(found, left, right)
    if found.along:
        yield _agreement(found)
    if found.parting:
        yield _preferences(found)


def differences(left: Trace, right: Trace) -> Iterator[str]:
    """What was not the same for the two, such as "temperature 0.7 against 1"."""
    if left.sha256 != right.sha256:
        one, two = (f"{t.checkpoint} ({words.short_hash(t.sha256)})" for t in (left, right))
        yield f"model {one} against {two}"
    if left.message != right.message:
        yield f"message {_quoted(left.message)} against {_quoted(right.message)}"
    elif left.sha256 == right.sha256 and left.history != right.history:
        yield f"earlier turns {len(left.history)} against {len(right.history)}"
    options, others = left.options.to_dict(), right.options.to_dict()
    methods = {left.options.method, right.options.method}
    for key in options:
        if key in _UNSEEN or (key in _OF_BEAM and "beam" not in methods):
            continue
        one, two = _value(key, options[key]), _value(key, others[key])
        if one != two:
            yield f"{_LABELS.get(key, key.replace('_', ' '))} {one} against {two}"
    if methods == {"sample"} and left.seed != right.seed:
        yield f"seed {left.seed} against {right.seed}"
    forced = ["".join(step.piece for step in t.steps if step.forced) for t in (left, right)]
    if forced[0] != forced[1]:
        one, two = (_quoted(pieces) if pieces else "none" for pieces in forced)
        yield f"pieces forced {one} against {two}"


def _value(key: str, value: Any) -> str:
    if key == "method":
        return _quoted(words.METHODS.get(value, value))
    if not value:
        return "none" if key in ("personality", "min_len") else "off"
    return value if isinstance(value, str) else f"{value:g}"


def _between(found: Comparison, left: Trace, right: Trace) -> str:
    if found.along is None:
        return "tokenizers"
    one_model = left.sha256 == right.sha256
    return "settings" if found.alike else "messages" if one_model else "models"


def _parting(found: Comparison, left: Trace, right: Trace) -> str:
    if found.parting is None:
        return (
            f"Both write the same reply, {'piece for piece' if found.along else 'word for word'}."
        )
    i, j = found.parting
    if i == len(left.steps) or j == len(right.steps):
        over, other, step = ("first", right, j) if i == len(left.steps) else ("second", left, i)
        goes_on = f"goes on with {_quoted(other.steps[step].piece)}"
        return f"They part at step {step + 1}: the {over} is over before it, the other {goes_on}."
    where = f"step {i + 1}" if i == j else f"step {i + 1} of the first and {j + 1} of the second"
    pieces = f"{_quoted(left.steps[i].piece)} against {_quoted(right.steps[j].piece)}"
    return f"They part at {where}: {pieces}."


def _agreement(found: Comparison) -> str:
    """How near the two are before they part, and where they do."""
    kind = " of Jensen–Shannon divergence" if _measure(found) == "js" else ""
    if max(_bits(found)) < _SAME:
        return "Both choose from the same probabilities at every step."
    if found.parting is None:
        return f"The two agree to within {_figure(max(_bits(found)))} bits{kind} a step."
    at, shown = found.parting[0], _shown(found)[0]
    there = f"at step {at + 1} they are {_figure(float(shown[at]))}" if at < len(shown) else ""
    if not at:
        return f"{there[0].upper()}{there[1:]} bits{kind} apart."
    before = (
        f"Up to there the two agree to within {_figure(max(_bits(found, at)))} bits{kind} a step"
    )
    return f"{before}; {there} bits apart." if there else f"{before}."


def _preferences(found: Comparison) -> str:
    """Which of the two replies each side finds likelier as a whole."""
    left, right = found.scores
    first = (right.other.nats - left.own.nats) / math.log(2)
    second = (left.other.nats - right.own.nats) / math.log(2)
    if found.alike:
        return f"The model itself finds the first reply {_likelier(first)} than the second."
    return (
        f"As a whole, the first finds its own reply {_likelier(first)} than the other’s; the "
        f"second finds its own {_likelier(second)} than the other’s."
    )


def _likelier(bits: float) -> str:
    return f"{_figure(abs(bits))} bits {'more' if bits > 0 else 'less'} likely"


def _measure(found: Comparison) -> str | None:
    """The divergence shown: kl, or js where kl is infinite anywhere; None for none."""
    if found.along is None:
        return None
    finite = all(bool(along.shown.kl.isfinite().all()) for along in found.along)
    return "kl" if finite else "js"


def _shown(found: Comparison) -> list[Tensor]:
    """The divergence that the bars show along each reply, in bits; [] where there is none."""
    kl = _measure(found) == "kl"
    return [along.shown.kl if kl else along.shown.js for along in found.along or ()]


def _bits(found: Comparison, before: int | None = None) -> list[float]:
    """The divergences shown along both replies, at the steps before this one or at all."""
    return [bits for shown in _shown(found) for bits in shown[:before].tolist()]


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
    mean = _round(float(_shown(found)[side].mean())) if found.along else None
    other = None if found.alike else _score(scores.other)
    return [len(trace.steps), words.finish(trace.finish_reason), _score(scores.own), other, mean]


def _score(score: Score) -> list[float]:
    """Log-probability in nats, and bits a byte."""
    return [_round(-score.nats), _round(score.bits_per_byte)]


def _figure(bits: float) -> str:
    return "under 0.01" if bits < 0.005 else f"{bits:.2f}" if bits < 10 else f"{bits:.1f}"


def _quoted(text: str) -> str:
    return f"“{text[:60]}{'…' if len(text) > 60 else ''}”"


def _finite(value: float) -> float | None:
    return _round(value) if math.isfinite(value) else None


def _round(value: float) -> float:
    return float(f"{value:.4g}")
