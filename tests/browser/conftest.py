"""Servers of the page and a real browser; a machine without Chromium fails these tests."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import PATIENCE, ROOT, Server, Watched, start, wait_for
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="session")
def servers(
    tiny_checkpoint: Path, cast_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """Pages with two checkpoints, personalities, earlier turns, a broken one first, and none."""
    root = tmp_path_factory.mktemp("servers")
    twin, broken, bare = root / "twin", root / "broken", root / "bare"
    recalls = root / "recalls"
    shutil.copytree(tiny_checkpoint, recalls)
    config = json.loads((recalls / "config.json").read_text(encoding="utf-8"))
    config["model"]["context_turns"] = 2
    (recalls / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shutil.copytree(tiny_checkpoint, twin)
    shutil.copytree(tiny_checkpoint, broken)
    (broken / "config.json").write_text("{ not JSON", encoding="utf-8")
    bare.mkdir()
    shutil.copy(ROOT / "app.py", bare)
    shutil.copytree(ROOT / "assets", bare / "assets")
    started = {
        "two": start(ROOT, root / "two.log", "--checkpoint", str(tiny_checkpoint), str(twin)),
        "cast": start(
            ROOT, root / "cast.log", "--checkpoint", str(cast_checkpoint), str(tiny_checkpoint)
        ),
        "recalls": start(ROOT, root / "recalls.log", "--checkpoint", str(recalls)),
        "broken": start(
            ROOT, root / "broken.log", "--checkpoint", str(broken), str(tiny_checkpoint)
        ),
        "none": start(bare, root / "none.log"),
    }
    try:
        yield {name: wait_for(server) for name, server in started.items()}
    finally:
        for server in started.values():
            server.process.terminate()
        for server in started.values():
            server.process.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian installs it or as CHROMIUM names it.

    Once a module: as long as it runs, its event loop keeps other tests from running theirs.
    """
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def visit(servers: dict[str, Server], browser: Browser) -> Iterator[Callable[..., Watched]]:
    """A function that opens a fresh visitor's browser window at one of the servers."""
    contexts = []

    def enter(
        server: str = "two", width: int = 1280, height: int = 800, **context_options: Any
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": height}, **context_options
        )
        contexts.append(context)
        watched = Watched(context.new_page(), servers[server].url)
        watched.page.set_default_timeout(PATIENCE)
        watched.page.on("request", lambda request: watched.requests.append(request.url))
        watched.page.on("pageerror", lambda error: watched.troubles.append(str(error)))
        watched.page.on(
            "dialog", lambda dialog: (watched.troubles.append("dialog"), dialog.dismiss())
        )
        watched.page.on(
            "console",
            lambda message: (
                watched.troubles.append(message.text) if message.type == "error" else None
            ),
        )
        return watched

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def page(visit: Callable[..., Watched]) -> Iterator[Page]:
    """The page with two checkpoints; whatever the browser complains of fails the test."""
    watched = visit()
    yield watched.open()
    assert watched.troubles == []
