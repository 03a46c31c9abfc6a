"""What the accessibility tests look for: axe-core's findings, the Tab key's stops, motion."""

from __future__ import annotations

from actions import PATIENCE
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

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
