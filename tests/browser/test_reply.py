"""A reply in the browser: it streams, it can be looked into, it can be stopped and told again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from actions import (
    ask,
    cells,
    chosen,
    notice,
    pieces,
    say,
    set_control,
    spoken,
    wait_for_reply,
)
from pages import Watched
from playwright.sync_api import Page, expect


def test_reply_in_the_chat_is_the_strip_s_pieces_joined(page: Page) -> None:
    ask(page, "hello")
    shown = pieces(page)
    assert shown[-1] == "</s>"
    assert "".join(shown[:-1]).replace("▁", " ").strip() == spoken(page)
    assert "Ended by its own end token" in page.locator("#view .tv-foot").inner_text()


def test_message_pieces_have_ids_and_an_end_piece(page: Page) -> None:
    ask(page, "hello")
    read = page.locator("#view .tv-source .tv-cell")
    assert read.last.locator("b").inner_text() == "</s>"
    assert all(re.fullmatch(r"\d+", str(cell.get_attribute("data-id"))) for cell in read.all())
    assert "(2 × 64 numbers)" in page.locator("#view .tv-read .tv-context").inner_text()


def test_arrows_home_and_end_move_the_step_with_one_tab_stop(page: Page) -> None:
    ask(page, "how are you?")
    last = cells(page).count() - 1
    cells(page).nth(1).click()
    for key, step in (
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", last),
        ("ArrowRight", last),
    ):
        page.keyboard.press(key)
        assert chosen(page) == step
        assert page.evaluate("document.activeElement.dataset.step") == str(step)
    assert page.locator("#view .tv-reply button[tabindex='0']").count() == 1
    assert page.locator("#view .tv-where").inner_text() == f"step {last + 1} of {last + 1}"


def test_buttons_move_the_step_and_stay_within_the_reply(page: Page) -> None:
    ask(page, "how are you?")
    cells(page).first.click()
    before = page.locator("#view .tv-prev")
    expect(before).to_have_attribute("aria-disabled", "true")
    before.click(force=True)
    assert chosen(page) == 0
    page.locator("#view .tv-next").click()
    assert chosen(page) == 1


@pytest.mark.parametrize("temperature", [1, 2])
def test_candidates_and_everything_else_add_up_to_one(page: Page, temperature: float) -> None:
    set_control(page, "temperature", temperature)
    page.get_by_label("Draw at random").check()
    ask(page, "tell me a joke")
    for index in range(min(cells(page).count(), 6)):
        cells(page).nth(index).click()
        rows = page.locator("#view .tv-table tbody tr").all()
        for column in ("data-p", "data-drawn"):
            total = sum(float(str(row.get_attribute(column))) for row in rows)
            assert total == pytest.approx(1, abs=1e-4)
        marked = [row for row in rows if "← chosen" in row.inner_text()]
        assert [row.get_attribute("data-piece") for row in marked] == [pieces(page)[index]]


def test_a_click_holds_the_view_while_the_reply_grows_and_follow_returns(page: Page) -> None:
    set_control(page, "pace", 0.3)
    say(page, "hello")
    cells(page).nth(1).click()
    grown = cells(page).count()
    expect(cells(page).nth(grown + 1)).to_be_attached()
    assert chosen(page) == 1
    page.get_by_role("button", name="Follow the newest").click()
    grown = cells(page).count()
    expect(cells(page).nth(grown + 1)).to_be_attached()
    assert chosen(page) >= grown
    page.locator("#stop").click()
    wait_for_reply(page)


def test_stop_keeps_what_was_written(page: Page) -> None:
    set_control(page, "pace", 0.3)
    say(page, "hello")
    expect(cells(page).nth(2)).to_be_attached()
    page.locator("#stop").click()
    wait_for_reply(page)
    written = pieces(page)
    assert "</s>" not in written
    assert "Stopped by you" in page.locator("#view .tv-foot").inner_text()
    assert "".join(written).replace("▁", " ").strip() == spoken(page)
    set_control(page, "pace", 0)
    ask(page, "goodbye", 2)
    assert pieces(page)[-1] == "</s>"


def test_a_second_message_waits_for_the_first_reply(page: Page) -> None:
    set_control(page, "pace", 0.3)
    say(page, "hello")
    expect(cells(page).nth(1)).to_be_attached()
    page.get_by_role("button", name="tell me a joke").click()
    expect(notice(page)).to_contain_text("still being written")
    page.locator("#stop").click()
    wait_for_reply(page)


def test_earlier_replies_open_from_the_picker_and_from_the_chat(page: Page) -> None:
    ask(page, "hello")
    first = pieces(page)
    ask(page, "tell me a joke", 2)
    second = pieces(page)
    assert first != second
    page.locator("#view .tv-pick select").select_option("1")
    expect(cells(page)).to_have_count(len(first))
    assert pieces(page) == first
    page.locator("#chat [data-testid=bot]").nth(1).click()
    expect(cells(page)).to_have_count(len(second))
    assert pieces(page) == second
    assert chosen(page) == 0


def test_an_earlier_reply_stays_open_while_a_new_one_is_written(page: Page) -> None:
    ask(page, "hello")
    first = pieces(page)
    set_control(page, "pace", 0.3)
    say(page, "tell me a joke")
    expect(page.locator("#view .tv-pick option")).to_have_count(2)
    page.locator("#view .tv-pick select").select_option("1")
    expect(cells(page)).to_have_count(len(first))
    page.locator("#stop").click()
    expect(page.locator("#stop")).to_be_disabled()
    assert pieces(page) == first


def test_retry_answers_the_last_message_again_with_a_new_seed(page: Page) -> None:
    set_control(page, "temperature", 2)
    page.get_by_label("Draw at random").check()
    page.locator("#set-seed textarea, #set-seed input").fill("7")
    ask(page, "hello")
    assert "seed 7" in page.locator("#view .tv-foot").inner_text()
    page.locator("#retry").click()
    expect(page.locator("#view .tv-versions span")).to_have_text("version 2 of 2")
    wait_for_reply(page)
    seed = re.search(r"seed (\d+)", page.locator("#view .tv-foot").inner_text())
    assert seed is not None
    assert seed[1] != "7"
    said = page.locator("#chat [data-testid=user]")
    assert [one.inner_text().strip() for one in said.all()] == ["hello"]


def test_same_seed_gives_the_same_reply(page: Page) -> None:
    set_control(page, "temperature", 2)
    page.get_by_label("Draw at random").check()
    page.locator("#set-seed textarea, #set-seed input").fill("11")
    ask(page, "hello")
    first = pieces(page)
    ask(page, "hello", 2)
    assert pieces(page) == first


def test_earlier_turns_that_the_model_read_are_marked(visit: Callable[..., Watched]) -> None:
    watched = visit("recalls")
    page = watched.open()
    ask(page, "hello")
    expect(page.locator("#view .tv-source .tv-turn")).to_have_count(0)
    assert "the turns before it" not in page.locator("#view .tv-read .tv-say").inner_text()
    ask(page, "goodbye", 2)
    marks = page.locator("#view .tv-source .tv-turn")
    expect(marks).to_have_count(2)
    assert "end of an earlier turn" in str(marks.first.get_attribute("title"))
    assert "earlier turn" in marks.first.inner_text()
    told = page.locator("#view .tv-read .tv-say").inner_text()
    assert told.startswith("Your message and the turns before it, cut into the pieces")
    assert watched.troubles == []


def test_clear_forgets_the_conversation(page: Page) -> None:
    ask(page, "hello")
    page.locator("#clear").click()
    expect(page.locator("#chat [data-testid=bot]")).to_have_count(0)
    expect(page.locator("#view .tv-empty")).to_be_visible()
    ask(page, "goodbye")
    assert "reply 1: goodbye" in page.locator("#view .tv-pick").inner_text()


def test_every_example_can_be_pressed(page: Page) -> None:
    for number, text in enumerate(("hello", "what is your favorite movie?"), start=1):
        page.get_by_role("button", name=text, exact=True).click()
        wait_for_reply(page, number)
    said = page.locator("#chat [data-testid=user]")
    assert said.last.inner_text().strip() == "what is your favorite movie?"


def test_a_short_limit_ends_the_reply_in_words(page: Page) -> None:
    set_control(page, "max_len", 2)
    ask(page, "hello")
    assert cells(page).count() == 2
    assert "Reached the length limit" in page.locator("#view .tv-foot").inner_text()


def test_looking_ahead_lists_the_best_it_found(page: Page) -> None:
    set_control(page, "beam_size", 3)
    page.get_by_label("Look ahead").check()
    ask(page, "hello")
    best = page.locator("#view .tv-best li")
    expect(best).to_have_count(3)
    assert best.first.inner_text().startswith(spoken(page))
    page.get_by_label("Always the likeliest piece").check()
    ask(page, "hello", 2)
    expect(page.locator("#view .tv-best")).to_be_hidden()


def test_pieces_of_any_writing_are_shown_as_the_model_read_them(page: Page) -> None:
    ask(page, "안녕 😀")
    shown = [cell.inner_text() for cell in page.locator("#view .tv-source b").all()]
    written = bytes(int(piece[3:5], 16) for piece in shown if piece.startswith("<0x"))
    assert written.decode("utf-8") == "안녕😀"
    assert page.locator("#chat [data-testid=user]").last.inner_text().strip() == "안녕 😀"
