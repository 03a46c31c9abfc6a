"""How fast the page answers a visitor, in a real browser, in milliseconds.

    python tests/bench/page_speed.py [--checkpoint checkpoints/en]

prints the median (and the largest) of several tries: from a press on a candidate to the first new
piece of the other reply ("What if?"); from the choice of a step to the next frame, with each deeper
view open; from the switch of the language to the next frame; and the longest stretch that the page
was busy while a reply of 50 steps was being written.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from actions import ask, wait_for_reply
from pages import ROOT, Watched, start, wait_for

from seq2seq.page.parts import DEEPER

TRIES = 11
LONG = "I got up and I made tea and I read and I ran " * 4  # some 50 pieces
_FIRST_NEW_PIECE = """step => new Promise(resolve => {
  const tv = document.querySelector('#view .tv'), strip = tv.querySelector('.tv-reply');
  const button = tv.querySelector('tbody button.tv-if');
  const started = performance.now();
  const done = () => {
    const cells = strip.querySelectorAll('[data-step]');
    const left = strip.querySelector('.tv-left');
    if (left && cells.length > step) { watch.disconnect(); resolve(performance.now() - started); }
  };
  const watch = new MutationObserver(done);
  watch.observe(strip, { childList: true, subtree: true, attributes: true });
  button.click();
})"""
_CHOOSE = """step => new Promise(resolve => {
  const started = performance.now();
  document.dispatchEvent(new CustomEvent('seq2seq:choose', { detail: { step } }));
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - started)));
})"""
_SPEAK = """lang => new Promise(resolve => {
  const started = performance.now();
  document.documentElement.lang = lang;
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - started)));
})"""
_WATCH_LONG = """() => {
  window.longest = 0;
  new PerformanceObserver(list => {
    window.longest = Math.max(window.longest, ...list.getEntries().map(entry => entry.duration));
  }).observe({ type: 'longtask' });
}"""


def row(what: str, times: list[float]) -> None:
    """Print one line of the table."""
    print(f"{what:44} {statistics.median(times):7.0f} {max(times):7.0f}", flush=True)


def what_if(page: Page) -> None:
    """Leave a reply at its second step, again and again."""
    ask(page, "what is your favorite movie?", 1)
    times = []
    for _ in range(TRIES):
        page.evaluate(_CHOOSE, 1)
        times.append(page.evaluate(_FIRST_NEW_PIECE, 1))
        wait_for_reply(page, 1)
        page.locator("#view .tv-older").click()
        page.wait_for_timeout(400)
    row("What if? to the first new piece", times)


def views(page: Page) -> None:
    """Choose steps of a long reply with each deeper view open."""
    page.get_by_role("button", name="How it decides").click()
    page.locator("#set-begin textarea, #set-begin input").first.fill(LONG)
    page.evaluate(_WATCH_LONG)
    ask(page, "tell me everything about your day", 1)
    row("longest busy stretch while 50 steps stream", [page.evaluate("window.longest")])
    steps = page.locator("#view .tv-reply [data-step]").count()
    for name, title in DEEPER.items():
        tab = page.get_by_role("tab", name=title)
        if name in ("compare", "takeaway") or not tab.is_visible():
            continue
        tab.click()
        page.wait_for_timeout(2000)
        times = [page.evaluate(_CHOOSE, step % steps) for step in range(3, 3 + TRIES)]
        row(f"a step chosen, “{title}” open", times)
    row(
        "language switched, all redrawn", [page.evaluate(_SPEAK, lang) for lang in ["ko", "en"] * 4]
    )


def main() -> None:
    """Serve the checkpoint, visit it, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "en")
    checkpoint = parser.parse_args().checkpoint
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        log = Path(folder) / "log"
        server = wait_for(start(ROOT, log, "--checkpoint", str(checkpoint.resolve())))
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        print(f"{'milliseconds':44} {'median':>7} {'largest':>7}")
        for part in (what_if, views):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            part(Watched(page, server.url).open())
            page.close()
        browser.close()
        server.process.terminate()
        server.process.wait(timeout=20)


if __name__ == "__main__":
    main()
