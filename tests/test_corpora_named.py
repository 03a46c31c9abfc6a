"""The named corpora: each loader, upstream's rules, and fetching from a stand-in server."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_corpora_upstream import PHRASINGS, serving, upstream_files, write_corpora

from seq2seq.corpora import (
    CORPORA,
    PERSONALITIES,
    SPLITS,
    CorpusError,
    Reason,
    load_corpus,
    split_dialogues,
    split_of,
)


@pytest.fixture
def corpus_dir(tmp_path: Path) -> Path:
    return write_corpora(tmp_path / "corpora [copy]")


def turns_of(name: str, corpus_dir: Path, **options: object) -> list[tuple[str, ...]]:
    return [d.turns for d in load_corpus(name, corpus_dir=corpus_dir, **options)[0]]


def test_self_dialogue_orders_sentences_and_obeys_rejections_and_blocks(corpus_dir: Path) -> None:
    dialogues, cleaning = load_corpus("self_dialogue", corpus_dir=corpus_dir)
    assert [d.turns for d in dialogues] == [
        ("first", "second", "third", "tenth"),
        ("Do you like it?", "NA"),
    ]
    assert [d.key for d in dialogues] == ["A1", "A2"]
    assert cleaning.dropped("self_dialogue", Reason.REJECTED) == 2
    assert cleaning.dropped("self_dialogue", Reason.BLOCKED) == 1
    assert cleaning.dropped("self_dialogue", Reason.EMPTY) == 0


def test_self_dialogue_needs_no_worker_ids(corpus_dir: Path) -> None:
    path = corpus_dir / "self_dialogue/corpus/action/one.csv"
    path.write_text("AssignmentId,AssignmentStatus,Answer.sentence1,Answer.sentence2\nA,,hi,ho\n")
    (corpus_dir / "self_dialogue/blocked_workers.txt").unlink()
    assert turns_of("self_dialogue", corpus_dir) == [("hi", "ho")]


def test_byu_chitchat_joins_a_turns_messages_and_cuts_out_talk_about_the_site(
    corpus_dir: Path,
) -> None:
    dialogues, cleaning = load_corpus("byu_chitchat", corpus_dir=corpus_dir)
    assert [d.turns for d in dialogues] == [
        ("Hello. How are you?", "good and you?"),
        ("so what do you study", "math"),
    ]
    assert {d.key for d in dialogues} == {"b1"}
    assert cleaning.dropped("byu_chitchat", Reason.WEBSITE) == 1


def test_synthetic_persona_chat_drops_placeholders_and_reads_speakers(corpus_dir: Path) -> None:
    dialogues, cleaning = load_corpus("synthetic_persona_chat", corpus_dir=corpus_dir)
    assert [d.turns for d in dialogues] == [
        ("Nice to meet you.", "I am Ann."),
        ("*waves* bye for now", "Bye!"),
    ]
    assert len({d.key for d in dialogues}) == 1
    assert cleaning.dropped("synthetic_persona_chat", Reason.PLACEHOLDER) == 1
    assert cleaning.dropped("synthetic_persona_chat", Reason.NARRATION) == 1


def test_topical_chat_keeps_upstreams_ids(corpus_dir: Path) -> None:
    (dialogue,), _ = load_corpus("topical_chat", corpus_dir=corpus_dir)
    assert dialogue.key == "t_test_freq"
    assert dialogue.turns == ("Did you know test_freq?", "No!", "It is true.")


def test_korean_chatbot_data_keys_the_question(corpus_dir: Path) -> None:
    dialogues, _ = load_corpus("korean_chatbot_data", corpus_dir=corpus_dir)
    assert [d.turns for d in dialogues] == [("배고파", "뭐 좀 챙겨드세요."), ("안녕", "반가워요.")]
    assert dialogues[0].key == "배고파"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_personality_chat_pairs_every_phrasing_with_the_answer(
    corpus_dir: Path, language: str
) -> None:
    dialogues, _ = load_corpus(f"personality_chat_{language}", corpus_dir=corpus_dir)
    answer = "friendly says see this page."
    assert [d.turns for d in dialogues] == [
        *((phrasing, answer) for phrasing in PHRASINGS[language]),
        ("What is 2 * 2?", "4 <3"),
    ]
    assert {d.personality for d in dialogues} == {"friendly"}


def test_a_phrasing_is_in_one_split_for_all_personalities(corpus_dir: Path) -> None:
    dialogues, _ = load_corpus("personality_chat", corpus_dir=corpus_dir, personalities=None)
    assert {d.personality for d in dialogues} == set(PERSONALITIES)
    hello = {d.key for d in dialogues if d.turns[0] in ("Hello there", "hello, there!")}
    assert hello == {"hellothere"}
    by_message: dict[str, set[str]] = {}
    for split, part in split_dialogues(dialogues).items():
        for dialogue in part:
            by_message.setdefault(dialogue.turns[0], set()).add(split)
    assert all(len(splits) == 1 for splits in by_message.values())


@pytest.mark.parametrize("name", CORPORA)
def test_no_key_is_in_two_splits_and_loading_repeats_itself(name: str, corpus_dir: Path) -> None:
    first, counted = load_corpus(name, corpus_dir=corpus_dir, personalities=None)
    again, counted_again = load_corpus(name, corpus_dir=corpus_dir, personalities=None)
    assert first == again
    assert counted.to_dict() == counted_again.to_dict()
    parts = split_dialogues(first)
    assert list(parts) == list(SPLITS)
    assert sum(map(len, parts.values())) == len(first)
    assert all(split_of(d.key) == split for split, part in parts.items() for d in part)


@pytest.mark.parametrize("name", CORPORA)
def test_upstream_is_fetched_once_and_read_like_local_copies(
    name: str, corpus_dir: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    with serving(upstream_files()) as (base_url, asked):
        fetched, _ = load_corpus(name, base_url=base_url, cache_dir=cache, personalities=None)
        downloads = len(asked)
        again, _ = load_corpus(name, base_url=base_url + "/", cache_dir=cache, personalities=None)
    assert again == fetched
    assert downloads > 0
    assert not [path for path in asked[downloads:] if path in upstream_files()]
    local, _ = load_corpus(name, corpus_dir=corpus_dir, personalities=None)
    if name in ("synthetic_persona_chat", "topical_chat"):  # upstream has more files
        assert len(fetched) > len(local)
    else:
        assert fetched == local


def test_a_missing_upstream_file_is_one_clear_error(tmp_path: Path) -> None:
    with serving({}) as (base_url, _), pytest.raises(CorpusError) as caught:
        load_corpus("topical_chat", base_url=base_url, cache_dir=tmp_path)
    assert f"{base_url}/alexa/Topical-Chat/HEAD/conversations/train.json" in str(caught.value)
    assert "--corpus-dir" in str(caught.value)


def test_an_unreachable_server_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(CorpusError, match=f"{base_url}.*check the network.*--corpus-dir"):
        load_corpus("korean_chatbot_data", base_url=base_url, cache_dir=tmp_path)


def test_an_archive_without_the_corpus_is_a_clear_error(tmp_path: Path) -> None:
    with (
        serving(
            {"/jfainberg/self_dialogue_corpus/archive/HEAD.zip": b"PK\x05\x06" + bytes(18)}
        ) as (
            base_url,
            _,
        ),
        pytest.raises(CorpusError, match="self_dialogue"),
    ):
        load_corpus("self_dialogue", base_url=base_url, cache_dir=tmp_path)


def test_missing_folder_and_files_name_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist.*byu_chitchat/dataset"):
        load_corpus("byu_chitchat", corpus_dir=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no topical_chat/conversations/\*\.json in"):
        load_corpus("topical_chat", corpus_dir=tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(CorpusError, match=r"unknown corpus 'topical'.*self_dialogue"):
        load_corpus("topical")


def test_an_unknown_or_missing_personality_is_named(corpus_dir: Path) -> None:
    with pytest.raises(CorpusError, match=r"unknown personality 'grumpy'.*friendly"):
        load_corpus("personality_chat", corpus_dir=corpus_dir, personalities=["grumpy"])
    (corpus_dir / "personality_chat/english/qna_chitchat_witty.qna").unlink()
    with pytest.raises(FileNotFoundError, match=r"qna_chitchat_witty\.qna"):
        load_corpus("personality_chat", corpus_dir=corpus_dir, personalities=["witty"])


@pytest.mark.parametrize(
    ("name", "path", "text", "message"),
    [
        ("korean_chatbot_data", "korean_chatbot_data/ChatbotData.csv", "Q,B\na,b\n", "column 'A'"),
        ("korean_chatbot_data", "korean_chatbot_data/ChatbotData.csv", "", "is empty"),
        ("byu_chitchat", "byu_chitchat/dataset.json", '{"a":\n{]', "line 2: not JSON"),
        ("byu_chitchat", "byu_chitchat/dataset.json", '{"a": 1}', "a: expected a list 'messages'"),
        ("byu_chitchat", "byu_chitchat/dataset.json", "[]", "expected one JSON object"),
        (
            "topical_chat",
            "topical_chat/conversations/test_freq.json",
            '{"t": {"content": [{"message": 3}]}}',
            "conversation t: expected a string 'message'",
        ),
        (
            "personality_chat_ko",
            "personality_chat/korean/qna_chitchat_friendly.qna",
            "# ? a\n- b\n# ? c\n",
            "line 3: the scenario before has no answer",
        ),
    ],
)
def test_a_broken_file_is_named(
    corpus_dir: Path, name: str, path: str, text: str, message: str
) -> None:
    (corpus_dir / path).write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        load_corpus(name, corpus_dir=corpus_dir)
    assert str(corpus_dir / path) in str(caught.value)
    assert message in str(caught.value)


def test_a_byte_that_is_not_utf8_costs_its_turn_only(corpus_dir: Path) -> None:
    path = corpus_dir / "korean_chatbot_data/ChatbotData.csv"
    path.write_bytes(b"Q,A,label\nbad \xff,one,0\nhi,ho,0\n")
    dialogues, cleaning = load_corpus("korean_chatbot_data", corpus_dir=corpus_dir)
    assert [d.turns for d in dialogues] == [("hi", "ho")]
    assert cleaning.dropped("korean_chatbot_data", Reason.MARKUP) == 1


def test_every_named_corpus_says_what_a_model_card_needs() -> None:
    for name, info in CORPORA.items():
        assert info.name == name
        assert info.languages
        assert info.homepage.startswith("https://github.com/")
        for part in (info.title, info.authors, info.licence, info.homepage):
            assert part in info.attribution


def test_importing_the_package_imports_no_datasets_and_prints_nothing() -> None:
    code = "import sys, seq2seq.corpora; sys.exit('datasets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
