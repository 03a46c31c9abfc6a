"""From logits to choice: what each filter did to the pieces that a step weighed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.checkpoint import Checkpoint
from seq2seq.decoding import cumulative_bar
from seq2seq.filters import FORBIDDEN, Stage, stages
from seq2seq.inspection.kept import kept_logits
from seq2seq.trace import Trace


@dataclass(frozen=True)
class Weighed:
    """One piece at one step: its logit, what became of it, and its place on the cumulative bar."""

    id: int
    piece: str
    logit: float
    after: tuple[float | None, ...]  # its logit after each stage; None once it is forbidden
    cut_by: str | None  # the stage that forbade it
    probability: float
    sampling_probability: float
    span: tuple[float, float] | None  # on the bar from 0 to 1; None where it is forbidden


@dataclass(frozen=True)
class Cut:
    """What one stage forbade at one step: how many pieces, with what raw probability in all."""

    stage: str
    pieces: int
    mass: float


@dataclass(frozen=True)
class Choice:
    """One step from logits to choice. `draw` is the random number, None where none was used."""

    step: int
    stages: tuple[str, ...]
    weighed: tuple[Weighed, ...]  # the step's candidates, then the chosen piece if it is none
    cuts: tuple[Cut, ...]
    allowed: int  # pieces left to choose from
    draw: float | None


@dataclass(frozen=True)
class _Tables:
    """What all steps of a reply have in common, each tensor over T steps and V pieces."""

    logits: Tensor  # (T, V)
    probabilities: Tensor  # (T, V)
    stages: tuple[Stage, ...]  # (T, V) each
    sampling: Tensor  # (T, V)
    ends: Tensor  # (T, V), where each piece ends on the bar, in the bar's order
    places: Tensor  # (T, V), each piece's place in the bar's order


@torch.inference_mode()
def choices(checkpoint: Checkpoint, trace: Trace) -> list[Choice]:
    """Every step of a reply from logits to choice.

    Nothing but the output layer is run again. Raises as `kept_logits` does.
    """
    tables = _tables(checkpoint, trace)
    names = tuple(stage.name for stage in tables.stages)
    found = []
    for t, step in enumerate(trace.steps):
        pieces = {candidate.id: candidate.piece for candidate in step.candidates}
        pieces.setdefault(step.id, step.piece)
        found.append(
            Choice(
                step=t,
                stages=names,
                weighed=tuple(_weighed(tables, t, pieces)),
                cuts=tuple(_cuts(tables, t)),
                allowed=int((tables.sampling[t] > 0).sum()),
                draw=step.draw,
            )
        )
    return found


def _tables(checkpoint: Checkpoint, trace: Trace) -> _Tables:
    logits = kept_logits(checkpoint, trace)
    written = [trace.ids[:t] for t in range(len(trace.steps))]
    never = checkpoint.tokenizer.never_written
    passed = tuple(stages(logits, written, trace.options, never))
    sampling = passed[-1].logits.softmax(dim=-1)
    ends, order = cumulative_bar(sampling)
    return _Tables(logits, logits.softmax(dim=-1), passed, sampling, ends, order.argsort(dim=-1))


def _weighed(tables: _Tables, t: int, pieces: dict[int, str]) -> Iterator[Weighed]:
    """These pieces at step t, likeliest first."""
    ids = torch.tensor(list(pieces))  # (K,)
    after = torch.stack([stage.logits[t, ids] for stage in tables.stages], dim=1).tolist()
    ends = tables.ends[t, tables.places[t, ids]].tolist()
    columns = zip(
        pieces.items(),
        tables.logits[t, ids].tolist(),
        tables.probabilities[t, ids].tolist(),
        tables.sampling[t, ids].tolist(),
        after,
        ends,
        strict=True,
    )
    for (id, piece), logit, probability, sampling, values, end in columns:
        cut = next((k for k, value in enumerate(values) if value == FORBIDDEN), None)
        # The last resort alone may allow again what another filter had forbidden.
        cut = cut if values[-1] == FORBIDDEN else None
        yield Weighed(
            id=id,
            piece=piece,
            logit=logit,
            after=tuple(None if value == FORBIDDEN else value for value in values),
            cut_by=None if cut is None else tables.stages[cut].name,
            probability=probability,
            sampling_probability=sampling,
            span=(max(end - sampling, 0.0), end) if sampling > 0 else None,
        )


def _cuts(tables: _Tables, t: int) -> Iterator[Cut]:
    """What each stage forbade at step t that was not forbidden before."""
    before = torch.ones_like(tables.logits[t], dtype=torch.bool)  # (V,)
    for stage in tables.stages:
        allowed = ~torch.isneginf(stage.logits[t])
        lost = before & ~allowed
        if bool(lost.any()):
            yield Cut(stage.name, int(lost.sum()), float(tables.probabilities[t, lost].sum()))
        before = allowed
