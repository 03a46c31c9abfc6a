"""One decoder step at a time: greedy, sampling and forced pieces, each step with its record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seq2seq.filters import sampling_logits
from seq2seq.model import Encoded, Seq2Seq
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID, SOS_ID, Detokenizer, Tokenizer
from seq2seq.trace import Candidate, Step


@dataclass
class Reply:
    """One row that is being written."""

    seed: int | None
    ids: list[int] = field(default_factory=list)
    logprob: float = 0.0
    finish_reason: str | None = None

    def __post_init__(self) -> None:
        """Make the row's own random numbers, which no other row touches."""
        self._random = None if self.seed is None else torch.Generator().manual_seed(self.seed)

    def draw(self) -> float | None:
        """The next random number in [0, 1); None where nothing is drawn."""
        if self._random is None:
            return None
        return float(torch.rand((), generator=self._random, dtype=torch.float64))


@dataclass(frozen=True)
class _Measured:
    """What a step's logits say, for all rows at once, as Python numbers."""

    forced: bool
    chosen: list[int]
    probability: list[float]
    log_probability: list[float]
    sampling_probability: list[float]
    rank: list[int]
    entropy: list[float]
    candidate_ids: list[list[int]]
    candidate_probability: list[list[float]]
    candidate_sampling: list[list[float]]
    other: list[float]


def check_prefix(options: DecodingOptions, tokenizer: Tokenizer) -> None:
    """Raise ValueError if a reply of this vocabulary cannot begin with the options' prefix."""
    for position, id in enumerate(options.prefix_ids):
        if not 0 <= id < tokenizer.vocab_size:
            raise ValueError(
                f"prefix_ids holds {id}; piece ids are from 0 to {tokenizer.vocab_size - 1}"
            )
        if id in tokenizer.never_written:
            raise ValueError(f"prefix_ids holds {id}, {tokenizer.piece(id)}: no reply has it")
        if id == EOS_ID and position + 1 < len(options.prefix_ids):
            raise ValueError(f"prefix_ids has the end token {id} before its end")


@torch.inference_mode()
def decode(
    model: Seq2Seq,
    tokenizer: Tokenizer,
    encoded: Encoded,
    options: DecodingOptions,
    replies: Sequence[Reply],
) -> Iterator[list[tuple[int, Step]]]:
    """Write the replies, one for each row of `encoded`; each time give (row, step) of those alive.

    A row leaves at its end token or at max_len; the others go on. What a row gets does not depend
    on the others. Rows share the options, but for the seed, which is the reply's own.
    """
    alive = list(range(len(replies)))
    texts = [tokenizer.detokenizer() for _ in replies]
    hidden = encoded.hidden
    fed = torch.full((len(replies), 1), SOS_ID, device=hidden.device)  # (B, 1)
    while alive:
        result = model.decoder.logits(fed, hidden, encoded)
        rows = [replies[i] for i in alive]
        draws = [row.draw() for row in rows]
        measured = _measure(result.logits[:, -1].double(), rows, draws, options, tokenizer)
        attention = None if result.attention is None else result.attention[:, -1].tolist()
        found: list[tuple[int, Step]] = []
        for k, i in enumerate(alive):
            weights = None
            if attention is not None:
                length = int(encoded.mask[k].sum())
                weights = tuple(attention[k][:length])
            state = result.hidden[:, k].clone()
            step = _step(measured, k, replies[i], texts[i], tokenizer, weights, draws[k], state)
            found.append((i, step))
            replies[i].ids.append(step.id)
            replies[i].logprob = step.logprob
            if step.id == EOS_ID:
                replies[i].finish_reason = "eos"
            elif len(replies[i].ids) >= options.max_len:
                replies[i].finish_reason = "length"
        yield found
        kept = [k for k, i in enumerate(alive) if replies[i].finish_reason is None]
        if not kept:
            return
        fed = torch.tensor([[replies[alive[k]].ids[-1]] for k in kept], device=hidden.device)
        hidden, encoded = _keep_rows(result.hidden, encoded, kept, len(alive))
        alive = [alive[k] for k in kept]


