"""One visitor's conversation: what was said, how every reply was made, what is looked at now."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass, field

from seq2seq import Trace
from seq2seq.views import chat_messages, replies_line, trace_lines

KEPT = 20

# One for all visits: a page library copies a visit, which a lock of its own would not survive.
_BEGINNING = threading.Lock()


@dataclass
class Turn:
    """One exchange. `reply` is its text so far, None before the first piece.

    `answers` is the number of the turn whose message it answers: its own, unless it answers that
    of an earlier turn again. `halted` says that the reply is to end where it is, `late` that it
    took too long. `drawn` are the lines that draw the reply, packed: a server keeps many.
    """

    number: int
    message: str
    answers: int
    reply: str | None = None
    drawn: bytes = b""
    halted: bool = False
    late: bool = False

    def record(self, trace: Trace, context: tuple[int, int]) -> None:
        """Keep the reply as it is by now; `context` is (L, H)."""
        lines = trace_lines(
            trace.to_dict(),
            number=self.number,
            unread=[piece.to_dict() for piece in trace.unread],
            context=context,
            late=self.late,
        )
        self.reply, self.drawn = trace.reply, zlib.compress(lines.encode())

    def lines(self) -> str:
        """The lines that draw the reply; '' before its first piece."""
        return zlib.decompress(self.drawn).decode() if self.drawn else ""


@dataclass
class Visit:
    """The last turns of one visitor, oldest first.

    `shown` is the number of the turn looked into, `writing` the one whose reply still grows.
    """

    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    shown: int = 0
    writing: Turn | None = None

    def begin(self, message: str, *, again: bool = False) -> Turn:
        """Open a new turn and look at it; the oldest is dropped beyond the number kept.

        `again` says that it answers the last turn's message. Raises ValueError, in words for the
        visitor, while another turn's reply is being written.
        """
        with _BEGINNING:
            if self.writing is not None:
                raise ValueError("A reply is still being written; press Stop to end it here.")
            self.count += 1
            answers = self.turns[-1].answers if again and self.turns else self.count
            turn = Turn(self.count, message, answers)
            self.turns = [*self.turns, turn][-KEPT:]
            self.shown = turn.number
            self.writing = turn
            return turn

    def halt(self) -> None:
        """End the reply that is being written where it is."""
        if self.writing is not None:
            self.writing.halted = True

    def finish(self, turn: Turn) -> None:
        """The turn's reply grows no more; a turn that got none at all is taken back."""
        if self.writing is turn:
            self.writing = None
        if turn.reply is None:
            self.forget(turn)

    def forget(self, turn: Turn) -> None:
        """Take back a turn that got no reply."""
        self.turns = [kept for kept in self.turns if kept is not turn]
        if self.shown == turn.number:
            self.shown = self.turns[-1].number if self.turns else 0

    def clear(self) -> None:
        """Forget the conversation; a reply that is being written is stopped."""
        self.halt()
        self.turns, self.shown, self.count, self.writing = [], 0, 0, None

    def find(self, number: object) -> Turn | None:
        """The turn of that number, None if there is none (or it is no whole number)."""
        if isinstance(number, bool) or not isinstance(number, int):
            return None
        return next((turn for turn in self.turns if turn.number == number), None)

    def number_at(self, index: object) -> int | None:
        """The number of the turn that the chat's message at this index belongs to."""
        if not isinstance(index, int) or not 0 <= index // 2 < len(self.turns):
            return None
        return self.turns[index // 2].number

    def history(self, before: Turn | None = None) -> list[str]:
        """What was said before a new message: messages and replies by turns, oldest first.

        Of several replies to one message the last counts; `before` leaves out the message of that
        turn and its replies.
        """
        told = {turn.answers: turn for turn in self.turns if turn.reply}
        if before is not None:
            told.pop(before.answers, None)
        return [text for turn in told.values() for text in (turn.message, str(turn.reply))]

    def chat(self) -> list[dict[str, str]]:
        """The conversation as chat messages, two a turn."""
        return chat_messages((turn.message, turn.reply) for turn in self.turns)

    def view(self) -> str:
        """The lines that draw the turn looked at; '' while there is nothing to see."""
        turn = self.find(self.shown)
        if turn is None or not turn.drawn:
            return ""
        return replies_line((turn.number, turn.message) for turn in self.turns) + turn.lines()
