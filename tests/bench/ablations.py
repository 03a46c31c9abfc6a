"""What each choice of model and training does: equal time on one fixed slice of the corpora.

python tests/bench/ablations.py --corpus-dir DIR --out DIR [--minutes 4] [--only NAME ...] trains
each variant from scratch for so many minutes of processor time, on one thread, and writes
DIR/NAME/ablation.json; with --table it prints all results found in DIR as Markdown. Several may run
at once, with different --only.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from seq2seq import Chatbot
from seq2seq.config import PERSONALITIES, ModelConfig, TrainingConfig
from seq2seq.corpora import CorpusChoice, Mixture, Pair, load_mixture
from seq2seq.evaluation import evaluate, pair_table
from seq2seq.scoring import score_pairs
from seq2seq.tokenizer import Tokenizer
from seq2seq.training.data import train_tokenizer
from seq2seq.training.run import TrainingRun
from seq2seq.training.setup import RunSettings, tabulate

OPEN = ("self_dialogue", "byu_chitchat", "synthetic_persona_chat", "topical_chat")
SMALL_TALK = "personality_chat_en"
BASE = ModelConfig(vocab_size=6000, personalities=PERSONALITIES)
RESULT = "ablation.json"


@dataclass(frozen=True)
class Variant:
    """One change against the base."""

    words: str
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    small_talk: float = 0.5  # weight


VARIANTS = {
    "base": Variant("**base**: E 256, H 512, L 2, V 6000, dropout 0.1, Muon, nothing else"),
    "adamw": Variant("AdamW instead of Muon", training={"optimizer": "adamw"}),
    "h384": Variant("smaller: H 384", {"hidden_dim": 384}),
    "h640": Variant("larger: H 640", {"hidden_dim": 640}),
    "l1": Variant("one layer", {"n_layers": 1}),
    "l1-h768": Variant("one layer, H 768", {"n_layers": 1, "hidden_dim": 768}),
    "tied": Variant("tied embeddings", {"tie_embeddings": True}),
    "tied-h704": Variant(
        "tied embeddings, H 704", {"tie_embeddings": True, "hidden_dim": 704}
    ),
    "v3000": Variant("vocabulary of 3,000", {"vocab_size": 3000}),
    "v8000": Variant("vocabulary of 8,000", {"vocab_size": 8000}),
    "cased": Variant("messages keep their case", {"lowercase_message": False}),
    "dropout0": Variant("no dropout", {"dropout": 0.0}),
    "dropout3": Variant("dropout 0.3", {"dropout": 0.3}),
    "bidirectional": Variant("bidirectional encoder", {"bidirectional": True}),
    "dot": Variant("attention: dot", {"attention": "dot"}),
    "general": Variant("attention: general", {"attention": "general"}),
    "additive": Variant("attention: additive", {"attention": "additive"}),
    "smoothing": Variant("label smoothing 0.1", training={"label_smoothing": 0.1}),
    "sampling": Variant("scheduled sampling, 0.9 forced", training={"teacher_force_ratio": 0.9}),
    "context1": Variant("one earlier turn as context", {"context_turns": 1}),
    "context2": Variant("two earlier turns as context", {"context_turns": 2}),
    "talk05": Variant("small talk half as often", small_talk=0.25),
    "talk2": Variant("small talk twice as often", small_talk=1.0),
    "average": Variant("weights averaged (decay 0.99)", training={"average": 0.99}),
    "friendly": Variant("the friendly personality alone", {"personalities": ()}, small_talk=2.5),
    "batch": Variant("batches twice as large", training={"batch_pieces": 4800}),
}  # fmt: skip


def load_slice(corpus_dir: Path, pairs: int) -> tuple[Mixture, list[Pair]]:
    """The fixed slice with 3,000 open pairs held out, and held-out friendly small talk."""
    choices = [CorpusChoice(name) for name in (*OPEN, SMALL_TALK)]
    mixture = load_mixture(choices, corpus_dir, personalities=PERSONALITIES, max_history=2)
    draws = random.Random(0)
    open_pairs = [pair for found in mixture.pairs["train"][:-1] for pair in found]
    chosen = draws.sample(open_pairs, min(pairs, len(open_pairs)))
    valid = [pair for found in mixture.pairs["valid"][:-1] for pair in found]
    talk = [*mixture.pairs["valid"][-1], *mixture.pairs["test"][-1]]
    small_talk = mixture.pairs["train"][-1]
    return (
        Mixture(
            (CorpusChoice("slice"), CorpusChoice(SMALL_TALK)),
            {
                "train": (chosen, small_talk),
                "valid": (draws.sample(valid, 3000), []),
                "test": ([], []),
            },
            mixture.cleaning,
        ),
        [pair for pair in talk if pair.personality == "friendly"],
    )


def run(name: str, variant: Variant, data: Any, minutes: float, out: Path) -> dict[str, Any]:
    """Train one variant and measure it."""
    mixture, small_talk = data
    model = dataclasses.replace(BASE, **variant.model)
    training = TrainingConfig(
        corpora=("slice",), learning_rate=4e-3, matrix_learning_rate=5e-3, max_minutes=minutes,
        max_target=60, precision="bf16", validate_every=10**9, save_every=10**9,
        **variant.training,
    )  # fmt: skip
    settings = RunSettings(training, model)
    mixture = _varied(mixture, model, variant)
    material = tabulate(settings, mixture, _tokenizer(mixture, model, out.parent), _quiet)
    metrics = TrainingRun(settings, out, _quiet, material, time.process_time).run()
    bot = Chatbot.from_pretrained(out)
    without = [dataclasses.replace(pair, history=()) for pair in material.valid.pairs]
    alone = pair_table(bot, without)
    last = metrics["history"][-1]
    result = {
        "name": name,
        "words": variant.words,
        "parameters": bot.parameters,
        "pieces": last["pieces"],
        "bits_per_byte": metrics["best"]["valid_bits_per_byte"],
        "bits_per_byte_alone": score_pairs(bot.checkpoint.model, alone).bits_per_byte,
        "small_talk": evaluate(bot, small_talk).exact_match,
        "minutes": last["minutes"],
        "machine": metrics["machine"],
    }
    (out / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _varied(mixture: Mixture, model: ModelConfig, variant: Variant) -> Mixture:
    """The slice with the variant's weight of small talk and the model's personalities."""
    chosen, talk = mixture.pairs["train"]
    if not model.personalities:
        talk = [pair for pair in talk if pair.personality == "friendly"]
    choices = (mixture.choices[0], CorpusChoice(SMALL_TALK, variant.small_talk))
    return Mixture(choices, {**mixture.pairs, "train": (chosen, talk)}, mixture.cleaning)


def _tokenizer(mixture: Mixture, model: ModelConfig, folder: Path) -> Tokenizer:
    """The pieces of a vocabulary size, learned once for all variants that share it."""
    path = folder / f"{model.vocab_size}{'' if model.lowercase_message else '-cased'}.model"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = train_tokenizer(mixture, model, model.vocab_size, 0)
        path.write_bytes(tokenizer.model_proto)
    return Tokenizer.load(path)


def table(out: Path) -> str:
    """All results in the folder as Markdown, in the order of VARIANTS."""
    files = [out / name / RESULT for name in VARIANTS]
    found = [json.loads(path.read_text()) for path in files if path.is_file()]
    lines = [
        "| variant | parameters | reply pieces seen | bits a byte | small talk right |",
        "|---|---|---|---|---|",
    ]
    for row in found:
        bits = f"{row['bits_per_byte']:.3f}"
        if "context" in row["name"]:
            bits += f" ({row['bits_per_byte_alone']:.3f} without them)"
        lines.append(
            f"| {row['words']} | {row['parameters'] / 1e6:.1f} M | {row['pieces'] / 1e6:.2f} M "
            f"| {bits} | {row['small_talk']:.1%} |"
        )
    return "\n".join(lines)


def _quiet(text: str) -> None:
    """Say nothing."""


def main() -> None:
    """Run the variants asked for, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus-dir", type=Path, help="folder with copies of the corpora")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--pairs", type=int, default=40_000, help="open pairs in the slice")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--table", action="store_true", help="print the results and end")
    arguments = parser.parse_args()
    if not arguments.table:
        torch.set_num_threads(arguments.threads)
        data = load_slice(arguments.corpus_dir, arguments.pairs)
        for name in arguments.only:
            result = run(name, VARIANTS[name], data, arguments.minutes, arguments.out / name)
            print(json.dumps(result), flush=True)
    print(table(arguments.out))


if __name__ == "__main__":
    main()
