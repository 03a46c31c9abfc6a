"""What the view of a beam search draws: the payload, and its verdict in words."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.batching import pad_sources
from seq2seq.beam import search_tree
from seq2seq.beam_tree import ROOT, BeamTree, Status, TreeNode
from seq2seq.tokenizer import EOS_ID
from seq2seq.views.beam import TO_SEE_ONE, beam_payload, verdict
from seq2seq.views.wording import Words, in_english

REPOSITORY = Path(__file__).parent.parent
ASSETS = REPOSITORY / "assets"


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def korean(view: str) -> dict[str, str]:
    return dict(json.loads(asset(f"korean/{view}.json")))


def scripts() -> str:
    return "\n".join(asset(path.name) for path in sorted(ASSETS.glob("beam_*.js")))


def searched(bot: Chatbot, message: str, **values: Any) -> tuple[BeamTree, Trace]:
    trace = bot.reply(message, DecodingOptions(method="beam", **values))
    runner = bot.checkpoint.runner
    encoded = runner.encode(pad_sources([[piece.id for piece in trace.source]]))
    found = search_tree(runner, bot.checkpoint.tokenizer, encoded, trace.options)
    return found.tree, trace


def test_the_payload_tells_every_node_and_the_hypotheses(bot: Chatbot) -> None:
    tree, trace = searched(bot, "what is a robot?", beam_size=4, length_penalty=0.5)
    text = beam_payload(tree, trace, 3)
    drawn = json.loads(text)
    assert "\n" not in text
    assert drawn["number"] == 3
    assert len({len(column) for column in drawn["nodes"].values()}) == 1
    assert drawn["nodes"]["status"] == "".join(node.status for node in tree.nodes)
    assert drawn["nodes"]["parent"] == [node.parent for node in tree.nodes]
    for k, node in enumerate(tree.nodes):
        piece = drawn["pieces"][drawn["nodes"]["piece"][k]]
        assert piece == bot.checkpoint.tokenizer.piece(node.id)
        assert drawn["nodes"]["own"][k] == pytest.approx(node.log_probability, rel=1e-3)
        assert drawn["nodes"]["logprob"][k] == pytest.approx(node.logprob, rel=1e-5)
        assert (drawn["nodes"]["piece"][k] == drawn["end"]) == (node.id == EOS_ID)
    assert trace.hypotheses is not None
    assert drawn["replies"] == [hypothesis.reply for hypothesis in trace.hypotheses]
    for index, hypothesis in zip(drawn["best"], trace.hypotheses, strict=True):
        assert tree.nodes[index].score == pytest.approx(hypothesis.score)
    assert drawn["greedy_reply"] == bot.reply("what is a robot?").reply


def test_a_long_search_stays_a_small_payload(bot: Chatbot) -> None:
    tree, trace = searched(bot, "hello", beam_size=16, min_len=59, max_len=60)
    assert len(tree.nodes) > 1800
    assert len(beam_payload(tree, trace, 1)) < 40 * len(tree.nodes)


@pytest.mark.parametrize("method", ["greedy", "sample"])
def test_another_method_is_said_in_one_sentence_with_the_way_to_the_tree(
    bot: Chatbot, method: str
) -> None:
    trace = bot.reply("hello", DecodingOptions(method=method))
    drawn = json.loads(beam_payload(None, trace, 2))
    assert set(drawn) == {"number", "none"}
    why, way = drawn["none"]
    assert in_english(why).startswith("Reply 2 was not made by beam search")
    assert way == TO_SEE_ONE


def test_a_beam_reply_without_its_tree_says_so(bot: Chatbot) -> None:
    _, trace = searched(bot, "hello")
    (why,) = json.loads(beam_payload(None, trace, 1))["none"]
    assert "tree of reply 1 was not kept" in in_english(why)


def test_the_way_to_the_tree_is_what_the_page_calls_it() -> None:
    controls = json.loads(asset("controls.json"))
    method = next(control for control in controls if control["option"] == "method")
    label = next(words for words, value in method["choices"] if value == "beam")
    names = re.findall("“(.+?)”", TO_SEE_ONE)
    assert names == ["How it decides", label]
    assert '"How it decides"' in (REPOSITORY / "seq2seq/page/layout.py").read_text(encoding="utf-8")
    way = " → ".join(f"“{name}”" for name in names)
    assert way in TO_SEE_ONE
    assert way in " ".join(asset("beam_view.html").split())


def test_the_way_to_the_tree_is_what_the_page_calls_it_in_korean() -> None:
    for english, said in korean("beam").items():
        names = re.findall("“(.+?)”", english)
        assert re.findall("“(.+?)”", said) == [korean("page")[name] for name in names]


def test_every_status_has_a_shape_and_words() -> None:
    style, template, words = (
        asset(f"beam_{name}") for name in ("view.css", "view.html", "words.js")
    )
    for status in Status:
        assert f'data-status="{status}"' in template
        assert f"{status}: () => " in words
        assert status == Status.KEPT or f".bt-{status}" in style


def test_the_template_holds_no_placeholder_and_the_script_writes_no_html() -> None:
    template = asset("beam_view.html")
    assert "${" not in template
    assert "{{" not in template
    assert "innerHTML" not in scripts()
    assert "insertAdjacentHTML" not in scripts()


def test_all_that_the_script_says_has_its_korean() -> None:
    """A key that is missing would stay English on a Korean page."""
    said = re.findall(r"\bsay\(\s*'([^']+)'", scripts())
    assert len(said) > 30
    assert set(said) <= korean("beam").keys()


def two_replies(best: tuple[float, int], greedy: tuple[float, int], penalty: float) -> BeamTree:
    """A tree whose best and greedy replies have these (log-probability, length)."""
    ends = [
        TreeNode(ROOT, EOS_ID, total, status, length - 1, 0, total, total / length**penalty)
        for (total, length), status in ((best, Status.ENDED), (greedy, Status.GREEDY))
    ]
    return BeamTree(tuple(ends), (0,), (1,), "", (), 2, 60, penalty, 0)


def told(tree: BeamTree) -> str:
    """The verdict in English; it is translated, and so is every phrase in it."""
    said = verdict(tree)
    assert_korean(said)
    return in_english(said)


def assert_korean(said: Words) -> None:
    template, values = (said, {}) if isinstance(said, str) else said
    places = re.findall(r"\{\w+\}", template)
    assert sorted(re.findall(r"\{\w+\}", korean("beam")[template])) == sorted(places)
    for value in values.values():
        if isinstance(value, list):
            assert_korean(value)


def test_the_verdict_tells_the_same_reply_from_a_better_one() -> None:
    tree = two_replies((-3.0, 5), (-5.0, 5), 1.0)
    assert "the very reply that greedy finds" in told(dataclasses.replace(tree, greedy=(0,)))
    better = told(tree)
    assert "found a better reply than greedy: it is 2.00 nats likelier" in better
    assert f"({math.exp(2):.3g} times as likely)" in better
    assert "its score is −0.600 against −1.000" in better


def test_a_bare_score_is_not_told_twice() -> None:
    assert "score" not in told(two_replies((-3.0, 5), (-5.0, 5), 0.0))


def test_the_verdict_admits_what_is_less_likely_as_a_whole() -> None:
    said = told(two_replies((-6.0, 10), (-4.0, 4), 1.0))
    assert "for its length" in said
    assert "2.00 nats less likely" in said


def test_the_verdict_admits_that_greedy_did_better() -> None:
    said = told(two_replies((-6.0, 5), (-4.0, 5), 1.0))
    assert said.startswith("Looking ahead did not pay")
    assert "2.00 nats less likely" in said


def test_the_verdict_names_the_power_that_the_length_is_taken_to() -> None:
    said = told(two_replies((-6.0, 10), (-4.0, 4), 1.5))
    assert "the length to the power of 1.5" in said


def test_a_difference_too_small_to_show_is_none() -> None:
    said = told(two_replies((-4.001, 10), (-4.0, 4), 1.0))
    assert "neither likelier nor less likely" in said
