"""The deeper views in the browser: each opens, draws the reply looked at, and shares its step."""

from __future__ import annotations

from actions import ask, cells, chosen, notice, pieces, set_control, wait_for_reply
from playwright.sync_api import Locator, Page, expect


def open_view(page: Page, title: str, name: str) -> Locator:
    """Turn to a deeper view by its tab."""
    page.get_by_role("tab", name=title, exact=True).click()
    view = page.locator(f"#deep-{name} section.tv")
    expect(view).to_be_visible()
    return view


def test_every_view_opens_and_says_what_it_shows(page: Page) -> None:
    ask(page, "how are you?")
    for title, name in (
        ("From logits to choice", "choosing"),
        ("What it drew on", "influence"),
        ("Inside the GRU", "inside"),
        ("Looking ahead", "beam"),
        ("Where it came from", "neighbours"),
        ("Side by side", "compare"),
    ):
        view = open_view(page, title, name)
        expect(view.locator(".tv-say").first).not_to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_step_chosen_in_one_view_is_chosen_in_all(page: Page) -> None:
    ask(page, "how are you?")
    view = open_view(page, "Inside the GRU", "inside")
    cells(page).nth(3).click()
    expect(view.locator("button[aria-current], button[aria-pressed=true]").first).to_be_visible()
    open_view(page, "What it drew on", "influence")
    page.evaluate("document.dispatchEvent(new CustomEvent('seq2seq:choose', {detail: {step: 2}}))")
    assert chosen(page) == 2


def test_the_tree_of_a_beam_search_has_its_best_reply(page: Page) -> None:
    view = open_view(page, "Looking ahead", "beam")
    set_control(page, "beam_size", 3)
    page.get_by_label("Look ahead").check()
    ask(page, "hello")
    expect(view.locator("ol li").first).to_be_visible()
    said = page.locator("#chat [data-testid=bot]").last.inner_text().strip()
    assert said in view.inner_text()


def test_moving_a_control_tells_where_the_reply_would_turn(page: Page) -> None:
    ask(page, "how are you?")
    set_control(page, "max_len", 2)
    line = page.locator("#turning [role=status]")
    expect(line).to_contain_text("step 3")
    expect(cells(page).nth(2)).to_have_class("tv-cell tv-turns")
    set_control(page, "max_len", 50)
    expect(line).to_contain_text("stays the same")
    expect(page.locator("#view .tv-turns")).to_have_count(0)


def test_another_message_is_put_beside_the_reply(page: Page) -> None:
    ask(page, "hello")
    view = open_view(page, "Side by side", "compare")
    page.locator("#other-message textarea, #other-message input").fill("goodbye")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(view.locator("button").first).to_be_visible()
    assert pieces(page)[0] in view.inner_text()
    expect(notice(page)).to_be_hidden()


def test_a_view_that_is_open_follows_the_reply_that_is_opened(page: Page) -> None:
    view = open_view(page, "What it drew on", "influence")
    ask(page, "hello")
    expect(view).to_contain_text("▁hello")
    ask(page, "goodbye", 2)
    expect(view).to_contain_text("good")
    page.locator("#view .tv-pick select").select_option(index=0)
    wait_for_reply(page, 2)
    expect(view).to_contain_text("▁hello")
