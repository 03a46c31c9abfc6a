"""What the page says in words about a reply: why it ended, how it was drawn, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

_SETTINGS = (
    ("temperature", "temperature", 1.0),
    ("top_k", "top-k", 0),
    ("top_p", "top-p", 1.0),
    ("repetition_penalty", "repetition penalty", 1.0),
    ("no_repeat_ngram", "no repeated run of", 0),
    ("min_len", "at least", 0),
)


def finish(reason: str | None, *, late: bool = False) -> str:
    """Why the reply ended, in words; '' while it is being written. `late`: it took too long."""
    if reason == "stopped" and late:
        return LATE
    return "" if reason is None else FINISH.get(reason, reason)


def method(options: Mapping[str, Any]) -> str:
    """How the pieces were chosen: the method and every setting that is not at rest."""
    name = str(options.get("method", "greedy"))
    parts = [METHODS.get(name, name)]
    for key, label, rest in _SETTINGS:
        value = options.get(key)
        if value is None or value == rest:
            continue
        if name == "greedy" and key in ("temperature", "top_k", "top_p"):
            continue
        if name == "beam" and key in ("temperature", "repetition_penalty"):
            continue
        parts.append(f"{label} {value:g}" + (" pieces" if key == "min_len" else ""))
    if name == "beam":
        parts.append(f"{options.get('beam_size')} kept at each step")
    return ", ".join(parts)


def timing(timings: Mapping[str, Any], steps: int) -> str:
    """How long reading and writing took, in milliseconds; '' where nothing was measured."""
    parts = []
    if isinstance(encode := timings.get("encode"), int | float):
        parts.append(f"read in {encode:.0f} ms" if encode >= 1 else "read in under 1 ms")
    if isinstance(decode := timings.get("decode"), int | float):
        pieces = "1 piece" if steps == 1 else f"{steps} pieces"
        parts.append(f"{pieces} written in {max(decode, 1):.0f} ms")
    return ", ".join(parts)


def short_hash(sha256: str) -> str:
    """The first eight digits of a checkpoint's hash, enough to tell two apart by eye."""
    return sha256[:8]
