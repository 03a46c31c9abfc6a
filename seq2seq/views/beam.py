"""A beam search as the text that its view draws: one JSON object, and what it says in words."""

from __future__ import annotations

import json
import math
from typing import Any

from seq2seq.beam_tree import BeamTree
from seq2seq.tokenizer import EOS_ID
from seq2seq.trace import Trace
from seq2seq.views.wording import Words, words

TO_SEE_ONE = "To see one, choose “How it decides” → “Look ahead (beam search)”, and send a message."
_MADE = {
    "greedy": "Reply {number} was not made by beam search (it took the likeliest piece each time), "
    "so there is no tree to draw.",
    "sample": "Reply {number} was not made by beam search (its pieces were drawn at random), so "
    "there is no tree to draw.",
}
_SAME = (
    "Looking ahead found the very reply that greedy finds: taking the likeliest piece each time "
    "was best as a whole, too."
)
_VERDICTS = {
    "worse": "Looking ahead did not pay here: its score is {score} against {greedy} for greedy's, "
    "whose path the beam dropped on the way; as a whole it is {size}.",
    "likelier": "Looking ahead found a better reply than greedy: it is {size}.",
    "likelier and better": "Looking ahead found a better reply than greedy: it is {size}, and its "
    "score is {score} against {greedy}.",
    "better for its length": "Looking ahead found a better reply than greedy for its length: its "
    "score is {score} against {greedy}. As a whole it is {size}; the score divides by the length, "
    "so that short replies do not always win.",
    "better for a power of its length": "Looking ahead found a better reply than greedy for its "
    "length: its score is {score} against {greedy}. As a whole it is {size}; the score divides by "
    "the length to the power of {power}, so that short replies do not always win.",
}


def beam_payload(tree: BeamTree | None, trace: Trace, number: int) -> str:
    """The JSON object of one reply; `number` counts the visitor's replies from 1.

    `nodes` are columns with an entry a node: its parent's index (-1: none), the index of its piece
    in `pieces`, its own log-probability and that of its path (nats), its status's letter
    (`beam_tree.Status`); `end` is the end token's index in `pieces`. Without a tree there is only
    `none`, sentences that say why.
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


def verdict(tree: BeamTree) -> Words:
    """In words, whether looking ahead found a better reply than greedy, and by how much.

    Better is what scores higher; the difference is told in nats of log-probability, and in score
    too where the length penalty makes the two differ.
    """
    best, greedy = tree.nodes[tree.best[0]], tree.nodes[tree.greedy[-1]]
    nats, power = best.logprob - greedy.logprob, tree.length_penalty
    if tree.best[0] == tree.greedy[-1]:
        return _SAME
    if best.score < greedy.score:
        found = "worse"
    elif nats >= 0:
        found = "likelier" if power == 0 else "likelier and better"
    else:
        found = "better for its length" if power == 1 else "better for a power of its length"
    return words(
        _VERDICTS[found],
        size=_size(nats),
        score=_signed(best.score),
        greedy=_signed(greedy.score),
        power=f"{power:g}",
    )


def _size(nats: float) -> Words:
    """A difference of log-probabilities in nats, and as a ratio while that can be grasped."""
    size = _figure(abs(nats))
    if size == "0.00":
        return ["neither likelier nor less likely", {}]
    if nats < 0:
        return words("{nats} nats less likely", nats=size)
    ratio = math.exp(min(nats, 20.0))
    if not 1.05 <= ratio < 1000:
        return words("{nats} nats likelier", nats=size)
    return words("{nats} nats likelier ({times} times as likely)", nats=size, times=f"{ratio:,.3g}")


def _nothing(trace: Trace, number: int) -> list[Words]:
    """Why there is no tree, as sentences."""
    made = _MADE.get(trace.options.method)
    if made is None:
        return [
            words(
                "The tree of reply {number} was not kept; send the message again to draw it.",
                number=number,
            )
        ]
    return [words(made, number=number), TO_SEE_ONE]


def _figure(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 or abs(value) < 0.005 else f"{value:.3f}"


def _signed(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _round(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
