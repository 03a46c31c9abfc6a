"""Decoding step by step: what each step chose, measured again from the model itself."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor

from seq2seq.chatbot import Chatbot
from seq2seq.checkpoint import Checkpoint
from seq2seq.config import ModelConfig
from seq2seq.decoding import Reply, _drawn, decode
from seq2seq.model import Encoded, build_model
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID, SOS_ID, TOKENS, UNK_ID, Tokenizer
from seq2seq.trace import Step, Trace

MESSAGES = ["hello", "what is your name?", "tell me a joke please", "zebra 뷁"]
ATTENTION = [
    {"attention": "none"},
    {"attention": "dot"},
    {"attention": "additive", "bidirectional": True, "tie_embeddings": True, "n_layers": 1},
]


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint: Path) -> Chatbot:
    # In full precision: what is decoded is compared with the tutorial's forward.
    return Chatbot.from_pretrained(tiny_checkpoint, precision="fp32")


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello, how are you?", "I am well, thank you."] * 5, 300)


def random_bot(tokenizer: Tokenizer, **options: object) -> Chatbot:
    """A bot that babbles: weights large enough that what it writes depends on what it read."""
    config = ModelConfig(
        vocab_size=tokenizer.vocab_size,
        **{"emb_dim": 12, "hidden_dim": 16, "n_layers": 2, "dropout": 0.0, **options},
    )
    torch.manual_seed(2)
    model = build_model(config, TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
    return Chatbot(Checkpoint(Path("random"), config, model, tokenizer, "0" * 64, {}, ""))


@pytest.fixture(scope="module")
def babbler(tokenizer: Tokenizer) -> Chatbot:
    return random_bot(tokenizer)


def source_of(trace: Trace) -> Tensor:
    return torch.tensor([[piece.id for piece in trace.source]])


def probabilities(bot: Chatbot, trace: Trace) -> Tensor:
    """(T, V), what the model's own forward gives for the pieces of the trace."""
    trg = torch.tensor([[SOS_ID, *trace.ids]])
    with torch.no_grad():
        outputs, _ = bot.checkpoint.model(source_of(trace), trg, max_len=trg.size(1))
    return outputs[0, 1:].double()


def plain_logits(bot: Chatbot, trace: Trace) -> Tensor:
    """(T, V) in one call over the whole reply."""
    model = bot.checkpoint.model
    with torch.no_grad():
        encoded = model.encode(source_of(trace))
        fed = torch.tensor([[SOS_ID, *trace.ids[:-1]]])
        return model.decoder.logits(fed, encoded.hidden, encoded).logits[0].double()


def assert_measured(bot: Chatbot, trace: Trace) -> None:
    """Every figure of every step, computed again over the whole vocabulary."""
    found, logprob = probabilities(bot, trace), 0.0
    assert len(trace.steps) == len(found)
    for t, (step, p) in enumerate(zip(trace.steps, found, strict=True)):
        assert step.step == t
        assert step.piece == bot.checkpoint.tokenizer.piece(step.id)
        assert step.probability == pytest.approx(float(p[step.id]), abs=1e-5)
        assert step.rank == int((p > p[step.id]).sum())
        positive = p[p > 0]
        entropy = -float((positive * positive.log2()).sum())
        assert step.entropy == pytest.approx(entropy, abs=1e-4)
        logprob += math.log(step.probability)
        assert step.logprob == pytest.approx(logprob, abs=1e-9)
        wanted = p.topk(len(step.candidates)).values
        given = [candidate.probability for candidate in step.candidates]
        assert given == pytest.approx(wanted.tolist(), abs=1e-6)
        assert given == sorted(given, reverse=True)
        for candidate in step.candidates:
            assert candidate.probability == pytest.approx(float(p[candidate.id]), abs=1e-6)
            assert candidate.piece == bot.checkpoint.tokenizer.piece(candidate.id)
        assert len({candidate.id for candidate in step.candidates}) == len(step.candidates)
        assert sum(given) + step.other == pytest.approx(1.0, abs=1e-9)
    assert trace.logprob == trace.steps[-1].logprob


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(max_len=12),
        DecodingOptions(method="sample", seed=3, temperature=2.0, max_len=12),
        DecodingOptions(method="sample", seed=3, top_k=3, top_p=0.9, no_repeat_ngram=1, max_len=9),
        DecodingOptions(repetition_penalty=2.0, min_len=6, candidates=3, max_len=12),
    ],
    ids=["greedy", "sample", "filters", "penalty"],
)
def test_steps_are_measured_as_the_model_itself_says(
    tiny: Chatbot, message: str, options: DecodingOptions
) -> None:
    assert_measured(tiny, tiny.reply(message, options))


