"""What the page is told of the nearest training messages."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_talk import write_cast, write_pairs

from seq2seq.chatbot import Chatbot
from seq2seq.corpora import CorpusChoice, load_mixture
from seq2seq.inspection.neighbours import Neighbours, neighbours_of
from seq2seq.options import DecodingOptions
from seq2seq.trace import Trace
from seq2seq.training.indexing import build_index
from seq2seq.views.neighbours import neighbours_payload, shared_words
from seq2seq.views.wording import in_english

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def indexed(checkpoint: Path, folder: Path, corpus: Path, *names: str) -> Chatbot:
    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("resume"))
    bot = Chatbot.from_pretrained(folder)
    mixture = load_mixture([CorpusChoice(str(corpus))], personalities=names or ("friendly",))
    build_index(bot.checkpoint, mixture)
    return bot


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Chatbot:
    folder = tmp_path_factory.mktemp("views")
    return indexed(tiny_checkpoint, folder / "tiny", write_pairs(folder / "pairs.csv"))


def payload(bot: Chatbot, trace: Trace, number: int = 1) -> dict[str, Any]:
    found = json.loads(neighbours_payload(bot.checkpoint, _index(bot), trace, number))
    assert isinstance(found, dict)
    return found


def _index(bot: Chatbot) -> Neighbours:
    index = neighbours_of(bot.checkpoint)
    assert index is not None
    return index


def test_a_training_message_and_its_learned_reply_stand_first(bot: Chatbot) -> None:
    index = _index(bot)
    learned = index.row(0, 0.0)
    found = payload(bot, bot.reply(learned.message.upper()), 7)
    cosine, message, reply, corpus, same = found["found"][0]
    assert found["number"] == 7
    assert cosine == pytest.approx(1, abs=1e-3)
    assert "".join(message) == learned.message
    assert message[1::2] == re.findall(r"[\w']+", learned.message)
    assert (reply, corpus, same) == (learned.reply, "pairs.csv", True)
    assert len(found["found"]) == 10
    assert found["said"] is True
    assert found["notes"] == []
    assert found["replies"] == index.about.replies
    similarity, searched, proof = map(in_english, found["about"])
    assert "(2 × 64 numbers)" in similarity
    assert searched == f"Searched all {len(index)} distinct training pairs."
    assert "no proof" in proof


def test_an_index_of_some_pairs_says_how_many_it_left_out(bot: Chatbot) -> None:
    index = copy.copy(_index(bot))
    index.about = dataclasses.replace(index.about, rows=1200, pairs=34567)
    found = json.loads(neighbours_payload(bot.checkpoint, index, bot.reply("hello"), 1))
    assert in_english(found["about"][1]).startswith("Searched 1,200 of 34,567 distinct")


def test_a_reply_made_of_other_words_is_new(bot: Chatbot) -> None:
    prefix = tuple(bot.checkpoint.tokenizer.encode("See you robot"))
    found = payload(bot, bot.reply("goodbye", DecodingOptions(prefix_ids=prefix)))
    assert found["reply"].startswith("See you robot")
    assert found["said"] is False
    assert not any(same for *_, same in found["found"])


def test_nothing_is_said_of_a_reply_that_is_still_written(bot: Chatbot) -> None:
    first = next(bot.stream("hello"))
    assert first.finish_reason is None
    found = payload(bot, first)
    assert found["said"] is None
    assert found["found"]
    assert payload(bot, first.stopped())["said"] is False


def test_without_an_index_the_payload_is_the_command(bot: Chatbot) -> None:
    trace = bot.reply("hello")
    found = json.loads(neighbours_payload(bot.checkpoint, None, trace, 1))
    assert found["command"] == "python -m seq2seq index --checkpoint checkpoints/tiny"
    assert "found" not in found
    bare = dataclasses.replace(bot.checkpoint, metrics={})
    found = json.loads(neighbours_payload(bare, None, trace, 1))
    assert found["command"].endswith("checkpoints/tiny --corpus NAME")


def test_a_message_of_despair_is_answered_without_a_list(bot: Chatbot) -> None:
    found = payload(bot, bot.reply("i want to kill myself"))
    assert found["found"] == []
    assert "not listed" in in_english(found["notes"][0])
    assert found["said"] is None


def test_another_personality_than_the_indexed_one_is_told(
    cast_checkpoint: Path, tmp_path: Path
) -> None:
    corpus = write_cast(tmp_path / "cast.csv")
    bot = indexed(cast_checkpoint, tmp_path / "cast", corpus, "friendly", "witty")
    assert payload(bot, bot.reply("hello"))["notes"] == []
    assert payload(bot, bot.reply("hello", DecodingOptions(personality="friendly")))["notes"] == []
    friendly = payload(bot, bot.reply("hello"))["found"]
    witty = payload(bot, bot.reply("hello", DecodingOptions(personality="witty")))
    (note,) = witty["notes"]
    assert "You asked witty." in in_english(note)
    assert "control piece of friendly, as" in in_english(note)
    korean = json.loads((ASSETS / "korean" / "neighbours.json").read_text(encoding="utf-8"))
    template, values = note
    assert all(name in korean for name in (template, *(value[0] for value in values.values())))
    nearest = [[similarity, message] for similarity, message, *_ in witty["found"]]
    assert nearest == [[similarity, message] for similarity, message, *_ in friendly]


def test_earlier_turns_that_were_read_are_told(bot: Chatbot) -> None:
    config = dataclasses.replace(bot.config, context_turns=2)
    reading = Chatbot(dataclasses.replace(bot.checkpoint, config=config))
    (note,) = payload(reading, reading.reply("hello", history=["hi", "hey"]))["notes"]
    assert "turns before" in in_english(note)
    assert payload(reading, reading.reply("hello"))["notes"] == []


@pytest.mark.parametrize(
    ("text", "message", "shared"),
    [
        ("How are YOU?", "you, how?", ["How", "YOU"]),
        ("I'm here, I’m here", "i'm", ["I'm", "I’m"]),
        ("shoe shoes", "shoe", ["shoe"]),
        ("안녕, 너 뭐니?", "너 뭐니", ["너", "뭐니"]),
        ("nothing", "else", []),
        ("", "hello", []),
        ("?!", "?!", []),
    ],
)
def test_shared_words_are_whole_words_whatever_their_case(
    text: str, message: str, shared: list[str]
) -> None:
    parts = shared_words(text, message)
    assert "".join(parts) == text
    assert parts[1::2] == shared
    assert len(parts) % 2 == 1


def test_a_payload_is_small_json_whatever_was_typed(bot: Chatbot) -> None:
    typed = '</script><img src=x onerror="1"> ${1} \u2028 "'
    text = neighbours_payload(bot.checkpoint, _index(bot), bot.reply(typed), 1)
    assert json.loads(text)["message"] == typed
    assert len(text) < 8000


def test_the_view_builds_its_page_from_text_alone() -> None:
    script = (ASSETS / "neighbours_view.js").read_text(encoding="utf-8")
    template = (ASSETS / "neighbours_view.html").read_text(encoding="utf-8")
    assert "innerHTML" not in script
    assert "${" not in template
    assert "{{" not in template
    for name in re.findall(r"find\('\.([\w-]+)'\)", script):
        assert name in template
