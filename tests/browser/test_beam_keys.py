"""The tree of a beam search without a pointer: walked, folded, and one step for all views."""

from __future__ import annotations

import re

import pytest
from actions import ask, cells, chosen, set_control
from playwright.sync_api import Locator, Page, expect


@pytest.fixture
def tree(page: Page) -> Locator:
    """The drawn tree of a search that keeps 3, as the element that takes the keys."""
    page.get_by_role("tab", name="Looking ahead", exact=True).click()
    set_control(page, "beam_size", 3)
    page.get_by_label("Look ahead").check()
    ask(page, "how are you?")
    drawn = page.locator("#deep-beam").get_by_role("tree")
    expect(drawn.get_by_role("treeitem").first).to_be_visible()
    return drawn


def stop(tree: Locator) -> Locator:
    """The one piece that the Tab key stops at."""
    found = tree.locator("[tabindex='0']")
    expect(found).to_have_count(1)
    return found


def stand(tree: Locator) -> str:
    """Stand on the piece that the Tab key stops at: its node."""
    stop(tree).focus()
    return node(tree)


def node(tree: Locator) -> str:
    """The node that the keyboard stands on, which is also where Tab stops and what is selected."""
    here = stop(tree)
    expect(here).to_be_focused()
    expect(tree.locator("[aria-selected=true]")).to_have_count(1)
    assert here.get_attribute("aria-selected") == "true"
    return str(here.get_attribute("data-node"))


def press(tree: Locator, key: str, times: int = 1) -> str:
    """The node after a key."""
    for _ in range(times):
        tree.page.keyboard.press(key)
    return node(tree)


def level(tree: Locator) -> int:
    """The step that the keyboard stands on, from 1."""
    return int(str(stop(tree).get_attribute("aria-level")))


def height(tree: Locator) -> float:
    """Where in its column the piece stands that has the keyboard, downwards."""
    return float(stop(tree).evaluate("(cell) => parseFloat(cell.style.top)"))


def current_head(page: Page) -> Locator:
    """The head of the step that is chosen."""
    return page.locator("#deep-beam .bt-steps [aria-current=step]")


def test_the_tab_key_stops_at_the_tree_once_and_comes_back_to_where_the_reader_was(
    page: Page, tree: Locator
) -> None:
    stand(tree)
    here = press(tree, "ArrowRight")
    page.keyboard.press("Tab")
    expect(tree.locator(":focus")).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    assert node(tree) == here


def test_right_goes_to_what_follows_and_left_back_to_what_came_before(tree: Locator) -> None:
    first = stand(tree)
    assert level(tree) == 1
    assert press(tree, "ArrowLeft") == first
    second = press(tree, "ArrowRight")
    assert (second != first, level(tree)) == (True, 2)
    assert stop(tree).get_attribute("aria-posinset") == "1"
    press(tree, "ArrowRight")
    assert level(tree) == 3
    assert press(tree, "ArrowLeft") == second
    assert press(tree, "ArrowLeft") == first


def test_end_goes_to_the_end_of_the_best_reply_and_home_to_its_beginning(
    page: Page, tree: Locator
) -> None:
    first = stand(tree)
    end = press(tree, "End")
    assert level(tree) == cells(page).count()
    assert "ended here: 1st of the 3 best" in str(stop(tree).get_attribute("aria-label"))
    assert press(tree, "ArrowRight") == end
    assert press(tree, "Home") == first
    press(tree, "ArrowDown")
    other = node(tree)
    press(tree, "ArrowRight")
    assert press(tree, "Home") == other


def test_up_and_down_stay_at_the_step_and_stop_at_the_top_and_at_the_foot(tree: Locator) -> None:
    stand(tree)
    for _ in range(2):
        press(tree, "ArrowRight")
    press(tree, "ArrowUp", times=10)
    heights, seen = [height(tree)], [node(tree)]
    while press(tree, "ArrowDown") != seen[-1]:
        heights.append(height(tree))
        seen.append(node(tree))
        assert level(tree) == 3
    assert len(seen) >= 6
    assert heights == sorted(set(heights))
    assert press(tree, "ArrowUp", times=len(seen)) == seen[0]


