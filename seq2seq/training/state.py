"""The saved state of a run: everything that going on exactly needs, one file a save."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from seq2seq.checkpoint import load_weights, weights_of
from seq2seq.files import write_atomically
from seq2seq.model import Seq2Seq
from seq2seq.training.averaging import Shown
from seq2seq.training.optimizer import Optimizer

KEPT = 2  # the newest state, and the one before in case it cannot be read


@dataclass
class Progress:
    """Where a run stands."""

    step: int = 0
    epoch: int = 0
    batch: int = 0  # of this epoch: how many are done
    pieces: int = 0  # target pieces seen
    seconds: float = 0.0  # trained so far, over all parts of the run
    window_loss: float = 0.0  # nats, since the last validation
    window_pieces: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    worse: int = 0  # validations since the best one
    finished: str = ""  # why the run is over; empty while it is not


def save_state(
    folder: Path,
    progress: Progress,
    shown: Shown,
    optimizer: Optimizer,
    fingerprint: str,
) -> Path:
    """Write the state atomically, then delete all but the newest two."""
    tensors = {f"optimizer.{name}": tensor for name, tensor in optimizer.tensors().items()}
    for name, model in _models(shown).items():
        tensors |= {f"{name}.{key}": value for key, value in weights_of(model).items()}
    tensors["random"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random_cuda"] = torch.cuda.get_rng_state()
    described = json.dumps({"progress": asdict(progress), "data": fingerprint})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"state-{progress.step:09d}.safetensors"
    write_atomically(path, save(tensors, metadata={"state": described}))
    for old in states(folder)[KEPT:]:
        old.unlink()
    return path


def states(folder: Path) -> list[Path]:
    """The saved states of a run, newest first."""
    return sorted(folder.glob("state-*.safetensors"), reverse=True)


def load_state(path: Path, shown: Shown, optimizer: Optimizer, fingerprint: str) -> Progress:
    """Put models, optimizer and random numbers back as they were saved, and give the progress.

    Raises ValueError if the file cannot be read, or if the training data are not the same.
    """
    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if described["data"] != fingerprint:
        raise ValueError(
            f"{path} was saved while training on other data: the corpora have changed since. "
            "Put them back, or start a new run with another --out"
        )
    for name, model in _models(shown).items():
        load_weights(model, _below(name, tensors))
    optimizer.load(_below("optimizer", tensors))
    torch.set_rng_state(tensors["random"])
    if "random_cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random_cuda"])
    progress = Progress(**described["progress"])
    shown.restored(progress.step)
    return progress


def _models(shown: Shown) -> dict[str, Seq2Seq]:
    """The models whose weights a state holds, by the name that they have there."""
    models = {"model": shown.own}
    return models if shown.model is shown.own else {**models, "average": shown.model}


def _below(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with this one and a dot, without it."""
    start = name + "."
    return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
