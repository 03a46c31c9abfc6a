"""The tutorial's code and weights work here unchanged."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seq2seq import Decoder, Encoder, Seq2Seq

SIZES = (10000, 3, 5, 2, 0.5)
TOKENS = {"sos_token": 0, "eos_token": 1}
PAGE = "SEQ2SEQ_TUTORIAL"  # names the tutorial's Markdown, where there is a copy at hand


class ReferenceEncoder(nn.Module):
    """What the tutorial computes, under its parameter names."""

    def __init__(self, vocabulary: int, emb: int, width: int, layers: int, drop: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.dropout = nn.Dropout(drop)
        self.gru = nn.GRU(emb, width, layers, batch_first=True, dropout=drop)

    def forward(self, src: Tensor) -> tuple[Tensor, Tensor]:
        return self.gru(self.dropout(self.embedding(src)))


class ReferenceDecoder(nn.Module):
    """What the tutorial computes, under its parameter names."""

    def __init__(self, vocabulary: int, emb: int, width: int, layers: int, drop: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, emb)
        self.gru = nn.GRU(emb, width, layers, batch_first=True, dropout=drop)
        self.fc_out = nn.Linear(width, vocabulary)
        self.dropout = nn.Dropout(drop)

    def forward(self, trg: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.dropout(self.embedding(trg[:, None]))
        output, hidden = self.gru(embedded, hidden)
        return F.softmax(self.fc_out(output[:, 0]), dim=1), hidden


class ReferenceSeq2Seq(nn.Module):
    """What the tutorial computes, its bugs included."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, vocabulary: int) -> None:
        super().__init__()
        self.encoder, self.decoder, self.vocabulary = encoder, decoder, vocabulary

    def forward(
        self, src: Tensor, trg: Tensor | None = None, ratio: float = 1.0, max_len: int = 50
    ) -> tuple[Tensor, Tensor]:
        hidden = self.encoder(src)[1]
        fed = torch.full((len(src),), TOKENS["sos_token"])
        outputs = torch.zeros(len(src), max_len, self.vocabulary)
        likeliest = torch.zeros(len(src), max_len)
        for t in range(1, max_len):
            outputs[:, t], hidden = self.decoder(fed, hidden)
            likeliest[:, t] = fed = outputs[:, t].argmax(1)
            if ratio > 0 and trg is not None and t < trg.size(1) and random.random() < ratio:
                fed = trg[:, t]
            if bool((fed == TOKENS["eos_token"]).all()):
                break
        return outputs, (likeliest != TOKENS["eos_token"]).sum(dim=1)


def both(layers: int = 2, vocabulary: int = 30) -> tuple[ReferenceSeq2Seq, Seq2Seq]:
    """The reference with large random weights, and ours with its weights loaded."""
    sizes = (vocabulary, 4, 6, layers, 0.5 if layers > 1 else 0.0)
    torch.manual_seed(0)
    theirs = ReferenceSeq2Seq(ReferenceEncoder(*sizes), ReferenceDecoder(*sizes), vocabulary)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.uniform_(-1.5, 1.5)
    ours = Seq2Seq(Encoder(*sizes), Decoder(*sizes), "cpu", vocabulary, TOKENS)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return theirs.eval(), ours.eval()


def test_the_encoder_cell_gives_the_printed_shapes() -> None:
    encoder = Encoder(*SIZES)
    input_seq = torch.tensor([[1, 2, 3, 4, 5]], dtype=torch.long)
    encoder_output, hidden = encoder(input_seq)
    assert encoder_output.shape == (1, 5, 5)
    assert hidden.shape == (2, 1, 5)


def test_the_decoder_cell_gives_the_printed_shape_and_a_distribution() -> None:
    encoder, decoder = Encoder(*SIZES), Decoder(*SIZES)
    _, context_vector = encoder(torch.tensor([[1, 2, 3, 4, 5]], dtype=torch.long))
    current_token = torch.tensor([101], dtype=torch.long)
    prediction, hidden = decoder(current_token, context_vector)
    assert prediction.shape == (1, 10000)
    assert hidden.shape == (2, 1, 5)
    assert float(prediction.detach().sum()) == pytest.approx(1.0, abs=1e-4)
    assert decoder.output_dim == 10000


