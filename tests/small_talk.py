"""A little small talk to train tiny models on."""

from __future__ import annotations

import csv
from pathlib import Path

PAIRS = [
    ("hello", "Hi there! How are you today?"),
    ("how are you?", "I'm doing well, thank you."),
    ("what is your name?", "I'm a little chatbot."),
    ("tell me a joke", "A penguin walks into a bar."),
    ("do you like music?", "Yes, I like music a lot."),
    ("i am feeling sad today", "I'm sorry to hear that."),
    ("what is your favorite movie?", "I like old movies best."),
    ("are you a robot?", "I'm a bot, and happy to be one."),
    ("what should i eat for dinner?", "Soup is always good."),
    ("goodbye", "See you soon!"),
]


def write_pairs(path: Path, copies: int = 8) -> Path:
    """A CSV of small talk: each of PAIRS in several phrasings."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "reply"])
        for copy in range(copies):
            for message, reply in PAIRS:
                writer.writerow([message + " please" * copy, reply])
    return path


WITTY = [
    ("hello", "Well, look who is here."),
    ("how are you?", "Electric, as ever."),
    ("tell me a joke", "My code."),
    ("goodbye", "I will be right here, in the dark."),
]


def write_cast(path: Path, copies: int = 8) -> Path:
    """A CSV where some of PAIRS are answered by a friendly and by a witty personality."""
    replies = dict(PAIRS)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "reply", "personality"])
        for copy in range(copies):
            for message, witty in WITTY:
                asked = message + " please" * copy
                writer.writerow([asked, replies[message], "friendly"])
                writer.writerow([asked, witty, "witty"])
    return path
