"""Small models with random weights, in every variant, for tests of properties."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.model import Seq2Seq, build_model

PAD, UNK, SOS, EOS = range(4)
TOKENS = {"pad_token": PAD, "sos_token": SOS, "eos_token": EOS}
V = 12
VARIANTS = [
    {},
    {"n_layers": 1},
    {"bidirectional": True},
    {"attention": "dot"},
    {"attention": "general", "bidirectional": True},
    {"attention": "additive", "n_layers": 1},
    {"tie_embeddings": True},
    {"attention": "additive", "bidirectional": True, "tie_embeddings": True},
]
variants = pytest.mark.parametrize("options", VARIANTS, ids=str)


def random_model(options: dict[str, object], seed: int = 0) -> Seq2Seq:
    """A model whose weights are large enough for its choices to vary."""
    values = {"emb_dim": 6, "hidden_dim": 8, "n_layers": 2, "dropout": 0.0, **options}
    torch.manual_seed(seed)
    model = build_model(ModelConfig(vocab_size=V, **values), TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1.5, 1.5)
    return model


def padded(rows: list[list[int]], width: int) -> Tensor:
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
