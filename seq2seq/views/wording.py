"""Sentences that a view says in the page's language: English with named places, and the values."""

from __future__ import annotations

from typing import Any

# What JSON sends: a sentence as it is, or [template, values]; `say` in assets/say.js puts either
# into the page's language. A value may itself be such a list.
Words = str | list[Any]


def words(template: str, **values: Any) -> Words:
    """The template with its values, as JSON sends it. Its English is the key of the translation.

    Values are put in as text, numbers in the form that they should have: {"n": "1,024"}.
    """
    return (
        [template, {name: _value(value) for name, value in values.items()}] if values else template
    )


def in_english(said: Words) -> str:
    """The sentence in English, as a page says it that knows no other language."""
    if isinstance(said, str):
        return said
    template, values = said[0], said[1] if len(said) > 1 else {}
    return str(template).format(
        **{
            name: in_english(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
    )


def _value(value: Any) -> str | list[Any]:
    return value if isinstance(value, list) else str(value)
