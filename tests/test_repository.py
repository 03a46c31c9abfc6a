"""What the repository promises: pins, sizes, imports, and a shipped checkpoint that works."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seq2seq import Chatbot, DecodingOptions
from seq2seq.config import ModelConfig
from seq2seq.files import sha256_of

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/config.json"))
CODE = [ROOT / "app.py", *sorted((ROOT / "seq2seq").rglob("*.py"))]


def front_matter() -> dict[str, str]:
    _, block, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return dict(line.split(": ", 1) for line in block.strip().splitlines())


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_space_runs_the_pinned_gradio_and_the_files_it_names() -> None:
    space = front_matter()
    assert space["sdk"] == "gradio"
    assert space["sdk_version"] == pins()["gradio"]
    assert (ROOT / space["app_file"]).is_file()
    assert len(space["short_description"]) <= 60


def test_every_requirement_is_pinned() -> None:
    assert {"torch", "gradio", "sentencepiece", "datasets"} <= pins().keys()


def test_no_file_is_a_pickle_or_over_25_mb() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert files
    for file in files:
        assert file.stat().st_size <= 25_000_000, file
        assert file.suffix not in {".pt", ".pth", ".pkl", ".bin", ".ckpt"}, file


def test_each_heavy_package_has_one_user() -> None:
    users = {"gradio": set(), "datasets": set(), "sentencepiece": set(), "accelerate": set()}
    for path in CODE:
        for name in imported(path):
            top = name.split(".")[0]
            if top in users:
                users[top].add(path.relative_to(ROOT).parts[:2])
    assert users == {
        "gradio": {("app.py",), ("seq2seq", "page")},
        "datasets": {("seq2seq", "corpora")},
        "sentencepiece": {("seq2seq", "tokenizer.py")},
        "accelerate": {("seq2seq", "training")},
    }


def test_serving_imports_nothing_that_only_training_needs() -> None:
    script = (
        "import sys, app; unwanted = {'datasets', 'accelerate', 'sacrebleu', 'matplotlib'};"
        "print(sorted(unwanted & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip().splitlines()[-1] == "[]"


def test_importing_the_package_prints_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import seq2seq"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout + run.stderr == ""


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_checkpoint_answers_and_is_described(folder: Path) -> None:
    bot = Chatbot.from_pretrained(folder)
    assert bot.metrics["weights_sha256"] == bot.sha256 == sha256_of(folder / "model.safetensors")
    assert ModelConfig.from_dict(bot.metrics["model"]) == bot.config
    assert "## Data and licences" in bot.card
    trace = bot.reply("hello")
    assert trace.finish_reason == "eos"
    assert trace.reply.strip()
    again = bot.reply(
        "hello", DecodingOptions.from_dict(json.loads(json.dumps(trace.options.to_dict())))
    )
    assert again.ids == trace.ids


def test_an_english_checkpoint_is_shipped() -> None:
    assert ROOT / "checkpoints/en" in SHIPPED
