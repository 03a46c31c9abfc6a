"""One reply as a visitor sees it grow: the visit is kept current, redrawing asked for in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.serving.limits import check_message, clock, options_from_controls
from seq2seq.serving.visit import Turn, Visit

REDRAW = 0.05  # seconds
SLOWEST = 1.0  # seconds


def converse(
    bot: Chatbot, visit: Visit, message: object, controls: Mapping[str, Any], *, again: bool = False
) -> Iterator[Turn]:
    """`talk` from what a page sends: `controls` are options, seed as text, and the pace.

    Raises ValueError, in words for the visitor, before anything is written.
    """
    text = check_message(message)
    settings = dict(controls)
    pace = float(settings.pop("pace", 0.0))
    return talk(bot, visit, text, options_from_controls(settings), pace=pace, again=again)


def talk(
    bot: Chatbot,
    visit: Visit,
    message: str,
    options: DecodingOptions,
    *,
    pace: float = 0.0,
    again: bool = False,
) -> Iterator[Turn]:
    """Write the reply into the visit; yields when the page should be redrawn, and at the end.

    At most 20 times a second. `pace` is a pause after each piece in seconds, at most one second;
    `again` says that the last turn's message is answered once more.
    The reply ends early when its turn is halted or this generator is closed.
    """
    if again and visit.turns:
        visit.turns[-1].retold = True
    before = visit.history()
    turn = visit.begin(message, bot.name, (bot.config.n_layers, bot.config.hidden_dim))
    due = clock(REDRAW)
    trace: Trace | None = None
    try:
        yield turn
        for trace in bot.stream(message, options, history=before):
            if turn.halted:
                break
            if trace.finish_reason is not None or due():
                _record(turn, trace)
                yield turn
            if trace.finish_reason is None:
                _wait(turn, min(max(pace, 0.0), SLOWEST))
    finally:
        if trace is not None:
            _record(turn, trace.stopped())
        visit.finish(turn)
    if turn.halted:
        yield turn


def _record(turn: Turn, trace: Trace) -> None:
    turn.record = trace.to_dict()
    turn.unread = tuple(piece.to_dict() for piece in trace.unread)


def _wait(turn: Turn, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not turn.halted and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.02))
