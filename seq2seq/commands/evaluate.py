"""`python -m seq2seq evaluate`: a checkpoint's figures on a file of pairs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from seq2seq.chatbot import Chatbot
from seq2seq.commands.decoding_options import (
    add_decoding_arguments,
    add_precision,
    decoding_options,
)

DESCRIPTION = "Score a checkpoint on held-out pairs and compare its own replies with them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.add_argument("--checkpoint", required=True, metavar="DIR", help="folder or hub id")
    parser.add_argument(
        "--pairs", required=True, metavar="FILE", help='one {"message": …, "reply": …} a line'
    )
    parser.add_argument(
        "--report", metavar="DIR", help="also write a report there: Markdown with pictures"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_precision(parser)
    add_decoding_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print. Raises ValueError or FileNotFoundError for bad input."""
    from seq2seq.corpora import read_pairs
    from seq2seq.evaluation import evaluate

    options = decoding_options(arguments)
    pairs = read_pairs(Path(arguments.pairs))
    bot = Chatbot.from_pretrained(arguments.checkpoint, precision=arguments.precision)
    rounds = 3 if arguments.report else 2  # scored, decoded, and scored for calibration
    with tqdm(total=rounds * len(pairs), unit="pair", disable=arguments.json) as bar:
        found = evaluate(bot, pairs, options, lambda count: _advance(bar, count))
        if arguments.report:
            from seq2seq.report import write_report

            folder = Path(arguments.report)
            write_report(folder, bot, pairs, options, found, lambda count: _advance(bar, count))
    figures = found.to_dict()
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value:,.0f}" if value >= 1000 else f"{name:18} {value:.4g}")
    return 0


def _advance(bar: tqdm[NoReturn], count: int) -> None:
    bar.update(count)
