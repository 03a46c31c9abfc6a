"""The user's own .jsonl and .csv files, checked row by row with exact line numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seq2seq.corpora.cleaning import RawDialogue
from seq2seq.corpora.dialogue import CorpusError, Pair
from seq2seq.corpora.splits import phrasing_key

OWN_SUFFIXES = (".jsonl", ".csv")
_BOM = b"\xef\xbb\xbf"
_ROW = 'expected {"message": "…", "reply": "…"} or {"turns": ["…", "…"]}'


def read_own_file(path: Path) -> Iterator[RawDialogue]:
    """Read a file of pairs or dialogues to train on.

    JSONL has `message` and `reply` (optionally `history` and `personality`) or `turns` on each
    line; CSV has a header with `message` and `reply` (optionally `personality`). Raises
    FileNotFoundError for a missing file, and CorpusError naming the file, the line (counted from 1,
    as an editor counts) and what is wrong with it.
    """
    if path.suffix.lower() not in OWN_SUFFIXES:
        raise CorpusError(f"{path}: a file of your own must end in {' or '.join(OWN_SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; give the path of a .jsonl or .csv file")
    content = path.read_bytes().removeprefix(_BOM)
    if not content.strip():
        raise CorpusError(f"{path} is empty; {_ROW}, one a line")
    return (_dialogue_of(where, row) for where, row in _rows(path, content))


def read_pairs(path: Path) -> list[Pair]:
    """Read a file of pairs to evaluate on, just as they stand: nothing is cleaned or left out.

    The format is that of `read_own_file`; any name that does not end in .csv is read as JSONL. A
    row of turns gives a pair for each turn after the first. Raises as `read_own_file` does, and
    CorpusError for a blank text.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; {_ROW}, one a line")
    pairs = []
    for where, row in _rows(path, path.read_bytes().removeprefix(_BOM)):
        dialogue = _dialogue_of(where, row)
        turns = tuple(turn for turn in dialogue.turns if isinstance(turn, str))
        if not all(turn.strip() for turn in turns):
            raise CorpusError(f"{where}: a blank text; {_ROW}")
        pairs += [
            Pair(turns[i - 1], turns[i], turns[: i - 1], dialogue.personality, path.name)
            for i in range(dialogue.first_reply, len(turns))
        ]
    if not pairs:
        raise CorpusError(f"{path} is empty; {_ROW}, one a line")
    return pairs


def _rows(path: Path, content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands, in words, and what it holds."""
    text = _decode(path, content)
    return _read_csv(path, text) if path.suffix.lower() == ".csv" else _read_jsonl(path, text)


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len((content[: error.start] + b".").splitlines())
        raise CorpusError(
            f"{path}, line {line}: not UTF-8 ({error.reason} at byte {error.start}); "
            "save the file as UTF-8"
        ) from error


def _read_jsonl(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # not JSON, or a number without end
            raise CorpusError(f"{where}: not JSON ({error}); {_ROW}") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{where}: found a {type(row).__name__}; {_ROW}")
        yield where, row


def _read_csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for fields in reader:
            where, line = f"{path}, line {line}", reader.line_num + 1
            if not fields:
                continue
            if header is None:
                header = _header_of(where, fields)
                continue
            if len(fields) != len(header):
                raise CorpusError(
                    f"{where}: {len(fields)} fields; expected {len(header)}, as in the header "
                    f"{','.join(header)} (quote a text that holds a comma)"
                )
            row: dict[str, Any] = dict(zip(header, fields, strict=True))
            kept = {name: row[name] for name in ("message", "reply")}
            yield where, kept | {"personality": row.get("personality") or None}
    except csv.Error as error:
        raise CorpusError(
            f"{path}, line {line}: not CSV ({error}); look for a quote that is not closed"
        ) from error


def _header_of(where: str, fields: list[str]) -> list[str]:
    header = [name.strip() for name in fields]
    for name in ("message", "reply"):
        if header.count(name) != 1:
            raise CorpusError(
                f"{where}: the header {','.join(fields)} needs one column {name!r}; "
                "expected message,reply"
            )
    return header


def _dialogue_of(where: str, row: dict[str, Any]) -> RawDialogue:
    personality = row.get("personality")
    if personality is not None and (not isinstance(personality, str) or not personality.strip()):
        raise CorpusError(f"{where}: personality is {personality!r}; expected a text, or none")
    if "turns" in row:
        if "message" in row or "reply" in row:
            raise CorpusError(f"{where}: both turns and message or reply; {_ROW}")
        turns = _texts(where, "turns", row["turns"])
        if len(turns) < 2:
            raise CorpusError(f"{where}: turns has {len(turns)}; expected two or more")
        return RawDialogue("\n".join(map(phrasing_key, turns)), turns, personality)
    message, reply = _text(where, row, "message"), _text(where, row, "reply")
    history = _texts(where, "history", row.get("history") or [])
    turns = (*history, message, reply)
    # Rows that go on with one conversation begin with the same turn, and so share its split.
    return RawDialogue(phrasing_key(turns[0]), turns, personality, first_reply=len(turns) - 1)


def _text(where: str, row: dict[str, Any], name: str) -> str:
    if name not in row:
        found = ", ".join(map(repr, row)) or "nothing"
        raise CorpusError(f"{where}: no {name!r}, only {found}; {_ROW}")
    if not isinstance(row[name], str):
        raise CorpusError(f"{where}: {name} is {row[name]!r}; expected a text in quotes")
    return str(row[name])


def _texts(where: str, name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise CorpusError(f"{where}: {name} is {value!r}; expected a list of texts")
    return tuple(value)
