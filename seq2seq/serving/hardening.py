"""An ASGI layer that makes a page safe to put on the public internet.

It closes the routes that the page does not use, refuses large bodies before they are read, and
sends a Content-Security-Policy under which the browser contacts no other host.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 256_000

# What the page's `launch` leaves off: everything that a visitor could use against its host.
SAFE_LAUNCH: dict[str, Any] = {
    "share": False,
    "ssr_mode": False,
    "run_history": False,
    "enable_monitoring": False,
    "mcp_server": False,
    "pwa": False,
    "max_file_size": "64kb",
    "state_session_capacity": 200,
    "footer_links": ["api"],
}

CLOSED = (
    "/gradio_api/upload",
    "/gradio_api/proxy=",
    "/gradio_api/file=http",
    "/gradio_api/deep_link",
    "/gradio_api/process_recording",
    "/gradio_api/component_server",
    "/gradio_api/stream",
    "/gradio_api/vibe",
    "/monitoring",
    "/openapi.json",
    "/docs",
    "/redoc",
)

# The page library builds its components with inline scripts and `Function`, hence the two unsafes.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-src 'none'"
)

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class Harden:
    """Wraps an ASGI application; what it refuses gets 404, 411 or 413 and a line of text."""

    def __init__(self, app: App, max_body: int = MAX_BODY) -> None:
        """`max_body` is the largest request body let through, in bytes."""
        self.app = app
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the headers added."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(send, *refusal)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        if scope["path"].startswith(CLOSED):
            return 404, "not available"
        headers = dict(scope["headers"])
        length = headers.get(b"content-length")
        # A body of untold length could be of any length.
        if length is None and b"transfer-encoding" in headers:
            return 411, "the request must tell its length"
        if length is not None and not (length.isdigit() and int(length) <= self.max_body):
            return 413, f"too large: at most {self.max_body} bytes"
        return None


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
