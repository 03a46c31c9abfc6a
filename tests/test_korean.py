"""The page's Korean: every text that the page says has one, with the same places for values."""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from seq2seq.page.parts import ASSETS, asset
from seq2seq.views.script import view_script

ROOT = ASSETS.parent
KOREAN = ASSETS / "korean"
VIEWS = sorted(path.name.removesuffix("_view.js") for path in ASSETS.glob("*_view.js"))
PLACE = re.compile(r"\{(\w+)\}")
SAID = re.compile(r"""\bsay\(\s*(?:'((?:[^'\\]|\\.)*)'|`([^`$]*)`)""")
# What a template holds that is the same in every language: signs, and numbers of a scale.
SAME = re.compile(r"[\W\d_]*")


def catalogue(name: str) -> dict[str, str]:
    """The Korean of one file."""
    found: dict[str, str] = json.loads((KOREAN / f"{name}.json").read_text(encoding="utf-8"))
    return found


def known(view: str) -> dict[str, str]:
    """All that a view can say in Korean, as its script holds it."""
    first = view_script(view, asset).split("\n", 1)[0]
    found: dict[str, str] = json.loads(first.removeprefix("const KOREAN = ").removesuffix(";"))
    return found


class Template(HTMLParser):
    """Collects what `speak` says of a template: its texts and spoken attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("aria-label", "title", "placeholder", "alt") and value:
                self.texts.append(" ".join(value.split()))


@pytest.mark.parametrize("path", sorted(KOREAN.glob("*.json")), ids=lambda path: path.stem)
def test_both_languages_have_the_same_places(path: Path) -> None:
    for english, korean in json.loads(path.read_text(encoding="utf-8")).items():
        assert set(PLACE.findall(english)) == set(PLACE.findall(korean)), english
        assert korean.strip(), english


@pytest.mark.parametrize("view", [v for v in VIEWS if (ASSETS / f"{v}_view.html").exists()])
def test_every_text_of_a_template_has_its_korean(view: str) -> None:
    template = Template()
    template.feed(asset(f"{view}_view.html"))
    korean = known(view)
    missing = [text for text in template.texts if text not in korean and not SAME.fullmatch(text)]
    assert missing == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_text_of_a_script_has_its_korean(view: str) -> None:
    korean, script = known(view), view_script(view, asset).split("\n", 1)[1]
    said = [single or whole for single, whole in SAID.findall(script)]
    said = [text.replace("\\'", "'") for text in said]
    assert [text for text in said if text not in korean] == []


def test_every_sentence_that_the_server_sends_has_its_korean() -> None:
    korean: set[str] = set()
    for path in KOREAN.glob("*.json"):
        korean |= catalogue(path.stem).keys()
    missing = []
    for path in sorted((ROOT / "seq2seq" / "views").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "words"
                and isinstance(node.args[0], ast.Constant)
                and node.args[0].value not in korean
            ):
                missing.append(f"{path.name}: {node.args[0].value}")
    assert [
        text for text in missing if not SAME.fullmatch(PLACE.sub("", text.split(": ", 1)[1]))
    ] == []


def test_every_text_of_a_component_has_its_korean() -> None:
    page = catalogue("page")
    found = set()
    for name in ("layout", "events", "parts"):
        tree = ast.parse((ROOT / "seq2seq" / "page" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "told"
            ):
                found |= {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
    literal = {
        text
        for text in found
        if isinstance(text, str) and text not in ("Personality: ", "# ", "\n")
    }
    assert literal - page.keys() == set()
    controls = json.loads(asset("controls.json"))
    texts = {
        control[name]
        for control in controls
        for name in ("label", "info", "placeholder")
        if name in control
    }
    texts |= {words for control in controls for words, _ in control.get("choices", ())}
    assert texts - page.keys() == set()


@pytest.mark.parametrize("view", VIEWS)
def test_the_same_english_is_the_same_korean_within_a_view(view: str) -> None:
    own, parts = catalogue(view), catalogue("parts")
    assert [text for text in own.keys() & parts.keys() if own[text] != parts[text]] == []
