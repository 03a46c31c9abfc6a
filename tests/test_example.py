"""The example reply: put into empty visits only, drawn once a checkpoint, kept within bounds."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

import app
from seq2seq import DecodingOptions
from seq2seq.serving import Shelf, Visit, example_turn, talk
from seq2seq.serving.example import DRAWN, Examples

SAYINGS = {"en": ["hello", "how are you?"], "ko": ["안녕하세요", "오늘 기분이 어때?"]}


@pytest.fixture
def shelf(tiny_checkpoint: Path) -> Shelf:
    return Shelf([tiny_checkpoint])


def scripted(name: str = "x", sha256: str = "0", language: str = "en") -> Any:
    """A chatbot that counts how often it is asked and gives its own words back."""
    asked: list[str] = []

    def reply(message: str, options: DecodingOptions) -> Any:
        asked.append(message)
        return SimpleNamespace(message=message, by=(name, sha256))

    metrics = {"languages": [language]}
    return SimpleNamespace(name=name, sha256=sha256, metrics=metrics, reply=reply, asked=asked)


def test_an_empty_visit_gets_a_finished_reply_to_look_into(shelf: Shelf) -> None:
    visit = Visit()
    turn = example_turn(shelf, visit, "tiny", SAYINGS, Examples())
    assert turn is not None
    assert visit.turns == [turn]
    assert (turn.message, turn.model, visit.shown) == ("how are you?", "tiny", turn.number)
    assert visit.writing is None
    lines = [json.loads(line) for line in visit.view().splitlines()]
    assert lines[-1]["line"] == "end"
    assert [said["role"] for said in visit.chat()] == ["user", "assistant"]
    assert visit.trace_of(turn).options == DRAWN


def test_the_example_is_the_reply_that_its_options_draw(shelf: Shelf) -> None:
    visit = Visit()
    turn = example_turn(shelf, visit, "tiny", SAYINGS, Examples())
    assert turn is not None
    assert visit.trace_of(turn).ids == shelf.get("tiny").reply("how are you?", DRAWN).ids


def test_a_visit_with_a_reply_is_left_alone(shelf: Shelf) -> None:
    visit = Visit()
    list(talk(shelf.get("tiny"), visit, "hello", DecodingOptions()))
    before = list(visit.turns)
    assert example_turn(shelf, visit, "tiny", SAYINGS, Examples()) is None
    assert visit.turns == before


def test_a_visit_whose_reply_is_being_written_is_left_alone(shelf: Shelf) -> None:
    visit = Visit()
    writing = visit.begin("hello")
    assert example_turn(shelf, visit, "tiny", SAYINGS, Examples()) is None
    assert visit.turns == [visit.writing] == [writing]


def test_a_reply_that_comes_while_the_example_is_drawn_stays_alone(shelf: Shelf) -> None:
    visit, bot = Visit(), shelf.get("tiny")

    class Slow(Examples):
        def of(self, *asked: Any) -> Any:
            list(talk(bot, visit, "hello", DecodingOptions()))
            return super().of(*asked)

    assert example_turn(shelf, visit, "tiny", SAYINGS, Slow()) is None
    assert [turn.message for turn in visit.turns] == ["hello"]
    assert (visit.shown, visit.writing) == (1, None)


@pytest.mark.parametrize("model", ["", "zz", None, 3, ["tiny"], {}])
def test_no_example_without_a_checkpoint(shelf: Shelf, model: object) -> None:
    visit = Visit()
    assert example_turn(shelf, visit, model, SAYINGS, Examples()) is None
    assert visit.turns == []


@pytest.mark.parametrize(("language", "said"), [("ko", SAYINGS["ko"][1]), ("fr", "how are you?")])
def test_the_message_is_in_the_language_of_the_checkpoint(language: str, said: str) -> None:
    bot = scripted(language=language)
    shelf = Shelf([Path("x")], lambda folder: bot)
    with pytest.raises(AttributeError):  # a scripted reply is no trace that a visit could keep
        example_turn(shelf, Visit(), "x", SAYINGS, Examples())
    assert bot.asked == [said]


def test_a_reply_is_drawn_once_however_many_ask() -> None:
    bot, examples = scripted(), Examples()
    threads = [threading.Thread(target=examples.of, args=(bot, "hello")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bot.asked == ["hello"]


def test_other_weights_of_the_same_name_draw_their_own() -> None:
    old, new, examples = scripted(sha256="0"), scripted(sha256="1"), Examples()
    assert examples.of(old, "hello").by == ("x", "0")  # type: ignore[attr-defined]
    assert examples.of(new, "hello").by == ("x", "1")  # type: ignore[attr-defined]


def test_the_reply_asked_for_longest_ago_is_dropped_beyond_the_bound() -> None:
    bot, examples = scripted(), Examples(most=2)
    for message in ("a", "b", "a", "c", "a", "b"):
        examples.of(bot, message)
    assert bot.asked == ["a", "b", "c", "b"]


def test_the_page_draws_the_example_once(shelf: Shelf) -> None:
    with gr.Blocks():
        page = app.Page(shelf)
    visit = Visit()
    drawn = page.show_example(visit, "tiny")
    assert json.loads(drawn[page.view].splitlines()[1])["line"] == "reply"
    assert len(drawn[page.chat]) == 2
    assert json.loads(drawn[page.deep["choosing"]])["steps"]
    assert page.chat not in page.show_example(visit, "tiny")
    assert len(visit.turns) == 1
