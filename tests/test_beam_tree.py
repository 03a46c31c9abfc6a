"""The tree of a beam search: all that was considered, what became of it, and greedy's path."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import torch
from random_models import TOKENS, VARIANTS, variants

from seq2seq import DecodingOptions, Seq2Seq
from seq2seq.beam import Searched, search, search_tree
from seq2seq.beam_tree import ENDS, OUTSIDE, ROOT, BeamTree, Status
from seq2seq.config import ModelConfig
from seq2seq.model import Encoded, build_model
from seq2seq.tokenizer import EOS_ID, SOS_ID, Tokenizer

SETTINGS: list[dict[str, Any]] = [
    {"beam_size": 1, "length_penalty": 0.0},
    {"beam_size": 3, "length_penalty": 1.0, "max_len": 12},
    {"beam_size": 4, "length_penalty": 0.5, "no_repeat_ngram": 2, "max_len": 20},
    {"beam_size": 2, "length_penalty": 1.7, "min_len": 4, "max_len": 9},
    {"beam_size": 5, "length_penalty": -0.5, "prefix_ids": (40, 41), "max_len": 7},
]
settings = pytest.mark.parametrize("values", SETTINGS, ids=str)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["the cat sat on the mat", "a dog ran to the red house"] * 20, 400)


def made(tokenizer: Tokenizer, variant: dict[str, object], seed: int = 0) -> Seq2Seq:
    """A random model of the tokenizer's pieces that often likes to end."""
    values = {"emb_dim": 6, "hidden_dim": 8, "n_layers": 2, "dropout": 0.0, **variant}
    torch.manual_seed(seed)
    model = build_model(ModelConfig(vocab_size=tokenizer.vocab_size, **values), TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1.5, 1.5)
        model.decoder.fc_out.bias[EOS_ID] = 4.0
    return model


def read(model: Seq2Seq) -> Encoded:
    with torch.no_grad():
        return model.encode(torch.tensor([[40, 200, 77, EOS_ID]]))


def run(
    tokenizer: Tokenizer, variant: dict[str, object], values: dict[str, Any], seed: int = 0
) -> tuple[Seq2Seq, DecodingOptions, Searched]:
    model, options = made(tokenizer, variant, seed), DecodingOptions(method="beam", **values)
    return model, options, search_tree(model, tokenizer, read(model), options)


def ids(tree: BeamTree, index: int) -> list[int]:
    return [tree.nodes[at].id for at in tree.path(index)]


@variants
@settings
def test_recording_changes_nothing_and_the_best_paths_are_the_hypotheses(
    tokenizer: Tokenizer, options: dict[str, object], values: dict[str, Any]
) -> None:
    model, chosen, found = run(tokenizer, options, values)
    plain = search(model, read(model), chosen, tokenizer.never_written)
    assert [node.ids() for node in found.ends] == [node.ids() for node in plain]
    assert [node.logprob for node in found.ends] == [node.logprob for node in plain]
    assert [ids(found.tree, index) for index in found.tree.best] == [n.ids() for n in plain]
    assert [found.tree.nodes[index].logprob for index in found.tree.best] == [
        node.logprob for node in plain
    ]


@variants
@settings
@torch.no_grad()
def test_every_score_is_the_sum_of_the_models_log_probabilities_over_the_length(
    tokenizer: Tokenizer, options: dict[str, object], values: dict[str, Any]
) -> None:
    model, chosen, found = run(tokenizer, options, values)
    encoded, tree = read(model), found.tree
    for index in [*tree.best, tree.greedy[-1], *range(0, len(tree.nodes), 7)]:
        path = ids(tree, index)
        logits = model.decoder.logits(
            torch.tensor([[SOS_ID, *path[:-1]]]), encoded.hidden, encoded
        ).logits[0]
        own = logits.double().log_softmax(-1)
        each = [float(own[t][id]) for t, id in enumerate(path)]
        node = tree.nodes[index]
        assert node.log_probability == pytest.approx(each[-1], abs=1e-4)
        assert node.logprob == pytest.approx(sum(each), abs=1e-3)
        expected = sum(each) / len(path) ** chosen.length_penalty
        assert node.score == pytest.approx(expected, abs=1e-3)


