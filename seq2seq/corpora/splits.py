"""Which split a dialogue belongs to, fixed for ever by a hash of its key."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable

from seq2seq.corpora.cleaning import normalise
from seq2seq.corpora.dialogue import Dialogue

SPLITS = ("train", "valid", "test")
_VALID_PER_CENT = 3
_TEST_PER_CENT = 3


def split_of(key: str) -> str:
    """Give the split of a key: 94 % of keys are train, 3 % valid, 3 % test.

    SHA-256 rather than `hash`, which differs from one process to the next.
    """
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    bucket = int.from_bytes(digest[:8], "big") % 100
    if bucket < _TEST_PER_CENT:
        return "test"
    return "valid" if bucket < _TEST_PER_CENT + _VALID_PER_CENT else "train"


def split_dialogues(dialogues: Iterable[Dialogue]) -> dict[str, list[Dialogue]]:
    """Sort dialogues into the three splits, keeping their order."""
    parts: dict[str, list[Dialogue]] = {split: [] for split in SPLITS}
    for dialogue in dialogues:
        parts[split_of(dialogue.key)].append(dialogue)
    return parts


def phrasing_key(text: str) -> str:
    """Give the same key to phrasings that differ only in case, spaces or punctuation.

    A text of nothing else ("??") is its own key, without its spaces.
    """
    folded = unicodedata.normalize("NFKC", normalise(text)).casefold()
    return "".join(filter(str.isalnum, folded)) or "".join(folded.split())
