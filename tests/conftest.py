"""Fixtures of all tests: tiny chatbots, really trained, once a session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_talk import write_cast, write_pairs

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models gain nothing from two


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small model that knows the small talk."""
    folder = tmp_path_factory.mktemp("tiny")
    return _trained(write_pairs(folder / "pairs.csv"), folder / "tiny")


@pytest.fixture(scope="session")
def cast_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small model with two personalities, friendly and witty."""
    folder = tmp_path_factory.mktemp("cast")
    return _trained(write_cast(folder / "cast.csv"), folder / "cast", ("friendly", "witty"))


def _trained(corpus: Path, out: Path, personalities: tuple[str, ...] = ()) -> Path:
    from seq2seq.config import ModelConfig, TrainingConfig
    from seq2seq.training import RunSettings, train

    model = ModelConfig(
        vocab_size=420,
        emb_dim=32,
        hidden_dim=64,
        n_layers=2,
        dropout=0.0,
        personalities=personalities,
    )
    training = TrainingConfig(
        corpora=(str(corpus),),
        epochs=60,
        batch_pieces=300,
        optimizer="adamw",
        learning_rate=0.01,
        precision="fp32",
        validate_every=100,
        save_every=1000,
        patience=100,
    )
    train(RunSettings(training, model), out, say=lambda text: None)
    return out
