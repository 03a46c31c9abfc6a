"""The learning curve of a training run as an inline SVG that takes its colour from the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 86, 14, 40
NOTHING_HELD_BACK = "the training pairs themselves (too few to hold any back)"

Point = tuple[float, float]


def learning_curve(history: Sequence[Mapping[str, Any]], *, held_out: bool = True) -> str:
    """An SVG of training and held-out loss by step; '' where fewer than two points are known.

    Without `held_out` it says that validation used the training pairs.
    """
    checked = "held out" if held_out else "same pairs"
    series = {"training": _points(history, "train_loss"), checked: _points(history, "valid_loss")}
    known = [point for points in series.values() for point in points]
    if max(len(points) for points in series.values()) < 2:
        return ""
    steps, losses = [x for x, _ in known], [y for _, y in known]
    right = max(steps) or 1.0
    low, high = math.floor(min(losses) * 2) / 2, math.ceil(max(losses) * 2) / 2
    high = high if high > low else low + 0.5

    def place(point: Point) -> Point:
        x = LEFT + (WIDTH - LEFT - RIGHT) * point[0] / right
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (point[1] - low) / (high - low)
        return round(x, 1), round(y, 1)

    title = f"Learning curve: loss from step 0 to {right:,.0f}, between {low:g} and {high:g} nats"
    below = "training steps" + ("" if held_out else f"; checked on {NOTHING_HELD_BACK}")
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
            f' aria-label="{title}" fill="none" stroke="currentColor" font-size="12"',
            ' font-family="inherit">',
            *_axes(low, high, right, place),
            _label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, below, "middle"),
            *_lines(series, place),
            "</svg>",
        ]
    )


def _points(history: Sequence[Mapping[str, Any]], key: str) -> list[Point]:
    points = []
    for row in history:
        if not isinstance(row, Mapping):
            continue
        step, loss = row.get("step"), row.get(key)
        if isinstance(step, int | float) and isinstance(loss, int | float) and math.isfinite(loss):
            points.append((float(step), float(loss)))
    return points


def _axes(low: float, high: float, right: float, place: Any) -> list[str]:
    out = []
    for tick in range(5):
        loss = low + (high - low) * tick / 4
        _, y = place((0.0, loss))
        out.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" opacity=".18"/>')
        out.append(_label(LEFT - 6, y + 4, f"{loss:.2f}", "end"))
    for tick in range(3):
        step = right * tick / 2
        x, _ = place((step, low))
        out.append(_label(x, HEIGHT - BOTTOM + 16, f"{step:,.0f}", "middle"))
    return out


def _lines(series: Mapping[str, Sequence[Point]], place: Any) -> list[str]:
    """The lines, each named at its end and told apart by dashes, not by colour alone."""
    out = []
    ends = sorted((place(points[-1])[1], name) for name, points in series.items() if points)
    for name, points in series.items():
        path = "L".join(f"{x} {y}" for x, y in map(place, points))
        dash = ' stroke-dasharray="4 3" opacity=".75"' if name == "training" else ""
        if points:
            out.append(f'<path d="M{path}" stroke-width="2"{dash} stroke-linejoin="round"/>')
    free = HEIGHT - BOTTOM + 4.0
    for y, name in reversed(ends):
        free = min(y + 4, free)
        out.append(_label(WIDTH - RIGHT + 8, free, name, "start"))
        free -= 14
    return out


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        f' fill="currentColor" stroke="none">{text}</text>'
    )
