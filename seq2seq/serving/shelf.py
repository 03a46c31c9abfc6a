"""The checkpoints that a server offers: found by name, loaded when first wanted, each once."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from seq2seq import Chatbot
from seq2seq.inspection.neighbours import Neighbours, neighbours_of

PREFERRED = "en"

log = logging.getLogger(__name__)


class CheckpointError(ValueError):
    """A checkpoint that is not there or cannot be loaded; the text says which and why."""


def find_checkpoints(root: Path) -> list[Path]:
    """The folders under `root` that hold a checkpoint, by name, the one named 'en' first."""
    folders = [path.parent for path in root.glob("*/config.json")]
    whole = [folder for folder in folders if (folder / "model.safetensors").is_file()]
    return sorted(whole, key=lambda folder: (folder.name != PREFERRED, folder.name))


class Shelf:
    """Checkpoint folders by name. Safe to use from several threads.

    `troubles` are the errors of those that cannot be used, as visitors may read them: names and
    reasons, but no path of the server's. The server's log has them whole.
    """

    def __init__(
        self, folders: Sequence[Path], load: Callable[[Path], Chatbot] = Chatbot.from_pretrained
    ) -> None:
        """Nothing is loaded yet; `load` turns a folder into a Chatbot."""
        self._folders = _named(folders)
        self._load = load
        self._loaded: dict[str, Chatbot] = {}
        self._indexes: dict[Path, Neighbours | None] = {}
        self._lock = threading.Lock()
        self.troubles: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """All names, those of unusable checkpoints too, in the order given."""
        return list(self._folders)

    def get(self, name: str) -> Chatbot:
        """The chatbot of that name, loaded now if need be. Raises CheckpointError."""
        if name not in self._folders:
            known = ", ".join(self.names) or "none"
            raise CheckpointError(f"There is no checkpoint {name[:80]!r}; there are: {known}.")
        with self._lock:
            if name in self.troubles:
                raise CheckpointError(self.troubles[name])
            if name not in self._loaded:
                try:
                    self._loaded[name] = self._load(self._folders[name])
                except Exception as error:
                    log.exception("the checkpoint %s cannot be used", self._folders[name])
                    text = _without_paths(str(error), self._folders[name], name)
                    text = text or type(error).__name__
                    self.troubles[name] = f"The checkpoint {name!r} cannot be used: {text}"
                    raise CheckpointError(self.troubles[name]) from error
            return self._loaded[name]

    def neighbours(self, bot: Chatbot) -> Neighbours | None:
        """A chatbot's index of training messages, loaded when first wanted; None without one.

        One that cannot be used counts as none; the log says why.
        """
        with self._lock:
            if bot.folder not in self._indexes:
                try:
                    self._indexes[bot.folder] = neighbours_of(bot.checkpoint)
                except ValueError:
                    log.exception("the index of %s cannot be used", bot.folder)
                    self._indexes[bot.folder] = None
            return self._indexes[bot.folder]

    def first(self) -> str | None:
        """The name of the first checkpoint that loads, or None."""
        for name in self.names:
            try:
                self.get(name)
            except CheckpointError:
                continue
            return name
        return None


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    """Names for folders: the folder's own, with a number where an earlier one has that name."""
    named: dict[str, Path] = {}
    for folder in folders:
        own = name = folder.resolve().name
        count = 1
        while name in named:
            count += 1
            name = f"{own}-{count}"
        named[name] = folder
    return named


def _without_paths(text: str, folder: Path, name: str) -> str:
    """The text on one line, with the folder's name for its path and no folder of another path."""
    for path in {str(folder), str(folder.absolute()), str(folder.resolve())}:
        if os.sep in path:
            text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?![\w-])", name, text)
    text = re.sub(r"(?<![\w./:-])/(?:[^\s/'\":]+/)+", "", text)
    return " ".join(text.split())
