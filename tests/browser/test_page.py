"""The page around the reply: bad input, safety, sizes, themes, missing and broken checkpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from actions import ask, cells, chosen, notice, pieces, say, spoken
from pages import Watched
from playwright.sync_api import Page, expect

CONTRAST = """
(cell) => {
  const numbers = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (rgb) => rgb.map((v) => v / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const style = getComputedStyle(cell);
  const [a, b] = [style.color, style.backgroundColor].map((c) => light(numbers(c)) + 0.05);
  return Math.max(a, b) / Math.min(a, b);
}
"""

OUTSIDE = """
() => [...document.querySelectorAll('main *')].filter((node) => {
  const box = node.getBoundingClientRect();
  if (!box.width || (box.left >= 0 && box.right <= innerWidth + 1)) return false;
  for (let up = node.parentElement; up; up = up.parentElement) {
    if (up !== document.documentElement && up !== document.body
      && getComputedStyle(up).overflowX !== 'visible') return false;
  }
  return getComputedStyle(node).visibility !== 'hidden' && !node.closest('.tv-hear');
}).map((node) => `${node.tagName}.${node.className}`)
"""


def test_an_empty_message_gets_a_friendly_line(page: Page) -> None:
    say(page, "   ")
    expect(notice(page)).to_contain_text("Write a message first")
    ask(page, "hello")
    expect(notice(page)).to_be_hidden()


def test_an_over_long_message_stays_in_its_box(page: Page) -> None:
    text = "hello " * 400
    say(page, text)
    expect(notice(page)).to_contain_text("at most 2,000 fit")
    expect(page.locator("#message textarea")).to_have_value(text)


def test_a_message_beyond_the_encoder_shows_where_it_stopped(page: Page) -> None:
    ask(page, "tell me a joke " * 12)
    strip = page.locator("#view .tv-source")
    expect(strip.locator(".tv-stop")).to_have_text("the encoder stopped reading here")
    unread = strip.locator(".tv-unread").count()
    assert unread > 0
    assert f"the last {unread} pieces were not read" in page.locator("#view .tv-read").inner_text()
    assert strip.locator(".tv-cell:not(.tv-unread)").last.inner_text().startswith("</s>")
    outer, inner = strip.bounding_box(), strip.locator(".tv-stop").bounding_box()
    assert outer is not None
    assert inner is not None
    assert outer["y"] <= inner["y"] <= outer["y"] + outer["height"], "scrolled out of sight"


def test_markup_in_a_message_stays_text(page: Page) -> None:
    evil = "<img src=x onerror=alert(1)> <unk> ${alert(2)} {{constructor}} <b>bold</b>"
    ask(page, evil)
    assert page.locator("#chat [data-testid=user]").inner_text().strip() == evil
    assert page.locator("#chat img, #view img, #chat b").count() == 0


def test_a_bad_seed_is_named_and_the_message_kept(page: Page) -> None:
    page.get_by_role("button", name="How it decides").click()
    page.locator("#set-seed textarea, #set-seed input").fill("abc")
    say(page, "hello")
    expect(notice(page)).to_contain_text("seed")
    expect(page.locator("#message textarea")).to_have_value("hello")


@pytest.mark.parametrize(
    ("width", "theme"), [(390, "light"), (390, "dark"), (800, "light"), (1280, "dark")]
)
def test_nothing_sticks_out_and_pieces_are_readable(
    visit: Callable[..., Watched], width: int, theme: str
) -> None:
    watched = visit(width=width, height=844)
    page = watched.open(f"?__theme={theme}")
    ask(page, "tell me a joke")
    page.get_by_role("button", name="About this model").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")
    for cell in cells(page).all():
        assert cell.evaluate(CONTRAST) >= 4.5
    box = cells(page).first.bounding_box()
    assert box is not None
    assert box["height"] >= 32
    assert watched.troubles == []


def test_touch_reaches_a_step(visit: Callable[..., Watched]) -> None:
    watched = visit(width=390, height=844)
    page = watched.open()
    ask(page, "hello")
    cells(page).nth(1).click()
    assert chosen(page) == 1


def test_no_other_host_is_contacted(visit: Callable[..., Watched]) -> None:
    watched = visit()
    page = watched.open()
    ask(page, "hello")
    page.get_by_role("button", name="About this model").click()
    expect(page.locator("#facts")).to_contain_text("Vocabulary")
    outside = [
        url for url in watched.requests if not url.startswith((watched.url, "data:", "blob:"))
    ]
    assert outside == []
    assert watched.troubles == []


def test_about_tells_sizes_and_draws_the_learning_curve(page: Page) -> None:
    page.get_by_role("button", name="About this model").click()
    expect(page.locator("#facts")).to_contain_text("Parameters")
    expect(page.locator("#curve svg[role=img]")).to_be_visible()


def test_another_model_can_be_chosen(page: Page) -> None:
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name="twin").click()
    ask(page, "hello")
    assert "model twin" in page.locator("#view .tv-foot").inner_text()


def test_a_broken_checkpoint_is_named_and_the_others_work(visit: Callable[..., Watched]) -> None:
    page = visit("broken").open()
    expect(notice(page)).to_contain_text("'broken' cannot be used: broken/config.json is not JSON")
    ask(page, "hello")
    assert "".join(pieces(page)[:-1]).replace("▁", " ").strip() == spoken(page)


def test_without_a_checkpoint_the_page_tells_how_to_train_one(
    visit: Callable[..., Watched],
) -> None:
    watched = visit("none")
    page = watched.open()
    expect(page.locator("#no-model")).to_contain_text("python -m seq2seq train --corpus")
    expect(page.locator("#message textarea")).to_be_disabled()
    expect(page.locator("#send")).to_be_disabled()
    assert watched.troubles == []
