"""What the view of two replies is told: columns, figures, sentences."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from random_models import random_bot

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.comparing import compare
from seq2seq.page.parts import asset
from seq2seq.tokenizer import EOS_ID, Tokenizer
from seq2seq.views import compare_words
from seq2seq.views.compare import compare_payload
from seq2seq.views.compare_words import findings
from seq2seq.views.wording import Words, in_english

KOREAN = json.loads(asset("korean/compare.json"))
SAMPLE = DecodingOptions(method="sample", seed=1, max_len=8)


def bot(seed: int = 1) -> Chatbot:
    made = random_bot({}, seed)
    return Chatbot(dataclasses.replace(made.checkpoint, sha256=f"{seed}" * 64))


def foreign() -> Chatbot:
    """A bot whose tokenizer is not the same file, though it cuts alike."""
    made = bot(2).checkpoint
    proto = made.tokenizer.model_proto
    tokenizer = Tokenizer(proto)
    tokenizer.model_proto = proto + b" "
    return Chatbot(dataclasses.replace(made, tokenizer=tokenizer))


def drawn(left: Checkpoint, one: Trace, right: Checkpoint, two: Trace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(compare_payload(left, one, right, two, "A", "B"))
    return found


def with_settings(**changes: Any) -> dict[str, Any]:
    """One model's reply to one message, beside what it says under other settings."""
    asked = bot()
    traces = [asked.reply("hello", one) for one in (SAMPLE, dataclasses.replace(SAMPLE, **changes))]
    return drawn(asked.checkpoint, traces[0], asked.checkpoint, traces[1])


def with_models() -> dict[str, Any]:
    left, right = bot(1), bot(2)
    traces = [asked.reply("hello", SAMPLE) for asked in (left, right)]
    return drawn(left.checkpoint, traces[0], right.checkpoint, traces[1])


def told(left: tuple[Checkpoint, Trace], right: tuple[Checkpoint, Trace]) -> list[str]:
    """What the comparison says, in English; all of it has its Korean."""
    return [spoken(one) for one in findings(compare(left, right), left[1], right[1])]


def differences(left: Trace, right: Trace) -> list[str]:
    return [spoken(one) for one in compare_words.differences(left, right)]


def spoken(text: Words) -> str:
    """The text in English; it fails where a text in it has no Korean."""
    assert list(untranslated(text)) == []
    return in_english(text)


def untranslated(text: Words) -> Iterator[str]:
    template, values = (text, {}) if isinstance(text, str) else text
    if template not in KOREAN:
        yield template
    for value in (one for one in values.values() if isinstance(one, list)):
        yield from untranslated(value)


def test_columns_hold_every_step_of_both_replies_once_and_in_order() -> None:
    for found in (with_models(), with_settings(temperature=2.0)):
        for side in (0, 1):
            steps = [column[side] for column in found["columns"] if column[side] >= 0]
            assert steps == list(range(len(found["replies"][side])))
        for left, right, equal in found["columns"]:
            assert not equal or found["replies"][0][left][0] == found["replies"][1][right][0]
            assert max(left, right) >= 0
        part = found["part"]
        assert part is not None
        assert all(equal for _, _, equal in found["columns"][:part])
        assert not found["columns"][part][2]


def test_a_step_has_both_sides_likeliest_pieces_and_its_own_chance_on_both() -> None:
    found = with_models()
    assert (found["between"], found["measure"], found["names"]) == ("models", "kl", ["A", "B"])
    for piece, p, forced, top, others, own, other, kl, js in found["replies"][0]:
        assert len(top) == len(others) == 5
        for rows, chance in ((top, own), (others, other)):
            assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
            assert dict(rows).get(piece, chance) == chance
        assert own == pytest.approx(p, rel=1e-3)
        assert not forced
        assert 0 <= js <= min(kl, 1)
        assert kl <= found["scale"]


def test_settings_are_shown_by_the_probabilities_drawn_from() -> None:
    found = with_settings(temperature=0.5)
    assert (found["between"], found["measure"]) == ("settings", "kl")
    own, other = found["replies"][0][0][5:7]
    assert own != other
    assert list(map(spoken, found["words"]["differ"])) == ["temperature 1 against 0.5"]
    assert all(totals[3] is None for totals in found["totals"])


def test_an_infinite_divergence_makes_way_for_one_that_is_never_infinite() -> None:
    found = with_settings(top_k=2)
    assert found["measure"] == "js"
    assert found["scale"] == 1
    assert all(row[7] is None and 0 <= row[8] <= 1 for row in found["replies"][0])
    assert all(row[7] is not None for row in found["replies"][1])
    assert all(len(row[4]) == 2 for row in found["replies"][0])  # what top-k leaves
    assert list(map(spoken, found["words"]["differ"])) == ["top-k off against 2"]


def test_different_tokenizers_have_columns_and_scores_but_no_divergence() -> None:
    left, right = bot(), foreign()
    traces = [asked.reply("hello", SAMPLE) for asked in (left, right)]
    found = drawn(left.checkpoint, traces[0], right.checkpoint, traces[1])
    assert (found["between"], found["measure"]) == ("tokenizers", None)
    for side, trace in enumerate(traces):
        rows = found["replies"][side]
        assert [row[0] for row in rows] == [step.piece for step in trace.steps]
        assert [len(row) for row in rows] == [4] * len(rows)
        _, _, own, other, mean = found["totals"][side]
        assert len(own) == len(other) == 2
        assert mean is None


