"""How many messages in need the care rule finds in the corpora, and how often it is wrong.

python tests/bench/care_recall.py --corpus-dir DIR prints, for the small talk of each language, how
many phrasings of the scenario that is answered with help are found, in all splits, and how many
others; and how many messages of the open corpora the rule takes for such.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from seq2seq.care import ENGLISH, KOREAN, help_for
from seq2seq.corpora import SPLITS, Pair, load_mixture, parse_choice

SMALL_TALK = {"personality_chat_en": ENGLISH, "personality_chat_ko": KOREAN}
OPEN = (
    "self_dialogue", "byu_chitchat", "synthetic_persona_chat", "topical_chat",
    "korean_chatbot_data",
)  # fmt: skip


def pairs_of(name: str, corpus_dir: Path | None) -> list[Pair]:
    """All pairs of a corpus, friendly ones where there are personalities."""
    mixture = load_mixture([parse_choice(name)], corpus_dir)
    return [pair for split in SPLITS for found in mixture.pairs[split] for pair in found]


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus-dir", type=Path, help="folder with copies of the corpora")
    arguments = parser.parse_args()
    for name, answer in SMALL_TALK.items():
        pairs = pairs_of(name, arguments.corpus_dir)
        need = [pair.message for pair in pairs if pair.reply == answer]
        found = [message for message in need if help_for(message)]
        other = sum(help_for(pair.message) is not None for pair in pairs if pair.reply != answer)
        print(f"{name}: {len(found)} of {len(need)} in need found; {other} of the others taken so")
        print(*(f"  missed: {message}" for message in need if message not in found), sep="\n")
    for name in OPEN:
        pairs = pairs_of(name, arguments.corpus_dir)
        taken = sum(help_for(pair.message) is not None for pair in pairs)
        print(f"{name}: {taken} of {len(pairs):,} messages taken for messages in need")


if __name__ == "__main__":
    main()
