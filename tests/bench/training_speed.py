"""Training speed against the tutorial's own loop: same sizes, same batch, same process.

python tests/bench/training_speed.py [--rounds N] prints target pieces a second, medians of
alternating rounds, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from seq2seq.config import ModelConfig
from seq2seq.loss import reply_loss
from seq2seq.model import Seq2Seq, build_model
from seq2seq.tokenizer import TOKENS
from seq2seq.training.memory import keep_freed_memory
from seq2seq.training.setup import pick_precision

ROWS, SOURCE, TARGET = 160, 14, 15  # a batch of the English corpora, about 2,400 target pieces


def per_step_loss(model: Seq2Seq, src: Tensor, trg: Tensor) -> Tensor:
    """The tutorial's loop: one decoder call a step; its softmax goes to the loss as log."""
    _, hidden = model.encoder(src)
    current = trg[:, 0]
    outputs = torch.zeros(src.size(0), trg.size(1), model.trg_vocab_size)
    for t in range(1, trg.size(1)):
        output, hidden = model.decoder(current, hidden)
        outputs[:, t, :] = output
        current = trg[:, t]
    flat = outputs[:, 1:].reshape(-1, model.trg_vocab_size)
    return F.nll_loss(torch.log(flat + 1e-12), trg[:, 1:].reshape(-1))


def ours(precision: str) -> Callable[[Seq2Seq, Tensor, Tensor], Tensor]:
    """The package's loss, in the precision that training picks here."""

    def loss(model: Seq2Seq, src: Tensor, trg: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            total, count = reply_loss(model, src, trg)
        return total / count

    return loss


def step_seconds(
    loss: Callable[[Seq2Seq, Tensor, Tensor], Tensor],
    model: Seq2Seq,
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor],
) -> float:
    """The time of one whole training step."""
    started = time.perf_counter()
    loss(model, *batch).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    keep_freed_memory()
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=8000)
    src = torch.randint(10, config.vocab_size, (ROWS, SOURCE))
    trg = torch.randint(10, config.vocab_size, (ROWS, TARGET + 1))
    trg[:, 0], trg[:, -1] = TOKENS["sos_token"], TOKENS["eos_token"]
    precision = pick_precision("auto", torch.device("cpu"))
    contenders = {"tutorial's loop, fp32": per_step_loss, f"ours, {precision}": ours(precision)}
    runs = {}
    for name, loss in contenders.items():
        model = build_model(config, TOKENS)
        runs[name] = (loss, model, torch.optim.AdamW(model.parameters(), fused=True))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 2):
        for name, (loss, model, optimizer) in runs.items():
            seconds = step_seconds(loss, model, optimizer, (src, trg))
            if number >= 2:
                times[name].append(seconds)
    speeds = {name: ROWS * TARGET / statistics.median(taken) for name, taken in times.items()}
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {rounds} rounds")
    for name, speed in speeds.items():
        print(f"{name:24} {speed:8,.0f} target pieces/s")
    tutorial, package = speeds.values()
    print(f"ratio {package / tutorial:.2f}")


if __name__ == "__main__":
    main()
