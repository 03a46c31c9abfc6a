"""The upstream formats of dialogues and questions, each read into raw dialogues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seq2seq.corpora.cleaning import RawDialogue
from seq2seq.corpora.counts import Reason
from seq2seq.corpora.dialogue import CorpusError
from seq2seq.corpora.reading import read_json_object, read_table
from seq2seq.corpora.splits import phrasing_key

_SENTENCE = re.compile(r"Answer\.sentence(\d+)")
_SPEAKER = re.compile(r"[\s*]*(User ?[12])[\s*]*:(.*)", re.IGNORECASE)
# Talk about the contest that BYU's students chatted in: its points, prompts and leaderboard.
_CONTEST = re.compile(
    r"\bchit[- ]?chat|\bleader ?boards?\b|\bpoints\b|\bprompts?\b|\bnet ?id\b|\bchat ?bots?\b"
    r"|\b(?:this|the|that) (?:chat|competition|challenge|contest|raffle|app|website|site)\b"
    r"|\bany(?:one|body) (?:out )?there\b|\bon here\b",
    re.IGNORECASE,
)
_LEAVES_OPEN = re.compile(
    r"a|an|and|at|because|but|for|from|if|in|is|like|my|of|on|or|so|that|the|then|to|was|when"
    r"|which|with|your",
    re.IGNORECASE,
)


def read_self_dialogue(files: Sequence[Path]) -> Iterator[RawDialogue]:
    """Read Mechanical Turk results: one row a dialogue, `Answer.sentence1`, … its turns.

    Upstream's `blocked_workers.txt`, where it stands beside the folder of topics, names the workers
    who did not do the task; its rows say themselves which were rejected.
    """
    blocked = _blocked_workers(files[0].parents[2] / "blocked_workers.txt")
    for path in files:
        for row in read_table(path, ["AssignmentId", "Answer.sentence1"]):
            numbers = sorted(int(found[1]) for found in map(_SENTENCE.fullmatch, row) if found)
            turns = [row[f"Answer.sentence{number}"] for number in numbers]
            turns = ["" if turn.strip() == "{}" else turn for turn in turns]
            while turns and not turns[-1].strip():
                turns.pop()
            rejected = None
            if row.get("AssignmentStatus") == "Rejected" or row.get("Reject", "").strip():
                rejected = Reason.REJECTED
            elif row.get("WorkerId", "") in blocked:
                rejected = Reason.BLOCKED
            yield RawDialogue(row["AssignmentId"], tuple(turns), rejected=rejected)


def read_byu_chitchat(files: Sequence[Path]) -> Iterator[RawDialogue]:
    """Read BYU's `{id: {messages: [[{text}, …], …]}}`: each inner list is one turn."""
    for path in files:
        for key, conversation in read_json_object(path).items():
            turns: list[str | Reason] = []
            for messages in _list_in(path, key, conversation, "messages"):
                turn = join_messages([_text_in(path, key, message, "text") for message in messages])
                turns.append(Reason.WEBSITE if _CONTEST.search(turn) else turn)
            yield RawDialogue(key, tuple(turns))


def read_topical_chat(files: Sequence[Path]) -> Iterator[RawDialogue]:
    """Read Topical-Chat's `{id: {content: [{agent, message}, …]}}`."""
    for path in files:
        for key, conversation in read_json_object(path).items():
            content = _list_in(path, key, conversation, "content")
            turns = tuple(_text_in(path, key, message, "message") for message in content)
            yield RawDialogue(key, turns)


def read_synthetic_persona_chat(files: Sequence[Path]) -> Iterator[RawDialogue]:
    """Read `User 1:` / `User 2:` lines; lines of one speaker in a row are one turn.

    Upstream gives no ids. The two personas are the key, so that chats between the same two share a
    split; where they are missing it is the file's name and the row.
    """
    column = "Best Generated Conversation"
    for path in files:
        for number, row in enumerate(read_table(path, [column])):
            key = phrasing_key(row.get("user 1 personas", "") + row.get("user 2 personas", ""))
            yield RawDialogue(key or f"{path.stem}:{number}", speaker_turns(row[column]))


def read_korean_chatbot_data(files: Sequence[Path]) -> Iterator[RawDialogue]:
    """Read the columns `Q` and `A`, one question and answer a row."""
    for path in files:
        for row in read_table(path, ["Q", "A"]):
            yield RawDialogue(phrasing_key(row["Q"]), (row["Q"], row["A"]))


def join_messages(texts: Sequence[str]) -> str:
    """Join the messages of one turn with spaces.

    A full stop goes between two where the first ends bare and the second begins a sentence.
    """
    joined = ""
    for text in map(str.strip, texts):
        stop = joined[-1:].isalnum() and text[:1].isupper()
        if stop and not _LEAVES_OPEN.fullmatch(joined.rsplit(maxsplit=1)[-1]):
            joined += "."
        joined += " " + text
    return joined.strip()


def speaker_turns(conversation: str) -> tuple[str | Reason, ...]:
    """Give the turns of a `User n:` transcript; a line without a speaker is a break."""
    turns: list[str | Reason] = []
    last_speaker = ""
    for line in conversation.splitlines():
        if not line.strip(" \t*"):
            continue
        found = _SPEAKER.fullmatch(line)
        if found is None:
            turns.append(Reason.NARRATION)
            last_speaker = ""
            continue
        # Some transcripts are set in asterisks as a whole; elsewhere "*waves*" belongs to the turn.
        text = found[2].strip(" *") if line.lstrip().startswith("*") else found[2].strip()
        speaker = found[1].casefold()
        if speaker == last_speaker:
            turns[-1] = f"{turns[-1]} {text}".strip()
        else:
            turns.append(text)
        last_speaker = speaker
    return tuple(turns)


def _blocked_workers(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    return frozenset(path.read_text(encoding="utf-8").split())


def _list_in(path: Path, key: str, conversation: Any, name: str) -> list[Any]:
    value = conversation.get(name) if isinstance(conversation, dict) else None
    if not isinstance(value, list):
        raise CorpusError(f"{path}, conversation {key}: expected a list {name!r}, found {value!r}")
    return value


def _text_in(path: Path, key: str, message: Any, name: str) -> str:
    value = message.get(name) if isinstance(message, dict) else None
    if not isinstance(value, str):
        raise CorpusError(f"{path}, conversation {key}: expected a string {name!r} in {message!r}")
    return value
