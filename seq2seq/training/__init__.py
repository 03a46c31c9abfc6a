"""Training a Seq2Seq on dialogues, from the corpora to a checkpoint folder: `train`, `resume`."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from seq2seq.checkpoint import (
    METRICS,
    TOKENIZER,
    WEIGHTS,
    Checkpoint,
    load_checkpoint,
    load_weights,
    weights_of,
)
from seq2seq.config import CHANGEABLE
from seq2seq.files import remove_partials, write_atomically
from seq2seq.training.run import InterruptedRunError, TrainingRun
from seq2seq.training.setup import RESUME_FOLDER, RunSettings, pick_precision
from seq2seq.training.state import states


def train(settings: RunSettings, out: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Start a run that writes its checkpoint to `out`, and give its metrics.

    Raises ValueError if the folder holds a checkpoint or an unfinished run already.
    """
    for taken in (out / WEIGHTS, out / METRICS, *states(out / RESUME_FOLDER)):
        if taken.exists():
            raise ValueError(
                f"{taken} is there already; choose another --out, or go on with "
                f"--resume {out}, or delete the folder"
            )
    start = _start(settings)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = pick_precision(settings.training.precision, device)
    settings = dataclasses.replace(
        settings, training=dataclasses.replace(settings.training, precision=precision)
    )
    # What a run left that was stopped before its first saved state is of no use to this one.
    shutil.rmtree(out / RESUME_FOLDER, ignore_errors=True)
    settings.save(out)
    if start is None:
        return TrainingRun(settings, out, say).run()
    write_atomically(out / RESUME_FOLDER / TOKENIZER, start.tokenizer.model_proto)
    run = TrainingRun(settings, out, say)
    load_weights(run.model, weights_of(start.model))
    say(f"the weights begin as those of {start.folder}")
    return run.run()


def _start(settings: RunSettings) -> Checkpoint | None:
    """The checkpoint that the run begins with, if any. Raises ValueError for other sizes."""
    if settings.training.start_from is None:
        return None
    start = load_checkpoint(settings.training.start_from)
    wanted, found = settings.model.to_dict(), start.config.to_dict()
    for name in wanted.keys() - set(CHANGEABLE):
        if wanted[name] != found[name]:
            raise ValueError(
                f"{name} is {wanted[name]!r}; the weights in {start.folder} have {found[name]!r}"
            )
    return start


def resume(out: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Go on with the run in `out` exactly where its newest state was saved."""
    settings = RunSettings.load(out)
    remove_partials(out)
    run = TrainingRun(settings, out, say)
    run.restore()
    return run.run()


__all__ = ["InterruptedRunError", "RunSettings", "resume", "train"]
