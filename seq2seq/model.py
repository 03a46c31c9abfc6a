"""The tutorial's model: an Encoder, a Decoder, and the Seq2Seq that joins them.

Shape letters, everywhere in the package: B rows of a batch, S source pieces, T target pieces,
V pieces in the vocabulary, E embedding, H hidden, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq.attention import Attention
from seq2seq.config import ModelConfig, check_range


class Encoded(NamedTuple):
    """What the decoder gets from the encoder."""

    hidden: Tensor  # (L, B, H), the context vector
    memory: Tensor  # (B, S, H), every step's output, read by attention only
    mask: Tensor  # (B, S), False over padding


class Decoded(NamedTuple):
    """What the decoder gives for T pieces fed to it."""

    logits: Tensor  # (B, T, V)
    hidden: Tensor  # (L, B, H), after the last of them
    attention: Tensor | None  # (B, T, S), None without attention


class Encoder(nn.Module):
    """Reads the source pieces, one GRU step each.

    A bidirectional encoder gives H / 2 numbers to each direction, so that the shapes stay.
    """

    def __init__(
        self,
        input_dim: int,
        emb_dim: int,
        hidden_dim: int,
        n_layers: int,
        dropout: float,
        *,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.dropout = nn.Dropout(dropout)
        self.gru = nn.GRU(
            input_size=emb_dim,
            hidden_size=hidden_dim // (2 if bidirectional else 1),
            num_layers=n_layers,
            batch_first=True,
            dropout=dropout if n_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )

    def forward(self, src: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give outputs (B, S, H) and hidden (L, B, H) for src (B, S).

        lengths (B,), from 1 to S, leaves the padding behind each row unread; without it every
        piece is read, as in the tutorial.
        """
        embedded = self.dropout(self.embedding(src))  # (B, S, E)
        if lengths is None or bool((lengths == src.size(1)).all()):
            outputs, hidden = self.gru(embedded)
        else:
            packed = pack_padded_sequence(
                embedded, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            outputs, hidden = self.gru(packed)
            outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=src.size(1))
        if self.gru.bidirectional:
            # (L * 2, B, H / 2) -> (L, B, H)
            hidden = torch.cat([hidden[0::2], hidden[1::2]], dim=-1)
        return outputs, hidden


