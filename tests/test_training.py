"""A training run in this process: what it writes, keeps, refuses and reports."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from small_talk import write_pairs
from test_corpora_upstream import local_files

from seq2seq import Chatbot
from seq2seq.config import ModelConfig, TrainingConfig
from seq2seq.scoring import score_pairs
from seq2seq.training import InterruptedRunError, RunSettings, resume, train
from seq2seq.training.run import DivergedError, TrainingRun
from seq2seq.training.schedule import rate_share
from seq2seq.training.setup import pick_precision, prepare
from seq2seq.training.state import states

MODEL = ModelConfig(vocab_size=400, emb_dim=8, hidden_dim=12, n_layers=1, dropout=0.1)


def quiet(text: str) -> None:
    """Say nothing."""


def settings(folder: Path, model: ModelConfig = MODEL, **changes: Any) -> RunSettings:
    """A run of a few small steps on a few pairs."""
    corpus = folder / "pairs.csv"
    if not corpus.exists():
        write_pairs(corpus, copies=6)
    values: dict[str, Any] = {
        "corpora": (str(corpus),),
        "epochs": 2,
        "batch_pieces": 200,
        "precision": "fp32",
        "validate_every": 4,
        "save_every": 3,
    }
    return RunSettings(TrainingConfig(**{**values, **changes}), model)


def test_a_run_leaves_a_checkpoint_that_answers_and_describes_itself(tmp_path: Path) -> None:
    metrics = train(settings(tmp_path), tmp_path / "out", quiet)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "config.json", "model.safetensors", "tokenizer.model", "metrics.json", "README.md",
        "learning_curve.png",
    }  # fmt: skip
    bot = Chatbot.from_pretrained(tmp_path / "out")
    assert bot.metrics == json.loads(json.dumps(metrics))
    assert bot.reply("hello").finish_reason in {"eos", "length"}
    assert (tmp_path / "out/learning_curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_weights_kept_are_those_of_the_best_validation(tmp_path: Path) -> None:
    # A rate this high soon makes things worse, so that the last validation is not the best.
    run = settings(
        tmp_path, learning_rate=5.0, final_lr_ratio=1.0, epochs=6, validate_every=1, patience=100
    )
    metrics = train(run, tmp_path / "out", quiet)
    losses = [point["valid_loss"] for point in metrics["history"]]
    assert metrics["best"]["valid_loss"] == min(losses) < losses[-1]
    run.save(tmp_path / "again")
    material = prepare(run, tmp_path / "again", quiet)
    model = Chatbot.from_pretrained(tmp_path / "out").checkpoint.model
    kept = score_pairs(model, material.valid.table).loss
    assert kept == pytest.approx(min(losses), rel=2e-3)  # rounded to float16


def test_a_run_that_gets_no_better_stops_early(tmp_path: Path) -> None:
    run = settings(
        tmp_path, learning_rate=5.0, final_lr_ratio=1.0, epochs=50, validate_every=1, patience=3
    )
    metrics = train(run, tmp_path / "out", quiet)
    assert "no better" in metrics["finished"]
    best = [point["step"] for point in metrics["history"]].index(metrics["best"]["step"])
    assert len(metrics["history"]) - 1 - best == 3


@pytest.mark.parametrize(
    "model",
    [
        dataclasses.replace(MODEL, attention="dot"),
        dataclasses.replace(MODEL, attention="general", bidirectional=True),
        dataclasses.replace(MODEL, attention="additive", n_layers=2),
        dataclasses.replace(MODEL, tie_embeddings=True),
        dataclasses.replace(MODEL, context_turns=2),
    ],
)
def test_every_model_option_trains_and_answers_from_its_checkpoint(
    tmp_path: Path, model: ModelConfig
) -> None:
    train(settings(tmp_path, model, epochs=0.5), tmp_path / "out", quiet)
    bot = Chatbot.from_pretrained(tmp_path / "out")
    assert dataclasses.replace(bot.config, vocab_size=MODEL.vocab_size) == model
    trace = bot.reply("hello", history=["hi", "hello there"])
    assert (trace.steps[0].attention is None) == (model.attention == "none")
    assert sum(piece.piece == "<turn>" for piece in trace.source) == model.context_turns


@pytest.mark.parametrize(
    "change",
    [
        {"teacher_force_ratio": 0.5},
        {"label_smoothing": 0.1},
        {"precision": "bf16"},
        {"optimizer": "adamw"},
        {"average": 0.8},
        {"word_dropout": 0.1},
        {"sampling_alpha": 0.3},
    ],
)
def test_every_run_option_lowers_the_loss(tmp_path: Path, change: dict[str, Any]) -> None:
    run = settings(tmp_path, epochs=12, learning_rate=0.02, validate_every=5, **change)
    history = train(run, tmp_path / "out", quiet)["history"]
    assert history[-1]["valid_loss"] < history[0]["valid_loss"] - 0.2


def test_named_corpora_are_credited_with_their_licences(tmp_path: Path) -> None:
    for name, content in local_files().items():
        path = tmp_path / "corpora" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    run = settings(tmp_path, corpora=("synthetic_persona_chat:2", "self_dialogue"), epochs=0.5)
    run = dataclasses.replace(run, corpus_dir=str(tmp_path / "corpora"))
    metrics = train(run, tmp_path / "out", quiet)
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "CC-BY-4.0" in card
    assert "BSD-3-Clause" in card
    assert str(tmp_path) not in card + json.dumps(metrics)
    assert metrics["data"]["corpora"]["self_dialogue"]["pairs_kept"] > 0


def test_a_taken_folder_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    train(settings(tmp_path), tmp_path / "out", quiet)
    before = (tmp_path / "out/model.safetensors").read_bytes()
    with pytest.raises(ValueError, match="there already"):
        train(settings(tmp_path), tmp_path / "out", quiet)
    assert (tmp_path / "out/model.safetensors").read_bytes() == before


def test_a_run_that_never_saved_leaves_nothing_to_the_next_in_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown corpus"):
        train(settings(tmp_path, corpora=("nowhere",)), tmp_path / "out", quiet)
    (tmp_path / "out/resume").mkdir(parents=True, exist_ok=True)
    (tmp_path / "out/resume/tokenizer.model").write_bytes(b"of other data")
    train(settings(tmp_path), tmp_path / "out", quiet)
    assert Chatbot.from_pretrained(tmp_path / "out").reply("hello").steps


def test_resuming_without_a_run_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"seq2seq train --corpus"):
        resume(tmp_path, quiet)


def test_resuming_a_finished_run_says_so(tmp_path: Path) -> None:
    train(settings(tmp_path, epochs=0.5), tmp_path / "out", quiet)
    with pytest.raises(ValueError, match="is finished"):
        resume(tmp_path / "out", quiet)


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "bf16"},
        {"teacher_force_ratio": 0.5},
        {"optimizer": "adamw"},
        {"average": 0.8},
        {"word_dropout": 0.2, "sampling_alpha": 0.3},
    ],
)
def test_a_stopped_run_goes_on_exactly(tmp_path: Path, change: dict[str, Any]) -> None:
    alone = train(settings(tmp_path, **change), tmp_path / "alone", quiet)
    stop_after(settings(tmp_path, **change), tmp_path / "out", steps=7)
    assert resume(tmp_path / "out", quiet)["weights_sha256"] == alone["weights_sha256"]


def test_weights_lost_between_state_and_file_are_written_again(tmp_path: Path) -> None:
    # Stopped right at a better validation, with the weights of an older one on disk.
    stop_after(settings(tmp_path, save_every=1000), tmp_path / "out", steps=4)
    weights = tmp_path / "out/model.safetensors"
    kept = weights.read_bytes()
    weights.write_bytes(b"older")
    run = TrainingRun(RunSettings.load(tmp_path / "out"), tmp_path / "out", quiet)
    run.restore()
    assert run.progress.best["step"] == run.progress.step == 4
    assert weights.read_bytes() == kept


def test_minutes_alone_set_no_limit_of_epochs(tmp_path: Path) -> None:
    run = settings(tmp_path, epochs=None, max_minutes=0.05, patience=1000)
    metrics = train(run, tmp_path / "out", quiet)
    assert metrics["history"][-1]["epoch"] > 10


def test_what_could_not_be_held_back_is_not_called_held_out(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("message,reply\nhello,hi\n", encoding="utf-8")
    run = settings(tmp_path, corpora=(str(tmp_path / "few.csv"),))
    assert train(run, tmp_path / "out", quiet)["data"]["held_out_from"] == "train"
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "on the training pairs themselves" in card
    assert "neither was trained on" not in card


def test_resuming_on_changed_data_is_refused(tmp_path: Path) -> None:
    stop_after(settings(tmp_path), tmp_path / "out", steps=4)
    write_pairs(tmp_path / "pairs.csv", copies=5)
    with pytest.raises(ValueError, match="other data"):
        resume(tmp_path / "out", quiet)


def test_a_corrupt_state_falls_back_to_the_one_before(tmp_path: Path) -> None:
    alone = train(settings(tmp_path), tmp_path / "alone", quiet)
    stop_after(settings(tmp_path), tmp_path / "out", steps=8)
    newest, before = states(tmp_path / "out/resume")
    newest.write_bytes(newest.read_bytes()[:1000])
    said: list[str] = []
    resumed = resume(tmp_path / "out", said.append)
    assert any("cannot be read" in text for text in said)
    assert any(before.name in text for text in said)
    assert resumed["weights_sha256"] == alone["weights_sha256"]


def test_what_a_killed_save_left_behind_is_removed(tmp_path: Path) -> None:
    stop_after(settings(tmp_path), tmp_path / "out", steps=4)
    left = tmp_path / "out/resume/.state-000000006.safetensors.1.partial"
    left.write_bytes(b"half of a state")
    resume(tmp_path / "out", quiet)
    assert not left.exists()


def test_a_loss_that_is_not_a_number_ends_the_run_and_keeps_the_best(tmp_path: Path) -> None:
    settings(tmp_path).save(tmp_path / "out")
    run = TrainingRun(settings(tmp_path), tmp_path / "out", quiet)
    run._validate(0.0)
    best = (tmp_path / "out/model.safetensors").read_bytes()
    with torch.no_grad():
        run.model.decoder.fc_out.bias[0] = float("nan")
    with pytest.raises(DivergedError, match="not a number at step"):
        run.run()
    assert (tmp_path / "out/model.safetensors").read_bytes() == best


def test_the_rate_rises_then_falls_to_its_final_share() -> None:
    config = TrainingConfig(corpora=("x",), warmup=0.1, learning_rate=1.0, final_lr_ratio=0.05)
    rates = [rate_share(config, i / 1000) for i in range(1001)]
    peak = rates.index(max(rates))
    assert peak == 100
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.05)


def test_the_precision_asked_for_is_used_and_auto_picks_one() -> None:
    cpu = torch.device("cpu")
    assert pick_precision("fp32", cpu) == "fp32"
    assert pick_precision("bf16", cpu) == "bf16"
    assert pick_precision("auto", cpu) in {"fp32", "bf16"}


def stop_after(run: RunSettings, out: Path, steps: int) -> None:
    """Start a run and ask it to stop, as Ctrl-C does, once it has made so many steps."""
    run.save(out)
    running = TrainingRun(run, out, quiet)
    step = running._step

    def counted(*arguments: Any) -> None:
        step(*arguments)
        if running.progress.step == steps:
            running._stop.set()

    running._step = counted  # type: ignore[method-assign]
    with pytest.raises(InterruptedRunError, match=r"--resume"):
        running.run()
