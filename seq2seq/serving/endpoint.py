"""The public HTTP endpoint without its transport: checked arguments in, a trace as JSON out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from seq2seq import Trace
from seq2seq.serving.limits import bounded_options, check_message
from seq2seq.serving.shelf import CheckpointError, Shelf

LONGEST = 10.0  # seconds


def answer(
    shelf: Shelf, message: object, checkpoint: object, options: object, *, seconds: float = LONGEST
) -> dict[str, Any]:
    """The trace of one reply as JSON types; an empty checkpoint name means the first usable one.

    A reply that takes longer than `seconds` is stopped where it is. Raises ValueError, with a text
    for the caller, for anything that is not right.
    """
    text = check_message(message)
    if not (isinstance(checkpoint, str) and isinstance(options, dict)):
        raise ValueError("checkpoint must be a name, and options an object of decoding options")
    chosen = bounded_options(options)
    name = checkpoint or shelf.first()
    if name is None:
        raise CheckpointError("; ".join(shelf.troubles.values()) or "There is no checkpoint.")
    return within(seconds, shelf.get(name).stream(text, chosen)).to_dict()


def within(seconds: float, traces: Iterator[Trace]) -> Trace:
    """The last trace that comes in time, or else the first one."""
    until = time.monotonic() + seconds
    trace = next(traces)
    while trace.finish_reason is None and time.monotonic() < until:
        trace = next(traces)
    if hasattr(traces, "close"):
        traces.close()
    return trace.stopped()
