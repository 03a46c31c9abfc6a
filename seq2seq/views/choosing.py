"""From logits to choice as the text of one view: each step's stages, what they cut, the choice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.choosing import Choice, Cut, Weighed, choices
from seq2seq.options import DecodingOptions
from seq2seq.trace import Step, Trace
from seq2seq.views.wording import Words, words

Span = tuple[float, float]

_NO_COLUMN = ("never_written", "last_resort")  # told in words, where they did something
_NONE = 1e-9  # less is what adding up many probabilities leaves
_REWEIGHING = ("repetition_penalty", "temperature")  # the others only keep or cut
_CUT_CELL = {
    "never_written": "never written",
    "no_repeat_ngram": "cut: would repeat a run",
    "min_len": "cut: too early to end",
    "top_k": "cut by top-k",
    "top_p": "cut by top-p",
}
_CUTTER = {
    "never_written": (
        "Never written (padding, start, unknown and control pieces): {pieces} with {mass} of the "
        "model’s probability."
    ),
    "no_repeat_ngram": "“No run twice” cut {pieces} with {mass} of the model’s probability.",
    "min_len": "The minimum length cut {pieces} with {mass} of the model’s probability.",
    "top_k": "Top-k cut {pieces} with {mass} of the model’s probability.",
    "top_p": "Top-p cut {pieces} with {mass} of the model’s probability.",
}
_FORMULA = (  # without and with a repetition penalty
    "final probability = softmax(logits ÷ T), T = {t}: for piece i, e^(zᵢ ÷ T) ÷ Σⱼ e^(zⱼ ÷ T) "
    "over the pieces left",
    "final probability = softmax(penalised logits ÷ T), T = {t}: for piece i, "
    "e^(zᵢ ÷ T) ÷ Σⱼ e^(zⱼ ÷ T) over the pieces left",
)


def choosing_payload(checkpoint: Checkpoint, trace: Trace, number: int) -> str:
    """The view's JSON for this reply, all steps at once; '' while it has no piece.

    `number` counts the visitor's replies from 1. A column is (heading, whether it has numbers, what
    it does). A row is (piece, raw probability, final probability, span on the bar, logit, value in
    each column, cut), a cut the first column without the piece and why. `rest` closes both sums
    to 1. What is to be said is `Words`, of a step's choice a list of sentences. Raises ValueError
    for a trace of another checkpoint.
    """
    if not trace.steps:
        return ""
    found = choices(checkpoint, trace)
    shown = [name for name in found[0].stages if name not in _NO_COLUMN]
    payload = {
        "number": number,
        "method": trace.options.method,
        "formula": _formula(trace.options),
        "columns": [_column(name, trace.options) for name in shown],
        "steps": [
            _step(step, choice, shown, trace.options)
            for step, choice in zip(trace.steps, found, strict=True)
        ],
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def quoted(piece: str) -> str:
    """The piece in quotation marks, so that a comma reads as a piece."""
    return f"“{piece}”"


def on_the_bar(draw: float, spans: Sequence[Span]) -> tuple[str, list[tuple[str, str]]]:
    """The draw and the spans in as few digits as still tell which spans the draw is in."""
    for digits in range(2, 9):
        drawn = f"{draw:.{digits + 1}f}"
        told = [(f"{low:.{digits}f}", f"{high:.{digits}f}") for low, high in spans]
        if all(
            a != b and (low <= draw <= high) == (float(a) <= float(drawn) <= float(b))
            for (low, high), (a, b) in zip(spans, told, strict=True)
        ):
            break
    return drawn, told


def _column(stage: str, options: DecodingOptions) -> list[Any]:
    """A stage's heading, whether its cells are numbers, and what it does in a sentence."""
    heading, does = {
        "repetition_penalty": (
            words("repetition penalty {n}", n=f"{options.repetition_penalty:g}"),
            "The logit of a piece that the reply already has is divided by this; a negative one is "
            "multiplied.",
        ),
        "no_repeat_ngram": (
            words("no run of {n} twice", n=options.no_repeat_ngram),
            "A piece is cut where it would end a run of this many pieces that the reply has.",
        ),
        "min_len": (
            words("no end before {n} pieces", n=options.min_len),
            "The end piece is cut until the reply has this many.",
        ),
        "temperature": (
            words("÷\u00a0temperature {n}", n=f"{options.temperature:g}"),
            "Every logit is divided by it: below 1 the likely get likelier, above 1 the odds even "
            "out.",
        ),
        "top_k": (
            words("top-k keeps {n}", n=f"{options.top_k:,}"),
            "Only this many likeliest pieces are kept.",
        ),
        "top_p": (
            words("top-p keeps the likeliest {p}", p=f"{options.top_p:g}"),
            "Only the fewest likeliest pieces that hold this probability together are kept.",
        ),
    }[stage]
    return [heading, stage in _REWEIGHING, does]


