"""The learning curve as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seq2seq.files import write_atomically


def draw_curve(history: Sequence[dict[str, Any]], path: Path, validated_on: str) -> None:
    """Draw training and validation loss (nats a piece) over target pieces seen, as PNG.

    `validated_on` is the legend's word for what validation scored.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    millions = [point["pieces"] / 1e6 for point in history]
    axes.plot(
        millions, [point["train_loss"] for point in history], label="training", color="#0072B2"
    )
    axes.plot(
        millions,
        [point["valid_loss"] for point in history],
        label=validated_on,
        color="#D55E00",
        linestyle="--",
        marker="o",
        markersize=3,
    )
    axes.set_xlabel("reply pieces seen (millions)")
    axes.set_ylabel("loss (nats a piece)")
    axes.grid(alpha=0.3)
    axes.legend()
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())
