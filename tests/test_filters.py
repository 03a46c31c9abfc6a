"""Each filter against a brute-force reading of its definition."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from seq2seq.filters import (
    forbid,
    forbid_early_end,
    forbid_repeated_ngrams,
    keep_top_k,
    keep_top_p,
    penalize_repeats,
    sampling_logits,
)
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID

V = 9
NOTHING = float("-inf")


def some_logits(rows: int = 20, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return 2 * torch.randn(rows, V, dtype=torch.float64)


def some_rows(rows: int = 20, seed: int = 0) -> list[list[int]]:
    rng = random.Random(seed)
    return [[rng.randrange(V) for _ in range(rng.randrange(14))] for _ in range(rows)]


def allowed(logits: Tensor) -> list[set[int]]:
    return [{i for i, value in enumerate(row) if value > NOTHING} for row in logits.tolist()]


def assert_others_kept(filtered: Tensor, logits: Tensor) -> None:
    kept = ~torch.isneginf(filtered)
    assert torch.equal(filtered[kept], logits[kept])


def test_forbidden_pieces_are_impossible_and_the_others_as_before() -> None:
    logits = some_logits()
    filtered = forbid(logits, [0, 4])
    assert allowed(filtered) == [set(range(V)) - {0, 4}] * 20
    assert_others_kept(filtered, logits)
    assert torch.equal(forbid(logits, []), logits)


@pytest.mark.parametrize("min_len", [1, 3, 100])
def test_the_end_token_waits_for_the_minimum_length(min_len: int) -> None:
    logits, rows = some_logits(), some_rows()
    filtered = forbid_early_end(logits, rows, min_len)
    for row, found in zip(rows, allowed(filtered), strict=True):
        assert found == set(range(V)) - ({EOS_ID} if len(row) < min_len else set())
    assert_others_kept(filtered, logits)


@pytest.mark.parametrize("penalty", [0.5, 1.3, 7.0])
def test_a_written_piece_is_penalised_once_whatever_its_sign(penalty: float) -> None:
    logits, rows = some_logits(), some_rows()
    penalized = penalize_repeats(logits, rows, penalty)
    for row, before, after in zip(rows, logits.tolist(), penalized.tolist(), strict=True):
        for id in range(V):
            expected = before[id]
            if id in row:
                expected = expected / penalty if expected > 0 else expected * penalty
            assert after[id] == pytest.approx(expected)
            assert id not in row or (after[id] <= before[id]) == (penalty > 1)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_no_ngram_is_completed_a_second_time(n: int) -> None:
    rows = [*some_rows(200), [1, 2, 1], [1, 1], [1], []]
    logits = some_logits(len(rows))
    filtered = forbid_repeated_ngrams(logits, rows, n)
    for row, found in zip(rows, allowed(filtered), strict=True):
        seen = {tuple(row[i : i + n]) for i in range(len(row) - n + 1)}
        for id in range(V):
            completed = tuple([*row, id][-n:])
            assert (id in found) == (len(completed) < n or completed not in seen)
    assert_others_kept(filtered, logits)


@pytest.mark.parametrize("k", [1, 2, 5, V, 1000])
def test_top_k_keeps_the_k_likeliest(k: int) -> None:
    logits = some_logits()
    filtered = keep_top_k(logits, k)
    for row, found in zip(logits.tolist(), allowed(filtered), strict=True):
        assert found == set(sorted(range(V), key=lambda i: -row[i])[:k])
    assert_others_kept(filtered, logits)


def test_top_k_keeps_ties() -> None:
    filtered = keep_top_k(torch.tensor([[1.0, 2.0, 2.0, 2.0, 0.0]]), 2)
    assert allowed(filtered) == [{1, 2, 3}]


@pytest.mark.parametrize("p", [1e-9, 0.1, 0.5, 0.9, 0.999])
def test_top_p_keeps_the_fewest_likeliest_that_hold_p(p: float) -> None:
    logits = some_logits(60)
    filtered = keep_top_p(logits, p)
    for row, found in zip(logits.softmax(dim=-1).tolist(), allowed(filtered), strict=True):
        ordered, expected, held = sorted(range(V), key=lambda i: -row[i]), set(), 0.0
        for id in ordered:
            if held >= p:
                break
            expected.add(id)
            held += row[id]
        assert found == expected
    assert_others_kept(filtered, logits)


def test_top_p_looks_only_at_what_is_still_allowed() -> None:
    logits = torch.tensor([[0.6, 0.2, 0.1, 0.1]], dtype=torch.float64).log()
    # Among the rest, 1 holds a half and 1 and 2 three quarters.
    assert allowed(keep_top_p(forbid(logits, [0]), 0.4)) == [{1}]
    assert allowed(keep_top_p(forbid(logits, [0]), 0.7)) == [{1, 2}]


FILTERS: dict[str, Callable[[Tensor, list[list[int]]], Tensor]] = {
    "forbid": lambda logits, rows: forbid(logits, [1, 2]),
    "min_len": lambda logits, rows: forbid_early_end(logits, rows, 5),
    "penalty": lambda logits, rows: penalize_repeats(logits, rows, 1.5),
    "ngrams": lambda logits, rows: forbid_repeated_ngrams(logits, rows, 2),
    "top_k": lambda logits, rows: keep_top_k(logits, 3),
    "top_p": lambda logits, rows: keep_top_p(logits, 0.5),
    "all": lambda logits, rows: sampling_logits(
        logits,
        rows,
        DecodingOptions(
            min_len=4,
            temperature=0.7,
            top_k=5,
            top_p=0.8,
            repetition_penalty=1.2,
            no_repeat_ngram=2,
        ),
        [0, 1, 2],
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_no_input_is_modified(name: str) -> None:
    logits, rows = some_logits(), some_rows()
    copies = logits.clone(), [list(row) for row in rows]
    filtered = FILTERS[name](logits, rows)
    assert not torch.equal(filtered, logits)
    assert torch.equal(logits, copies[0])
    assert rows == copies[1]


@pytest.mark.parametrize("name", FILTERS)
def test_a_row_does_not_depend_on_the_others(name: str) -> None:
    logits, rows = some_logits(), some_rows()
    together = FILTERS[name](logits, rows)
    for i in range(len(rows)):
        assert torch.equal(FILTERS[name](logits[i : i + 1], rows[i : i + 1])[0], together[i])


def test_without_options_the_distribution_is_the_models_own() -> None:
    logits = some_logits()
    sampling = sampling_logits(logits, some_rows(), DecodingOptions()).softmax(dim=-1)
    assert torch.allclose(sampling, logits.softmax(dim=-1), atol=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0, 100.0])
def test_temperature_divides_the_logits(temperature: float) -> None:
    logits = some_logits()
    options = DecodingOptions(temperature=temperature)
    sampling = sampling_logits(logits, some_rows(), options).softmax(dim=-1)
    assert torch.allclose(sampling, (logits / temperature).softmax(dim=-1), atol=1e-12)


def test_temperature_comes_before_top_p() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64).log()
    sharp = sampling_logits(logits, [[]], DecodingOptions(temperature=0.1, top_p=0.6))
    assert allowed(sharp) == [{0}]
    assert allowed(sampling_logits(logits, [[]], DecodingOptions(top_p=0.6))) == [{0, 1}]


def lowest_allowed(name: str) -> list[DecodingOptions]:
    """Options with ever smaller values of this one, as far down as they are taken."""
    found = []
    for value in (1e-2, 1e-6, 1e-30, 1e-300, 5e-324):
        with contextlib.suppress(ValueError):
            found.append(DecodingOptions(**{name: value}))
    assert found
    return found


def test_the_lowest_temperature_leaves_the_likeliest_piece() -> None:
    logits = 4 * some_logits() + 30
    for options in lowest_allowed("temperature"):
        sampling = sampling_logits(logits, [[]] * 20, options).softmax(dim=-1)
        likeliest = sampling.gather(1, logits.argmax(dim=-1, keepdim=True))
        assert (likeliest > 0.9).all(), options.temperature


def test_the_lowest_penalty_leaves_a_distribution() -> None:
    logits = some_logits()
    for options in lowest_allowed("repetition_penalty"):
        sampling = sampling_logits(logits, [[1, 2, 5, 6, 7]] * 20, options).softmax(dim=-1)
        sums = sampling.sum(dim=-1)
        assert torch.allclose(sums, torch.ones_like(sums)), options.repetition_penalty


def test_what_never_is_written_is_forbidden_before_the_likeliest_are_counted() -> None:
    logits = torch.arange(V, dtype=torch.float64).unsqueeze(0)
    filtered = sampling_logits(logits, [[]], DecodingOptions(top_k=2), never=[V - 1, V - 2])
    assert allowed(filtered) == [{V - 3, V - 4}]


def test_where_everything_is_forbidden_the_end_token_is_left() -> None:
    logits = some_logits(2)
    rows = [list(range(V)), [5]]
    options = DecodingOptions(no_repeat_ngram=1, min_len=20)
    found = allowed(sampling_logits(logits, rows, options, never=[0, 1]))
    assert found[0] == {EOS_ID}
    assert found[1] == set(range(V)) - {0, 1, 5, EOS_ID}


def test_the_end_token_alone_has_all_the_probability() -> None:
    rows = [list(range(V))]
    options = DecodingOptions(no_repeat_ngram=1, top_k=2, top_p=0.5, temperature=3.0)
    sampling = sampling_logits(some_logits(1), rows, options).softmax(dim=-1)
    assert sampling[0].tolist() == [float(i == EOS_ID) for i in range(V)]
