"""Attention of the decoder over the encoder's outputs: dot, general and additive."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq.config import ATTENTIONS


class Attention(nn.Module):
    """Looks back at every source piece and mixes what it finds into the decoder's state.

    Scores are dot, general (Luong et al. 2015, https://arxiv.org/abs/1508.04025, section 3.1) or
    additive (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473); the mixed state is Luong's
    tanh(W [context; state]). It stands after the GRU, so that the GRU can still run over a whole
    target in one call.
    """

    def __init__(self, kind: str, hidden_dim: int) -> None:
        super().__init__()
        if kind not in ATTENTIONS[1:]:
            raise ValueError(f"attention is {kind!r}; it must be {', '.join(ATTENTIONS)}")
        self.kind = kind
        if kind in ("general", "additive"):
            self.key = nn.Linear(hidden_dim, hidden_dim, bias=False)
        if kind == "additive":
            self.query = nn.Linear(hidden_dim, hidden_dim)
            self.score = nn.Linear(hidden_dim, 1, bias=False)
        self.combine = nn.Linear(2 * hidden_dim, hidden_dim)

    def forward(self, states: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Give the mixed states (B, T, H) and the weights (B, T, S).

        states (B, T, H) are the decoder's, memory (B, S, H) the encoder's outputs; mask (B, S) is
        False over padding, where the weight is exactly zero. Each row of weights sums to 1.
        """
        if self.kind == "additive":
            # (B, T, 1, H) + (B, 1, S, H)
            joined = self.query(states).unsqueeze(2) + self.key(memory).unsqueeze(1)
            scores = self.score(torch.tanh(joined)).squeeze(-1)  # (B, T, S)
        else:
            keys = self.key(memory) if self.kind == "general" else memory
            scores = states @ keys.transpose(1, 2)  # (B, T, S)
        scores = scores.float().masked_fill(~mask.unsqueeze(1), float("-inf"))
        weights = scores.softmax(dim=-1)
        context = weights.to(memory.dtype) @ memory  # (B, T, H)
        return torch.tanh(self.combine(torch.cat([context, states], dim=-1))), weights
