"""What if: another piece at any step, the old reply kept, every version open to walk."""

from __future__ import annotations

import re

from actions import ask, cells, chosen, notice, pieces, spoken, wait_for_reply
from playwright.sync_api import Page, expect


def go_another_way(page: Page, step: int, place: int, version: int, of: int) -> str:
    """Press a candidate that was not chosen; gives its piece."""
    cells(page).nth(step).click()
    candidate = page.locator("#view .tv-if").nth(place)
    piece = candidate.inner_text()
    candidate.click()
    expect(page.locator("#view .tv-versions span")).to_have_text(f"version {version} of {of}")
    wait_for_reply(page)
    return piece


def test_a_candidate_pressed_goes_on_from_there_and_the_old_reply_stays(page: Page) -> None:
    ask(page, "how are you?")
    first, said = pieces(page), spoken(page)
    piece = go_another_way(page, 2, 0, 2, 2)
    other = pieces(page)
    assert other[:2] == first[:2]
    assert other[2] == piece != first[2]
    assert chosen(page) == 2
    assert page.locator("#view .tv-forced").is_visible()
    assert spoken(page) == "".join(other[:-1]).replace("▁", " ").strip()
    page.get_by_role("button", name="Previous version").click()
    expect(page.locator("#view .tv-versions span")).to_have_text("version 1 of 2")
    expect(page.locator("#chat [data-testid=bot]")).to_have_text(re.compile(re.escape(said)))
    assert pieces(page) == first
    page.locator("#view .tv-way").nth(1).click()
    expect(page.locator("#view .tv-versions span")).to_have_text("version 2 of 2")
    assert pieces(page) == other


def test_a_branch_of_a_branch_is_listed_under_it(page: Page) -> None:
    ask(page, "tell me a joke")
    go_another_way(page, 1, 0, 2, 2)
    go_another_way(page, 2, 1, 3, 3)
    ways = page.locator("#view .tv-ways li")
    expect(ways).to_have_count(3)
    assert "from the start" in ways.nth(0).inner_text()
    assert "left version 1 at step 2" in ways.nth(1).inner_text()
    assert "left version 2 at step 3" in ways.nth(2).inner_text()
    indents = [item.evaluate("e => parseFloat(e.style.marginInlineStart)") for item in ways.all()]
    assert indents == [0, 18, 36]


def test_the_conversation_goes_on_from_the_version_that_is_open(page: Page) -> None:
    ask(page, "hello")
    go_another_way(page, 0, 0, 2, 2)
    ask(page, "goodbye", 2)
    expect(page.locator("#view .tv-versions")).to_be_hidden()
    page.locator("#view .tv-pick select").select_option(index=0)
    expect(page.locator("#view .tv-versions span")).to_have_text("version 2 of 2")


def test_what_if_works_by_keyboard(page: Page) -> None:
    ask(page, "hello")
    cells(page).nth(0).click()
    first = page.locator("#view .tv-if").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#view .tv-versions span")).to_have_text("version 2 of 2")


def test_no_piece_that_is_never_written_is_offered(page: Page) -> None:
    ask(page, "hello")
    for index in range(cells(page).count()):
        cells(page).nth(index).click()
        offered = page.locator("#view .tv-if").all()
        assert all(
            int(str(one.get_attribute("data-instead"))) not in {0, 1, 2, 4} for one in offered
        )


def test_a_forged_branch_gets_a_clear_line_and_changes_nothing(page: Page) -> None:
    ask(page, "hello")
    before = pieces(page)
    page.evaluate("document.querySelector('.tv-if').dataset.instead = '99999999'")
    page.locator("#view .tv-if").first.click()
    expect(notice(page)).to_contain_text("piece ids are from 0 to")
    assert pieces(page) == before
    expect(page.locator("#view .tv-versions")).to_be_hidden()
