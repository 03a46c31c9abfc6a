"""The tour: nine pages beside real parts of the page, an example without typing, two languages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from actions import ask, cells, chosen, spoken
from pages import PATIENCE, Server, Watched
from playwright.sync_api import Browser, Locator, Page, expect

PAGES = 9
# The ring is around a real element that is seen, in the window, and the card is over none of it.
POINTS = """
(page) => {
  const box = (node) => node.getBoundingClientRect();
  const [card, ring] = ['.tour-card', '.tour-ring'].map((name) => document.querySelector(name));
  const section = document.querySelector('.tour-pages section:not([hidden])');
  if (ring.hidden || section !== section.parentElement.children[page]) return false;
  const [c, r] = [box(card), box(ring)];
  const real = section.dataset.at.split(', ').map((name) => document.querySelector(name))
    .filter((node) => node && node.checkVisibility())
    .some((node) => Math.abs(box(node).top - r.top) < 9 && Math.abs(box(node).bottom - r.bottom) < 9
      && Math.abs(box(node).left - r.left) < 9 && Math.abs(box(node).right - r.right) < 9);
  const apart = c.right <= r.left || c.left >= r.right || c.bottom <= r.top || c.top >= r.bottom;
  const seen = (b) => b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight;
  return real && apart && seen(c) && seen(r);
}
"""
FAINT = """
() => {
  const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map((v) => Number(v) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0.05);
  const behind = (node) => {
    const colour = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour;
  };
  const ratio = (a, b) => Math.max(a, b) / Math.min(a, b);
  return [...document.querySelectorAll('.tour h2, .tour p, .tour span, .tour button')]
    .filter((node) => node.checkVisibility())
    .filter((node) => ratio(light(getComputedStyle(node).color), light(behind(node))) < 4.5)
    .map((node) => node.className || node.tagName);
}
"""


def start(page: Page) -> Locator:
    """The button that begins the tour."""
    return page.locator(".tour-start")


def begin(page: Page) -> Locator:
    """Begin the tour; gives its card."""
    start(page).click()
    card = page.get_by_role("dialog")
    expect(card).to_be_visible()
    return card


def settled(page: Page, number: int) -> None:
    """Wait until the tour's page of that number, from 0, points at its part of the real page."""
    page.wait_for_function(POINTS, arg=number, timeout=PATIENCE)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (800, 900), (390, 844)])
def test_every_page_points_at_a_real_part_and_covers_none_of_it(
    visit: Callable[..., Watched], width: int, height: int
) -> None:
    watched = visit(width=width, height=height)
    page = watched.open()
    begin(page)
    for number in range(PAGES):
        settled(page, number)
        expect(page.locator(".tour-where")).to_have_text(f"page {number + 1} of {PAGES}")
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.troubles == []


def turn(card: Locator, button: str, number: int) -> None:
    """Press a button of the card until its page is there: a card that moves away slips a press."""
    where = re.compile(rf"^page {number} of ")
    for _ in range(5):
        card.get_by_role("button", name=button).click()
        try:
            expect(card.locator(".tour-where")).to_have_text(where, timeout=2000)
        except AssertionError:
            continue
        return
    expect(card.locator(".tour-where")).to_have_text(where)


def test_by_mouse_the_pages_open_what_they_speak_of(page: Page) -> None:
    page.get_by_role("tab", name="Inside the GRU", exact=True).click()
    card = begin(page)
    for number in (2, 3, 4):
        turn(card, "Next", number)
    expect(cells(page).first).to_be_attached()
    assert chosen(page) == 0
    turn(card, "Next", 5)
    expect(page.locator("#deep-choosing .ch-scroll")).to_be_visible()
    turn(card, "Next", 6)
    expect(page.locator("#set-temperature")).to_be_visible()
    turn(card, "Next", 7)
    expect(cells(page).last).to_have_attribute("aria-current", "step")
    turn(card, "Next", 8)
    expect(page.locator("#set-begin")).to_be_visible()
    turn(card, "Back", 7)
    expect(card.get_by_role("heading")).to_have_text("The end token")
    turn(card, "Next", 8)
    turn(card, "Next", 9)
    expect(card.get_by_role("button", name="Next")).to_have_count(0)
    card.get_by_role("button", name="Finish").click()
    expect(card).to_be_hidden()
    expect(start(page)).to_be_focused()


def test_the_card_is_a_dialog_named_and_described_by_its_page(page: Page) -> None:
    card = begin(page)
    expect(card).to_be_focused()
    expect(card).to_have_accessible_name("What this page is")
    expect(card).to_have_accessible_description(re.compile("small seq2seq model"))
    page.keyboard.press("ArrowRight")
    expect(card).to_have_accessible_name("Pieces")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(card).to_have_accessible_name("What this page is")
    page.locator("#message textarea").fill("hello")  # the page stays usable beside it
    expect(card).to_be_visible()


