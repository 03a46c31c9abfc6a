"""Pictures of a checkpoint's figures as PNG: learning curve, calibration, reply lengths."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.files import write_atomically
from seq2seq.scoring import Bin

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two colours of Okabe and Ito's palette, which colour-blind people can tell apart.
_FIRST, _SECOND = "#0072B2", "#D55E00"


def draw_curve(history: Sequence[dict[str, Any]], path: Path, validated_on: str) -> None:
    """Draw training and validation loss (nats a piece) over target pieces seen.

    `validated_on` is the legend's word for what validation scored.
    """
    figure, axes = _figure("reply pieces seen (millions)", "loss (nats a piece)")
    millions = [point["pieces"] / 1e6 for point in history]
    axes.plot(millions, [point["train_loss"] for point in history], label="training", color=_FIRST)
    axes.plot(
        millions,
        [point["valid_loss"] for point in history],
        label=validated_on,
        color=_SECOND,
        linestyle="--",
        marker="o",
        markersize=3,
    )
    axes.legend()
    _write(figure, path)


def draw_calibration(bins: Sequence[Bin], path: Path) -> None:
    """Draw how often the likeliest piece was right over how probable it was said to be."""
    figure, axes = _figure("probability of the likeliest piece", "share of them that were right")
    known = [found for found in bins if found.count]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1, label="perfectly calibrated")
    axes.plot(
        [found.probability for found in known],
        [found.right for found in known],
        color=_FIRST,
        marker="o",
        label="this model",
    )
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    _write(figure, path)


def draw_lengths(own: Sequence[int], wanted: Sequence[int], path: Path) -> None:
    """Draw how many pieces the bot's replies have, and those of the pairs, end piece counted."""
    figure, axes = _figure("pieces, the end token's included", "share of replies")
    edges = range(1, max([*own, *wanted, 1]) + 2)
    for lengths, label, colour in ((wanted, "the pairs'", _SECOND), (own, "the bot's", _FIRST)):
        weights = [1 / len(lengths)] * len(lengths)
        axes.hist(lengths, edges, weights=weights, histtype="step", color=colour, label=label)
    axes.legend()
    _write(figure, path)


def _figure(x: str, y: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _write(figure: Figure, path: Path) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())
