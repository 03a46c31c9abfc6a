"""The user's own files: what is read, and that a malformed row names its file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.corpora import CorpusError, Dialogue, Pair, load_corpus, pairs_of, read_pairs


def load(path: Path, content: str | bytes) -> list[Dialogue]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load_corpus(str(path))[0]


def pairs(dialogues: list[Dialogue], max_history: int = 9) -> list[Pair]:
    return [pair for dialogue in dialogues for pair in pairs_of(dialogue, max_history)]


def test_jsonl_holds_pairs_and_dialogues(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"message": "hi", "reply": "안녕, \u2028 you", "personality": "witty", "note": 3},
        {"message": "and you?", "reply": "fine", "history": ["hi", "how are you?"]},
        {"turns": ["a", "b", "c"]},
    ]
    text = "\ufeff" + "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    name = "my chat.jsonl"
    assert pairs(load(tmp_path / name, text)) == [
        Pair("hi", "안녕, you", (), "witty", name),
        Pair("and you?", "fine", ("hi", "how are you?"), None, name),
        Pair("a", "b", (), None, name),
        Pair("b", "c", ("a",), None, name),
    ]


def test_csv_reads_quoted_commas_quotes_and_newlines(tmp_path: Path) -> None:
    text = (
        '\ufeffid,message,reply,personality\r\n1,"hi, ""you""","two\r\nlines",\r\n2,NA,1,caring\r\n'
    )
    assert pairs(load(tmp_path / "own.csv", text)) == [
        Pair('hi, "you"', "two lines", (), None, "own.csv"),
        Pair("NA", "1", (), "caring", "own.csv"),
    ]


def test_own_pairs_are_kept_as_they_are(tmp_path: Path) -> None:
    text = "message,reply\necho,echo\nlink,https://example.org\nHi {name},[1]\n"
    assert [p.reply for p in pairs(load(tmp_path / "a.csv", text))] == [
        "echo", "https://example.org", "[1]",
    ]  # fmt: skip


def test_equal_phrasings_share_a_key_and_dialogues_have_their_own(tmp_path: Path) -> None:
    rows = [
        {"message": "Hello!", "reply": "a"},
        {"message": "hello?", "reply": "b"},
        {"turns": ["hello", "c"]},
        {"turns": ["hello", "d"]},
    ]
    found = load(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert found[0].key == found[1].key == "hello"
    assert len({dialogue.key for dialogue in found}) == 3


GOOD = '{"message": "a", "reply": "b"}\n'


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        ('{"message": "a", "reply": ', "not JSON"),
        ("hello", "not JSON"),
        ("[1, 2]", "found a list"),
        ('{"message": "a", "answer": "b"}', "no 'reply', only 'message', 'answer'"),
        ("{}", "no 'message', only nothing"),
        ('{"message": 3, "reply": "b"}', "message is 3; expected a text"),
        ('{"message": "a", "reply": null}', "reply is None; expected a text"),
        ('{"message": "a", "reply": "b", "history": "c"}', "history is 'c'; expected a list"),
        ('{"message": "a", "reply": "b", "history": [1]}', "history is [1]; expected a list"),
        ('{"message": "a", "reply": "b", "personality": 7}', "personality is 7"),
        ('{"turns": ["a"]}', "turns has 1; expected two or more"),
        ('{"turns": "ab"}', "turns is 'ab'; expected a list"),
        ('{"turns": [{"text": "a"}, "b"]}', "expected a list of texts"),
        ('{"turns": ["a", "b"], "reply": "c"}', "both turns and message or reply"),
    ],
)
def test_a_malformed_jsonl_row_names_file_and_line(tmp_path: Path, bad: str, wrong: str) -> None:
    path = tmp_path / "own.jsonl"
    with pytest.raises(CorpusError) as caught:
        load(path, GOOD + "\n" + bad + "\n" + GOOD)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert wrong in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "wrong"),
    [
        ("question,answer\na,b\n", 1, "needs one column 'message'"),
        ("message,reply,reply\na,b,c\n", 1, "needs one column 'reply'"),
        ("message,reply\na,b\nc\n", 3, "1 fields; expected 2"),
        ("message,reply\na,b\nc,d,e\n", 3, "3 fields; expected 2"),
        ('message,reply\n"a\n\nb",c\nd\n', 5, "1 fields; expected 2"),
        ('message,reply\r\n"a\r\nb",c\r\n\r\nd,"e\r\nf",g\r\n', 5, "3 fields; expected 2"),
        ('message,reply\na,b\nc,"d\ne,f\ng,h\n', 3, "not CSV"),
        ('message,reply\na,"b" c\n', 2, "not CSV"),
    ],
)
def test_a_malformed_csv_row_names_file_and_line(
    tmp_path: Path, text: str, line: int, wrong: str
) -> None:
    path = tmp_path / "own.csv"
    with pytest.raises(CorpusError) as caught:
        load(path, text)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert wrong in str(caught.value)


@pytest.mark.parametrize("name", ["own.jsonl", "own.csv"])
def test_another_encoding_names_the_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorpusError, match=r"line 3: not UTF-8.*save the file as UTF-8"):
        load(tmp_path / name, b"\xef\xbb\xbfmessage,reply\r\na,b\r\nna\xefve,c\r\n")


@pytest.mark.parametrize("name", ["own.jsonl", "own.csv"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \n"])
def test_an_empty_file_is_a_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(CorpusError, match=rf"{name} is empty"):
        load(tmp_path / name, content)


def test_a_file_of_which_nothing_is_left_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nothing is left to learn from \(.*empty turn"):
        load(tmp_path / "own.jsonl", '{"message": " ", "reply": "b"}')
    with pytest.raises(CorpusError, match="nothing is left"):
        load(tmp_path / "own.csv", "message,reply\n")


def test_missing_files_and_other_suffixes_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl does not exist"):
        load_corpus(str(tmp_path / "none.jsonl"))
    with pytest.raises(CorpusError, match=r"own\.txt: .*must end in \.jsonl or \.csv"):
        load(tmp_path / "own.txt", GOOD)


def test_pairs_to_evaluate_on_are_read_just_as_they_stand(tmp_path: Path) -> None:
    rows = [
        {"message": "a &amp; b", "reply": "a &amp; b"},
        {"message": "a &amp; b", "reply": "a &amp; b"},
        {"message": "long", "reply": "x" * 3000},
        {"message": "why?", "reply": "so", "history": ["one", "two"]},
        {"turns": ["hi", "hello", "bye"]},
    ]
    path = tmp_path / "pairs.txt"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    pairs = read_pairs(path)
    assert [(pair.message, pair.reply) for pair in pairs] == [
        ("a &amp; b", "a &amp; b"),
        ("a &amp; b", "a &amp; b"),
        ("long", "x" * 3000),
        ("why?", "so"),
        ("hi", "hello"),
        ("hello", "bye"),
    ]
    assert [pair.history for pair in pairs[3:]] == [("one", "two"), (), ("hi",)]


@pytest.mark.parametrize(
    "row", ['{"message": " ", "reply": "x"}', '{"message": 1' + "0" * 5000 + "}"]
)
def test_a_row_that_cannot_be_evaluated_names_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"message": "a", "reply": "b"}\n' + row + "\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"pairs.jsonl, line 2: "):
        read_pairs(path)


def test_rows_of_one_conversation_share_its_split(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    rows = [
        {"message": "how is it going", "reply": "fine"},
        {"history": ["How is it going?", "fine"], "message": "and now?", "reply": "still fine"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    first, second = load_corpus(str(path))[0]
    assert first.key == second.key
