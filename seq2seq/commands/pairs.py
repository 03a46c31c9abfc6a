"""`python -m seq2seq pairs`: a split of the corpora as a file that evaluate reads."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.commands.train import ALL, chosen_personalities
from seq2seq.config import PERSONALITIES

if TYPE_CHECKING:
    from seq2seq.corpora import Pair

DESCRIPTION = "Write a split's pairs as JSONL, one message and reply a line."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `pairs`."""
    parser.add_argument("--corpus", action="append", required=True, metavar="NAME|FILE")
    parser.add_argument("--corpus-dir", metavar="DIR", help="folder with copies of the corpora")
    parser.add_argument("--base-url", metavar="URL", help="fetch the corpora from this mirror")
    parser.add_argument("--split", choices=("train", "valid", "test"), default="test")
    parser.add_argument(
        "--personality",
        action="append",
        choices=(*PERSONALITIES, ALL),
        help="whose answers to take from a corpus that has several; friendly unless told",
    )
    parser.add_argument(
        "--context-turns", type=int, default=0, metavar="N", help="earlier turns to write (0)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only so many, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--out", metavar="FILE", help="the file to write; standard output if not")


def run(arguments: argparse.Namespace) -> int:
    """Write the pairs. Raises ValueError or FileNotFoundError for bad input."""
    from seq2seq.corpora import load_mixture, parse_choice

    if arguments.limit is not None and arguments.limit < 1:
        raise ValueError(f"--limit is {arguments.limit}; it must be at least 1")
    mixture = load_mixture(
        [parse_choice(item) for item in arguments.corpus],
        Path(arguments.corpus_dir) if arguments.corpus_dir else None,
        base_url=arguments.base_url,
        personalities=chosen_personalities(arguments.personality),
        max_history=arguments.context_turns,
    )
    pairs = [pair for found in mixture.pairs[arguments.split] for pair in found]
    if arguments.limit is not None and arguments.limit < len(pairs):
        pairs = random.Random(arguments.seed).sample(pairs, arguments.limit)
    text = "".join(json.dumps(_row(pair), ensure_ascii=False) + "\n" for pair in pairs)
    if arguments.out:
        Path(arguments.out).write_text(text, encoding="utf-8")
        print(f"{len(pairs):,} pairs in {arguments.out}", file=sys.stderr)
    else:
        sys.stdout.write(text)
    return 0


def _row(pair: Pair) -> dict[str, Any]:
    """The pair as `evaluate` reads it."""
    row: dict[str, Any] = {"message": pair.message, "reply": pair.reply}
    if pair.personality:
        row["personality"] = pair.personality
    if pair.history:
        row["history"] = list(pair.history)
    return row
