"""Rude turns: obscene or insulting ones are left out of what a bot learns, and counted."""

from __future__ import annotations

import pytest

from seq2seq.corpora.cleaning import CROWD, CURATED, RawDialogue, clean
from seq2seq.corpora.counts import Reason
from seq2seq.corpora.manners import is_rude

RUDE = [
    "What the fuck?",
    "that is bullshit",
    "You are an idiot",
    "you're so stupid",
    "shut up",
    "Shut up. You know what I mean.",
    "I hate you",
    "are you dumb",
    "I will punch you",
    "what an asshole",
    "go to hell",
    "f*ck that",
    "시발 뭐야",
    "닥쳐",
    "이 병신아",
]
CIVIL = [
    "I love Dickens and Hitchcock.",
    "Will you assist me in class?",
    "I am embarrassed",
    "That movie was stupid but funny.",
    "I hate you all leaving so early",
    "You are a great listener",
    "My bass guitar is old",
    "The grass is green, pass me the compass",
    "You shut the door",
    "Scunthorpe is a town",
    "cocktails on Saturday",
    "언젠간 닥쳐올 순간이에요",
    "당신은 소중한 사람이에요",
]


@pytest.mark.parametrize("text", RUDE)
def test_what_a_public_bot_must_not_say_is_rude(text: str) -> None:
    assert is_rude(text)
    assert is_rude(text.upper())


@pytest.mark.parametrize("text", CIVIL)
def test_harmless_talk_is_not(text: str) -> None:
    assert not is_rude(text)


def test_rude_turns_are_left_out_of_crowd_corpora_and_counted() -> None:
    turns = ("hi there", "hello", "you are an idiot", "excuse me?", "never mind")
    kept, cleaning = clean("crowd", [RawDialogue("k", turns)], CROWD)
    assert [dialogue.turns for dialogue in kept] == [turns[:2], turns[3:]]
    assert cleaning.dropped("crowd", Reason.RUDE) == 1
    assert "dropped 1 turns: rude" in cleaning.summary()


def test_what_the_user_wrote_stays_as_it_is() -> None:
    kept, cleaning = clean("own", [RawDialogue("k", ("shut up", "go to hell"))], CURATED)
    assert len(kept) == 1
    assert cleaning.dropped("own", Reason.RUDE) == 0
