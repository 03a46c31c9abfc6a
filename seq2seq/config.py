"""Settings of a model and of a training run: frozen dataclasses, checked when made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

PERSONALITIES = ("friendly", "professional", "witty", "caring", "enthusiastic")
VOCAB_SIZE = 6000  # that a run asks for unless told; with the other sizes 23 MB of weights
OPTIMIZERS = ("muon", "adamw")
# Settings of a model that its weights do not depend on: a run that goes on may change them.
CHANGEABLE = ("dropout", "encoder_dropout", "no_repeat_ngram")
ATTENTIONS = ("none", "dot", "general", "additive")


def check_range(
    name: str, value: float, low: float, high: float, *, open_low: bool = False
) -> None:
    """Raise ValueError, naming the range, unless low <= value <= high (low < value if open_low)."""
    inside = (low < value if open_low else low <= value) and value <= high
    if not inside:
        bracket = "above" if open_low else "at least"
        raise ValueError(f"{name} is {value!r}; it must be {bracket} {low:g} and at most {high:g}")


def check_whole(name: str, value: object) -> None:
    """Raise ValueError unless value is an int (and no bool)."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is {value!r}; it must be a whole number")


def check_real(name: str, value: object) -> float:
    """The value as a float. Raises ValueError unless it is a finite number (and no bool)."""
    try:
        if not isinstance(value, bool) and isinstance(value, (int, float)):
            number = float(value)
            if math.isfinite(number):
                return number
    except OverflowError:
        pass
    raise ValueError(f"{name} is {repr(value)[:60]}; it must be a number")


def check_personality(name: object) -> None:
    """Raise ValueError unless this is one of the five."""
    if name not in PERSONALITIES:
        raise ValueError(f"personality is {name!r}; it must be one of {', '.join(PERSONALITIES)}")


def check_personalities(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a tuple. Raises ValueError for an unknown one and for one given twice."""
    found = tuple(names)
    for name in found:
        check_personality(name)
        if found.count(name) > 1:
            raise ValueError(f"personality {name!r} is given twice; give it once")
    return found


class Settings:
    """Mixin of frozen dataclasses: to a dict and back, refusing names that it does not know."""

    def to_dict(self) -> dict[str, Any]:
        """The settings as JSON types."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Settings from JSON types. Raises ValueError for an unknown name or a bad value."""
        known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        for name in values:
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; known: {', '.join(known)}")
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"bad settings for {cls.__name__}: {error}") from error


