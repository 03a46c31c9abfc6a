"""A checkpoint folder: config.json, model.safetensors, tokenizer.model and what describes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from seq2seq.compact import CompactSeq2Seq, Runner
from seq2seq.config import ModelConfig
from seq2seq.files import sha256_of, write_atomically
from seq2seq.int8 import usable
from seq2seq.model import Seq2Seq, build_model
from seq2seq.tokenizer import TOKENS, Tokenizer

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.model"
METRICS, CARD, CURVE = "metrics.json", "README.md", "learning_curve.png"
FORMAT = 1
PRECISIONS = ("auto", "int8", "fp32")


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to run, with the tokenizer that it was trained with."""

    folder: Path
    config: ModelConfig
    model: Seq2Seq
    tokenizer: Tokenizer
    sha256: str  # of the weights file
    metrics: dict[str, Any]
    card: str
    compact: CompactSeq2Seq | None = None  # the same model on 8-bit weights

    @property
    def runner(self) -> Runner:
        """What replies are made with: the model, or where it was asked for its compact form."""
        return self.compact or self.model

    @property
    def precision(self) -> str:
        """How replies are computed: `int8` or `fp32`."""
        return "fp32" if self.compact is None else "int8"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name


def weights_of(model: Seq2Seq, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
    """Its parameters by name, a tied one only once; floating point ones as `dtype` if given."""
    named = {name: p.detach() for name, p in model.named_parameters(remove_duplicate=True)}
    return {
        name: p.to(device="cpu", dtype=dtype or p.dtype).contiguous() for name, p in named.items()
    }


def save_weights(folder: Path, model: Seq2Seq, config: ModelConfig, tokenizer: Tokenizer) -> None:
    """Write what is needed to run the model, the weights last and in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / TOKENIZER, tokenizer.model_proto)
    described = {"format": FORMAT, "model": config.to_dict(), "tokens": TOKENS}
    write_json(folder / CONFIG, described)
    write_atomically(folder / WEIGHTS, save(weights_of(model, torch.float16)))


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people and machines, atomically."""
    write_atomically(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises FileNotFoundError or ValueError, naming the file."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; a checkpoint folder holds {path.name}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def load_checkpoint(
    folder: Path | str, device: torch.device | str = "cpu", precision: str = "fp32"
) -> Checkpoint:
    """Read a checkpoint folder into a float32 model in evaluation mode.

    precision says how replies are computed: `fp32`, `int8`, or `auto`, which is `int8` where the
    processor multiplies bytes fast and exactly (`seq2seq.compact`). Raises ValueError where it is
    asked for and cannot be.

    Raises FileNotFoundError for a missing folder or file, ValueError for one that does not fit
    the others; both name the file. Nothing in the folder is executed.
    """
    in_bytes = _in_bytes(precision, torch.device(device))
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no checkpoint folder {folder}; train one with: "
            f"python -m seq2seq train --corpus FILE --out {folder}"
        )
    config = read_config(folder)
    tokenizer = Tokenizer.load(folder / TOKENIZER)
    if tokenizer.vocab_size != config.vocab_size:
        raise ValueError(
            f"{folder / TOKENIZER} has {tokenizer.vocab_size} pieces and {folder / CONFIG} says "
            f"{config.vocab_size}: these files are of different checkpoints"
        )
    weights = _read_weights(folder / WEIGHTS)
    with torch.device("meta"):  # nothing is allocated for sizes that the weights do not have
        check_weights(build_model(config, TOKENS, "meta"), weights, folder / WEIGHTS)
    model = build_model(config, TOKENS, device)
    load_weights(model, weights)
    card = folder / CARD
    return Checkpoint(
        folder=folder,
        config=config,
        model=model.eval(),
        tokenizer=tokenizer,
        sha256=sha256_of(folder / WEIGHTS),
        metrics=_read_metrics(folder / METRICS),
        card=card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        compact=CompactSeq2Seq(model) if in_bytes else None,
    )


def _in_bytes(precision: str, device: torch.device) -> bool:
    """Whether replies are computed with 8-bit weights."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be one of {', '.join(PRECISIONS)}")
    if precision == "fp32":
        return False
    possible = device.type == "cpu" and usable()
    if precision == "int8" and not possible:
        raise ValueError(
            "precision is 'int8'; this processor (or this build of PyTorch) has no exact products "
            "of bytes: use 'fp32', or 'auto', which takes what there is"
        )
    return possible


def load_weights(model: Seq2Seq, weights: dict[str, Tensor]) -> None:
    """Copy weights that `check_weights` let pass into the model."""
    with torch.no_grad():
        for name, parameter in model.named_parameters(remove_duplicate=True):
            parameter.copy_(weights[name])


def check_weights(model: Seq2Seq, weights: dict[str, Tensor], path: Path) -> None:
    """Raise ValueError if names, shapes or values do not fit the model."""
    expected = dict(model.named_parameters(remove_duplicate=True))
    for name in sorted(expected.keys() ^ weights.keys()):
        problem = "lacks" if name in expected else "has an unexpected"
        raise ValueError(f"{path} {problem} tensor {name!r}: it belongs to another config.json")
    for name, parameter in expected.items():
        if parameter.shape != weights[name].shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(weights[name].shape)}, config.json makes it "
                f"{tuple(parameter.shape)}"
            )
        if not bool(torch.isfinite(weights[name]).all()):
            raise ValueError(f"{path}: {name} holds a value that is not a number")


def _read_metrics(path: Path) -> dict[str, Any]:
    metrics = read_json(path) if path.is_file() else {}
    if not isinstance(metrics, dict):
        raise ValueError(f"{path} holds a {type(metrics).__name__}; it must be an object")
    return metrics


def read_config(folder: Path) -> ModelConfig:
    """A checkpoint's sizes. Raises FileNotFoundError or ValueError, naming the file."""
    path = folder / CONFIG
    described = read_json(path)
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        found = described.get("format") if isinstance(described, dict) else described
        raise ValueError(f"{path} has format {found!r}; this version reads format {FORMAT}")
    if described.get("tokens") != TOKENS:
        raise ValueError(f"{path}: tokens are {described.get('tokens')}; they must be {TOKENS}")
    try:
        return ModelConfig.from_dict(described.get("model", {}))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _read_weights(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; a checkpoint holds {WEIGHTS}")
    try:
        return load_file(path)
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
