"""The model's contract: each row ends for itself, padding is never read, forcing is exact."""

from __future__ import annotations

import warnings

import pytest
import torch
from random_models import EOS, PAD, SOS, TOKENS, V, random_model, variants
from torch import Tensor

from seq2seq.config import ModelConfig
from seq2seq.model import Decoder, Encoder, Seq2Seq


def chain_model(follows: dict[int, int], pad: bool = True) -> Seq2Seq:
    """A model that writes follows[p] after piece p, whatever came before and was read."""
    encoder, decoder = Encoder(V, V, V, 1, 0.0), Decoder(V, V, V, 1, 0.0)
    tokens = TOKENS if pad else {"sos_token": SOS, "eos_token": EOS}
    model = Seq2Seq(encoder, decoder, "cpu", V, tokens).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        decoder.embedding.weight.copy_(torch.eye(V))
        decoder.gru.weight_ih_l0[2 * V :] = 10 * torch.eye(V)
        decoder.gru.bias_ih_l0[V : 2 * V] = -50  # the update gate: nothing of the old state stays
        for piece, following in follows.items():
            decoder.fc_out.weight[following, piece] = 20
    return model


def stepwise(model: Seq2Seq, src: Tensor, trg: Tensor, max_len: int) -> tuple[Tensor, Tensor]:
    """What forward must give at ratio 1 for one row, a step at a time."""
    encoded = model.encode(src)
    hidden, fed = encoded.hidden, torch.tensor([SOS])
    outputs, length = torch.zeros(1, max_len, V), 0
    for t in range(1, max_len):
        outputs[:, t], hidden = model.decoder(fed, hidden, encoded)
        given = t < trg.size(1) and int(trg[0, t]) != PAD
        fed = trg[:, t] if given else outputs[:, t].argmax(dim=1)
        if int(fed) == EOS:
            break
        length += 1
    return outputs, torch.tensor([length])


@variants
def test_shapes_are_the_tutorials_in_every_variant(options: dict[str, object]) -> None:
    model = random_model(options)
    layers = model.decoder.gru.num_layers
    src = torch.randint(4, V, (3, 5))
    outputs, hidden = model.encoder(src)
    assert outputs.shape == (3, 5, 8)
    assert hidden.shape == (layers, 3, 8)
    encoded = model.encode(src)
    prediction, after = model.decoder(torch.tensor([SOS, SOS, 5]), hidden, encoded)
    assert prediction.shape == (3, V)
    assert after.shape == hidden.shape
    result, lengths = model(src, max_len=7)
    assert result.shape == (3, 7, V)
    assert lengths.shape == (3,)


@variants
def test_forward_of_the_decoder_is_the_softmax_of_its_logits(options: dict[str, object]) -> None:
    model = random_model(options)
    encoded = model.encode(torch.randint(4, V, (2, 4)))
    fed = torch.tensor([5, 6])
    prediction, hidden = model.decoder(fed, encoded.hidden, encoded)
    step = model.decoder.logits(fed.unsqueeze(1), encoded.hidden, encoded)
    assert torch.allclose(prediction, step.logits[:, 0].softmax(dim=-1), atol=1e-7)
    assert torch.equal(hidden, step.hidden)
    assert torch.allclose(prediction.sum(dim=1), torch.ones(2))


@variants
def test_pieces_fed_in_one_call_give_what_they_give_one_at_a_time(
    options: dict[str, object],
) -> None:
    model = random_model(options)
    encoded = model.encode(torch.randint(4, V, (2, 4)))
    fed = torch.randint(4, V, (2, 6))
    whole = model.decoder.logits(fed, encoded.hidden, encoded)
    hidden = encoded.hidden
    for t in range(6):
        step = model.decoder.logits(fed[:, t : t + 1], hidden, encoded)
        hidden = step.hidden
        assert torch.allclose(step.logits[:, 0], whole.logits[:, t], atol=1e-5)
    assert torch.allclose(hidden, whole.hidden, atol=1e-6)


