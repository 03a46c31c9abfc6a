"""A hypothesis of beam search: its pieces linked to those before them, and as a trace keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from seq2seq.beam_tree import score
from seq2seq.measuring import Measured, record
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import Tokenizer
from seq2seq.trace import Hypothesis, Step


@dataclass(frozen=True)
class Node:
    """A piece of a hypothesis, and through its parents the whole of it.

    `logprob` is the hypothesis's own so far, in nats: the sum of its steps' log-probabilities;
    `number` counts all that one search considers, from 0.
    """

    parent: Node | None
    measured: Measured
    logprob: float
    attention: tuple[float, ...] | None
    state: Tensor  # (L, H)
    number: int = 0

    def path(self) -> list[Node]:
        """The nodes from the first piece to this one."""
        nodes: list[Node] = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]

    def ids(self) -> list[int]:
        """The pieces' ids, the end token's included."""
        return [node.measured.id for node in self.path()]

    def score(self, length_penalty: float) -> float:
        """What hypotheses are ranked by: see `beam_tree.score`."""
        return score(self.logprob, len(self.path()), length_penalty)


def beam_reply(
    tokenizer: Tokenizer, options: DecodingOptions, ends: Sequence[Node]
) -> tuple[tuple[Step, ...], tuple[Hypothesis, ...]]:
    """The best hypothesis as steps of a trace, and all of them as its n-best list."""
    hypotheses = tuple(
        Hypothesis(
            reply=tokenizer.decode(end.ids()),
            ids=tuple(end.ids()),
            logprob=end.logprob,
            score=end.score(options.length_penalty),
        )
        for end in ends
    )
    texts = tokenizer.detokenizer()
    steps = tuple(
        record(
            node.measured,
            tokenizer,
            texts,
            step=position,
            logprob=node.parent.logprob if node.parent else 0.0,
            forced=position < len(options.prefix_ids),
            attention=node.attention,
            state=node.state,
        )
        for position, node in enumerate(ends[0].path())
    )
    return steps, hypotheses
