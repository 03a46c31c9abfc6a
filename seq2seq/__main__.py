"""The command line: python -m seq2seq train | evaluate | chat | pairs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS = {
    "train": "train a chatbot on dialogues",
    "chat": "talk to a checkpoint in the terminal",
    "evaluate": "score a checkpoint on held-out pairs",
    "pairs": "write a split of the corpora as a file of pairs",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """One line, no usage text in front of it."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code: 0, 1 for a failure, 2 for bad use."""
    parser = _Parser(prog="python -m seq2seq", description="A seq2seq chatbot to look inside.")
    subparsers = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    modules = {}
    for name, text in COMMANDS.items():
        module = importlib.import_module(f"seq2seq.commands.{name}")
        modules[name] = module
        command = subparsers.add_parser(name, help=text, description=module.DESCRIPTION)
        module.add_arguments(command)
    parsed = parser.parse_args(arguments)
    try:
        code: int = modules[parsed.command].run(parsed)
    except (ValueError, FileNotFoundError) as error:
        print(f"python -m seq2seq {parsed.command}: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
