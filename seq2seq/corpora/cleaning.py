"""Cleaning raw dialogues, with every drop counted by its reason."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seq2seq.corpora.counts import Cleaning, Reason
from seq2seq.corpora.dialogue import Dialogue
from seq2seq.corpora.manners import is_rude

_ENTITY = re.compile(r"&#?\w+;")
# Zero-width joiners (U+200C, U+200D) stay: emoji and some scripts are spelled with them.
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
    "|[\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f]"
)
_PLACEHOLDER = re.compile(
    r"\[[^\[\]]{0,80}\]|\{[^{}]{0,80}\}|_{3,}|\b(?:your|insert) name here\b|\buser ?[12]\b",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"https?:|\bwww\.\w|[\w-]\.(?:com|org|net|edu|gov|co\.uk)\b|\w@\w+\.\w", re.IGNORECASE
)
_MARKUP = re.compile(r"</?[a-z!][^<>]*>|&(?:#\d+|[a-z]+);|\ufffd", re.IGNORECASE)


@dataclass(frozen=True)
class RawDialogue:
    """One upstream dialogue before cleaning.

    A turn that the reader already knows to be unusable is its Reason; `rejected` drops the whole.
    """

    key: str
    turns: tuple[str | Reason, ...]
    personality: str | None = None
    first_reply: int = 1
    rejected: Reason | None = None


@dataclass(frozen=True)
class Rules:
    """Which turns are dropped, beyond the empty ones."""

    max_characters: int = 400
    crowd_noise: bool = True

    def __post_init__(self) -> None:
        """Raise ValueError for a length that nothing fits in."""
        if self.max_characters < 1:
            raise ValueError(f"max_characters is {self.max_characters}; expected 1 or more")


CROWD = Rules()
# Written by hand for a bot: a link or "<3" in an answer is meant, and "Hi!" may answer "Hi!".
CURATED = Rules(max_characters=1000, crowd_noise=False)


def normalise(text: str) -> str:
    """Unescape HTML entities, compose Unicode (NFC), drop invisible characters, single spaces.

    Case, punctuation and spelling are left alone. NFC and not NFKC: "…" and "½" stay themselves.
    """
    text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return " ".join(text.split())


def turn_fault(turn: str, rules: Rules) -> Reason | None:
    """Give the reason to drop a normalised turn, None where it may stay."""
    if not turn:
        return Reason.EMPTY
    if len(turn) > rules.max_characters:
        return Reason.LONG
    if not rules.crowd_noise:
        return None
    for pattern, reason in (
        (_LINK, Reason.LINK),
        (_PLACEHOLDER, Reason.PLACEHOLDER),
        (_MARKUP, Reason.MARKUP),
    ):
        if pattern.search(turn):
            return reason
    return Reason.RUDE if is_rude(turn) else None


def clean(corpus: str, raw: Iterable[RawDialogue], rules: Rules) -> tuple[list[Dialogue], Cleaning]:
    """Clean a corpus's dialogues and count what was kept and dropped.

    A turn dropped in the middle cuts its dialogue in two, so that turns which were not adjacent
    never become a pair; both halves keep the dialogue's key.
    """
    cleaning = Cleaning()
    seen: set[tuple[object, ...]] = set()
    dialogues: list[Dialogue] = []
    for item in raw:
        cleaning.count_read(corpus, len(item.turns))
        if item.rejected is not None:
            cleaning.drop(corpus, item.rejected)
            continue
        for start, turns in _runs(corpus, item, rules, cleaning):
            first_reply = max(1, item.first_reply - start)
            identity = (item.personality, first_reply, *turns)
            if first_reply >= len(turns):
                cleaning.drop(corpus, Reason.SHORT)
            elif identity in seen:
                cleaning.drop(corpus, Reason.DUPLICATE)
            else:
                seen.add(identity)
                dialogues.append(Dialogue(item.key, corpus, turns, item.personality, first_reply))
                cleaning.count_kept(corpus, len(turns), len(turns) - first_reply)
    return dialogues, cleaning


def _runs(
    corpus: str, item: RawDialogue, rules: Rules, cleaning: Cleaning
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the runs of good adjacent turns, each with the index of its first turn."""
    start, run = 0, list[str]()
    for index, given in enumerate(item.turns):
        turn = "" if isinstance(given, Reason) else normalise(given)
        fault = given if isinstance(given, Reason) else turn_fault(turn, rules)
        repeated = rules.crowd_noise and bool(run) and turn.casefold() == run[-1].casefold()
        if fault is None and not repeated:
            run.append(turn)
            continue
        cleaning.drop(corpus, fault or Reason.REPEATED)
        if run:
            yield start, tuple(run)
        # Of two equal turns the second goes on: it is the one that the next turn answers.
        start, run = (index, [turn]) if fault is None else (index + 1, [])
    if run or not item.turns:
        yield start, tuple(run)
