"""What a server of the chatbot needs beside its page: checkpoints, visits, limits, safe answers."""

from seq2seq.serving.about import (
    describe,
    help_notice,
    language,
    no_repeat_ngram,
    personalities,
)
from seq2seq.serving.arguments import Arguments, parse
from seq2seq.serving.comparing import compared
from seq2seq.serving.deep import deep_view, turning
from seq2seq.serving.endpoint import answer
from seq2seq.serving.example import example_turn
from seq2seq.serving.hardening import SAFE_LAUNCH, Harden
from seq2seq.serving.limits import MAX_MESSAGE, check_message, options_from_controls, with_label
from seq2seq.serving.shelf import CheckpointError, Shelf, find_checkpoints
from seq2seq.serving.takeaway import from_link, open_trace, saved_page, takeaway, unpack
from seq2seq.serving.talk import converse, converse_from, talk
from seq2seq.serving.visit import Turn, Visit

__all__ = [
    "MAX_MESSAGE",
    "SAFE_LAUNCH",
    "Arguments",
    "CheckpointError",
    "Harden",
    "Shelf",
    "Turn",
    "Visit",
    "answer",
    "check_message",
    "compared",
    "converse",
    "converse_from",
    "deep_view",
    "describe",
    "example_turn",
    "find_checkpoints",
    "from_link",
    "help_notice",
    "language",
    "no_repeat_ngram",
    "open_trace",
    "options_from_controls",
    "parse",
    "personalities",
    "saved_page",
    "takeaway",
    "talk",
    "turning",
    "unpack",
    "with_label",
]
