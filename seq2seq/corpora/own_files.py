"""The user's own .jsonl and .csv files, checked row by row with exact line numbers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seq2seq.corpora.cleaning import RawDialogue
from seq2seq.corpora.dialogue import CorpusError
from seq2seq.corpora.splits import phrasing_key

OWN_SUFFIXES = (".jsonl", ".csv")
_BOM = b"\xef\xbb\xbf"
_ROW = 'expected {"message": "…", "reply": "…"} or {"turns": ["…", "…"]}'


def read_own_file(path: Path) -> Iterator[RawDialogue]:
    """Read a file of pairs or dialogues.

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


def _read_jsonl(path: Path, text: str) -> Iterator[RawDialogue]:
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise CorpusError(f"{where}: not JSON ({error}); {_ROW}") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{where}: found a {type(row).__name__}; {_ROW}")
        yield _dialogue_of(where, row)


def _read_csv(path: Path, text: str) -> Iterator[RawDialogue]:
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
            yield _dialogue_of(where, kept | {"personality": row.get("personality") or None})
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
    return RawDialogue(phrasing_key(message), turns, personality, first_reply=len(turns) - 1)


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
