"""How a reply is decoded: DecodingOptions, checked when made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seq2seq.config import Settings, check_personality, check_range, check_real, check_whole

METHODS = ("greedy", "sample", "beam")
LONGEST = 500  # pieces
MOST_CANDIDATES = 1000
WIDEST_BEAM = 64
_WHOLE = ("max_len", "min_len", "top_k", "beam_size", "candidates")
_REAL = ("temperature", "top_p", "repetition_penalty", "length_penalty")


@dataclass(frozen=True)
class DecodingOptions(Settings):
    """What may be written and how a piece is chosen from what may be.

    The filters and the temperature make the sampling distribution out of the model's own; `greedy`
    takes its likeliest piece, `sample` draws from it. `beam` keeps the `beam_size` likeliest
    hypotheses: filters decide what they may go on with, while the model's own probabilities score
    them, whatever temperature and repetition penalty say. Raises ValueError, with the range, for a
    value out of range.
    """

    method: str = "greedy"
    max_len: int = 60  # steps, the end token's included
    min_len: int = 0  # pieces before the end token may come
    temperature: float = 1.0  # logits are divided by it
    top_k: int = 0  # only the k likeliest pieces; 0: all
    top_p: float = 1.0  # only the fewest likeliest pieces that hold this probability; 1: all
    repetition_penalty: float = 1.0  # on pieces already written; 1: none
    no_repeat_ngram: int | None = None  # no n pieces in a row twice; 0: allowed; None: the model's
    beam_size: int = 5  # hypotheses that beam search keeps
    length_penalty: float = 1.0  # beam score: logprob / length ** this; 0: the bare logprob
    seed: int | None = None  # of the draws; None: a new one, which the trace records
    prefix_ids: tuple[int, ...] = ()  # pieces that the reply must begin with
    candidates: int = 10  # likeliest pieces that each step records
    personality: str | None = None  # who answers; None: the checkpoint's default, if it has any

    def __post_init__(self) -> None:
        """Check every value and make prefix_ids a tuple."""
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}")
        for name in _WHOLE:
            check_whole(name, getattr(self, name))
        if self.no_repeat_ngram is not None:
            check_whole("no_repeat_ngram", self.no_repeat_ngram)
            check_range("no_repeat_ngram", self.no_repeat_ngram, 0, LONGEST)
        for name in _REAL:
            object.__setattr__(self, name, check_real(name, getattr(self, name)))
        check_range("max_len", self.max_len, 1, LONGEST)
        check_range("min_len", self.min_len, 0, self.max_len)
        check_range("temperature", self.temperature, 0.001, 100)
        check_range("top_k", self.top_k, 0, 10**6)
        check_range("top_p", self.top_p, 0, 1, open_low=True)
        check_range("repetition_penalty", self.repetition_penalty, 0.01, 100)
        check_range("beam_size", self.beam_size, 1, WIDEST_BEAM)
        check_range("length_penalty", self.length_penalty, -10, 10)
        check_range("candidates", self.candidates, 1, MOST_CANDIDATES)
        if self.seed is not None:
            check_whole("seed", self.seed)
            check_range("seed", self.seed, 0, 2**63 - 1)
        if self.personality is not None:
            check_personality(self.personality)
        self._check_prefix()

    def _check_prefix(self) -> None:
        if isinstance(self.prefix_ids, str) or not hasattr(self.prefix_ids, "__iter__"):
            raise ValueError(f"prefix_ids is {self.prefix_ids!r}; it must be a list of piece ids")
        prefix = tuple(self.prefix_ids)
        for id in prefix:
            check_whole("a piece id in prefix_ids", id)
        if len(prefix) > self.max_len:
            raise ValueError(
                f"prefix_ids has {len(prefix)} pieces; max_len allows {self.max_len} steps"
            )
        object.__setattr__(self, "prefix_ids", prefix)

    def to_dict(self) -> dict[str, Any]:
        """The options as JSON types."""
        return {**super().to_dict(), "prefix_ids": list(self.prefix_ids)}
