"""Turns of a conversation as the chat shows them: text that stays text."""

from __future__ import annotations

import html
from collections.abc import Iterable

WRITING = "…"
SILENT = "(no words: the end token came first)"


def chat_messages(exchanges: Iterable[tuple[str, str | None]]) -> list[dict[str, str]]:
    """Two chat messages for each (message, reply), escaped: `<unk>` and tags stay visible.

    A reply is None before its first piece.
    """
    shown: list[dict[str, str]] = []
    for message, reply in exchanges:
        text = WRITING if reply is None else (reply or SILENT)
        shown.append({"role": "user", "content": html.escape(message)})
        shown.append({"role": "assistant", "content": html.escape(text)})
    return shown
