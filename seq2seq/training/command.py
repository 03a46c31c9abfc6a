"""The command lines that make a run and its test figures again, from the run's settings."""

from __future__ import annotations

import shlex
from pathlib import Path

from seq2seq.config import CHANGEABLE, PERSONALITIES, VOCAB_SIZE, ModelConfig, TrainingConfig
from seq2seq.corpora import parse_choice
from seq2seq.training.setup import RunSettings

_USUAL = {**ModelConfig(VOCAB_SIZE).to_dict(), **TrainingConfig(("-",)).to_dict()}


def training_command(settings: RunSettings, out: str) -> str:
    """`python -m seq2seq train …` with every option that is not at its default.

    Folders of this machine are left out: a corpus file is named without its own.
    """
    training, model = settings.training.to_dict(), settings.model.to_dict()
    words = ["python", "-m", "seq2seq", "train"]
    for item in training.pop("corpora"):
        words += ["--corpus", Path(item).name]
    words += _personalities(settings)
    del training["personalities"], model["personalities"]
    if start := training.pop("start_from"):
        words += ["--start-from", f"checkpoints/{Path(start).resolve().name}"]
        model = {name: model[name] for name in (*CHANGEABLE, "lowercase_message")}
    if not model.pop("lowercase_message") and not start:
        words.append("--keep-case")
    usual = dict(_USUAL)
    if training["max_minutes"] is not None:
        usual["epochs"] = None
    for name, value in {**model, **training}.items():
        if value != usual[name]:
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, f"{value}"]
    return shlex.join([*words, "--out", out])


def evaluation_commands(settings: RunSettings, out: str) -> list[str]:
    """The commands that write the test split's pairs and evaluate the checkpoint on them."""
    words = ["python", "-m", "seq2seq", "pairs"]
    for item in settings.training.corpora:
        words += ["--corpus", Path(parse_choice(item).name).name]
    words += _personalities(settings)
    if settings.model.context_turns:
        words += ["--context-turns", str(settings.model.context_turns)]
    return [
        shlex.join([*words, "--split", "test", "--out", "pairs.jsonl"]),
        shlex.join(
            ["python", "-m", "seq2seq", "evaluate", "--checkpoint", out, "--pairs", "pairs.jsonl"]
        ),
    ]


def _personalities(settings: RunSettings) -> list[str]:
    """The flags that choose these personalities."""
    chosen = settings.training.personalities
    if chosen == _USUAL["personalities"]:
        return []
    names = ("all",) if chosen == PERSONALITIES else chosen
    return [word for name in names for word in ("--personality", name)]
