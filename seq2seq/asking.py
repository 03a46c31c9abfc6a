"""What is asked of a checkpoint: checked, completed with its defaults, begun as a trace."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence

from seq2seq.care import help_for
from seq2seq.checkpoint import Checkpoint
from seq2seq.config import check_range, check_whole
from seq2seq.decoding import check_prefix
from seq2seq.options import DecodingOptions
from seq2seq.source import chosen_personality, read_source
from seq2seq.tokenizer import EOS_ID, Tokenizer
from seq2seq.trace import SourcePiece, Trace


def check_requests(
    checkpoint: Checkpoint,
    messages: Sequence[str],
    options: DecodingOptions | Sequence[DecodingOptions] | None,
    histories: Sequence[Sequence[str]],
) -> list[DecodingOptions]:
    """The options of each message, completed; those of a cry for help force the answer to it.

    Raises ValueError for what cannot be answered.
    """
    given = options if isinstance(options, (list, tuple)) else [options] * len(messages)
    if len(given) != len(messages):
        raise ValueError(f"{len(messages)} messages but {len(given)} options")
    each = [_options(one) for one in given]
    for message in messages:
        _check_message(message)
    for history in histories:
        if isinstance(history, str) or not all(isinstance(turn, str) for turn in history):
            raise ValueError("history must be a list of texts, the earlier turns, oldest first")
    completed = {one: complete_options(checkpoint, one) for one in dict.fromkeys(each)}
    tokenizer = checkpoint.tokenizer
    return [_guarded(tokenizer, m, completed[one]) for m, one in zip(messages, each, strict=True)]


def complete_options(checkpoint: Checkpoint, options: DecodingOptions) -> DecodingOptions:
    """The options with the model's defaults; ValueError for what the model does not have."""
    check_prefix(options, checkpoint.tokenizer)
    personality = chosen_personality(checkpoint.config, options.personality)
    repeats = options.no_repeat_ngram
    if repeats is None:
        repeats = checkpoint.config.no_repeat_ngram or None
    return dataclasses.replace(options, personality=personality, no_repeat_ngram=repeats)


def begin_trace(
    checkpoint: Checkpoint, message: str, options: DecodingOptions, history: Sequence[str]
) -> Trace:
    """The trace before the first step: what the encoder reads, and the seed drawn."""
    message = message.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
    tokenizer = checkpoint.tokenizer
    source = read_source(tokenizer, checkpoint.config, message, history, options.personality)
    if options.method == "sample" and options.seed is None:
        options = dataclasses.replace(options, seed=secrets.randbelow(2**31))
    return Trace(
        checkpoint=checkpoint.name,
        sha256=checkpoint.sha256,
        message=message,
        normalized=source.normalized,
        source=_pieces(tokenizer, source.ids),
        unread=_pieces(tokenizer, source.unread),
        options=options,
        history=tuple(history),
    )


def check_same(checkpoint: Checkpoint, trace: Trace) -> None:
    """Raise ValueError unless the trace is of this checkpoint's weights."""
    if trace.sha256 != checkpoint.sha256:
        raise ValueError(
            f"the trace is of checkpoint {trace.checkpoint[:60]!r} ({trace.sha256[:8]}), this is "
            f"{checkpoint.name!r} ({checkpoint.sha256[:8]}); load the one that wrote it"
        )


def check_branch(checkpoint: Checkpoint, trace: Trace, step: int, id: int) -> None:
    """Raise ValueError unless the trace can be gone on with by piece `id` at `step`."""
    check_same(checkpoint, trace)
    check_whole("step", step)
    check_range("step", step, 0, len(trace.steps) - 1)
    if help_for(trace.message) is not None:
        raise ValueError("this answer points to help; it stays as it is")
    prefix = (*trace.ids[:step], id)
    check_prefix(dataclasses.replace(trace.options, prefix_ids=prefix), checkpoint.tokenizer)


def _pieces(tokenizer: Tokenizer, ids: Sequence[int]) -> tuple[SourcePiece, ...]:
    return tuple(SourcePiece(tokenizer.piece(id), id, tokenizer.is_unknown(id)) for id in ids)


def _guarded(tokenizer: Tokenizer, message: str, options: DecodingOptions) -> DecodingOptions:
    """The options, or where a life may be at stake those that force the answer with help."""
    answer = help_for(message)
    if answer is None:
        return options
    forced = (*tokenizer.encode(answer), EOS_ID)
    longest = max(options.max_len, len(forced))
    return dataclasses.replace(options, method="greedy", prefix_ids=forced, max_len=longest)


def _options(given: object) -> DecodingOptions:
    """The options given, or the defaults for None. Raises ValueError for anything else."""
    if given is None:
        return DecodingOptions()
    if not isinstance(given, DecodingOptions):
        raise ValueError(
            f"options is a {type(given).__name__}; make it with DecodingOptions(...) or "
            "DecodingOptions.from_dict"
        )
    return given


def _check_message(message: object) -> None:
    if not isinstance(message, str):
        raise ValueError(f"the message is a {type(message).__name__}; it must be text")
    if not message.strip():
        raise ValueError("the message is empty; write something")
