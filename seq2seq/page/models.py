"""What the page tells about the checkpoint that is chosen, and offers with it."""

from __future__ import annotations

import gradio as gr

from seq2seq import serving
from seq2seq.page.layout import NOBODY, Layout
from seq2seq.page.parts import Update, told


class Models(Layout):
    """The layout, filled for a checkpoint."""

    def describe(self, model: str | None, personality: str = "") -> Update:
        """Tell about a checkpoint, loading it if need be; offer its personalities and examples."""
        words = serving.describe(self.shelf, model or "")
        drawn: Update = dict(zip(self.told, words, strict=True))
        language = serving.language(self.shelf, model or "")
        drawn |= zip(self.examples, self.sayings.get(language, self.sayings["en"]), strict=True)
        names = serving.personalities(self.shelf, model or "")
        # '' is the default of every model, so that it is a choice wherever it comes from.
        values = ["", *names[1:]]
        choices = [(told(f"Personality: {n}"), v) for n, v in zip(names, values, strict=False)]
        choices = choices or [(told(NOBODY), "")]
        drawn[self.controls["no_repeat_ngram"]] = serving.no_repeat_ngram(self.shelf, model or "")
        drawn[self.personality] = gr.update(
            choices=choices,
            value=personality if personality in names[1:] else "",
            interactive=bool(names),
        )
        return drawn

    def welcome(self, chosen: str | None = None) -> Update:
        """Fill the page when it is opened: the first usable model, and which ones are broken.

        The choice is left alone where it is that model: a visitor may have made another since.
        """
        name = self.shelf.first()
        drawn = self.describe(name) if name else {}
        wrong = [*self.shelf.troubles.values(), drawn.get(self.notice, "")]
        text = " ".join(filter(None, wrong))
        # A visitor may have been told something already: nothing to say is no reason to clear it.
        model = gr.skip() if name == chosen else name
        return {**drawn, self.model: model, self.notice: text or gr.skip()}
