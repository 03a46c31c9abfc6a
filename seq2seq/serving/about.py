"""What a visitor reads about a checkpoint; whatever is wrong with it becomes a line of text."""

from __future__ import annotations

import logging

from seq2seq.care import NOTICE, help_for
from seq2seq.serving.shelf import CheckpointError, Shelf
from seq2seq.views import about_model

log = logging.getLogger(__name__)


def personalities(shelf: Shelf, name: str) -> tuple[str, ...]:
    """Who can answer, the default first; empty without a choice, or without a usable checkpoint."""
    try:
        return shelf.get(name).personalities
    except CheckpointError:
        return ()


def no_repeat_ngram(shelf: Shelf, name: str) -> int:
    """How many pieces in a row no reply of the checkpoint has twice unless told; 0 is any."""
    try:
        return shelf.get(name).config.no_repeat_ngram
    except CheckpointError:
        return 0


def language(shelf: Shelf, name: str) -> str:
    """The language that the checkpoint speaks first of all, as its metrics say; en unless told."""
    try:
        languages = shelf.get(name).metrics.get("languages")
    except CheckpointError:
        return "en"
    return str(languages[0]) if isinstance(languages, list) and languages else "en"


def help_notice(message: object) -> str:
    """What to tell beside the reply to a message about suicide or self-harm; '' for any other."""
    return NOTICE if isinstance(message, str) and help_for(message) else ""


def describe(shelf: Shelf, name: str) -> tuple[str, str, str, str]:
    """Figures as JSON, learning curve as SVG, card as Markdown, and what is wrong, or ''."""
    try:
        return (*about_model(shelf.get(name)), "")
    except CheckpointError as error:
        return "", "", "", str(error)
    except Exception:
        log.exception("the checkpoint %r cannot be described", name)
        return "", "", "", f"The figures and the card of the checkpoint {name!r} cannot be read."
