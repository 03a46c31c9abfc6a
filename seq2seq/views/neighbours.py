"""Where a reply may come from: the nearest training messages as the text of one view."""

from __future__ import annotations

import json
import re
from typing import Any

from seq2seq.care import help_for
from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.neighbours import Neighbour, Neighbours, nearest_exactly, reply_hash
from seq2seq.source import chosen_personality
from seq2seq.tokenizer import PERSONALITY_IDS, TURN_ID
from seq2seq.trace import Trace

_WORD = re.compile(r"\w+(?:['’]\w+)*")

CARE = (
    "For a message like this one the nearest training messages are not listed: they were not "
    "written about you."
)
TURNS = (
    "The encoder also read the turns before this message. The messages below were read alone, so "
    "even the same message is not at 1."
)
PERSONALITY = (
    "You asked {asked}. So that like is compared with like, your message was read here with the "
    "control piece of {indexed}, as those below were; small talk stands with {indexed} replies."
)


def neighbours_payload(
    checkpoint: Checkpoint, neighbours: Neighbours | None, trace: Trace, number: int
) -> str:
    """The view's JSON for this reply; `number` counts the visitor's replies from 1.

    `neighbours` is the checkpoint's index, None if it has none. `found` has similarity, message,
    reply, corpus and whether the reply is this one, nearest first; the message alternates between
    what it does not share with the one typed and what it does. `said` is whether the whole reply is
    a training reply; null while it is written, and where it was not the model that chose it.
    """
    payload: dict[str, Any] = {
        "number": number,
        "message": trace.message,
        "reply": trace.reply,
        "context": [checkpoint.config.n_layers, checkpoint.config.hidden_dim],
    }
    if neighbours is None:
        payload["command"] = _command(checkpoint)
        return _json(payload)
    about = neighbours.about
    care = help_for(trace.message) is not None
    source = _as_indexed(neighbours, trace)
    found = [] if care else nearest_exactly(checkpoint, neighbours, source)
    ended = trace.finish_reason is not None and bool(trace.reply.strip()) and not care
    payload |= {
        "rows": about.rows,
        "pairs": about.pairs,
        "replies": about.replies,
        "said": neighbours.said_before(trace.reply) if ended else None,
        "notes": [CARE] if care else _notes(checkpoint, neighbours, trace),
        "found": [_row(neighbour, trace) for neighbour in found],
    }
    return _json(payload)


def shared_words(text: str, message: str) -> list[str]:
    """The text cut so that every second part, from the second on, is a word of the message too.

    Case and the kind of apostrophe do not count. The parts, joined, are the text.
    """
    known = {_folded(word) for word in _WORD.findall(message)}
    parts, end = [""], 0
    for found in _WORD.finditer(text):
        parts[-1] += text[end : found.start()]
        end = found.end()
        if _folded(found.group()) in known:
            parts += [found.group(), ""]
        else:
            parts[-1] += found.group()
    parts[-1] += text[end:]
    return parts


def _as_indexed(neighbours: Neighbours, trace: Trace) -> list[int]:
    """The ids that the encoder read, with the control piece that the index was read with.

    Another personality's piece moves every vector further than most messages lie apart.
    """
    indexed = neighbours.about.personality
    controls = set(PERSONALITY_IDS.values())
    own = [piece.id for piece in trace.source]
    if indexed is None:
        return own
    return [PERSONALITY_IDS[indexed] if id in controls else id for id in own]


def _row(neighbour: Neighbour, trace: Trace) -> list[Any]:
    return [
        float(f"{neighbour.similarity:.4g}"),
        shared_words(neighbour.message, trace.message),
        neighbour.reply,
        neighbour.corpus,
        reply_hash(neighbour.reply) == reply_hash(trace.reply),
    ]


def _notes(checkpoint: Checkpoint, neighbours: Neighbours, trace: Trace) -> list[str]:
    """Why a message may lie further from its like than one would think."""
    notes = []
    if any(piece.id == TURN_ID for piece in trace.source):
        notes.append(TURNS)
    asked = chosen_personality(checkpoint.config, trace.options.personality)
    if asked != neighbours.about.personality:
        notes.append(PERSONALITY.format(asked=asked, indexed=neighbours.about.personality))
    return notes


def _command(checkpoint: Checkpoint) -> str:
    """The command that makes the index, without the folders of this machine."""
    words = f"python -m seq2seq index --checkpoint checkpoints/{checkpoint.name}"
    settings = checkpoint.metrics.get("settings")
    recorded = isinstance(settings, dict) and settings.get("corpora")
    return words if recorded else f"{words} --corpus NAME"


def _folded(word: str) -> str:
    return word.casefold().replace("’", "'")


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
