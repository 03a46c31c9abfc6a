"""Pairs into padded batches: each pair once, within the budget, in an order a seed fixes."""

from __future__ import annotations

import random

import pytest
import torch

from seq2seq.batching import Encoding, PairTable, epoch_rows, pad_sources
from seq2seq.tokenizer import EOS_ID, PAD_ID, SOS_ID


def encodings(count: int, seed: int = 0) -> list[Encoding]:
    rng = random.Random(seed)

    def ids(shortest: int) -> list[int]:
        return [rng.randrange(10, 99) for _ in range(rng.randrange(shortest, 14))]

    return [Encoding([*ids(0), EOS_ID], ids(0), rng.randrange(1, 50)) for _ in range(count)]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_sources_are_padded_on_the_right() -> None:
    assert pad_sources([[5, 3], [7, 8, 9, 3], [3]]).tolist() == [
        [5, 3, PAD_ID, PAD_ID],
        [7, 8, 9, 3],
        [3, PAD_ID, PAD_ID, PAD_ID],
    ]


def test_a_batch_holds_its_pairs_with_start_end_and_padding() -> None:
    pairs = encodings(30)
    batch = PairTable(pairs).batch(torch.tensor([4, 0, 29, 4]))
    rows = [pairs[i] for i in (4, 0, 29, 4)]
    width = max(len(pair.source) for pair in rows)
    assert batch.src.tolist() == [p.source + [PAD_ID] * (width - len(p.source)) for p in rows]
    width = max(len(pair.reply) for pair in rows)
    assert batch.trg.tolist() == [
        [SOS_ID, *p.reply, EOS_ID] + [PAD_ID] * (width - len(p.reply)) for p in rows
    ]


def test_batches_are_made_for_embedding_layers() -> None:
    batch = PairTable(encodings(3)).batch(torch.arange(3))
    assert batch.src.dtype == batch.trg.dtype == torch.int64


def test_a_table_knows_its_lengths_and_bytes() -> None:
    pairs = encodings(9)
    table = PairTable(pairs)
    assert len(table) == 9
    assert table.source_lengths.tolist() == [len(pair.source) for pair in pairs]
    assert table.reply_lengths.tolist() == [len(pair.reply) for pair in pairs]
    assert table.reply_bytes.tolist() == [pair.reply_bytes for pair in pairs]
    assert len(PairTable([])) == 0


@pytest.mark.parametrize("budget", [1, 13, 50, 400, 10**6])
def test_a_plan_has_each_row_once_and_keeps_to_its_budget(budget: int) -> None:
    table = PairTable(encodings(300))
    rows = torch.arange(0, 300, 2)
    plan = table.plan(rows, budget, generator())
    assert sorted(torch.cat(plan).tolist()) == rows.tolist()
    for chosen in plan:
        batch = table.batch(chosen)
        assert len(chosen) == 1 or batch.trg[:, 1:].numel() <= budget
        assert len(chosen) == 1 or batch.src.numel() <= 2 * budget


def test_a_plan_wastes_no_room() -> None:
    table = PairTable(encodings(2000))
    plan = table.plan(torch.arange(2000), 600, generator())
    # Batches as full as this need at most so many; batches of any other order need far more.
    filled = sum(table.batch(chosen).trg[:, 1:].numel() for chosen in plan) / (600 * len(plan))
    assert filled > 0.6
    sizes = [len(chosen) for chosen in plan if len(chosen) > 16]
    assert sizes
    assert sum(size % 16 == 0 for size in sizes) >= len(sizes) - 1


def test_a_row_that_is_named_twice_comes_twice() -> None:
    table = PairTable(encodings(5))
    plan = table.plan(torch.tensor([1, 1, 4, 1]), 40, generator())
    assert sorted(torch.cat(plan).tolist()) == [1, 1, 1, 4]


def test_batches_have_rows_of_one_source_length_where_there_are_enough() -> None:
    table = PairTable(encodings(4000))
    plan = table.plan(torch.arange(4000), 200, generator())
    mixed = sum(len(set(table.source_lengths[chosen].tolist())) > 1 for chosen in plan)
    assert mixed < 20  # fewer than a change of length needs, of some hundred batches
    assert len(plan) > 100


def test_the_order_is_the_seeds() -> None:
    table = PairTable(encodings(200))

    def order(seed: int) -> list[list[int]]:
        return [rows.tolist() for rows in table.plan(torch.arange(200), 60, generator(seed))]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert {frozenset(rows) for rows in order(1)} != {frozenset(rows) for rows in order(2)}
    sources = [int(table.source_lengths[rows].max()) for rows in order(1)]
    assert sources != sorted(sources)


def test_planning_changes_nothing_that_it_was_given() -> None:
    table = PairTable(encodings(50))
    rows = torch.arange(50).flip(0)
    before = [tensor.clone() for tensor in (rows, *table.contents())]
    table.batch(table.plan(rows, 60, generator())[0])
    for one, other in zip((rows, *table.contents()), before, strict=True):
        assert torch.equal(one, other)


def test_an_epoch_has_whole_weights_exactly_and_fractions_on_average() -> None:
    weights = torch.tensor([0.0, 1.0, 3.0, 0.25, 1.5]).repeat(1000)
    counts = torch.bincount(epoch_rows(weights, generator()), minlength=5000).view(1000, 5)
    assert counts[:, :3].unique(dim=0).tolist() == [[0, 1, 3]]
    assert set(counts[:, 3].tolist()) == {0, 1}
    assert set(counts[:, 4].tolist()) == {1, 2}
    assert counts[:, 3].float().mean() == pytest.approx(0.25, abs=0.06)
    assert counts[:, 4].float().mean() == pytest.approx(1.5, abs=0.07)


def test_an_epochs_draws_are_the_seeds() -> None:
    weights = torch.full((100,), 0.5)
    assert torch.equal(epoch_rows(weights, generator(1)), epoch_rows(weights, generator(1)))
    assert not torch.equal(epoch_rows(weights, generator(1)), epoch_rows(weights, generator(2)))
