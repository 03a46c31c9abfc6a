"""What a step's logits say about the piece chosen: probabilities, rank, entropy, candidates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from seq2seq.model import Decoded, Encoded
from seq2seq.tokenizer import Detokenizer, Tokenizer
from seq2seq.trace import Candidate, Step


@dataclass(frozen=True)
class Measured:
    """The measures of one row, as Python numbers; `Step` says what each means."""

    id: int
    probability: float
    log_probability: float  # of this step alone, in nats
    sampling_probability: float
    rank: int
    entropy: float
    candidates: list[tuple[int, float, float]]  # id, probability, sampling probability
    other: float


def measure(logits: Tensor, allowed: Tensor, chosen: Tensor, candidates: int) -> list[Measured]:
    """Measure the chosen pieces (B,) over the whole vocabulary, all rows at once.

    logits (B, V) are the model's own, in float64; allowed (B, V) are what filters and temperature
    made of them.
    """
    logprobs = logits.log_softmax(dim=-1)  # (B, V)
    probs = logprobs.exp()
    sampling = allowed.softmax(dim=-1)  # (B, V)
    at = chosen.unsqueeze(1)  # (B, 1)
    top = probs.topk(min(candidates, probs.size(1)), dim=-1)
    entropy = -(probs * logprobs.clamp(min=-1e4)).sum(dim=1) / math.log(2)
    columns = (
        chosen.tolist(),
        probs.gather(1, at).squeeze(1).tolist(),
        logprobs.gather(1, at).squeeze(1).tolist(),
        sampling.gather(1, at).squeeze(1).tolist(),
        (logits > logits.gather(1, at)).sum(dim=1).tolist(),
        entropy.clamp(min=0.0).tolist(),
        [
            list(zip(*row, strict=True))
            for row in zip(
                top.indices.tolist(),
                top.values.tolist(),
                sampling.gather(1, top.indices).tolist(),
                strict=True,
            )
        ],
        (1.0 - top.values.sum(dim=1)).clamp(min=0.0).tolist(),
    )
    return [Measured(*row) for row in zip(*columns, strict=True)]


def attention_of(step: Decoded, encoded: Encoded) -> list[tuple[float, ...] | None]:
    """Each row's attention over its own source pieces, padding left out; None without attention."""
    if step.attention is None:
        return [None] * step.logits.size(0)
    weights = step.attention[:, -1].tolist()  # (B, S)
    lengths = encoded.mask.sum(dim=1).tolist()
    return [tuple(row[:length]) for row, length in zip(weights, lengths, strict=True)]


def record(
    measured: Measured,
    tokenizer: Tokenizer,
    texts: Detokenizer,
    *,
    step: int,
    logprob: float,
    forced: bool,
    attention: tuple[float, ...] | None,
    state: Tensor,
    draw: float | None = None,
) -> Step:
    """A measured choice as the trace keeps it; `logprob` is the reply's before this step."""
    return Step(
        step=step,
        id=measured.id,
        piece=tokenizer.piece(measured.id),
        text=texts.add(measured.id),
        probability=measured.probability,
        sampling_probability=measured.sampling_probability,
        rank=measured.rank,
        entropy=measured.entropy,
        logprob=logprob + measured.log_probability,
        forced=forced,
        candidates=tuple(
            Candidate(id, tokenizer.piece(id), own, sampling)
            for id, own, sampling in measured.candidates
        ),
        other=measured.other,
        attention=attention,
        draw=draw,
        state=state,
    )


def keep_rows(encoded: Encoded, rows: Tensor) -> Encoded:
    """What the encoder gave for these rows (N,), in this order."""
    return Encoded(encoded.hidden[:, rows], encoded.memory[rows], encoded.mask[rows])