@dataclass(frozen=True)
class ModelConfig(Settings):
    """Sizes and options of a Seq2Seq; the defaults are the tutorial's design.

    vocab_size V, emb_dim E, hidden_dim H and n_layers L are those of both halves. The rest goes
    beyond the tutorial and is off by default; `context_turns` is how many earlier turns of the
    conversation the encoder reads before the message, `personalities` are those that a control
    piece asks for, the default one first. No reply repeats `no_repeat_ngram` pieces in a row (0:
    it may) unless its options say otherwise: what a small model is sure of it says again and again.
    `dropout` is that of both halves, unless `encoder_dropout` gives the encoder one of its own: a
    message has few pieces, and each tells more than one of a reply.
    """

    vocab_size: int
    emb_dim: int = 256
    hidden_dim: int = 512
    n_layers: int = 2
    dropout: float = 0.1
    attention: str = "none"
    bidirectional: bool = False
    tie_embeddings: bool = False
    context_turns: int = 0
    lowercase_message: bool = True
    max_source: int = 64
    personalities: tuple[str, ...] = ()
    no_repeat_ngram: int = 0
    encoder_dropout: float | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        object.__setattr__(self, "personalities", check_personalities(self.personalities))
        for name in ("vocab_size", "emb_dim", "hidden_dim", "n_layers"):
            check_whole(name, getattr(self, name))
        for name in ("context_turns", "max_source", "no_repeat_ngram"):
            check_whole(name, getattr(self, name))
        for name in ("bidirectional", "tie_embeddings", "lowercase_message"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be true or false")
        check_range("vocab_size", self.vocab_size, 5, 1_000_000)
        check_range("emb_dim", self.emb_dim, 1, 16_384)
        check_range("hidden_dim", self.hidden_dim, 1, 16_384)
        check_range("n_layers", self.n_layers, 1, 16)
        check_range("dropout", self.dropout, 0, 0.95)
        if self.encoder_dropout is not None:
            check_range("encoder_dropout", self.encoder_dropout, 0, 0.95)
        check_range("context_turns", self.context_turns, 0, 16)
        check_range("no_repeat_ngram", self.no_repeat_ngram, 0, 100)
        check_range("max_source", self.max_source, 3 if self.personalities else 2, 4096)
        if self.attention not in ATTENTIONS:
            raise ValueError(
                f"attention is {self.attention!r}; it must be one of {', '.join(ATTENTIONS)}"
            )
        if self.bidirectional and self.hidden_dim % 2:
            raise ValueError(
                f"hidden_dim is {self.hidden_dim}; a bidirectional encoder needs an even number"
            )


@dataclass(frozen=True)
class TrainingConfig(Settings):
    """One training run: what it learns from, how fast, and when it ends.

    Sizes in pieces; `max_minutes` in minutes of training (validation included), `epochs` in passes
    over the training pairs: the run ends with the first of them that is used up, and after 10
    epochs if neither is set. The rates, `matrix_learning_rate` for what Muon moves, warm up over
    `warmup` of this budget and anneal to `final_lr_ratio` of their peaks at the budget's end.
    `average` is the decay of a moving average of the weights, which is then what is kept.
    `word_dropout` is the share of a message's pieces that a step hides, `sampling_alpha` above 0
    cuts messages into pieces by lot (`Tokenizer.sampling`).
    `start_from` is the checkpoint folder whose weights and pieces the run goes on from.
    `validate_every` and `save_every` are steps; 0 validates once an epoch, but at least every 1000
    and at most every 20 steps.
    """

    corpora: tuple[str, ...]
    personalities: tuple[str, ...] = ("friendly",)
    start_from: str | None = None
    seed: int = 0
    epochs: float | None = None
    max_minutes: float | None = None
    batch_pieces: int = 2400
    optimizer: str = "muon"
    learning_rate: float = 2e-3
    matrix_learning_rate: float = 2e-3
    final_lr_ratio: float = 0.02
    warmup: float = 0.03
    weight_decay: float = 0.01
    average: float = 0.0
    word_dropout: float = 0.0
    sampling_alpha: float = 0.0
    clip_norm: float = 1.0
    label_smoothing: float = 0.0
    teacher_force_ratio: float = 1.0
    max_target: int = 40
    precision: str = "auto"
    validate_every: int = 0
    save_every: int = 500
    valid_pairs: int = 3000
    patience: int = 8

    def __post_init__(self) -> None:
        """Check every value."""
        object.__setattr__(self, "corpora", tuple(self.corpora))
        object.__setattr__(self, "personalities", check_personalities(self.personalities))
        if not self.corpora:
            raise ValueError("no corpus given; name at least one with --corpus NAME or FILE")
        for name, value in asdict(self).items():
            if isinstance(getattr(type(self), name, None), int):
                check_whole(name, value)
            elif isinstance(getattr(type(self), name, None), float):
                check_real(name, value)
        if self.epochs is None and self.max_minutes is None:
            object.__setattr__(self, "epochs", 10.0)
        if self.epochs is not None:
            check_range("epochs", self.epochs, 0, 10**9, open_low=True)
        if self.max_minutes is not None:
            check_range("max_minutes", self.max_minutes, 0, 100_000, open_low=True)
        check_range("seed", self.seed, 0, 2**40)
        check_range("batch_pieces", self.batch_pieces, 1, 10_000_000)
        check_range("learning_rate", self.learning_rate, 0, 10, open_low=True)
        check_range("matrix_learning_rate", self.matrix_learning_rate, 0, 10, open_low=True)
        check_range("average", self.average, 0, 0.99999)
        check_range("word_dropout", self.word_dropout, 0, 0.9)
        check_range("sampling_alpha", self.sampling_alpha, 0, 1)
        check_range("final_lr_ratio", self.final_lr_ratio, 0, 1)
        check_range("warmup", self.warmup, 0, 1)
        check_range("weight_decay", self.weight_decay, 0, 10)
        check_range("clip_norm", self.clip_norm, 0, 1e6, open_low=True)
        check_range("label_smoothing", self.label_smoothing, 0, 0.9)
        check_range("teacher_force_ratio", self.teacher_force_ratio, 0, 1)
        check_range("max_target", self.max_target, 2, 4096)
        check_range("validate_every", self.validate_every, 0, 10**9)
        check_range("save_every", self.save_every, 1, 10**9)
        check_range("valid_pairs", self.valid_pairs, 1, 10**9)
        check_range("patience", self.patience, 1, 10**6)
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"optimizer is {self.optimizer!r}; it must be one of {', '.join(OPTIMIZERS)}"
            )
        if self.precision not in ("auto", "fp32", "bf16"):
            raise ValueError(f"precision is {self.precision!r}; it must be auto, fp32 or bf16")
