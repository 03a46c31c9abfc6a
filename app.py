"""The chatbot's page, served.

Run `python app.py`, or `python app.py --help`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from starlette.middleware import Middleware

from seq2seq import Chatbot, serving
from seq2seq.page import MODEL, QUIET, STYLES, TITLE, Page, asset, texts
from seq2seq.serving import Shelf

HERE = Path(__file__).parent
FONTS = ("system-ui", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR")


def build(checkpoints: Sequence[Path], precision: str = "auto") -> gr.Blocks:
    """The page for these checkpoint folders, and its one public endpoint, `/reply`."""
    shelf = Shelf(checkpoints, partial(Chatbot.from_pretrained, precision=precision))

    def reply(
        message: str,
        checkpoint: str = "",
        options: dict[str, Any] = {},  # noqa: B006 (the API's description shows this default)
    ) -> dict[str, Any]:
        """The trace of a reply to the message, with every choice that the model made."""
        try:
            return serving.answer(shelf, message, checkpoint, options)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error

    blocks: gr.Blocks = gr.Blocks(title=TITLE, fill_width=True, delete_cache=(3600, 3600))
    with blocks:
        page = Page(shelf)
        page.connect()
        opened = blocks.load(page.welcome, page.model, [*page.about, page.model], **QUIET)
        opened.then(**page.replayed)
        gr.events.api(reply, api_name="reply", **MODEL)
    blocks.queue(max_size=32, api_open=False, default_concurrency_limit=8)
    return blocks


def main(argv: Sequence[str] | None = None) -> None:
    """Serve the page until interrupted."""
    arguments = serving.parse(argv)
    theme = gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=FONTS)
    theme.set(**json.loads(asset("theme.json")))
    offered = arguments.checkpoints or serving.find_checkpoints(HERE / "checkpoints")
    page = build(offered, arguments.precision)
    try:
        page.launch(
            server_name=arguments.host,
            server_port=arguments.port,
            theme=theme,
            i18n=texts(),
            css=asset(*(f"{name}.css" for name in STYLES)),
            app_kwargs={"middleware": [Middleware(serving.Harden)], "openapi_url": None},
            **serving.SAFE_LAUNCH,
        )
    except OSError as error:
        where = f"{arguments.host or 'this machine'}, port {arguments.port or 'any'}"
        first, _, _ = str(error).partition(". ")
        sys.exit(f"app.py: error: cannot listen on {where}: {first}")


if __name__ == "__main__":
    main()
