"""The command line of the page: which checkpoints, and where to listen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seq2seq.checkpoint import PRECISIONS
from seq2seq.commands.decoding_options import add_precision
from seq2seq.commands.parser import OneLineParser


@dataclass(frozen=True)
class Arguments:
    """No checkpoints means all under checkpoints/; a host or port of None, the environment's."""

    checkpoints: tuple[Path, ...]
    host: str | None
    port: int | None
    precision: str = PRECISIONS[0]


def parse(argv: Sequence[str] | None) -> Arguments:
    """The arguments, checked."""
    parser = OneLineParser(
        prog="app.py", description="Open the chatbot's page in the browser.", allow_abbrev=False
    )
    parser.add_argument(
        "--checkpoint",
        metavar="DIR",
        nargs="+",
        action="extend",
        type=_folder,
        help="checkpoint folders to offer, the first at start (default: all under checkpoints/)",
    )
    parser.add_argument(
        "--host", help="address to listen on (default: GRADIO_SERVER_NAME, or this machine only)"
    )
    parser.add_argument(
        "--port",
        type=_port,
        help="port to listen on (default: GRADIO_SERVER_PORT, or the first free one from 7860)",
    )
    add_precision(parser)
    given = parser.parse_args(argv)
    return Arguments(tuple(given.checkpoint or ()), given.host, given.port, given.precision)


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text!r}")
    return path


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; it must be 1 to 65535")
    return int(text)
