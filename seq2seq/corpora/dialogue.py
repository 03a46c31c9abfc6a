"""What every corpus becomes: dialogues, and the message/reply pairs in them."""

from __future__ import annotations

from dataclasses import dataclass


class CorpusError(ValueError):
    """A corpus that cannot be had or read; the message names what was found and the remedy."""


@dataclass(frozen=True)
class Dialogue:
    """Turns that followed one another, cleaned: at least two of them.

    `key` decides the split, so dialogues that must stay together share it. `corpus` is the corpus's
    name, or the file's name for a file of one's own. `first_reply` is the index of the first turn
    to learn as a reply: the turns of a given history are context only.
    """

    key: str
    corpus: str
    turns: tuple[str, ...]
    personality: str | None = None
    first_reply: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError for a dialogue that holds no pair."""
        if not 1 <= self.first_reply < len(self.turns):
            raise ValueError(
                f"a dialogue needs a message and a reply: first_reply {self.first_reply} "
                f"of {len(self.turns)} turns; expected 1 <= first_reply < number of turns"
            )


@dataclass(frozen=True)
class Pair:
    """One message and its reply; `history` holds the turns before the message, oldest first."""

    message: str
    reply: str
    history: tuple[str, ...] = ()
    personality: str | None = None
    corpus: str = ""


def pairs_of(dialogue: Dialogue, max_history: int = 0) -> list[Pair]:
    """Give every (turn i, turn i + 1) of a dialogue, with at most `max_history` earlier turns.

    Raises ValueError if `max_history` is negative.
    """
    if max_history < 0:
        raise ValueError(f"max_history is {max_history}; expected 0 or more")
    turns = dialogue.turns
    return [
        Pair(
            message=turns[reply - 1],
            reply=turns[reply],
            history=turns[max(0, reply - 1 - max_history) : reply - 1],
            personality=dialogue.personality,
            corpus=dialogue.corpus,
        )
        for reply in range(dialogue.first_reply, len(turns))
    ]
