"""Text in, replies with their traces out, from a checkpoint folder or a hub id."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seq2seq.asking import begin_trace, check_branch, check_requests
from seq2seq.checkpoint import CONFIG, METRICS, TOKENIZER, WEIGHTS, Checkpoint, load_checkpoint
from seq2seq.config import ModelConfig
from seq2seq.inspection.neighbour_file import FILE as NEIGHBOURS
from seq2seq.options import DecodingOptions
from seq2seq.replying import branch_reply, grow_replies
from seq2seq.trace import Trace

_LOCAL = ("checkpoints", ".", "..")  # first parts of a path that are no user of the hub
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_AT_ONCE = 64  # rows of a batch in reply_many
_MEASURED_AT_ONCE = 64  # steps whose measures nobody waits for


class Chatbot:
    """A trained model that answers messages."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    @classmethod
    def from_pretrained(cls, name: str | Path, *, precision: str = "auto") -> Chatbot:
        """Load a checkpoint folder, or the one with this id on the Hugging Face hub.

        precision says how replies are computed: `int8` on 8-bit weights, which is faster, `fp32`,
        or `auto`: 8-bit where the processor is made for it. Raises FileNotFoundError if there is
        none, ValueError if it does not hold together, or for a precision that cannot be had.
        """
        if not isinstance(name, (str, Path)):
            raise ValueError(f"the checkpoint is {name!r}; it must be a folder or a hub id")
        folder = Path(name)
        on_hub = _HUB_ID.fullmatch(str(name)) and folder.parent.name not in _LOCAL
        if on_hub and not folder.is_dir():
            folder = _download(str(name))
        return cls(load_checkpoint(folder, precision=precision))

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
    def precision(self) -> str:
        """How replies are computed: `int8` or `fp32`."""
        return self.checkpoint.precision

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
        (checked,) = check_requests(self.checkpoint, [message], options, [history])
        begun = begin_trace(self.checkpoint, message, checked, history)
        return (trace for _, trace in grow_replies(self.checkpoint, [begun]))

    def reply(
        self,
        message: str,
        options: DecodingOptions | None = None,
        *,
        history: Sequence[str] = (),
    ) -> Trace:
        """The whole reply. Raises as `stream` does."""
        (checked,) = check_requests(self.checkpoint, [message], options, [history])
        begun = begin_trace(self.checkpoint, message, checked, history)
        for _, trace in grow_replies(self.checkpoint, [begun], _MEASURED_AT_ONCE):
            last = trace
        return last

    def branch(self, trace: Trace, step: int, id: int) -> Iterator[Trace]:
        """What if the reply had piece `id` at `step` (from 0)? Gives the other reply as it grows.

        The steps before are kept, and nothing is encoded or decoded again. Raises ValueError for a
        step that the trace does not have, a piece that no reply has, the trace of another
        checkpoint, and for an answer that points to help (`seq2seq.care`), which stays as it is.
        """
        check_branch(self.checkpoint, trace, step, id)
        return branch_reply(self.checkpoint, trace, step, id)

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
        checked = check_requests(self.checkpoint, messages, options, histories)
        alike: dict[DecodingOptions, list[int]] = {}
        for i in sorted(range(len(messages)), key=lambda i: len(messages[i])):
            # Whose reply it is and which random numbers it draws are each row's own.
            key = dataclasses.replace(checked[i], seed=None, personality=None)
            alike.setdefault(key, []).append(i)
        traces: dict[int, Trace] = {}
        for order in alike.values():
            for start in range(0, len(order), _AT_ONCE):
                rows = order[start : start + _AT_ONCE]
                begun = [
                    begin_trace(self.checkpoint, messages[i], checked[i], histories[i])
                    for i in rows
                ]
                for row, trace in grow_replies(self.checkpoint, begun, _MEASURED_AT_ONCE):
                    traces[rows[row]] = trace
        return [traces[i] for i in range(len(messages))]


def _download(hub_id: str) -> Path:
    """Fetch a checkpoint from the hub into its cache. Raises FileNotFoundError if it cannot be."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = [CONFIG, WEIGHTS, TOKENIZER, METRICS, NEIGHBOURS, "README.md", "*.png"]
    try:
        return Path(snapshot_download(hub_id, allow_patterns=wanted))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise FileNotFoundError(
            f"{hub_id} is no checkpoint folder here and cannot be fetched from the hub: "
            f"{type(error).__name__}"
        ) from error
