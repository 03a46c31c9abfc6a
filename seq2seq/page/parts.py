"""Small makers of the page's parts, and what the page is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from seq2seq.views.script import view_script

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
STYLES = ("page", "tour_view", "trace_view", "turning_view", *(f"{name}_view" for name in DEEPER))
Update = dict[Any, Any]


def asset(*names: str) -> str:
    """The text of files under assets/, one after the other."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def texts() -> gr.I18n:
    """The words of the page's own components, in English, which is their key, and in Korean."""
    korean = json.loads(asset("korean/page.json"))
    return gr.I18n(en={english: english for english in korean}, ko=korean)


def told(english: str) -> str:
    """A text of a component, which the browser puts into the page's language."""
    return str(gr.I18n()(english))


def island(elem_id: str, view: str) -> gr.HTML:
    """An HTML component whose template never changes; the view's script draws its value as text."""
    return gr.HTML(
        value="",
        elem_id=elem_id,
        html_template=asset(f"{view}_view.html"),
        js_on_load=view_script(view, asset),
        apply_default_css=False,
    )


def dropdown(
    label: str, choices: list[tuple[str, str]], *, visible: bool = True, interactive: bool = True
) -> gr.Dropdown:
    """A choice in the page's head, of (words, value) pairs; its first is chosen."""
    return gr.Dropdown(
        choices,
        value=choices[0][1] if choices else None,
        label=told(label),
        elem_id=label.lower(),
        filterable=False,
        container=False,
        scale=0,
        visible=visible,
        interactive=interactive,
    )
