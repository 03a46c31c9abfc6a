"""Traces and checkpoints as what a page shows: pure functions, no page library."""

from seq2seq.views.about import about_model, card, figures, sizes
from seq2seq.views.conversation import chat_messages
from seq2seq.views.curve import learning_curve
from seq2seq.views.payload import Listed, candidate_rows, replies_line, trace_lines

__all__ = [
    "Listed",
    "about_model",
    "candidate_rows",
    "card",
    "chat_messages",
    "figures",
    "learning_curve",
    "replies_line",
    "sizes",
    "trace_lines",
]
