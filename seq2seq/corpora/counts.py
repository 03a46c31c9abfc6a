"""How many dialogues and turns cleaning kept and dropped, by corpus and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum


class Reason(Enum):
    """Why something was dropped; the value is its name in reports and metrics."""

    REJECTED = "rejected assignment"
    BLOCKED = "blocked worker"
    EMPTY = "empty turn"
    PLACEHOLDER = "placeholder"
    LONG = "too long"
    LINK = "link"
    MARKUP = "markup"
    RUDE = "rude"
    REPEATED = "repeats the turn before"
    WEBSITE = "about the website itself"
    NARRATION = "line without a speaker"
    SHORT = "fewer than two turns left"
    DUPLICATE = "duplicate dialogue"

    @property
    def unit(self) -> str:
        """What one drop of this kind is: a turn, a whole dialogue, or a part of one."""
        if self in (Reason.REJECTED, Reason.BLOCKED):
            return "dialogues"
        return "parts" if self in (Reason.SHORT, Reason.DUPLICATE) else "turns"


@dataclass
class _Count:
    """The counts of one corpus; `parts` are what dialogues became after cuts."""

    dialogues_read: int = 0
    turns_read: int = 0
    parts_kept: int = 0
    turns_kept: int = 0
    pairs_kept: int = 0
    dropped: Counter[Reason] = field(default_factory=Counter)


class Cleaning:
    """What cleaning kept and dropped, by corpus."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._counts: dict[str, _Count] = {}

    def count_read(self, corpus: str, turns: int) -> None:
        """Count one upstream dialogue of so many turns."""
        count = self._of(corpus)
        count.dialogues_read += 1
        count.turns_read += turns

    def count_kept(self, corpus: str, turns: int, pairs: int) -> None:
        """Count one dialogue, or part of one, that stays."""
        count = self._of(corpus)
        count.parts_kept += 1
        count.turns_kept += turns
        count.pairs_kept += pairs

    def drop(self, corpus: str, reason: Reason) -> None:
        """Count one drop."""
        self._of(corpus).dropped[reason] += 1

    def dropped(self, corpus: str, reason: Reason) -> int:
        """Give how often a corpus lost something for a reason."""
        return self._counts[corpus].dropped[reason] if corpus in self._counts else 0

    @staticmethod
    def merged(parts: Iterable[Cleaning]) -> Cleaning:
        """Give the sum of several cleanings, which stay as they are."""
        total = Cleaning()
        for part in parts:
            for corpus, count in part._counts.items():
                into = total._of(corpus)
                into.dialogues_read += count.dialogues_read
                into.turns_read += count.turns_read
                into.parts_kept += count.parts_kept
                into.turns_kept += count.turns_kept
                into.pairs_kept += count.pairs_kept
                into.dropped.update(count.dropped)
        return total

    def to_dict(self) -> dict[str, dict[str, object]]:
        """Give plain numbers by corpus, for `metrics.json`."""
        return {
            corpus: {
                "dialogues_read": count.dialogues_read,
                "turns_read": count.turns_read,
                "parts_kept": count.parts_kept,
                "turns_kept": count.turns_kept,
                "pairs_kept": count.pairs_kept,
                "dropped": {reason.value: number for reason, number in count.dropped.most_common()},
            }
            for corpus, count in self._counts.items()
        }

    def summary(self) -> str:
        """Give the counts as lines to read, the most frequent reason first."""
        lines = []
        for corpus, count in self._counts.items():
            lines.append(
                f"{corpus}: {count.dialogues_read:,} dialogues and {count.turns_read:,} turns "
                f"read; kept {count.parts_kept:,} parts, {count.turns_kept:,} turns, "
                f"{count.pairs_kept:,} pairs"
            )
            lines += [
                f"  dropped {number:,} {reason.unit}: {reason.value}"
                for reason, number in count.dropped.most_common()
            ]
        return "\n".join(lines)

    def _of(self, corpus: str) -> _Count:
        return self._counts.setdefault(corpus, _Count())
