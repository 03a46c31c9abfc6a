"""Leave-one-out: how a reply's probabilities change when one piece of the message is left out.

The method is erasure: Li, Monroe & Jurafsky 2016, "Understanding Neural Networks through
Representation Erasure", https://arxiv.org/abs/1612.08220. Set beside attention it shows how far
attention may be read as an explanation, on which see Jain & Wallace 2019,
https://arxiv.org/abs/1902.10186, and Wiegreffe & Pinter 2019, https://arxiv.org/abs/1908.04626.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.batching import pad_sources
from seq2seq.checkpoint import Checkpoint
from seq2seq.compact import Runner
from seq2seq.model import Encoded
from seq2seq.trace import Trace

# Logits held at once: a long message and reply would otherwise ask for hundreds of megabytes.
_LOGITS_AT_ONCE = 8_000_000


@dataclass(frozen=True)
class LeaveOneOut:
    """What each source piece did for each of the reply's pieces.

    All of it is the model's own (softmax of its logits at temperature 1) for the reply's pieces,
    whatever they were chosen by. `drop` is what the chosen piece loses in log-probability where a
    source piece is left out, in bits: positive where the source piece spoke for it, negative where
    it spoke against it. `likeliest` are the ids that would have come first instead.
    """

    base: Tensor  # (T,), probabilities with the whole message
    without: Tensor  # (S, T), probabilities without each source piece
    drop: Tensor  # (S, T), bits
    likeliest: Tensor  # (S, T), ids
    attention: Tensor | None  # (T, S), with the whole message; None without attention

    @property
    def totals(self) -> Tensor:
        """What the whole reply loses without each source piece: (S,), bits."""
        return self.drop.sum(dim=1)


@dataclass(frozen=True)
class Agreement:
    """How alike attention and leave-one-out order the source pieces.

    `tau` is Kendall's, from -1 to 1, a mean over the steps where it is defined; `chance` is what
    a single step of unrelated orders exceeds, up or down, about once in twenty.
    """

    tau: float
    steps: int
    pieces: int
    chance: float


def explain(checkpoint: Checkpoint, trace: Trace) -> LeaveOneOut:
    """Leave each piece out of what the encoder read for this reply, which may still be growing.

    Raises ValueError for a trace of another checkpoint, or one without any step.
    """
    if trace.sha256 != checkpoint.sha256:
        raise ValueError(
            f"the trace is of the weights {trace.sha256[:8]} ({trace.checkpoint}), the checkpoint "
            f"{checkpoint.name} has {checkpoint.sha256[:8]}: give the checkpoint that wrote it"
        )
    return leave_one_out(checkpoint.runner, [piece.id for piece in trace.source], trace.ids)


@torch.inference_mode()
def leave_one_out(model: Runner, source: Sequence[int], reply: Sequence[int]) -> LeaveOneOut:
    """Leave each of the S ids of source out, and force the reply's T ids.

    One encoder call and one decoder call for all S + 1 variants; source ends with the end piece,
    reply may. The model is in evaluation mode. Without its only piece there is nothing to read: a
    context vector of zeros, where every encoder starts, and nothing to attend to. Raises
    ValueError if either is empty.
    """
    for name, ids in (("source", source), ("reply", reply)):
        if not ids:
            raise ValueError(f"the {name} has no piece; leaving one out needs at least one")
    variants = [list(source)]
    variants += [[*source[:left_out], *source[left_out + 1 :]] for left_out in range(len(source))]
    encoded = _read(model, variants)
    fed = torch.tensor([[model.sos_token, *reply[:-1]]], device=model.device)  # (1, T)
    fed = fed.expand(len(variants), -1)  # (S + 1, T)
    states, _, weights = model.decoder.states(fed, encoded.hidden, encoded)
    logprobs, likeliest = _judge(model, states, torch.tensor(list(reply), device=model.device))
    probabilities = logprobs.exp()
    return LeaveOneOut(
        base=probabilities[0],
        without=probabilities[1:],
        drop=(logprobs[0] - logprobs[1:]) / math.log(2),
        likeliest=likeliest[1:],
        attention=None if weights is None else weights[0],
    )


def _read(model: Runner, sources: Sequence[Sequence[int]]) -> Encoded:
    """The sources (B rows, some perhaps empty) as one batch; what was read of nothing is zero."""
    read = torch.tensor([len(source) > 0 for source in sources], device=model.device)  # (B,)
    hidden, memory, mask = model.encode(pad_sources(sources).long().to(model.device))
    return Encoded(hidden * read[None, :, None], memory * read[:, None, None], mask)


def _judge(model: Runner, states: Tensor, reply: Tensor) -> tuple[Tensor, Tensor]:
    """The log-probabilities (B, T) of reply (T,), and the likeliest ids (B, T), in each row.

    states (B, T, H, or E if tied) are the decoder's features.
    """
    rows = max(1, _LOGITS_AT_ONCE // (len(reply) * model.decoder.output_dim))
    found, best = [], []
    for start in range(0, len(states), rows):
        block = states[start : start + rows]
        logits = model.decoder.fc_out(block).float()  # (b, T, V)
        chosen = reply.expand(len(block), -1).unsqueeze(2)  # (b, T, 1)
        found.append(logits.gather(2, chosen).squeeze(2) - logits.logsumexp(dim=2))
        best.append(logits.argmax(dim=2))
    return torch.cat(found), torch.cat(best)


def agreement(attention: Tensor, drop: Tensor) -> Agreement | None:
    """Compare attention (T, S) with the size of drop (S, T), step by step, as Jain & Wallace do.

    The size, since attention has no sign: a piece that speaks against a choice is looked at too.
    None below three pieces, and where no step tells one piece from another.
    """
    pieces = attention.size(1)
    taus = kendall_tau(attention, drop.abs().T)  # (T,)
    defined = taus[~taus.isnan()]
    if pieces < 3 or not len(defined):
        return None
    # The variance of tau between unrelated orders (Kendall 1938, "A New Measure of Rank
    # Correlation", Biometrika 30); of a normal distribution 1 in 20 lies beyond 1.96 of its roots.
    deviation = math.sqrt(2 * (2 * pieces + 5) / (9 * pieces * (pieces - 1)))
    return Agreement(float(defined.mean()), len(defined), pieces, min(1.96 * deviation, 1.0))


def kendall_tau(left: Tensor, right: Tensor) -> Tensor:
    """Kendall's tau-b (B,) between the rows of left and right (B, N), ties accounted for.

    NaN where all of a row's values are equal. Kendall 1945, "The Treatment of Ties in Ranking
    Problems", Biometrika 33.
    """
    signs = [(row.unsqueeze(2) - row.unsqueeze(1)).sign().double() for row in (left, right)]
    agreeing = (signs[0] * signs[1]).sum(dim=(1, 2))
    ordered = [sign.abs().sum(dim=(1, 2)) for sign in signs]  # (B,) each, pairs without a tie
    return agreeing / (ordered[0] * ordered[1]).sqrt()
