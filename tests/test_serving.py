"""What a server gives a stranger: bounded work and time, bounded memory, no paths, one reply."""

from __future__ import annotations

import copy
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seq2seq import Chatbot, DecodingOptions
from seq2seq.serving import (
    SAFE_LAUNCH,
    CheckpointError,
    Shelf,
    Visit,
    answer,
    converse,
    converse_from,
    options_from_controls,
    talk,
    with_label,
)
from seq2seq.serving.visit import KEPT, WHOLE, Turn


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


class Slow:
    """A chatbot that takes its time for each piece, and tells whether its stream was closed."""

    name = "slow"

    def __init__(self, bot: Chatbot, seconds: float) -> None:
        self.bot, self.seconds, self.closed = bot, seconds, False
        self.config = bot.config

    def stream(self, *arguments: Any, **settings: Any) -> Iterator[Any]:
        try:
            for trace in self.bot.stream(*arguments, **settings):
                time.sleep(self.seconds)
                yield trace
        finally:
            self.closed = True


def shelf_of(chatbot: Any) -> Shelf:
    return Shelf([Path("slow")], lambda _: chatbot)


def test_the_endpoint_refuses_work_beyond_its_limits(bot: Chatbot) -> None:
    most = {"max_len": 100, "candidates": 50, "beam_size": 16}
    assert len(answer(shelf_of(bot), "hello", "", most)["steps"][0]["candidates"]) == 50
    for name, value in most.items():
        expected = f"{name} is {value + 1}; it must be at least 1 and at most {value}"
        with pytest.raises(ValueError, match=re.escape(expected)):
            answer(shelf_of(bot), "hello", "", {name: value + 1})
        with pytest.raises(ValueError, match=re.escape(expected)):
            options_from_controls({name: value + 1})


def test_the_endpoint_stops_a_reply_that_takes_too_long(bot: Chatbot) -> None:
    slow = Slow(bot, 0.05)
    record = answer(shelf_of(slow), "hello", "", {"min_len": 60}, seconds=0.12)
    assert record["finish_reason"] == "stopped"
    assert 1 <= len(record["steps"]) <= 4
    assert slow.closed
    assert answer(shelf_of(Slow(bot, 0)), "hello", "", {})["finish_reason"] == "eos"


def test_slow_motion_ends_when_its_time_is_up(bot: Chatbot) -> None:
    visit = Visit()
    started = time.monotonic()
    drawn = list(talk(bot, visit, "hello", DecodingOptions(min_len=50), pace=1.0, seconds=0.2))
    assert time.monotonic() - started < 1
    assert "took too long" in visit.view().splitlines()[-1]
    assert visit.writing is None
    assert len(drawn) == 3


@pytest.mark.parametrize("pace", ["abc", "", None, True, float("nan"), float("inf"), [1]])
def test_a_pace_that_is_no_number_is_refused(bot: Chatbot, pace: object) -> None:
    visit = Visit()
    with pytest.raises(ValueError, match=r"The pace is .*; it must be a number"):
        converse(bot, visit, "hello", {"pace": pace})
    assert visit.turns == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2.5])
def test_no_whole_number_is_made_of_what_is_none(value: float) -> None:
    with pytest.raises(ValueError, match=r"max_len is .*; it must be a whole number"):
        options_from_controls({"max_len": value})


def test_labels_stand_for_option_names_only() -> None:
    labels = {"seed": "Seed", "min_len": "Minimum length"}
    assert with_label("min_len is 9", labels) == "Minimum length is 9"
    assert with_label("The seed is odd", labels) == "The seed is odd"
    assert with_label("Never", labels) == "Never"


def test_a_reply_is_kept_as_packed_text_alone(bot: Chatbot) -> None:
    visit = Visit()
    for _ in converse(bot, visit, "hello", {"min_len": 100, "max_len": 100}):
        pass
    (turn,) = visit.turns
    kinds = {type(value) for value in vars(turn).values()}
    assert kinds <= {int, str, bytes, bool, float, tuple, type(None)}
    assert len(turn.lines()) > 30_000
    assert len(turn.packed) < 60_000
    assert KEPT * int(SAFE_LAUNCH["state_session_capacity"]) <= 4000


