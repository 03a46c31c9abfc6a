"""What a checkpoint is: its sizes, its held-out figures, how it learned, its model card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from seq2seq.chatbot import Chatbot
from seq2seq.views.curve import NOTHING_HELD_BACK, learning_curve
from seq2seq.views.wording import words

_FIGURES = (
    ("perplexity", "perplexity: as unsure as a fair choice among this many pieces"),
    ("bits_per_byte", "bits per byte: comparable between tokenizers"),
    ("bleu", "BLEU"),
    ("chrf", "chrF"),
    ("exact_match", "exact match"),
    ("distinct_1", "distinct words (distinct-1)"),
    ("distinct_2", "distinct pairs of words (distinct-2)"),
)

_PRECISIONS = {"fp32": "32-bit weights", "int8": "8-bit weights, 16 bits where errors would add up"}


def about_model(bot: Chatbot) -> tuple[str, str, str]:
    """A checkpoint's sizes and figures as the view's JSON, its learning curve as SVG, its card.

    The JSON is a list of tables: [heading of the names, heading of the values, rows of both].
    """
    tables = [sizes(bot.config.to_dict(), bot.parameters, bot.precision), figures(bot.metrics)]
    told = json.dumps([table for table in tables if table], ensure_ascii=False)
    history = bot.metrics.get("history")
    held_out = _held_out(bot.metrics)
    curve = learning_curve(history, held_out=held_out) if isinstance(history, list) else ""
    return told, curve, card(bot.card)


def sizes(config: Mapping[str, Any], parameters: int, precision: str = "fp32") -> list[Any]:
    """A table of the model's sizes, in the words of the field with their letters."""
    rows = [
        ["Vocabulary", words("{n} pieces (V)", n=_count(config, "vocab_size"))],
        ["Embedding", words("{n} numbers a piece (E)", n=_count(config, "emb_dim"))],
        [
            "GRU layers",
            words("{n} in the encoder and the decoder each (L)", n=_count(config, "n_layers")),
        ],
        ["GRU state", words("{n} numbers a layer (H)", n=_count(config, "hidden_dim"))],
        ["Parameters", f"{parameters:,}"],
        ["Attention", _plain(str(config.get("attention", "none")))],
        ["Reads", words("up to {n} pieces of a message", n=_count(config, "max_source"))],
        ["Computes with", _PRECISIONS[precision]],
    ]
    return ["Part", "Size", rows]


def figures(metrics: Mapping[str, Any]) -> list[Any]:
    """A table of held-out figures: the test set's, or else the best validation's; [] without any.

    Where nothing was held back, its heading says so.
    """
    test, best = metrics.get("test"), metrics.get("best")
    if isinstance(test, Mapping) and test:
        rows = [[label, _figure(test.get(key))] for key, label in _FIGURES]
        source = "On dialogues it never saw"
    elif isinstance(best, Mapping) and best:
        rows = [
            ["perplexity", _figure(best.get("valid_perplexity"))],
            ["bits per byte", _figure(best.get("valid_bits_per_byte"))],
        ]
        where = "held-out dialogues" if _held_out(metrics) else NOTHING_HELD_BACK
        source = f"On {where}, while training"
    else:
        return []
    known = [row for row in rows if row[1]]
    return [source, "Figure", known] if known else []


def _held_out(metrics: Mapping[str, Any]) -> bool:
    """Whether validation used other pairs than training did."""
    data = metrics.get("data")
    return not (isinstance(data, Mapping) and data.get("held_out_from") == "train")


def card(text: str) -> str:
    """A model card as safe Markdown: no front matter, no HTML, no pictures from elsewhere."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    out, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        out.append(line if fenced else _tame(line))
    return "\n".join(out).strip()


def _tame(line: str) -> str:
    line = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", line)
    parts = line.replace("![", "[").split("`")
    parts[::2] = [re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", part) for part in parts[::2]]
    return "`".join(parts)


def _plain(text: str) -> str:
    return re.sub(r"[^\w .,+/-]", "", text)


def _count(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    return f"{value:,}" if isinstance(value, int) else "?"


def _figure(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
