"""The payload of the view inside the GRU: values packed, shares that add up, true words."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from random_models import TOKENS, random_model
from torch import Tensor

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.inspection.gates import Gates, context_of, decoder_gates, encoder_gates, insides
from seq2seq.model import build_model
from seq2seq.views.inside import (
    Packing,
    carried_on,
    context_shares,
    decoder_words,
    encoder_words,
    inside_payload,
    movements,
    packing_for,
)
from seq2seq.views.wording import Words, in_english

ASSETS = Path(__file__).resolve().parent.parent / "assets"

SOURCE, REPLY = [5, 4, 9, 7, 3], [6, 11, 4, 4, 8, 3]


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def trace(tiny: Chatbot) -> Trace:
    return tiny.reply("tell me a joke please", DecodingOptions(min_len=5))


def values(packed: str, packing: Packing, low: float, shape: torch.Size) -> Tensor:
    """The packed numbers, read as a page reads them."""
    codes = list(b64decode(packed))
    if packing.bits == 4:
        codes = [half for byte in codes for half in divmod(byte, 16)]
    numbers = torch.tensor(codes[: shape.numel()]).view(shape)
    return low + numbers / packing.top(low) * (1 - low)


def made(update: list[list[float]], backward: bool = False) -> Gates:
    """Gates with these update gates and candidates of 1, read from a state of zeros."""
    rows, hidden, before = torch.tensor(update), [], []
    state = torch.zeros(rows.size(1))
    for row in rows.flip(0) if backward else rows:
        before.append(state)
        state = (1 - row) + row * state
        hidden.append(state)
    ways = (hidden[::-1], before[::-1]) if backward else (hidden, before)
    after, earlier = map(torch.stack, ways)
    return Gates(0, backward, earlier, rows, rows, torch.ones_like(rows), after)


def english(sentences: list[Words]) -> str:
    return " ".join(map(in_english, sentences))


def test_payload_holds_every_value_to_its_rounding(tiny: Chatbot, trace: Trace) -> None:
    payload = json.loads(inside_payload(tiny.checkpoint, trace, 7))
    assert payload["number"] == 7
    assert (payload["bits"], payload["every"], payload["note"]) == (8, 1, "")
    found = insides(tiny.checkpoint, trace)
    for name, layers in (("encoder", found.encoder), ("decoder", found.decoder)):
        assert len(payload[name]["layers"]) == len(layers) == 2
        for drawn, gates in zip(payload[name]["layers"], layers, strict=True):
            for quantity, low in (("hidden", -1.0), ("update", 0.0), ("reset", 0.0)):
                real = getattr(gates, quantity)
                shown = values(drawn[quantity], Packing(8, 1), low, real.shape)
                assert torch.allclose(shown, real, atol=0.0041)
            assert len(drawn["kept"]) == len(drawn["moved"]) == len(payload[name]["pieces"])
            assert drawn["kept"] == pytest.approx(gates.update.mean(dim=1).tolist(), rel=1e-3)
            assert drawn["used"] == pytest.approx(gates.reset.mean(dim=1).tolist(), rel=1e-3)
    assert payload["encoder"]["pieces"] == [piece.piece for piece in trace.source]
    assert payload["decoder"]["pieces"] == [step.piece for step in trace.steps]


def test_there_is_nothing_to_draw_before_the_first_step(tiny: Chatbot, trace: Trace) -> None:
    assert inside_payload(tiny.checkpoint, replace(trace, steps=()), 1) == ""


def test_a_reply_of_one_step_is_drawn(tiny: Chatbot, trace: Trace) -> None:
    short = replace(trace, steps=trace.steps[:1])
    payload: dict[str, Any] = json.loads(inside_payload(tiny.checkpoint, short, 1))
    assert [len(layer["share"]) for layer in payload["decoder"]["layers"]] == [1, 1]


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("units", [6, 7])
def test_packing_gives_back_what_it_was_given(bits: int, units: int) -> None:
    packing = Packing(bits, 1)
    torch.manual_seed(0)
    hidden = torch.rand(5, units) * 2 - 1
    hidden[0, 0], hidden[1, 1], hidden[2, 2] = 0.0, 1.0, -1.0
    shown = values(packing.pack(hidden, -1), packing, -1, hidden.shape)
    assert torch.allclose(shown, hidden, atol=1.001 / packing.top(-1))
    assert [float(shown[k, k]) for k in range(3)] == [0.0, 1.0, -1.0]


def test_more_values_are_packed_ever_tighter_and_never_beyond_the_limit() -> None:
    gates = made(torch.rand(11, 40).tolist())
    count = 3 * 11 * 40
    for limit in (count, count - 1, count // 2, count // 5, count // 11):
        packing = packing_for([gates], limit)
        packed = [packing.pack(getattr(gates, name), 0) for name in ("update", "reset", "hidden")]
        assert sum(len(b64decode(one)) for one in packed) <= limit + 3
        assert (packing.note() == "") == (limit == count)
        kept = gates.update[:, :: packing.every]
        assert torch.allclose(
            values(packed[0], packing, 0, kept.shape), kept, atol=0.51 / packing.top(0)
        )
    assert packing_for([gates], count // 2).every == 1
    assert packing_for([gates], count // 5).every == 3


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"n_layers": 1}], ids=str)
def test_shares_of_the_context_add_up_with_what_is_left_of_the_start(
    options: dict[str, object],
) -> None:
    for gates in encoder_gates(random_model(options), SOURCE):
        start = gates.update.prod(dim=0).mean()
        assert float(context_shares(gates).sum() + start) == pytest.approx(1, abs=1e-5)


def test_shares_are_what_a_piece_alone_leaves_behind() -> None:
    for backward in (False, True):
        gates = made([[0.5, 0.25], [0.0, 1.0], [0.5, 0.75]], backward)
        shares = context_shares(gates)
        assert float(shares.sum()) == pytest.approx(float(gates.last().mean()))
        wiped = 2 if backward else 0  # the first unit of what was read before the gate of 0
        assert float(shares[wiped]) == pytest.approx(
            float((1 - gates.update[wiped, 1]) * gates.update[2 - wiped, 1] / 2)
        )


def test_what_is_carried_on_is_what_the_context_itself_still_adds() -> None:
    model = random_model({})
    context = context_of(encoder_gates(model, SOURCE))
    for gates in decoder_gates(model, REPLY, context):
        state = torch.ones_like(gates.before[0])  # only the old share, nothing new written
        for step, share in enumerate(carried_on(gates)):
            state = gates.update[step] * state
            assert float(share) == pytest.approx(float(state.mean()), abs=1e-6)


def test_a_state_that_is_kept_whole_does_not_move() -> None:
    gates = made([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert movements(gates).tolist() == [1.0, 0.0, 0.0]


def test_words_name_the_steps_that_the_numbers_name() -> None:
    fading = made([[0.9, 0.9], [0.6, 0.8], [0.1, 0.2], [0.9, 0.9]])
    said = english(decoder_words(fading, list("abcd"), attends=False))
    assert "From step 3, “c”, less than half" in said
    assert "10% of it there, 9% at the last step" in said
    most = int(movements(fading).argmax())
    assert f"moves most at step {most + 1}, “{'abcd'[most]}”" in said
    assert "nothing reads the message again" in said
    assert "its attention can look" in english(decoder_words(fading, list("abcd"), attends=True))


def test_words_do_not_claim_that_a_kept_message_was_lost() -> None:
    said = english(decoder_words(made([[0.9, 0.9], [0.8, 1.0]]), ["a", "b"], attends=False))
    assert "less than half" not in said
    assert "at the last step 81% of it is still carried on" in said


def test_words_of_the_encoder_name_the_piece_that_wrote_most() -> None:
    said = english(encoder_words(made([[0.5, 0.5], [0.2, 0.2], [0.9, 0.9]]), ["x", "y", "z"]))
    assert "to the decoder than piece 2, “y”: 72%." in said


def test_directions_are_named_only_where_there_are_two(tiny: Chatbot, trace: Trace) -> None:
    config = replace(tiny.config, bidirectional=True, attention="dot")
    both = replace(tiny.checkpoint, model=build_model(config, TOKENS).eval(), config=config)
    names = {}
    for checkpoint in (tiny.checkpoint, both):
        payload = json.loads(inside_payload(checkpoint, trace, 1))
        attends = checkpoint.config.attention != "none"
        assert (
            "attention can look" in english(payload["decoder"]["layers"][0]["words"])
        ) == attends
        for half in ("encoder", "decoder"):
            names[attends, half] = [in_english(layer["name"]) for layer in payload[half]["layers"]]
    assert (
        names[False, "encoder"] == names[False, "decoder"] == names[True, "decoder"] == ["1", "2"]
    )
    assert names[True, "encoder"] == ["1, forward", "1, backward", "2, forward", "2, backward"]


def test_hardly_anything_is_not_told_as_nothing() -> None:
    said = english(decoder_words(made([[0.9], [0.001], [0.9]]), list("abc"), attends=False))
    assert "under 1% of it there, under 1% at the last step" in said
    assert "0% of it there" in english(decoder_words(made([[0.0]]), ["a"], attends=False))


def test_every_sentence_of_the_view_is_korean_too() -> None:
    korean = json.loads((ASSETS / "korean" / "inside.json").read_text(encoding="utf-8"))
    kept, faded = made([[0.9, 0.9], [0.8, 1.0]]), made([[0.9], [0.001]])
    said = [decoder_words(gates, ["a", "b"], attends=gates is kept) for gates in (kept, faded)]
    notes = [Packing(4, every).note() for every in (1, 3)]
    for sentence in [*said[0], *said[1], *encoder_words(kept, ["a", "b"]), *notes]:
        english = template(sentence)
        assert places(korean[english]) == places(english)


def template(said: Words) -> str:
    return said if isinstance(said, str) else str(said[0])


def places(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))
