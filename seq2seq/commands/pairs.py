"""`python -m seq2seq pairs`: a split of the corpora as a file that evaluate reads."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

DESCRIPTION = "Write a split's pairs as JSONL, one message and reply a line."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `pairs`."""
    parser.add_argument("--corpus", action="append", required=True, metavar="NAME|FILE")
    parser.add_argument("--corpus-dir", metavar="DIR", help="folder with copies of the corpora")
    parser.add_argument("--base-url", metavar="URL", help="fetch the corpora from this mirror")
    parser.add_argument("--split", choices=("train", "valid", "test"), default="test")
    parser.add_argument("--personality", action="append", metavar="NAME")
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
        personalities=arguments.personality or ("friendly",),
    )
    pairs = [pair for found in mixture.pairs[arguments.split] for pair in found]
    if arguments.limit is not None and arguments.limit < len(pairs):
        pairs = random.Random(arguments.seed).sample(pairs, arguments.limit)
    rows = [{"message": pair.message, "reply": pair.reply} for pair in pairs]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if arguments.out:
        Path(arguments.out).write_text(text, encoding="utf-8")
        print(f"{len(rows):,} pairs in {arguments.out}", file=sys.stderr)
    else:
        sys.stdout.write(text)
    return 0