@pytest.mark.parametrize("config", ATTENTION, ids=str)
def test_steps_are_measured_so_in_every_variant(
    tokenizer: Tokenizer, config: dict[str, object]
) -> None:
    bot = random_bot(tokenizer, **config)
    options = DecodingOptions(method="sample", seed=1, max_len=10)
    assert_measured(bot, bot.reply("how are you?", options))


def test_greedy_takes_the_likeliest_that_may_be_written(babbler: Chatbot) -> None:
    trace = babbler.reply("hello", DecodingOptions(max_len=20))
    assert len(set(trace.ids)) > 3
    never = list(babbler.checkpoint.tokenizer.never_written)
    for id, p in zip(trace.ids, probabilities(babbler, trace), strict=True):
        p[never] = 0
        assert id == int(p.argmax())


def test_a_trained_model_knows_its_replies(tiny: Chatbot) -> None:
    assert tiny.reply("hello").reply == "Hi there! How are you today?"
    assert tiny.reply("goodbye").reply == "See you soon!"
    assert tiny.reply("goodbye").finish_reason == "eos"
    assert tiny.reply("goodbye").ids[-1] == EOS_ID


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_probability_is_the_softmax_at_the_temperature(
    babbler: Chatbot, temperature: float
) -> None:
    options = DecodingOptions(
        method="sample", seed=5, temperature=temperature, max_len=8, candidates=1000
    )
    trace = babbler.reply("hello", options)
    never = list(babbler.checkpoint.tokenizer.never_written)
    for step, logits in zip(trace.steps, plain_logits(babbler, trace), strict=True):
        logits[never] = float("-inf")
        expected = (logits / temperature).softmax(dim=0)
        for candidate in step.candidates:
            assert candidate.sampling_probability == pytest.approx(
                float(expected[candidate.id]), abs=1e-6
            )
        assert step.sampling_probability == pytest.approx(float(expected[step.id]), abs=1e-6)


def test_candidates_can_be_the_whole_vocabulary(babbler: Chatbot) -> None:
    trace = babbler.reply("hello", DecodingOptions(max_len=4, candidates=1000))
    for step in trace.steps:
        assert len(step.candidates) == babbler.checkpoint.tokenizer.vocab_size
        assert step.other == pytest.approx(0.0, abs=1e-9)
        assert sum(c.sampling_probability for c in step.candidates) == pytest.approx(1.0)


def test_a_seed_repeats_and_another_seed_differs(babbler: Chatbot) -> None:
    def ids(seed: int) -> tuple[int, ...]:
        options = DecodingOptions(method="sample", seed=seed, temperature=5.0, max_len=12)
        return babbler.reply("hello", options).ids

    assert ids(7) == ids(7)
    assert len({ids(seed) for seed in range(6)}) == 6


def test_a_draw_lies_in_the_chosen_pieces_part_of_the_bar(babbler: Chatbot) -> None:
    chosen = set()
    for seed in range(8):
        options = DecodingOptions(
            method="sample", seed=seed, temperature=3.0, top_k=40, max_len=10, candidates=1000
        )
        for step in babbler.reply("hello", options).steps:
            bar = sorted(step.candidates, key=lambda c: (-c.sampling_probability, c.id))
            place = [c.id for c in bar].index(step.id)
            start = sum(c.sampling_probability for c in bar[:place])
            assert step.draw is not None
            assert 0 <= step.draw < 1
            assert start - 1e-9 <= step.draw <= start + step.sampling_probability + 1e-9
            assert step.sampling_probability > 0
            chosen.add(place)
    assert len(chosen) > 10


def test_a_pieces_part_of_the_bar_holds_its_start_and_not_its_end() -> None:
    sampling = torch.tensor([[0.25, 0.0, 0.5, 0.25]], dtype=torch.float64)
    falls_on = {0.0: 2, 0.4999: 2, 0.5: 0, 0.7499: 0, 0.75: 3, 1 - 2**-53: 3}
    for draw, id in falls_on.items():
        assert _drawn(sampling, [draw]).tolist() == [id]
    rows = sampling.repeat(6, 1)
    assert _drawn(rows, list(falls_on)).tolist() == list(falls_on.values())


