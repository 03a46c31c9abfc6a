"""Everyone can use the page: by axe-core, by keyboard alone, without motion, without colour."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from accessible import (
    COLOUR_ALONE,
    MOVING,
    REMEMBER,
    VIEWS,
    findings,
    look_ahead,
    open_part,
    open_view,
    reach,
    unseen_stops,
)
from actions import ask, cells, chosen, wait_for_reply
from pages import ROOT, Server, Watched, start, wait_for
from playwright.sync_api import expect

from seq2seq.__main__ import main


@pytest.fixture(scope="module")
def everything(
    servers: dict[str, Server],
    tiny_checkpoint: Path,
    cast_checkpoint: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A server where every view has data: personalities, training messages, a second model."""
    folder = tmp_path_factory.mktemp("everything")
    shutil.copytree(cast_checkpoint, folder / "cast")
    learned = str(cast_checkpoint.parent / "cast.csv")
    assert main(["index", "--checkpoint", str(folder / "cast"), "--corpus", learned]) == 0
    arguments = ("--checkpoint", str(folder / "cast"), str(tiny_checkpoint))
    server = wait_for(start(ROOT, folder / "log", *arguments))
    servers["everything"] = server
    yield "everything"
    del servers["everything"]
    server.process.terminate()
    server.process.wait(timeout=20)


@pytest.mark.parametrize(
    ("width", "theme", "locale"), [(1280, "light", "en-US"), (390, "dark", "ko-KR")]
)
def test_axe_finds_nothing_serious_in_any_state_of_the_page(
    visit: Callable[..., Watched], everything: str, width: int, theme: str, locale: str
) -> None:
    page = visit(
        everything, width, 844, color_scheme=theme, locale=locale, reduced_motion="reduce"
    ).open()
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    assert page.evaluate("document.documentElement.lang").startswith(locale[:2])
    found = findings(page, "empty")
    ask(page, "how are you?")
    open_part(page, "controls")
    open_part(page, "about")
    found += findings(page, "a reply, with settings and model open")
    open_part(page, "about")
    look_ahead(page)
    ask(page, "hello", 2)
    page.locator("#view .tv-if").first.click()
    wait_for_reply(page, 2)
    found += findings(page, "a version of a reply", "#view")
    page.locator("#view .tv-older").click()
    wait_for_reply(page, 2)
    for name in VIEWS:
        open_view(page, name)
        found += findings(page, name, "#deeper")
    assert found == []


def test_everything_is_done_by_keyboard_alone(visit: Callable[..., Watched]) -> None:
    page = visit(reduced_motion="reduce", locale="en-US").open()
    expect(page.locator("#message textarea")).to_be_focused()
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    wait_for_reply(page)
    reach(page, "#controls > button")
    page.keyboard.press("Enter")
    slider = reach(page, "#set-max_len input[type=range]")
    before = float(slider.input_value())
    page.keyboard.press("ArrowLeft")
    assert float(slider.input_value()) < before
    last = chosen(page)
    reach(page, "#view .tv-reply [aria-current]")
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == last - 1
    expect(cells(page).nth(last - 1)).to_be_focused()
    reach(page, "#view .tv-if")
    page.keyboard.press("Enter")
    expect(page.locator("#view .tv-versions span")).to_have_text("version 2 of 2")
    wait_for_reply(page)
    reach(page, "#deeper [role=tab][data-tab-id=inside]")
    page.keyboard.press("Enter")
    expect(page.locator("#deep-inside section.tv")).to_be_visible()
    reach(page, "#language button")
    page.keyboard.press("Enter")
    expect(page.locator("#send")).to_have_text("보내기")


def test_a_list_of_choices_opens_chooses_and_closes_by_keyboard(
    visit: Callable[..., Watched],
) -> None:
    page = visit(reduced_motion="reduce", locale="en-US").open()
    model = reach(page, "#model input")
    choices = page.locator("#model").get_by_role("listbox")
    expect(choices).to_be_visible()
    page.keyboard.press("Tab")
    expect(choices).to_be_hidden()
    page.keyboard.press("Shift+Tab")
    before = model.input_value()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(model).not_to_have_value(before)
    expect(choices).to_be_hidden()


def test_where_the_keyboard_stands_is_seen_at_every_stop(
    visit: Callable[..., Watched], everything: str
) -> None:
    page = visit(everything, reduced_motion="reduce").open()
    ask(page, "how are you?")
    open_part(page, "controls")
    look_ahead(page)
    ask(page, "hello", 2)
    page.locator("body").evaluate("(body) => { body.tabIndex = -1; body.focus(); }")
    page.evaluate(REMEMBER)
    stops, unseen = unseen_stops(page, "#deeper [role=tab]")
    assert stops > 40
    for name in VIEWS:
        open_view(page, name)
        page.evaluate(REMEMBER)
        page.locator(f"#deeper [role=tab][data-tab-id={name}]").focus()
        stops, more = unseen_stops(page, "footer button")
        assert stops > 1
        unseen += more
    assert unseen == []


def test_nothing_moves_where_reduced_motion_is_asked_for(
    visit: Callable[..., Watched], everything: str
) -> None:
    page = visit(everything, reduced_motion="reduce").open()
    assert page.evaluate(MOVING) == []
    ask(page, "hello")
    for name in ("influence", "inside"):
        open_view(page, name)
    assert page.evaluate(MOVING) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []  # Gradio's own, which shows that this test can fail


def test_what_a_colour_says_a_number_says_too(
    visit: Callable[..., Watched], everything: str
) -> None:
    page = visit(everything).open()
    open_part(page, "controls")
    look_ahead(page)
    ask(page, "how are you?")
    painted, silent = page.locator("#view .tv").evaluate(COLOUR_ALONE)
    assert painted >= cells(page).count()
    for name in ("influence", "inside", "beam", "compare"):
        here, more = open_view(page, name).evaluate(COLOUR_ALONE)
        assert here > 0
        silent += more
    assert silent == []


def test_on_a_phone_all_tabs_stand_in_a_strip_that_scrolls(visit: Callable[..., Watched]) -> None:
    page = visit(width=390, height=844).open()
    tabs = page.locator("#deeper [role=tab]")
    expect(tabs).to_have_count(len(VIEWS))
    expect(page.get_by_role("button", name="More tabs")).to_be_hidden()
    expect(tabs.last).not_to_be_in_viewport()
    tabs.first.focus()
    for _ in VIEWS[1:]:
        page.keyboard.press("Tab")
    expect(tabs.last).to_be_focused()
    expect(tabs.last).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("Enter")
    expect(page.locator(f"#deep-{VIEWS[-1]} section.tv")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
