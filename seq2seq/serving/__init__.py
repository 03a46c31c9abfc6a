"""What a server of the chatbot needs beside its page: checkpoints, visits, limits, safe answers."""

from seq2seq.serving.arguments import Arguments, parse
from seq2seq.serving.endpoint import answer
from seq2seq.serving.hardening import Harden
from seq2seq.serving.limits import MAX_MESSAGE, check_message, options_from_controls
from seq2seq.serving.shelf import Shelf, UnusableCheckpoint, find_checkpoints
from seq2seq.serving.talk import talk
from seq2seq.serving.visit import Turn, Visit

__all__ = [
    "MAX_MESSAGE",
    "Arguments",
    "Harden",
    "Shelf",
    "Turn",
    "UnusableCheckpoint",
    "Visit",
    "answer",
    "check_message",
    "find_checkpoints",
    "options_from_controls",
    "parse",
    "talk",
]
