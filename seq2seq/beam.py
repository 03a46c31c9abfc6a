"""Beam search: several hypotheses at once in one batched step, the best of them the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from seq2seq.beam_tree import ROOT, BeamTree, Status, grow
from seq2seq.compact import Runner
from seq2seq.filters import sampling_logits
from seq2seq.hypothesis import Node, beam_reply
from seq2seq.measuring import attention_of, keep_rows, measure
from seq2seq.model import Decoded, Encoded
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID, SOS_ID, Tokenizer

__all__ = ["Node", "Searched", "beam_reply", "search", "search_tree"]


@dataclass(frozen=True)
class Searched:
    """The ends of the n best hypotheses, best first, and all that led to them."""

    ends: list[Node]
    tree: BeamTree


class _Record:
    """What a search considered and what became of it, as rows of the tree to be."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, float]] = []  # parent, id, log-probability
        self.statuses: list[Status] = []
        self.greedy: list[Node] = []

    def add(self, node: Node, status: Status) -> None:
        """One more node, which must have the next number."""
        parent = node.parent.number if node.parent else ROOT
        self.rows.append((parent, node.measured.id, node.measured.log_probability))
        self.statuses.append(status)

    def step(self, children: list[Node], ended: list[Node], live: list[Node]) -> None:
        """What one step considered, likeliest first, and which of it ended or goes on."""
        for node in children:
            self.add(node, Status.DROPPED)
        self.mark(ended, Status.OUTDONE)  # until the n best are known
        self.mark(live, Status.KEPT)
        last = self.greedy[-1] if self.greedy else None
        # Of one parent's children the first is the likeliest piece.
        self.greedy += [node for node in children if node.parent is last][:1]

    def mark(self, nodes: list[Node], status: Status) -> None:
        """What became of these nodes."""
        for node in nodes:
            self.statuses[node.number] = status


def search(
    model: Runner,
    encoded: Encoded,
    options: DecodingOptions,
    never: Sequence[int] = (),
    beam_size: int | None = None,
) -> list[Node]:
    """The ends of the n best hypotheses for the one row of `encoded`, best first.

    Filters decide which pieces a hypothesis may go on with; it is scored by the model's own
    log-probabilities. `beam_size` overrides the options'.
    """
    return _search(model, encoded, options, never, beam_size or options.beam_size, _Record())


@torch.inference_mode()
def search_tree(
    model: Runner,
    tokenizer: Tokenizer,
    encoded: Encoded,
    options: DecodingOptions,
    beam_size: int | None = None,
) -> Searched:
    """What `search` finds, and the tree of all that it considered, with greedy's path in it.

    Greedy takes the likeliest piece that the filters allow, as a beam of one would. Where the beam
    drops its path, greedy goes on alone after the search, one row a step.
    """
    never, width = tokenizer.never_written, beam_size or options.beam_size
    record = _Record()
    ends = _search(model, encoded, options, never, width, record)
    path = record.greedy
    while path[-1].measured.id != EOS_ID and len(path) < options.max_len:
        number = len(record.rows)
        path.append(_children(model, encoded, options, never, path[-1:], 1, number)[0])
        record.add(path[-1], Status.GREEDY)
    rows = [(*row, status) for row, status in zip(record.rows, record.statuses, strict=True)]
    tree = BeamTree(
        nodes=grow(rows, options.length_penalty),
        best=tuple(end.number for end in ends),
        greedy=tuple(node.number for node in path),
        greedy_reply=tokenizer.decode(node.measured.id for node in path),
        pieces=tuple((id, tokenizer.piece(id)) for id in sorted({row[1] for row in rows})),
        width=width,
        max_len=options.max_len,
        length_penalty=options.length_penalty,
        forced=len(options.prefix_ids),
    )
    return Searched(ends, tree)


