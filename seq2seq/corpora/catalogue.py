"""The named corpora: who made them, under which licence, and which files hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from seq2seq.config import PERSONALITIES

_RAW = "https://raw.githubusercontent.com"
ALIASES: Mapping[str, str] = MappingProxyType({"personality_chat": "personality_chat_en"})


@dataclass(frozen=True)
class CorpusInfo:
    """A corpus as a model card must name it, and where its files are.

    `licence` is an SPDX identifier. `local` is the pattern of its files in a corpus folder.
    `urls` has an entry a file upstream: the addresses to try, in this order. Where that file is an
    archive, `archived` is the pattern of the corpus's files in it.
    """

    name: str
    languages: tuple[str, ...]
    title: str
    authors: str
    licence: str
    homepage: str
    attribution: str
    local: str
    urls: tuple[tuple[str, ...], ...]
    archived: str | None = None


def _info(
    name: str, language: str, title: str, authors: str, licence: str, repository: str,
    changes: str, local: str, urls: tuple[tuple[str, ...], ...], archived: str | None = None,
) -> CorpusInfo:  # fmt: skip
    homepage = f"https://github.com/{repository}"
    attribution = f"{title} by {authors} ({homepage}), licensed under {licence}; {changes}."
    return CorpusInfo(
        name, (language,), title, authors, licence, homepage, attribution, local, urls, archived
    )


def _personality_chat(language: str, folder: str) -> CorpusInfo:
    repository = "microsoft/botframework-cli"
    path = f"packages/qnamaker/docs/qnaFormat/{folder}"
    return _info(
        f"personality_chat_{language}", language, f"Personality Chat ({folder})",
        "Microsoft Corporation", "MIT", repository, "phrasings paired with their answers",
        f"personality_chat/{folder}/qna_chitchat_*.qna",
        tuple((f"{_RAW}/{repository}/HEAD/{path}/qna_chitchat_{p}.qna",) for p in PERSONALITIES),
    )  # fmt: skip


_CLEANED = "turns were cleaned and some left out"
_ALL = (
    _info(
        "self_dialogue", "en", "The Self-dialogue Corpus",
        "Ben Krause, Marco Damonte, Mihai Dobre, Daniel Duma, Joachim Fainberg, Federico Fancellu, "
        "Emmanuel Kahembwe, Jianpeng Cheng and Bonnie Webber",
        "BSD-3-Clause", "jfainberg/self_dialogue_corpus", _CLEANED,
        "self_dialogue/corpus/*/*.csv",
        (("https://github.com/jfainberg/self_dialogue_corpus/archive/HEAD.zip",),),
        "*/corpus/*/*.csv",
    ),
    _info(
        "byu_chitchat", "en", "BYU Chit-Chat Dataset",
        "Will Myers, Tyler Etchart and Nancy Fulda", "MIT", "BYU-PCCL/chitchat-dataset", _CLEANED,
        "byu_chitchat/dataset.json",
        # JSON under either name: upstream gave it a suffix that Python packages carry along.
        (
            tuple(
                f"{_RAW}/BYU-PCCL/chitchat-dataset/HEAD/chitchat_dataset/{name}"
                for name in ("dataset.json", "dataset.py")
            ),
        ),
    ),
    _info(
        "synthetic_persona_chat", "en", "Synthetic-Persona-Chat",
        "Pegah Jandaghi, XiangHai Sheng, Xinyi Bai, Jay Pujara and Hakim Sidahmed",
        "CC-BY-4.0", "google-research-datasets/Synthetic-Persona-Chat", _CLEANED,
        "synthetic_persona_chat/*.csv",
        tuple(
            (f"{_RAW}/google-research-datasets/Synthetic-Persona-Chat/HEAD/data/{name}.csv",)
            for name in (
                "Synthetic-Persona-Chat_train", "Synthetic-Persona-Chat_valid",
                "Synthetic-Persona-Chat_test", "New-Persona-New-Conversations",
            )
        ),
    ),
    _info(
        "topical_chat", "en", "Topical-Chat",
        "Karthik Gopalakrishnan, Behnam Hedayatnia, Qinlang Chen, Anna Gottardi, Sanjeev Kwatra, "
        "Anu Venkatesh, Raefer Gabriel and Dilek Hakkani-Tür (Amazon)",
        "CDLA-Sharing-1.0", "alexa/Topical-Chat", _CLEANED,
        "topical_chat/conversations/*.json",
        tuple(
            (f"{_RAW}/alexa/Topical-Chat/HEAD/conversations/{name}.json",)
            for name in ("train", "valid_freq", "valid_rare", "test_freq", "test_rare")
        ),
    ),
    _personality_chat("en", "english"),
    _personality_chat("ko", "korean"),
    _info(
        "korean_chatbot_data", "ko", "Chatbot_data_for_Korean v1.0", "Youngsook Song",
        "MIT", "songys/Chatbot_data", _CLEANED, "korean_chatbot_data/ChatbotData.csv",
        # Upstream's name had a space before its suffix in some versions.
        (
            tuple(
                f"{_RAW}/songys/Chatbot_data/HEAD/{name}"
                for name in ("ChatbotData.csv", "ChatbotData%20.csv")
            ),
        ),
    ),
)  # fmt: skip
CORPORA: Mapping[str, CorpusInfo] = MappingProxyType({info.name: info for info in _ALL})
