"""Two replies side by side: their pieces aligned, and how far apart at each step the models are.

The Kullback-Leibler divergence is that of Kullback & Leibler 1951, "On Information and
Sufficiency", https://doi.org/10.1214/aoms/1177729694; the Jensen-Shannon divergence is that of
Lin 1991, "Divergence Measures Based on the Shannon Entropy", https://doi.org/10.1109/18.61115.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import torch
from torch import Tensor

from seq2seq.asking import check_same
from seq2seq.checkpoint import Checkpoint
from seq2seq.filters import sampling_logits
from seq2seq.inspection.kept import encoded_of, kept_logits
from seq2seq.scoring import Score
from seq2seq.tokenizer import EOS_ID, SOS_ID, SPACE
from seq2seq.trace import Trace

Side = tuple[Checkpoint, Trace]
_KINDS = {"equal": "equal", "replace": "replaced", "delete": "left", "insert": "right"}


@dataclass(frozen=True)
class Block:
    """A run of steps of both replies: `equal`, `replaced`, or in the `left` or `right` one only.

    Where words are aligned, an equal block is one word, whose pieces may differ in number.
    """

    kind: str
    left: range  # steps from 0
    right: range


@dataclass(frozen=True)
class Apart:
    """Two distributions over V pieces at each of T steps, and how far they are apart in bits.

    `own` belongs to the side that wrote the reply. kl is KL(own || other), infinite where the other
    forbids a piece that its own allows; js is symmetric and from 0 (the same) to 1 (no piece in
    common).
    """

    own: Tensor  # (T, V), natural logarithms
    other: Tensor  # (T, V), of the other side, forced through the same pieces
    kl: Tensor  # (T,), bits
    js: Tensor  # (T,), bits


@dataclass(frozen=True)
class Along:
    """Both sides along one reply: the models' own distributions, and what is drawn from.

    `sampling` is after each side's temperature and filters. It is given where both sides are one
    model that reads one source: there the models' own distributions cannot but be the same.
    """

    model: Apart
    sampling: Apart | None

    @property
    def shown(self) -> Apart:
        """The distributions that can differ: `sampling` where it is given."""
        return self.model if self.sampling is None else self.sampling


@dataclass(frozen=True)
class Scores:
    """A reply under the model that wrote it, and under the other one reading its own message."""

    own: Score
    other: Score


@dataclass(frozen=True)
class Comparison:
    """Two replies, left and right. `along` is None where the tokenizers differ.

    Probabilities over different pieces cannot be compared step by step; then the blocks are of
    words, and the other side's score is that of the reply's text as its own tokenizer cuts it.
    """

    blocks: tuple[Block, ...]
    along: tuple[Along, Along] | None  # the left reply, then the right one
    scores: tuple[Scores, Scores]
    alike: bool  # one model, which reads the same source on both sides

    @property
    def parting(self) -> tuple[int, int] | None:
        """The first steps, left and right, that differ; None if the replies are the same.

        A reply that is over by then has as many steps as its number says.
        """
        for block in self.blocks:
            if block.kind != "equal":
                return block.left.start, block.right.start
        return None


@torch.inference_mode()
def compare(left: Side, right: Side) -> Comparison:
    """Align two replies and measure how far apart the two sides are along each of them.

    Each side is a checkpoint with its trace, and always reads the source of that trace. Along a
    reply the other side is forced through its pieces (teacher forcing, one decoder call). Raises
    ValueError for a trace of another checkpoint, or one without steps.
    """
    for checkpoint, trace in (left, right):
        check_same(checkpoint, trace)
        if not trace.steps:
            raise ValueError("a trace has no steps; compare replies that have begun")
    if left[0].tokenizer.model_proto != right[0].tokenizer.model_proto:
        return Comparison(
            blocks=tuple(align(_words(left[1]), _words(right[1]), single=True)),
            along=None,
            scores=(_scores(left, right, None), _scores(right, left, None)),
            alike=False,
        )
    alike = left[0].sha256 == right[0].sha256 and left[1].source == right[1].source
    along = (_along(left, right, alike), _along(right, left, alike))
    return Comparison(
        blocks=tuple(align(_pieces(left[1]), _pieces(right[1]))),
        along=along,
        scores=(_scores(left, right, along[0]), _scores(right, left, along[1])),
        alike=alike,
    )


Unit = tuple[str, range]  # a piece or a word, and its steps


def align(left: Sequence[Unit], right: Sequence[Unit], *, single: bool = False) -> Iterator[Block]:
    """The blocks of two replies in order, which together hold every step of both.

    What both begin with is one run; behind it, the longest common runs are matched first (Ratcliff
    & Metzener 1988, as in Python's difflib). `single` gives each equal unit a block of its own.
    """
    pairs = zip(left, right, strict=False)
    shared = next((k for k, (a, b) in enumerate(pairs) if a[0] != b[0]), min(len(left), len(right)))
    one, two = ([text for text, _ in units[shared:]] for units in (left, right))
    runs: list[tuple[str, int, int, int, int]] = [("equal", 0, shared, 0, shared)]
    for tag, *ends in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        a, b, c, d = (shared + at for at in ends)
        runs.append((tag, a, b, c, d))
    for kind, a, b, c, d in runs:
        if kind == "equal" and single:
            for (_, steps), (_, others) in zip(left[a:b], right[c:d], strict=True):
                yield Block("equal", steps, others)
        elif a < b or c < d:
            yield Block(_KINDS[kind], _steps(left, a, b), _steps(right, c, d))


def _steps(units: Sequence[Unit], start: int, stop: int) -> range:
    """The steps of the units from start to stop; an empty range where there are none."""
    begin = units[start][1].start if start < len(units) else units[-1][1].stop
    return range(begin, units[stop - 1][1].stop if stop > start else begin)


def _pieces(trace: Trace) -> list[Unit]:
    return [(step.piece, range(t, t + 1)) for t, step in enumerate(trace.steps)]


def _words(trace: Trace) -> list[Unit]:
    """The words with the steps that write them; the end piece is a word of its own."""
    begins = [
        t
        for t, step in enumerate(trace.steps)
        if t == 0 or step.id == EOS_ID or step.piece.startswith(SPACE)
    ]
    units = []
    for start, stop in zip(begins, [*begins[1:], len(trace.steps)], strict=True):
        text = "".join(step.text for step in trace.steps[start:stop]).strip()
        end = trace.steps[start].id == EOS_ID
        units.append((trace.steps[start].piece if end else text, range(start, stop)))
    return units


def _along(own: Side, other: Side, alike: bool) -> Along:
    checkpoint, trace = own
    logits = kept_logits(checkpoint, trace)  # (T, V)
    others = logits if alike else forced_logits(*other, trace.ids)
    model = apart(logits.log_softmax(dim=-1), others.log_softmax(dim=-1))
    if not alike:
        return Along(model, None)
    written = [trace.ids[:t] for t in range(len(trace.ids))]
    drawn = [
        sampling_logits(logits, written, options, checkpoint.tokenizer.never_written)
        for options in (trace.options, other[1].options)
    ]
    return Along(model, apart(*(one.log_softmax(dim=-1) for one in drawn)))


@torch.inference_mode()
def forced_logits(checkpoint: Checkpoint, trace: Trace, ids: Sequence[int]) -> Tensor:
    """The model's logits (T, V), in float64, where it reads the trace's source and writes these T.

    Raises ValueError if there are no ids.
    """
    if not ids:
        raise ValueError("ids is empty; a reply to be forced through has at least one piece")
    encoded = encoded_of(checkpoint, trace)
    fed = torch.tensor([[SOS_ID, *ids[:-1]]])  # (1, T)
    features, _, _ = checkpoint.runner.decoder.states(fed, encoded.hidden, encoded)
    logits: Tensor = checkpoint.runner.decoder.fc_out(features)  # (1, T, V)
    return logits[0].double()


def apart(own: Tensor, other: Tensor) -> Apart:
    """How far apart these distributions are; own and other (T, V) are natural logarithms."""
    middle = torch.logaddexp(own, other) - math.log(2)
    shannon = (_relative_entropy(own, middle) + _relative_entropy(other, middle)) / 2
    kl = _relative_entropy(own, other).clamp(min=0.0)  # rounding may go below
    return Apart(own, other, kl, shannon.clamp(0.0, 1.0))


def _relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """Bits (T,) of p relative to q, both (T, V) natural logarithms; what p forbids adds nothing."""
    terms = p.exp() * (p - q)
    return terms.masked_fill(torch.isneginf(p), 0.0).sum(dim=-1) / math.log(2)


def _scores(own: Side, other: Side, along: Along | None) -> Scores:
    """The other side's score is of the same pieces, or of its own where the tokenizers differ."""
    trace = own[1]
    ids, nats = list(trace.ids), 0.0
    if along is None:
        ids = other[0].tokenizer.encode(trace.reply) + ids[-1:] * (ids[-1] == EOS_ID)
    if ids:
        logprobs = along.model.other if along else forced_logits(*other, ids).log_softmax(dim=-1)
        nats = -float(logprobs.gather(1, torch.tensor(ids).unsqueeze(1)).sum())
    # UTF-8, one for the reply's end if it has ended; at least 1, to be divided by.
    count = max(1, len(trace.reply.encode()) + (trace.ids[-1] == EOS_ID))
    return Scores(Score(-trace.logprob, len(trace.ids), count), Score(nats, len(ids), count))
