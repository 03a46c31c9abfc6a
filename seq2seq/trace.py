"""The record of one reply: every step's choice with its probabilities, and what led to it.

As JSON (version 1) the keys are those of `Trace.to_dict`; README.md describes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from seq2seq.beam_tree import BeamTree
from seq2seq.model import Encoded
from seq2seq.options import DecodingOptions

VERSION = 1


@dataclass(frozen=True)
class SourcePiece:
    """A piece of the message as the encoder reads it."""

    piece: str
    id: int
    unknown: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"piece": self.piece, "id": self.id, "unknown": self.unknown}


@dataclass(frozen=True)
class Candidate:
    """A piece that a step weighed."""

    id: int
    piece: str
    probability: float  # the model's own: softmax of its logits at temperature 1
    sampling_probability: float  # after temperature and filters

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "piece": self.piece,
            "probability": self.probability,
            "sampling_probability": self.sampling_probability,
        }


@dataclass(frozen=True)
class Step:
    """One decoder step: the piece chosen, and what else it could have been.

    rank counts from 0 over the whole vocabulary, entropy is in bits, logprob is that of the reply
    so far, in nats. `other` is the probability outside the candidates: with theirs it adds up
    to 1. `draw` is the random number in [0, 1) that sampling chose by. `state` (L, H) is the
    decoder's after this step's logits: feeding any piece from it goes on with that piece.
    """

    step: int
    id: int
    piece: str
    text: str  # what it adds to the reply; joined over the steps they are the reply
    probability: float
    sampling_probability: float
    rank: int
    entropy: float
    logprob: float
    forced: bool
    candidates: tuple[Candidate, ...]
    other: float
    attention: tuple[float, ...] | None
    draw: float | None = None
    state: Tensor | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As JSON: everything but draw and state, which the seed and the ids give again."""
        return {
            "step": self.step,
            "id": self.id,
            "piece": self.piece,
            "text": self.text,
            "probability": self.probability,
            "sampling_probability": self.sampling_probability,
            "rank": self.rank,
            "entropy": self.entropy,
            "logprob": self.logprob,
            "forced": self.forced,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "other": self.other,
            "attention": None if self.attention is None else list(self.attention),
        }


@dataclass(frozen=True)
class Hypothesis:
    """A reply that beam search found; `score` is what it was ranked by."""

    reply: str
    ids: tuple[int, ...]
    logprob: float  # nats
    score: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "reply": self.reply,
            "ids": list(self.ids),
            "logprob": self.logprob,
            "score": self.score,
        }


@dataclass(frozen=True)
class Trace:
    """A reply with its whole record; while it is being written, so far.

    `options` hold the seed that was used, so the same checkpoint, message and options give the
    same ids; so must the same `history`, the earlier turns given, where the model reads any.
    `unread` are the message's pieces beyond what the encoder reads.
    """

    checkpoint: str
    sha256: str  # of the checkpoint's weights
    message: str
    normalized: str
    source: tuple[SourcePiece, ...]
    unread: tuple[SourcePiece, ...]
    options: DecodingOptions
    history: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    finish_reason: str | None = None  # eos, length or stopped; None while it is being written
    hypotheses: tuple[Hypothesis, ...] | None = None  # of beam search, best first
    encode_ms: float = 0.0
    decode_ms: float = 0.0
    encoded: Encoded | None = field(default=None, repr=False, compare=False)  # to go on from
    tree: BeamTree | None = field(default=None, repr=False, compare=False)  # of beam search

    @property
    def reply(self) -> str:
        """The reply's text."""
        return "".join(step.text for step in self.steps)

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids chosen, the end token's included."""
        return tuple(step.id for step in self.steps)

    @property
    def seed(self) -> int | None:
        """The seed of the draws; None where nothing was drawn."""
        return self.options.seed if self.options.method == "sample" else None

    @property
    def logprob(self) -> float:
        """The reply's log-probability in nats, under the model's own probabilities."""
        return self.steps[-1].logprob if self.steps else 0.0

    def stopped(self) -> Trace:
        """The same trace, ended by the user if it had not ended."""
        return self if self.finish_reason else replace(self, finish_reason="stopped")

    def to_dict(self) -> dict[str, Any]:
        """The trace as JSON, version 1."""
        return {
            "version": VERSION,
            "checkpoint": {"name": self.checkpoint, "sha256": self.sha256},
            "message": self.message,
            "normalized": self.normalized,
            "source": [piece.to_dict() for piece in self.source],
            "options": self.options.to_dict(),
            "seed": self.seed,
            "reply": self.reply,
            "finish_reason": self.finish_reason,
            "logprob": self.logprob,
            "steps": [step.to_dict() for step in self.steps],
            "hypotheses": None
            if self.hypotheses is None
            else [hypothesis.to_dict() for hypothesis in self.hypotheses],
            "timings_ms": {
                "encode": self.encode_ms,
                "decode": self.decode_ms,
                "total": self.encode_ms + self.decode_ms,
            },
        }
