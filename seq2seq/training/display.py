"""What a run tells while it goes: its progress bar, and a line for each validation."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from seq2seq.training.state import Progress


def progress_bar() -> tqdm[Any]:
    """A bar of a thousand parts of the budget."""
    shape = "{percentage:5.1f}% |{bar:20}| {desc}"
    often = 0.2 if sys.stderr.isatty() else 30.0  # seconds; a log file needs few lines
    return tqdm(total=1000, bar_format=shape, mininterval=often, maxinterval=often)


def show_progress(bar: tqdm[Any], now: Progress, used: float) -> None:
    """Move the bar to `used`, the share of the budget, with loss, speed and time left."""
    speed = now.pieces / max(1e-9, now.seconds)
    left = now.seconds * (1 - used) / max(1e-9, used) / 60
    last = now.history[-1]["train_loss"] if now.history else 0.0
    loss = now.window_loss / now.window_pieces if now.window_pieces else last
    bar.set_description_str(
        f"step {now.step:,}  loss {loss:.3f}  {speed:,.0f} pieces/s  {left:.1f} min left",
        refresh=False,
    )
    bar.update(round(used * 1000, 3) - bar.n)


def advance(bar: tqdm[Any], count: int) -> None:
    """Move a bar by so many pairs."""
    bar.update(count)


def validation_line(point: dict[str, Any], better: bool, split: str) -> str:
    """A validation on pairs of this split as one line."""
    scored = "training pairs scored again" if split == "train" else "held out"
    return (
        f"step {point['step']:,}: training loss {point['train_loss']:.3f}, {scored} "
        f"{point['valid_loss']:.3f} (perplexity {point['valid_perplexity']:.1f}, "
        f"{point['valid_bits_per_byte']:.3f} bits a byte){' - best' if better else ''}"
    )
