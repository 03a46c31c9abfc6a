"""The training loss: cross-entropy of the reply's pieces, from logits, padding left out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.model import Encoded, Seq2Seq


def reply_loss(
    model: Seq2Seq,
    src: Tensor,
    trg: Tensor,
    teacher_force_ratio: float = 1.0,
    label_smoothing: float = 0.0,
) -> tuple[Tensor, int]:
    """Give the summed loss in nats and the number of pieces that it sums over.

    src (B, S) and trg (B, T + 1), a row being start piece, reply, end piece, padding. At ratio 1
    the decoder runs over the whole target in one call. Below 1 each piece that is fed is the
    model's own likeliest with probability 1 - ratio, a draw a row and step (scheduled sampling,
    Bengio et al. 2015, https://arxiv.org/abs/1506.03099); the loss stays on the target's pieces.
    """
    logits, targets = reply_logits(model, src, trg, teacher_force_ratio)
    loss = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=label_smoothing)
    return loss, len(targets)


def reply_logits(
    model: Seq2Seq, src: Tensor, trg: Tensor, teacher_force_ratio: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Give the logits (N, V) of all the batch's reply pieces, and these pieces (N,).

    Arguments as in `reply_loss`; N counts every row's pieces up to its end piece.
    """
    encoded = model.encode(src)
    inputs, targets = trg[:, :-1], trg[:, 1:]  # (B, T) each
    counted = _counted(targets, model.eos_token, model.pad_token)  # (B, T)
    if teacher_force_ratio >= 1.0:
        states, _, _ = model.decoder.states(inputs, encoded.hidden, encoded)  # (B, T, H)
    else:
        states = _sampled_states(model, encoded, inputs, teacher_force_ratio)
    return model.decoder.fc_out(states[counted]), targets[counted]


def _counted(targets: Tensor, eos_token: int, pad_token: int | None) -> Tensor:
    """Which targets (B, T) belong to a reply: up to its end token, and no padding."""
    ends = targets == eos_token
    counted = (ends.cumsum(dim=1) - ends.long()) == 0
    return counted if pad_token is None else counted & (targets != pad_token)


def _sampled_states(model: Seq2Seq, encoded: Encoded, inputs: Tensor, ratio: float) -> Tensor:
    """The decoder's features (B, T, H) where only a share `ratio` of the inputs is forced."""
    hidden = encoded.hidden
    fed = inputs[:, :1]
    columns: list[Tensor] = []
    for t in range(inputs.size(1)):
        state, hidden, _ = model.decoder.states(fed, hidden, encoded)
        columns.append(state)
        if t + 1 < inputs.size(1):
            with torch.no_grad():
                best = model.decoder.fc_out(state).argmax(dim=-1)  # (B, 1)
            forced = torch.rand(best.shape, device=best.device) < ratio
            fed = torch.where(forced, inputs[:, t + 1 : t + 2], best)
    return torch.cat(columns, dim=1)