@variants
def test_the_first_output_is_zero_and_the_others_are_distributions_until_the_end(
    options: dict[str, object],
) -> None:
    model = random_model(options, seed=3)
    outputs, lengths = model(torch.randint(4, V, (16, 5)), max_len=12)
    assert not outputs[:, 0].any()
    for row, length in zip(outputs, lengths.tolist(), strict=True):
        sums = row.sum(dim=1)
        last = min(length + 1, 11)  # the step that predicts the end token
        assert torch.allclose(sums[1 : last + 1], torch.ones(last), atol=1e-5)
        assert not row[last + 1 :].any()
        chosen = row[1 : last + 1].argmax(dim=1)
        assert EOS not in chosen[:length]
        assert length == 11 or chosen[-1] == EOS


@variants
def test_padding_changes_nothing(options: dict[str, object]) -> None:
    lengths = [1, 3, 7, 5]
    model = random_model(options, seed=1)
    rows = [torch.randint(4, V, (n,)) for n in lengths]
    src = torch.full((4, 9), PAD)
    for i, row in enumerate(rows):
        src[i, : len(row)] = row
    encoded = model.encode(src)
    together, found = model(src, max_len=10)
    for i, row in enumerate(rows):
        alone = model.encode(row.unsqueeze(0))
        assert torch.allclose(encoded.hidden[:, i], alone.hidden[:, 0], atol=1e-6)
        assert torch.allclose(encoded.memory[i, : len(row)], alone.memory[0], atol=1e-6)
        assert encoded.mask[i].tolist() == [True] * len(row) + [False] * (9 - len(row))
        outputs, length = model(row.unsqueeze(0), max_len=10)
        assert torch.allclose(together[i], outputs[0], atol=1e-5)
        assert int(found[i]) == int(length)


def test_the_replies_that_padding_does_not_change_differ() -> None:
    model = random_model({}, seed=1)
    outputs, _ = model(torch.randint(4, V, (16, 5)), max_len=10)
    replies = {tuple(row.argmax(dim=1).tolist()) for row in outputs}
    assert len(replies) > 3  # or the tests above would hold of a model that reads nothing


def test_without_a_pad_token_every_piece_is_read() -> None:
    model = random_model({})
    src = torch.tensor([[5, 6, PAD, PAD]])
    read, _ = model.encoder(src)
    model.pad_token = None
    assert torch.equal(model.encode(src).memory, read)
    assert bool(model.encode(src).mask.all())


def test_a_bidirectional_encoder_knows_the_end_at_the_start() -> None:
    one, other = torch.tensor([[5, 6, 7]]), torch.tensor([[5, 6, 8]])
    for both in (False, True):
        encoder = random_model({"bidirectional": both}).encoder
        same = torch.equal(encoder(one)[0][:, 0], encoder(other)[0][:, 0])
        assert same is not both


