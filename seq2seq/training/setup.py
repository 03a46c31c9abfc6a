"""Everything a run needs before its first step, made from its settings alone."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seq2seq.checkpoint import METRICS, TOKENIZER, read_json, write_json
from seq2seq.config import ModelConfig, TrainingConfig, check_range
from seq2seq.corpora import Mixture, load_mixture, parse_choice
from seq2seq.files import write_atomically
from seq2seq.tokenizer import SMALLEST_VOCABULARY, Tokenizer
from seq2seq.training.data import Split, fingerprint, make_split, train_tokenizer, variation

RUN_FILE = "run.json"
RESUME_FOLDER = "resume"  # of a checkpoint folder: settings and saved states of its training


@dataclass(frozen=True)
class RunSettings:
    """One run as `run.json` keeps it, so that --resume needs the folder alone."""

    training: TrainingConfig
    model: ModelConfig
    corpus_dir: str | None = None
    base_url: str | None = None

    def save(self, out: Path) -> None:
        """Write `resume/run.json` under the checkpoint folder."""
        (out / RESUME_FOLDER).mkdir(parents=True, exist_ok=True)
        write_json(
            out / RESUME_FOLDER / RUN_FILE,
            {
                "training": self.training.to_dict(),
                "model": self.model.to_dict(),
                "corpus_dir": self.corpus_dir,
                "base_url": self.base_url,
            },
        )

    @classmethod
    def load(cls, out: Path) -> RunSettings:
        """Read them back. Raises FileNotFoundError or ValueError, saying how to start a run."""
        path = out / RESUME_FOLDER / RUN_FILE
        if not path.is_file() and (out / METRICS).is_file():
            raise ValueError(f"the run in {out} is finished; train anew with another --out")
        if not path.is_file():
            raise FileNotFoundError(
                f"no run to resume in {out}; start one with: "
                f"python -m seq2seq train --corpus NAME --out {out}"
            )
        values = read_json(path)
        try:
            return cls(
                TrainingConfig.from_dict(values["training"]),
                ModelConfig.from_dict(values["model"]),
                values["corpus_dir"],
                values["base_url"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a run's settings: {error}") from error


@dataclass(frozen=True)
class Material:
    """What a run learns from."""

    config: ModelConfig  # with the vocabulary's true size
    tokenizer: Tokenizer
    train: Split
    valid: Split
    test: Split
    fingerprint: str
    report: dict[str, Any]  # of the data: counts by split, what cleaning dropped and why


def prepare(settings: RunSettings, out: Path, say: Any = print) -> Material:
    """Load the corpora, learn the pieces (or read those already learned), make the tables."""
    check_range("vocab_size", settings.model.vocab_size, SMALLEST_VOCABULARY + 1, 1_000_000)
    mixture = load_mixture(
        [parse_choice(item) for item in settings.training.corpora],
        Path(settings.corpus_dir) if settings.corpus_dir else None,
        base_url=settings.base_url,
        personalities=settings.training.personalities or None,
        max_history=settings.model.context_turns,
    )
    say(mixture.cleaning.summary())
    return tabulate(settings, mixture, _tokenizer(settings, mixture, out), say)


def tabulate(
    settings: RunSettings, mixture: Mixture, tokenizer: Tokenizer, say: Any = print
) -> Material:
    """The material of a run on this mixture, cut into this tokenizer's pieces."""
    started = time.monotonic()
    config = dataclasses.replace(settings.model, vocab_size=tokenizer.vocab_size)
    vary = variation(config, settings.training.seed)
    longest, alpha = settings.training.max_target, settings.training.sampling_alpha
    reader = tokenizer.sampling(alpha, settings.training.seed) if alpha else None
    train, left_out = make_split(mixture, "train", tokenizer, config, longest, vary, reader)
    if not train.pairs:
        raise ValueError("no training pair is left; see above what cleaning dropped, and why")
    valid, _ = make_split(mixture, "valid", tokenizer, config)
    test, _ = make_split(mixture, "test", tokenizer, config)
    pairs = {"train": len(train.pairs), "valid": len(valid.pairs), "test": len(test.pairs)}
    report = {
        "corpora": mixture.cleaning.to_dict(),
        "pairs": pairs,
        "train_replies_too_long": left_out,
        "train_reply_pieces": int(train.table.reply_lengths.sum()) + len(train.pairs),
        "held_out_from": "train" if not valid.pairs else "valid",
    }
    say(
        f"{pairs['train']:,} training pairs ({left_out:,} with replies over "
        f"{settings.training.max_target} pieces left out), {pairs['valid']:,} for validation, "
        f"{pairs['test']:,} for the test; {tokenizer.vocab_size:,} pieces; "
        f"as ids after {time.monotonic() - started:.0f} s"
    )
    if not valid.pairs:
        say("too few pairs to hold any back: validation uses the training pairs themselves")
        valid = train
    return Material(
        config,
        tokenizer,
        train,
        valid,
        test,
        fingerprint(train.table, train.weights),
        report,
    )


def _tokenizer(settings: RunSettings, mixture: Mixture, out: Path) -> Tokenizer:
    """The run's tokenizer: the one it learned already, or else learned now and kept."""
    path = out / RESUME_FOLDER / TOKENIZER
    if path.is_file():
        return Tokenizer.load(path)
    size, seed = settings.model.vocab_size, settings.training.seed
    tokenizer = train_tokenizer(mixture, settings.model, size, seed)
    write_atomically(path, tokenizer.model_proto)
    return tokenizer


def pick_precision(wanted: str, device: torch.device) -> str:
    """`fp32` or `bf16`: the one wanted, or with `auto` the one whose products are faster here."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if _seconds(torch.bfloat16) < 0.8 * _seconds(torch.float32) else "fp32"


def _seconds(dtype: torch.dtype) -> float:
    """The least of five times that a matrix product of a training step's size takes."""
    left, right = torch.ones(512, 512, dtype=dtype), torch.ones(512, 2048, dtype=dtype)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - started)
    return min(times)
