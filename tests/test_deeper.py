"""The deeper views as the page asks for them: made when looked at, of the reply that is open."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from seq2seq import Chatbot, DecodingOptions
from seq2seq.page.parts import ASSETS, DEEPER
from seq2seq.serving import Shelf, Visit, compared, deep_view, talk, turning

MADE = [name for name in DEEPER if name not in {"compare", "takeaway"}]


@pytest.fixture(scope="module")
def shelf(tiny_checkpoint: Path, cast_checkpoint: Path) -> Shelf:
    return Shelf([tiny_checkpoint, cast_checkpoint])


def said(shelf: Shelf, message: str, options: DecodingOptions, visit: Visit | None = None) -> Visit:
    visit = visit or Visit()
    list(talk(shelf.get("tiny"), visit, message, options, model="tiny"))
    return visit


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("method", ["greedy", "sample", "beam"])
def test_every_view_draws_the_reply_that_is_looked_at(shelf: Shelf, name: str, method: str) -> None:
    visit = said(shelf, "hello", DecodingOptions(method=method, seed=1))
    said(shelf, "tell me a joke", DecodingOptions(), visit)
    drawn = deep_view(shelf, visit, name)
    assert drawn is not None
    assert json.loads(drawn)["number"] == 2
    visit.show(visit.turns[0])
    first = deep_view(shelf, visit, name)
    assert first is not None
    assert json.loads(first)["number"] == 1
    visit.whole.clear()  # what was kept of it alone is enough
    again = json.loads(deep_view(shelf, visit, name) or "")
    assert again.keys() == json.loads(first).keys()


def test_a_tree_that_is_not_kept_is_searched_again(shelf: Shelf) -> None:
    visit = said(shelf, "hello", DecodingOptions(method="beam", beam_size=3))
    kept = deep_view(shelf, visit, "beam")
    visit.whole.clear()
    assert deep_view(shelf, visit, "beam") == kept != ""


@pytest.mark.parametrize("name", ["", "compare", "no such view", None, 3, ["beam"]])
def test_a_view_that_there_is_not_draws_nothing(shelf: Shelf, name: object) -> None:
    visit = said(shelf, "hello", DecodingOptions())
    assert deep_view(shelf, visit, name) is None


def test_nothing_is_drawn_before_a_reply_and_what_is_drawn_stays_while_one_grows(
    shelf: Shelf,
) -> None:
    visit = Visit()
    assert deep_view(shelf, visit, "inside") == ""
    turns = talk(shelf.get("tiny"), visit, "hello", DecodingOptions(), model="tiny")
    next(turns)
    next(turns)
    assert deep_view(shelf, visit, "inside") is None
    assert turning(shelf, visit, {}) == ""
    list(turns)
    assert deep_view(shelf, visit, "inside")


def test_settings_tell_where_they_would_turn_the_reply(shelf: Shelf) -> None:
    visit = said(shelf, "hello", DecodingOptions())
    assert turning(shelf, visit, {"method": "greedy", "pace": 0.5}) == ""
    same = json.loads(turning(shelf, visit, {"method": "greedy", "temperature": 0.5}))
    assert same["step"] is None
    short = json.loads(turning(shelf, visit, {"method": "greedy", "max_len": 2}))
    assert short["step"] == 2
    with pytest.raises(ValueError, match="max_len"):
        turning(shelf, visit, {"max_len": 10**6})


def test_two_settings_two_models_two_messages_and_two_replies_can_be_compared(shelf: Shelf) -> None:
    visit = said(shelf, "hello", DecodingOptions())
    said(shelf, "goodbye", DecodingOptions(method="sample", seed=3, temperature=2.0), visit)
    settings = {"method": "sample", "seed": "4", "temperature": 2.0, "pace": 0}
    for choice in (
        {},
        {"model": "cast"},
        {"message": "tell me a joke"},
        {"reply": 1},
    ):
        drawn = json.loads(compared(shelf, visit, settings, **choice))
        assert drawn
    bot = shelf.get("tiny")
    assert isinstance(bot, Chatbot)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"reply": 99}, "not kept any more"),
        ({"reply": "x"}, "not kept any more"),
        ({"model": "nobody"}, "There is no checkpoint"),
        ({"message": "x" * 3000}, "characters"),
    ],
)
def test_what_cannot_be_compared_is_told(
    shelf: Shelf, choice: dict[str, object], words: str
) -> None:
    visit = said(shelf, "hello", DecodingOptions())
    with pytest.raises(ValueError, match=words):
        compared(shelf, visit, {}, **choice)
    with pytest.raises(ValueError, match="no finished reply"):
        compared(shelf, Visit(), {}, **choice)


def test_each_view_has_its_three_files() -> None:
    for name in DEEPER:
        for kind in ("html", "css", "js"):
            assert (ASSETS / f"{name}_view.{kind}").is_file()


def test_an_index_of_other_weights_counts_as_none(tiny_checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    folder = shutil.copytree(tiny_checkpoint, tmp_path / "odd")
    (folder / "neighbours.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    shelf = Shelf([folder])
    assert shelf.neighbours(shelf.get("odd")) is None
    visit = Visit()
    list(talk(shelf.get("odd"), visit, "hello", DecodingOptions(), model="odd"))
    assert deep_view(shelf, visit, "neighbours")


def test_a_view_that_fails_is_logged_and_empty(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    visit = said(shelf, "hello", DecodingOptions())
    trace = visit.whole[1]
    visit.whole[1] = dataclasses.replace(trace, sha256="f" * 64)
    assert deep_view(shelf, visit, "inside") == ""
    assert "cannot be drawn" in caplog.text
