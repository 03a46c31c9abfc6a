"""What the page looks up to say a sentence that the server sends."""

from __future__ import annotations

from seq2seq.views.wording import Words


def texts(said: Words) -> list[str]:
    """The English that the page looks up to say this: the template, and those of its values."""
    if isinstance(said, str):
        return [said]
    template, *values = said
    inner = [value for value in (values[0] if values else {}).values() if isinstance(value, list)]
    return [template, *(text for value in inner for text in texts(value))]
