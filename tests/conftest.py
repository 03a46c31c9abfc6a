"""Fixtures of all tests: a tiny chatbot, really trained, once a session."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models gain nothing from two

PAIRS = [
    ("hello", "Hi there! How are you today?"),
    ("how are you?", "I'm doing well, thank you."),
    ("what is your name?", "I'm a little chatbot."),
    ("tell me a joke", "A penguin walks into a bar."),
    ("do you like music?", "Yes, I like music a lot."),
    ("i am feeling sad today", "I'm sorry to hear that."),
    ("what is your favorite movie?", "I like old movies best."),
    ("are you a robot?", "I'm a bot, and happy to be one."),
    ("what should i eat for dinner?", "Soup is always good."),
    ("goodbye", "See you soon!"),
]


def write_pairs(path: Path, copies: int = 8) -> Path:
    """A CSV of small talk: each of PAIRS in several phrasings."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "reply"])
        for copy in range(copies):
            for message, reply in PAIRS:
                writer.writerow([message + " please" * copy, reply])
    return path


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small model that knows PAIRS."""
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