def test_totals_are_those_of_the_traces() -> None:
    left, right = bot(1), bot(2)
    traces = [asked.reply("hello", SAMPLE) for asked in (left, right)]
    found = drawn(left.checkpoint, traces[0], right.checkpoint, traces[1])
    for trace, (steps, _, own, other, mean), rows in zip(
        traces, found["totals"], found["replies"], strict=True
    ):
        assert steps == len(trace.steps)
        assert own[0] == pytest.approx(trace.logprob, rel=1e-3)
        assert other[0] < 0
        assert mean == pytest.approx(sum(row[7] for row in rows) / len(rows), rel=1e-2)


def test_the_parting_is_told_with_its_step_and_pieces() -> None:
    asked = bot()
    trace = asked.reply("hello", SAMPLE)
    step = trace.steps[3]
    new = next(one for one in step.candidates if one.id not in (EOS_ID, step.id))
    *_, branched = asked.branch(trace, 3, new.id)
    sides = (asked.checkpoint, trace), (asked.checkpoint, branched)
    parted, agreed, preferred = told(*sides)
    assert parted == f"They part at step 4: “{step.piece}” against “{new.piece}”."
    assert agreed == "Both choose from the same probabilities at every step."
    assert preferred.startswith("The model itself finds the first reply ")
    likelier = trace.logprob > branched.logprob
    assert ("bits more likely" in preferred) == likelier
    (differ,) = differences(trace, branched)
    assert differ == f"pieces forced none against “{new.piece}”"


def test_how_near_they_were_before_they_part_and_where_they_do_is_told() -> None:
    asked = bot()
    first = asked.reply("hello", SAMPLE)
    new = first.steps[2].candidates[0 if first.steps[2].rank else 1].id
    options = dataclasses.replace(SAMPLE, temperature=3.0, prefix_ids=(*first.ids[:2], new))
    one, two = (asked.checkpoint, first), (asked.checkpoint, asked.reply("hello", options))
    along = compare(one, two).along
    assert along is not None
    before = max(float(each.shown.kl[:2].max()) for each in along)
    agreed = told(one, two)[1]
    assert agreed.startswith(f"Up to there the two agree to within {before:.2f} bits a step; ")
    assert f"at step 3 they are {float(along[0].shown.kl[2]):.2f} bits apart." in agreed


def test_a_reply_that_is_cut_off_and_one_that_is_the_same_are_told() -> None:
    asked = bot()
    trace = asked.reply("hello", SAMPLE)
    short = dataclasses.replace(trace, steps=trace.steps[:2], finish_reason="length")
    whole, cut = (asked.checkpoint, trace), (asked.checkpoint, short)
    goes_on = f"goes on with “{trace.steps[2].piece}”."
    assert told(cut, whole)[0].endswith(f"step 3: the first is over before it, the other {goes_on}")
    assert told(whole, cut)[0].endswith(
        f"step 3: the second is over before it, the other {goes_on}"
    )
    same = told(whole, whole)
    assert same[0] == "Both write the same reply, piece for piece."
    assert len(same) == 2
    assert differences(trace, trace) == []


def test_every_difference_is_named() -> None:
    trace = bot(1).reply("hello", SAMPLE)
    options = DecodingOptions(method="beam", beam_size=3, min_len=2, max_len=9, no_repeat_ngram=2)
    other = dataclasses.replace(bot(2).reply("hello there"), options=options)
    differ = " · ".join(differences(trace, other))
    for words in (
        "model random (11111111) against random (22222222)",
        "message “hello” against “hello there”",
        "method “drawn at random” against “found by beam search”",
        "shortest reply none against 2",
        "longest reply 8 against 9",
        "no repeated run of off against 2",
        "beam size 5 against 3",
    ):
        assert words in differ
    assert "temperature" not in differ
    assert "seed" not in differ
    again = dataclasses.replace(trace, options=dataclasses.replace(SAMPLE, seed=2))
    assert differences(trace, again) == ["seed 1 against 2"]


def test_a_difference_in_any_setting_that_changes_a_choice_is_told() -> None:
    told_of = set(DecodingOptions().to_dict()) - {"seed", "prefix_ids", "candidates"}
    values = {"method": "greedy", "personality": "witty", "top_p": 0.5}
    written = bot().reply("hello", SAMPLE)
    for name in sorted(told_of):
        method = "beam" if name in ("beam_size", "length_penalty") else "sample"
        options = dataclasses.replace(SAMPLE, method=method)
        trace = dataclasses.replace(written, options=options)
        changed = dataclasses.replace(options, **{name: values.get(name, 3)})
        (differ,) = differences(trace, dataclasses.replace(trace, options=changed))
        assert " against " in differ


def test_a_reply_that_has_not_begun_draws_nothing() -> None:
    asked = bot()
    trace = asked.reply("hello", SAMPLE)
    empty = dataclasses.replace(trace, steps=())
    for one, two in ((trace, empty), (empty, trace)):
        assert compare_payload(asked.checkpoint, one, asked.checkpoint, two, "A", "B") == ""


def test_a_trace_of_other_weights_is_refused() -> None:
    left, right = bot(1), bot(2)
    trace = left.reply("hello", SAMPLE)
    with pytest.raises(ValueError, match="load the one that wrote it"):
        compare_payload(left.checkpoint, trace, right.checkpoint, trace, "A", "B")
