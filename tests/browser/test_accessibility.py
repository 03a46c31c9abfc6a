"""Everyone can use the page: by axe-core, by keyboard alone, without motion, without colour."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from actions import ask, cells, chosen, wait_for_reply
from axe_playwright_python.sync_playwright import Axe
from pages import PATIENCE, ROOT, Server, Watched, start, wait_for
from playwright.sync_api import Locator, Page, expect

from seq2seq.__main__ import main

VIEWS = ("choosing", "influence", "inside", "beam", "neighbours", "compare", "takeaway")
# Targets as large as WCAG 2.2 wants them on level AA, which axe looks at only when told to.
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}

# How every element looks that nobody stands on, and whether the one stood on looks different:
# it, what holds it or what it is drawn by has another outline or shadow.
REMEMBER = """
() => {
  window.look = (node) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(node);
    const outline = `${outlineStyle} ${outlineWidth} ${outlineColor}`;
    return `${outlineStyle === 'none' ? '' : outline} ${boxShadow}`;
  };
  if (document.activeElement) document.activeElement.blur();
  window.rest = new Map([...document.querySelectorAll('*')].map((node) => [node, look(node)]));
}
"""
STANDS = """
() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const around = [here, here.nextElementSibling];
  for (let up = here.parentElement; around.length < 6 && up; up = up.parentElement) around.push(up);
  const told = here.getAttribute('aria-label') || here.innerText || here.title || here.id;
  return {
    name: `${here.tagName} ${here.className} ${told}`.replace(/\\s+/g, ' '),
    seen: around.some((node) => node && rest.has(node) && look(node) !== rest.get(node)),
  };
}
"""
MOVING = """
() => [...document.querySelectorAll('main *')].filter((node) => {
  const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(node);
  const times = `${transitionDuration},${animationDuration}`.split(',').map(parseFloat);
  return Math.max(...times) > 0.01 || scrollBehavior === 'smooth';
}).map((node) => `${node.tagName} ${node.className}`)
"""
# What a colour says is also there as a number: in the element, or in the name it has. The legend
# of the tree says in words what its shapes mean; the chosen piece has its figures under it.
COLOUR_ALONE = r"""
(view) => {
  const painted = view.querySelectorAll('[style*="background-color"], [style*="--w"]');
  const inWords = (node) => {
    const named = node.closest('[aria-label], li, td') || node;
    return /\d/.test(`${named.getAttribute('aria-label')} ${named.textContent}`);
  };
  const seen = [...painted].filter((node) => node.checkVisibility()
    && !node.matches('.tv-word, .bt-legend *'));
  return [seen.length, seen.filter((node) => !inWords(node)).map((node) => node.outerHTML)];
}
"""


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
    assert main(["index", "--checkpoint", str(folder / "cast")]) == 0
    arguments = ("--checkpoint", str(folder / "cast"), str(tiny_checkpoint))
    server = wait_for(start(ROOT, folder / "log", *arguments))
    servers["everything"] = server
    yield "everything"
    del servers["everything"]
    server.process.terminate()
    server.process.wait(timeout=20)


def findings(page: Page, state: str, within: str | None = None) -> list[str]:
    """What axe-core finds serious or critical: rule, target and what would mend it."""
    page.evaluate("document.fonts.ready")
    violations = Axe().run(page, context=within, options=RULES).response["violations"]
    return [
        f"{state}: {found['id']} at {node['target']}: {node['failureSummary']}"
        for found in violations
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]


def open_part(page: Page, name: str) -> None:
    """Open one of the accordions beside the chat, or close it."""
    page.locator(f"#{name} > button").click()
    page.wait_for_timeout(300)


def look_ahead(page: Page) -> None:
    """Have the next reply found by a small beam search."""
    page.locator("#set-method input[value=beam]").check()
    width = page.locator("#set-beam_size input[type=number]")
    width.fill("3")
    width.press("Tab")


def open_view(page: Page, name: str) -> Locator:
    """A deeper view, drawn with data of the reply that is open."""
    page.locator(f"#deeper [role=tab][data-tab-id={name}]").click()
    view = page.locator(f"#deep-{name} section.tv")
    expect(view).to_be_visible()
    if name == "compare" and not view.locator("button").first.is_visible():
        page.locator("#other-message textarea, #other-message input").fill("goodbye")
        page.locator("#compare-now").click()
    drawn = {
        "choosing": "tbody tr",
        "influence": "td[aria-label]",
        "inside": ".in-cell",
        "beam": "[role=treeitem]",
        "neighbours": ".nb-row",
        "compare": "button",
        "takeaway": "button",
    }
    expect(view.locator(drawn[name]).first).to_be_visible(timeout=PATIENCE)
    return view


def stands(page: Page, target: Locator) -> bool:
    """Whether the keyboard stands on it."""
    return bool(target.evaluate("(node) => node === document.activeElement"))


def reach(page: Page, name: str) -> Locator:
    """Go to an element with the Tab key alone."""
    target = page.locator(name).first
    for _ in range(220):
        page.keyboard.press("Tab")
        if stands(page, target):
            return target
    raise AssertionError(f"the Tab key does not reach {name}")


def unseen_stops(page: Page, last: str) -> tuple[int, list[str]]:
    """How many stops the Tab key makes from here to an element, and those that do not show it."""
    end, stops, unseen = page.locator(last).first, 0, []
    for _ in range(120):
        page.keyboard.press("Tab")
        here = page.evaluate(STANDS)
        if here is None:
            break
        stops += 1
        if not here["seen"]:
            unseen.append(here["name"])
        if stands(page, end):
            break
    return stops, unseen


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
