"""Several corpora in one training run, each with its weight, from the command line's items."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seq2seq.corpora.catalogue import CORPORA
from seq2seq.corpora.counts import Cleaning
from seq2seq.corpora.dialogue import CorpusError, Pair, pairs_of
from seq2seq.corpora.loading import corpus_info, load_corpus
from seq2seq.corpora.splits import split_dialogues


@dataclass(frozen=True)
class CorpusChoice:
    """A corpus's name, or a file's path, and how often its pairs are drawn beside the others'."""

    name: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise CorpusError for an empty name or a weight that is not a positive number."""
        if not self.name:
            raise CorpusError(f"a corpus without a name; choose from {', '.join(CORPORA)}")
        if not (self.weight > 0 and math.isfinite(self.weight)):
            raise CorpusError(f"{self.name}: weight {self.weight}; expected a number above 0")


def parse_choice(item: str) -> CorpusChoice:
    """Read `NAME[:WEIGHT]`; an existing file's path may itself hold colons.

    Raises CorpusError for a weight that is not a positive number.
    """
    name, colon, weight = item.rpartition(":")
    if not colon or Path(item).is_file():
        return CorpusChoice(item)
    try:
        return CorpusChoice(name, float(weight))
    except ValueError as error:
        if isinstance(error, CorpusError):
            raise
        if corpus_info(name) is None and not Path(name).is_file():
            return CorpusChoice(item)  # a path with a drive letter; loading says if it is missing
        raise CorpusError(f"{item}: weight {weight!r}; expected a number above 0") from error


@dataclass(frozen=True)
class Mixture:
    """The pairs of several corpora: `pairs[split][i]` are those of `choices[i]`."""

    choices: tuple[CorpusChoice, ...]
    pairs: Mapping[str, tuple[list[Pair], ...]]
    cleaning: Cleaning

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights, in the order of the choices."""
        return tuple(choice.weight for choice in self.choices)


def load_mixture(
    choices: Sequence[CorpusChoice],
    corpus_dir: Path | None = None,
    *,
    base_url: str | None = None,
    personalities: Sequence[str] | None = ("friendly",),
    max_history: int = 0,
    cache_dir: Path | None = None,
) -> Mixture:
    """Load the chosen corpora and sort their pairs into splits.

    Raises what `load_corpus` raises, and CorpusError for no choice or one made twice.
    """
    known = [(choice, corpus_info(choice.name)) for choice in choices]
    chosen = tuple(replace(choice, name=info.name) if info else choice for choice, info in known)
    names = [choice.name for choice in chosen]
    if not names:
        raise CorpusError(f"no corpus; choose from {', '.join(CORPORA)}")
    for name in names:
        if names.count(name) > 1:
            raise CorpusError(f"corpus {name} is given twice; give it once, with its weight")
    pairs: dict[str, list[list[Pair]]] = {}
    cleanings = []
    for name in names:
        dialogues, cleaning = load_corpus(
            name,
            corpus_dir=corpus_dir,
            base_url=base_url,
            personalities=personalities,
            cache_dir=cache_dir,
        )
        cleanings.append(cleaning)
        for split, part in split_dialogues(dialogues).items():
            found = [pair for dialogue in part for pair in pairs_of(dialogue, max_history)]
            pairs.setdefault(split, []).append(found)
    return Mixture(
        choices=chosen,
        pairs={split: tuple(lists) for split, lists in pairs.items()},
        cleaning=Cleaning.merged(cleanings),
    )
