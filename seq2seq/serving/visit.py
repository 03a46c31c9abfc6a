"""One visitor's conversation: what was said, the record of every reply, what is looked at now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seq2seq.views import chat_messages, trace_lines

KEPT = 30


@dataclass
class Turn:
    """One exchange. `record` is the reply's trace as a dict, None before the first piece.

    `retold` says that a later turn answers the same message again, `halted` that the reply is to
    end where it is.
    """

    number: int
    message: str
    checkpoint: str
    context: tuple[int, int]
    record: Mapping[str, Any] | None = None
    unread: tuple[Mapping[str, Any], ...] = ()
    retold: bool = False
    halted: bool = False

    @property
    def reply(self) -> str | None:
        """The reply's text so far, None before its first piece."""
        return None if self.record is None else str(self.record["reply"])


@dataclass
class Visit:
    """The last turns of one visitor, oldest first.

    `shown` is the number of the turn looked into, `writing` the one whose reply still grows.
    """

    turns: list[Turn] = field(default_factory=list)
    count: int = 0
    shown: int = 0
    writing: Turn | None = None

    def begin(self, message: str, checkpoint: str, context: tuple[int, int]) -> Turn:
        """Open a new turn and look at it; the oldest is dropped beyond the number kept."""
        self.count += 1
        turn = Turn(self.count, message, checkpoint, context)
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
        if turn.record is None:
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

    def history(self) -> list[str]:
        """What was said before a new message: messages and replies by turns, oldest first."""
        told = [turn for turn in self.turns if turn.reply and not turn.retold]
        return [text for turn in told for text in (turn.message, str(turn.reply))]

    def chat(self) -> list[dict[str, str]]:
        """The conversation as chat messages, two a turn."""
        return chat_messages((turn.message, turn.reply) for turn in self.turns)

    def view(self) -> str:
        """The lines that draw the turn looked at; '' while there is nothing to see."""
        turn = self.find(self.shown)
        if turn is None or turn.record is None:
            return ""
        replies = [(turn.number, turn.message) for turn in self.turns]
        return trace_lines(
            turn.record,
            number=turn.number,
            replies=replies,
            unread=turn.unread,
            context=turn.context,
        )
