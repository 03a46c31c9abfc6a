"""Small models with random weights, in every variant, for tests of properties."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from seq2seq.chatbot import Chatbot
from seq2seq.checkpoint import Checkpoint
from seq2seq.config import ModelConfig
from seq2seq.model import Seq2Seq, build_model
from seq2seq.tokenizer import TOKENS as PIECES
from seq2seq.tokenizer import Tokenizer

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


def random_bot(options: dict[str, object], seed: int = 1) -> Chatbot:
    """An untrained bot with a vocabulary of its own, whose replies vary."""
    tokenizer = Tokenizer.train(["hello, how are you?", "I am well, thank you."] * 5, 300)
    values = {"emb_dim": 12, "hidden_dim": 16, "dropout": 0.0, **options}
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **values)
    torch.manual_seed(seed)
    model = build_model(config, PIECES).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
    return Chatbot(Checkpoint(Path("random"), config, model, tokenizer, "0" * 64, {}, ""))


def padded(rows: list[list[int]], width: int) -> Tensor:
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
