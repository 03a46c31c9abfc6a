"""The Gradio page: its parts, what stands where, and what happens when a visitor uses it."""

from seq2seq.page.events import MODEL, QUIET, Page
from seq2seq.page.parts import STYLES, TITLE, asset, texts

__all__ = ["MODEL", "QUIET", "STYLES", "TITLE", "Page", "asset", "texts"]
