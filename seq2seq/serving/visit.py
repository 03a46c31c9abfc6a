"""One visitor's conversation: what was said, how every reply was made, what is looked at now."""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import dataclass, field

from seq2seq import Trace
from seq2seq.restoring import trace_from_dict
from seq2seq.views import Listed, chat_messages, replies_line, trace_lines

KEPT = 20
WHOLE = 3  # replies whose states are kept too: they are larger than all else

# One for all visits: a page library copies a visit, which a lock of its own would not survive.
_BEGINNING = threading.Lock()


@dataclass
class Turn:
    """One exchange. `reply` is its text so far, None before the first piece.

    `answers` is the number of the turn whose message it answers: its own, unless it is another
    version of that turn's reply; `left` is then the number of the version that it left, and the
    step at which it did, if it goes on from one. `model` is the name of the checkpoint on the
    shelf. `halted` says that the reply is to end where it is, `late` that it took too long.
    `packed` is the reply's record: a server keeps many.
    """

    number: int
    message: str
    answers: int
    model: str = ""
    left: tuple[int, int] | None = None
    reply: str | None = None
    packed: bytes = b""
    logprob: float | None = None
    context: tuple[int, int] = (0, 0)
    halted: bool = False
    late: bool = False

    def record(self, trace: Trace, context: tuple[int, int]) -> None:
        """Keep the reply as it is by now; `context` is (L, H)."""
        self.reply, self.context = trace.reply, context
        self.logprob = trace.logprob
        record = {
            "trace": trace.to_dict(),
            "history": trace.history,
            "unread": [piece.to_dict() for piece in trace.unread],
        }
        self.packed = zlib.compress(json.dumps(record).encode(), 1)

    def trace(self) -> Trace:
        """The finished reply's trace, without its states."""
        record = json.loads(zlib.decompress(self.packed))
        return trace_from_dict(record["trace"], record["history"])

    def lines(self) -> str:
        """The lines that draw the reply; '' before its first piece."""
        if not self.packed:
            return ""
        record = json.loads(zlib.decompress(self.packed))
        return trace_lines(
            record["trace"],
            number=self.number,
            unread=record["unread"],
            context=self.context,
            late=self.late,
        )


@dataclass
class Visit:
    """The last turns of one visitor, oldest first.

    `shown` is the number of the turn looked into, `writing` the one whose reply still grows.
    `chosen` tells which version of a message's reply the conversation goes on from, by the number
    that its versions answer. `whole` are the last replies' traces with their states.
    `deep` is the name of the deeper view that is open.
    """

    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    shown: int = 0
    writing: Turn | None = None
    chosen: dict[int, int] = field(default_factory=dict)
    whole: dict[int, Trace] = field(default_factory=dict)
    deep: str = ""

    def begin(
        self,
        message: str,
        *,
        again: bool = False,
        left: tuple[Turn, int] | None = None,
        model: str = "",
    ) -> Turn:
        """Open a new turn and look at it; the oldest is dropped beyond the number kept.

        `again` says that it answers the last turn's message, `left` that it goes on from a step of
        an earlier reply. Raises ValueError, in words for the visitor, while another turn's reply is
        being written.
        """
        with _BEGINNING:
            if self.writing is not None:
                raise ValueError("A reply is still being written; press Stop to end it here.")
            self.count += 1
            answers = self.count
            if left is not None:
                answers = left[0].answers
            elif again and self.turns:
                answers = self.turns[-1].answers
            place = None if left is None else (left[0].number, left[1])
            turn = Turn(self.count, message, answers, model, place)
            self.turns = [*self.turns, turn][-KEPT:]
            self.show(turn)
            self.writing = turn
            return turn

    def show(self, turn: Turn) -> None:
        """Look at this turn; the conversation goes on from it."""
        self.shown = turn.number
        self.chosen[turn.answers] = turn.number

    def halt(self) -> None:
        """End the reply that is being written where it is."""
        if self.writing is not None:
            self.writing.halted = True

    def finish(self, turn: Turn, trace: Trace | None = None) -> None:
        """The turn's reply grows no more; a turn that got none at all is taken back."""
        if self.writing is turn:
            self.writing = None
        if turn.reply is None:
            self.forget(turn)
        elif trace is not None and self.find(turn.number) is turn:
            self.whole = dict([*self.whole.items(), (turn.number, trace)][-WHOLE:])

    def forget(self, turn: Turn) -> None:
        """Take back a turn that got no reply."""
        self.turns = [kept for kept in self.turns if kept is not turn]
        others = [kept for kept in self.turns if kept.answers == turn.answers]
        if self.chosen.get(turn.answers) == turn.number:
            self.chosen.pop(turn.answers)
            if others:
                self.chosen[turn.answers] = others[-1].number
        if self.shown == turn.number:
            self.shown = (others or self.turns or [Turn(0, "", 0)])[-1].number

    def clear(self) -> None:
        """Forget the conversation; a reply that is being written is stopped."""
        self.halt()
        self.turns, self.shown, self.count, self.writing = [], 0, 0, None
        self.chosen, self.whole = {}, {}

    def find(self, number: object) -> Turn | None:
        """The turn of that number, None if there is none (or it is no whole number)."""
        if isinstance(number, bool) or not isinstance(number, int):
            return None
        return next((turn for turn in self.turns if turn.number == number), None)

    def trace_of(self, turn: Turn) -> Trace:
        """A finished reply's trace: with its states while they are kept."""
        return self.whole.get(turn.number) or turn.trace()

    def exchanges(self) -> list[Turn]:
        """One turn for each message, oldest message first: the version that is gone on from."""
        numbers = dict.fromkeys(turn.answers for turn in self.turns)
        versions = {turn.answers: turn for turn in self.turns}
        return [self.find(self.chosen.get(n)) or versions[n] for n in numbers]

    def number_at(self, index: object) -> int | None:
        """The number of the turn that the chat's message at this index belongs to."""
        shown = self.exchanges()
        if not isinstance(index, int) or not 0 <= index // 2 < len(shown):
            return None
        return shown[index // 2].number

    def history(self, before: Turn | None = None) -> list[str]:
        """What was said before a new message: messages and replies by turns, oldest first.

        Of several replies to one message the one gone on from counts, or the last that has words;
        `before` leaves out the message of that turn and what follows.
        """
        told: list[str] = []
        for shown in self.exchanges():
            if before is not None and shown.answers == before.answers:
                break
            versions = [turn for turn in self.turns if turn.answers == shown.answers and turn.reply]
            if versions:
                said = shown if shown.reply else versions[-1]
                told += [said.message, str(said.reply)]
        return told

    def chat(self) -> list[dict[str, str]]:
        """The conversation as chat messages, two a message answered."""
        return chat_messages((turn.message, turn.reply) for turn in self.exchanges())

    def view(self) -> str:
        """The lines that draw the turn looked at; '' while there is nothing to see."""
        turn = self.find(self.shown)
        if turn is None or not turn.packed:
            return ""
        return replies_line(map(self._listed, self.turns)) + turn.lines()

    def _listed(self, turn: Turn) -> Listed:
        told = Listed(turn.number, turn.message, turn.answers, turn.left)
        # What still grows is not listed: a view whose first lines stay is only added to.
        if turn is self.writing:
            return told
        return told._replace(reply=(turn.reply or "")[:300], logprob=turn.logprob)