def test_a_key_with_a_modifier_is_left_to_the_browser(tree: Locator) -> None:
    first = stand(tree)
    assert press(tree, "Control+ArrowRight") == first
    assert press(tree, "Control+End") == first


def test_folding_takes_away_what_was_dropped_and_goes_back_to_what_it_followed(
    page: Page, tree: Locator
) -> None:
    fold = page.get_by_label("Show what was dropped")
    dropped = tree.locator(".bt-d:not(.bt-greedy)")
    expect(fold).to_be_checked()
    assert dropped.count() > 0
    stand(tree)
    press(tree, "ArrowRight")
    press(tree, "ArrowDown", times=12)
    assert "dropped at step 2" in str(stop(tree).get_attribute("aria-label"))
    parent = press(tree, "ArrowLeft")
    press(tree, "ArrowRight")
    press(tree, "ArrowDown", times=12)
    fold.focus()
    page.keyboard.press("Space")
    expect(dropped).to_have_count(0)
    assert stand(tree) == parent
    shown = tree.get_by_role("treeitem").count()
    fold.focus()
    page.keyboard.press("Space")
    assert tree.get_by_role("treeitem").count() > shown
    assert stand(tree) == parent


def test_walking_tells_of_a_piece_and_enter_chooses_its_step_in_every_view(
    page: Page, tree: Locator
) -> None:
    cells(page).nth(0).click()
    stand(tree)
    press(tree, "ArrowRight", times=2)
    expect(page.locator("#deep-beam .bt-figures")).to_contain_text("step 3, ")
    assert chosen(page) == 0
    page.keyboard.press("Enter")
    assert chosen(page) == 2
    expect(current_head(page)).to_have_text("step 3")
    assert level(tree) == 3


def test_a_step_chosen_in_the_main_view_is_marked_in_the_tree(page: Page, tree: Locator) -> None:
    here = stand(tree)
    cells(page).nth(1).click()
    expect(current_head(page)).to_have_text("step 2")
    page.keyboard.press("ArrowRight")
    assert chosen(page) == 2
    expect(current_head(page)).to_have_text("step 3")
    assert stop(tree).get_attribute("data-node") == here


def test_the_heads_of_the_steps_are_walked_too_and_choose_as_they_go(
    page: Page, tree: Locator
) -> None:
    last = cells(page).count() - 1
    cells(page).nth(0).click()
    heads = page.get_by_role("toolbar", name="Steps of the reply")
    expect(heads.locator("[tabindex='0']")).to_have_count(1)
    heads.locator("[tabindex='0']").focus()
    for key, step in (("ArrowRight", 1), ("End", last), ("ArrowRight", last), ("Home", 0)):
        page.keyboard.press(key)
        expect(current_head(page)).to_be_focused()
        expect(current_head(page)).to_have_attribute("data-step", str(step))
        assert chosen(page) == step


def test_another_language_leaves_the_reader_where_they_stand(page: Page, tree: Locator) -> None:
    stand(tree)
    page.get_by_label("Show what was dropped").uncheck()
    stand(tree)
    here = press(tree, "ArrowRight", times=2)
    page.evaluate("document.documentElement.lang = 'ko'")
    expect(stop(tree)).to_have_attribute("aria-label", re.compile("^3단계: "))
    expect(page.locator("#deep-beam .bt-fate")).to_contain_text("3단계에서 남았습니다")
    expect(page.locator("#deep-beam .bt-fold input")).not_to_be_checked()
    assert node(tree) == here
    page.evaluate("document.documentElement.lang = 'en'")
    expect(page.locator("#deep-beam .bt-fate")).to_contain_text("Kept at step 3")
    assert node(tree) == here
