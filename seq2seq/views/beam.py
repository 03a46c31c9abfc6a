"""A beam search as the text that its view draws: one JSON object, and what it says in words."""

from __future__ import annotations

import json
import math
from typing import Any

from seq2seq.beam_tree import BeamTree
from seq2seq.tokenizer import EOS_ID
from seq2seq.trace import Trace

SWITCH = "“How it decides” → “Look ahead (beam search)”"
_MADE = {
    "greedy": "it took the likeliest piece each time",
    "sample": "its pieces were drawn at random",
}


def beam_payload(tree: BeamTree | None, trace: Trace, number: int) -> str:
    """The JSON object of one reply; `number` counts the visitor's replies from 1.

    `nodes` are columns with an entry a node: its parent's index (-1: none), the index of its piece
    in `pieces`, its own log-probability and that of its path (nats), its status's letter
    (`beam_tree.Status`); `end` is the end token's index in `pieces`. Without a tree there is only
    `none`, a sentence that says why.
    """
    if tree is None or trace.options.method != "beam":
        return _line({"number": number, "none": _nothing(trace, number)})
    at = {id: place for place, (id, _) in enumerate(tree.pieces)}
    found = trace.hypotheses or ()
    return _line(
        {
            "number": number,
            "message": trace.message[:60],
            "width": tree.width,
            "max_len": tree.max_len,
            "penalty": tree.length_penalty,
            "forced": tree.forced,
            "end": at.get(EOS_ID, -1),
            "pieces": [piece for _, piece in tree.pieces],
            "nodes": {
                "parent": [node.parent for node in tree.nodes],
                "piece": [at[node.id] for node in tree.nodes],
                "own": [_round(node.log_probability) for node in tree.nodes],
                "logprob": [_round(node.logprob, 6) for node in tree.nodes],
                "status": "".join(node.status for node in tree.nodes),
            },
            "best": list(tree.best),
            "replies": [hypothesis.reply for hypothesis in found],
            "greedy": list(tree.greedy),
            "greedy_reply": tree.greedy_reply,
            "verdict": verdict(tree),
        }
    )


def verdict(tree: BeamTree) -> str:
    """One sentence: whether looking ahead found a better reply than greedy, and by how much.

    Better is what scores higher; the difference is told in nats of log-probability, and in score
    too where the length penalty makes the two differ.
    """
    best, greedy = tree.nodes[tree.best[0]], tree.nodes[tree.greedy[-1]]
    if tree.best[0] == tree.greedy[-1]:
        return (
            "Looking ahead found the very reply that greedy finds: taking the likeliest piece each "
            "time was best as a whole, too."
        )
    nats = best.logprob - greedy.logprob
    size = "neither likelier nor less likely" if _figure(nats) == "0.00" else _likelier(nats)
    scores = f"its score is {_signed(best.score)} against {_signed(greedy.score)}"
    if best.score < greedy.score:
        return (
            f"Looking ahead did not pay here: {scores} for greedy's, whose path the beam dropped "
            f"on the way; as a whole it is {size}."
        )
    if nats >= 0:
        also = "" if tree.length_penalty == 0 else f", and {scores}"
        return f"Looking ahead found a better reply than greedy: it is {size}{also}."
    power = tree.length_penalty
    length = "the length" if power == 1 else f"the length to the power of {power:g}"
    return (
        f"Looking ahead found a better reply than greedy for its length: {scores}. As a whole it "
        f"is {size}; the score divides by {length}, so that short replies do not always win."
    )


def _likelier(nats: float) -> str:
    """A difference of log-probabilities in nats, and as a ratio while that can be grasped."""
    ratio = math.exp(min(abs(nats), 20.0))
    times = f" ({ratio:,.3g} times as likely)" if nats >= 0 and 1.05 <= ratio < 1000 else ""
    return f"{_figure(abs(nats))} nats {'likelier' if nats >= 0 else 'less likely'}{times}"


def _nothing(trace: Trace, number: int) -> str:
    made = _MADE.get(trace.options.method)
    if made is None:
        return f"The tree of reply {number} was not kept; send the message again to draw it."
    return (
        f"Reply {number} was not made by beam search ({made}), so there is no tree to draw. To see "
        f"one, choose {SWITCH}, and send a message."
    )


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 or abs(value) < 0.005 else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _round(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
