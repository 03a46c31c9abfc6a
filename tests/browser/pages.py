"""A running server of the page, and the page in a browser window."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30_000  # milliseconds: machines that run tests are often busy


@dataclass
class Server:
    """A running page."""

    url: str
    process: subprocess.Popen[str]
    log: Path


@dataclass
class Watched:
    """A page in the browser, with what went wrong in it and where it went."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        """Load the page and wait until it can be used: drawn, and filled by its load event."""
        with self.page.expect_request("**/queue/data*", timeout=PATIENCE):
            self.page.goto(self.url + query, wait_until="domcontentloaded")
        expect(self.page.locator("#view .tv")).to_be_visible(timeout=PATIENCE)
        expect(self.page.locator("#message textarea")).to_be_visible(timeout=PATIENCE)
        self.page.wait_for_timeout(300)
        return self.page


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, log: Path, *arguments: str) -> Server:
    """Start `python app.py` of a folder; the package is always the repository's."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "app.py", "--port", str(port), "--host", "127.0.0.1", *arguments]
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, text=True
        )
    return Server(f"http://127.0.0.1:{port}/", process, log)


def wait_for(server: Server) -> Server:
    """The same server, once it answers."""
    for _ in range(600):
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(server.url, timeout=5):
                return server
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the page does not answer:\n{server.log.read_text(encoding='utf-8')}")
