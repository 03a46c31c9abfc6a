"""An evaluation as a folder to read: Markdown with pictures, and the same figures as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seq2seq.chatbot import Chatbot
from seq2seq.checkpoint import write_json
from seq2seq.corpora import Pair
from seq2seq.corpora.manners import is_rude
from seq2seq.evaluation import Answer, Evaluation, pair_table
from seq2seq.files import write_atomically
from seq2seq.options import DecodingOptions
from seq2seq.pictures import draw_calibration, draw_curve, draw_lengths
from seq2seq.scoring import calibration, calibration_error

COMMONEST = 20
_WORDS = {
    "perplexity": "perplexity a piece",
    "bits_per_byte": "bits a byte of the reply",
    "exact_match": "share of replies equal to the pair's",
    "bleu": "BLEU (sacrebleu)",
    "chrf": "chrF (sacrebleu)",
    "distinct_1": "distinct-1: different words among all",
    "distinct_2": "distinct-2: different pairs of words among all",
    "pieces_per_second": "pieces decoded a second, in batches",
    "commonest_share": "share of the commonest reply",
    "repeated_trigrams": "share of replies that repeat three words in a row",
    "ended": "share of replies ended by their own end token",
    "rude": "share of replies with an obscene word or an insult",
    "mean_pieces": "pieces a reply, the end token's included",
    "calibration_error": "expected calibration error",
}


@dataclass(frozen=True)
class Manner:
    """How a bot's replies look, all together; shares are from 0 to 1."""

    commonest: tuple[tuple[str, int], ...]  # reply and how often, at most 20
    commonest_share: float
    repeated_trigrams: float
    ended: float
    rude: float
    mean_pieces: float


def manner_of(answers: Sequence[Answer]) -> Manner:
    """Count what the replies have in common. Raises ValueError without any."""
    if not answers:
        raise ValueError("there is no reply to look at")
    number = len(answers)
    commonest = Counter(answer.reply for answer in answers).most_common(COMMONEST)
    return Manner(
        commonest=tuple(commonest),
        commonest_share=commonest[0][1] / number,
        repeated_trigrams=sum(_repeats(answer.reply, 3) for answer in answers) / number,
        ended=sum(answer.ended for answer in answers) / number,
        rude=sum(is_rude(answer.reply) for answer in answers) / number,
        mean_pieces=sum(answer.pieces for answer in answers) / number,
    )


def write_report(
    folder: Path,
    bot: Chatbot,
    pairs: Sequence[Pair],
    options: DecodingOptions,
    found: Evaluation,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Write README.md, figures.json and the pictures into the folder, and give the figures.

    `found` is what `evaluate` gave for these pairs and options; `on_progress` is told how many
    pairs calibration has scored.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = pair_table(bot, pairs)
    bins = calibration(bot.checkpoint.runner, table, on_batch=on_progress)
    manner = manner_of(found.answers)
    figures: dict[str, Any] = {
        "checkpoint": {"name": bot.name, "sha256": bot.sha256},
        "options": options.to_dict(),
        **found.to_dict(),
        **asdict(manner),
        "calibration_error": calibration_error(bins),
        "calibration": [asdict(found) for found in bins],
    }
    write_json(folder / "figures.json", figures)
    draw_calibration(bins, folder / "calibration.png")
    wanted = [length + 1 for length in table.reply_lengths.tolist()]
    draw_lengths([answer.pieces for answer in found.answers], wanted, folder / "reply_length.png")
    history = bot.metrics.get("history")
    if history:
        same = bot.metrics.get("data", {}).get("held_out_from") == "train"
        words = "same pairs, scored again" if same else "held out"
        draw_curve(history, folder / "learning_curve.png", words)
    text = _page(figures, manner, has_curve=bool(history))
    write_atomically(folder / "README.md", text)
    return figures


def _page(figures: dict[str, Any], manner: Manner, *, has_curve: bool) -> str:
    checkpoint, changed = figures["checkpoint"], _changed(figures["options"])
    lines = [
        f"# {checkpoint['name']} on {figures['pairs']:,} pairs",
        "",
        f"Weights {checkpoint['sha256'][:12]}, decoded with {changed}.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| {words} | {figures[name]:,.4g} |" for name, words in _WORDS.items()),
        "",
        "## Calibration",
        "",
        "How often the likeliest piece was the right one, over the probability it had: on the "
        "diagonal, a probability means what it says.",
        "",
        "![Calibration](calibration.png)",
        "",
        "## Reply length",
        "",
        "![Reply length](reply_length.png)",
        "",
        f"## The {len(manner.commonest)} commonest replies",
        "",
        "| reply | times | share |",
        "|---|---|---|",
        *(
            f"| {_cell(reply)} | {count:,} | {count / figures['pairs']:.2%} |"
            for reply, count in manner.commonest
        ),
        "",
    ]
    if has_curve:
        lines += ["## Learning curve", "", "![Learning curve](learning_curve.png)", ""]
    return "\n".join(lines)


def _changed(options: dict[str, Any]) -> str:
    """The options that are not the defaults, in words."""
    defaults = DecodingOptions().to_dict()
    named = [f"{name} {value}" for name, value in options.items() if value != defaults[name]]
    return ", ".join(named) or "the default options (greedy)"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") or "(empty)"


def _repeats(text: str, n: int) -> bool:
    """Whether any n words in a row come twice, whatever their case."""
    words = text.casefold().split()
    runs = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(runs)) < len(runs)
