"""An example reply for a visitor who has none yet: drawn once for a checkpoint, then kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.serving.about import language
from seq2seq.serving.shelf import CheckpointError, Shelf
from seq2seq.serving.visit import Turn, Visit

# Drawn, so that a page on sampling has something to show; cool enough to stay sensible.
DRAWN = DecodingOptions(method="sample", seed=3, temperature=0.8, top_k=20)
MESSAGE = 1  # which of the example messages: one of more than a few pieces
KEPT = 16


class Examples:
    """The replies by checkpoint and message, the latest used kept. Safe for several threads."""

    def __init__(self, most: int = KEPT) -> None:
        """At most `most` replies are kept: the one that was asked for longest ago goes first."""
        self._most = most
        self._traces: OrderedDict[tuple[str, str, str], Trace] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, bot: Chatbot, message: str) -> Trace:
        """The chatbot's reply to the message, drawn now if it is not kept."""
        key = (bot.name, bot.sha256, message)
        with self._lock:  # held while drawing: whoever waits would only draw the same
            if key not in self._traces:
                self._traces[key] = bot.reply(message, DRAWN)
            self._traces.move_to_end(key)
            while len(self._traces) > self._most:
                self._traces.popitem(last=False)
            return self._traces[key]


_EXAMPLES = Examples()


def example_turn(
    shelf: Shelf,
    visit: Visit,
    model: object,
    sayings: Mapping[str, Sequence[str]],
    examples: Examples = _EXAMPLES,
) -> Turn | None:
    """Put the checkpoint's example reply into a visit that has none, as a finished turn.

    `sayings` are example messages by language; they must hold English, which is taken for a
    language that they lack. None, and nothing is changed, for a visit that has a reply already or
    is getting one, and where the checkpoint cannot be used: whoever chose it was told why.
    """
    if visit.turns or visit.writing is not None or not isinstance(model, str):
        return None
    try:
        bot = shelf.get(model)
    except CheckpointError:
        return None
    texts = sayings.get(language(shelf, model), sayings["en"])
    trace = examples.of(bot, texts[min(MESSAGE, len(texts) - 1)])
    try:
        turn = visit.begin(trace.message, model=model)
    except ValueError:  # a message was sent meanwhile
        return None
    if visit.turns == [turn]:
        turn.record(trace, (bot.config.n_layers, bot.config.hidden_dim))
    visit.finish(turn, trace)  # takes the turn back where it is not alone
    return turn if turn.packed else None
