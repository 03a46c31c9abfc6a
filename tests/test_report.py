"""The report of an evaluation: its counts by hand, its calibration on a scripted model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from random_models import EOS, random_model
from torch import Tensor

from seq2seq.__main__ import main
from seq2seq.batching import Encoding, PairTable
from seq2seq.chatbot import Chatbot
from seq2seq.corpora import Pair
from seq2seq.evaluation import Answer, evaluate
from seq2seq.options import DecodingOptions
from seq2seq.report import manner_of, write_report
from seq2seq.scoring import Bin, calibration, calibration_error, score_pairs


def answers(*replies: str) -> list[Answer]:
    return [Answer(reply, len(reply.split()) + 1, True) for reply in replies]


def test_commonest_reply_and_its_share() -> None:
    found = manner_of(answers("yes", "no", "yes", "maybe", "yes"))
    assert found.commonest == (("yes", 3), ("no", 1), ("maybe", 1))
    assert found.commonest_share == 0.6
    many = manner_of(answers(*[str(i) for i in range(50)]))
    assert len(many.commonest) == 20
    assert many.commonest_share == 0.02


@pytest.mark.parametrize(
    ("reply", "repeats"),
    [
        ("a b c a b c", True),
        ("a b c A B C", True),
        ("a a a a", True),
        ("a a a", False),
        ("a b c d a b", False),
        ("i like it, i like it", False),
        ("i like it i like it", True),
        ("", False),
    ],
)
def test_three_words_in_a_row_that_come_twice_are_a_repetition(reply: str, repeats: bool) -> None:
    assert manner_of(answers(reply)).repeated_trigrams == float(repeats)


def test_ends_rudeness_and_length_are_shares_and_a_mean() -> None:
    given = [
        Answer("hello there", 3, True),
        Answer("shut up", 3, True),
        Answer("and so on and on", 60, False),
        Answer("ok", 2, True),
    ]
    found = manner_of(given)
    assert found.ended == 0.75
    assert found.rude == 0.25
    assert found.mean_pieces == 17.0
    with pytest.raises(ValueError, match="no reply"):
        manner_of([])


class Scripted(torch.nn.Module):
    """A decoder whose every step gives pieces 0, 1, 2 and so on these probabilities."""

    def __init__(self, probabilities: list[float]) -> None:
        super().__init__()
        self.row = torch.nn.Parameter(torch.tensor(probabilities).log())

    def states(self, trg: Tensor, hidden: Tensor, encoded: object) -> tuple[Tensor, Tensor, None]:
        return torch.ones(*trg.shape, 1), hidden, None

    def fc_out(self, states: Tensor) -> Tensor:
        return states * self.row


def scripted(probabilities: list[float]) -> torch.nn.Module:
    model = random_model({})
    rest = (1 - sum(probabilities)) / (12 - len(probabilities))
    model.decoder = Scripted([*probabilities, *[rest] * (12 - len(probabilities))])
    return model


def table(*replies: list[int]) -> PairTable:
    return PairTable([Encoding([5, EOS], reply, 10) for reply in replies])


def test_calibration_counts_how_often_the_likeliest_piece_was_right() -> None:
    # Piece 7 has 0.62 at each step; of the 8 pieces here (end pieces too) 3 are it.
    model = scripted([0.01] * 7 + [0.62])
    found = calibration(model, table([7, 7, 8], [7], [9]))
    assert [bin.count for bin in found] == [0, 0, 0, 0, 0, 0, 8, 0, 0, 0]
    assert found[6].probability == pytest.approx(0.62)
    assert found[6].right == pytest.approx(3 / 8)
    assert calibration_error(found) == pytest.approx(0.62 - 3 / 8)


def test_perplexity_and_bits_of_a_scripted_model_are_those_by_hand() -> None:
    model = scripted([0.01, 0.01, 0.01, 0.25, 0.01, 0.01, 0.01, 0.5])
    score = score_pairs(model, table([7, 7], [7]))  # 7, 7, end, 7, end
    nats = -3 * math.log(0.5) - 2 * math.log(0.25)
    assert score.perplexity == pytest.approx(math.exp(nats / 5))
    assert score.bits_per_byte == pytest.approx(7 / 20)


def test_a_bin_that_nothing_falls_into_counts_nothing() -> None:
    bins = [Bin(0, 0.0, 0.0), Bin(3, 0.9, 0.6), Bin(1, 0.2, 1.0)]
    assert calibration_error(bins) == pytest.approx((3 * 0.3 + 0.8) / 4)
    assert calibration_error([]) == 0.0


def test_a_report_has_all_figures_pictures_and_commonest_replies(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    pairs = [Pair("hello", "Hi | there <b>!")] * 3 + [Pair("goodbye", "See you soon!")]
    found = evaluate(bot, pairs)
    seen: list[int] = []
    figures = write_report(tmp_path, bot, pairs, DecodingOptions(), found, seen.append)
    assert sum(seen) == 4
    written = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(figures))
    assert figures["exact_match"] == found.exact_match == 0.25
    assert written["commonest"][0] == ["Hi there! How are you today?", 3]
    assert figures["commonest_share"] == 0.75
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| Hi there! How are you today? | 3 | 75.00% |" in text
    for name in ("calibration", "reply_length", "learning_curve"):
        assert f"({name}.png)" in text
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_writes_a_report_beside_its_figures(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"message": "hello", "reply": "hi"}\n', encoding="utf-8")
    flags = ["--checkpoint", str(tiny_checkpoint), "--pairs", str(pairs), "--json"]
    report = tmp_path / "deep" / "report"
    assert main(["evaluate", *flags, "--report", str(report), "--max-len", "9"]) == 0
    printed = json.loads(capsys.readouterr().out)
    figures = json.loads((report / "figures.json").read_text(encoding="utf-8"))
    assert figures["perplexity"] == printed["perplexity"]
    assert "max_len 9" in (report / "README.md").read_text(encoding="utf-8")