def test_a_visit_can_be_copied_as_page_libraries_do(bot: Chatbot) -> None:
    visit = Visit()
    list(talk(bot, visit, "hello", DecodingOptions()))
    assert copy.deepcopy(visit).view() == visit.view() != ""


def test_an_earlier_reply_opens_as_it_was(bot: Chatbot) -> None:
    visit = Visit()
    list(talk(bot, visit, "hello", DecodingOptions()))
    _, *first = visit.view().splitlines()
    list(talk(bot, visit, "goodbye", DecodingOptions()))
    visit.shown = 1
    replies, *again = visit.view().splitlines()
    assert again == first
    listed = json.loads(replies)["replies"]
    assert [(one["number"], one["message"]) for one in listed] == [(1, "hello"), (2, "goodbye")]


def test_only_the_last_replies_keep_their_states(bot: Chatbot) -> None:
    visit = Visit()
    for _ in range(WHOLE + 2):
        list(talk(bot, visit, "hello", DecodingOptions()))
    assert list(visit.whole) == [3, 4, 5]
    for turn in visit.turns:
        trace = visit.trace_of(turn)
        assert trace.to_dict()["steps"] == bot.reply("hello").to_dict()["steps"]
        assert (trace.steps[0].state is None) == (turn.number not in visit.whole)


def branched(bot: Chatbot, visit: Visit, number: int, step: int) -> Turn:
    turn = visit.find(number)
    assert turn is not None
    taken = visit.trace_of(turn).steps[step]
    other = next(c.id for c in taken.candidates if c.id != taken.id and c.id > 20)
    list(converse_from(bot, visit, number, step, other))
    return visit.turns[-1]


def test_a_branch_is_another_version_and_the_old_one_stays(bot: Chatbot) -> None:
    visit = Visit()
    for message in ("hello", "goodbye"):
        list(talk(bot, visit, message, DecodingOptions(max_len=8)))
    old = visit.turns[0].reply
    new = branched(bot, visit, 1, 1)
    assert (new.answers, new.left, new.message) == (1, (1, 1), "hello")
    assert visit.turns[0].reply == old != new.reply
    assert visit.shown == new.number
    assert [turn.reply for turn in visit.exchanges()] == [new.reply, visit.turns[1].reply]
    assert visit.history()[:2] == ["hello", new.reply]
    visit.show(visit.turns[0])
    assert visit.history()[:2] == ["hello", old]
    assert len(visit.chat()) == 4


def test_a_branch_of_a_reply_whose_states_are_gone_is_the_same(bot: Chatbot) -> None:
    visit = Visit()
    options = DecodingOptions(method="sample", seed=3, temperature=1.5, max_len=9, min_len=9)
    list(talk(bot, visit, "hello", options))
    first = branched(bot, visit, 1, 2)
    visit.whole.clear()
    assert branched(bot, visit, 1, 2).reply == first.reply


@pytest.mark.parametrize(
    ("number", "step", "id"),
    [(2, 0, 30), ("1", 0, 30), (1, -1, 30), (1, 99, 30), (1, 0.5, 30), (1, None, 30), (1, 0, "x"),
     (1, 0, True), (1, 0, -1), (1, 0, 10**9), (1, 0, 0), (None, None, None)],
)  # fmt: skip
def test_a_forged_branch_is_refused_and_changes_nothing(
    bot: Chatbot, number: object, step: object, id: object
) -> None:
    visit = Visit()
    list(talk(bot, visit, "hello", DecodingOptions()))
    before = copy.deepcopy(visit)
    with pytest.raises(ValueError, match=r"[Tt]hat|step|prefix_ids"):
        converse_from(bot, visit, number, step, id)
    assert (visit.turns, visit.shown, visit.chosen) == (before.turns, 1, before.chosen)
    assert visit.writing is None


def test_a_reply_that_is_being_written_cannot_be_left(bot: Chatbot) -> None:
    visit = Visit()
    turns = talk(bot, visit, "hello", DecodingOptions(), pace=0.05)
    for _ in range(3):
        next(turns)
    with pytest.raises(ValueError, match="not finished yet"):
        converse_from(bot, visit, 1, 0, 30)
    list(turns)


