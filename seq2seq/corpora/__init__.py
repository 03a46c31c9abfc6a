"""Dialogue corpora, named ones and your own files, as cleaned and split message/reply pairs.

Only this package uses `datasets`, and only once something is loaded.
"""

from seq2seq.config import PERSONALITIES
from seq2seq.corpora.catalogue import CORPORA, CorpusInfo
from seq2seq.corpora.counts import Cleaning, Reason
from seq2seq.corpora.dialogue import CorpusError, Dialogue, Pair, pairs_of
from seq2seq.corpora.loading import corpus_info, load_corpus
from seq2seq.corpora.mixture import CorpusChoice, Mixture, load_mixture, parse_choice
from seq2seq.corpora.own_files import read_pairs
from seq2seq.corpora.splits import SPLITS, split_dialogues, split_of

__all__ = [
    "CORPORA",
    "PERSONALITIES",
    "SPLITS",
    "Cleaning",
    "CorpusChoice",
    "CorpusError",
    "CorpusInfo",
    "Dialogue",
    "Mixture",
    "Pair",
    "Reason",
    "corpus_info",
    "load_corpus",
    "load_mixture",
    "pairs_of",
    "parse_choice",
    "read_pairs",
    "split_dialogues",
    "split_of",
]
