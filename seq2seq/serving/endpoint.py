"""The public HTTP endpoint without its transport: checked arguments in, a trace as JSON out."""

from __future__ import annotations

from typing import Any

from seq2seq import DecodingOptions
from seq2seq.serving.limits import check_message
from seq2seq.serving.shelf import CheckpointError, Shelf


def answer(shelf: Shelf, message: object, checkpoint: object, options: object) -> dict[str, Any]:
    """The trace of one reply as JSON types; an empty checkpoint name means the first usable one.

    Raises ValueError, with a text for the caller, for anything that is not right.
    """
    text = check_message(message)
    if not (isinstance(checkpoint, str) and isinstance(options, dict)):
        raise ValueError("checkpoint must be a name, and options an object of decoding options")
    chosen = DecodingOptions.from_dict(options)
    name = checkpoint or shelf.first()
    if name is None:
        raise CheckpointError("; ".join(shelf.troubles.values()) or "There is no checkpoint.")
    return shelf.get(name).reply(text, chosen).to_dict()