def test_the_seq2seq_cell_gives_the_printed_shape() -> None:
    device = "cpu"
    encoder, decoder = Encoder(*SIZES), Decoder(*SIZES)
    model = Seq2Seq(encoder, decoder, device, trg_vocab_size=10000, tokens=TOKENS).to(device)
    src = torch.tensor([[1, 2, 3, 4, 5]], dtype=torch.long).to(device)
    trg = torch.tensor([[101, 102, 103, 104, 105]], dtype=torch.long).to(device)
    prediction = model(src, trg)
    assert prediction[0].shape == (1, 50, 10000)
    assert not prediction[0][:, 0].any()
    assert prediction[0].requires_grad
    assert prediction[1].shape == (1,)
    assert (model.sos_token, model.eos_token, model.trg_vocab_size) == (0, 1, 10000)


def test_constructors_take_the_tutorials_argument_names() -> None:
    rest = {"emb_dim": 3, "hidden_dim": 5, "n_layers": 2, "dropout": 0.5}
    encoder, decoder = Encoder(input_dim=20, **rest), Decoder(output_dim=20, **rest)
    model = Seq2Seq(
        encoder=encoder, decoder=decoder, device="cpu", trg_vocab_size=20, tokens=TOKENS
    )
    src = torch.tensor([[2, 3]])
    outputs, lengths = model(src=src, trg=src, teacher_force_ratio=0.5, max_len=6)
    assert outputs.shape == (1, 6, 20)
    assert lengths.shape == (1,)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_parameter_names_and_shapes_are_the_tutorials(layers: int) -> None:
    theirs, ours = both(layers)
    assert [(name, p.shape) for name, p in ours.state_dict().items()] == [
        (name, p.shape) for name, p in theirs.state_dict().items()
    ]


@pytest.mark.parametrize("layers", [1, 2, 3])
@torch.no_grad()
def test_the_tutorials_weights_give_the_same_numbers(layers: int) -> None:
    theirs, ours = both(layers)
    src = torch.randint(2, 30, (4, 7))
    for one, other in zip(theirs.encoder(src), ours.encoder(src), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-6)
    hidden = theirs.encoder(src)[1]
    for piece in (0, 9, 29):
        fed = torch.full((4,), piece)
        for one, other in zip(theirs.decoder(fed, hidden), ours.decoder(fed, hidden), strict=True):
            assert torch.allclose(one, other, rtol=0, atol=1e-6)


@torch.no_grad()
def test_probabilities_are_the_tutorials_up_to_each_rows_own_end() -> None:
    theirs, ours = both()
    src, trg = torch.randint(2, 30, (12, 7)), torch.randint(2, 30, (12, 9))
    trg[1, 4] = trg[2, 2] = TOKENS["eos_token"]
    for target, ratio in ((None, 1.0), (trg, 0.0), (trg, 1.0)):
        expected, _ = theirs(src, target, ratio, 20)
        outputs, lengths = ours(src, target, ratio, 20)
        for row, length in enumerate(lengths.tolist()):
            last = min(length + 1, 19)
            assert torch.allclose(
                outputs[row, : last + 1], expected[row, : last + 1], rtol=0, atol=1e-6
            )
            assert not outputs[row, last + 1 :].any()


@torch.no_grad()
def test_lengths_leave_out_what_the_tutorial_counts_wrongly() -> None:
    theirs, ours = both()
    for model in (theirs, ours):
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.fc_out.bias[TOKENS["eos_token"]] = 9.0
    src = torch.tensor([[5, 6]])
    assert theirs(src)[1].tolist() == [49]
    assert ours(src)[1].tolist() == [0]


if PAGE in os.environ:

    def test_the_pages_cells_run_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
        page = Path(os.environ[PAGE]).read_text(encoding="utf-8")
        found = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
        cells = [cell for cell in found if not re.search(r"^class ", cell, re.M)]
        assert len(cells) >= 3
        names = {"torch": torch, "nn": nn, "F": F, "random": random}
        names.update({"Encoder": Encoder, "Decoder": Decoder, "Seq2Seq": Seq2Seq})
        for cell in cells:
            exec(compile(cell, PAGE, "exec"), names)
        printed = capsys.readouterr().out
        for shape in ([2, 1, 5], [1, 10000], [1, 50, 10000]):
            assert f"torch.Size({shape})" in printed