def _formula(options: DecodingOptions) -> Words:
    return words(_FORMULA[options.repetition_penalty != 1], t=f"{options.temperature:g}")


def _step(
    step: Step, choice: Choice, shown: Sequence[str], options: DecodingOptions
) -> dict[str, Any]:
    rest = (
        1 - sum(weighed.probability for weighed in choice.weighed),
        1 - sum(weighed.sampling_probability for weighed in choice.weighed),
    )
    return {
        "piece": step.piece,
        "rows": [_row(weighed, choice.stages, shown) for weighed in choice.weighed],
        "chosen": next(k for k, one in enumerate(choice.weighed) if one.id == step.id),
        "rest": [_round(mass) if mass > _NONE else 0.0 for mass in rest],
        "cuts": [*map(_cut_words, choice.cuts), _left_words(choice)],
        "draw": None if choice.draw is None else _round(choice.draw),
        "words": list(_chosen_words(step, choice, options)),
    }


def _row(weighed: Weighed, stages: Sequence[str], shown: Sequence[str]) -> list[Any]:
    after = dict(zip(stages, weighed.after, strict=True))
    values = [after[name] if name in _REWEIGHING else None for name in shown]
    return [
        weighed.piece,
        _round(weighed.probability),
        _round(weighed.sampling_probability),
        None if weighed.span is None else [_round(end) for end in weighed.span],
        _round(weighed.logit),
        [None if value is None else _round(value) for value in values],
        _cut_cell(after, shown),
    ]


def _cut_cell(after: dict[str, float | None], shown: Sequence[str]) -> list[Any] | None:
    """The column from which on the piece is cut, and why."""
    stage = next((name for name, value in after.items() if value is None), None)
    if stage is None:
        return None
    told: Words = _CUT_CELL[stage]
    if after["last_resort"] is not None:
        told = words("{cut}; left as the last resort", cut=[told, {}])
    return [shown.index(stage) if stage in shown else 0, told]


def _cut_words(cut: Cut) -> Words:
    pieces = ["1 piece", {}] if cut.pieces == 1 else words("{n} pieces", n=f"{cut.pieces:,}")
    return words(_CUTTER[cut.stage], pieces=pieces, mass=_share(cut.mass))


def _left_words(choice: Choice) -> Words:
    if any(one.after[-2] is None and one.after[-1] is not None for one in choice.weighed):
        return "The filters cut every piece, so the end piece alone is left: the reply ends."
    if choice.allowed == 1:
        return "1 piece was left: there was nothing to choose."
    return words("{n} pieces were left to choose from.", n=f"{choice.allowed:,}")


def _chosen_words(step: Step, choice: Choice, options: DecodingOptions) -> Iterator[Words]:
    """How the piece was chosen, in sentences."""
    piece = quoted(step.piece)
    if step.forced:
        yield words(
            "No choice: {piece} was forced here, whatever the numbers say.",
            piece=piece,
        )
        if choice.draw is not None:
            yield _idle_draw(choice, choice.draw)
    elif options.method == "beam":
        yield words(
            "No single choice: beam search weighs whole replies, and {piece} is part of the one "
            "that it ended with.",
            piece=piece,
        )
        yield (
            "The filters decide what a reply may go on with; it is scored by the model’s own "
            "probabilities, whatever temperature and penalty make of them."
        )
    elif choice.draw is None:
        yield words("No draw: the likeliest piece is taken, {piece}.", piece=piece)
        if options.temperature != 1 or options.top_k or options.top_p < 1:
            yield "Temperature, top-k and top-p never change which piece that is."
    else:
        yield _fell(choice.draw, next(one for one in choice.weighed if one.id == step.id))


def _fell(draw: float, chosen: Weighed) -> Words:
    piece = quoted(chosen.piece)
    if chosen.span is None:  # at the very edge of a filter, which the last digit decides
        return words("The draw {draw} fell on {piece}.", draw=f"{draw:.3f}", piece=piece)
    drawn, ((low, high),) = on_the_bar(draw, [chosen.span])
    return words(
        "The draw {draw} fell on {piece}, which spans {low} to {high}.",
        draw=drawn,
        piece=piece,
        low=low,
        high=high,
    )


def _idle_draw(choice: Choice, draw: float) -> Words:
    """What the draw of a forced step would have been: it is made so that later ones stay."""
    for one in choice.weighed:
        if one.span is not None and one.span[0] <= draw < one.span[1]:
            drawn, ((low, high),) = on_the_bar(draw, [one.span])
            return words(
                "The draw would have been {draw}, on {piece} ({low} to {high}).",
                draw=drawn,
                piece=quoted(one.piece),
                low=low,
                high=high,
            )
    return words(
        "The draw would have been {draw}, on a piece that is not listed.", draw=f"{draw:.3f}"
    )


def _share(mass: float) -> Words:
    return words("under {least}", least="0.001") if 0 < mass < 0.0005 else f"{mass:.3f}"


def _round(value: float) -> float:
    return float(f"{value:.4g}")
