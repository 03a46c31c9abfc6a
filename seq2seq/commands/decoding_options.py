"""The decoding options as command-line flags, shared by the commands that decode."""

from __future__ import annotations

import argparse

from seq2seq.checkpoint import PRECISIONS
from seq2seq.config import PERSONALITIES
from seq2seq.options import METHODS, DecodingOptions

_DEFAULTS = DecodingOptions()
_HELP = {
    "max_len": "steps at most, the end token's included",
    "min_len": "pieces at least",
    "temperature": "above 1 flattens the probabilities, below 1 sharpens them",
    "top_k": "choose among the k likeliest pieces only; 0: all",
    "top_p": "choose among the fewest pieces that hold this probability; 1: all",
    "repetition_penalty": "makes pieces already written less likely; 1: does not",
    "beam_size": "hypotheses that beam search keeps",
    "length_penalty": "beam search ranks by logprob / length to this power",
    "candidates": "how many candidates each step of the trace records",
}


def add_decoding_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every decoding option."""
    group = parser.add_argument_group("decoding options")
    group.add_argument("--method", choices=METHODS, default=_DEFAULTS.method)
    for name, text in _HELP.items():
        default = getattr(_DEFAULTS, name)
        flag = "--" + name.replace("_", "-")
        help_text = f"{text} ({default:g})"
        group.add_argument(flag, type=type(default), default=default, metavar="N", help=help_text)
    group.add_argument(
        "--no-repeat-ngram",
        type=int,
        metavar="N",
        help="no n pieces in a row twice; 0: allowed (what the checkpoint's config.json says)",
    )
    group.add_argument("--seed", type=int, metavar="N", help="of the draws; a new one if not given")
    group.add_argument(
        "--personality",
        choices=PERSONALITIES,
        help="who answers, of a checkpoint that has personalities; its first unless told",
    )
    group.add_argument(
        "--prefix-ids", type=int, nargs="+", default=[], metavar="ID", help="pieces to begin with"
    )


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says how replies are computed."""
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="8-bit weights, 32-bit ones, or 8-bit where the processor is made for it (auto)",
    )


def decoding_options(arguments: argparse.Namespace) -> DecodingOptions:
    """The options that the flags say. Raises ValueError for a value out of range."""
    names = DecodingOptions.__dataclass_fields__
    return DecodingOptions.from_dict({name: getattr(arguments, name) for name in names})
