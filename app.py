"""The chatbot's page: its layout, its events, its launch.

Run `python app.py`, or `python app.py --help`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from starlette.middleware import Middleware

from seq2seq import serving
from seq2seq.serving import Shelf, Turn, Visit

HERE = Path(__file__).parent
TITLE = "Seq2seq chatbot, opened up"
STORY = (
    "A GRU encoder reads your message into one vector; a GRU decoder writes the reply from it, "
    "piece by piece. Look into every choice it makes."
)
NOBODY = "This model has no personalities"
GREETING = "Say something below, or press an example. Click a reply to look into it again."
FONTS = ("system-ui", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR")
DEEPER = {
    "influence": "What it drew on",
    "inside": "Inside the GRU",
    "beam": "Looking ahead",
    "neighbours": "Where it came from",
}
MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 4}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
DIRECT: dict[str, Any] = {**QUIET, "queue": False}

Update = dict[Any, Any]
log = logging.getLogger("app")


def asset(*names: str) -> str:
    """The text of files under assets/, one after the other."""
    return "\n".join((HERE / "assets" / name).read_text(encoding="utf-8") for name in names)


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


class Page:
    """The components of the page, and what happens when a visitor uses them."""

    def __init__(self, shelf: Shelf) -> None:
        """Lay the page out, inside a `gr.Blocks`, for the checkpoints of the shelf."""
        self.shelf = shelf
        self.visit = gr.State(Visit())
        with gr.Row(elem_id="top"):
            gr.Markdown(f"# {TITLE}\n{STORY}", elem_id="title")
            self.model = dropdown(
                "Model",
                [(f"Model: {name}", name) for name in shelf.names],
                visible=len(shelf.names) > 1,
            )
            self.personality = dropdown("Personality", [(NOBODY, "")], interactive=False)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=5, min_width=300, elem_id="talk"):
                self._lay_chat()
                with gr.Accordion("How it decides", open=False, elem_id="controls"):
                    self._lay_controls()
                with gr.Accordion("About this model", open=False, elem_id="about"):
                    self.facts = gr.Markdown(elem_id="facts")
                    self.curve = island("curve", asset("curve.html"), asset("curve.js"))
                    self.card = gr.Markdown(elem_id="card", latex_delimiters=[])
                self.told = [self.facts, self.curve, self.card, self.notice]
                repeats = self.controls["no_repeat_ngram"]
                self.about = [*self.told, self.personality, *self.examples, repeats]
            with gr.Column(scale=7, min_width=300, elem_id="inside"):
                scripts = ("trace_parts.js", "trace_panel.js", "trace_view.js")
                self.view = island("view", asset("trace_view.html"), asset(*scripts))
        with gr.Tabs(elem_id="deeper", visible=bool(shelf.names)):
            self.tabs, self.deep = {}, {}
            for name, title in DEEPER.items():
                with gr.Tab(title, id=name) as self.tabs[name]:
                    script = asset("trace_parts.js", f"{name}_view.js")
                    self.deep[name] = island(name, asset(f"{name}_view.html"), script)

    def _lay_chat(self) -> None:
        ready = bool(self.shelf.names)
        gr.Markdown(asset("no_model.md"), visible=not ready, elem_id="no-model")
        self.chat = gr.Chatbot(
            elem_id="chat",
            label="Conversation",
            show_label=False,
            placeholder=GREETING,
            height="var(--chat-height)",
            render_markdown=False,
            allow_tags=False,
            latex_delimiters=[],
            feedback_options=None,
            buttons=[],
            visible=ready,
        )
        self.notice = island("notice", '<p role="status" hidden></p>', asset("notice.js"))
        with gr.Row(elem_id="write"):
            self.box = gr.Textbox(
                label="Message",
                show_label=False,
                container=False,
                placeholder="Write a message" if ready else "No model to talk to",
                elem_id="message",
                max_lines=4,
                interactive=ready,
                autofocus=True,
                scale=1,
            )
            self.send = gr.Button(
                "Send", variant="primary", elem_id="send", interactive=ready, scale=0, min_width=72
            )
            self.stop = gr.Button("Stop", elem_id="stop", interactive=False, scale=0, min_width=72)
        with gr.Row(elem_id="examples"):
            self.sayings: dict[str, list[str]] = json.loads(asset("examples.json"))
            texts = self.sayings["en"]
            self.examples = [gr.Button(text, size="sm", interactive=ready) for text in texts]
            self.retry = gr.Button("Retry", size="sm", elem_id="retry", interactive=ready)
            self.clear = gr.Button("Clear", size="sm", elem_id="clear", interactive=ready)

    def _lay_controls(self) -> None:
        kinds = {"radio": gr.Radio, "text": gr.Textbox, "slider": gr.Slider}
        self.controls: dict[str, gr.components.Component] = {"personality": self.personality}
        self.labels = {"personality": "Personality"}
        for setting in json.loads(asset("controls.json")):
            kind, option = setting.pop("kind"), setting.pop("option")
            self.labels[option] = setting["label"]
            self.controls[option] = kinds[kind](**setting, elem_id=f"set-{option}")

    def connect(self) -> None:
        """Attach the events."""
        inputs = [self.visit, self.model, *self.controls.values()]
        busy = [self.send, self.stop, self.retry]
        drawn = [self.box, self.chat, self.view, self.notice, *busy, *self.deep.values()]
        said = {"outputs": drawn, **MODEL, **QUIET}
        for event in (self.box.submit, self.send.click):
            event(self.say, [self.box, *inputs], **said)
        for button in self.examples:
            button.click(self.say, [button, *inputs], **said)
        self.retry.click(self.say_again, inputs, **said)
        self.stop.click(self.halt, self.visit, None, **DIRECT)
        self.clear.click(self.forget, self.visit, drawn, **DIRECT)
        opened = [self.view, self.chat, *self.deep.values()]
        self.chat.select(self.open_clicked, self.visit, opened, **DIRECT)
        self.view.input(self.open_picked, self.visit, opened, **DIRECT)
        for name, tab in self.tabs.items():
            tab.select(partial(self.open_deeper, name), self.visit, self.deep[name], **QUIET)
        pace = self.controls["pace"]
        self.view.select(self.go_another_way, [self.visit, pace], **said)
        self.model.input(self.describe, [self.model, self.personality], self.about, **QUIET)

    def say(self, message: str, visit: Visit, model: str, *values: object) -> Iterator[Update]:
        """Answer a message, redrawing the page as the reply grows."""
        controls = dict(zip(self.controls, values, strict=True))
        yield from self._answer(visit, message, model, controls)

    def say_again(self, visit: Visit, model: str, *values: object) -> Iterator[Update]:
        """Answer the last message again; a draw starts from a new seed."""
        if not visit.turns:
            yield {self.notice: "There is no message to answer again yet."}
            return
        controls = {**dict(zip(self.controls, values, strict=True)), "seed": ""}
        yield from self._answer(visit, visit.turns[-1].message, model, controls, again=True)

    def _answer(
        self, visit: Visit, message: str, model: str, controls: Update, *, again: bool = False
    ) -> Iterator[Update]:
        kept: Update = {} if again else {self.box: message}
        first: Update = {} if again else {self.box: ""}
        try:
            bot = self.shelf.get(model or "")
            turns = serving.converse(bot, visit, message, controls, again=again, model=model or "")
        except ValueError as error:
            yield {self.notice: serving.with_label(str(error), self.labels), **kept}
            return
        first[self.notice] = serving.help_notice(message)
        yield from self._written(visit, turns, first, kept)

    def go_another_way(self, visit: Visit, pace: object, event: gr.EventData) -> Iterator[Update]:
        """What if? Write a reply again from one of its steps on, with another piece there."""
        data = event._data if isinstance(event._data, dict) else {}
        number, step, id = (data.get(name) for name in ("reply", "step", "id"))
        try:
            turn = visit.find(number)
            bot = self.shelf.get(turn.model if turn else "")
            turns = serving.converse_from(bot, visit, number, step, id, pace)
        except ValueError as error:
            yield {self.notice: str(error)}
            return
        yield from self._written(visit, turns, {self.notice: ""}, {})

    def _written(
        self, visit: Visit, turns: Iterator[Turn], first: Update, failed: Update
    ) -> Iterator[Update]:
        """Redraw the page as the reply of a turn that has begun grows."""
        try:
            yield {**self._drawn(visit), **self._busy(True), **first}
            for _ in turns:
                yield self._drawn(visit)
        except Exception:
            log.exception("a reply failed")
            yield {self.notice: "Something went wrong here. Please try again.", **failed}
        yield {**self._drawn(visit), **self._busy(visit.writing is not None)}
        yield self._deeper(visit)

    def _drawn(self, visit: Visit) -> Update:
        view = visit.view()
        return {self.chat: visit.chat(), self.view: view or gr.skip()}

    def _busy(self, busy: bool) -> Update:
        return {
            self.send: gr.update(interactive=not busy),
            self.retry: gr.update(interactive=not busy),
            self.stop: gr.update(interactive=busy),
        }

    def halt(self, visit: Visit) -> None:
        """End the reply that is being written where it is."""
        visit.halt()

    def forget(self, visit: Visit) -> Update:
        """Start the conversation anew."""
        visit.clear()
        empty = dict.fromkeys(self.deep.values(), "")
        return {self.chat: [], self.view: "", self.notice: "", **self._busy(False), **empty}

    def _deeper(self, visit: Visit) -> Update:
        """The deeper view that is open, drawn anew where there is anything new to draw."""
        name = visit.deep or next(iter(DEEPER))
        drawn = serving.deep_view(self.shelf, visit, name)
        return {self.deep[name]: gr.skip() if drawn is None else drawn}

    def open_deeper(self, name: str, visit: Visit) -> Any:
        """Turn to a deeper view of the reply that is looked at."""
        visit.deep = name
        return self._deeper(visit)[self.deep[name]]

    def open_clicked(self, visit: Visit, event: gr.SelectData) -> Update:
        """Look into the reply that was clicked in the chat."""
        index = event.index[0] if isinstance(event.index, list) else event.index
        return self._open(visit, visit.number_at(index))

    def open_picked(self, visit: Visit, event: gr.EventData) -> Update:
        """Look into the reply that was picked in the view."""
        data = event._data
        return self._open(visit, data.get("reply") if isinstance(data, dict) else None)

    def _open(self, visit: Visit, number: object) -> Update:
        turn = visit.find(number)
        if turn is None:
            return {self.view: gr.skip(), self.chat: gr.skip()}
        visit.show(turn)
        return {**self._drawn(visit), **self._deeper(visit)}

    def describe(self, model: str | None, personality: str = "") -> Update:
        """Tell about a checkpoint, loading it if need be; offer its personalities and examples."""
        words = serving.describe(self.shelf, model or "")
        told: Update = dict(zip(self.told, words, strict=True))
        language = serving.language(self.shelf, model or "")
        told |= zip(self.examples, self.sayings.get(language, self.sayings["en"]), strict=True)
        names = serving.personalities(self.shelf, model or "")
        # '' is the default of every model, so that it is a choice wherever it comes from.
        values = ["", *names[1:]]
        choices = [(f"Personality: {n}", v) for n, v in zip(names, values, strict=False)]
        choices = choices or [(NOBODY, "")]
        told[self.controls["no_repeat_ngram"]] = serving.no_repeat_ngram(self.shelf, model or "")
        told[self.personality] = gr.update(
            choices=choices,
            value=personality if personality in names[1:] else "",
            interactive=bool(names),
        )
        return told

    def welcome(self) -> Update:
        """Fill the page when it is opened: the first usable model, and which ones are broken."""
        name = self.shelf.first()
        told = self.describe(name) if name else {}
        wrong = [*self.shelf.troubles.values(), told.get(self.notice, "")]
        text = " ".join(filter(None, wrong))
        # A visitor may have been told something already: nothing to say is no reason to clear it.
        return {**told, self.model: name, self.notice: text or gr.skip()}


def build(checkpoints: Sequence[Path]) -> gr.Blocks:
    """The page for these checkpoint folders, and its one public endpoint, `/reply`."""
    shelf = Shelf(checkpoints)

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
        blocks.load(page.welcome, None, [*page.about, page.model], **QUIET)
        gr.events.api(reply, api_name="reply", **MODEL)
    blocks.queue(max_size=32, api_open=False, default_concurrency_limit=8)
    return blocks


def main(argv: Sequence[str] | None = None) -> None:
    """Serve the page until interrupted."""
    arguments = serving.parse(argv)
    theme = gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=FONTS)
    theme.set(**json.loads(asset("theme.json")))
    page = build(arguments.checkpoints or serving.find_checkpoints(HERE / "checkpoints"))
    try:
        page.launch(
            server_name=arguments.host,
            server_port=arguments.port,
            theme=theme,
            css=asset("page.css", "trace_view.css", *(f"{name}_view.css" for name in DEEPER)),
            app_kwargs={"middleware": [Middleware(serving.Harden)], "openapi_url": None},
            **serving.SAFE_LAUNCH,
        )
    except OSError as error:
        where = f"{arguments.host or 'this machine'}, port {arguments.port or 'any'}"
        first, _, _ = str(error).partition(". ")
        sys.exit(f"app.py: error: cannot listen on {where}: {first}")


if __name__ == "__main__":
    main()
