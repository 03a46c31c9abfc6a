"""A trace as the text that the page's view draws: one JSON value a line.

The first line lists the replies that can be opened; the second tells everything known of this one
before its first step, each step adds one line, and the last line says how it ended. A growing reply
is therefore sent as appended text, never sent again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from seq2seq.tokenizer import EOS_ID, LAST_CONTROL_ID, PERSONALITY_IDS, TURN_ID
from seq2seq.views import words


def trace_lines(
    record: Mapping[str, Any],
    *,
    number: int,
    unread: Sequence[Mapping[str, Any]] = (),
    context: tuple[int, int] = (0, 0),
    late: bool = False,
) -> str:
    """The lines of one reply.

    `record` is `Trace.to_dict()`, with `finish_reason` None while the reply grows; `number` counts
    the visitor's replies from 1; `unread` are the message's pieces beyond what the encoder reads;
    `context` is (L, H); `late` says that a stopped reply took too long.
    """
    out = [_header(record, number, unread, context)]
    out += [_step(step) for step in record["steps"]]
    if record.get("finish_reason") is not None:
        out.append(_end(record, late))
    return "".join(map(_line, out))


class Listed(NamedTuple):
    """A reply that can be opened: `answers` is the same for all versions of one reply.

    `left` is the number of the version, and its step, that this one goes on from; `reply` and
    `logprob` (nats) are None while it is being written.
    """

    number: int
    message: str
    answers: int
    left: tuple[int, int] | None = None
    reply: str | None = None
    logprob: float | None = None


def replies_line(replies: Iterable[Listed]) -> str:
    """The line with all replies that can be opened."""
    listed = [
        {
            "number": one.number,
            "message": one.message[:60],
            "answers": one.answers,
            "left": one.left,
            "reply": one.reply,
            "logprob": None if one.logprob is None else _round(one.logprob),
        }
        for one in replies
    ]
    return _line({"line": "replies", "replies": listed})


def candidate_rows(step: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """A step's rows and what is left for 'everything else': both columns of each add up to 1.

    A chosen piece that is not among the candidates becomes a row of its own and leaves the rest.
    """
    rows = [dict(candidate) for candidate in step["candidates"]]
    rest = float(step["other"])
    if all(row["id"] != step["id"] for row in rows):
        names = ("id", "piece", "probability", "sampling_probability")
        rows.append({name: step[name] for name in names})
        rest -= step["probability"]
    sampled = 1.0 - sum(row["sampling_probability"] for row in rows)
    for row in rows:
        row["chosen"] = row["id"] == step["id"]
    return rows, {"probability": max(rest, 0.0), "sampling_probability": max(sampled, 0.0)}


def _header(
    record: Mapping[str, Any],
    number: int,
    unread: Sequence[Mapping[str, Any]],
    context: tuple[int, int],
) -> dict[str, Any]:
    checkpoint = record["checkpoint"]
    return {
        "line": "reply",
        "number": number,
        "message": record["message"],
        "normalized": record["normalized"],
        "source": [_source(piece) for piece in record["source"]],
        "unread": [_source(piece) for piece in unread],
        "context": list(context),
        "attends": any(step["attention"] is not None for step in record["steps"][:1]),
        "checkpoint": checkpoint["name"],
        "sha256": words.short_hash(checkpoint["sha256"]),
        "method": words.method(record["options"]),
        "seed": record["seed"] if record["options"].get("method") == "sample" else None,
    }


def _source(piece: Mapping[str, Any]) -> list[Any]:
    kind = "turn" if piece["id"] == TURN_ID else ""
    if piece["id"] in PERSONALITY_IDS.values():
        kind = "personality"
    return [piece["piece"], piece["id"], bool(piece["unknown"]), kind]


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    rows, rest = candidate_rows(step)
    return {
        "line": "step",
        "id": step["id"],
        "piece": step["piece"],
        "p": _round(step["probability"]),
        "sp": _round(step["sampling_probability"]),
        "rank": step["rank"],
        "bits": _round(step["entropy"]),
        "logprob": _round(step["logprob"]),
        "forced": bool(step["forced"]),
        "rows": [
            [
                row["piece"],
                row["id"],
                _round(row["probability"]),
                _round(row["sampling_probability"]),
                row["chosen"],
                _can_be_written(row["id"]),
            ]
            for row in rows
        ],
        "rest": [_round(rest["probability"]), _round(rest["sampling_probability"])],
    }


def _can_be_written(id: int) -> bool:
    return id == EOS_ID or id > LAST_CONTROL_ID


def _end(record: Mapping[str, Any], late: bool) -> dict[str, Any]:
    return {
        "line": "end",
        "reason": record["finish_reason"],
        "words": words.finish(record["finish_reason"], late=late),
        "timing": words.timing(record["timings_ms"], len(record["steps"])),
        "best": [
            [found["reply"], _round(found["logprob"]), _round(found["score"])]
            for found in record.get("hypotheses") or ()
        ],
    }


def _round(value: float) -> float:
    return float(f"{value:.6g}")


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
