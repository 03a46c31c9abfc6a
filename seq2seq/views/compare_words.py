"""Two replies side by side in words: where they part, how far, what each prefers, what differs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from seq2seq.inspection.comparing import Comparison
from seq2seq.trace import Trace
from seq2seq.views.wording import Words, words
from seq2seq.views.words import METHODS, short_hash

_SAME = 0.0005  # bits; less is no difference

_LABELS = {  # the settings that change a probability, or a search
    "method": "method",
    "max_len": "longest reply",
    "min_len": "shortest reply",
    "temperature": "temperature",
    "top_k": "top-k",
    "top_p": "top-p",
    "repetition_penalty": "repetition penalty",
    "no_repeat_ngram": "no repeated run of",
    "beam_size": "beam size",
    "length_penalty": "length penalty",
    "personality": "personality",
}
_OF_BEAM = ("beam_size", "length_penalty")


def findings(found: Comparison, left: Trace, right: Trace) -> Iterator[Words]:
    """What the comparison says, a sentence each: where they part, and what each side prefers."""
    yield _parting(found, left, right)
    if found.along:
        yield _agreement(found)
    if found.parting:
        yield _preferences(found)


def differences(left: Trace, right: Trace) -> Iterator[Words]:
    """What was not the same for the two, such as "temperature 0.7 against 1"."""
    one_model = left.sha256 == right.sha256
    if not one_model:
        models = [f"{t.checkpoint} ({short_hash(t.sha256)})" for t in (left, right)]
        yield _against("model", *models)
    if left.message != right.message:
        yield _against("message", f"“{_cut(left.message)}”", f"“{_cut(right.message)}”")
    elif one_model and left.history != right.history:
        yield _against("earlier turns", len(left.history), len(right.history))
    options, others = left.options.to_dict(), right.options.to_dict()
    methods = {left.options.method, right.options.method}
    for key, label in _LABELS.items():
        if key not in _OF_BEAM or "beam" in methods:
            yield from _unless_same(label, _value(key, options[key]), _value(key, others[key]))
    if methods == {"sample"}:
        yield from _unless_same("seed", str(left.seed), str(right.seed))
    forced = ["".join(step.piece for step in t.steps if step.forced) for t in (left, right)]
    if forced[0] != forced[1]:
        one, two = (f"“{_cut(pieces)}”" if pieces else _phrase("none") for pieces in forced)
        yield _against("pieces forced", one, two)


def _unless_same(what: str, one: Words, two: Words) -> Iterator[Words]:
    if one != two:
        yield _against(what, one, two)


def _against(what: str, one: Words | int, two: Words | int) -> Words:
    return words("{what} {one} against {two}", what=_phrase(what), one=one, two=two)


def _value(key: str, value: Any) -> Words:
    if key == "method":
        return words("“{method}”", method=_phrase(METHODS.get(value, value)))
    if not value:
        return _phrase("none" if key in ("personality", "min_len") else "off")
    return _phrase(value) if isinstance(value, str) else f"{value:g}"


def _phrase(text: str) -> Words:
    """A text as a value that is said in the page's language, as a str would not be."""
    return [text, {}]


def _parting(found: Comparison, left: Trace, right: Trace) -> Words:
    if found.parting is None:
        return (
            "Both write the same reply, piece for piece."
            if found.along
            else "Both write the same reply, word for word."
        )
    i, j = found.parting
    if i == len(left.steps):
        return words(
            "They part at step {step}: the first is over before it, the other goes on with "
            "“{piece}”.",
            step=j + 1,
            piece=_cut(right.steps[j].piece),
        )
    if j == len(right.steps):
        return words(
            "They part at step {step}: the second is over before it, the other goes on with "
            "“{piece}”.",
            step=i + 1,
            piece=_cut(left.steps[i].piece),
        )
    pieces = {"one": _cut(left.steps[i].piece), "two": _cut(right.steps[j].piece)}
    if i == j:
        return words("They part at step {step}: “{one}” against “{two}”.", step=i + 1, **pieces)
    return words(
        "They part at step {step} of the first and {also} of the second: “{one}” against “{two}”.",
        step=i + 1,
        also=j + 1,
        **pieces,
    )


def _agreement(found: Comparison) -> Words:
    """How near the two are before they part, and where they do."""
    named = measure(found) == "js"
    if max(divergences(found)) < _SAME:
        return "Both choose from the same probabilities at every step."
    if found.parting is None:
        most = _amount(max(divergences(found)), named)
        return words("The two agree to within {bits} a step.", bits=most)
    at, along = found.parting[0], bits_apart(found)[0]
    if not at:
        apart = _amount(float(along[0]), named)
        return words("At step {step} they are {bits} apart.", step=1, bits=apart)
    most = _amount(max(divergences(found, at)), named)
    if at >= len(along):
        return words("Up to there the two agree to within {bits} a step.", bits=most)
    return words(
        "Up to there the two agree to within {bits} a step; at step {step} they are {there} apart.",
        bits=most,
        step=at + 1,
        there=_amount(float(along[at])),
    )


def _preferences(found: Comparison) -> Words:
    """Which of the two replies each side finds likelier as a whole."""
    left, right = found.scores
    first = _likelier((right.other.nats - left.own.nats) / math.log(2))
    second = _likelier((left.other.nats - right.own.nats) / math.log(2))
    if found.alike:
        return words(
            "The model itself finds the first reply {likelier} than the second.", likelier=first
        )
    return words(
        "As a whole, the first finds its own reply {one} than the other’s; the second finds its "
        "own {two} than the other’s.",
        one=first,
        two=second,
    )


def _likelier(bits: float) -> Words:
    amount = _amount(abs(bits))
    if bits > 0:
        return words("{bits} more likely", bits=amount)
    return words("{bits} less likely", bits=amount)


def _amount(bits: float, named: bool = False) -> Words:
    """So many bits; `named` says which divergence's they are where it is not the usual one."""
    if bits < 0.005:
        amount = _phrase("under 0.01 bits")
    else:
        amount = words("{n} bits", n=f"{bits:.2f}" if bits < 10 else f"{bits:.1f}")
    return words("{bits} of Jensen–Shannon divergence", bits=amount) if named else amount


def measure(found: Comparison) -> str | None:
    """The divergence shown: kl, or js where kl is infinite anywhere; None for none."""
    if found.along is None:
        return None
    finite = all(bool(along.shown.kl.isfinite().all()) for along in found.along)
    return "kl" if finite else "js"


def bits_apart(found: Comparison) -> list[Tensor]:
    """The divergence that the bars show along each reply, in bits; [] where there is none."""
    kl = measure(found) == "kl"
    return [along.shown.kl if kl else along.shown.js for along in found.along or ()]


def divergences(found: Comparison, before: int | None = None) -> list[float]:
    """The divergences shown along both replies, at the steps before this one or at all."""
    return [bits for along in bits_apart(found) for bits in along[:before].tolist()]


def _cut(text: str) -> str:
    return f"{text[:60]}{'…' if len(text) > 60 else ''}"
