"""The page's server side: visits, growing replies, checkpoints, limits, the safe layer, the CLI."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seq2seq import Chatbot, DecodingOptions
from seq2seq.serving import (
    CheckpointError,
    Harden,
    Shelf,
    Visit,
    answer,
    check_message,
    converse,
    find_checkpoints,
    options_from_controls,
    parse,
    talk,
)
from seq2seq.serving.visit import KEPT

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


def shown(visit: Visit) -> list[dict[str, Any]]:
    """The lines that draw the reply looked at."""
    return [json.loads(line) for line in visit.view().splitlines()]


def spent(turns: Iterator[Any]) -> int:
    return sum(1 for _ in turns)


def test_a_reply_is_recorded_with_its_pieces(bot: Chatbot) -> None:
    visit = Visit()
    assert spent(talk(bot, visit, "hello", DecodingOptions())) >= 2
    assert visit.writing is None
    kinds = [line["line"] for line in shown(visit)]
    assert kinds == ["replies", "reply", *["step"] * (len(kinds) - 3), "end"]
    assert shown(visit)[-1]["reason"] == "eos"
    assert visit.turns[0].reply == bot.reply("hello").reply
    assert [one["role"] for one in visit.chat()] == ["user", "assistant"]


def test_a_halted_reply_keeps_what_was_written(bot: Chatbot) -> None:
    visit = Visit()
    turns = talk(bot, visit, "hello", DecodingOptions(), pace=0.06)
    for _ in turns:
        if len(shown(visit)) == 4:
            visit.halt()
    assert shown(visit)[-1]["words"] == "Stopped by you"
    assert 2 <= len(shown(visit)) - 3 <= 3


def test_a_closed_reply_is_stopped_and_lets_the_next_one_begin(bot: Chatbot) -> None:
    visit = Visit()
    turns = talk(bot, visit, "hello", DecodingOptions())
    next(turns)
    next(turns)
    turns.close()  # type: ignore[attr-defined]
    assert visit.writing is None
    assert shown(visit)[-1]["reason"] == "stopped"


def test_a_reply_that_fails_takes_its_turn_back() -> None:
    def stream(*_: object, **__: object) -> Iterator[Any]:
        raise ValueError("broken")
        yield

    config = SimpleNamespace(n_layers=1, hidden_dim=2)
    scripted: Any = SimpleNamespace(name="x", config=config, stream=stream)
    visit = Visit()
    with pytest.raises(ValueError, match="broken"):
        spent(talk(scripted, visit, "hello", DecodingOptions()))
    assert visit.turns == []
    assert visit.writing is None


def test_clear_while_writing_leaves_nothing_behind(bot: Chatbot) -> None:
    visit = Visit()
    turns = talk(bot, visit, "hello", DecodingOptions())
    next(turns)
    visit.clear()
    spent(turns)
    assert visit.turns == []
    assert visit.view() == ""


def test_history_leaves_out_what_was_told_again(bot: Chatbot) -> None:
    visit = Visit()
    spent(talk(bot, visit, "hello", DecodingOptions()))
    spent(talk(bot, visit, "hello", DecodingOptions(), again=True))
    assert visit.history() == ["hello", visit.turns[1].reply]
    assert len(visit.turns) == 2


def test_a_visit_keeps_a_bounded_number_of_replies(bot: Chatbot) -> None:
    visit = Visit()
    for _ in range(KEPT + 2):
        spent(talk(bot, visit, "hello", DecodingOptions(max_len=1)))
    assert [turn.number for turn in visit.turns] == list(range(3, KEPT + 3))
    assert visit.find(1) is None
    assert visit.number_at(0) == 3


@pytest.mark.parametrize("number", [None, "1", 1.0, True, -1, 99, [1], {}])
def test_only_numbers_of_kept_replies_are_found(number: object) -> None:
    visit = Visit()
    visit.begin("hello")
    assert visit.find(number) is None


@pytest.mark.parametrize("index", [None, "0", -1, 2, [0, 0], 0.0])
def test_only_places_in_the_chat_lead_to_a_reply(index: object) -> None:
    visit = Visit()
    visit.begin("hello")
    assert visit.number_at(index) is None


@pytest.mark.parametrize(
    ("message", "words"),
    [("", "first"), (" \n", "first"), (3, "first"), ("x" * 2001, "2,001 characters")],
)
def test_messages_are_checked_in_words(message: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_message(message)


def test_controls_become_options() -> None:
    controls = {"method": "sample", "temperature": 0.5, "top_k": 4.0, "max_len": 9.0, "seed": " 7 "}
    options = options_from_controls(controls)
    assert (options.seed, options.top_k, options.max_len) == (7, 4, 9)
    assert options_from_controls({"seed": ""}).seed is None


@pytest.mark.parametrize(
    "controls",
    [
        {"seed": "-1"},
        {"seed": "x"},
        {"seed": "9" * 19},
        {"max_len": 101},
        {"top_p": 0},
        {"bogus": 1},
        {"max_len": "many"},
        {"min_len": 9, "max_len": 2},
    ],
)
def test_bad_controls_are_refused(controls: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        options_from_controls(controls)


def test_nothing_is_written_where_the_input_is_bad(bot: Chatbot) -> None:
    visit = Visit()
    with pytest.raises(ValueError, match="first"):
        converse(bot, visit, "  ", {"pace": 0})
    assert visit.turns == []


def test_checkpoints_are_found_with_the_english_one_first(tmp_path: Path) -> None:
    for name in ("zz", "en", "aa", "half"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").touch()
        if name != "half":
            (tmp_path / name / "model.safetensors").touch()
    assert [folder.name for folder in find_checkpoints(tmp_path)] == ["en", "aa", "zz"]
    assert find_checkpoints(tmp_path / "none") == []


def test_a_shelf_loads_once_and_names_what_is_broken() -> None:
    loads: list[str] = []

    def load(folder: Path) -> Any:
        loads.append(folder.name)
        if folder.name == "bad":
            raise ValueError("no\nweights")
        return folder.name

    shelf = Shelf([Path(name) for name in ("bad", "good", "other/good", "third/good")], load)
    assert shelf.names == ["bad", "good", "good-2", "good-3"]
    assert shelf.first() == "good"
    assert shelf.first() == "good"
    assert loads == ["bad", "good"]
    with pytest.raises(CheckpointError, match="'bad' cannot be used: no weights"):
        shelf.get("bad")
    with pytest.raises(CheckpointError, match="no checkpoint 'zz'; there are: bad, good"):
        shelf.get("zz")


def test_endpoint_answers_with_a_trace_and_refuses_in_words(tiny_checkpoint: Path) -> None:
    shelf = Shelf([tiny_checkpoint])
    assert answer(shelf, "hello", "", {})["checkpoint"]["name"] == tiny_checkpoint.name
    for arguments in (("", "", {}), ("hi", "zz", {}), ("hi", "", {"x": 1}), ("hi", 3, {})):
        with pytest.raises(ValueError, match=r"\w"):
            answer(shelf, *arguments)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        answer(Shelf([]), "hi", "", {})


def ask_safe_layer(path: str, headers: dict[str, str]) -> tuple[int, dict[bytes, bytes]]:
    async def inner(scope: Any, receive: Any, send: Callable[[Any], Any]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "headers": raw}
    asyncio.run(Harden(inner, max_body=10)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 200),
        ("/gradio_api/queue/join", {"content-length": "10"}, 200),
        ("/gradio_api/queue/join", {"content-length": "11"}, 413),
        ("/gradio_api/queue/join", {"content-length": "-1"}, 413),
        ("/gradio_api/queue/join", {"transfer-encoding": "chunked"}, 411),
        ("/gradio_api/upload", {}, 404),
        ("/gradio_api/upload_progress", {}, 404),
        ("/openapi.json", {}, 404),
    ],
)
def test_safe_layer_closes_routes_and_large_bodies(
    path: str, headers: dict[str, str], status: int
) -> None:
    found, sent = ask_safe_layer(path, headers)
    assert found == status
    assert b"default-src 'self'" in sent[b"content-security-policy"]


@pytest.mark.parametrize(
    "argv",
    [
        ["--port", "0"],
        ["--port", "x"],
        ["--checkpoint", "/no/such/folder"],
        ["--bogus"],
        ["--check"],
    ],
)
def test_bad_use_gives_one_line_and_code_two(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        parse(argv)
    assert left.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_arguments_leave_host_and_port_to_the_environment(tmp_path: Path) -> None:
    given = parse(["--checkpoint", str(tmp_path), "--checkpoint", str(tmp_path)])
    assert given.checkpoints == (tmp_path, tmp_path)
    assert (given.host, given.port) == (None, None)


def test_a_taken_port_gives_one_line_and_code_one(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "app.py", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            [*command, "--host", "127.0.0.1", "--checkpoint", str(tmp_path)],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot listen" in done.stderr


def test_the_command_line_is_read_before_a_page_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    import app

    built: list[object] = []
    monkeypatch.setattr(app, "build", built.append)
    with pytest.raises(SystemExit):
        app.main(["--help"])
    assert built == []
    assert not hasattr(app, "demo")


def test_a_checkpoint_that_cannot_be_described_still_opens_the_page(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    import gradio as gr

    import app

    odd = shutil.copytree(tiny_checkpoint, tmp_path / "odd")
    history = [{"step": 10**400, "train_loss": 1.0}]  # no float can hold such a step
    (odd / "metrics.json").write_text(json.dumps({"history": history}), encoding="utf-8")
    with gr.Blocks():
        page = app.Page(Shelf([odd]))
    told = page.welcome()
    assert "'odd' cannot be read" in told[page.notice]
    assert told[page.model] == "odd"
    assert page.describe("zz")[page.notice].startswith("There is no checkpoint 'zz'")


def test_a_refused_option_is_told_by_the_label_of_its_control(tiny_checkpoint: Path) -> None:
    import gradio as gr

    import app

    with gr.Blocks():
        page = app.Page(Shelf([tiny_checkpoint]))
    values = {name: control.value for name, control in page.controls.items()}
    values |= {"min_len": 9, "max_len": 2}
    visit = Visit()
    (told,) = page.say("hello", visit, tiny_checkpoint.name, *values.values())
    assert told[page.notice] == "Minimum length is 9; it must be at least 0 and at most 2"
    assert told[page.box] == "hello"
    assert visit.turns == []