@variants
@settings
def test_each_step_accounts_for_all_that_it_considered(
    tokenizer: Tokenizer, options: dict[str, object], values: dict[str, Any]
) -> None:
    _, chosen, found = run(tokenizer, options, values)
    tree, width = found.tree, chosen.beam_size
    considered = [node for node in tree.nodes if node.status != Status.GREEDY]
    last = max(node.step for node in considered)
    for step in range(last + 1):
        here = [node for node in considered if node.step == step]
        assert [node.place for node in here] == list(range(len(here)))
        assert 1 <= len(here) <= 2 * width
        sums = [node.logprob for node in here]
        assert sums == sorted(sums, reverse=True)
        going = [node for node in here if node.id != EOS_ID]
        live = [node for node in going if node.status != Status.DROPPED]
        assert live == going[:width]
        wanted = {Status.KEPT} if step < last else {Status.LEFT, Status.CUT, Status.CUT_OUTDONE}
        assert {node.status for node in live} <= wanted
        for node in here:
            if node.id == EOS_ID:
                counted = {Status.ENDED, Status.OUTDONE}
                assert (node.status in counted) == (node.place < width)
    assert len(tree.best) == sum(node.status in ENDS for node in tree.nodes) <= width


@settings
def test_what_was_outdone_or_left_behind_could_not_have_been_among_the_best(
    tokenizer: Tokenizer, values: dict[str, Any]
) -> None:
    seen: Counter[Status] = Counter()
    for seed, variant in enumerate(VARIANTS):
        _, chosen, found = run(tokenizer, variant, values, seed)
        tree, penalty = found.tree, chosen.length_penalty
        worst = tree.nodes[tree.best[-1]].score
        seen.update(node.status for node in tree.nodes)
        for node in tree.nodes:
            if node.status in (Status.OUTDONE, Status.CUT_OUTDONE):
                assert node.score <= worst
            if node.status == Status.LEFT:
                lengths = range(node.step + 2, chosen.max_len + 1)
                assert max(node.logprob / length**penalty for length in lengths) <= worst
    assert seen[Status.KEPT]
    assert seen[Status.DROPPED]


def test_every_status_occurs(tokenizer: Tokenizer) -> None:
    seen = {
        node.status
        for values in SETTINGS
        for seed in range(3)
        for variant in VARIANTS
        for node in run(tokenizer, variant, values, seed)[2].tree.nodes
    }
    assert seen == set(Status)


@variants
@settings
def test_greedys_path_takes_the_likeliest_allowed_piece_each_time(
    tokenizer: Tokenizer, options: dict[str, object], values: dict[str, Any]
) -> None:
    model, chosen, found = run(tokenizer, options, values)
    tree = found.tree
    alone = DecodingOptions.from_dict(
        {**chosen.to_dict(), "beam_size": 1, "length_penalty": 0.0, "method": "beam"}
    )
    greedy = search(model, read(model), alone, tokenizer.never_written)[0]
    assert ids(tree, tree.greedy[-1]) == greedy.ids()
    assert list(tree.greedy) == tree.path(tree.greedy[-1])
    assert tree.nodes[tree.greedy[-1]].logprob == pytest.approx(greedy.logprob, abs=1e-4)
    assert tree.greedy_reply == tokenizer.decode(greedy.ids())
    ghosts = [i for i, node in enumerate(tree.nodes) if node.status == Status.GREEDY]
    assert set(ghosts) <= set(tree.greedy)
    assert all(tree.nodes[index].place == OUTSIDE for index in ghosts)


@variants
def test_a_beam_of_one_is_greedy(tokenizer: Tokenizer, options: dict[str, object]) -> None:
    _, _, found = run(tokenizer, options, SETTINGS[0])
    assert found.tree.best == (found.tree.greedy[-1],)


def test_the_search_calls_the_decoder_once_a_step(tokenizer: Tokenizer) -> None:
    """And once more for each step that greedy goes alone."""
    model = made(tokenizer, {})
    rows: list[int] = []
    model.decoder.gru.register_forward_pre_hook(lambda _, given: rows.append(given[0].size(0)))
    options = DecodingOptions(method="beam", beam_size=4, max_len=15)
    tree = search_tree(model, tokenizer, read(model), options).tree
    alone = sum(node.status == Status.GREEDY for node in tree.nodes)
    steps = 1 + max(node.step for node in tree.nodes if node.status != Status.GREEDY)
    assert len(rows) == steps + alone
    assert all(count <= 4 for count in rows)


