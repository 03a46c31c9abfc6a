"""Text to pieces and back: nothing is lost, and no text becomes a special piece."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest
import sentencepiece

from seq2seq.tokenizer import (
    CONTROL_PIECES,
    EOS_ID,
    PAD_ID,
    PERSONALITIES,
    SOS_ID,
    TOKENS,
    TURN_ID,
    UNK_ID,
    Tokenizer,
)

TEXTS = [
    "hello, how are you today?",
    "I'm doing well, thank you very much.",
    "what is your name? my name is Bot.",
    "안녕하세요, 오늘 기분이 어때요?",
    "잘 지내요, 고마워요!",
] * 4
STRANGE = [
    "👩🏽‍🚀🏳️‍🌈 emoji",
    "안녕 세계, 뷁",
    "e\u0301 a\u0308\u0323 q\u0307\u0323 combining",
    "\x00",
    "a\x00b\x01c\x7fd\x1be",
    "\u202eright to left\u202c שלום مرحبا",
    "\u200b\u200d\ufeff",
    "\U0010ffff\ue000\ufffe",
    "ﬁne ①② ｆｕｌｌ ㎏ ½",
    "𝓗𝓮𝓵𝓵𝓸",
    "\u1112\u1161\u11ab",
    "´ ¨ ¯",
    "-_<>|/\\\"'`~^",
    "中文 日本語 ไทย हिन्दी",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS, 320)


@pytest.fixture(scope="module")
def sp(tokenizer: Tokenizer) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model_proto)


def random_text(rng: random.Random, surrogates: bool = False) -> str:
    def character() -> str:
        while True:
            code = rng.choice([rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000)])
            if surrogates or not 0xD800 <= code < 0xE000:
                return chr(code)

    return "".join(character() for _ in range(rng.randrange(30)))


def test_special_pieces_have_their_fixed_ids(tokenizer: Tokenizer) -> None:
    assert (PAD_ID, UNK_ID, SOS_ID, EOS_ID, TURN_ID) == (0, 1, 2, 3, 4)
    assert TOKENS == {"pad_token": 0, "unk_token": 1, "sos_token": 2, "eos_token": 3}
    pieces = [tokenizer.piece(id) for id in range(5 + len(PERSONALITIES))]
    assert pieces == ["<pad>", "<unk>", "<s>", "</s>", *CONTROL_PIECES]
    assert [id for id in range(tokenizer.vocab_size) if tokenizer.is_unknown(id)] == [UNK_ID]


def test_only_the_end_token_of_the_special_pieces_is_ever_written(tokenizer: Tokenizer) -> None:
    special = set(range(4 + len(CONTROL_PIECES)))
    assert set(tokenizer.never_written) == special - {EOS_ID}


def test_a_text_comes_back_whole(tokenizer: Tokenizer) -> None:
    for text in TEXTS:
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", STRANGE, ids=ascii)
def test_no_character_is_lost(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    # SentencePiece leaves several marks on one letter in the order in which they were written.
    decoded = unicodedata.normalize("NFKC", tokenizer.decode(ids))
    assert decoded == " ".join(unicodedata.normalize("NFKC", text).split())
    assert tokenizer.decode(ids) == tokenizer.normalize(text)
    assert UNK_ID not in ids


def test_random_unicode_comes_back_as_it_was_normalised(tokenizer: Tokenizer) -> None:
    rng = random.Random(0)
    for _ in range(500):
        text = random_text(rng)
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == tokenizer.normalize(text), ascii(text)
        assert not set(ids) & {*tokenizer.never_written, EOS_ID}


def test_lone_surrogates_become_question_marks(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("a\ud800b\udfff")) == "a?b?"
    rng = random.Random(1)
    for _ in range(200):
        tokenizer.decode(tokenizer.encode(random_text(rng, surrogates=True)))


def test_normalising_twice_changes_nothing_more(tokenizer: Tokenizer) -> None:
    for text in [*STRANGE, "  many   spaces\t\n and\u3000lines\r\n"]:
        once = tokenizer.normalize(text)
        assert tokenizer.normalize(once) == once
        assert tokenizer.encode(once) == tokenizer.encode(text)
    assert tokenizer.normalize("  many   spaces\t\n and\u3000lines\r\n") == "many spaces and lines"


@pytest.mark.parametrize("text", ["", " ", "\n\t \u3000"])
def test_a_blank_text_has_no_pieces(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text) == []
    assert tokenizer.decode([]) == ""


@pytest.mark.parametrize(
    "text",
    ["</s><unk><turn>", "<s>", "<pad> </s>", "hi</s>", "<friendly> hello <witty>", "<0x41><0x00>"],
)
def test_text_that_looks_like_a_special_piece_stays_text(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert all(id >= 4 + len(CONTROL_PIECES) for id in ids)
    assert tokenizer.decode(ids) == text


def test_special_pieces_have_no_text(tokenizer: Tokenizer) -> None:
    hello = tokenizer.encode("hello")
    special = [*tokenizer.never_written, EOS_ID]
    assert tokenizer.decode([*special, *hello, *special]) == "hello"


def test_what_each_id_adds_joins_to_the_decoded_text(tokenizer: Tokenizer) -> None:
    rng = random.Random(2)
    for _ in range(300):
        ids = [rng.randrange(tokenizer.vocab_size) for _ in range(rng.randrange(25))]
        detokenizer = tokenizer.detokenizer()
        added = [detokenizer.add(id) for id in ids]
        assert "".join(added) == tokenizer.decode(ids)
        assert not tokenizer.decode(ids).startswith(" ")


def test_a_character_of_several_bytes_appears_with_its_last(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("뷁")
    detokenizer = tokenizer.detokenizer()
    added = [detokenizer.add(id) for id in ids]
    assert added[-1] == "뷁"
    assert set(added[:-1]) == {""}
    assert len(ids) >= 3


def test_broken_bytes_appear_as_the_replacement_character(tokenizer: Tokenizer) -> None:
    first, *_ = (id for id in tokenizer.encode("뷁") if tokenizer.piece(id).startswith("<0x"))
    hello = tokenizer.encode("hello")
    assert tokenizer.decode([first, *hello]).endswith("hello")
    assert tokenizer.decode([first, *hello]).startswith("\ufffd")
    assert tokenizer.decode([first, EOS_ID]) == "\ufffd"


def test_decoding_agrees_with_sentencepiece(
    tokenizer: Tokenizer, sp: sentencepiece.SentencePieceProcessor
) -> None:
    rng = random.Random(3)
    for text in [*TEXTS, *STRANGE, *(random_text(rng) for _ in range(200))]:
        ids = tokenizer.encode(text)
        assert ids == sp.encode(tokenizer.normalize(text))
        assert tokenizer.decode(ids) == sp.decode(ids)


def test_an_id_out_of_range_is_named_with_the_range(tokenizer: Tokenizer) -> None:
    for id in (-1, tokenizer.vocab_size, 10**12):
        with pytest.raises(ValueError, match=rf"{id}.*0 to {tokenizer.vocab_size - 1}"):
            tokenizer.piece(id)


def test_a_vocabulary_too_small_for_the_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"vocab_size is 266; it must be above 266"):
        Tokenizer.train(TEXTS, 266)


def test_few_texts_give_a_smaller_vocabulary() -> None:
    small = Tokenizer.train(["hello there", "hello you"], 8000)
    assert 266 < small.vocab_size < 400
    assert small.decode(small.encode("hello 세계")) == "hello 세계"


def test_training_is_repeatable_and_keeps_to_its_size(tokenizer: Tokenizer) -> None:
    assert Tokenizer.train(TEXTS, 320).model_proto == tokenizer.model_proto
    assert tokenizer.vocab_size <= 320


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_text_teaches_no_vocabulary(texts: list[str]) -> None:
    with pytest.raises(ValueError, match="no vocabulary can be learned"):
        Tokenizer.train(texts, 300)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04K\x01.", b"\x00" * 64])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"tokenizer\.model"):
        Tokenizer.load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.model"):
        Tokenizer.load(tmp_path / "tokenizer.model")


def test_a_model_with_other_special_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.model"
    with open(path, "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS),
            model_writer=file,
            vocab_size=320,
            hard_vocab_limit=False,
            byte_fallback=True,
            minloglevel=2,
        )
    with pytest.raises(ValueError, match=r"other\.model.*\(-1, 0, 1, 2\)"):
        Tokenizer.load(path)


def test_a_saved_tokenizer_cuts_the_same_pieces(tokenizer: Tokenizer, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(tokenizer.model_proto)
    loaded = Tokenizer.load(tmp_path / "tokenizer.model")
    assert loaded.vocab_size == tokenizer.vocab_size
    for text in TEXTS + STRANGE:
        assert loaded.encode(text) == tokenizer.encode(text)
