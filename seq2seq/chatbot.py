"""Text in, replies with their traces out, from a checkpoint folder or a hub id."""

from __future__ import annotations

import dataclasses
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from seq2seq.batching import pad_sources
from seq2seq.beam import beam_reply, search
from seq2seq.care import help_for
from seq2seq.checkpoint import CONFIG, METRICS, TOKENIZER, WEIGHTS, Checkpoint, load_checkpoint
from seq2seq.config import ModelConfig
from seq2seq.decoding import Reply, check_prefix, decode
from seq2seq.measuring import keep_rows
from seq2seq.model import Encoded
from seq2seq.options import DecodingOptions
from seq2seq.source import chosen_personality, read_source
from seq2seq.tokenizer import EOS_ID
from seq2seq.trace import SourcePiece, Trace

_LOCAL = ("checkpoints", ".", "..")  # first parts of a path that are no user of the hub
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_AT_ONCE = 64  # rows of a batch in reply_many


class Chatbot:
    """A trained model that answers messages."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    @classmethod
    def from_pretrained(cls, name: str | Path) -> Chatbot:
        """Load a checkpoint folder, or the one with this id on the Hugging Face hub.

        Raises FileNotFoundError if there is none, ValueError if it does not hold together.
        """
        if not isinstance(name, (str, Path)):
            raise ValueError(f"the checkpoint is {name!r}; it must be a folder or a hub id")
        folder = Path(name)
        on_hub = _HUB_ID.fullmatch(str(name)) and folder.parent.name not in _LOCAL
        if on_hub and not folder.is_dir():
            folder = _download(str(name))
        return cls(load_checkpoint(folder))

    @property
    def name(self) -> str:
        """The checkpoint folder's name."""
        return self.checkpoint.name

    @property
    def folder(self) -> Path:
        """The checkpoint folder."""
        return self.checkpoint.folder

    @property
    def sha256(self) -> str:
        """The hash of the weights file."""
        return self.checkpoint.sha256

    @property
    def config(self) -> ModelConfig:
        """The model's sizes and options."""
        return self.checkpoint.config

    @property
    def metrics(self) -> dict[str, Any]:
        """What training measured; empty if the folder has no metrics.json."""
        return self.checkpoint.metrics

    @property
    def card(self) -> str:
        """The model card as Markdown; empty if there is none."""
        return self.checkpoint.card

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned, tied ones counted once."""
        return sum(p.numel() for p in self.checkpoint.model.parameters())

    @property
    def personalities(self) -> tuple[str, ...]:
        """Who can answer, the default first; empty for a model without personalities."""
        return self.config.personalities

    @property
    def max_source(self) -> int:
        """How many pieces the encoder reads, the end piece included."""
        return self.config.max_source

    def stream(
        self,
        message: str,
        options: DecodingOptions | None = None,
        *,
        history: Sequence[str] = (),
    ) -> Iterator[Trace]:
        """Give the trace as it grows, a step each; the last one has its `finish_reason`.

        A message about suicide or self-harm is answered with help (`seq2seq.care`), forced piece by
        piece as if the options' prefix_ids asked for it. history are the conversation's earlier
        turns, oldest first; a model reads the last `config.context_turns` of them. Raises
        ValueError for an empty message or a bad prefix.
        """
        (checked,) = self._checked([message], options, [history])
        return (trace for _, trace in self._replies([message], [checked], [history]))

    def reply(
        self,
        message: str,
        options: DecodingOptions | None = None,
        *,
        history: Sequence[str] = (),
    ) -> Trace:
        """The whole reply. Raises as `stream` does."""
        for trace in self.stream(message, options, history=history):
            last = trace
        return last

    def reply_many(
        self,
        messages: Sequence[str],
        options: DecodingOptions | Sequence[DecodingOptions] | None = None,
        *,
        histories: Sequence[Sequence[str]] | None = None,
    ) -> list[Trace]:
        """The reply to each message, in order, decoded in batches of like length.

        Each is what `reply` gives for it alone. `options` are for all messages, or a list with
        those of each; histories, if given, has one for each message. Raises as `stream` does,
        before anything is decoded.
        """
        if isinstance(messages, str):
            raise ValueError("messages is one text; reply_many takes a list of them")
        if histories is None:
            histories = [()] * len(messages)
        if len(histories) != len(messages):
            raise ValueError(f"{len(messages)} messages but {len(histories)} histories")
        checked = self._checked(messages, options, histories)
        alike: dict[DecodingOptions, list[int]] = {}
        for i in sorted(range(len(messages)), key=lambda i: len(messages[i])):
            # Whose reply it is and which random numbers it draws are each row's own.
            key = dataclasses.replace(checked[i], seed=None, personality=None)
            alike.setdefault(key, []).append(i)
        traces: dict[int, Trace] = {}
        for order in alike.values():
            for start in range(0, len(order), _AT_ONCE):
                rows = order[start : start + _AT_ONCE]
                chosen = [messages[i] for i in rows]
                heard = [histories[i] for i in rows]
                for row, trace in self._replies(chosen, [checked[i] for i in rows], heard):
                    traces[rows[row]] = trace
        return [traces[i] for i in range(len(messages))]

    def _guarded(self, message: str, options: DecodingOptions) -> DecodingOptions:
        """The options, or where a life may be at stake those that force the answer with help."""
        answer = help_for(message)
        if answer is None:
            return options
        forced = (*self.checkpoint.tokenizer.encode(answer), EOS_ID)
        longest = max(options.max_len, len(forced))
        return dataclasses.replace(options, method="greedy", prefix_ids=forced, max_len=longest)

    def _replies(
        self,
        messages: Sequence[str],
        options: Sequence[DecodingOptions],
        histories: Sequence[Sequence[str]],
    ) -> Iterator[tuple[int, Trace]]:
        """(row, trace so far) of each message at each step.

        The options may differ in seed and personality alone.
        """
        model, tokenizer = self.checkpoint.model, self.checkpoint.tokenizer
        started = time.perf_counter()
        traces = list(map(self._start, messages, options, histories))
        sources = [[piece.id for piece in trace.source] for trace in traces]
        with torch.inference_mode():
            encoded = model.encode(pad_sources(sources))
        encode_ms = _milliseconds_since(started)
        traces = [dataclasses.replace(trace, encode_ms=encode_ms) for trace in traces]
        shared = traces[0].options
        if shared.method == "beam":
            for row, trace in enumerate(traces):
                for grown in self._searched(trace, keep_rows(encoded, torch.tensor([row]))):
                    yield row, grown
            return
        replies = [Reply(trace.seed) for trace in traces]
        started = time.perf_counter()
        for found in decode(model, tokenizer, encoded, shared, replies):
            decode_ms = _milliseconds_since(started)
            for row, step in found:
                traces[row] = dataclasses.replace(
                    traces[row],
                    steps=(*traces[row].steps, step),
                    finish_reason=replies[row].finish_reason,
                    decode_ms=decode_ms,
                )
                yield row, traces[row]

    def _searched(self, trace: Trace, encoded: Encoded) -> Iterator[Trace]:
        """A reply by beam search: found first, then given a step more each time."""
        started = time.perf_counter()
        model, tokenizer = self.checkpoint.model, self.checkpoint.tokenizer
        ends = search(model, encoded, trace.options, tokenizer.never_written)
        steps, hypotheses = beam_reply(tokenizer, trace.options, ends)
        found = dataclasses.replace(trace, decode_ms=_milliseconds_since(started))
        for count in range(1, len(steps)):
            yield dataclasses.replace(found, steps=steps[:count])
        reason = "eos" if steps[-1].id == EOS_ID else "length"
        yield dataclasses.replace(found, steps=steps, hypotheses=hypotheses, finish_reason=reason)

    def _checked(
        self,
        messages: Sequence[str],
        options: DecodingOptions | Sequence[DecodingOptions] | None,
        histories: Sequence[Sequence[str]],
    ) -> list[DecodingOptions]:
        """The options of each message, if all of this can be answered; ValueError if not."""
        given = options if isinstance(options, (list, tuple)) else [options] * len(messages)
        if len(given) != len(messages):
            raise ValueError(f"{len(messages)} messages but {len(given)} options")
        each = [_options(one) for one in given]
        for message in messages:
            _check_message(message)
        for history in histories:
            if isinstance(history, str) or not all(isinstance(turn, str) for turn in history):
                raise ValueError("history must be a list of texts, the earlier turns, oldest first")
        checked = {one: self._completed(one) for one in dict.fromkeys(each)}
        return [self._guarded(m, checked[one]) for m, one in zip(messages, each, strict=True)]

    def _completed(self, options: DecodingOptions) -> DecodingOptions:
        """The options with the model's defaults; ValueError for what it does not have."""
        check_prefix(options, self.checkpoint.tokenizer)
        personality = chosen_personality(self.config, options.personality)
        repeats = options.no_repeat_ngram
        if repeats is None:
            repeats = self.config.no_repeat_ngram or None
        return dataclasses.replace(options, personality=personality, no_repeat_ngram=repeats)

    def _start(self, message: str, options: DecodingOptions, history: Sequence[str]) -> Trace:
        """The trace before the first step: what the encoder reads, and the seed drawn."""
        message = message.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
        tokenizer, personality = self.checkpoint.tokenizer, options.personality
        source = read_source(tokenizer, self.config, message, history, personality)
        if options.method == "sample" and options.seed is None:
            options = dataclasses.replace(options, seed=secrets.randbelow(2**31))
        return Trace(
            checkpoint=self.name,
            sha256=self.sha256,
            message=message,
            normalized=source.normalized,
            source=tuple(self._source_piece(id) for id in source.ids),
            unread=tuple(self._source_piece(id) for id in source.unread),
            options=options,
            history=tuple(history),
        )

    def _source_piece(self, id: int) -> SourcePiece:
        tokenizer = self.checkpoint.tokenizer
        return SourcePiece(tokenizer.piece(id), id, tokenizer.is_unknown(id))


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


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _download(hub_id: str) -> Path:
    """Fetch a checkpoint from the hub into its cache. Raises FileNotFoundError if it cannot be."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = [CONFIG, WEIGHTS, TOKENIZER, METRICS, "README.md", "*.png"]
    try:
        return Path(snapshot_download(hub_id, allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise FileNotFoundError(
            f"{hub_id} is no checkpoint folder here and cannot be fetched from the hub: "
            f"{type(error).__name__}"
        ) from error
