"""Small makers of the page's parts, and what the page is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parents[2] / "assets"
TITLE = "Seq2seq chatbot, opened up"
DEEPER = {
    "choosing": "From logits to choice",
    "influence": "What it drew on",
    "inside": "Inside the GRU",
    "beam": "Looking ahead",
    "neighbours": "Where it came from",
    "compare": "Side by side",
    "takeaway": "Take it away",
}
STYLES = ("page", "trace_view", "turning_view", *(f"{name}_view" for name in DEEPER))
SMALL = ("trace_parts.js",)  # what every view's script begins with

Update = dict[Any, Any]


def asset(*names: str) -> str:
    """The text of files under assets/, one after the other."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def island(elem_id: str, template: str, script: str) -> gr.HTML:
    """An HTML component whose template never changes; its script draws the value as text."""
    return gr.HTML(
        value="",
        elem_id=elem_id,
        html_template=template,
        js_on_load=script,
        apply_default_css=False,
    )


def dropdown(
    label: str, choices: list[tuple[str, str]], *, visible: bool = True, interactive: bool = True
) -> gr.Dropdown:
    """A choice in the page's head, of (words, value) pairs; its first is chosen."""
    return gr.Dropdown(
        choices,
        value=choices[0][1] if choices else None,
        label=label,
        elem_id=label.lower(),
        filterable=False,
        container=False,
        scale=0,
        visible=visible,
        interactive=interactive,
    )
