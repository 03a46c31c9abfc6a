"""What the page says in words of a reply: why it ended, how it was drawn, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seq2seq.views.wording import Words, words

FINISH = {
    "eos": "Ended by its own end token",
    "length": "Reached the length limit",
    "stopped": "Stopped by you",
}
LATE = "Stopped here: it took too long"

METHODS = {
    "greedy": "always the likeliest piece",
    "sample": "drawn at random",
    "beam": "found by beam search",
}

# Each setting as it is told, and where it is at rest: there it changes nothing.
_SETTINGS = (
    ("temperature", "temperature {value}", 1.0),
    ("top_k", "top-k {value}", 0),
    ("top_p", "top-p {value}", 1.0),
    ("repetition_penalty", "repetition penalty {value}", 1.0),
    ("no_repeat_ngram", "no repeated run of {value}", 0),
    ("min_len", "at least {value} pieces", 0),
)
_AT_LEAST_ONE = "at least 1 piece"


def finish(reason: str | None, *, late: bool = False) -> str:
    """Why the reply ended, in words; '' while it is being written. `late`: it took too long."""
    if reason == "stopped" and late:
        return LATE
    return "" if reason is None else FINISH.get(reason, reason)


def method(options: Mapping[str, Any]) -> list[Words]:
    """How the pieces were chosen, part by part: the method and every setting not at rest."""
    name = str(options.get("method", "greedy"))
    parts: list[Words] = [METHODS.get(name, name)]
    for key, told, rest in _SETTINGS:
        value = options.get(key)
        if value is None or value == rest:
            continue
        if name == "greedy" and key in ("temperature", "top_k", "top_p"):
            continue
        if name == "beam" and key in ("temperature", "repetition_penalty"):
            continue
        one = key == "min_len" and value == 1
        parts.append(_AT_LEAST_ONE if one else words(told, value=f"{value:g}"))
    if name == "beam":
        parts.append(words("{n} kept at each step", n=options.get("beam_size")))
    return parts


def timing(timings: Mapping[str, Any], steps: int) -> list[Words]:
    """How long reading and writing took, in milliseconds; [] where nothing was measured."""
    parts: list[Words] = []
    if isinstance(encode := timings.get("encode"), int | float):
        quick = encode < 1
        parts.append(
            "read in under 1 ms" if quick else words("read in {ms} ms", ms=f"{encode:.0f}")
        )
    if isinstance(decode := timings.get("decode"), int | float):
        taken = f"{max(decode, 1):.0f}"
        parts.append(
            words("1 piece written in {ms} ms", ms=taken)
            if steps == 1
            else words("{n} pieces written in {ms} ms", n=steps, ms=taken)
        )
    return parts


def short_hash(sha256: str) -> str:
    """The first eight digits of a checkpoint's hash, enough to tell two apart by eye."""
    return sha256[:8]
