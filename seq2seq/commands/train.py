"""`python -m seq2seq train`: settings from the command line, then the run."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seq2seq.config import (
    ATTENTIONS,
    CHANGEABLE,
    OPTIMIZERS,
    PERSONALITIES,
    VOCAB_SIZE,
    ModelConfig,
    TrainingConfig,
)

if TYPE_CHECKING:
    from seq2seq.training import RunSettings

DESCRIPTION = "Train a chatbot on dialogues and write its checkpoint folder."
_MODEL = ModelConfig(VOCAB_SIZE)
_RUN = TrainingConfig(corpora=("-",))
ALL = "all"  # of the personalities
# Settings of a model that its weights fix, beside --keep-case and the personalities.
_FIXED = (
    "vocab_size",
    "emb_dim",
    "hidden_dim",
    "n_layers",
    "attention",
    "bidirectional",
    "tie_embeddings",
    "context_turns",
    "max_source",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    parser.add_argument(
        "--corpus",
        action="append",
        metavar="NAME|FILE[:WEIGHT]",
        help="a named corpus or your own .csv/.jsonl file; repeat for several; a weight of 3 "
        "shows its pairs three times an epoch",
    )
    parser.add_argument("--corpus-dir", metavar="DIR", help="folder with copies of the corpora")
    parser.add_argument("--base-url", metavar="URL", help="fetch the corpora from this mirror")
    parser.add_argument("--out", metavar="DIR", help="the checkpoint folder to write")
    parser.add_argument("--resume", metavar="DIR", help="go on with the run in this folder")
    parser.add_argument(
        "--start-from",
        metavar="DIR",
        help="a new run that begins with this checkpoint's weights, pieces and sizes",
    )
    parser.add_argument("--json", action="store_true", help="print the metrics as JSON at the end")
    sizes = parser.add_argument_group("model")
    _add(sizes, "--vocab-size", _MODEL.vocab_size, "pieces in the vocabulary, at most")
    _add(sizes, "--emb-dim", _MODEL.emb_dim, "numbers in an embedding")
    _add(sizes, "--hidden-dim", _MODEL.hidden_dim, "numbers in a GRU's hidden state")
    _add(sizes, "--n-layers", _MODEL.n_layers, "GRU layers on each side")
    _add(sizes, "--dropout", _MODEL.dropout, "share of numbers dropped while training")
    sizes.add_argument(
        "--encoder-dropout", type=float, metavar="N", help="the encoder's own (that of --dropout)"
    )
    sizes.add_argument("--attention", choices=ATTENTIONS, default="none")
    sizes.add_argument("--bidirectional", action="store_true", help="encoder reads both ways")
    sizes.add_argument("--tie-embeddings", action="store_true", help="one matrix for all pieces")
    _add(sizes, "--context-turns", _MODEL.context_turns, "earlier turns that the encoder reads")
    _add(sizes, "--max-source", _MODEL.max_source, "pieces of a message that the encoder reads")
    _add(sizes, "--no-repeat-ngram", _MODEL.no_repeat_ngram, "pieces in a row, none twice; 0: any")
    sizes.add_argument("--keep-case", action="store_true", help="do not lower-case messages")
    run = parser.add_argument_group("run")
    run.add_argument(
        "--epochs", type=float, metavar="N", help="passes over the data, at most (10 if no minutes)"
    )
    run.add_argument("--max-minutes", type=float, metavar="M", help="minutes to train, at most")
    _add(run, "--batch-pieces", _RUN.batch_pieces, "target pieces in a batch")
    run.add_argument(
        "--optimizer", choices=OPTIMIZERS, default=_RUN.optimizer, help="of the hidden matrices"
    )
    _add(run, "--learning-rate", _RUN.learning_rate, "of AdamW, at its peak")
    _add(run, "--matrix-learning-rate", _RUN.matrix_learning_rate, "of Muon, at its peak")
    _add(run, "--final-lr-ratio", _RUN.final_lr_ratio, "share of its peak that the rate ends at")
    _add(run, "--warmup", _RUN.warmup, "share of the budget that the rate takes to rise")
    _add(run, "--weight-decay", _RUN.weight_decay, "share of the rate")
    _add(run, "--average", _RUN.average, "decay of the weights' moving average; 0: none")
    _add(run, "--word-dropout", _RUN.word_dropout, "share of a message's pieces hidden")
    _add(run, "--sampling-alpha", _RUN.sampling_alpha, "cut messages by lot, 0.1 to 1; 0: do not")
    _add(run, "--clip-norm", _RUN.clip_norm, "largest norm of a step's gradient")
    _add(run, "--label-smoothing", _RUN.label_smoothing, "probability spread over all pieces")
    _add(run, "--teacher-force-ratio", _RUN.teacher_force_ratio, "share of forced pieces")
    _add(run, "--max-target", _RUN.max_target, "pieces of a reply; longer ones are left out")
    run.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    _add(run, "--validate-every", _RUN.validate_every, "steps; 0: once an epoch or 1000 steps")
    _add(run, "--save-every", _RUN.save_every, "steps between saved states")
    _add(run, "--valid-pairs", _RUN.valid_pairs, "held-out pairs that a validation scores")
    _add(run, "--patience", _RUN.patience, "validations without a better one before it stops")
    run.add_argument(
        "--personality",
        action="append",
        choices=(*PERSONALITIES, ALL),
        help="which answers to take from a corpus that has several, friendly unless told; given "
        "more than once (or all), the model learns each behind its control piece",
    )
    _add(run, "--seed", _RUN.seed, "of all random choices")


def run(arguments: argparse.Namespace) -> int:
    """Train or resume. Raises ValueError or FileNotFoundError for settings that cannot be."""
    from seq2seq.training import InterruptedRunError, resume, train

    def say(text: str) -> None:
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)

    folder = arguments.resume or arguments.out
    if arguments.resume and (given := _given(arguments)):
        raise ValueError(f"--resume takes its settings from the folder; leave out {given}")
    try:
        if arguments.resume:
            metrics = resume(Path(arguments.resume), say)
        else:
            if not arguments.corpus or not arguments.out:
                raise ValueError("train needs --corpus and --out, or --resume DIR")
            metrics = train(_settings(arguments), Path(arguments.out), say)
    except InterruptedRunError as interrupted:
        say(str(interrupted))
        return 130
    except KeyboardInterrupt:
        say(f"stopped; go on with: python -m seq2seq train --resume {folder}")
        return 130
    if arguments.json:
        print(json.dumps(metrics))
    else:
        best, test = metrics["best"], metrics["test"]
        say(f"best validation loss at step {best['step']:,}: {best['valid_loss']:.3f} nats a piece")
        if test:
            say(
                f"test: perplexity {test['perplexity']:.2f}, {test['bits_per_byte']:.3f} bits "
                f"a byte, {test['exact_match']:.1%} of the replies exact"
            )
        say(f"talk to it: python -m seq2seq chat --checkpoint {folder}")
    return 0


def _given(arguments: argparse.Namespace) -> str:
    """The options of a new run that were given, as the command line names them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    defaults = vars(parser.parse_args([]))
    values = vars(arguments)
    names = [n for n in defaults if n not in ("resume", "json") and values[n] != defaults[n]]
    return ", ".join("--" + name.replace("_", "-") for name in names)


