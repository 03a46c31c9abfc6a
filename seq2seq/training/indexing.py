"""Building the index of a checkpoint's training messages, and measuring how faithful it is."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.checkpoint import Checkpoint
from seq2seq.corpora import Mixture, Pair, corpus_info
from seq2seq.files import write_atomically
from seq2seq.inspection.neighbour_file import FILE, ROWS, About, Contents, packed
from seq2seq.inspection.neighbours import CANDIDATES, Neighbours, context_vectors, reply_hash
from seq2seq.source import chosen_personality, read_source
from seq2seq.tokenizer import Tokenizer

# Of the ten exactly nearest of 30,000 English rows (context vectors of 2 x 512 numbers) a search
# along 64 directions finds 67 in 100, along 128 it finds 77; its first 48 hold 94 and 99 of them.
DIMENSIONS = 128
# Steps this wide cost no recall that can be measured; finer ones deflate less well.
_STEP = 1 / 50
_REPLIES_A_MESSAGE = 3  # of open talk: ten nearest rows that all say "yes" would teach little
_QUERIES = 400


@dataclass(frozen=True)
class IndexReport:
    """What was built; the recalls are None where no message was held out to measure them with."""

    rows: int
    pairs: int  # distinct training pairs, of which the rows are some
    trained_pairs: int  # the same counted as often as they occur
    replies: int  # distinct ones
    dimensions: int
    file_bytes: int
    queries: int
    recall_at_10: float | None  # of the reduced search alone
    recall_at_10_read_again: float | None  # with its candidates read again
    search_ms: float | None  # of one query, without reading again
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def build_index(
    checkpoint: Checkpoint,
    mixture: Mixture,
    *,
    limit: int = ROWS,
    max_target: int | None = None,
    seed: int = 0,
) -> IndexReport:
    """Write the index of the mixture's training split into the checkpoint's folder.

    `limit` is the number of rows at most; replies of more than `max_target` pieces with their end
    are left out, as in training. Raises ValueError for no pair and for a file that is too large.
    """
    started = time.perf_counter()
    trained = trained_pairs(mixture, checkpoint.tokenizer, max_target)
    pairs = distinct(trained, personality := chosen_personality(checkpoint.config, None))
    rows = chosen_rows(pairs, personality, limit, seed)
    if not rows:
        raise ValueError("no training pair to index; give the corpora that this checkpoint learned")
    vectors = _vectors(checkpoint, [pair.message for pair in rows])
    contents = _contents(checkpoint, mixture, pairs, rows, vectors, seed)
    data = packed(contents)
    held_out = held_out_messages(mixture, _QUERIES, seed)
    reduced = again = search_ms = None
    if held_out:
        queries = _vectors(checkpoint, held_out)
        reduced, again, search_ms = _measured(Neighbours(contents), vectors, queries)
    write_atomically(checkpoint.folder / FILE, data)
    return IndexReport(
        rows=len(rows),
        pairs=len(pairs),
        trained_pairs=len(trained),
        replies=len(contents.hashes),
        dimensions=contents.codes.size(1),
        file_bytes=len(data),
        queries=len(held_out),
        recall_at_10=reduced,
        recall_at_10_read_again=again,
        search_ms=search_ms,
        seconds=time.perf_counter() - started,
    )


def trained_pairs(mixture: Mixture, tokenizer: Tokenizer, max_target: int | None) -> list[Pair]:
    """The pairs that training learned from: those of its split whose replies are not too long."""
    fits: dict[str, bool] = {}
    kept = []
    for pair in (pair for pairs in mixture.pairs["train"] for pair in pairs):
        if pair.reply not in fits:
            pieces = len(tokenizer.encode(pair.reply)) + 1
            fits[pair.reply] = max_target is None or pieces <= max_target
        if fits[pair.reply]:
            kept.append(pair)
    return kept


def distinct(pairs: Iterable[Pair], personality: str | None) -> list[Pair]:
    """One pair for each message and reply: that of this personality where there are several."""
    found: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        key = (pair.message, pair.reply)
        if key not in found or pair.personality == personality:
            found[key] = pair
    return list(found.values())


def chosen_rows(
    pairs: Sequence[Pair], personality: str | None, limit: int, seed: int
) -> list[Pair]:
    """At most `limit` of these distinct pairs, sorted by message.

    All small talk (pairs with a personality) of the default personality, or of every one for a
    model without personalities; open talk fills what is left, drawn by the seed, at most
    _REPLIES_A_MESSAGE replies to one message. Another personality's small talk has the same
    messages again. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; it must be at least 1")
    small = [p for p in pairs if p.personality and personality in (None, p.personality)]
    open_talk = [pair for pair in pairs if pair.personality is None]
    draws = random.Random(seed)
    rows = draws.sample(small, limit) if len(small) > limit else small
    draws.shuffle(open_talk)
    taken: Counter[str] = Counter()
    for pair in open_talk:
        if len(rows) >= limit:
            break
        message = pair.message.casefold()
        if taken[message] < _REPLIES_A_MESSAGE:
            taken[message] += 1
            rows.append(pair)
    # Sorted, like texts stand together and deflate better.
    return sorted(rows, key=lambda pair: (pair.message.casefold(), pair.message, pair.reply))


