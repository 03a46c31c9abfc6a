"""What happens on the page when a visitor uses it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from seq2seq import serving
from seq2seq.page.layout import ANOTHER
from seq2seq.page.models import Models
from seq2seq.page.parts import DEEPER, Update, asset, told
from seq2seq.serving import Turn, Visit

MODEL: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 4}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
DIRECT: dict[str, Any] = {**QUIET, "queue": False}
WEIGHING: dict[str, Any] = {**DIRECT, "trigger_mode": "always_last"}


log = logging.getLogger(__name__)


class Page(Models):
    """The page with its events."""

    def connect(self) -> None:
        """Attach the events."""
        inputs = [self.visit, self.model, *self.controls.values()]
        busy = [self.send, self.stop, self.retry]
        drawn = [self.box, self.chat, self.view, self.notice, *busy, *self.deep.values()]
        drawn.append(self.other[0])
        said = {"outputs": drawn, **MODEL, **QUIET}
        self.replayed = {"fn": self.replay, "inputs": self.visit, **said}
        for event in (self.box.submit, self.send.click):
            event(self.say, [self.box, *inputs], **said)
        for button in self.examples:
            button.click(self.say, [button, *inputs], **said)
        self.retry.click(self.say_again, inputs, **said)
        self.stop.click(self.halt, self.visit, None, **DIRECT)
        self.clear.click(self.forget, self.visit, drawn, **DIRECT)
        opened = [self.view, self.chat, *self.deep.values(), self.other[0]]
        self.chat.select(self.open_clicked, self.visit, opened, **DIRECT)
        self.view.input(self.open_picked, self.visit, opened, **DIRECT)
        self.tour.select(self.show_example, [self.visit, self.model], opened, **MODEL, **QUIET)
        for name, tab in self.tabs.items():
            shown = [self.deep[name], *self.other[:1]] if name == "compare" else [self.deep[name]]
            tab.select(partial(self.open_deeper, name), self.visit, shown, **QUIET)
        controls = list(self.controls.values())
        for control in controls:
            control.change(self.weigh, [self.visit, *controls], self.turning, **WEIGHING)
        saved = self.deep["takeaway"]
        saved.select(self.save_page, self.visit, [saved, self.notice], **QUIET)
        saved.input(self.open_file, self.visit, drawn, **QUIET)
        compared = [self.deep["compare"], self.notice]
        self.compare.click(
            self.put_beside, [self.visit, *self.other, *controls], compared, **MODEL, **QUIET
        )
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
        if name == "compare":
            return {self.other[0]: self._others(visit)}
        if name == "takeaway":
            return {self.deep[name]: serving.takeaway(self.shelf, visit)}
        drawn = serving.deep_view(self.shelf, visit, name)
        return {self.deep[name]: gr.skip() if drawn is None else drawn}

    def _others(self, visit: Visit) -> Any:
        kept = [turn for turn in visit.turns if turn.number != visit.shown and turn.packed]
        choices = [
            (f"{told('reply')} {t.number}: {(t.reply or '')[:50]}", str(t.number)) for t in kept
        ]
        return gr.update(choices=[(told(ANOTHER), ""), *choices], value="")

    def open_deeper(self, name: str, visit: Visit) -> Update:
        """Turn to a deeper view of the reply that is looked at."""
        visit.deep = name
        return self._deeper(visit)

    def weigh(self, visit: Visit, *values: object) -> str:
        """Tell where the settings, as they are now, would turn the reply that is looked at."""
        try:
            controls = dict(zip(self.controls, values, strict=True))
            return serving.turning(self.shelf, visit, controls)
        except ValueError:
            return ""  # the message that is sent next tells what is wrong

    def put_beside(
        self, visit: Visit, reply: str, model: str, message: str, *values: object
    ) -> Update:
        """Compare the reply that is looked at with another."""
        controls = dict(zip(self.controls, values, strict=True))
        try:
            other = int(reply) if reply and reply.isdigit() else reply
            drawn = serving.compared(
                self.shelf, visit, controls, model=model, message=message, reply=other
            )
        except ValueError as error:
            return {self.notice: serving.with_label(str(error), self.labels)}
        return {self.deep["compare"]: drawn, self.notice: ""}

    def save_page(self, visit: Visit) -> Update:
        """Give the reply that is looked at as one HTML page, for the browser to save."""
        try:
            page = serving.saved_page(self.shelf, visit, asset)
        except ValueError as error:
            return {self.notice: str(error)}
        return {self.deep["takeaway"]: json.dumps({"number": visit.shown, "page": page})}

    def open_file(self, visit: Visit, event: gr.EventData) -> Update:
        """Open a trace file as another reply of the conversation."""
        try:
            serving.open_trace(self.shelf, visit, serving.unpack(event._data))
        except ValueError as error:
            return {self.notice: str(error)}
        return {**self._drawn(visit), **self._deeper(visit), self.notice: ""}

    def replay(self, visit: Visit, request: gr.Request) -> Iterator[Update]:
        """Write the reply that a link asks for, where the page was opened by one."""
        packed = request.query_params.get("say")
        if not packed:
            yield {self.notice: gr.skip()}
            return
        try:
            name, bot, message, options = serving.from_link(self.shelf, packed)
            turns = serving.talk(bot, visit, message, options, model=name)
            next(turns)
        except ValueError as error:
            yield {self.notice: str(error)}
            return
        yield from self._written(visit, turns, {self.notice: serving.help_notice(message)}, {})

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

    def show_example(self, visit: Visit, model: str) -> Update:
        """Give the tour a reply to speak of, where the visitor has none yet."""
        if serving.example_turn(self.shelf, visit, model, self.sayings) is None:
            return {self.view: gr.skip()}
        return {**self._drawn(visit), **self._deeper(visit)}