def _settings(arguments: argparse.Namespace) -> RunSettings:
    from seq2seq.training import RunSettings

    values = vars(arguments)
    if arguments.start_from:
        model, personalities = _of_start(arguments)
    else:
        personalities = chosen_personalities(arguments.personality)
        model = ModelConfig(
            **{name: values[name] for name in (*CHANGEABLE, *_FIXED)},
            lowercase_message=not arguments.keep_case,
            personalities=personalities if len(personalities) > 1 else (),
        )
    named = set(TrainingConfig.__dataclass_fields__) - {"corpora", "personalities"}
    training = TrainingConfig(
        corpora=tuple(arguments.corpus),
        personalities=personalities,
        **{name: values[name] for name in sorted(named & values.keys())},
    )
    return RunSettings(training, model, arguments.corpus_dir, arguments.base_url)


def _of_start(arguments: argparse.Namespace) -> tuple[ModelConfig, tuple[str, ...]]:
    """The sizes of the checkpoint that a run begins with, and the personalities it learns.

    Raises ValueError for a size that is told apart from the checkpoint's, and for a personality
    that the checkpoint does not know.
    """
    from seq2seq.checkpoint import read_config

    values, folder = vars(arguments), Path(arguments.start_from)
    config = read_config(folder)
    told = [n for n in _FIXED if values[n] != getattr(_MODEL, n)]
    if told or arguments.keep_case:
        flags = ", ".join("--" + name.replace("_", "-") for name in told or ["keep_case"])
        raise ValueError(f"--start-from takes the model's sizes from {folder}; leave out {flags}")
    if not arguments.personality:
        personalities = config.personalities or _RUN.personalities
    else:
        personalities = chosen_personalities(arguments.personality)
        known = config.personalities or personalities[:1]
        if unknown := [name for name in personalities if name not in known]:
            raise ValueError(
                f"{folder} knows the personalities {', '.join(config.personalities) or 'none'}; "
                f"leave out --personality {unknown[0]}"
            )
    changed = {n: values[n] for n in CHANGEABLE if values[n] != getattr(_MODEL, n)}
    return dataclasses.replace(config, **changed), personalities


def chosen_personalities(given: list[str] | None) -> tuple[str, ...]:
    """The personalities that the flags name, in the order of the five; friendly unless told."""
    wanted = set(given or _RUN.personalities)
    return PERSONALITIES if ALL in wanted else tuple(n for n in PERSONALITIES if n in wanted)


def _add(group: argparse._ArgumentGroup, flag: str, default: int | float, text: str) -> None:
    """A numeric option with its default in the help."""
    group.add_argument(
        flag, type=type(default), default=default, metavar="N", help=f"{text} ({default})"
    )
