"""One decoder step at a time: greedy, sampling and forced pieces, each step with its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from seq2seq.compact import Runner
from seq2seq.filters import FORBIDDEN, repeating, sampling_logits
from seq2seq.measuring import attention_of, keep_rows, measure, record
from seq2seq.model import Encoded
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID, SOS_ID, Detokenizer, Tokenizer
from seq2seq.trace import Step


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

    @classmethod
    def begun(cls, seed: int | None, steps: Sequence[Step]) -> Reply:
        """A reply that has these steps, its next random number the one that follows theirs."""
        reply = cls(seed, [step.id for step in steps], steps[-1].logprob if steps else 0.0)
        for _ in steps:
            reply.draw()
        return reply

    def draw(self) -> float | None:
        """The next random number in [0, 1); None where nothing is drawn."""
        if self._random is None:
            return None
        return float(torch.rand((), generator=self._random, dtype=torch.float64))

    def add(self, id: int, max_len: int) -> None:
        """Take a piece in, and end with the end token or at max_len steps."""
        self.ids.append(id)
        if id == EOS_ID:
            self.finish_reason = "eos"
        elif len(self.ids) >= max_len:
            self.finish_reason = "length"


@dataclass(frozen=True)
class _Taken:
    """One decoder step of some replies, chosen but not yet measured."""

    rows: list[int]  # which replies
    positions: list[int]  # the step's number in each
    written: list[list[int]]  # what each had before
    draws: list[float | None]
    logits: Tensor  # (B, V)
    chosen: Tensor  # (B,)
    forced: bool
    hidden: Tensor  # (L, B, H)
    attention: list[tuple[float, ...] | None]


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
    model: Runner,
    tokenizer: Tokenizer,
    encoded: Encoded,
    options: DecodingOptions,
    replies: Sequence[Reply],
    hidden: Tensor | None = None,
    at_once: int = 1,
) -> Iterator[list[tuple[int, Step]]]:
    """Write the replies, one for each row of `encoded`; each time give (row, step) of those alive.

    A row leaves at its end token or at max_len; the others go on. What a row gets does not depend
    on the others. Rows share the options, but for the seed, which is the reply's own. Replies that
    have begun, all with as many pieces, come with the state (L, B, H) after reading them but the
    last. Steps are measured when at least `at_once` are waiting: more together cost less, and are
    given later.
    """
    alive = list(range(len(replies)))
    texts = [tokenizer.detokenizer(reply.ids) for reply in replies]
    hidden = encoded.hidden if hidden is None else hidden
    last = [[reply.ids[-1] if reply.ids else SOS_ID] for reply in replies]
    fed = torch.tensor(last, device=hidden.device)  # (B, 1)
    never = torch.zeros(tokenizer.vocab_size, device=hidden.device)
    never[list(tokenizer.never_written)] = FORBIDDEN
    waiting: list[_Taken] = []
    while alive:
        result = model.decoder.logits(fed, hidden, encoded)
        rows = [replies[i] for i in alive]
        draws = [row.draw() for row in rows]
        logits = result.logits[:, -1]  # (B, V)
        written = [list(row.ids) for row in rows]
        position = len(written[0])
        forced = position < len(options.prefix_ids)
        if forced:
            chosen = torch.full((len(rows),), options.prefix_ids[position], device=hidden.device)
        elif options.method == "greedy" and options.repetition_penalty == 1.0:
            chosen = _likeliest(logits + never, written, options)
        else:
            allowed = sampling_logits(logits.double(), written, options, tokenizer.never_written)
            chosen = choose(allowed, draws, options.method)
        positions = [len(row.ids) for row in rows]
        for row, id in zip(rows, chosen.tolist(), strict=True):
            row.add(id, options.max_len)
        attention = attention_of(result, encoded)
        waiting.append(
            _Taken(
                alive, positions, written, draws, logits, chosen, forced, result.hidden, attention
            )
        )
        kept = [k for k, row in enumerate(rows) if row.finish_reason is None]
        hidden, fed = result.hidden, chosen.unsqueeze(1)
        if len(kept) < len(alive):
            at = torch.tensor(kept, dtype=torch.long, device=hidden.device)
            hidden, fed, encoded = hidden[:, at], fed[at], keep_rows(encoded, at)
            alive = [alive[k] for k in kept]
        if not alive or sum(len(taken.rows) for taken in waiting) >= at_once:
            yield from _measured(waiting, tokenizer, options, replies, texts)
            waiting = []


def _measured(
    waiting: Sequence[_Taken],
    tokenizer: Tokenizer,
    options: DecodingOptions,
    replies: Sequence[Reply],
    texts: Sequence[Detokenizer],
) -> Iterator[list[tuple[int, Step]]]:
    """The records of the steps, all measured together."""
    logits = torch.cat([taken.logits for taken in waiting]).double()  # (N, V)
    written = [ids for taken in waiting for ids in taken.written]
    allowed = sampling_logits(logits, written, options, tokenizer.never_written)
    chosen = torch.cat([taken.chosen for taken in waiting])
    measures = iter(measure(logits, allowed, chosen, options.candidates))
    for taken in waiting:
        found = []
        for k, i in enumerate(taken.rows):
            step = record(
                next(measures),
                tokenizer,
                texts[i],
                step=taken.positions[k],
                logprob=replies[i].logprob,
                forced=taken.forced,
                attention=taken.attention[k],
                state=taken.hidden[:, k].clone(),
                draw=taken.draws[k],
            )
            replies[i].logprob = step.logprob
            found.append((i, step))
        yield found


def _likeliest(logits: Tensor, written: Sequence[list[int]], options: DecodingOptions) -> Tensor:
    """The likeliest piece (B,) that may be written, without what the filters do to the others.

    logits (B, V) are the model's own, those of pieces that no reply holds at minus infinity.
    """
    for row, ids in enumerate(written):
        if len(ids) < options.min_len:
            logits[row, EOS_ID] = FORBIDDEN
        if options.no_repeat_ngram and (banned := repeating(ids, options.no_repeat_ngram)):
            logits[row, banned] = FORBIDDEN
    best = logits.max(dim=-1)
    return torch.where(torch.isneginf(best.values), EOS_ID, best.indices)


def choose(allowed: Tensor, draws: Sequence[float | None], method: str) -> Tensor:
    """The piece (B,) that each row of allowed (B, V) goes on with: likeliest, or drawn."""
    if method == "sample":
        return _drawn(allowed.softmax(dim=-1), draws)
    return allowed.argmax(dim=-1)


def cumulative_bar(sampling: Tensor) -> tuple[Tensor, Tensor]:
    """Where each piece ends on the bar from 0 to 1, likeliest first: ends and ids, both (B, V)."""
    ordered, ids = sampling.sort(dim=-1, descending=True, stable=True)
    bar = ordered.cumsum(dim=-1)
    return bar, ids


def _drawn(sampling: Tensor, draws: Sequence[float | None]) -> Tensor:
    """The piece (B,) that each row's draw falls on, likeliest first along the bar from 0 to 1."""
    bar, ids = cumulative_bar(sampling)
    at = torch.tensor([[draw] for draw in draws], dtype=bar.dtype, device=bar.device)
    index = torch.searchsorted(bar, at * bar[:, -1:], right=True)  # (B, 1)
    last = (sampling > 0).sum(dim=-1, keepdim=True) - 1
    return ids.gather(1, torch.minimum(index, last)).squeeze(1)
