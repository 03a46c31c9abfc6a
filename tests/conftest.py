"""Fixtures of all tests: a tiny chatbot, really trained, once a session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_talk import write_pairs

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models gain nothing from two


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small model that knows the small talk."""
    from seq2seq.config import ModelConfig, TrainingConfig
    from seq2seq.training import RunSettings, train

    folder = tmp_path_factory.mktemp("tiny")
    pairs = write_pairs(folder / "pairs.csv")
    model = ModelConfig(vocab_size=420, emb_dim=32, hidden_dim=64, n_layers=2, dropout=0.0)
    training = TrainingConfig(
        corpora=(str(pairs),),
        epochs=60,
        batch_pieces=300,
        learning_rate=0.01,
        precision="fp32",
        validate_every=100,
        save_every=1000,
        patience=100,
    )
    out = folder / "tiny"
    train(RunSettings(training, model), out, say=lambda text: None)
    return out
