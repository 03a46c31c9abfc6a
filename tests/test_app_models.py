"""What the page offers for each model: its personalities, and examples in its language."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

import app
from seq2seq.page.layout import NOBODY
from seq2seq.page.parts import told
from seq2seq.serving import Shelf, Visit


def page_of(*folders: Path) -> app.Page:
    with gr.Blocks():
        return app.Page(Shelf(folders))


def speaking(language: object, checkpoint: Path, folder: Path) -> Path:
    """A copy of the checkpoint whose metrics name this language."""
    shutil.copytree(checkpoint, folder)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    metrics["languages"] = language
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return folder


def test_personalities_are_offered_and_the_one_chosen_is_kept(
    cast_checkpoint: Path, tiny_checkpoint: Path
) -> None:
    page = page_of(cast_checkpoint, tiny_checkpoint)
    offered = page.welcome()[page.personality]
    assert offered["value"] == ""
    expected = [(told("Personality: friendly"), ""), (told("Personality: witty"), "witty")]
    assert offered["choices"] == expected
    assert offered["interactive"]
    assert page.describe("cast", "witty")[page.personality]["value"] == "witty"
    assert page.describe("cast", "caring")[page.personality]["value"] == ""
    none = page.describe("tiny", "witty")[page.personality]
    assert none["choices"] == [(told(NOBODY), "")]
    assert none["value"] == ""
    assert not none["interactive"]


def test_a_personality_that_the_model_lacks_is_refused_in_words(tiny_checkpoint: Path) -> None:
    page, visit = page_of(tiny_checkpoint), Visit()
    values: dict[str, Any] = {name: control.value for name, control in page.controls.items()}
    (told,) = page.say("hello", visit, "tiny", *{**values, "personality": "witty"}.values())
    assert told[page.notice].startswith("Personality is 'witty', which this checkpoint does not")
    assert visit.turns == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [(["ko"], "ko"), (["en", "ko"], "en"), ([], "en"), (["fr"], "en"), ("ko", "en"), (None, "en")],
)
def test_examples_are_in_the_models_language(
    tiny_checkpoint: Path, tmp_path: Path, language: object, expected: str
) -> None:
    page = page_of(speaking(language, tiny_checkpoint, tmp_path / "speaker"))
    told = page.describe("speaker")
    assert [told[button] for button in page.examples] == page.sayings[expected]


def test_every_language_has_as_many_examples_as_there_are_buttons(tiny_checkpoint: Path) -> None:
    page = page_of(tiny_checkpoint)
    assert {len(texts) for texts in page.sayings.values()} == {len(page.examples)}
    assert [button.value for button in page.examples] == page.sayings["en"]