def test_each_row_ends_at_its_own_end_token_and_is_zero_after_it() -> None:
    model = chain_model({5: EOS, 6: 7, 7: 5, SOS: 9, EOS: 8})
    src = torch.full((3, 2), 4)
    trg = torch.tensor([[SOS, 5], [SOS, 6], [SOS, EOS]])
    outputs, lengths = model(src, trg, max_len=10)
    assert lengths.tolist() == [1, 3, 0]
    written = [row.argmax(dim=1).tolist() for row in outputs]
    assert written[0][1:4] == [9, EOS, 0]
    assert written[1][1:6] == [9, 7, 5, EOS, 0]
    assert outputs.sum(dim=2).round().int().tolist() == [
        [0, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ]


def test_the_loop_stops_once_every_row_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain_model({SOS: 5, 5: 6, 6: EOS})
    fed, logits = [], model.decoder.logits

    def counted(trg: Tensor, *rest: object) -> object:
        fed.append(trg.size(1))
        return logits(trg, *rest)

    monkeypatch.setattr(model.decoder, "logits", counted)
    outputs, lengths = model(torch.full((2, 3), 4), max_len=40)
    assert sum(fed) == 3
    assert outputs.shape == (2, 40, V)
    assert lengths.tolist() == [2, 2]


def test_a_target_that_ends_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    model = chain_model({SOS: 5, 5: 5, EOS: 5})
    calls, logits = [], model.decoder.logits
    monkeypatch.setattr(model.decoder, "logits", lambda *given: calls.append(1) or logits(*given))
    trg = torch.tensor([[SOS, 7, 8, EOS], [SOS, 7, EOS, PAD]])
    outputs, lengths = model(torch.full((2, 3), 4), trg, max_len=40)
    assert calls == [1]
    assert lengths.tolist() == [2, 1]
    assert outputs.sum(dim=(1, 2)).round().tolist() == [3, 2]


def test_a_reply_without_end_token_has_max_len_less_one_pieces() -> None:
    model = chain_model({SOS: 5, 5: 5})
    for max_len in (1, 2, 7):
        outputs, lengths = model(torch.full((1, 3), 4), max_len=max_len)
        assert outputs.shape == (1, max_len, V)
        assert lengths.tolist() == [max_len - 1]


def test_a_target_shorter_than_max_len_is_continued_freely() -> None:
    model = chain_model({5: 6, 6: 7, 7: EOS})
    src = torch.full((1, 2), 4)
    for trg in ([SOS, 5], [SOS, 9, 5], [SOS, 9, 9, 9, 5]):
        outputs, lengths = model(src, torch.tensor([trg]), max_len=12)
        tail = outputs[0].argmax(dim=1).tolist()[len(trg) : len(trg) + 3]
        assert tail == [6, 7, EOS]
        assert lengths.tolist() == [len(trg) + 1]
    only_start, _ = model(src, torch.tensor([[SOS]]), max_len=12)
    assert torch.equal(only_start, model(src, max_len=12)[0])


@pytest.mark.parametrize("padding", [0, 1, 5, 20])
def test_a_padded_target_without_end_token_is_continued_freely(padding: int) -> None:
    model = chain_model({5: 6, 6: 7, 7: EOS, 8: 8})
    open_row = [SOS, 9, 5, *[PAD] * (padding + 1)]
    trg = torch.tensor([open_row, [SOS, 9, 9, EOS, *[PAD] * padding]])
    outputs, lengths = model(torch.full((2, 2), 4), trg, max_len=9)
    assert outputs[0].argmax(dim=1).tolist()[3:6] == [6, 7, EOS]
    assert lengths.tolist() == [4, 2]


def test_a_target_longer_than_max_len_is_cut() -> None:
    model = random_model({}, seed=5)
    src, trg = torch.randint(4, V, (2, 3)), torch.randint(4, V, (2, 12))
    trg[:, 0] = SOS
    long, _ = model(src, trg, max_len=12)
    short, lengths = model(src, trg, max_len=5)
    assert torch.allclose(short, long[:, :5], atol=1e-6)
    assert lengths.tolist() == [4, 4]


@variants
def test_ratio_one_gives_what_single_steps_give(options: dict[str, object]) -> None:
    model = random_model(options, seed=2)
    src = torch.randint(4, V, (5, 6))
    src[1, 2:] = PAD
    trg = torch.randint(4, V, (5, 8))
    trg[:, 0] = SOS
    trg[1, 3], trg[1, 4:] = EOS, PAD
    trg[2, 2:] = PAD  # no end token: goes on by itself
    trg[3, 7] = EOS
    together, lengths = model(src, trg, teacher_force_ratio=1.0, max_len=13)
    for i in range(5):
        outputs, length = stepwise(model, src[i : i + 1], trg[i : i + 1], 13)
        assert torch.allclose(together[i], outputs[0], atol=1e-5)
        assert int(lengths[i]) == int(length)


def test_without_a_pad_token_the_whole_target_is_forced() -> None:
    model = chain_model({PAD: 6, 6: EOS, 5: 9}, pad=False)
    outputs, lengths = model(torch.full((1, 2), 4), torch.tensor([[SOS, 5, PAD]]), max_len=9)
    assert outputs[0].argmax(dim=1).tolist()[2:5] == [9, 6, EOS]
    assert lengths.tolist() == [3]


def test_ratio_zero_ignores_the_target() -> None:
    model = random_model({}, seed=4)
    src, trg = torch.randint(4, V, (4, 3)), torch.randint(4, V, (4, 6))
    free, free_lengths = model(src, max_len=8)
    outputs, lengths = model(src, trg, teacher_force_ratio=0.0, max_len=8)
    assert torch.equal(outputs, free)
    assert torch.equal(lengths, free_lengths)


def test_a_ratio_between_forces_where_the_rows_draw_is_below_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = chain_model({SOS: 5, 5: 5, 8: 9, 9: 9})
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.tensor([0.2, 0.7]))
    trg = torch.full((2, 4), 8)
    outputs, _ = model(torch.full((2, 2), 4), trg, teacher_force_ratio=0.5, max_len=5)
    written = outputs.argmax(dim=2).tolist()
    assert written[0][1:] == [5, 9, 9, 9]
    assert written[1][1:] == [5, 5, 5, 5]


