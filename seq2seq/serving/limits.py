"""What a visitor may ask for, checked on the server: the browser's own checks protect nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from seq2seq import DecodingOptions
from seq2seq.config import check_range

MAX_MESSAGE = 2000  # characters
MAX_BEGINNING = 200  # characters
MOST = {"max_len": 100, "candidates": 50, "beam_size": 16}
WHOLE = ("top_k", "no_repeat_ngram", "beam_size", "min_len", "max_len")


def check_message(message: object) -> str:
    """The message without outer blanks. Raises ValueError, in words for the visitor."""
    text = message.strip() if isinstance(message, str) else ""
    if not text:
        raise ValueError("Write a message first: an empty one has no reply.")
    if len(text) > MAX_MESSAGE:
        raise ValueError(
            f"That message has {len(text):,} characters; at most {MAX_MESSAGE:,} fit. "
            "Please shorten it."
        )
    return text


def bounded_options(values: Mapping[str, Any]) -> DecodingOptions:
    """Decoding options whose work and whose record stay within what a server gives a stranger.

    Raises ValueError with option, value and range; the ranges here are those of `MOST`.
    """
    for name, most in MOST.items():
        if isinstance(value := values.get(name), int):
            check_range(name, value, 1, most)
    return DecodingOptions.from_dict(values)


def options_from_controls(
    controls: Mapping[str, Any], cut: Callable[[str], list[int]] | None = None
) -> DecodingOptions:
    """Decoding options from the page's controls, where the seed is text and may be empty.

    `begin`, the text that the reply is to begin with, is made pieces by `cut`, and left out without
    it. Raises ValueError with the range of a value that is out of it.
    """
    values = dict(controls)
    begin = str(values.pop("begin", None) or "").strip()
    if begin and cut is not None:
        if len(begin) > MAX_BEGINNING:
            raise ValueError(
                f"begin has {len(begin):,} characters; at most {MAX_BEGINNING} fit. Shorten it."
            )
        values["prefix_ids"] = cut(begin)
    seed = str(values.pop("seed", None) or "").strip()
    if seed:
        if not seed.isascii() or not seed.isdigit() or len(seed) > 18:
            raise ValueError(f"The seed {seed[:20]!r} is not a whole number of 1 to 18 digits.")
        values["seed"] = int(seed)
    if not values.get("personality"):
        values["personality"] = None
    for name in WHOLE:
        if isinstance(value := values.get(name), float) and value.is_integer():
            values[name] = int(value)
    return bounded_options(values)


def with_label(text: str, labels: Mapping[str, str]) -> str:
    """An error's text that begins with an option's name, with the label of its control instead."""
    name, blank, rest = text.partition(" ")
    return labels.get(name, name) + blank + rest


def clock(interval: float) -> Callable[[], bool]:
    """A function that says True at most once every `interval` seconds, and on its first call."""
    last = float("-inf")

    def due() -> bool:
        nonlocal last
        now = time.monotonic()
        if now - last < interval:
            return False
        last = now
        return True

    return due
