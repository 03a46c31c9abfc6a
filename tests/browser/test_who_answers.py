"""Who answers, chosen on the page; and the help that a message in need gets."""

from __future__ import annotations

from collections.abc import Callable

from actions import ask, cells, notice, spoken
from pages import PATIENCE, Watched
from playwright.sync_api import Page, expect
from small_talk import PAIRS, WITTY

from seq2seq.care import ENGLISH


def choose(page: Page, dropdown: str, option: str) -> None:
    """Pick an option of one of the dropdowns at the top."""
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_personality_chosen_answers_and_its_control_piece_is_shown(
    visit: Callable[..., Watched],
) -> None:
    watched = visit("cast")
    page = watched.open()
    box = page.locator("#personality input")
    expect(box).to_have_value("Personality: friendly", timeout=PATIENCE)
    ask(page, "hello")
    assert spoken(page) == dict(PAIRS)["hello"]
    piece = page.locator("#view .tv-source .tv-personality")
    expect(piece).to_have_count(1)
    assert piece.inner_text().split() == ["<friendly>", "personality"]
    choose(page, "personality", "Personality: witty")
    ask(page, "hello", 2)
    assert spoken(page) == dict(WITTY)["hello"]
    assert "<witty>" in piece.inner_text()
    assert "control piece" in str(piece.get_attribute("title"))
    assert watched.troubles == []


def test_a_model_without_personalities_says_so(visit: Callable[..., Watched]) -> None:
    watched = visit("cast")
    page = watched.open()
    box = page.locator("#personality input")
    expect(box).to_have_value("Personality: friendly", timeout=PATIENCE)
    choose(page, "personality", "Personality: witty")
    choose(page, "model", "Model: tiny")
    expect(box).to_have_value("This model has no personalities", timeout=PATIENCE)
    expect(box).to_be_disabled()
    ask(page, "goodbye")
    assert spoken(page) == dict(PAIRS)["goodbye"]
    expect(page.locator("#view .tv-personality")).to_have_count(0)
    choose(page, "model", "Model: cast")
    expect(box).to_have_value("Personality: friendly", timeout=PATIENCE)
    assert watched.troubles == []


def test_a_message_in_need_gets_help_and_the_page_says_where_else(page: Page) -> None:
    ask(page, "I want to kill myself")
    assert spoken(page) == ENGLISH
    expect(notice(page)).to_contain_text("988")
    assert all("⚑" in cell.inner_text() for cell in cells(page).all())
    ask(page, "hello", 2)
    expect(notice(page)).to_be_hidden()
