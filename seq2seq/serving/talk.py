"""One reply as a visitor sees it grow: the visit is kept current, redrawing asked for in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.config import check_real
from seq2seq.serving.limits import check_message, clock, options_from_controls
from seq2seq.serving.visit import Turn, Visit
from seq2seq.source import chosen_personality

REDRAW = 0.05  # seconds
SLOWEST = 1.0  # seconds
LONGEST = 30.0  # seconds, pauses included: a reply holds a place that others wait for


def converse(
    bot: Chatbot, visit: Visit, message: object, controls: Mapping[str, Any], *, again: bool = False
) -> Iterator[Turn]:
    """`talk` from what a page sends: `controls` are options, seed as text, and the pace.

    The turn has begun when this returns. Raises ValueError, in words for the visitor, if the input
    is bad or another reply is still being written; the visit is then as it was.
    """
    text = check_message(message)
    settings = dict(controls)
    pace = check_real("The pace", settings.pop("pace", 0.0))
    options = options_from_controls(settings)
    chosen_personality(bot.config, options.personality)
    turns = talk(bot, visit, text, options, pace=pace, again=again)
    next(turns)  # a generator that has not begun would leave the turn open when it is dropped
    return turns


def talk(
    bot: Chatbot,
    visit: Visit,
    message: str,
    options: DecodingOptions,
    *,
    pace: float = 0.0,
    again: bool = False,
    seconds: float = LONGEST,
) -> Iterator[Turn]:
    """Write the reply into the visit; yields when the page should be redrawn, and at the end.

    At most 20 times a second. `pace` is a pause after each piece in seconds, at most one second;
    `again` says that the last turn's message is answered once more.
    The reply ends early when its turn is halted, after `seconds` in all, or when this generator is
    closed. Raises ValueError if another reply is still being written.
    """
    until = time.monotonic() + seconds
    turn = visit.begin(message, again=again)
    context = (bot.config.n_layers, bot.config.hidden_dim)
    due = clock(REDRAW)
    trace: Trace | None = None
    try:
        yield turn
        for trace in bot.stream(message, options, history=visit.history(before=turn)):
            turn.late = trace.finish_reason is None and time.monotonic() >= until
            if turn.halted or turn.late:
                break
            if trace.finish_reason is not None or due():
                turn.record(trace, context)
                yield turn
            if trace.finish_reason is None:
                _wait(turn, min(max(pace, 0.0), SLOWEST, until - time.monotonic()))
    finally:
        if trace is not None:
            turn.record(trace.stopped(), context)
        visit.finish(turn)
    if turn.halted or turn.late:
        yield turn


def _wait(turn: Turn, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not turn.halted and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.02))
