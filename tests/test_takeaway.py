"""A reply taken away and brought back: trace file, link, page; and what is refused."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seq2seq import DecodingOptions
from seq2seq.page.parts import asset
from seq2seq.restoring import trace_from_dict
from seq2seq.serving import (
    Shelf,
    Visit,
    converse_from,
    from_link,
    open_trace,
    saved_page,
    takeaway,
    talk,
)
from seq2seq.views.script import quoted

DRAWN = DecodingOptions(method="sample", seed=5, temperature=1.3, max_len=12)
BEAM = DecodingOptions(method="beam", beam_size=3, max_len=12)


@pytest.fixture(scope="module")
def shelf(tiny_checkpoint: Path, cast_checkpoint: Path) -> Shelf:
    return Shelf([tiny_checkpoint, cast_checkpoint])


def said(shelf: Shelf, options: DecodingOptions = DRAWN, message: str = "hello") -> Visit:
    visit = Visit()
    list(talk(shelf.get("tiny"), visit, message, options, model="tiny"))
    return visit


def offered(shelf: Shelf, visit: Visit) -> dict[str, Any]:
    return dict(json.loads(takeaway(shelf, visit)))


@pytest.mark.parametrize("options", [DecodingOptions(), DRAWN, BEAM], ids=lambda o: o.method)
def test_a_trace_is_the_same_after_its_file(shelf: Shelf, options: DecodingOptions) -> None:
    trace = shelf.get("tiny").reply("how are you?", options)
    assert trace_from_dict(json.loads(json.dumps(trace.to_dict()))) == trace


@pytest.mark.parametrize("options", [DecodingOptions(), DRAWN, BEAM], ids=lambda o: o.method)
def test_a_file_opens_as_the_reply_that_it_was(shelf: Shelf, options: DecodingOptions) -> None:
    visit = said(shelf, options)
    other = Visit()
    turn = open_trace(shelf, other, offered(shelf, visit)["trace"])
    assert turn.model == "tiny"
    assert other.view().splitlines()[1:] == visit.view().splitlines()[1:]
    step = other.trace_of(turn).steps[1]
    id = next(c.id for c in step.candidates if c.id != step.id and c.id > 20)
    list(converse_from(shelf.get("tiny"), other, 1, 1, id))
    list(converse_from(shelf.get("tiny"), visit, 1, 1, id))
    assert other.turns[-1].reply == visit.turns[-1].reply


@pytest.mark.parametrize("options", [DecodingOptions(), DRAWN, BEAM], ids=lambda o: o.method)
def test_a_link_makes_the_reply_and_its_branch_again(
    shelf: Shelf, options: DecodingOptions
) -> None:
    visit = said(shelf, options)
    step = visit.whole[1].steps[2]
    id = next(c.id for c in step.candidates if c.id != step.id and c.id > 20)
    list(converse_from(shelf.get("tiny"), visit, 1, 2, id))
    for turn in visit.turns:
        visit.show(turn)
        address = offered(shelf, visit)["link"]
        assert re.fullmatch(r"\?say=[\w-]+", address)
        name, bot, message, found = from_link(shelf, address.removeprefix("?say="))
        assert (name, message) == ("tiny", "hello")
        assert bot.reply(message, found).ids == visit.trace_of(turn).ids


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        record = json.loads(text)
        change(record)
        return json.dumps(record)

    return apply


BROKEN: dict[str, tuple[Callable[[str], object], str]] = {
    "cut off": (lambda text: text[: len(text) // 2], "no JSON"),
    "no text": (lambda text: None, "no trace"),
    "too long": (lambda text: text + " " * 300_000, "more than"),
    "a list": (lambda text: "[]", "must be an object"),
    "version": (changed(lambda r: r.update(version=2)), "reads version 1"),
    "no steps": (changed(lambda r: r.pop("steps")), "lacks 'steps'"),
    "empty": (changed(lambda r: r.update(steps=[])), "no steps"),
    "steps": (changed(lambda r: r["steps"].pop(0)), "says that it is step"),
    "weights": (changed(lambda r: r["checkpoint"].update(sha256="0" * 64)), "are not here"),
    "option": (changed(lambda r: r["options"].update(top_p=7)), "top_p is 7"),
    "unknown option": (changed(lambda r: r["options"].update(power=7)), "unknown setting 'power'"),
    "a piece": (changed(lambda r: r["steps"][0].update(piece="▁gold")), "this model has not"),
    "an id": (changed(lambda r: r["steps"][0].update(id=10**7)), "this model has not"),
    "a text": (changed(lambda r: r["steps"][0].update(text="gold")), "its piece says"),
    "no number": (changed(lambda r: r["steps"][0].update(entropy="x")), "must be a number"),
    "a probability": (changed(lambda r: r["steps"][0].update(probability=0.123)), "was changed"),
    "beyond 1": (changed(lambda r: r["steps"][0].update(probability=3)), "at most 1"),
    "message": (changed(lambda r: r.update(message="x" * 3000)), "characters"),
    "a source": (changed(lambda r: r["source"].pop(0)), "was changed|reads 1 to"),
}


@pytest.mark.parametrize(("change", "words"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_not_right_is_refused_and_changes_nothing(
    shelf: Shelf, change: Callable[[str], object], words: str
) -> None:
    visit = said(shelf)
    text = offered(shelf, visit)["trace"]
    before = copy.deepcopy(visit)
    with pytest.raises(ValueError, match=words):
        open_trace(shelf, visit, change(text))
    assert (visit.turns, visit.shown, visit.writing) == (before.turns, before.shown, None)


def test_a_link_that_is_not_right_is_refused(shelf: Shelf) -> None:
    packed = offered(shelf, said(shelf))["link"].removeprefix("?say=")
    for odd in ("", "x", packed[:-9], packed[::-1], "A" * 10_000, "é", packed + "AAAA" * 2000):
        with pytest.raises(ValueError, match="cut off or was changed"):
            from_link(shelf, odd)
    elsewhere = Shelf([shelf.get("cast").folder])
    with pytest.raises(ValueError, match="There is no checkpoint 'tiny'"):
        from_link(elsewhere, packed)


def test_a_saved_page_needs_no_other_host_and_holds_text_as_text(shelf: Shelf) -> None:
    odd = "hello </script><script>alert(1)</script> <b>"
    page = saved_page(shelf, said(shelf, message=odd), asset)
    assert "<script>alert" not in page
    assert page.count("</script>") == 1
    (policy,) = re.findall('http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert sorted(policy.split("; ")) == [
        "default-src 'none'", "img-src data:", "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
    ]  # fmt: skip
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    with pytest.raises(ValueError, match="no finished reply"):
        saved_page(shelf, Visit(), asset)


def test_a_saved_page_says_its_own_sentences_in_both_languages(shelf: Shelf) -> None:
    page = saved_page(shelf, said(shelf, message="hello {name} & you"), asset)
    assert "<title>“hello {name} &amp; you” answered</title>" in page
    korean = json.loads(asset("korean/saved.json"))
    (sent,) = re.findall(r'island\("saved", (".*?"), function', page)
    head = json.loads(json.loads(sent))
    for template, values in head.values():
        assert set(values) == set(re.findall(r"\{(\w+)\}", korean[template]))
    assert all(quoted(text)[1:-1] in page for text in korean.values())


def test_every_text_of_a_saved_page_has_its_places_in_korean() -> None:
    for name in ("saved", "takeaway"):
        for english, korean in json.loads(asset(f"korean/{name}.json")).items():
            places = [sorted(re.findall(r"\{\w+\}", text)) for text in (english, korean)]
            assert places[0] == places[1]
