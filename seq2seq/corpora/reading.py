"""Reading whole files and tables through `datasets`, without leaving a cache behind."""

from __future__ import annotations

import csv
import glob
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seq2seq.corpora.dialogue import CorpusError

_ENCODING = "utf-8-sig"  # UTF-8, with or without a byte order mark
_ERRORS = "replace"  # one bad byte upstream costs its turn, which cleaning counts, not the corpus


def read_table(path: Path, required: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield a CSV file's rows, every cell a string, also "NA" and "None".

    Raises CorpusError if the file is not CSV or lacks one of the `required` columns.
    """
    columns = _header(path)
    for name in required:
        if name not in columns:
            raise CorpusError(f"{path}: no column {name!r}; expected it among {columns}")
    from datasets import Features, Value  # type: ignore[import-untyped]

    features = Features({name: Value("string") for name in columns})
    for row in _stream("csv", path, features=features, keep_default_na=False):
        yield {name: row[name] or "" for name in columns}


def read_document(path: Path) -> str:
    """Give a text file's whole text; raises CorpusError if it is empty."""
    text = "".join(row["text"] for row in _stream("text", path, sample_by="document"))
    if not text.strip():
        raise CorpusError(f"{path} is empty; get it again from the corpus's homepage")
    return text


def read_json_object(path: Path) -> dict[str, Any]:
    """Give a JSON file that holds one object; raises CorpusError with the line otherwise."""
    try:
        value = json.loads(read_document(path))
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{path}, line {error.lineno}: not JSON ({error.msg}); get the file again"
        ) from error
    if not isinstance(value, dict):
        raise CorpusError(f"{path}: holds a {type(value).__name__}; expected one JSON object")
    return value


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding=_ENCODING, errors=_ERRORS, newline="") as file:
            columns = next(csv.reader(file), [])
    except csv.Error as error:
        raise CorpusError(f"{path}: not a CSV file ({error}); get the file again") from error
    if not columns:
        raise CorpusError(f"{path} is empty; get it again from the corpus's homepage")
    return columns


def _stream(builder: str, path: Path, **options: Any) -> Iterator[dict[str, Any]]:
    """Yield a builder's rows straight from the file.

    Streaming writes no Arrow copy of the data; what little `datasets` still writes goes away with
    the temporary folder.
    """
    from datasets import load_dataset

    with tempfile.TemporaryDirectory(prefix="seq2seq-corpora-") as cache:
        try:
            yield from load_dataset(
                builder,
                data_files=[glob.escape(str(path.resolve()))],
                split="train",
                streaming=True,
                cache_dir=cache,
                encoding=_ENCODING,
                encoding_errors=_ERRORS,
                **options,
            )
        except ValueError as error:  # pandas' parser errors are ValueErrors
            raise CorpusError(
                f"{path}: not readable as {builder} ({error}); get the file again"
            ) from error
