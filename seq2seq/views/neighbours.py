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
from seq2seq.views.wording import Words, words

_WORD = re.compile(r"\w+(?:['’]\w+)*")

CARE = (
    "For a message like this one the nearest training messages are not listed: they were not "
    "written about you."
)
TURNS = (
    "The encoder also read the turns before this message. The messages below were read alone, so "
    "even the same message is not at 1."
)
PROOF = (
    "A neighbour is no proof: the model stores no messages, only weights that all of them have "
    "shaped."
)


def neighbours_payload(
    checkpoint: Checkpoint, neighbours: Neighbours | None, trace: Trace, number: int
) -> str:
    """The view's JSON for this reply; `number` counts the visitor's replies from 1.

    `neighbours` is the checkpoint's index, None if it has none. `found` has similarity, message,
    reply, corpus and whether the reply is this one, nearest first; the message alternates between
    what it does not share with the one typed and what it does. `said` is whether the whole reply is
    a training reply; null while it is written, and where it was not the model that chose it.
    `about` says what was measured, and among how much.
    """
    payload: dict[str, Any] = {
        "number": number,
        "message": trace.message,
        "reply": trace.reply,
    }
    if neighbours is None:
        payload["command"] = _command(checkpoint)
        return _json(payload)
    care = help_for(trace.message) is not None
    source = _as_indexed(neighbours, trace)
    found = [] if care else nearest_exactly(checkpoint, neighbours, source)
    ended = trace.finish_reason is not None and bool(trace.reply.strip()) and not care
    payload |= {
        "about": [_similarity(checkpoint), _searched(neighbours), PROOF],
        "replies": neighbours.about.replies,
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


def _similarity(checkpoint: Checkpoint) -> Words:
    return words(
        "Similarity is the cosine of the angle between two context vectors ({layers} × {hidden} "
        "numbers), seen from the mean of all: 1 is the same direction, 0 has nothing in common.",
        layers=checkpoint.config.n_layers,
        hidden=checkpoint.config.hidden_dim,
    )


def _searched(neighbours: Neighbours) -> Words:
    rows, pairs = neighbours.about.rows, neighbours.about.pairs
    if rows == pairs:
        return words("Searched all {pairs} distinct training pairs.", pairs=f"{pairs:,}")
    return words(
        "Searched {rows} of {pairs} distinct training pairs: small talk (of one personality) "
        "first, then open talk drawn by lot. One that is nearer still may be missing.",
        rows=f"{rows:,}",
        pairs=f"{pairs:,}",
    )


def _notes(checkpoint: Checkpoint, neighbours: Neighbours, trace: Trace) -> list[Words]:
    """Why a message may lie further from its like than one would think."""
    notes: list[Words] = []
    if any(piece.id == TURN_ID for piece in trace.source):
        notes.append(TURNS)
    asked = chosen_personality(checkpoint.config, trace.options.personality)
    indexed = neighbours.about.personality
    if asked != indexed:
        notes.append(
            words(
                "You asked {asked}. So that like is compared with like, your message was read here "
                "with the control piece of {indexed}, as those below were; small talk stands with "
                "{indexed} replies.",
                asked=_name(asked),
                indexed=_name(indexed),
            )
        )
    return notes


def _name(personality: str | None) -> Words:
    """A personality as a value that is said in the page's language too."""
    return [str(personality), {}]


def _command(checkpoint: Checkpoint) -> str:
    """The command that makes the index, without the folders of this machine."""
    command = f"python -m seq2seq index --checkpoint checkpoints/{checkpoint.name}"
    settings = checkpoint.metrics.get("settings")
    recorded = isinstance(settings, dict) and settings.get("corpora")
    return command if recorded else f"{command} --corpus NAME"


def _folded(word: str) -> str:
    return word.casefold().replace("’", "'")


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
