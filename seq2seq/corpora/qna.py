"""The `.qna` format of Personality Chat: scenarios of many phrasings and one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seq2seq.config import PERSONALITIES
from seq2seq.corpora.cleaning import RawDialogue
from seq2seq.corpora.dialogue import CorpusError
from seq2seq.corpora.reading import read_document
from seq2seq.corpora.splits import phrasing_key

_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def read_personality_chat(
    files: Sequence[Path], personalities: Sequence[str] | None
) -> Iterator[RawDialogue]:
    """Read a two-turn dialogue a phrasing, for the given personalities (None: all five).

    Every personality knows the same phrasings, and the phrasing alone is the key: it is in one
    split for all of them. Raises CorpusError for an unknown personality, FileNotFoundError where a
    known one has no file.
    """
    for personality in PERSONALITIES if personalities is None else personalities:
        if personality not in PERSONALITIES:
            raise CorpusError(
                f"unknown personality {personality!r}; choose from {', '.join(PERSONALITIES)}"
            )
        path = _file_of(files, personality)
        for phrasings, answer in parse_qna(read_document(path), path):
            for phrasing in phrasings:
                yield RawDialogue(phrasing_key(phrasing), (phrasing, answer), personality)


def parse_qna(text: str, path: Path) -> Iterator[tuple[list[str], str]]:
    """Yield each scenario's phrasings and its answer.

    `# ?` opens a scenario, each `- ` line below is one more phrasing, until the `**Filters:**`
    section, whose `- ` lines are not; the fenced block is the answer. Raises CorpusError with the
    line for an answer without a scenario and for a scenario without an answer.
    """
    phrasings: list[str] = []
    answer: list[str] | None = None
    in_filters = False
    number = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if answer is not None:
            if not line.startswith("```"):
                answer.append(line)
                continue
            yield phrasings, plain(" ".join(answer))
            phrasings, answer = [], None
        elif line.startswith("# ?"):
            if phrasings:
                raise CorpusError(f"{path}, line {number}: the scenario before has no answer")
            phrasings, in_filters = [plain(line[3:])], False
        elif line.startswith("**"):
            in_filters = True
        elif line.startswith("- ") and phrasings and not in_filters:
            phrasings.append(plain(line[2:]))
        elif line.startswith("```"):
            if not phrasings:
                raise CorpusError(f"{path}, line {number}: an answer before any '# ?' line")
            answer = []
    if phrasings:
        raise CorpusError(f"{path}, line {number}: the file ends within a scenario")


def plain(text: str) -> str:
    """Give Markdown text without backslash escapes, and links as their words."""
    return _ESCAPE.sub(r"\1", _LINK.sub(r"\1", text)).strip()


def _file_of(files: Sequence[Path], personality: str) -> Path:
    """Find a personality's file: by its name, or by its place among the files fetched."""
    for path in files:
        if path.name == f"qna_chitchat_{personality}.qna":
            return path
    if len(files) == len(PERSONALITIES) and not any(path.suffix == ".qna" for path in files):
        return files[PERSONALITIES.index(personality)]
    raise FileNotFoundError(
        f"no qna_chitchat_{personality}.qna in {files[0].parent}; copy it there, or leave out "
        "--corpus-dir to fetch it"
    )
