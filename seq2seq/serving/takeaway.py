"""Taking a reply away and bringing it back: as a trace file, as a page, as a link."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable
from typing import Any

import torch

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.asking import check_requests
from seq2seq.inspection.kept import kept_logits
from seq2seq.restoring import check_trace, trace_from_dict
from seq2seq.serving.deep import deep_view
from seq2seq.serving.limits import bounded_options, check_message
from seq2seq.serving.shelf import CheckpointError, Shelf
from seq2seq.serving.visit import Turn, Visit
from seq2seq.views.standalone import standalone_page
from seq2seq.views.wording import words
from seq2seq.views.words import short_hash

LONGEST_FILE = 240_000  # characters
LONGEST_LINK = 6000  # characters
_SAVED = ("choosing", "influence", "inside", "beam", "neighbours")


def takeaway(shelf: Shelf, visit: Visit) -> str:
    """What the view offers of the reply looked at, as JSON: its trace file and its link."""
    turn = visit.find(visit.shown)
    if turn is None or not turn.packed or turn is visit.writing:
        return ""
    trace = visit.trace_of(turn)
    record = json.dumps(trace.to_dict(), ensure_ascii=False, indent=1)
    return json.dumps({"number": turn.number, "trace": record, "link": link(turn, trace)})


def saved_page(shelf: Shelf, visit: Visit, asset: Callable[[str], str]) -> str:
    """The reply looked at with its views as one HTML page. Raises ValueError if there is none."""
    turn = visit.find(visit.shown)
    if turn is None or not turn.packed or turn is visit.writing:
        raise ValueError("There is no finished reply to save; write a message.")
    views = {"trace": visit.view()}
    views |= {name: deep_view(shelf, visit, name) or "" for name in _SAVED}
    trace = visit.trace_of(turn)
    about = words(
        "A reply by the model {name} ({hash}), with all its choices.",
        name=trace.checkpoint,
        hash=short_hash(trace.sha256),
    )
    title = words("“{message}” answered", message=trace.message[:80])
    return standalone_page(title, views, asset, about)


def link(turn: Turn, trace: Trace) -> str:
    """The part of an address that holds message, checkpoint, options, seed and branch."""
    told = {
        "model": turn.model,
        "sha256": trace.sha256[:16],
        "message": trace.message,
        "options": trace.options.to_dict(),
    }
    packed = zlib.compress(json.dumps(told, ensure_ascii=False).encode(), 9)
    return "?say=" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_link(shelf: Shelf, packed: str) -> tuple[str, Chatbot, str, DecodingOptions]:
    """The checkpoint's name, its chatbot, the message and the options that a link holds.

    Raises ValueError, in words for the visitor, for a link that is cut off or forged, and for one
    of a checkpoint that is not here.
    """
    broken = "This link is cut off or was changed; nothing can be replayed from it."
    if len(packed) > LONGEST_LINK:
        raise ValueError(broken)
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        inflate = zlib.decompressobj()
        told = json.loads(inflate.decompress(raw, LONGEST_FILE))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise ValueError(broken) from error
    if not isinstance(told, dict) or not isinstance(told.get("options"), dict):
        raise ValueError(broken)
    name = told.get("model")
    bot = shelf.get(name if isinstance(name, str) else "")
    if bot.sha256[:16] != told.get("sha256"):
        raise CheckpointError(
            f"This link is of other weights than the checkpoint {bot.name!r} has now."
        )
    message, options = check_message(told.get("message")), bounded_options(told["options"])
    check_requests(bot.checkpoint, [message], [options], [()])
    return str(name), bot, message, options


def open_trace(shelf: Shelf, visit: Visit, text: object) -> Turn:
    """Bring a trace file back into the conversation, as a reply to look into.

    It is checked against its version, against the weights of the checkpoints here, and its
    probabilities against what those weights give. Raises ValueError, in words for the visitor,
    and nothing is changed, for a file that is cut off, of another version or of other weights.
    """
    if not isinstance(text, str) or len(text) > LONGEST_FILE:
        raise ValueError(f"That file is no trace, or has more than {LONGEST_FILE:,} characters.")
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ValueError("That file is no JSON: it is cut off, or no trace.") from error
    trace = trace_from_dict(record)
    check_message(trace.message)
    name, bot = _writer(shelf, trace)
    check_trace(bot.checkpoint, trace)
    _check_figures(bot, trace)
    turn = visit.begin(trace.message, model=name)
    turn.record(trace, (bot.config.n_layers, bot.config.hidden_dim))
    visit.finish(turn)
    return turn


def _writer(shelf: Shelf, trace: Trace) -> tuple[str, Chatbot]:
    """The checkpoint whose weights wrote the trace, the one of its name tried first."""
    names = sorted(shelf.names, key=lambda name: name != trace.checkpoint)
    for name in names:
        try:
            bot = shelf.get(name)
        except CheckpointError:
            continue
        if bot.sha256 == trace.sha256:
            return name, bot
    raise ValueError(
        f"That trace is of the checkpoint {trace.checkpoint[:60]!r} with weights "
        f"{trace.sha256[:8]!r}, which are not here."
    )


def _check_figures(bot: Chatbot, trace: Trace) -> None:
    logits = kept_logits(bot.checkpoint, trace)
    at = torch.tensor(trace.ids).unsqueeze(1)
    found: list[float] = logits.softmax(dim=-1).gather(1, at).squeeze(1).tolist()
    for step, probability in zip(trace.steps, found, strict=True):
        if abs(step.probability - probability) > 1e-3:
            raise ValueError(
                f"That trace gives step {step.step + 1} the probability {step.probability:.3f}; "
                f"its checkpoint gives {probability:.3f}. The file was changed."
            )


def unpack(data: Any) -> object:
    """What a view sent of a file: its text, whatever it really is."""
    return data.get("text") if isinstance(data, dict) else None
