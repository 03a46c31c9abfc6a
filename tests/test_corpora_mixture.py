"""Mixtures: what the command line's items mean, and what loading several corpora gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_corpora_upstream import write_corpora

from seq2seq.corpora import (
    SPLITS,
    CorpusChoice,
    CorpusError,
    load_corpus,
    load_mixture,
    pairs_of,
    parse_choice,
    split_of,
)


@pytest.mark.parametrize(
    ("item", "name", "weight"),
    [
        ("topical_chat", "topical_chat", 1.0),
        ("topical_chat:0.5", "topical_chat", 0.5),
        ("personality_chat:3", "personality_chat", 3.0),
        ("own.jsonl:2e1", "own.jsonl", 20.0),
        (r"C:\data\own.jsonl", r"C:\data\own.jsonl", 1.0),
        (r"C:\data\own.jsonl:2", r"C:\data\own.jsonl", 2.0),
    ],
)
def test_an_item_is_a_name_and_a_weight(item: str, name: str, weight: float) -> None:
    assert parse_choice(item) == CorpusChoice(name, weight)


def test_an_existing_files_colon_is_part_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("12:30").touch()
    assert parse_choice("12:30") == CorpusChoice("12:30")
    assert parse_choice("12:30:4") == CorpusChoice("12:30", 4.0)
    with pytest.raises(CorpusError, match="weight 'much'"):
        parse_choice("12:30:much")


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "much", ""])
def test_a_weight_that_is_no_positive_number_is_refused(weight: str) -> None:
    with pytest.raises(CorpusError, match="expected a number above 0"):
        parse_choice(f"topical_chat:{weight}")


@pytest.mark.parametrize("item", ["", ":2"])
def test_a_corpus_needs_a_name(item: str) -> None:
    with pytest.raises(CorpusError, match="without a name"):
        parse_choice(item)


def test_a_mixture_holds_each_corpuss_pairs_by_split(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    own = tmp_path / "own.csv"
    own.write_text("message,reply\n" + "".join(f"m{i},r{i}\n" for i in range(300)))
    choices = [parse_choice("personality_chat:2"), parse_choice(f"{own}:0.5")]
    mixture = load_mixture(choices, tmp_path, personalities=["witty", "caring"])
    assert [choice.name for choice in mixture.choices] == ["personality_chat_en", str(own)]
    assert mixture.weights == (2.0, 0.5)
    assert list(mixture.pairs) == list(SPLITS)
    assert {p.personality for s in SPLITS for p in mixture.pairs[s][0]} == {"witty", "caring"}
    assert set(mixture.cleaning.to_dict()) == {"personality_chat_en", "own.csv"}
    loaded = [pair for d in load_corpus(str(own))[0] for pair in pairs_of(d)]
    assert sorted(p.message for s in SPLITS for p in mixture.pairs[s][1]) == sorted(
        p.message for p in loaded
    )
    for split in SPLITS:
        assert mixture.pairs[split][1]
        assert all(split_of(pair.message) == split for pair in mixture.pairs[split][1])


def test_a_mixture_keeps_as_much_history_as_asked(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    choice = CorpusChoice("topical_chat")
    for asked in (0, 1, 5):
        pairs = load_mixture([choice], tmp_path, max_history=asked).pairs
        lengths = [len(pair.history) for split in SPLITS for pair in pairs[split][0]]
        assert lengths == [0, min(1, asked)]


def test_no_corpus_and_a_corpus_given_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus; choose from self_dialogue"):
        load_mixture([], tmp_path)
    twice = [CorpusChoice("personality_chat"), CorpusChoice("personality_chat_en", 2.0)]
    with pytest.raises(CorpusError, match="personality_chat_en is given twice"):
        load_mixture(twice, tmp_path)