def test_it_can_be_left_at_any_page_and_begins_anew(page: Page) -> None:
    for turns, way in ((0, "Escape"), (2, "Leave"), (6, "Escape"), (8, "Leave")):
        card = begin(page)
        expect(card.get_by_role("heading")).to_have_text("What this page is")
        for _ in range(turns):
            page.keyboard.press("ArrowRight")
        if way == "Escape":
            page.keyboard.press("Escape")
        else:
            card.get_by_role("button", name="Leave").click()
        expect(card).to_be_hidden()
        expect(page.locator(".tour-ring")).to_be_hidden()
        expect(start(page)).to_be_focused()
        expect(page.locator(".tour-room")).to_have_count(0)


def test_the_example_is_there_without_typing(page: Page) -> None:
    begin(page)
    expect(page.locator("#view .tv-body")).to_be_visible()
    assert page.locator("#chat [data-testid=user]").inner_text().strip() == "how are you?"
    expect(page.locator("#view .tv-foot")).to_contain_text("drawn at random")
    page.keyboard.press("Escape")
    ask(page, "goodbye", 2)


def test_a_reply_of_the_visitor_is_what_it_speaks_of(page: Page) -> None:
    ask(page, "goodbye")
    said = spoken(page)
    begin(page)
    page.keyboard.press("ArrowRight")
    settled(page, 1)
    expect(page.locator("#chat [data-testid=bot]")).to_have_count(1)
    assert spoken(page) == said


def test_it_offers_itself_once_and_quietly(visit: Callable[..., Watched]) -> None:
    watched = visit()
    page = watched.open()
    offer = page.locator(".tour-offer")
    expect(offer).to_be_visible()
    assert str(PAGES) in offer.inner_text().replace("Nine", str(PAGES))
    expect(page.get_by_role("dialog")).to_have_count(0)
    begin(page)
    page.keyboard.press("Escape")
    expect(offer).to_be_hidden()
    watched.open()
    expect(start(page)).to_be_visible()
    expect(offer).to_be_hidden()


def test_it_speaks_korean_and_changes_language_on_the_way(
    servers: dict[str, Server], browser: Browser
) -> None:
    context = browser.new_context(locale="ko-KR", viewport={"width": 1280, "height": 800})
    page = Watched(context.new_page(), servers["two"].url).open()
    expect(start(page)).to_have_text("둘러보기")
    expect(page.locator(".tour-offer")).to_contain_text("아홉 쪽")
    card = begin(page)
    for number in range(PAGES):
        expect(page.locator(".tour-where")).to_have_text(f"{PAGES}쪽 중 {number + 1}쪽")
        words = card.get_by_role("heading").inner_text() + card.locator("p:visible").inner_text()
        assert not re.search("[A-Za-z]{3,}", re.sub("seq2seq|GRU|teacher_force_ratio", "", words))
        if number < PAGES - 1:
            page.keyboard.press("ArrowRight")
    expect(card.locator(".tour-next")).to_have_text("마치기")
    page.locator("#language button").click()
    expect(card.get_by_role("heading")).to_have_text("Your turn")
    expect(card.locator(".tour-next")).to_have_text("Finish")
    context.close()


def test_without_a_model_the_card_stands_in_the_middle(visit: Callable[..., Watched]) -> None:
    watched = visit("none")
    page = watched.open()
    card = begin(page)
    page.keyboard.press("ArrowRight")
    expect(card).to_have_attribute("data-side", "middle")
    expect(page.locator(".tour-ring")).to_be_hidden()
    for _ in range(PAGES):
        page.keyboard.press("ArrowRight")
    card.get_by_role("button", name="Finish").click()
    expect(card).to_be_hidden()
    assert watched.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_its_words_are_readable(visit: Callable[..., Watched], theme: str) -> None:
    page = visit().open(f"?__theme={theme}")
    assert page.evaluate(FAINT) == []
    begin(page)
    assert page.evaluate(FAINT) == []


def test_nothing_glides_where_motion_is_unwelcome(visit: Callable[..., Watched]) -> None:
    watched = visit(width=390, height=844)
    watched.page.emulate_media(reduced_motion="reduce")
    page = watched.open()
    page.evaluate(
        "() => { const by = scrollBy; window.glides = [];"
        " window.scrollBy = (to) => { glides.push(to.behavior); by.call(window, to); }; }"
    )
    begin(page)
    page.keyboard.press("ArrowRight")
    settled(page, 1)
    assert page.evaluate("[...new Set(glides)]") == ["instant"]
