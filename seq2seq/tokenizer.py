"""Text to pieces and back: a SentencePiece model and the special pieces, fixed here for all."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from seq2seq.config import PERSONALITIES

PAD_ID, UNK_ID, SOS_ID, EOS_ID, TURN_ID = range(5)
TOKENS = {"pad_token": PAD_ID, "unk_token": UNK_ID, "sos_token": SOS_ID, "eos_token": EOS_ID}
# Control pieces never arise from text: only the package itself puts them into a sequence.
CONTROL_PIECES = ("<turn>", *(f"<{name}>" for name in PERSONALITIES))
PERSONALITY_IDS = {name: TURN_ID + 1 + index for index, name in enumerate(PERSONALITIES)}
LAST_CONTROL_ID = TURN_ID + len(PERSONALITIES)
SPACE = "▁"
_BYTES = 256
SMALLEST_VOCABULARY = 4 + len(CONTROL_PIECES) + _BYTES


class Detokenizer:
    """Ids to text, one at a time; what each adds, joined, is the text."""

    def __init__(self, sp: sentencepiece.SentencePieceProcessor) -> None:
        self._sp = sp
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._started = False

    def add(self, id: int) -> str:
        """What this id adds to the text.

        A character written as several byte pieces appears with its last one; bytes that are not
        UTF-8 appear as the replacement character with the piece after them. Special pieces add
        nothing, and no text begins with a space.
        """
        if self._sp.is_byte(id):
            text = self._utf8.decode(bytes([int(self._sp.id_to_piece(id)[3:5], 16)]))
        else:
            text = self._utf8.decode(b"", final=True)
            self._utf8.reset()
            if not self._sp.is_control(id) and not self._sp.is_unknown(id):
                text += self._sp.id_to_piece(id).replace(SPACE, " ")
        if not self._started:
            text = text.lstrip(" ")
            self._started = bool(text)
        return text


class Tokenizer:
    """A SentencePiece unigram model with byte fallback, so that no character is lost."""

    def __init__(self, model_proto: bytes) -> None:
        """Wrap a serialized SentencePiece model. Raises ValueError for anything else."""
        try:
            self._sp = sentencepiece.SentencePieceProcessor(model_proto=model_proto)
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"not a SentencePiece model: {error}") from error
        found = (self._sp.pad_id(), self._sp.unk_id(), self._sp.bos_id(), self._sp.eos_id())
        if found != (PAD_ID, UNK_ID, SOS_ID, EOS_ID):
            raise ValueError(
                f"the tokenizer's pad, unk, sos, eos ids are {found}; they must be "
                f"{(PAD_ID, UNK_ID, SOS_ID, EOS_ID)}: train it with this package"
            )
        if self._sp.piece_to_id(CONTROL_PIECES[0]) != TURN_ID:
            raise ValueError(
                f"the tokenizer's piece {TURN_ID} is {self._sp.id_to_piece(TURN_ID)!r}; it must be "
                f"{CONTROL_PIECES[0]!r}: train it with this package"
            )
        self.model_proto = model_proto
        self.vocab_size: int = self._sp.get_piece_size()
        self.never_written = tuple(
            i
            for i in range(self.vocab_size)
            if i != EOS_ID and (self._sp.is_control(i) or self._sp.is_unknown(i))
        )

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read `tokenizer.model`. Raises FileNotFoundError or ValueError, naming the file."""
        if not path.is_file():
            raise FileNotFoundError(f"no tokenizer at {path}; a checkpoint holds tokenizer.model")
        try:
            return cls(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> Tokenizer:
        """Learn at most `vocab_size` pieces from texts (unigram, NFKC; Kudo 2018, 1804.10959).

        Few texts give a smaller vocabulary. Raises ValueError if `vocab_size` cannot hold the
        special and byte pieces, or if there is no text.
        """
        if vocab_size <= SMALLEST_VOCABULARY:
            raise ValueError(
                f"vocab_size is {vocab_size}; it must be above {SMALLEST_VOCABULARY} "
                "(the special pieces and one for each byte)"
            )
        lines = (line for line in texts if line)
        writer = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines),
                model_writer=writer,
                model_type="unigram",
                vocab_size=vocab_size,
                hard_vocab_limit=False,
                byte_fallback=True,
                split_by_unicode_script=False,  # "don't" is one piece, not "don", "'" and "t"
                character_coverage=0.9995,
                normalization_rule_name="nfkc",
                pad_id=PAD_ID,
                unk_id=UNK_ID,
                bos_id=SOS_ID,
                eos_id=EOS_ID,
                pad_piece="<pad>",
                control_symbols=list(CONTROL_PIECES),
                num_threads=2,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise ValueError(f"no vocabulary can be learned from these texts: {error}") from error
        return cls(writer.getvalue())

    def normalize(self, text: str) -> str:
        """The text as it is cut into pieces: one space between words, NFKC, no lone surrogates."""
        whole = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
        normalized: str = self._sp.normalize(whole)
        return normalized.replace(SPACE, " ").strip()

    def encode(self, text: str) -> list[int]:
        """The ids of the text's pieces, without start or end piece."""
        ids: list[int] = self._sp.encode(self.normalize(text))
        return ids

    def sampling(self, alpha: float, seed: int) -> Tokenizer:
        """A tokenizer of the same pieces that cuts a text another way each time: for training only.

        A segmentation is drawn with its probability to the power of `alpha`, from 0 (all alike) to
        1 (Kudo 2018, https://arxiv.org/abs/1804.10959). The draws are those of the whole process,
        seeded here.
        """
        return _Sampling(self.model_proto, alpha, seed)

    def piece(self, id: int) -> str:
        """The piece with this id, its space shown as `▁`. Raises ValueError out of range."""
        if not 0 <= id < self.vocab_size:
            raise ValueError(f"piece id is {id}; it must be from 0 to {self.vocab_size - 1}")
        piece: str = self._sp.id_to_piece(id)
        return piece

    def is_unknown(self, id: int) -> bool:
        """Whether this is the unknown piece."""
        return id == UNK_ID

    def detokenizer(self, before: Iterable[int] = ()) -> Detokenizer:
        """What turns ids into text one at a time, going on behind the ids `before`."""
        texts = Detokenizer(self._sp)
        for id in before:
            texts.add(id)
        return texts

    def decode(self, ids: Iterable[int]) -> str:
        """The text of these ids; special pieces have none."""
        add = self.detokenizer().add
        return "".join([add(id) for id in ids])


class _Sampling(Tokenizer):
    """A tokenizer that draws its segmentations."""

    def __init__(self, model_proto: bytes, alpha: float, seed: int) -> None:
        super().__init__(model_proto)
        self._alpha = alpha
        sentencepiece.set_random_generator_seed(seed % 2**32)

    def encode(self, text: str) -> list[int]:
        """The ids of a segmentation drawn now."""
        ids: list[int] = self._sp.encode(
            self.normalize(text), enable_sampling=True, alpha=self._alpha, nbest_size=-1
        )
        return ids
