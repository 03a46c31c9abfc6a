"""The page's components: what stands where."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from seq2seq.page.parts import DEEPER, TITLE, asset, dropdown, island, told
from seq2seq.serving import Shelf, Visit

STORY = (
    "A GRU encoder reads your message into one vector; a GRU decoder writes the reply from it, "
    "piece by piece. Look into every choice it makes."
)
NOBODY = "This model has no personalities"
GREETING = "Say something below, or press an example. Click a reply to look into it again."
ANOTHER = "a new reply, with the settings now"


class Layout:
    """The components of the page, laid out inside a `gr.Blocks`."""

    def __init__(self, shelf: Shelf) -> None:
        """Lay the page out for the checkpoints of the shelf."""
        self.shelf = shelf
        self.visit = gr.State(Visit())
        with gr.Row(elem_id="top"):
            gr.Markdown(told(f"# {TITLE}\n{STORY}"), elem_id="title")
            self.model = dropdown(
                "Model",
                [(f"{told('Model')}: {name}", name) for name in shelf.names],
                visible=len(shelf.names) > 1,
            )
            self.personality = dropdown("Personality", [(told(NOBODY), "")], interactive=False)
            self.tour = island("tour", "tour")
            self.language = island("language", "language")
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=5, min_width=300, elem_id="talk"):
                self._lay_chat()
                with gr.Accordion(told("How it decides"), open=False, elem_id="controls"):
                    self._lay_controls()
                with gr.Accordion(told("About this model"), open=False, elem_id="about"):
                    self.facts = island("facts", "facts")
                    self.curve = island("curve", "curve")
                    self.card = gr.Markdown(elem_id="card", latex_delimiters=[])
                self.told = [self.facts, self.curve, self.card, self.notice]
                repeats = self.controls["no_repeat_ngram"]
                self.about = [*self.told, self.personality, *self.examples, repeats]
            with gr.Column(scale=7, min_width=300, elem_id="inside"):
                self.view = island("view", "trace")
        with gr.Tabs(elem_id="deeper", visible=bool(shelf.names)):
            self.tabs, self.deep = {}, {}
            for name, title in DEEPER.items():
                with gr.Tab(told(title), id=name, elem_id=f"tab-{name}") as self.tabs[name]:
                    if name == "compare":
                        self._lay_comparison()
                    self.deep[name] = island(f"deep-{name}", name)

    def _lay_chat(self) -> None:
        ready = bool(self.shelf.names)
        gr.Markdown(asset("no_model.md"), visible=not ready, elem_id="no-model")
        self.chat = gr.Chatbot(
            elem_id="chat",
            label=told("Conversation"),
            show_label=False,
            placeholder=told(GREETING),
            height="var(--chat-height)",
            render_markdown=False,
            allow_tags=False,
            latex_delimiters=[],
            feedback_options=None,
            buttons=[],
            visible=ready,
        )
        self.notice = island("notice", "notice")
        with gr.Row(elem_id="write"):
            self.box = gr.Textbox(
                label=told("Message"),
                show_label=False,
                container=False,
                placeholder=told("Write a message" if ready else "No model to talk to"),
                elem_id="message",
                max_lines=4,
                interactive=ready,
                autofocus=True,
                scale=1,
            )
            self.send = gr.Button(
                told("Send"),
                variant="primary",
                elem_id="send",
                interactive=ready,
                scale=0,
                min_width=72,
            )
            self.stop = gr.Button(
                told("Stop"), elem_id="stop", interactive=False, scale=0, min_width=72
            )
        with gr.Row(elem_id="examples"):
            self.sayings: dict[str, list[str]] = json.loads(asset("examples.json"))
            texts = self.sayings["en"]
            self.examples = [gr.Button(text, size="sm", interactive=ready) for text in texts]
            self.retry = gr.Button(told("Retry"), size="sm", elem_id="retry", interactive=ready)
            self.clear = gr.Button(told("Clear"), size="sm", elem_id="clear", interactive=ready)

    def _lay_comparison(self) -> None:
        models = [
            (told("by the same model"), ""),
            *((f"{told('Model')}: {name}", name) for name in self.shelf.names),
        ]
        with gr.Row(elem_id="other"):
            self.other: list[Any] = [
                gr.Dropdown(
                    [(told(ANOTHER), "")],
                    value="",
                    label=told("Compare with"),
                    elem_id="other-reply",
                ),
                gr.Dropdown(models, value="", label=told("written"), elem_id="other-model"),
                gr.Textbox(
                    label=told("to this message"),
                    placeholder=told("the same message, or another"),
                    elem_id="other-message",
                    max_lines=1,
                ),
            ]
            self.compare = gr.Button(told("Compare"), elem_id="compare-now", scale=0, min_width=110)

    def _lay_controls(self) -> None:
        self.turning = island("turning", "turning")
        kinds = {"radio": gr.Radio, "text": gr.Textbox, "slider": gr.Slider}
        self.controls: dict[str, Any] = {"personality": self.personality}
        self.labels = {"personality": "Personality"}
        for setting in json.loads(asset("controls.json")):
            kind, option = setting.pop("kind"), setting.pop("option")
            self.labels[option] = setting["label"]
            for name in ("label", "info", "placeholder"):
                if name in setting:
                    setting[name] = told(setting[name])
            if choices := setting.get("choices"):
                setting["choices"] = [(told(words), value) for words, value in choices]
            self.controls[option] = kinds[kind](**setting, elem_id=f"set-{option}")