class Decoder(nn.Module):
    """Writes the reply, one GRU step a piece.

    Beyond the tutorial: `attention` over the encoder's outputs, and `tied` output weights, which
    are the embedding's own (with a projection from H to E in between where they differ).
    """

    def __init__(
        self,
        output_dim: int,
        emb_dim: int,
        hidden_dim: int,
        n_layers: int,
        dropout: float,
        *,
        attention: str = "none",
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.output_dim = output_dim
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.gru = nn.GRU(
            input_size=emb_dim,
            hidden_size=hidden_dim,
            num_layers=n_layers,
            batch_first=True,
            dropout=dropout if n_layers > 1 else 0.0,
        )
        self.attention = None if attention == "none" else Attention(attention, hidden_dim)
        self.to_embedding = nn.Linear(hidden_dim, emb_dim) if tied else None
        self.fc_out = nn.Linear(emb_dim if tied else hidden_dim, output_dim)
        if tied:
            # An embedding's usual rows of length sqrt(E) would make wild logits.
            nn.init.normal_(self.embedding.weight, std=emb_dim**-0.5)
            self.fc_out.weight = self.embedding.weight
        self.dropout = nn.Dropout(dropout)

    def states(
        self, trg: Tensor, hidden: Tensor, encoded: Encoded | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give features (B, T, H, or E if tied), hidden (L, B, H), attention (B, T, S) or None.

        trg (B, T) are the pieces fed; the features are what `fc_out` turns into logits. Training
        takes the features alone and projects only those that are not padding.
        """
        embedded = self.dropout(self.embedding(trg))  # (B, T, E)
        states, hidden = self.gru(embedded, hidden)  # (B, T, H)
        features, weights = self.features(states, encoded)
        return features, hidden, weights

    def features(
        self, states: Tensor, encoded: Encoded | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """What `fc_out` gets of the last layer's states (B, T, H), and attention (B, T, S)."""
        weights = None
        if self.attention is not None:
            if encoded is None:
                raise ValueError("a decoder with attention needs the encoder's outputs: encoded")
            states, weights = self.attention(states, encoded.memory, encoded.mask)
        if self.to_embedding is not None:
            states = self.to_embedding(states)
        return states, weights

    def logits(self, trg: Tensor, hidden: Tensor, encoded: Encoded | None = None) -> Decoded:
        """Feed trg (B, T) from hidden (L, B, H); `forward` is the softmax of a single step."""
        states, hidden, weights = self.states(trg, hidden, encoded)
        return Decoded(self.fc_out(states), hidden, weights)

    def forward(
        self, trg: Tensor, hidden: Tensor, encoded: Encoded | None = None
    ) -> tuple[Tensor, Tensor]:
        """One step: trg (B,), hidden (L, B, H) -> probabilities (B, V), hidden (L, B, H)."""
        step = self.logits(trg.unsqueeze(1), hidden, encoded)
        return F.softmax(step.logits.squeeze(1), dim=-1), step.hidden


class Seq2Seq(nn.Module):
    """Encoder and decoder together: source pieces in, probabilities of the reply's pieces out.

    Corrected against the tutorial: losses come from logits, never from a cross-entropy of a
    softmax; each row ends for itself, at its own end token, and its later outputs are zero;
    padding is never read, so a row gives the same alone and in a batch; `actual_lengths` counts
    the pieces before the end token only; dropout between layers is 0 where there is one layer.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        device: torch.device | str,
        trg_vocab_size: int,
        tokens: Mapping[str, int],
    ) -> None:
        super().__init__()
        if trg_vocab_size != decoder.output_dim:
            raise ValueError(
                f"trg_vocab_size is {trg_vocab_size}; the decoder writes {decoder.output_dim}"
            )
        self.encoder = encoder
        self.decoder = decoder
        self.device = torch.device(device)
        self.trg_vocab_size = trg_vocab_size
        self.sos_token = tokens["sos_token"]
        self.eos_token = tokens["eos_token"]
        self.pad_token = tokens.get("pad_token")

    def encode(self, src: Tensor) -> Encoded:
        """Read src (B, S), padded on the right with `pad_token` if there is one."""
        lengths, mask = source_lengths(src, self.pad_token)
        outputs, hidden = self.encoder(src, lengths)
        return Encoded(hidden, outputs, mask)

    def forward(
        self,
        src: Tensor,
        trg: Tensor | None = None,
        teacher_force_ratio: float = 1.0,
        max_len: int = 50,
    ) -> tuple[Tensor, Tensor]:
        """Give outputs (B, max_len, V), probabilities, and actual_lengths (B,).

        Step t predicts piece t, so outputs[:, 0] is zero and trg[:, 0] is the start token. A
        target's piece is fed on with probability `teacher_force_ratio` (a draw a row and step),
        the likeliest piece otherwise and after the target. A row is over once the piece fed on is
        the end token; the loop stops when every row is. actual_lengths counts the pieces before it.
        """
        check_range("teacher_force_ratio", teacher_force_ratio, 0, 1)
        if max_len < 1:
            raise ValueError(f"max_len is {max_len}; it must be at least 1")
        encoded = self.encode(src)
        hidden = encoded.hidden
        forced = self._forced_inputs(trg, teacher_force_ratio, max_len)  # (B, N)
        current = src.new_full((src.size(0), 1), self.sos_token)  # (B, 1)
        running = torch.ones(src.size(0), dtype=torch.bool, device=src.device)
        lengths = torch.zeros(src.size(0), dtype=torch.long, device=src.device)
        outputs: list[Tensor] = []  # of (B, T, V)
        t = 1
        while t < max_len and bool(running.any()):
            fed = current if t > 1 or forced is None else torch.cat([current, forced], dim=1)
            step = self.decoder.logits(fed, hidden, encoded)
            hidden = step.hidden
            probabilities = F.softmax(step.logits, dim=-1)  # (B, T, V)
            for column in range(fed.size(1)):
                outputs.append(probabilities[:, column] * running.unsqueeze(1))
                if column + 1 < fed.size(1):
                    chosen = fed[:, column + 1]
                else:
                    chosen = self._fed_on(probabilities[:, column], trg, teacher_force_ratio, t)
                running = running & (chosen != self.eos_token)
                lengths += running
                t += 1
            current = chosen.unsqueeze(1)
        zero = torch.zeros(
            src.size(0), self.trg_vocab_size, dtype=encoded.memory.dtype, device=src.device
        )
        rows = [zero, *outputs] + [zero] * (max_len - 1 - len(outputs))
        return torch.stack(rows, dim=1), lengths

    def _forced_inputs(self, trg: Tensor | None, ratio: float, max_len: int) -> Tensor | None:
        """The columns of trg (B, N), from the second on, that every running row is forced to."""
        if trg is None or ratio < 1.0:
            return None
        columns = trg[:, 1 : max_len - 1]
        if columns.size(1) == 0:
            return None
        if self.pad_token is None:
            return columns
        is_end = (columns == self.eos_token).cumsum(dim=1) > 0
        given = is_end | (columns != self.pad_token)
        whole = given.all(dim=0).cumprod(dim=0).sum()
        return columns[:, : int(whole)] if int(whole) else None

    def _fed_on(self, prediction: Tensor, trg: Tensor | None, ratio: float, t: int) -> Tensor:
        """The piece (B,) that follows step t: the target's where it is forced, or the likeliest."""
        best = prediction.argmax(dim=1)
        if trg is None or t >= trg.size(1) or ratio <= 0.0:
            return best
        target = trg[:, t]
        force = torch.rand(target.shape, device=target.device) < ratio
        if self.pad_token is not None:
            force &= target != self.pad_token
        return torch.where(force, target, best)


def source_lengths(src: Tensor, pad_token: int | None) -> tuple[Tensor, Tensor]:
    """How many pieces (B,) each row of src (B, S) has, and where they are (B, S)."""
    positions = torch.arange(1, src.size(1) + 1, device=src.device)
    if pad_token is None:
        lengths = src.new_full((src.size(0),), src.size(1))
    else:
        lengths = ((src != pad_token) * positions).amax(dim=1).clamp(min=1)
    return lengths, positions <= lengths.unsqueeze(1)


def build_model(
    config: ModelConfig, tokens: Mapping[str, int], device: torch.device | str = "cpu"
) -> Seq2Seq:
    """A Seq2Seq of the config's sizes with fresh weights."""
    vocab, own = config.vocab_size, config.encoder_dropout
    sizes = (config.emb_dim, config.hidden_dim, config.n_layers)
    dropout = config.dropout if own is None else own
    encoder = Encoder(vocab, *sizes, dropout, bidirectional=config.bidirectional)
    decoder = Decoder(
        vocab, *sizes, config.dropout, attention=config.attention, tied=config.tie_embeddings
    )
    if config.tie_embeddings:
        encoder.embedding.weight = decoder.embedding.weight
    return Seq2Seq(encoder, decoder, device, config.vocab_size, tokens).to(device)
