"""The argument parser of every command: bad use is answered with one line and exit code 2."""

from __future__ import annotations

import argparse
from typing import NoReturn


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line instead of printing the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and leave."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")
