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
    bot: Chatbot,
    visit: Visit,
    message: object,
    controls: Mapping[str, Any],
    *,
    again: bool = False,
    model: str = "",
) -> Iterator[Turn]:
    """`talk` from what a page sends: `controls` are options, seed as text, the beginning, the pace.

    The turn has begun when this returns. Raises ValueError, in words for the visitor, if the input
    is bad or another reply is still being written; the visit is then as it was.
    """
    text = check_message(message)
    settings, pace = _pace_of(controls)
    options = options_from_controls(settings, bot.checkpoint.tokenizer.encode)
    chosen_personality(bot.config, options.personality)
    return _begun(talk(bot, visit, text, options, pace=pace, again=again, model=model))


def converse_from(
    bot: Chatbot, visit: Visit, number: object, step: object, id: object, pace: object = 0.0
) -> Iterator[Turn]:
    """Another version of a reply, from what a page sends: piece `id` at `step`, then as it goes on.

    Raises as `converse` does, and for a reply, step or piece that there is not.
    """
    turn = visit.find(number)
    if turn is None or not turn.packed or turn is visit.writing:
        raise ValueError("That reply is not kept any more (or not finished yet); open another.")
    if isinstance(id, bool) or not isinstance(id, int):
        raise ValueError("That is no piece of this vocabulary.")
    if isinstance(step, bool) or not isinstance(step, int):
        raise ValueError("That is no step of the reply.")
    seconds = check_real("The pace", pace)
    traces = bot.branch(visit.trace_of(turn), step, id)
    return _begun(_branching(bot, visit, turn, step, traces, seconds))


def talk(
    bot: Chatbot,
    visit: Visit,
    message: str,
    options: DecodingOptions,
    *,
    pace: float = 0.0,
    again: bool = False,
    seconds: float = LONGEST,
    model: str = "",
) -> Iterator[Turn]:
    """Write the reply into the visit; yields when the page should be redrawn, and at the end.

    At most 20 times a second. `pace` is a pause after each piece in seconds, at most one second;
    `again` says that the last turn's message is answered once more.
    The reply ends early when its turn is halted, after `seconds` in all, or when this generator is
    closed. Raises ValueError if another reply is still being written.
    """
    turn = visit.begin(message, again=again, model=model)
    try:
        yield turn
        traces = bot.stream(message, options, history=visit.history(before=turn))
        yield from _write(bot, visit, turn, traces, pace, seconds)
    finally:
        visit.finish(turn)


def _branching(
    bot: Chatbot, visit: Visit, old: Turn, step: int, traces: Iterator[Trace], pace: float
) -> Iterator[Turn]:
    turn = visit.begin(old.message, left=(old, step), model=old.model)
    try:
        yield turn
        yield from _write(bot, visit, turn, traces, pace, LONGEST)
    finally:
        visit.finish(turn)


def _begun(turns: Iterator[Turn]) -> Iterator[Turn]:
    next(turns)  # a generator that has not begun would leave the turn open when it is dropped
    return turns


def _write(
    bot: Chatbot, visit: Visit, turn: Turn, traces: Iterator[Trace], pace: float, seconds: float
) -> Iterator[Turn]:
    """Keep the turn current while the reply grows."""
    until = time.monotonic() + seconds
    context = (bot.config.n_layers, bot.config.hidden_dim)
    due = clock(REDRAW)
    trace: Trace | None = None
    try:
        for trace in traces:
            turn.late = trace.finish_reason is None and time.monotonic() >= until
            if turn.halted or turn.late:
                break
            if trace.finish_reason is not None:
                turn.record(trace, context)
                visit.finish(turn, trace)
                yield turn
            elif due():
                turn.record(trace, context)
                yield turn
            if trace.finish_reason is None:
                _wait(turn, min(max(pace, 0.0), SLOWEST, until - time.monotonic()))
    finally:
        if trace is not None and trace.finish_reason is None:
            turn.record(trace.stopped(), context)
            visit.finish(turn, trace.stopped())
    if turn.halted or turn.late:
        yield turn


def _pace_of(controls: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    settings = dict(controls)
    return settings, check_real("The pace", settings.pop("pace", 0.0))


def _wait(turn: Turn, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not turn.halted and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.02))