def test_scheduled_sampling_follows_torchs_seed_and_varies() -> None:
    model = random_model({}, seed=7)
    src, trg = torch.randint(4, V, (8, 3)), torch.randint(4, V, (8, 10))

    def outputs(seed: int) -> Tensor:
        torch.manual_seed(seed)
        return model(src, trg, teacher_force_ratio=0.5, max_len=10)[0]

    assert torch.equal(outputs(1), outputs(1))
    assert not torch.equal(outputs(1), outputs(2))


@variants
def test_forward_changes_no_tensor_that_it_was_given(options: dict[str, object]) -> None:
    model = random_model(options)
    src, trg = torch.randint(4, V, (3, 4)), torch.randint(3, V, (3, 5))
    src[0, 2:] = PAD
    before = src.clone(), trg.clone()
    for ratio in (0.0, 0.5, 1.0):
        model(src, trg, ratio, 7)
    assert torch.equal(src, before[0])
    assert torch.equal(trg, before[1])


def test_dropout_between_layers_is_zero_where_there_is_one_layer() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        single = Encoder(V, 4, 4, 1, 0.5), Decoder(V, 4, 4, 1, 0.5)
    assert [half.gru.dropout for half in single] == [0.0, 0.0]
    assert [half.dropout.p for half in single] == [0.5, 0.5]
    double = Encoder(V, 4, 4, 2, 0.5), Decoder(V, 4, 4, 2, 0.5)
    assert [half.gru.dropout for half in double] == [0.5, 0.5]


def test_a_vocabulary_that_is_not_the_decoders_is_named() -> None:
    encoder, decoder = Encoder(V, 4, 4, 1, 0.0), Decoder(V, 4, 4, 1, 0.0)
    with pytest.raises(ValueError, match=r"99.*12"):
        Seq2Seq(encoder, decoder, "cpu", 99, TOKENS)


@pytest.mark.parametrize("emb_dim", [6, 8])
def test_tied_embeddings_are_one_parameter(emb_dim: int) -> None:
    tied = random_model({"tie_embeddings": True, "emb_dim": emb_dim})
    weights = (
        tied.encoder.embedding.weight,
        tied.decoder.embedding.weight,
        tied.decoder.fc_out.weight,
    )
    assert len({id(weight) for weight in weights}) == 1
    assert sum(p.shape == (V, emb_dim) for p in tied.parameters()) == 1
    untied = random_model({"emb_dim": 8})
    assert sum(p.shape == (V, 8) for p in untied.parameters()) == 3


@pytest.mark.parametrize("kind", ["dot", "general", "additive"])
def test_a_decoder_with_attention_asks_for_the_encoders_outputs(kind: str) -> None:
    decoder = Decoder(V, 4, 4, 1, 0.0, attention=kind)
    with pytest.raises(ValueError, match="encoded"):
        decoder(torch.tensor([5]), torch.zeros(1, 1, 4))


def test_an_unknown_attention_is_refused() -> None:
    with pytest.raises(ValueError, match="multihead"):
        ModelConfig(vocab_size=V, attention="multihead")
    with pytest.raises(ValueError, match="multihead"):
        Decoder(V, 4, 4, 1, 0.0, attention="multihead")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocab_size", 4),
        ("emb_dim", 0),
        ("hidden_dim", -1),
        ("n_layers", 0),
        ("dropout", 1.0),
        ("dropout", float("nan")),
        ("context_turns", -1),
        ("max_source", 1),
    ],
)
def test_a_size_out_of_range_is_refused_with_its_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"{name} is .*at least .*at most"):
        ModelConfig(**{"vocab_size": V, name: value})


def test_a_bidirectional_encoder_needs_an_even_hidden_dim() -> None:
    with pytest.raises(ValueError, match=r"hidden_dim is 7.*even"):
        ModelConfig(vocab_size=V, hidden_dim=7, bidirectional=True)
