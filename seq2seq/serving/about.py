"""What a visitor reads about a checkpoint; whatever is wrong with it becomes a line of text."""

from __future__ import annotations

import logging

from seq2seq.serving.shelf import CheckpointError, Shelf
from seq2seq.views import about_model

log = logging.getLogger(__name__)


def describe(shelf: Shelf, name: str) -> tuple[str, str, str, str]:
    """Figures as Markdown, learning curve as SVG, card as Markdown, and what is wrong, or ''."""
    try:
        return (*about_model(shelf.get(name)), "")
    except CheckpointError as error:
        return "", "", "", str(error)
    except Exception:
        log.exception("the checkpoint %r cannot be described", name)
        return "", "", "", f"The figures and the card of the checkpoint {name!r} cannot be read."
