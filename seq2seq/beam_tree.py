"""What a beam search did, as a flat tree: every continuation it considered and what became of it.

As a dict the tree holds columns, one entry a node; what can be computed from them (steps, places,
sums, scores) is left out and computed again when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

from seq2seq.config import check_range, check_real, check_whole
from seq2seq.tokenizer import EOS_ID

ROOT = -1  # the parent of the nodes of the first step
OUTSIDE = -1  # the place of a node that the beam never considered
_COLUMNS = ("parents", "ids", "log_probabilities")


class Status(StrEnum):
    """What became of a node; each is its letter in the dict."""

    KEPT = "k"  # gone on with at the next step
    ENDED = "e"  # written to its end token, and among the n best
    OUTDONE = "o"  # written to its end token, then pushed out of the n best by better ones
    DROPPED = "d"  # considered, but below the beam
    LEFT = "l"  # still in the beam when the search ended: nothing in it could win any more
    CUT = "c"  # cut off at the length limit, and among the n best
    CUT_OUTDONE = "x"  # cut off at the length limit, and not among the n best
    GREEDY = "g"  # never considered: greedy went on here after the beam had dropped its path


ENDS = (Status.ENDED, Status.CUT)


class TreeNode(NamedTuple):
    """A piece of a hypothesis, at the end of its parents' pieces.

    log_probability is the piece's own, logprob the sum along the path, both in nats; `place`
    counts from 0 over all that the search considered at this step, likeliest sum first.
    """

    parent: int  # index of a node before it, or ROOT
    id: int
    log_probability: float
    status: Status
    step: int
    place: int
    logprob: float
    score: float


@dataclass(frozen=True)
class BeamTree:
    """All that one search considered, step by step; greedy's own nodes stand behind them.

    `best` are the ends of the n best hypotheses, best first; `greedy` is the path that takes the
    likeliest allowed piece each time, from the first piece on. Both are indices into `nodes`.
    """

    nodes: tuple[TreeNode, ...]
    best: tuple[int, ...]
    greedy: tuple[int, ...]
    greedy_reply: str
    pieces: tuple[tuple[int, str], ...]  # (id, piece) of all that occur
    width: int  # hypotheses kept at each step
    max_len: int
    length_penalty: float
    forced: int  # how many pieces the reply had to begin with

    def path(self, index: int) -> list[int]:
        """The indices from the first piece to this node."""
        found = []
        while index != ROOT:
            found.append(index)
            index = self.nodes[index].parent
        return found[::-1]

    def to_dict(self) -> dict[str, Any]:
        """The tree as JSON types, exact."""
        return {
            "width": self.width,
            "max_len": self.max_len,
            "length_penalty": self.length_penalty,
            "forced": self.forced,
            "pieces": [list(pair) for pair in self.pieces],
            "parents": [node.parent for node in self.nodes],
            "ids": [node.id for node in self.nodes],
            "log_probabilities": [node.log_probability for node in self.nodes],
            "statuses": "".join(node.status for node in self.nodes),
            "best": list(self.best),
            "greedy": list(self.greedy),
            "greedy_reply": self.greedy_reply,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> BeamTree:
        """A tree from `to_dict`'s values. Raises ValueError, naming what does not hold together."""
        names = {field.name for field in fields(cls)} - {"nodes"} | {*_COLUMNS, "statuses"}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ValueError(f"a beam tree needs exactly these keys: {', '.join(sorted(names))}")
        sizes = {name: values[name] for name in ("width", "max_len", "forced")}
        for name, value in sizes.items():
            check_whole(name, value)
        length_penalty = check_real("length_penalty", values["length_penalty"])
        check_range("length_penalty", length_penalty, -10, 10)
        columns = [_listed(values, name) for name in _COLUMNS]
        if not isinstance(values["statuses"], str) or not isinstance(values["greedy_reply"], str):
            raise ValueError("statuses and greedy_reply must be texts, as to_dict gives them")
        if {len(column) for column in columns} != {len(values["statuses"])}:
            raise ValueError(f"{', '.join(_COLUMNS)} and statuses differ in length")
        tree = cls(
            nodes=grow(
                zip(*columns, map(_status, values["statuses"]), strict=True), length_penalty
            ),
            pieces=tuple(_pair(pair) for pair in _listed(values, "pieces")),
            best=tuple(_listed(values, "best")),
            greedy=tuple(_listed(values, "greedy")),
            greedy_reply=values["greedy_reply"],
            length_penalty=length_penalty,
            **sizes,
        )
        _check(tree)
        return tree


def score(logprob: float, length: int, length_penalty: float) -> float:
    """A log-probability in nats over the number of pieces to the power of the length penalty.

    Wu et al. 2016, https://arxiv.org/abs/1609.08144, section 7, with the plain length.
    """
    return float(logprob / length**length_penalty)


