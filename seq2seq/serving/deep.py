"""The deeper views of one reply, each made when it is looked at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from seq2seq import Chatbot, Trace
from seq2seq.beam import search_tree
from seq2seq.inspection.kept import encoded_of
from seq2seq.serving.limits import options_from_controls
from seq2seq.serving.shelf import Shelf
from seq2seq.serving.visit import Visit
from seq2seq.views.beam import beam_payload
from seq2seq.views.choosing import choosing_payload
from seq2seq.views.influence import influence_payload
from seq2seq.views.inside import inside_payload
from seq2seq.views.neighbours import neighbours_payload
from seq2seq.views.turning import turning_payload

log = logging.getLogger(__name__)


def deep_view(shelf: Shelf, visit: Visit, name: object) -> str | None:
    """What the view of that name draws of the reply looked at, as JSON; '' where there is nothing.

    None for a view that there is not, and while the reply is being written: what is drawn stays.
    """
    make = _VIEWS.get(name) if isinstance(name, str) else None
    turn = visit.find(visit.shown)
    if make is None or turn is visit.writing is not None:
        return None
    if turn is None or not turn.packed:
        return ""
    try:
        return make(shelf, shelf.get(turn.model), visit.trace_of(turn), turn.number)
    except ValueError:
        log.exception("the view %s cannot be drawn", name)
        return ""


def turning(shelf: Shelf, visit: Visit, controls: Mapping[str, Any]) -> str:
    """Where the reply looked at would go another way with the controls as they are now, as JSON.

    '' while there is no finished reply. Raises ValueError, in words for the visitor, for a value
    out of its range.
    """
    turn = visit.find(visit.shown)
    if turn is None or not turn.packed or turn is visit.writing:
        return ""
    settings = {name: value for name, value in controls.items() if name != "pace"}
    options = options_from_controls(settings)
    bot = shelf.get(turn.model)
    return turning_payload(bot.checkpoint, visit.trace_of(turn), turn.number, options)


def _choosing(shelf: Shelf, bot: Chatbot, trace: Trace, number: int) -> str:
    return choosing_payload(bot.checkpoint, trace, number)


def _beam(shelf: Shelf, bot: Chatbot, trace: Trace, number: int) -> str:
    """The tree that the trace keeps, or the one that the same search finds again."""
    tree = trace.tree
    if tree is None and trace.options.method == "beam" and trace.finish_reason != "stopped":
        checkpoint = bot.checkpoint
        encoded = encoded_of(checkpoint, trace)
        found = search_tree(checkpoint.runner, checkpoint.tokenizer, encoded, trace.options)
        tree = found.tree
    return beam_payload(tree, trace, number)


def _influence(shelf: Shelf, bot: Chatbot, trace: Trace, number: int) -> str:
    return influence_payload(bot.checkpoint, trace, number)


def _inside(shelf: Shelf, bot: Chatbot, trace: Trace, number: int) -> str:
    return inside_payload(bot.checkpoint, trace, number)


def _neighbours(shelf: Shelf, bot: Chatbot, trace: Trace, number: int) -> str:
    return neighbours_payload(bot.checkpoint, shelf.neighbours(bot), trace, number)


_VIEWS: dict[str, Callable[[Shelf, Chatbot, Trace, int], str]] = {
    "choosing": _choosing,
    "influence": _influence,
    "inside": _inside,
    "beam": _beam,
    "neighbours": _neighbours,
}
