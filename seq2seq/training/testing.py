"""What a finished run scores on its test split: all of it, and each corpus and personality."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from seq2seq.chatbot import Chatbot
from seq2seq.corpora import Pair
from seq2seq.evaluation import evaluate, exact_match
from seq2seq.scoring import score_pairs
from seq2seq.training.data import Split


def figures_of_test(
    bot: Chatbot, split: Split, on_progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """The figures of `evaluate` on the split, greedy, and under `parts` those of its parts.

    `on_progress` is told how many pairs are done, each counting twice. {} for an empty split.
    """
    if not split.pairs:
        return {}
    found = evaluate(bot, split.pairs, on_progress=on_progress)
    figures: dict[str, Any] = found.to_dict()
    del figures["pieces_per_second"]  # of a machine that has just trained
    parts = {}
    for name, rows in _parts(split.pairs).items():
        score = score_pairs(bot.checkpoint.model, split.table, torch.tensor(rows))
        replies = [found.answers[i].reply for i in rows]
        parts[name] = {
            "pairs": len(rows),
            **score.to_dict(),
            "exact_match": exact_match(bot, replies, [split.pairs[i].reply for i in rows]),
        }
    return {**figures, "parts": parts}


def _parts(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    """The rows of each corpus, and of each personality in it."""
    parts: dict[str, list[int]] = {}
    for row, pair in enumerate(pairs):
        name = f"{pair.corpus}, {pair.personality}" if pair.personality else pair.corpus
        parts.setdefault(name, []).append(row)
    return parts
