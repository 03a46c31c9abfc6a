"""The script of a view, put together from the page's assets: its words, small parts, itself."""

from __future__ import annotations

import json
from collections.abc import Callable

# What a view's own script needs, beside the small parts.
_BEFORE = {
    "compare": ("compare_words.js",),
    "beam": ("beam_nodes.js", "beam_words.js", "beam_cells.js"),
    "trace": ("quoting.js", "trace_panel.js", "trace_ways.js"),
    "turning": ("quoting.js",),
    "inside": ("quoting.js", "inside_values.js", "inside_drawing.js"),
    "choosing": ("quoting.js", "choosing_table.js"),
    "influence": ("quoting.js", "influence_words.js", "influence_maps.js"),
    "neighbours": ("quoting.js",),
    "tour": ("tour_place.js",),
}


def view_script(name: str, asset: Callable[[str], str]) -> str:
    """The script of the view of that name: `asset` gives the text of a file of the page's assets.

    It begins with the Korean of the view's texts and of the parts' (`assets/korean/`), as KOREAN.
    """
    korean = {**json.loads(asset("korean/parts.json")), **json.loads(asset(f"korean/{name}.json"))}
    files = ("say.js", "trace_parts.js", *_BEFORE.get(name, ()), f"{name}_view.js")
    return "\n".join([f"const KOREAN = {quoted(korean)};", *map(asset, files)])


def quoted(value: object) -> str:
    """The value as JavaScript that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False)
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
