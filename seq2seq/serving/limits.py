"""What a visitor may send, checked on the server: the browser's own checks protect nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from seq2seq import DecodingOptions

MAX_MESSAGE = 2000
MAX_LENGTH = 100


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


def options_from_controls(controls: Mapping[str, Any]) -> DecodingOptions:
    """Decoding options from the page's controls, where the seed is text and may be empty.

    Raises ValueError with the range of a value that is out of it.
    """
    values = dict(controls)
    seed = str(values.pop("seed", None) or "").strip()
    if seed:
        if not seed.isascii() or not seed.isdigit() or len(seed) > 18:
            raise ValueError(f"The seed {seed[:20]!r} is not a whole number of 1 to 18 digits.")
        values["seed"] = int(seed)
    for name in ("top_k", "no_repeat_ngram", "beam_size", "min_len", "max_len"):
        if isinstance(values.get(name), float):
            values[name] = int(values[name])
    options = DecodingOptions.from_dict(values)
    if options.max_len > MAX_LENGTH:
        raise ValueError(f"The maximum length is {options.max_len}; at most {MAX_LENGTH} fit here.")
    return options


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
