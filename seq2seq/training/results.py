"""What a run leaves beside its weights: metrics.json, the learning curve and the model card."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seq2seq.checkpoint import CARD, CURVE, METRICS, WEIGHTS, read_json, write_json
from seq2seq.corpora import corpus_info, parse_choice
from seq2seq.files import sha256_of, write_atomically
from seq2seq.pictures import draw_curve
from seq2seq.training.card import model_card
from seq2seq.training.command import evaluation_commands, training_command
from seq2seq.training.setup import Material, RunSettings
from seq2seq.training.state import Progress


def write_results(
    out: Path,
    settings: RunSettings,
    material: Material,
    progress: Progress,
    test: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write metrics.json, learning_curve.png and README.md, and give the metrics."""
    metrics: dict[str, Any] = {
        "history": progress.history,
        "best": progress.best,
        "finished": progress.finished,
        "test": test or {},
        "data": material.report,
        "languages": _languages(settings.training.corpora),
        "commands": {
            "train": training_command(settings, f"checkpoints/{out.resolve().name}"),
            "evaluate": evaluation_commands(settings, f"checkpoints/{out.resolve().name}"),
        },
        "settings": {
            **settings.training.to_dict(),
            "corpora": [_public_name(item) for item in settings.training.corpora],
            "start_from": _public_name(settings.training.start_from or "") or None,
        },
        "model": material.config.to_dict(),
        "weights_sha256": sha256_of(out / WEIGHTS),
        "machine": _machine(),
    }
    if settings.training.start_from:
        metrics["started_from"] = _start(Path(settings.training.start_from))
    write_json(out / METRICS, metrics)
    held_out = material.report["held_out_from"] != "train"
    draw_curve(
        progress.history, out / CURVE, "held out" if held_out else "same pairs, scored again"
    )
    write_atomically(out / CARD, model_card(out.resolve().name, metrics))
    return metrics


def _start(folder: Path) -> dict[str, Any]:
    """The checkpoint that a run began with: its name, its hash and what is known of its run."""
    known = read_json(folder / METRICS) if (folder / METRICS).is_file() else {}
    return {
        "name": folder.resolve().name,
        "weights_sha256": sha256_of(folder / WEIGHTS),
        "command": known.get("commands", {}).get("train"),
        "pieces": (known.get("history") or [{}])[-1].get("pieces"),
        "started_from": known.get("started_from"),
    }


def _languages(corpora: Sequence[str]) -> list[str]:
    """The languages of the named corpora, as ISO 639 codes."""
    infos = [corpus_info(parse_choice(item).name) for item in corpora]
    return sorted({language for info in infos if info for language in info.languages})


def _public_name(item: str) -> str:
    """A corpus item or a checkpoint without the folders of this machine."""
    return Path(item).name


def _machine() -> dict[str, Any]:
    """Where the run ran, so far as its figures depend on it."""
    on_gpu = torch.cuda.is_available()
    return {
        "device": torch.cuda.get_device_name() if on_gpu else platform.machine() + " CPU",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
