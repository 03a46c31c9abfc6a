"""A training run as a process of its own, killed or interrupted, and gone on with."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_talk import write_pairs

ROOT = Path(__file__).resolve().parent.parent
SIZES = ["--vocab-size", "400", "--emb-dim", "16", "--hidden-dim", "24", "--batch-pieces", "100"]
RUN = ["--epochs", "12", "--save-every", "2", "--validate-every", "5", "--precision", "fp32"]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start `python -m seq2seq train` with these arguments, one thread of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "seq2seq", "train", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a run's end and give what it printed."""
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    return output


def wait_for_states(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the run has saved a state of at least this step."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        saved = sorted(folder.glob("resume/state-*.safetensors"))
        if saved and int(saved[-1].stem.split("-")[1]) >= count:
            return
        time.sleep(0.01)
    pytest.fail(f"no state of step {count}: {process.stdout.read() if process.stdout else ''}")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was left alone, beside its corpus."""
    folder = tmp_path_factory.mktemp("killed")
    write_pairs(folder / "pairs.csv", copies=6)
    finish(start("--corpus", folder / "pairs.csv", "--out", folder / "alone", *SIZES, *RUN))
    return folder / "alone"


def test_a_run_killed_twice_ends_with_the_same_weights_bit_for_bit(alone: Path) -> None:
    out = alone.parent / "killed"
    process = start("--corpus", alone.parent / "pairs.csv", "--out", out, *SIZES, *RUN)
    for at_least in (4, 20):
        wait_for_states(out, at_least, process)
        time.sleep(random.random() * 0.2)  # anywhere in a step, a save or a validation
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
        process = start("--resume", out)
    assert "going on at step" in finish(process)
    assert (out / "model.safetensors").read_bytes() == (alone / "model.safetensors").read_bytes()
    assert not list(out.rglob("*.partial"))


def test_ctrl_c_saves_and_says_how_to_go_on(alone: Path) -> None:
    out = alone.parent / "interrupted"
    process = start("--corpus", alone.parent / "pairs.csv", "--out", out, *SIZES, *RUN)
    wait_for_states(out, 2, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"python -m seq2seq train --resume {out}" in output
    assert "Traceback" not in output
    finish(start("--resume", out))
    assert (out / "model.safetensors").read_bytes() == (alone / "model.safetensors").read_bytes()
