"""What a run looks at while it trains: the held-out loss and a few replies."""

from __future__ import annotations

import torch
from torch import Tensor

from seq2seq.batching import Batch
from seq2seq.model import Seq2Seq
from seq2seq.tokenizer import Tokenizer
from seq2seq.training.data import Split


def chosen_rows(split: Split, at_most: int, seed: int) -> Tensor:
    """The rows (N,) of a split that every validation scores, drawn once by the seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(len(split.table), generator=generator)[:at_most]


@torch.inference_mode()
def sample_replies(
    model: Seq2Seq, tokenizer: Tokenizer, split: Split, rows: Tensor, max_len: int = 40
) -> list[tuple[str, str]]:
    """The messages of these rows (N,), each with the model's greedy reply."""
    batch: Batch = split.table.batch(rows)
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    outputs, lengths = model(batch.src.to(device), max_len=max_len)  # (N, max_len, V)
    model.train(was_training)
    samples = []
    for row, index in enumerate(rows.tolist()):
        ids = outputs[row, 1 : 1 + int(lengths[row])].argmax(dim=-1).tolist()
        samples.append((split.pairs[index].message, tokenizer.decode(ids)))
    return samples
