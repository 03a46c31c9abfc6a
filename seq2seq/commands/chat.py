"""`python -m seq2seq chat`: one message or a conversation in the terminal."""

from __future__ import annotations

import argparse
import json
import sys

from seq2seq.chatbot import Chatbot
from seq2seq.commands.decoding_options import (
    add_decoding_arguments,
    add_precision,
    decoding_options,
)
from seq2seq.options import DecodingOptions

DESCRIPTION = "Talk to a checkpoint; without MESSAGE, a conversation line by line."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `chat`."""
    parser.add_argument("message", nargs="?", metavar="MESSAGE", help="answer this and end")
    parser.add_argument("--checkpoint", required=True, metavar="DIR", help="folder or hub id")
    parser.add_argument("--json", action="store_true", help="print the whole trace as JSON")
    add_precision(parser)
    add_decoding_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Answer one message, or each line of standard input. Raises ValueError for bad options."""
    options = decoding_options(arguments)
    bot = Chatbot.from_pretrained(arguments.checkpoint, precision=arguments.precision)
    if arguments.message is not None:
        _answer(bot, arguments.message, options, [], arguments.json)
        return 0
    if sys.stdin.isatty():
        print(f"{bot.name}: an empty line ends the conversation")
    history: list[str] = []
    for line in iter(_ask, ""):
        reply = _answer(bot, line, options, history, arguments.json)
        history += [line, reply]
    return 0


def _ask() -> str:
    """The next line, without its end; empty at the end of input."""
    try:
        return input("> " if sys.stdin.isatty() else "").strip()
    except (EOFError, KeyboardInterrupt):
        return ""


def _answer(
    bot: Chatbot, message: str, options: DecodingOptions, history: list[str], as_json: bool
) -> str:
    """Print the reply as it is written, or its trace as one line of JSON; give the reply."""
    if as_json:
        trace = bot.reply(message, options, history=history)
        print(json.dumps(trace.to_dict(), ensure_ascii=False), flush=True)
        return trace.reply
    for trace in bot.stream(message, options, history=history):
        print(trace.steps[-1].text, end="", flush=True)
    print()
    return trace.reply