def held_out_messages(mixture: Mixture, count: int, seed: int) -> list[str]:
    """So many distinct messages of the validation and test splits, drawn by the seed."""
    found = {
        pair.message: None
        for split in ("valid", "test")
        for pairs in mixture.pairs[split]
        for pair in pairs
    }
    messages = list(found)
    return random.Random(seed).sample(messages, min(count, len(messages)))


def principal_codes(vectors: Tensor, dimensions: int) -> tuple[Tensor, Tensor, Tensor]:
    """The mean (D,), the principal directions (D, K) and the rows along them (N, K) as int8.

    Vectors (N, D) are taken from their mean and scaled to length 1 first, since it is their cosines
    that are to be kept (principal component analysis by the eigenvectors of X'X).
    """
    mean = vectors.mean(dim=0)
    unit = F.normalize(vectors - mean, dim=1)
    _, directions = torch.linalg.eigh(unit.T @ unit)  # eigenvalues ascend
    components = directions.flip(1)[:, :dimensions].half().contiguous()
    codes = (unit @ components.float() / _STEP).round().to(torch.int8)
    return mean, components, codes


def recall(
    neighbours: Neighbours, vectors: Tensor, queries: Tensor, k: int = 10, candidates: int = 0
) -> float:
    """Recall@k of the index against exact cosines of its rows' full vectors (N, D).

    The share of what is found for each query (Q, D) that is as near as the exact k-th nearest, so
    that ties do not count as misses. With `candidates`, the best k of so many by exact cosine.
    """
    unit = neighbours.centred(vectors)
    hits = 0
    for query in queries:
        exact = unit @ neighbours.centred(query)  # (N,)
        worst = exact.topk(min(k, len(exact))).values[-1] - 1e-5
        found, _ = neighbours.search(query, max(k, candidates))
        best = exact[found].topk(min(k, len(found))).values if candidates else exact[found]
        hits += int((best >= worst).sum())
    return hits / (len(queries) * min(k, len(vectors)))


def _measured(
    neighbours: Neighbours, vectors: Tensor, queries: Tensor
) -> tuple[float, float, float]:
    """Recall@10 of the search alone and with its candidates read again; its median milliseconds."""
    times = []
    for query in queries:
        started = time.perf_counter()
        neighbours.nearest(query)
        times.append((time.perf_counter() - started) * 1000)
    again = recall(neighbours, vectors, queries, candidates=CANDIDATES)
    return recall(neighbours, vectors, queries), again, median(times)


def _vectors(checkpoint: Checkpoint, messages: Sequence[str]) -> Tensor:
    """The context vectors (N, D) of first messages, read with the default personality's piece."""
    tokenizer, config = checkpoint.tokenizer, checkpoint.config
    sources = [read_source(tokenizer, config, message).ids for message in messages]
    return context_vectors(checkpoint.model, sources).float()


def _contents(
    checkpoint: Checkpoint,
    mixture: Mixture,
    pairs: Sequence[Pair],
    rows: Sequence[Pair],
    vectors: Tensor,
    seed: int,
) -> Contents:
    """The index as its file holds it."""
    mean, components, codes = principal_codes(vectors, min(DIMENSIONS, vectors.size(1)))
    normalize = checkpoint.tokenizer.normalize  # a reply comes back from its pieces in this form
    hashes = sorted({reply_hash(normalize(reply)) for reply in {pair.reply for pair in pairs}})
    texts = [text.encode() for pair in rows for text in (pair.message, pair.reply)]
    corpora = sorted({pair.corpus for pair in rows})
    infos = [corpus_info(choice.name) for choice in mixture.choices]
    about = About(
        checkpoint=checkpoint.sha256,
        rows=len(rows),
        dimensions=codes.size(1),
        replies=len(hashes),
        pairs=len(pairs),
        corpora=tuple(corpora),
        personality=chosen_personality(checkpoint.config, None),
        seed=seed,
        attribution=tuple(info.attribution for info in infos if info),
    )
    return Contents(
        about,
        mean,
        components,
        codes,
        torch.tensor([len(text) for text in texts], dtype=torch.int16).view(-1, 2),
        torch.tensor([corpora.index(pair.corpus) for pair in rows], dtype=torch.uint8),
        b"".join(texts),
        torch.tensor(hashes),
    )