@torch.inference_mode()
def _search(
    model: Runner,
    encoded: Encoded,
    options: DecodingOptions,
    never: Sequence[int],
    width: int,
    record: _Record,
) -> list[Node]:
    finished: list[Node] = []
    live: list[Node] = []
    for position in range(options.max_len):
        children = _children(model, encoded, options, never, live, width, len(record.rows))
        # An end counts if it is among the best of all: so a beam of one is greedy.
        ended = [node for node in children[:width] if node.measured.id == EOS_ID]
        live = [node for node in children if node.measured.id != EOS_ID][:width]
        record.step(children, ended, live)
        finished = _best([*finished, *ended], options, width)
        if position == options.max_len - 1:
            record.mark(live, Status.CUT_OUTDONE)
            finished = _best([*finished, *live], options, width)
        elif not live or _decided(finished, live, options, width):
            record.mark(live, Status.LEFT)
            break
    for node in finished:
        record.mark([node], Status.ENDED if node.measured.id == EOS_ID else Status.CUT)
    return finished


def _children(
    model: Runner,
    encoded: Encoded,
    options: DecodingOptions,
    never: Sequence[int],
    live: list[Node],
    width: int,
    number: int,
) -> list[Node]:
    """The likeliest continuations of the live hypotheses, twice as many as the beam is wide.

    So many, because at most half of them can be ends: enough others are left to go on with. They
    are numbered from `number` on.
    """
    result, spread = _step(model, encoded, live)
    logits = result.logits[:, -1].double()  # (B, V)
    written = [node.ids() for node in live] or [[]]
    allowed = sampling_logits(logits, written, options, never)
    before = torch.tensor([[node.logprob] for node in live] or [[0.0]], dtype=logits.dtype)
    totals = before.to(logits.device) + logits.log_softmax(dim=-1)  # (B, V)
    totals = totals.masked_fill(torch.isneginf(allowed), float("-inf"))
    if len(written[0]) < len(options.prefix_ids):
        chosen = torch.tensor([options.prefix_ids[len(written[0])]], device=logits.device)
        parents = torch.zeros_like(chosen)
    else:
        flat = totals.flatten()
        best = flat.topk(min(2 * width, int(torch.isfinite(flat).sum()))).indices
        parents, chosen = best // totals.size(1), best % totals.size(1)
    measures = measure(logits[parents], allowed[parents], chosen, options.candidates)
    attention = attention_of(result, spread)
    return [
        Node(
            parent=live[k] if live else None,
            measured=measured,
            logprob=(live[k].logprob if live else 0.0) + measured.log_probability,
            attention=attention[k],
            state=result.hidden[:, k].clone(),
            number=number + place,
        )
        for place, (k, measured) in enumerate(zip(parents.tolist(), measures, strict=True))
    ]


def _step(model: Runner, encoded: Encoded, live: list[Node]) -> tuple[Decoded, Encoded]:
    """One decoder step for all live hypotheses, or for the start piece, and the rows it read."""
    rows = torch.zeros(max(1, len(live)), dtype=torch.long, device=encoded.hidden.device)
    spread = keep_rows(encoded, rows)
    if not live:
        fed = torch.full((1, 1), SOS_ID, device=rows.device)
        return model.decoder.logits(fed, encoded.hidden, spread), spread
    hidden = torch.stack([node.state for node in live], dim=1)  # (L, B, H)
    fed = torch.tensor([[node.measured.id] for node in live], device=rows.device)
    return model.decoder.logits(fed, hidden, spread), spread


def _best(nodes: list[Node], options: DecodingOptions, width: int) -> list[Node]:
    """The `width` nodes with the best scores, best first."""
    return sorted(nodes, key=lambda node: -node.score(options.length_penalty))[:width]


def _decided(finished: list[Node], live: list[Node], options: DecodingOptions, width: int) -> bool:
    """Whether no live hypothesis can still become better than the worst finished one kept."""
    if len(finished) < width:
        return False
    longest = options.max_len if options.length_penalty > 0 else len(live[0].path()) + 1
    reachable = max(node.logprob for node in live) / longest**options.length_penalty
    return bool(finished[-1].score(options.length_penalty) >= reachable)