def test_a_second_reply_cannot_begin_before_the_first_is_drawn(bot: Chatbot) -> None:
    visit = Visit()
    first = converse(bot, visit, "hello", {})
    with pytest.raises(ValueError, match="still being written"):
        converse(bot, visit, "goodbye", {})
    assert [turn.message for turn in visit.turns] == ["hello"]
    list(first)
    list(converse(bot, visit, "goodbye", {}))
    assert len(visit.turns) == 2


def test_of_many_at_once_one_begins() -> None:
    visit, refused = Visit(), []
    gate = threading.Barrier(8)

    def begin() -> None:
        gate.wait()
        try:
            visit.begin("hello")
        except ValueError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), visit.count) == (7, 1)


def test_a_reply_dropped_before_its_first_piece_frees_the_visit(bot: Chatbot) -> None:
    visit = Visit()
    turns = converse(bot, visit, "hello", {})
    turns.close()  # type: ignore[attr-defined]
    assert visit.writing is None
    assert visit.turns == []


def test_an_aborted_retry_leaves_the_first_reply_in_the_history(bot: Chatbot) -> None:
    visit = Visit()
    list(converse(bot, visit, "hello", {}))
    told = visit.history()
    assert told[0] == "hello"
    converse(bot, visit, "hello", {}, again=True).close()  # type: ignore[attr-defined]
    assert visit.history() == told


def test_a_retry_without_words_leaves_the_first_reply_in_the_history() -> None:
    visit = Visit()
    for reply, again in (("Hi!", False), ("", True)):
        turn = visit.begin("hello", again=again)
        turn.reply = reply
        visit.finish(turn)
    assert visit.history() == ["hello", "Hi!"]


def test_a_retry_hears_what_was_said_before_its_message(bot: Chatbot) -> None:
    heard: list[list[str]] = []

    def stream(message: str, options: object, *, history: list[str]) -> Iterator[Any]:
        heard.append(history)
        return bot.stream(message, history=history)

    listening: Any = SimpleNamespace(stream=stream, config=bot.config, checkpoint=bot.checkpoint)
    visit = Visit()
    for message, again in (("hello", False), ("goodbye", False), ("goodbye", True)):
        list(converse(listening, visit, message, {}, again=again))
    list(converse(listening, visit, "goodbye", {}, again=True))
    before = ["hello", bot.reply("hello").reply]
    assert heard == [[], before, before, before]
    assert visit.history() == [*before, "goodbye", visit.turns[-1].reply]


def test_troubles_name_the_folder_but_no_path(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "shown here"
    folder.mkdir()

    def load(path: Path) -> Any:
        raise OSError(f"{path / 'config.json'} and {path} are odd: see '/usr/share/secret/x.so'")

    shelf = Shelf([folder], load)
    with caplog.at_level(logging.ERROR), pytest.raises(CheckpointError) as refused:
        shelf.get("shown here")
    told = str(refused.value)
    assert told.endswith("shown here/config.json and shown here are odd: see 'x.so'")
    assert str(folder / "config.json") in caplog.text


def test_a_broken_folder_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    with pytest.raises(CheckpointError) as refused:
        Shelf([tmp_path / "broken"]).get("broken")
    assert "broken/config.json" in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_the_beginning_that_a_visitor_types_is_forced(bot: Chatbot) -> None:
    visit = Visit()
    list(converse(bot, visit, "hello", {"begin": " Soup is "}))
    trace = visit.trace_of(visit.turns[0])
    assert trace.reply.startswith("Soup is")
    forced = [step.forced for step in trace.steps]
    assert forced == [True] * len(trace.options.prefix_ids) + [False] * (
        len(trace.steps) - len(trace.options.prefix_ids)
    )
    with pytest.raises(ValueError, match="begin has 201 characters"):
        converse(bot, visit, "hello", {"begin": "x" * 201})
    with pytest.raises(ValueError, match="max_len allows 2 steps"):
        converse(bot, visit, "hello", {"begin": "I like old movies best.", "max_len": 2})
    assert len(visit.turns) == 1
