"""A reply beside another one, made for the comparison or kept from before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seq2seq import Chatbot, Trace
from seq2seq.serving.endpoint import LONGEST, within
from seq2seq.serving.limits import check_message, options_from_controls
from seq2seq.serving.shelf import Shelf
from seq2seq.serving.visit import Turn, Visit
from seq2seq.source import chosen_personality
from seq2seq.views.compare import compare_payload
from seq2seq.views.wording import words


def compared(
    shelf: Shelf,
    visit: Visit,
    controls: Mapping[str, Any],
    *,
    model: object = "",
    message: object = "",
    reply: object = "",
) -> str:
    """What the view draws of the reply looked at beside another.

    The other is the kept one of number `reply` if that is not empty; or else one that is made now,
    with the controls' settings, by the checkpoint `model` (empty: the same) to `message` (empty:
    the same). Raises ValueError, in words for the visitor.
    """
    turn = _finished(visit, visit.shown, "There is no finished reply to compare; write a message.")
    bot = shelf.get(turn.model)
    trace = visit.trace_of(turn)
    left = words("reply {n}", n=turn.number)
    if reply:
        other = _finished(visit, reply, "That reply is not kept any more; choose another.")
        right_bot, right = shelf.get(other.model), visit.trace_of(other)
        name = words("reply {n}", n=other.number)
    else:
        right_bot = shelf.get(model) if isinstance(model, str) and model else bot
        right = _made(right_bot, trace, message, controls)
        name = ["with the settings now", {}] if right_bot is bot else right_bot.name
    return compare_payload(bot.checkpoint, trace, right_bot.checkpoint, right, left, name)


def _made(bot: Chatbot, trace: Trace, message: object, controls: Mapping[str, Any]) -> Trace:
    """A reply made now; the earlier turns are those that the first one was given."""
    blank = message is None or (isinstance(message, str) and not message.strip())
    text = trace.message if blank else check_message(message)
    settings = {name: value for name, value in controls.items() if name != "pace"}
    if not bot.personalities:
        settings["personality"] = None
    options = options_from_controls(settings, bot.checkpoint.tokenizer.encode)
    chosen_personality(bot.config, options.personality)
    return within(LONGEST, bot.stream(text, options, history=trace.history))


def _finished(visit: Visit, number: object, otherwise: str) -> Turn:
    turn = visit.find(number)
    if turn is None or not turn.packed or turn is visit.writing:
        raise ValueError(otherwise)
    return turn