def test_pieces_are_drawn_as_often_as_their_sampling_probability_says(babbler: Chatbot) -> None:
    model, tokenizer, n = babbler.checkpoint.model, babbler.checkpoint.tokenizer, 4000
    options = DecodingOptions(
        method="sample", seed=0, temperature=2.0, top_k=8, max_len=1, candidates=1000
    )
    trace = babbler.reply("hello", options)
    one = model.encode(source_of(trace))
    encoded = Encoded(
        one.hidden.expand(-1, n, -1).contiguous(),
        one.memory.expand(n, -1, -1),
        one.mask.expand(n, -1),
    )
    few = DecodingOptions(
        method="sample", seed=0, temperature=2.0, top_k=8, max_len=1, candidates=1
    )
    found, *_ = decode(model, tokenizer, encoded, few, [Reply(seed) for seed in range(n)])
    drawn = Counter(step.id for _, step in found)
    likely = {c.id: c.sampling_probability for c in trace.steps[0].candidates}
    assert sum(likely[id] > 0 for id in drawn) == len(drawn)
    expected = {id: n * p for id, p in likely.items() if n * p >= 5}
    assert len(expected) >= 4
    distance = sum((drawn[id] - wanted) ** 2 / wanted for id, wanted in expected.items())
    assert distance < 40  # chi-square with at most 7 degrees of freedom: exceeded once in 10**6


def test_nothing_is_drawn_where_the_choice_is_greedy(tiny: Chatbot) -> None:
    assert all(step.draw is None for step in tiny.reply("hello", DecodingOptions(seed=3)).steps)


def test_nothing_special_is_written_even_at_the_highest_temperature(babbler: Chatbot) -> None:
    never = set(babbler.checkpoint.tokenizer.never_written)
    for seed in range(4):
        options = DecodingOptions(method="sample", seed=seed, temperature=100.0, max_len=60)
        assert not set(babbler.reply("hello", options).ids) & never


def test_a_prefix_is_respected_and_marked(tiny: Chatbot) -> None:
    prefix = tuple(tiny.checkpoint.tokenizer.encode("Soup I like"))
    for method in ("greedy", "sample"):
        options = DecodingOptions(method=method, seed=2, prefix_ids=prefix, max_len=20)
        trace = tiny.reply("hello", options)
        assert trace.ids[: len(prefix)] == prefix
        assert [step.forced for step in trace.steps] == [
            t < len(prefix) for t in range(len(trace.steps))
        ]
        assert trace.reply.startswith("Soup I like")
        assert_measured(tiny, trace)
    assert not any(step.forced for step in tiny.reply("hello").steps)


