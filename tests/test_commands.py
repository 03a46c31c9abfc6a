"""The command line: what each command prints, and one line with exit code 2 on bad use."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from contract import FIGURES

from seq2seq.__main__ import COMMANDS, main
from seq2seq.chatbot import Chatbot
from seq2seq.options import DecodingOptions

ROWS = [
    {"message": "hello", "reply": "Hi there! How are you today?"},
    {"message": "goodbye", "reply": "See you soon!"},
    {"message": "are you a robot?", "reply": "No."},
]


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, expected: int = 2) -> str:
    """The single line that bad use, or a failure, gives on standard error."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert code == expected
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err.startswith("python -m seq2seq")
    assert "Traceback" not in err
    return err


def say(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_chat_prints_the_reply(tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "hello", "--checkpoint", str(tiny_checkpoint)]) == 0
    out, err = capsys.readouterr()
    assert out == "Hi there! How are you today?\n"
    assert err == ""


def test_chat_json_is_the_trace(
    bot: Chatbot, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = (
        "--method sample --max-len 9 --min-len 2 --temperature 1.5 --top-k 50 --top-p 0.9 "
        "--repetition-penalty 1.1 --no-repeat-ngram 2 --seed 5 --candidates 3 --prefix-ids 300 301"
    )
    arguments = ["chat", "hello", "--checkpoint", str(tiny_checkpoint), "--json", *flags.split()]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    found = json.loads(out)
    options = DecodingOptions(
        method="sample",
        max_len=9,
        min_len=2,
        temperature=1.5,
        top_k=50,
        top_p=0.9,
        repetition_penalty=1.1,
        no_repeat_ngram=2,
        seed=5,
        candidates=3,
        prefix_ids=(300, 301),
    )
    assert found["options"] == options.to_dict()
    expected = bot.reply("hello", options).to_dict()
    del found["timings_ms"], expected["timings_ms"]
    assert found == expected


def test_every_decoding_option_has_a_flag_and_its_default(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chat", "hello", "--checkpoint", str(tiny_checkpoint), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["options"] == DecodingOptions().to_dict()


def test_chat_answers_each_line_of_standard_input(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, "hello\n  goodbye  \ntell me a joke")
    assert main(["chat", "--checkpoint", str(tiny_checkpoint)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Hi there! How are you today?",
        "See you soon!",
        "A penguin walks into a bar.",
    ]


def test_an_empty_line_ends_the_conversation(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, "goodbye\n\nhello\n")
    assert main(["chat", "--checkpoint", str(tiny_checkpoint)]) == 0
    assert capsys.readouterr().out == "See you soon!\n"


def test_a_conversation_as_json_is_a_trace_a_line(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, "안녕\nhello\n")
    assert main(["chat", "--checkpoint", str(tiny_checkpoint), "--json"]) == 0
    traces = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [trace["message"] for trace in traces] == ["안녕", "hello"]


def test_a_conversation_gives_the_bot_its_history(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, stream = [], Chatbot.stream

    def listening(bot: Chatbot, message: str, *rest: object, history: list[str]) -> object:
        heard.append(list(history))
        return stream(bot, message, *rest, history=history)

    monkeypatch.setattr(Chatbot, "stream", listening)
    say(monkeypatch, "goodbye\nhello\n")
    assert main(["chat", "--checkpoint", str(tiny_checkpoint)]) == 0
    assert heard == [[], ["goodbye", "See you soon!"]]


def test_a_message_of_undecodable_bytes_is_answered(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Python hands bytes of the command line that are not UTF-8 on as lone surrogates.
    for json_flag in ([], ["--json"]):
        arguments = ["chat", "caf\udce9", "--checkpoint", str(tiny_checkpoint), *json_flag]
        assert main(arguments) == 0
        assert capsys.readouterr().out.endswith("\n")


def test_evaluate_prints_its_figures_as_json(
    tiny_checkpoint: Path, pairs_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--pairs", str(pairs_file)]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == FIGURES
    assert found["pairs"] == 3
    assert found["exact_match"] == pytest.approx(2 / 3)
    assert all(isinstance(value, (int, float)) for value in found.values())


def test_evaluate_prints_its_figures_for_people(
    tiny_checkpoint: Path, pairs_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--pairs", str(pairs_file)]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == FIGURES
    assert dict(line.split() for line in lines)["pairs"] == "3"


def test_evaluate_decodes_as_it_is_told(
    tiny_checkpoint: Path, pairs_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--pairs", str(pairs_file)]
    assert main([*arguments, "--json", "--max-len", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["exact_match"] == 0.0


def test_evaluate_takes_personality_and_history_beside_a_pair(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "more.jsonl"
    rows = [{**row, "personality": "witty", "history": ["a", "b"]} for row in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--pairs", str(path), "--json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exact_match"] == pytest.approx(2 / 3)


def corpus(tmp_path: Path, count: int = 400) -> Path:
    path = tmp_path / "corpus.jsonl"
    rows = [{"message": f"question number {i}?", "reply": f"답 {i}"} for i in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_pairs_writes_the_splits_of_a_corpus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, found = corpus(tmp_path), {}
    for split in ("train", "valid", "test"):
        assert main(["pairs", "--corpus", str(path), "--split", split]) == 0
        lines = capsys.readouterr().out.splitlines()
        found[split] = {tuple(json.loads(line).items()) for line in lines}
        assert found[split]
    messages = [dict(row)["message"] for rows in found.values() for row in rows]
    assert sorted(messages) == sorted(f"question number {i}?" for i in range(400))
    assert all(dict(row)["reply"].startswith("답") for row in found["test"])


def test_pairs_writes_a_file_that_evaluate_reads(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ["pairs", "--corpus", str(corpus(tmp_path)), "--split", "train", "--limit", "5"]
    assert main([*arguments, "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 5
    assert all({"message", "reply"} <= row.keys() for row in rows)
    evaluate = ["evaluate", "--checkpoint", str(tiny_checkpoint), "--pairs", str(out), "--json"]
    assert main([*evaluate, "--max-len", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"] == 5


def test_the_pairs_drawn_are_the_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["pairs", "--corpus", str(corpus(tmp_path)), "--split", "train", "--limit", "9"]

    def drawn(seed: str) -> str:
        assert main([*arguments, "--seed", seed]) == 0
        return capsys.readouterr().out

    assert drawn("1") == drawn("1")
    assert drawn("1") != drawn("2")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--max-len 0", "max_len is 0; it must be at least 1 and at most 500"),
        ("--temperature 0", "temperature is 0"),
        ("--temperature nan", "temperature is nan"),
        ("--top-p 1.5", "top_p is 1.5"),
        ("--top-k -1", "top_k is -1"),
        ("--candidates 0", "candidates is 0"),
        ("--seed -1", "seed is -1"),
        ("--min-len 70", "min_len is 70"),
        ("--prefix-ids 1", "<unk>"),
        ("--prefix-ids -1", "-1"),
        ("--prefix-ids 999999", "999999"),
        ("--top-k two", "two"),
        ("--top-k 2.5", "2.5"),
        ("--method best", "best"),
        ("--no-such-flag", "--no-such-flag"),
        ("--seed", "--seed"),
    ],
)
def test_a_bad_decoding_option_is_one_line(
    tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], flags: str, message: str
) -> None:
    arguments = ["chat", "hello", "--checkpoint", str(tiny_checkpoint), *flags.split()]
    assert message in refused(capsys, *arguments)


def test_bad_use_of_chat_is_one_line(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "empty" in refused(capsys, "chat", " ", "--checkpoint", str(tiny_checkpoint))
    missing = str(tmp_path / "nowhere")
    assert missing in refused(capsys, "chat", "hello", "--checkpoint", missing)
    assert "--checkpoint" in refused(capsys, "chat", "hello")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "config.json").write_text("{\n\n")
    bad = str(tmp_path / "bad")
    assert "config.json is not JSON" in refused(capsys, "chat", "hello", "--checkpoint", bad)


def test_bad_use_of_evaluate_is_one_line(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def error(content: str | None) -> str:
        path = tmp_path / "pairs.jsonl"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content, encoding="utf-8")
        checkpoint = str(tiny_checkpoint)
        return refused(capsys, "evaluate", "--checkpoint", checkpoint, "--pairs", str(path))

    assert "pairs.jsonl" in error(None)
    assert "pairs.jsonl" in error("")
    assert "pairs.jsonl" in error("not json\n")
    assert "pairs.jsonl" in error('{"message": "hi"}\n')
    assert "--pairs" in refused(capsys, "evaluate", "--checkpoint", str(tiny_checkpoint))


def test_bad_use_of_pairs_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(corpus(tmp_path))
    assert "--limit is 0" in refused(capsys, "pairs", "--corpus", path, "--limit", "0")
    assert "--corpus" in refused(capsys, "pairs")
    assert "dev" in refused(capsys, "pairs", "--corpus", path, "--split", "dev")
    missing = str(tmp_path / "no.jsonl")
    assert missing in refused(capsys, "pairs", "--corpus", missing)
    nowhere = str(tmp_path / "nowhere" / "out.jsonl")
    assert nowhere in refused(capsys, "pairs", "--corpus", path, "--out", nowhere)


def test_a_failure_to_write_is_one_line_with_exit_code_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, folder = str(corpus(tmp_path)), str(tmp_path)
    assert folder in refused(capsys, "pairs", "--corpus", path, "--out", folder, expected=1)
    assert path in refused(capsys, "train", "--corpus", path, "--out", path, expected=1)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("", "--corpus and --out"),
        ("--corpus FILE", "--corpus and --out"),
        ("--resume OUT --corpus FILE", "--resume"),
        ("--resume OUT", "out"),
        ("--corpus FILE --out OUT --vocab-size 4", "vocab_size is 4"),
        ("--corpus FILE --out OUT --hidden-dim 0", "hidden_dim is 0"),
        ("--corpus FILE --out OUT --hidden-dim 7 --bidirectional", "hidden_dim is 7"),
        ("--corpus FILE --out OUT --attention self", "self"),
        ("--corpus FILE --out OUT --epochs 0", "epochs is 0"),
        ("--corpus FILE --out OUT --learning-rate -1", "learning_rate is -1"),
        ("--corpus FILE --out OUT --precision int8", "int8"),
    ],
)
def test_bad_use_of_train_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: str, message: str
) -> None:
    files = {"FILE": str(corpus(tmp_path, 40)), "OUT": str(tmp_path / "out")}
    arguments = [files.get(word, word) for word in flags.split()]
    assert message in refused(capsys, "train", *arguments)


@pytest.mark.parametrize("command", [*COMMANDS, None])
def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str], command: str | None) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"] if command else ["--help"])
    assert end.value.code == 0
    out, err = capsys.readouterr()
    assert err == ""
    for word in (f"seq2seq {command}", "--help") if command else COMMANDS:
        assert word in out


@pytest.mark.parametrize("arguments", [[], ["talk"], ["--version-of-nothing"]], ids=str)
def test_an_unknown_command_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert "--help" in refused(capsys, *arguments)
