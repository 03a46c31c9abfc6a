"""From a corpus's name, or a file of one's own, to clean dialogues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from seq2seq.corpora import formats
from seq2seq.corpora.catalogue import ALIASES, CORPORA, CorpusInfo
from seq2seq.corpora.cleaning import CROWD, CURATED, RawDialogue, clean
from seq2seq.corpora.counts import Cleaning
from seq2seq.corpora.dialogue import CorpusError, Dialogue
from seq2seq.corpora.own_files import OWN_SUFFIXES, read_own_file
from seq2seq.corpora.qna import read_personality_chat
from seq2seq.corpora.sources import corpus_files

_READERS: Mapping[str, Callable[[Sequence[Path]], Iterator[RawDialogue]]] = MappingProxyType(
    {
        "self_dialogue": formats.read_self_dialogue,
        "byu_chitchat": formats.read_byu_chitchat,
        "synthetic_persona_chat": formats.read_synthetic_persona_chat,
        "topical_chat": formats.read_topical_chat,
        "korean_chatbot_data": formats.read_korean_chatbot_data,
    }
)


def corpus_info(name: str) -> CorpusInfo | None:
    """Give what is known of a named corpus, by its name or alias; None for any other name."""
    return CORPORA.get(ALIASES.get(name, name))


def load_corpus(
    name: str,
    *,
    corpus_dir: Path | None = None,
    base_url: str | None = None,
    personalities: Sequence[str] | None = ("friendly",),
    cache_dir: Path | None = None,
) -> tuple[list[Dialogue], Cleaning]:
    """Load one of CORPORA, or a .jsonl or .csv file of one's own, cleaned.

    `corpus_dir` holds local copies of the named corpora; without it they are fetched from upstream,
    or from `base_url` in place of upstream's scheme and host, into the cache of `datasets` or
    `cache_dir`. `personalities` chooses among Personality Chat's five (None: all). The order is the
    same each time. Raises CorpusError or FileNotFoundError, which say what to do.
    """
    info = corpus_info(name)
    if info is None:
        path = _own_path(name)
        dialogues, cleaning = clean(path.name, read_own_file(path), CURATED)
    else:
        files = corpus_files(info, corpus_dir=corpus_dir, base_url=base_url, cache_dir=cache_dir)
        if info.name in _READERS:
            dialogues, cleaning = clean(info.name, _READERS[info.name](files), CROWD)
        else:
            raw = read_personality_chat(files, personalities)
            dialogues, cleaning = clean(info.name, raw, CURATED)
    if not dialogues:
        found = "; ".join(line.strip() for line in cleaning.summary().splitlines())
        raise CorpusError(f"{name}: nothing is left to learn from ({found})")
    return dialogues, cleaning


def _own_path(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() in OWN_SUFFIXES or path.exists():
        return path
    raise CorpusError(
        f"unknown corpus {name!r}; choose from {', '.join(CORPORA)}, "
        "or give the path of a .jsonl or .csv file"
    )