def _keep_rows(
    hidden: Tensor, encoded: Encoded, kept: list[int], count: int
) -> tuple[Tensor, Encoded]:
    """The rows `kept` of count; nothing is copied where all are."""
    if len(kept) == count:
        return hidden, encoded
    rows = torch.tensor(kept, device=hidden.device)
    smaller = Encoded(encoded.hidden[:, rows], encoded.memory[rows], encoded.mask[rows])
    return hidden[:, rows], smaller


def _measure(
    logits: Tensor,
    rows: list[Reply],
    draws: list[float | None],
    options: DecodingOptions,
    tokenizer: Tokenizer,
) -> _Measured:
    """Choose a piece for each row and measure it; logits (B, V) in float64."""
    logprobs = logits.log_softmax(dim=-1)  # (B, V)
    probs = logprobs.exp()
    written = [row.ids for row in rows]
    allowed = sampling_logits(logits, written, options, tokenizer.never_written)
    sampling = allowed.softmax(dim=-1)  # (B, V)
    position = len(written[0])
    forced = position < len(options.prefix_ids)
    if forced:
        chosen = torch.full((len(rows),), options.prefix_ids[position], device=logits.device)
    elif options.method == "sample":
        chosen = _drawn(sampling, draws)
    else:
        chosen = allowed.argmax(dim=-1)
    at = chosen.unsqueeze(1)  # (B, 1)
    top = probs.topk(min(options.candidates, probs.size(1)), dim=-1)
    return _Measured(
        forced=forced,
        chosen=chosen.tolist(),
        probability=probs.gather(1, at).squeeze(1).tolist(),
        log_probability=logprobs.gather(1, at).squeeze(1).tolist(),
        sampling_probability=sampling.gather(1, at).squeeze(1).tolist(),
        rank=(logits > logits.gather(1, at)).sum(dim=1).tolist(),
        entropy=(-(probs * logprobs.clamp(min=-1e4)).sum(dim=1) / math.log(2)).tolist(),
        candidate_ids=top.indices.tolist(),
        candidate_probability=top.values.tolist(),
        candidate_sampling=sampling.gather(1, top.indices).tolist(),
        other=(1.0 - top.values.sum(dim=1)).clamp(min=0.0).tolist(),
    )


def _drawn(sampling: Tensor, draws: list[float | None]) -> Tensor:
    """The piece (B,) that each row's draw falls on, likeliest first along the bar from 0 to 1."""
    ordered, ids = sampling.sort(dim=-1, descending=True, stable=True)
    bar = ordered.cumsum(dim=-1)  # (B, V)
    at = torch.tensor([[draw] for draw in draws], dtype=bar.dtype, device=bar.device)
    index = torch.searchsorted(bar, at * bar[:, -1:], right=True)  # (B, 1)
    last = (ordered > 0).sum(dim=-1, keepdim=True) - 1
    return ids.gather(1, torch.minimum(index, last)).squeeze(1)


def _step(
    measured: _Measured,
    k: int,
    reply: Reply,
    texts: Detokenizer,
    tokenizer: Tokenizer,
    attention: tuple[float, ...] | None,
    draw: float | None,
    state: Tensor,
) -> Step:
    """The record of row k of a measured step."""
    id = measured.chosen[k]
    candidates = zip(
        measured.candidate_ids[k],
        measured.candidate_probability[k],
        measured.candidate_sampling[k],
        strict=True,
    )
    return Step(
        step=len(reply.ids),
        id=id,
        piece=tokenizer.piece(id),
        text=texts.add(id),
        probability=measured.probability[k],
        sampling_probability=measured.sampling_probability[k],
        rank=measured.rank[k],
        entropy=max(0.0, measured.entropy[k]),
        logprob=reply.logprob + measured.log_probability[k],
        forced=measured.forced,
        candidates=tuple(Candidate(i, tokenizer.piece(i), p, s) for i, p, s in candidates),
        other=measured.other[k],
        attention=attention,
        draw=draw,
        state=state,
    )
