"""The command line: python -m seq2seq train | evaluate | chat | pairs | index."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from seq2seq.commands.parser import OneLineParser

COMMANDS = {
    "train": "train a chatbot on dialogues",
    "chat": "talk to a checkpoint in the terminal",
    "evaluate": "score a checkpoint on held-out pairs",
    "pairs": "write a split of the corpora as a file of pairs",
    "index": "keep the training messages, for the page to look up the nearest",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code: 0, 1 for a failure, 2 for bad use."""
    parser = OneLineParser(
        prog="python -m seq2seq", description="A seq2seq chatbot to look inside."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)
    modules = {}
    for name, text in COMMANDS.items():
        module = importlib.import_module(f"seq2seq.commands.{name}")
        modules[name] = module
        command = subparsers.add_parser(name, help=text, description=module.DESCRIPTION)
        module.add_arguments(command)
    parsed = parser.parse_args(arguments)
    try:
        code: int = modules[parsed.command].run(parsed)
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError, ArithmeticError) as error:
        print(f"python -m seq2seq {parsed.command}: {error}", file=sys.stderr)
        return 2 if isinstance(error, (ValueError, FileNotFoundError)) else 1
    return code


if __name__ == "__main__":
    sys.exit(main())
