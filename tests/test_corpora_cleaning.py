"""Cleaning, pairs and splits: reasons are counted, cuts keep neighbours, keys keep their split."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter

import pytest

from seq2seq.corpora import Cleaning, Dialogue, Pair, Reason, pairs_of, split_of
from seq2seq.corpora.cleaning import CROWD, CURATED, RawDialogue, Rules, clean, normalise
from seq2seq.corpora.splits import phrasing_key


def cleaned(*turns: str, rules: Rules = CROWD) -> tuple[list[tuple[str, ...]], Cleaning]:
    dialogues, cleaning = clean("c", [RawDialogue("k", turns)], rules)
    assert {d.key for d in dialogues} <= {"k"}
    return [d.turns for d in dialogues], cleaning


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        ("", Reason.EMPTY),
        (" \u200b\n", Reason.EMPTY),
        ("Hi, I'm [User 1's name].", Reason.PLACEHOLDER),
        ("I am [name]", Reason.PLACEHOLDER),
        ("Dear {name}", Reason.PLACEHOLDER),
        ("{}", Reason.PLACEHOLDER),
        ("User 1: hello", Reason.PLACEHOLDER),
        ("My name is ____", Reason.PLACEHOLDER),
        ("x" * 401, Reason.LONG),
        ("see https://example", Reason.LINK),
        ("see www.example", Reason.LINK),
        ("I bought it at amazon.com", Reason.LINK),
        ("write to me@home.net", Reason.LINK),
        ("<b>bold</b>", Reason.MARKUP),
        ("&lt;br&gt;", Reason.MARKUP),
        ("bad byte \ufffd", Reason.MARKUP),
    ],
)
def test_a_dropped_turn_is_counted_and_splits_its_dialogue(turn: str, reason: Reason) -> None:
    parts, cleaning = cleaned("one", "two", turn, "three", "four")
    assert parts == [("one", "two"), ("three", "four")]
    assert cleaning.dropped("c", reason) == 1
    assert sum(cleaning.to_dict()["c"]["dropped"].values()) == 1


@pytest.mark.parametrize(
    "turn", ["Awwwww. Fine!", "I <3 it", "2 < 3 & 5 > 4", "Dr.Who", "I use it (a lot).", "x" * 400]
)
def test_ordinary_turns_stay(turn: str) -> None:
    assert cleaned("one", turn, "three")[0] == [("one", turn, "three")]


def test_a_repeated_turn_is_no_pair_but_goes_on_with_the_next() -> None:
    parts, cleaning = cleaned("a", "b", "B", "c")
    assert parts == [("a", "b"), ("B", "c")]
    assert cleaning.dropped("c", Reason.REPEATED) == 1


def test_turns_without_a_neighbour_and_duplicates_are_counted() -> None:
    raw = [RawDialogue(str(i), turns) for i, turns in enumerate([("a", "b"), ("a", "b"), ("a",)])]
    raw.append(RawDialogue("r", ("a", "z"), rejected=Reason.BLOCKED))
    dialogues, cleaning = clean("c", raw, CROWD)
    assert [d.turns for d in dialogues] == [("a", "b")]
    assert cleaning.to_dict()["c"] == {
        "dialogues_read": 4,
        "turns_read": 7,
        "parts_kept": 1,
        "turns_kept": 2,
        "pairs_kept": 1,
        "dropped": {r.value: 1 for r in (Reason.DUPLICATE, Reason.SHORT, Reason.BLOCKED)},
    }


def test_curated_text_keeps_links_placeholders_and_equal_replies() -> None:
    for turns in (("help", "call www.example.org"), ("I am {name}", "hi"), ("Hi!", "Hi!")):
        assert cleaned(*turns, rules=CURATED)[0] == [turns]


def test_pairs_are_only_ever_adjacent_turns() -> None:
    turns = ["t0", "t1", "", "t3", "t3", "t5", "[name]", "t7", "t8", "t9"]
    dialogues, cleaning = clean("c", [RawDialogue("k", tuple(turns))], CROWD)
    pairs = [(p.message, p.reply) for d in dialogues for p in pairs_of(d, 5)]
    adjacent = set(itertools.pairwise(turns))
    assert pairs == [("t0", "t1"), ("t3", "t5"), ("t7", "t8"), ("t8", "t9")]
    assert adjacent.issuperset(pairs)
    assert cleaning.to_dict()["c"]["pairs_kept"] == len(pairs)


def test_normalising_unescapes_and_leaves_the_rest_alone() -> None:
    given = "\ufeff  Tom &amp; \u200bJerry&#39;s\u00a0caf\u0065\u0301\t… ½ \u200e☕ WOW\x07 "
    assert normalise(given) == "Tom & Jerry's caf\u00e9 … ½ ☕ WOW"
    assert normalise("👩\u200d👧") == "👩\u200d👧"
    assert normalise(unicodedata.normalize("NFD", "안녕")) == "안녕"
    assert normalise("lone \ud800 surrogate") == "lone surrogate"


def test_normalising_twice_changes_nothing_more() -> None:
    for text in ("a  b", "caf\u0065\u0301", "&lt;3", "안녕 하세요", "\u2060x"):
        assert normalise(normalise(text)) == normalise(text)


def test_history_is_the_turns_before_the_message_oldest_first() -> None:
    dialogue = Dialogue("k", "c", ("a", "b", "c", "d"), "witty")
    assert pairs_of(dialogue)[-1] == Pair("c", "d", (), "witty", "c")
    assert [p.history for p in pairs_of(dialogue, 1)] == [(), ("a",), ("b",)]
    assert [p.history for p in pairs_of(dialogue, 9)] == [(), ("a",), ("a", "b")]
    with pytest.raises(ValueError, match="max_history is -1"):
        pairs_of(dialogue, -1)


def test_a_dialogue_without_a_pair_cannot_be_made() -> None:
    for turns, first_reply in ((("a",), 1), (("a", "b"), 2), (("a", "b"), 0)):
        with pytest.raises(ValueError, match="needs a message and a reply"):
            Dialogue("k", "c", turns, first_reply=first_reply)


def test_a_dropped_history_turn_shortens_the_history_only() -> None:
    raw = RawDialogue("k", ("old", "", "near", "hi", "ho"), first_reply=4)
    (dialogue,), _ = clean("c", [raw], CURATED)
    assert pairs_of(dialogue, 9) == [Pair("hi", "ho", ("near",), None, "c")]


@pytest.mark.parametrize(
    ("key", "split"),
    [
        ("hello", "train"),
        ("안녕", "train"),
        ("dialogue-6", "valid"),
        ("dialogue-38", "test"),
        ("dialogue-45", "test"),
    ],
)
def test_splits_never_change(key: str, split: str) -> None:
    assert split_of(key) == split


def test_splits_have_their_shares() -> None:
    counts = Counter(split_of(f"key {number}") for number in range(20_000))
    assert counts["train"] / 20_000 == pytest.approx(0.94, abs=0.01)
    assert counts["valid"] / 20_000 == pytest.approx(0.03, abs=0.005)
    assert counts["test"] / 20_000 == pytest.approx(0.03, abs=0.005)


def test_trivially_equal_phrasings_share_a_key() -> None:
    variants = ["What's up?", "whats UP", " What's  up!! ", "what&#39;s up", "\uff37hat's up"]
    assert {phrasing_key(text) for text in variants} == {"whatsup"}
    assert phrasing_key(unicodedata.normalize("NFD", "안녕")) == phrasing_key("안녕 ?")
    assert phrasing_key("? ?") == "??"
    assert phrasing_key("!") != phrasing_key("?")


def test_cleanings_add_up_and_read_well() -> None:
    _, one = cleaned("a", "", "b", "c")
    _, two = cleaned("", "d", "e")
    before = one.to_dict()
    total = Cleaning.merged([one, two])
    assert one.to_dict() == before
    assert total.dropped("c", Reason.EMPTY) == 2
    assert total.to_dict()["c"]["turns_read"] == 7
    assert "dropped 2 turns: empty turn" in total.summary()
