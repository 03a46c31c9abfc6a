"""A reply's views as one HTML page that needs no server and no other host, in both languages."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping

from seq2seq.views.script import quoted, view_script
from seq2seq.views.wording import Words, in_english

# The variables that the views take from the page's theme, light and dark.
_THEME = """
:root { color-scheme: light dark; --border-color-primary: #d5dbe3; --body-text-color: #1e293b;
  --body-text-color-subdued: #4b5a70; --background-fill-primary: #ffffff;
  --background-fill-secondary: #f8fafc; --primary-600: #0d9488; --color-accent: #0d9488; }
@media (prefers-color-scheme: dark) { :root { --border-color-primary: #3a475b;
  --body-text-color: #f1f5f9; --body-text-color-subdued: #a3b1c4;
  --background-fill-primary: #0f172a; --background-fill-secondary: #1e293b; }
  .tv { --tv-accent: #2dd4bf !important; } }
body { margin: 0 auto; padding: 14px clamp(10px, 3vw, 28px); max-width: 1240px;
  background: var(--background-fill-primary); color: var(--body-text-color);
  font-family: system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", sans-serif; }
header { display: flex; align-items: start; justify-content: space-between; gap: 12px; }
h1 { font-size: 1.2rem; margin: 0 0 4px; overflow-wrap: anywhere; min-width: 0; }
main > div { margin: 14px 0; }
#saved p { font-size: .88rem; color: var(--body-text-color-subdued); margin: 0 0 10px; }
#saved button { flex: none; min-height: 34px; padding: 4px 14px; font: inherit; font-size: .88rem;
  color: inherit; cursor: pointer; border: 1px solid var(--border-color-primary);
  border-radius: 6px; background: var(--background-fill-secondary); }
#saved button:focus-visible { outline: 3px solid var(--color-accent); outline-offset: 2px; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
# Runs a view's script as the page does: with its element, its value, and no one to tell; the
# head of the page says so.
_RUN = """
function island(name, value, script) {
  const element = document.querySelector(`[data-island="${name}"]`);
  const tell = () => document.dispatchEvent(new CustomEvent('seq2seq:still'));
  script(element, { value }, () => {}, tell);
}
"""


def standalone_page(
    title: Words, views: Mapping[str, str], asset: Callable[[str], str], about: Words
) -> str:
    """The page: `views` are the names of views with the values that they draw, first to last.

    `asset` gives the text of a file of the page's assets by its name; the file needs nothing else.
    `about` is a line under the title. The page begins in the browser's language, and has a switch.
    """
    shown = {name: value for name, value in views.items() if value}
    styles = [_THEME, *(asset(f"{name}_view.css") for name in shown)]
    name = html.escape(in_english(title))
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}</title>",
        f"<style>{''.join(styles)}</style></head>\n<body><main>",
        f'<div id="saved" data-island="saved"><header><h1>{name}</h1>',
        '<button type="button" translate="no"></button></header>',
        f'<p role="status">{html.escape(in_english(about))}</p></div>',
    ]
    for name in shown:
        first = ' id="view"' if name == "trace" else ""
        parts.append(f'<div{first} data-island="{name}">{asset(f"{name}_view.html")}</div>')
    head = json.dumps({"title": title, "about": about}, ensure_ascii=False)
    parts.append(f"</main>\n<script>{_RUN}")
    parts += [_call(name, value, asset) for name, value in {"saved": head, **shown}.items()]
    parts.append("</script></body></html>\n")
    return "\n".join(parts)


def _call(name: str, value: str, asset: Callable[[str], str]) -> str:
    """The lines of script that draw one view."""
    head = f"island({quoted(name)}, {quoted(value)}, function (element, props, watch, trigger) {{"
    return f"{head}\n{view_script(name, asset)}\n}});"