@variants
@settings
def test_a_tree_comes_back_from_json_as_it_was(
    tokenizer: Tokenizer, options: dict[str, object], values: dict[str, Any]
) -> None:
    tree = run(tokenizer, options, values)[2].tree
    assert BeamTree.from_dict(json.loads(json.dumps(tree.to_dict()))) == tree


def first(tree: BeamTree, status: Status) -> int:
    return next(i for i, node in enumerate(tree.nodes) if node.status == status)


def break_at(values: dict[str, Any], name: str, index: int, value: object) -> dict[str, Any]:
    changed = [*values[name][:index], value, *values[name][index + 1 :]]
    return {**values, name: changed}


@pytest.fixture(scope="module")
def tree(tokenizer: Tokenizer) -> BeamTree:
    """One that has dropped and ended nodes and a greedy branch of its own."""
    for seed in range(40):
        values = {"beam_size": 3, "max_len": 8, "min_len": 2}
        found = run(tokenizer, {}, values, seed)[2].tree
        last = found.nodes[found.greedy[-1]].status
        ended = any(node.status == Status.ENDED for node in found.nodes)
        if last == Status.GREEDY and ended and len(found.best) > 1:
            return found
    raise AssertionError("no seed gives such a tree")


def test_a_tree_that_does_not_hold_together_is_refused(tree: BeamTree) -> None:
    good, count = tree.to_dict(), len(tree.nodes)
    second = next(i for i, node in enumerate(tree.nodes) if node.step == 1)
    dropped = first(tree, Status.DROPPED)
    ended = first(tree, Status.ENDED)
    statuses = good["statuses"]
    bad = {
        "it must be -1": break_at(good, "parents", second, count),
        "before it": break_at(good, "parents", second, second),
        "did not go on": break_at(good, "parents", second, dropped),
        "whole number": break_at(good, "parents", second, 0.0),
        "at most 0": break_at(good, "log_probabilities", 0, 0.5),
        "must be a number": break_at(good, "log_probabilities", 0, float("nan")),
        "one of k, e": {**good, "statuses": "?" + statuses[1:]},
        "do not name": break_at(good, "ids", 0, 399),
        "go on with others": break_at(good, "ids", ended, 40),
        "cut off at step": {**good, "statuses": "c" + statuses[1:]},
        "an index in best": {**good, "best": [count]},
        "ended among them": {**good, "best": good["best"][:-1]},
        "best first": {**good, "best": good["best"][::-1]},
        "one path": {**good, "greedy": good["greedy"][1:]},
        "not on greedy's path": {**good, "greedy": good["greedy"][:1]},
        "differ in length": {**good, "statuses": statuses[1:]},
        "at most 2": {**good, "width": 1},
        "exactly these keys": {**good, "more": 1},
        "must be a list": {**good, "parents": "0"},
        "length_penalty": {**good, "length_penalty": 1e300},
        "must hold": {**good, "pieces": [[3]]},
        "no nodes": {
            **good, "parents": [], "ids": [], "log_probabilities": [], "statuses": "",
        },
    }  # fmt: skip
    assert BeamTree.from_dict(good) == tree
    for words, values in bad.items():
        with pytest.raises(ValueError, match=words):
            BeamTree.from_dict(values)


def test_a_path_begins_at_the_root_and_steps_count_from_it(tree: BeamTree) -> None:
    for index, node in enumerate(tree.nodes):
        path = tree.path(index)
        assert tree.nodes[path[0]].parent == ROOT
        assert [tree.nodes[at].step for at in path] == list(range(node.step + 1))


@pytest.mark.parametrize("length_penalty", [-1.0, -0.3, 0.0, 0.6, 1.0])
def test_the_search_ends_early_only_when_nothing_live_can_win(
    tokenizer: Tokenizer, length_penalty: float
) -> None:
    """Whatever length it might still reach, from one piece more to the limit."""
    values = {"beam_size": 2, "max_len": 10, "length_penalty": length_penalty}
    left = 0
    for seed in range(60):
        _, chosen, found = run(tokenizer, {"n_layers": 1}, values, seed)
        worst = found.tree.nodes[found.tree.best[-1]].score
        for node in found.tree.nodes:
            if node.status == Status.LEFT:
                lengths = range(node.step + 2, chosen.max_len + 1)
                left += 1
                assert max(node.logprob / n**length_penalty for n in lengths) <= worst
    assert left