def test_a_prefix_may_be_the_whole_reply(tiny: Chatbot) -> None:
    hi = tuple(tiny.checkpoint.tokenizer.encode("Hi"))
    ended = tiny.reply("hello", DecodingOptions(prefix_ids=(*hi, EOS_ID), min_len=30))
    assert ended.ids == (*hi, EOS_ID)
    assert (ended.reply, ended.finish_reason) == ("Hi", "eos")
    cut = tiny.reply("hello", DecodingOptions(prefix_ids=hi, max_len=len(hi)))
    assert (cut.ids, cut.finish_reason) == (hi, "length")


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ((-1,), "-1; piece ids are from 0 to"),
        ((10**6,), "1000000; piece ids are from 0 to"),
        ((UNK_ID,), "<unk>"),
        ((SOS_ID,), "<s>"),
        ((4,), "<turn>"),
        ((EOS_ID, 50), "before its end"),
    ],
)
def test_a_prefix_that_no_reply_can_have_is_refused(
    tiny: Chatbot, prefix: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tiny.reply("hello", DecodingOptions(prefix_ids=prefix))


def test_max_len_counts_every_step(tiny: Chatbot) -> None:
    whole = tiny.reply("hello")
    for max_len in range(1, len(whole.ids) + 2):
        trace = tiny.reply("hello", DecodingOptions(max_len=max_len))
        assert trace.ids == whole.ids[:max_len]
        assert trace.finish_reason == ("eos" if max_len >= len(whole.ids) else "length")


def test_min_len_keeps_the_end_token_away(tiny: Chatbot) -> None:
    usual = len(tiny.reply("goodbye").ids)
    for min_len in (usual, usual + 5):
        trace = tiny.reply("goodbye", DecodingOptions(min_len=min_len, max_len=30))
        assert EOS_ID not in trace.ids[:min_len]
        assert len(trace.ids) > usual


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_ngram_comes_twice(babbler: Chatbot, n: int) -> None:
    def repeats(ids: tuple[int, ...]) -> int:
        grams = [ids[i : i + n] for i in range(len(ids) - n + 1)]
        return len(grams) - len(set(grams))

    usual = DecodingOptions(max_len=60, min_len=60)
    once = DecodingOptions(max_len=60, min_len=60, no_repeat_ngram=n)
    assert repeats(babbler.reply("hello", usual).ids) > 0
    assert repeats(babbler.reply("hello", once).ids) == 0


@pytest.mark.parametrize("config", ATTENTION, ids=str)
def test_any_piece_can_be_fed_from_a_steps_state(
    tokenizer: Tokenizer, config: dict[str, object]
) -> None:
    bot = random_bot(tokenizer, **config)
    trace = bot.reply("hello", DecodingOptions(max_len=8, min_len=8))
    model, other = bot.checkpoint.model, tokenizer.encode("thank")[0]
    with torch.inference_mode():
        encoded = model.encode(source_of(trace))
    for t in (0, 3, 6):
        state = trace.steps[t].state
        assert state is not None
        assert state.shape == encoded.hidden[:, 0].shape
        options = DecodingOptions(max_len=8, min_len=8, prefix_ids=(*trace.ids[:t], other))
        branch = bot.reply("hello", options).steps[t + 1]
        with torch.inference_mode():
            fed = torch.tensor([[other]])
            logits = model.decoder.logits(fed, state.unsqueeze(1), encoded).logits[0, 0]
        again = logits.double().softmax(dim=0)
        assert branch.probability == pytest.approx(float(again[branch.id]), abs=1e-6)
        assert branch.id != trace.ids[t + 1] or branch.probability != pytest.approx(
            trace.steps[t + 1].probability, abs=1e-6
        )


@pytest.mark.parametrize("config", ATTENTION[1:], ids=str)
def test_attention_weights_cover_the_source_and_add_up(
    tokenizer: Tokenizer, config: dict[str, object]
) -> None:
    bot = random_bot(tokenizer, **config)
    messages = ["hello", "how are you? I am well, thank you."]
    options = DecodingOptions(method="sample", seed=1, max_len=8, temperature=2.0)
    for trace in bot.reply_many(messages, options):
        for step in trace.steps:
            assert step.attention is not None
            assert len(step.attention) == len(trace.source)
            assert sum(step.attention) == pytest.approx(1.0, abs=1e-5)


def test_without_attention_there_are_no_weights(tiny: Chatbot) -> None:
    assert all(step.attention is None for step in tiny.reply("hello").steps)


@pytest.mark.parametrize("config", ATTENTION, ids=str)
def test_a_row_does_not_depend_on_the_rows_beside_it(
    tokenizer: Tokenizer, config: dict[str, object]
) -> None:
    bot = random_bot(tokenizer, **config)
    with torch.no_grad():
        bot.checkpoint.model.decoder.fc_out.bias[EOS_ID] += 3  # so that rows leave at times
    messages = ["hello", "how are you?", "you", "I am well, thank you. how are you?", "well"]
    options = DecodingOptions(method="sample", seed=11, max_len=25, temperature=1.5)
    together = bot.reply_many(messages, options)
    assert len({len(trace.ids) for trace in together}) > 1
    for message, trace in zip(messages, together, strict=True):
        alone = bot.reply(message, options)
        assert alone.ids == trace.ids
        assert alone.logprob == pytest.approx(trace.logprob, abs=1e-3)
        for one, other in zip(alone.steps, trace.steps, strict=True):
            assert (one.attention is None) == (other.attention is None)
            assert one.attention is None or one.attention == pytest.approx(
                other.attention, abs=1e-5
            )


def test_what_the_steps_add_is_the_reply(babbler: Chatbot) -> None:
    options = DecodingOptions(method="sample", seed=4, temperature=2.0, max_len=40)
    trace = babbler.reply("hello", options)
    assert "".join(step.text for step in trace.steps) == trace.reply
    assert trace.reply == babbler.checkpoint.tokenizer.decode(trace.ids)


def test_between_steps_the_caller_is_not_in_inference_mode(tiny: Chatbot) -> None:
    for _ in tiny.stream("hello"):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_the_lowest_temperature_is_greedy(babbler: Chatbot) -> None:
    greedy = babbler.reply("hello", DecodingOptions(max_len=10))
    for temperature in (1e-2, 1e-6, 1e-300, 5e-324):
        try:
            options = DecodingOptions(method="sample", seed=1, max_len=10, temperature=temperature)
        except ValueError:
            break  # lower ones are not taken at all
        assert babbler.reply("hello", options).ids == greedy.ids
    assert temperature < 1e-2


def test_a_reply_draws_for_itself() -> None:
    one, other = Reply(seed=1), Reply(seed=1)
    draws = [one.draw() for _ in range(3)]
    assert [other.draw() for _ in range(3)] == draws
    assert len(set(draws)) == 3
    assert Reply(seed=None).draw() is None


def test_a_step_compares_by_its_record_not_its_state(tiny: Chatbot) -> None:
    one, other = tiny.reply("hello").steps[0], tiny.reply("hello").steps[0]
    assert isinstance(one, Step)
    assert one == other
    assert one != tiny.reply("goodbye").steps[0]
