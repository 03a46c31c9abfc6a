"""DecodingOptions: every value is checked when made, and survives JSON."""

from __future__ import annotations

import dataclasses
import json

import pytest

from seq2seq.options import LONGEST, MOST_CANDIDATES, DecodingOptions

WHOLE = ("max_len", "min_len", "top_k", "no_repeat_ngram", "candidates", "seed")
MISSING = ("seed", "no_repeat_ngram")  # a new seed, and what the checkpoint says
LOWEST = r"(above|at least) [\d.e-]+"
REAL = ("temperature", "top_p", "repetition_penalty")


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("max_len", 0, "at least 1", LONGEST),
        ("max_len", LONGEST + 1, "at least 1", LONGEST),
        ("min_len", -1, "at least 0", 60),
        ("min_len", 61, "at least 0", 60),
        ("temperature", 0, LOWEST, 100),
        ("temperature", -1.0, LOWEST, 100),
        ("temperature", 100.5, LOWEST, 100),
        ("top_k", -1, "at least 0", "1e[+]06"),
        ("top_k", 10**6 + 1, "at least 0", "1e[+]06"),
        ("top_p", 0.0, "above 0", 1),
        ("top_p", 1.01, "above 0", 1),
        ("repetition_penalty", 0.0, LOWEST, 100),
        ("repetition_penalty", 101, LOWEST, 100),
        ("no_repeat_ngram", -1, "at least 0", LONGEST),
        ("no_repeat_ngram", LONGEST + 1, "at least 0", LONGEST),
        ("candidates", 0, "at least 1", MOST_CANDIDATES),
        ("candidates", MOST_CANDIDATES + 1, "at least 1", MOST_CANDIDATES),
        ("seed", -1, "at least 0", ""),
        ("seed", 2**63, "at least 0", ""),
    ],
)
def test_a_value_out_of_range_is_refused_with_name_and_range(
    name: str, value: float, low: str, high: object
) -> None:
    with pytest.raises(ValueError, match=rf"{name} is {value}.*{low} and at most {high}"):
        DecodingOptions(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_len", 1),
        ("max_len", LONGEST),
        ("min_len", 60),
        ("temperature", 100),
        ("temperature", 0.01),
        ("top_k", 0),
        ("top_k", 10**6),
        ("top_p", 1),
        ("top_p", 1e-9),
        ("repetition_penalty", 100),
        ("candidates", 1),
        ("candidates", MOST_CANDIDATES),
        ("seed", 0),
        ("seed", 2**63 - 1),
        ("seed", None),
    ],
)
def test_the_ends_of_a_range_belong_to_it(name: str, value: float | None) -> None:
    assert getattr(DecodingOptions(**{name: value}), name) == value


@pytest.mark.parametrize("value", [True, False, "3", 2.0, 2.5, [1], float("nan")], ids=repr)
@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_is_nothing_else(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is .*whole number"):
        DecodingOptions(**{name: value})


@pytest.mark.parametrize(
    "value",
    [True, "0.5", None, [1.0], float("nan"), float("inf"), float("-inf"), 10**400],
    ids=lambda value: str(value)[:9],
)
@pytest.mark.parametrize("name", REAL)
def test_a_real_number_is_nothing_else(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is "):
        DecodingOptions(**{name: value})


@pytest.mark.parametrize("name", [name for name in WHOLE if name not in MISSING])
def test_only_what_has_another_default_may_be_missing(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is None"):
        DecodingOptions(**{name: None})


def test_numbers_may_be_whole_where_reals_are_meant() -> None:
    assert DecodingOptions(temperature=2).temperature == 2.0
    assert isinstance(DecodingOptions(temperature=2).temperature, float)


@pytest.mark.parametrize("method", ["Greedy", "", None, 1])
def test_an_unknown_method_is_refused_with_the_known_ones(method: object) -> None:
    with pytest.raises(ValueError, match=r"method is .*greedy, sample"):
        DecodingOptions(method=method)


@pytest.mark.parametrize("prefix", ["12", None, 5, ["a"], [1.0], [True], [[1]]], ids=repr)
def test_a_prefix_is_a_list_of_ids(prefix: object) -> None:
    with pytest.raises(ValueError, match="prefix_ids"):
        DecodingOptions(prefix_ids=prefix)


def test_a_prefix_longer_than_the_reply_is_refused() -> None:
    assert DecodingOptions(max_len=3, prefix_ids=[5, 6, 7]).prefix_ids == (5, 6, 7)
    with pytest.raises(ValueError, match=r"4 pieces.*max_len allows 3"):
        DecodingOptions(max_len=3, prefix_ids=[5, 6, 7, 8])


@pytest.mark.parametrize("name", ["max_length", "", "Seed", "to_dict"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match=rf"unknown setting '{name}'.*temperature"):
        DecodingOptions.from_dict({name: 1})


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(),
        DecodingOptions(
            method="sample",
            max_len=9,
            min_len=2,
            temperature=0.7,
            top_k=5,
            top_p=0.9,
            repetition_penalty=1.2,
            no_repeat_ngram=3,
            seed=2**62 + 1,
            prefix_ids=(7, 8),
            candidates=3,
        ),
    ],
)
def test_options_survive_json(options: DecodingOptions) -> None:
    values = json.loads(json.dumps(options.to_dict()))
    assert DecodingOptions.from_dict(values) == options
    assert set(values) == {field.name for field in dataclasses.fields(DecodingOptions)}


def test_what_is_not_given_has_its_default() -> None:
    assert DecodingOptions.from_dict({}) == DecodingOptions()
    assert DecodingOptions.from_dict({"top_k": 4}) == DecodingOptions(top_k=4)
    assert DecodingOptions().method == "greedy"
    assert DecodingOptions().candidates == 10


def test_options_cannot_be_changed_and_can_be_compared() -> None:
    options = DecodingOptions(prefix_ids=[5])
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.top_k = 3
    assert {options: 1}[DecodingOptions(prefix_ids=(5,))] == 1
