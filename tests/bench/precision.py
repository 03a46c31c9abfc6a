"""What 8-bit weights cost: bits a byte, and how many greedy replies stay the same.

    python tests/bench/precision.py --checkpoint checkpoints/en --pairs pairs.jsonl

The pairs come from `python -m seq2seq pairs --split test --limit 1000 …`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from seq2seq import Chatbot
from seq2seq.corpora import Pair, read_pairs
from seq2seq.evaluation import pair_table, replies_to
from seq2seq.options import DecodingOptions
from seq2seq.scoring import score_pairs


def measure(folder: Path, pairs: list[Pair]) -> dict[str, float | str]:
    """Both precisions' bits a byte on the pairs, and the share of replies that are equal."""
    bots = [Chatbot.from_pretrained(folder, precision=name) for name in ("fp32", "int8")]
    bits = [score_pairs(b.checkpoint.runner, pair_table(b, pairs)).bits_per_byte for b in bots]
    replies = [[t.reply for t in replies_to(b, pairs, DecodingOptions())] for b in bots]
    same = sum(one == other for one, other in zip(*replies, strict=True))
    return {
        "checkpoint": folder.name,
        "pairs": len(pairs),
        "bits_per_byte_fp32": bits[0],
        "bits_per_byte_int8": bits[1],
        "worse_percent": 100 * (bits[1] / bits[0] - 1),
        "same_replies_percent": 100 * same / len(pairs),
    }


def main() -> None:
    """Print one JSON object a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, nargs="+", required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    arguments = parser.parse_args()
    pairs = read_pairs(arguments.pairs)
    for folder in arguments.checkpoint:
        print(json.dumps(measure(folder, pairs)), flush=True)


if __name__ == "__main__":
    main()