def grow(
    rows: Iterable[tuple[int, int, float, Status]], length_penalty: float
) -> tuple[TreeNode, ...]:
    """The nodes of rows (parent, id, log_probability, status), parents before their children.

    The rows of a step stand in the order of their sums. Raises ValueError for a parent that does
    not come before its child, and for numbers that are none.
    """
    nodes: list[TreeNode] = []
    counts: list[int] = []  # how many were considered at each step
    for index, (parent, id, own, status) in enumerate(rows):
        check_whole("a parent", parent)
        check_whole("a piece id", id)
        if not ROOT <= parent < index:
            raise ValueError(
                f"node {index} has the parent {parent}; it must be {ROOT} (none) or a node before "
                "it, or paths would have no beginning"
            )
        if check_real("a log-probability", own) > 0:
            raise ValueError(f"node {index} has the log-probability {own}; it must be at most 0")
        step = 0 if parent == ROOT else nodes[parent].step + 1
        logprob = own if parent == ROOT else nodes[parent].logprob + own
        place = OUTSIDE
        if status != Status.GREEDY:
            counts += [0] * (step + 1 - len(counts))
            place = counts[step]
            counts[step] += 1
        total = score(logprob, step + 1, length_penalty)
        nodes.append(TreeNode(parent, id, own, status, step, place, logprob, total))
    return tuple(nodes)


def _check(tree: BeamTree) -> None:
    """Raise ValueError where the nodes, the n best and greedy's path contradict each other."""
    check_range("width", tree.width, 1, 10**6)
    check_range("forced", tree.forced, 0, tree.max_len)
    if not tree.nodes:
        raise ValueError("a beam tree has no nodes; a search considers at least one")
    named = {id for id, _ in tree.pieces}
    for index, node in enumerate(tree.nodes):
        _check_node(tree, index, node)
        if node.id not in named:
            raise ValueError(f"node {index} has the piece id {node.id}, which pieces do not name")
    for name in ("best", "greedy"):
        for index in getattr(tree, name):
            check_whole(f"an index in {name}", index)
            check_range(f"an index in {name}", index, 0, len(tree.nodes) - 1)
    ends = [index for index, node in enumerate(tree.nodes) if node.status in ENDS]
    if sorted(tree.best) != ends:
        raise ValueError(f"best is {list(tree.best)}; the nodes that ended among them are {ends}")
    scores = [tree.nodes[index].score for index in tree.best]
    if not scores or scores != sorted(scores, reverse=True) or len(scores) > tree.width:
        raise ValueError(f"best has the scores {scores}; it holds 1 to {tree.width}, best first")
    if not tree.greedy or list(tree.greedy) != tree.path(tree.greedy[-1]):
        raise ValueError(f"greedy is {list(tree.greedy)}; it must be one path from the first piece")
    alone = [index for index, node in enumerate(tree.nodes) if node.status == Status.GREEDY]
    if not set(alone) <= set(tree.greedy):
        raise ValueError("a node that only greedy went to is not on greedy's path")


def _check_node(tree: BeamTree, index: int, node: TreeNode) -> None:
    """Raise ValueError where a node cannot have its piece, its place or its parent."""
    if node.step >= tree.max_len or node.place >= 2 * tree.width:
        raise ValueError(
            f"node {index} is number {node.place + 1} of step {node.step + 1}; a step considers at "
            f"most {2 * tree.width}, and there are at most {tree.max_len} steps"
        )
    ends = node.status in (Status.ENDED, Status.OUTDONE)
    cut = node.status in (Status.CUT, Status.CUT_OUTDONE)
    may_end = ends or node.status in (Status.DROPPED, Status.GREEDY)
    if (ends and node.id != EOS_ID) or (node.id == EOS_ID and not may_end):
        raise ValueError(
            f"node {index} has the piece {node.id} and the status {node.status.name}; hypotheses "
            f"end with the end token {EOS_ID} and go on with others"
        )
    if cut and node.step != tree.max_len - 1:
        raise ValueError(f"node {index} is cut off at step {node.step + 1}, not {tree.max_len}")
    if node.parent == ROOT:
        return
    parent = tree.nodes[node.parent]
    goers = [Status.KEPT]
    if node.status == Status.GREEDY:
        goers += [Status.DROPPED, Status.LEFT, Status.GREEDY]
    if parent.id == EOS_ID or parent.status not in goers:
        raise ValueError(f"node {index} follows node {node.parent}, which did not go on")


def _status(letter: str) -> Status:
    try:
        return Status(letter)
    except ValueError:
        known = ", ".join(Status)
        raise ValueError(f"a status is {letter!r}; it must be one of {known}") from None


def _listed(values: Mapping[str, Any], name: str) -> list[Any]:
    value = values[name]
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list, as to_dict gives it")
    return value


def _pair(pair: Any) -> tuple[int, str]:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], str):
        raise ValueError(f"pieces holds {pair!r}; it must hold [id, piece]")
    check_whole("a piece id", pair[0])
    return pair[0], pair[1]
