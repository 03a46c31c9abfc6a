"""Taking a reply away in the browser: its files are made, drawn alone, opened again, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from actions import PATIENCE, ask, cells, notice, pieces, spoken, wait_for_reply
from pages import ROOT, Watched
from playwright.sync_api import Browser, Locator, Page, expect

# Saved views that draw the pieces of any reply, beside the first one.
DEEPER = ("choosing", "influence", "inside")
SAVED, TRACE, TAKEAWAY = (
    json.loads((ROOT / f"assets/korean/{name}.json").read_text(encoding="utf-8"))
    for name in ("saved", "trace", "takeaway")
)
TITLE, HEADING = "“{message}” answered", "How this reply was made"
(STILL,) = (text for text in SAVED if "nothing here can be written anew" in text)
# The page's title, the first view's heading, and the line that nothing can be written anew.
WORDS = {
    "en-US": (TITLE.format(message="how are you?"), HEADING, STILL),
    "ko-KR": (SAVED[TITLE].format(message="how are you?"), TRACE[HEADING], SAVED[STILL]),
}


@dataclass
class Alone:
    """A saved page in a browser without network, with what it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def turn_to(page: Page) -> Locator:
    """The view that takes replies away."""
    page.get_by_role("tab", name="Take it away", exact=True).click()
    view = page.locator("#deep-takeaway .ta")
    expect(view.locator(".ta-address")).to_be_visible(timeout=PATIENCE)
    return view


def take(page: Page, button: str, into: Path) -> Path:
    """The file that a button of the view saves."""
    view = turn_to(page)
    with page.expect_download(timeout=PATIENCE) as download:
        view.get_by_role("button", name=button).click()
    path = into / download.value.suggested_filename
    download.value.save_as(path)
    expect(view.get_by_role("status")).to_have_text(f"Saved as {path.name}.")
    return path


def give(page: Page, file: Path) -> None:
    """Choose a file for the view to open."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a trace that was saved").click()
    chooser.value.set_files(file)


def open_alone(browser: Browser, file: Path, locale: str) -> Alone:
    """Open a saved page as one does who has nothing but the file."""
    alone = Alone(browser.new_context(locale=locale, offline=True).new_page())
    alone.page.on("request", lambda request: alone.requests.append(request.url))
    alone.page.on("pageerror", lambda error: alone.troubles.append(str(error)))
    alone.page.on(
        "console",
        lambda message: (
            alone.troubles.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    alone.page.goto(file.as_uri())
    return alone


@pytest.fixture
def saved(page: Page, tmp_path: Path) -> tuple[Path, list[str]]:
    """A reply saved as a page, and its pieces."""
    ask(page, "how are you?")
    return take(page, "Save as a page", tmp_path), pieces(page)


@pytest.mark.parametrize("locale", WORDS)
def test_a_saved_page_draws_alone_in_the_browsers_language(
    browser: Browser, saved: tuple[Path, list[str]], locale: str
) -> None:
    file, written = saved
    alone = open_alone(browser, file, locale)
    title, heading, still = WORDS[locale]
    expect(alone.page.locator("html")).to_have_attribute("lang", locale[:2])
    expect(alone.page).to_have_title(title)
    expect(alone.page.locator("h1")).to_have_text(title)
    expect(alone.page.get_by_role("heading", name=heading)).to_be_visible()
    assert pieces(alone.page) == written
    for name in DEEPER:
        view = alone.page.locator(f"[data-island={name}]")
        expect(view).to_be_visible()
        expect(view).to_contain_text(written[0])
    alone.page.locator("#view .tv-if").first.click()
    expect(alone.page.locator("#saved [role=status]")).to_have_text(still)
    assert alone.requests == [file.as_uri()]
    assert alone.troubles == []
    alone.page.context.close()


def test_a_saved_page_changes_its_language_and_keeps_the_readers_place(
    browser: Browser, saved: tuple[Path, list[str]]
) -> None:
    alone = open_alone(browser, saved[0], "en-US")
    page = alone.page
    cells(page).nth(1).click()
    for switch, locale in (("한국어", "ko-KR"), ("English", "en-US")):
        page.get_by_role("button", name=switch, exact=True).click()
        title, heading, _ = WORDS[locale]
        expect(page.locator("html")).to_have_attribute("lang", locale[:2])
        expect(page).to_have_title(title)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.locator("#view .tv-reply [aria-current]")).to_have_attribute("data-step", "1")
    assert alone.requests == [saved[0].as_uri()]
    assert alone.troubles == []
    page.context.close()


def test_a_saved_trace_opens_as_a_further_reply(page: Page, tmp_path: Path) -> None:
    ask(page, "how are you?")
    reply, written = spoken(page), pieces(page)
    file = take(page, "Save the trace", tmp_path)
    assert json.loads(file.read_text(encoding="utf-8"))["reply"] == reply
    ask(page, "goodbye", 2)
    give(page, file)
    wait_for_reply(page, 3)
    assert (spoken(page), pieces(page)) == (reply, written)
    expect(notice(page)).to_be_hidden()


def test_a_trace_of_a_checkpoint_that_is_not_here_is_refused(
    visit: Callable[..., Watched], page: Page, tmp_path: Path
) -> None:
    elsewhere = visit("cast").open()
    ask(elsewhere, "hello")
    file = take(elsewhere, "Save the trace", tmp_path)
    ask(page, "hello")
    turn_to(page)
    give(page, file)
    expect(notice(page)).to_contain_text("which are not here")
    expect(notice(page)).to_contain_text(json.loads(file.read_text())["checkpoint"]["sha256"][:8])
    expect(page.locator("#chat [data-testid=bot]")).to_have_count(1)


def test_the_view_says_what_it_did_last_in_the_language_that_the_page_turns_to(
    page: Page, tmp_path: Path
) -> None:
    ask(page, "hello")
    name = take(page, "Save the trace", tmp_path).name
    view = page.locator("#deep-takeaway .ta")
    address = view.locator(".ta-address").input_value()
    page.evaluate("document.documentElement.lang = 'ko'")
    expect(view.get_by_role("status")).to_have_text(TAKEAWAY["Saved as {name}."].format(name=name))
    expect(view.get_by_role("button", name=TAKEAWAY["Save the trace"])).to_be_visible()
    expect(view.locator(".ta-address")).to_have_value(address)
    page.evaluate("document.documentElement.lang = 'en'")
    expect(view.get_by_role("status")).to_have_text(f"Saved as {name}.")
