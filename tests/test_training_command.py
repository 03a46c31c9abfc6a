"""The command in a model card: it makes the same settings again."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

import pytest

from seq2seq.commands.train import _settings, add_arguments
from seq2seq.config import PERSONALITIES, VOCAB_SIZE, ModelConfig, TrainingConfig
from seq2seq.training import RunSettings
from seq2seq.training.command import training_command


@pytest.mark.parametrize(
    ("model", "training"),
    [
        ({}, {"epochs": 10.0}),
        ({}, {"max_minutes": 62.5}),
        ({"vocab_size": 8000, "tie_embeddings": True, "hidden_dim": 704}, {"epochs": 2.0}),
        ({"attention": "dot", "bidirectional": True, "context_turns": 2}, {"epochs": 2.0}),
        (
            {"lowercase_message": False, "dropout": 0.25, "max_source": 32, "encoder_dropout": 0.5},
            {"epochs": 1.5},
        ),
        ({}, {"epochs": 3.0, "max_minutes": 9.0, "seed": 7, "precision": "bf16"}),
        ({}, {"epochs": 1.0, "learning_rate": 1e-05, "optimizer": "adamw", "average": 0.999}),
        ({"personalities": PERSONALITIES}, {"epochs": 1.0, "personalities": PERSONALITIES}),
        (
            {"personalities": ("friendly", "witty")},
            {"epochs": 1.0, "personalities": ("friendly", "witty")},
        ),
        ({}, {"epochs": 1.0, "personalities": ("caring",)}),
        ({}, {"epochs": 1.0, "corpora": ("self_dialogue", "byu_chitchat:0.7", "my own.csv:3")}),
    ],
)
def test_the_command_makes_the_settings_again(
    model: dict[str, Any], training: dict[str, Any]
) -> None:
    settings = RunSettings(
        TrainingConfig(**{"corpora": ("topical_chat",), **training}),
        ModelConfig(**{"vocab_size": VOCAB_SIZE, **model}),
    )
    words = shlex.split(training_command(settings, "checkpoints/x"))
    assert words[:4] == ["python", "-m", "seq2seq", "train"]
    assert words[-2:] == ["--out", "checkpoints/x"]
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert _settings(parser.parse_args(words[4:])) == settings


def test_folders_of_this_machine_stay_out_of_it() -> None:
    training = TrainingConfig(corpora=("/home/me/secret/mine.csv:2",))
    command = training_command(RunSettings(training, ModelConfig(VOCAB_SIZE)), "checkpoints/x")
    assert "--corpus mine.csv:2" in command
    assert "secret" not in command
