"""A run that begins with another checkpoint's weights, pieces and sizes."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from pathlib import Path

import pytest
import torch
from test_training import MODEL, quiet, settings

from seq2seq import Chatbot
from seq2seq.checkpoint import load_checkpoint, weights_of
from seq2seq.commands.train import _settings, add_arguments
from seq2seq.config import ModelConfig
from seq2seq.training import RunSettings, resume, train
from seq2seq.training.run import InterruptedRunError, TrainingRun


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that a run made."""
    folder = tmp_path_factory.mktemp("start")
    train(settings(folder), folder / "parent", quiet)
    return folder / "parent"


def of_flags(*flags: str) -> RunSettings:
    """The settings that these flags of the command make."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return _settings(parser.parse_args([*flags, "--out", "anywhere"]))


def going_on(parent: Path, **changes: object) -> RunSettings:
    """The parent's run once more, from its weights."""
    model = load_checkpoint(parent).config
    return settings(parent.parent, model, start_from=str(parent), **changes)


def test_it_begins_with_the_weights_and_the_pieces(parent: Path, tmp_path: Path) -> None:
    # A rate of almost nothing leaves the weights where they began.
    still = {"learning_rate": 1e-30, "matrix_learning_rate": 1e-30, "weight_decay": 0.0}
    train(going_on(parent, **still), tmp_path / "child", quiet)
    old, new = load_checkpoint(parent), load_checkpoint(tmp_path / "child")
    assert new.tokenizer.model_proto == old.tokenizer.model_proto
    for name, weight in weights_of(old.model).items():
        torch.testing.assert_close(weights_of(new.model)[name], weight, atol=1e-3, rtol=0)


def test_it_goes_on_learning(parent: Path, tmp_path: Path) -> None:
    metrics = train(going_on(parent, epochs=4), tmp_path / "child", quiet)
    before = Chatbot.from_pretrained(parent).metrics
    assert metrics["best"]["valid_loss"] < before["best"]["valid_loss"]
    start = metrics["started_from"]
    assert start["weights_sha256"] == before["weights_sha256"]
    assert start["command"] == before["commands"]["train"]
    card = (tmp_path / "child" / "README.md").read_text()
    assert card.index(start["command"]) < card.index(metrics["commands"]["train"])
    assert str(parent.parent) not in card


def test_a_stopped_one_goes_on_from_its_own_state(
    parent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(going_on(parent), tmp_path / "whole", quiet)
    saving = TrainingRun._save_if_due

    def stop_at_five(run: TrainingRun) -> None:
        if run.progress.step == 5:
            run._stop.set()
        saving(run)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "_save_if_due", stop_at_five)
        with pytest.raises(InterruptedRunError):
            train(going_on(parent), tmp_path / "cut", quiet)
    again = resume(tmp_path / "cut", quiet)
    assert again["best"]["valid_loss"] == whole["best"]["valid_loss"]


def test_the_command_takes_its_sizes_and_makes_them_again(parent: Path) -> None:
    found = of_flags("--corpus", "x.csv", "--start-from", str(parent), "--dropout", "0.4")
    assert found.model == dataclasses.replace(load_checkpoint(parent).config, dropout=0.4)
    assert found.training.start_from == str(parent)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--hidden-dim", "64"), "leave out --hidden-dim"),
        (("--bidirectional",), "leave out --bidirectional"),
        (("--keep-case",), "leave out --keep-case"),
        (("--personality", "all"), "leave out --personality"),
    ],
)
def test_what_the_weights_fix_cannot_be_told(
    parent: Path, flags: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        of_flags("--corpus", "x.csv", "--start-from", str(parent), *flags)


def test_a_start_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        of_flags("--corpus", "x.csv", "--start-from", nowhere)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        train(settings(tmp_path, start_from=nowhere), tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_sizes_of_another_model_are_refused(parent: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(load_checkpoint(parent).config, hidden_dim=20)
    with pytest.raises(ValueError, match="hidden_dim"):
        train(settings(tmp_path, other, start_from=str(parent)), tmp_path / "out", quiet)
    assert not (tmp_path / "out").exists()


def test_the_cards_command_names_the_start(parent: Path, tmp_path: Path) -> None:
    metrics = train(going_on(parent, epochs=1), tmp_path / "child", quiet)
    words = shlex.split(metrics["commands"]["train"])
    assert words[words.index("--start-from") + 1] == "checkpoints/parent"
    assert "--hidden-dim" not in words
    assert ModelConfig.from_dict(metrics["model"]).hidden_dim == MODEL.hidden_dim
