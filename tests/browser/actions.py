"""What the browser tests do on the page, and read from it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

PATIENCE = 30_000


def say(page: Page, message: str) -> None:
    """Send a message, without waiting for the reply."""
    box = page.locator("#message textarea")
    box.fill(message)
    box.press("Enter")


def wait_for_reply(page: Page, number: int = 1) -> None:
    """Wait until that many replies are complete, the last of them in the view."""
    expect(page.locator("#chat [data-testid=bot]")).to_have_count(number, timeout=PATIENCE)
    expect(page.locator("#view .tv-pick option")).to_have_count(number, timeout=PATIENCE)
    expect(page.locator("#view .tv[data-running=false]")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#stop")).to_be_disabled(timeout=PATIENCE)


def ask(page: Page, message: str, number: int = 1) -> None:
    """Send a message and wait for its reply, the visitor's `number`-th."""
    say(page, message)
    wait_for_reply(page, number)


def set_control(page: Page, option: str, value: float) -> None:
    """Give a decoding control a value; the accordion is left open."""
    field = page.locator(f"#set-{option} input[type=number]")
    if not field.is_visible():
        page.get_by_role("button", name="How it decides").click()
    slider = page.locator(f"#set-{option} input[type=range]")
    for _ in range(20):  # an accordion that has just opened takes its sliders back to the default
        field.fill(str(value))
        field.press("Tab")
        page.wait_for_timeout(100)
        if slider.input_value() == str(value):
            return
    expect(slider).to_have_value(str(value))


def cells(page: Page) -> Locator:
    """The pieces of the reply."""
    return page.locator("#view .tv-reply button")


def pieces(page: Page) -> list[str]:
    """The reply's pieces as the view has them."""
    return [str(cell.get_attribute("data-piece")) for cell in cells(page).all()]


def spoken(page: Page) -> str:
    """The last reply in the chat."""
    return page.locator("#chat [data-testid=bot]").last.inner_text().strip()


def chosen(page: Page) -> int:
    """The step that is looked at, from 0."""
    current = page.locator("#view .tv-reply [aria-current]")
    expect(current).to_have_count(1)
    return int(str(current.get_attribute("data-step")))


def notice(page: Page) -> Locator:
    """The line that tells the visitor what is wrong."""
    return page.locator("#notice p")
