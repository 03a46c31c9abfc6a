"""The training messages whose context vectors lie nearest to a message's.

Nearness is the cosine between two context vectors, each taken from the mean of all. An index keeps
the rows' principal directions only, as 8-bit numbers (`neighbour_file`): a search finds candidates
there, and reading these again with the model gives their exact cosines.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.batching import pad_sources
from seq2seq.checkpoint import WEIGHTS, Checkpoint
from seq2seq.files import sha256_of
from seq2seq.inspection.neighbour_file import FILE, HASH_BYTES, About, Contents, unpacked
from seq2seq.model import Seq2Seq
from seq2seq.source import read_source

CANDIDATES = 48  # that the model reads again, in some 60 ms for a 2 x 512 context vector
_AT_ONCE = 128  # messages in a batch


@dataclass(frozen=True)
class Neighbour:
    """A training message, the reply that it was trained with, and the cosine to what was asked."""

    message: str
    reply: str
    corpus: str
    similarity: float


class Neighbours:
    """An index of training messages, searched by one matrix product.

    In memory each row is K float32 numbers, 15 MB for 30,000 rows of 128, beside its texts.
    """

    def __init__(self, contents: Contents) -> None:
        self.about: About = contents.about
        self._mean = contents.mean
        self._components = contents.components.float()  # (D, K)
        self._rows = F.normalize(contents.codes.float(), dim=1)  # (N, K)
        ends = contents.lengths.long().flatten().cumsum(0)
        self._ends = [0, *ends.tolist()]
        self._corpus = contents.corpus
        self._texts = contents.texts
        self._hashes = contents.hashes

    @classmethod
    def load(cls, folder: Path | str, sha256: str | None = None) -> Self:
        """Read the index of a checkpoint folder.

        `sha256` is that of the folder's weights, if it is known already. Raises FileNotFoundError
        where there is no index, ValueError for a broken one or one of other weights.
        """
        folder = Path(folder)
        contents = unpacked(folder / FILE)
        expected = sha256 or sha256_of(folder / WEIGHTS)
        if contents.about.checkpoint != expected:
            raise ValueError(
                f"{folder / FILE} was made with other weights ({contents.about.checkpoint[:8]}, "
                f"here {expected[:8]}): make it again with "
                f"python -m seq2seq index --checkpoint {folder} --corpus NAME"
            )
        return cls(contents)

    def __len__(self) -> int:
        """How many rows."""
        return len(self._rows)

    def centred(self, vectors: Tensor) -> Tensor:
        """Context vectors (..., D) from the rows' mean, at length 1; ValueError for another D."""
        if vectors.shape[-1] != len(self._mean):
            raise ValueError(
                f"the context vector has {vectors.shape[-1]} numbers, those of this index "
                f"{len(self._mean)}: it belongs to another checkpoint"
            )
        return F.normalize(vectors - self._mean, dim=-1)

    @torch.inference_mode()
    def search(self, vector: Tensor, k: int = 10) -> tuple[Tensor, Tensor]:
        """The k rows nearest to a context vector (D,), and their cosines in the reduced space.

        Raises ValueError for a vector of another size and for k below 1.
        """
        if k < 1:
            raise ValueError(f"k is {k}; it must be at least 1")
        reduced = F.normalize(self.centred(vector) @ self._components, dim=0)  # (K,)
        found = (self._rows @ reduced).topk(min(k, len(self)))
        return found.indices, found.values

    def nearest(self, vector: Tensor, k: int = 10) -> list[Neighbour]:
        """The k rows nearest to a context vector (D,), nearest first; raises as `search` does.

        Their similarity is that of the reduced space, which is the exact one or somewhat above.
        """
        rows, cosines = self.search(vector, k)
        return [self.row(i, s) for i, s in zip(rows.tolist(), cosines.tolist(), strict=True)]

    def row(self, index: int, similarity: float) -> Neighbour:
        """Row `index` as what a search gives."""
        start, middle, end = self._ends[2 * index : 2 * index + 3]
        return Neighbour(
            self._texts[start:middle].decode("utf-8", "replace"),
            self._texts[middle:end].decode("utf-8", "replace"),
            self.about.corpora[int(self._corpus[index])],
            similarity,
        )

    def said_before(self, reply: str) -> bool:
        """Whether this is, but for spaces, word for word one of all the training replies."""
        wanted = reply_hash(reply)
        place = int(torch.searchsorted(self._hashes, wanted))
        return place < len(self._hashes) and int(self._hashes[place]) == wanted


def neighbours_of(checkpoint: Checkpoint) -> Neighbours | None:
    """A checkpoint's index, None if its folder has none. Raises ValueError as `load` does."""
    if not (checkpoint.folder / FILE).is_file():
        return None
    return Neighbours.load(checkpoint.folder, checkpoint.sha256)


def nearest_exactly(
    checkpoint: Checkpoint, neighbours: Neighbours, source: Sequence[int], k: int = 10
) -> list[Neighbour]:
    """The k rows nearest to what the encoder makes of these source ids, with exact cosines.

    The index gives CANDIDATES rows (k if that is more); the model reads them again.
    """
    vector = context_vectors(checkpoint.model, [source])[0]
    found = neighbours.nearest(vector, max(k, CANDIDATES))
    sources = [read_source(checkpoint.tokenizer, checkpoint.config, f.message).ids for f in found]
    vectors = context_vectors(checkpoint.model, sources)
    cosines = (neighbours.centred(vectors) @ neighbours.centred(vector)).clamp(-1, 1).tolist()
    exact = [
        Neighbour(f.message, f.reply, f.corpus, cosine)
        for f, cosine in zip(found, cosines, strict=True)
    ]
    return sorted(exact, key=lambda neighbour: -neighbour.similarity)[:k]


@torch.inference_mode()
def context_vectors(model: Seq2Seq, sources: Sequence[Sequence[int]]) -> Tensor:
    """The context vector of each row of ids, all layers of it in a row: (N, D), D = L H."""
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    parts = []
    for start in range(0, len(order), _AT_ONCE):
        batch = pad_sources([sources[i] for i in order[start : start + _AT_ONCE]])
        hidden = model.encode(batch.to(model.device)).hidden  # (L, B, H)
        parts.append(hidden.transpose(0, 1).flatten(1).cpu())  # (B, L H)
    vectors = torch.cat(parts)
    return vectors[torch.tensor(order).argsort()]


def reply_hash(reply: str) -> int:
    """A reply as a number of HASH_BYTES bytes, the same for any spaces between its words.

    NFKC, since that is how a tokenizer gives a reply back.
    """
    words = " ".join(unicodedata.normalize("NFKC", reply).split())
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=HASH_BYTES)
    return int.from_bytes(digest.digest(), "big")
