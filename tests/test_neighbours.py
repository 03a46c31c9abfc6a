"""The index of training messages: what is in it, what it finds, and what it refuses."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from small_talk import PAIRS, write_cast, write_pairs

from seq2seq.__main__ import main
from seq2seq.checkpoint import Checkpoint, load_checkpoint
from seq2seq.corpora import CorpusChoice, Mixture, Pair, load_mixture
from seq2seq.inspection.neighbour_file import FILE, LARGEST, Contents, packed, unpacked
from seq2seq.inspection.neighbours import (
    Neighbours,
    context_vectors,
    nearest_exactly,
    neighbours_of,
    reply_hash,
)
from seq2seq.source import read_source
from seq2seq.training.data import make_split
from seq2seq.training.indexing import (
    build_index,
    chosen_rows,
    distinct,
    held_out_messages,
    principal_codes,
    recall,
    trained_pairs,
)


def copied(checkpoint: Path, folder: Path) -> Checkpoint:
    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("resume"))
    return load_checkpoint(folder)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    path = write_pairs(tmp_path_factory.mktemp("corpus") / "pairs.csv")
    return load_mixture([CorpusChoice(str(path))])


@pytest.fixture(scope="module")
def checkpoint(
    tiny_checkpoint: Path, mixture: Mixture, tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    made = copied(tiny_checkpoint, tmp_path_factory.mktemp("indexed") / "tiny")
    build_index(made, mixture)
    return made


@pytest.fixture(scope="module")
def neighbours(checkpoint: Checkpoint) -> Neighbours:
    found = neighbours_of(checkpoint)
    assert found is not None
    return found


def train_pairs(mixture: Mixture) -> list[Pair]:
    return [pair for pairs in mixture.pairs["train"] for pair in pairs]


def source_of(checkpoint: Checkpoint, message: str) -> list[int]:
    return read_source(checkpoint.tokenizer, checkpoint.config, message).ids


def vector_of(checkpoint: Checkpoint, message: str) -> torch.Tensor:
    return context_vectors(checkpoint.model, [source_of(checkpoint, message)])[0]


# What it finds


def test_a_training_message_finds_itself_first(
    checkpoint: Checkpoint, neighbours: Neighbours, mixture: Mixture
) -> None:
    for pair in train_pairs(mixture):
        ids = source_of(checkpoint, pair.message)
        first = nearest_exactly(checkpoint, neighbours, ids, 3)[0]
        assert (first.message, first.reply, first.corpus) == (pair.message, pair.reply, "pairs.csv")
        assert first.similarity == pytest.approx(1, abs=1e-4)
        # In 8 bits "please please" is hardly to be told from "please please please".
        close = neighbours.nearest(context_vectors(checkpoint.model, [ids])[0], 5)
        assert pair.message in {neighbour.message for neighbour in close}


def test_a_search_is_brute_force_over_the_stored_rows(
    checkpoint: Checkpoint, neighbours: Neighbours
) -> None:
    stored = unpacked(checkpoint.folder / FILE)
    vector = vector_of(checkpoint, "do you like a joke?")
    centred = (vector - stored.mean) / (vector - stored.mean).norm()
    query = (centred @ stored.components.float()).tolist()
    cosines = []
    for code in stored.codes.tolist():
        product = sum(a * b for a, b in zip(code, query, strict=True))
        lengths = sum(a * a for a in code) * sum(b * b for b in query)
        cosines.append(product / lengths**0.5)
    expected = sorted(range(len(cosines)), key=lambda i: -cosines[i])[:7]
    rows, found = neighbours.search(vector, 7)
    assert rows.tolist() == expected
    assert found.tolist() == pytest.approx([cosines[i] for i in expected], abs=1e-5)
    listed = neighbours.nearest(vector, 7)
    assert [n.similarity for n in listed] == found.tolist()


def test_exact_cosines_are_those_of_the_whole_context_vectors(
    checkpoint: Checkpoint, neighbours: Neighbours
) -> None:
    mean = unpacked(checkpoint.folder / FILE).mean
    vector = vector_of(checkpoint, "hello joke")
    found = nearest_exactly(checkpoint, neighbours, source_of(checkpoint, "hello joke"), 10)
    assert len(found) == 10
    for neighbour in found:
        own = vector_of(checkpoint, neighbour.message)
        cosine = F.cosine_similarity(vector - mean, own - mean, dim=0)
        assert neighbour.similarity == pytest.approx(float(cosine), abs=1e-4)
    similarities = [neighbour.similarity for neighbour in found]
    assert similarities == sorted(similarities, reverse=True)


def test_more_rows_than_there_are_gives_all(checkpoint: Checkpoint, neighbours: Neighbours) -> None:
    found = neighbours.nearest(vector_of(checkpoint, "hello"), 10_000)
    assert len(found) == len(neighbours) == neighbours.about.rows


def test_a_vector_of_another_size_and_no_neighbours_are_refused(neighbours: Neighbours) -> None:
    with pytest.raises(ValueError, match="has 3 numbers"):
        neighbours.nearest(torch.zeros(3))
    with pytest.raises(ValueError, match="k is 0"):
        neighbours.nearest(torch.zeros(128), 0)


def test_the_mean_itself_is_answered(checkpoint: Checkpoint, neighbours: Neighbours) -> None:
    mean = unpacked(checkpoint.folder / FILE).mean
    before = mean.clone()
    assert all(n.similarity == 0 for n in neighbours.nearest(mean, 3))
    assert torch.equal(mean, before)


def test_a_row_has_the_same_vector_alone_and_among_others(checkpoint: Checkpoint) -> None:
    sources = [source_of(checkpoint, text) for text in ("hello", "how are you " * 9, "a", "bye")]
    together = context_vectors(checkpoint.model, sources)
    assert together.shape == (4, 2 * 64)
    for source, row in zip(sources, together, strict=True):
        alone = context_vectors(checkpoint.model, [source])[0]
        torch.testing.assert_close(alone, row, atol=1e-5, rtol=1e-4)


# Word for word


def test_every_training_reply_was_said_before_and_changed_ones_were_not(
    neighbours: Neighbours, mixture: Mixture
) -> None:
    for reply in {pair.reply for pair in train_pairs(mixture)}:
        assert neighbours.said_before(reply)
        assert neighbours.said_before(f"  {reply.replace(' ', '  ')}\n")
        for changed in (reply[:-1], reply + "!", reply.swapcase(), reply + " " + reply):
            assert not neighbours.said_before(changed)
    assert not neighbours.said_before("")


def test_a_reply_is_known_though_its_pair_is_no_row(
    checkpoint: Checkpoint, mixture: Mixture, tmp_path: Path
) -> None:
    made = copied(checkpoint.folder, tmp_path / "few")
    report = build_index(made, mixture, limit=2)
    few = Neighbours.load(made.folder)
    assert (len(few), report.rows, report.pairs) == (2, 2, len(distinct(train_pairs(mixture), "")))
    assert all(few.said_before(pair.reply) for pair in train_pairs(mixture))


def test_a_reply_is_known_in_the_form_that_the_tokenizer_gives_back(checkpoint: Checkpoint) -> None:
    tokenizer = checkpoint.tokenizer
    for reply in ("Well… it’s ½ past①, ｆｕｌｌ.", "안녕하세요…", "한글", "a\u00a0b"):
        written = tokenizer.decode(tokenizer.encode(reply))
        assert reply_hash(written) == reply_hash(reply)


# What is in it


def test_its_pairs_are_those_that_training_makes(checkpoint: Checkpoint, mixture: Mixture) -> None:
    lengths = [len(checkpoint.tokenizer.encode(pair.reply)) for pair in train_pairs(mixture)]
    for longest in (None, sorted(lengths)[len(lengths) // 2]):
        split, _ = make_split(mixture, "train", checkpoint.tokenizer, checkpoint.config, longest)
        assert trained_pairs(mixture, checkpoint.tokenizer, longest) == split.pairs
    assert len(split.pairs) < len(lengths)


def test_nothing_held_out_is_inside(
    checkpoint: Checkpoint, neighbours: Neighbours, mixture: Mixture
) -> None:
    held_out = set(held_out_messages(mixture, 10_000, 0))
    assert held_out
    everything = neighbours.nearest(vector_of(checkpoint, "hello"), 10_000)
    assert not held_out & {neighbour.message for neighbour in everything}
    assert held_out == {
        pair.message for s in ("valid", "test") for pairs in mixture.pairs[s] for pair in pairs
    }


def test_small_talk_of_the_default_personality_is_kept_whole_and_open_talk_sampled() -> None:
    small = [Pair(f"s{i}", "r", personality="friendly") for i in range(20)]
    other = [Pair(f"s{i}", "other", personality="witty") for i in range(20)]
    open_talk = [Pair(f"m{i}", "r") for i in range(100)]
    pairs = [*open_talk, *other, *small]
    rows = chosen_rows(pairs, "friendly", 50, seed=1)
    assert len(rows) == 50
    assert {pair.message for pair in small} <= {pair.message for pair in rows}
    assert not any(pair.personality == "witty" for pair in rows)
    assert rows == chosen_rows(pairs, "friendly", 50, seed=1)
    assert rows != chosen_rows(pairs, "friendly", 50, seed=2)
    assert len(chosen_rows(pairs, "friendly", 5, seed=1)) == 5
    assert len([p for p in chosen_rows(pairs, None, 500, seed=1) if p.personality]) == 40
    assert pairs == [*open_talk, *other, *small]
    with pytest.raises(ValueError, match="limit is 0"):
        chosen_rows(pairs, None, 0, seed=1)


def test_one_open_message_does_not_fill_the_index_with_its_replies() -> None:
    pairs = [Pair("Yes" if i % 2 else "yes", str(i)) for i in range(50)] + [Pair("no", "r")]
    rows = chosen_rows(pairs, None, 50, seed=0)
    assert len(rows) == 4


def test_the_same_pair_is_one_row_and_the_default_personality_has_it() -> None:
    friendly, witty = Pair("a", "b", personality="friendly"), Pair("a", "b", personality="witty")
    for pairs in ([friendly, witty], [witty, friendly], [friendly, witty, witty]):
        assert distinct(pairs, "friendly") == [friendly]


def test_messages_are_read_with_the_default_personality(
    cast_checkpoint: Path, tmp_path: Path
) -> None:
    path = write_cast(tmp_path / "cast.csv")
    made = copied(cast_checkpoint, tmp_path / "cast")
    choice = [CorpusChoice(str(path))]
    build_index(made, load_mixture(choice, personalities=("friendly", "witty")))
    index = Neighbours.load(made.folder)
    assert index.about.personality == "friendly"
    first = index.nearest(vector_of(made, "hello"), 1)[0]
    assert (first.message, first.reply) == ("hello", dict(PAIRS)["hello"])
    assert first.similarity == pytest.approx(1, abs=1e-2)
    assert index.said_before("My code.")


# How faithful it is


def test_recall_is_whole_without_reduction_and_less_with_few_directions(
    checkpoint: Checkpoint,
) -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(300, 128, generator=generator)
    queries = torch.randn(20, 128, generator=generator)
    stored = unpacked(checkpoint.folder / FILE)

    def index(dimensions: int) -> Neighbours:
        mean, components, codes = principal_codes(vectors, dimensions)
        about = dataclasses.replace(stored.about, rows=300, dimensions=dimensions)
        many = {
            "lengths": torch.zeros(300, 2, dtype=torch.int16),
            "corpus": torch.zeros(300, dtype=torch.uint8),
        }
        return Neighbours(
            dataclasses.replace(
                stored, about=about, mean=mean, components=components, codes=codes, **many
            )
        )

    before = vectors.clone()
    found = [recall(index(k), vectors, queries) for k in (4, 32, 128)]
    assert found == sorted(found)
    assert found[0] < 0.5
    assert found[2] > 0.9
    again = recall(index(32), vectors, queries, candidates=60)
    assert again > found[1]
    assert recall(index(4), vectors, queries, candidates=300) == 1.0
    assert torch.equal(vectors, before)


# The file


def test_reading_gives_what_was_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    stored = unpacked(checkpoint.folder / FILE)
    again = tmp_path / FILE
    again.write_bytes(packed(stored))
    for field in dataclasses.fields(Contents):
        one, other = getattr(stored, field.name), getattr(unpacked(again), field.name)
        same = torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
        assert same, field.name
    assert stored.about.corpora == ("pairs.csv",)


def test_the_same_seed_gives_the_same_file(
    checkpoint: Checkpoint, mixture: Mixture, tmp_path: Path
) -> None:
    made = copied(checkpoint.folder, tmp_path / "again")
    build_index(made, mixture)
    assert (made.folder / FILE).read_bytes() == (checkpoint.folder / FILE).read_bytes()


def test_an_index_of_other_weights_is_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    made = copied(checkpoint.folder, tmp_path / "other")
    weights = made.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(ValueError, match=r"other weights.*python -m seq2seq index"):
        Neighbours.load(made.folder)
    with pytest.raises(ValueError, match="other weights"):
        Neighbours.load(checkpoint.folder, "0" * 64)


def test_no_index_is_none_or_says_the_command(tiny_checkpoint: Path) -> None:
    assert neighbours_of(load_checkpoint(tiny_checkpoint)) is None
    with pytest.raises(FileNotFoundError, match="python -m seq2seq index --checkpoint"):
        Neighbours.load(tiny_checkpoint)


def test_a_cut_or_lengthened_file_is_refused_by_its_name(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    whole = (checkpoint.folder / FILE).read_bytes()
    path = tmp_path / FILE
    sizes = {0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1}
    for data in [*(whole[:size] for size in sizes), whole + b"x", b"\x80\x04K\x01."]:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=FILE):
            unpacked(path)
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match="10,000,000"):
        unpacked(path)


def _tampered(name: str) -> object:
    """One way to spoil a file: a function of its tensors and its description."""
    ways = {
        "a tensor is missing": lambda t, a: t.pop("corpus"),
        "a foreign tensor": lambda t, a: t.update(other=torch.zeros(1)),
        "another dtype": lambda t, a: t.update(mean=t["mean"].double()),
        "another shape": lambda t, a: t.update(lengths=t["lengths"][1:]),
        "no dimension": lambda t, a: t.update(mean=torch.tensor(1.0)),
        "not a number": lambda t, a: t.update(mean=t["mean"] * float("nan")),
        "a negative length": lambda t, a: t.update(lengths=-t["lengths"]),
        "a corpus without a name": lambda t, a: t.update(corpus=t["corpus"] + 9),
        "texts too short": lambda t, a: t.update(lengths=t["lengths"] + 1),
        "texts cut": lambda t, a: t.update(texts=t["texts"][:-5]),
        "codes are no zlib": lambda t, a: t.update(codes=t["codes"].flip(0)),
        "hashes out of order": lambda t, a: a.update(replies=a["replies"] + 1),
        "more rows": lambda t, a: a.update(rows=a["rows"] + 1),
        "rows are a text": lambda t, a: a.update(rows="many"),
        "huge": lambda t, a: a.update(replies=10**15),
        "an unknown personality": lambda t, a: a.update(personality="rude"),
        "another version": lambda t, a: a.update(format=2),
        "a foreign name": lambda t, a: a.update(code="print(1)"),
        "corpora are numbers": lambda t, a: a.update(corpora=[1]),
    }
    return ways[name] if name else list(ways)


@pytest.mark.parametrize("way", _tampered(""))
def test_foreign_tensors_and_descriptions_are_refused(
    checkpoint: Checkpoint, tmp_path: Path, way: str
) -> None:
    from safetensors import safe_open

    with safe_open(checkpoint.folder / FILE, "pt") as file:
        about = json.loads(file.metadata()["index"])
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    _tampered(way)(tensors, about)
    path = tmp_path / FILE
    save_file(tensors, path, {"index": json.dumps(about)})
    with pytest.raises(ValueError, match=FILE):
        unpacked(path)


def test_a_file_that_would_be_too_large_names_the_limit(checkpoint: Checkpoint) -> None:
    stored = unpacked(checkpoint.folder / FILE)
    noise = torch.randint(0, 256, (LARGEST,), dtype=torch.uint8).numpy().tobytes()
    with pytest.raises(ValueError, match="smaller --limit"):
        packed(dataclasses.replace(stored, texts=noise))


# The command


def test_the_command_indexes_a_small_file(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = copied(tiny_checkpoint, tmp_path / "tiny")
    corpus = write_pairs(tmp_path / "pairs.csv")
    arguments = ["index", "--checkpoint", str(made.folder), "--corpus", f"{corpus}:2"]
    assert main([*arguments, "--limit", "20", "--seed", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    index = Neighbours.load(made.folder)
    assert found["rows"] == len(index) == 20
    assert found["file_bytes"] == (made.folder / FILE).stat().st_size < LARGEST
    assert found["recall_at_10"] > 0.9
    assert found["queries"] > 0
    assert main(arguments) == 0
    assert "MB in" in capsys.readouterr().out
    assert len(Neighbours.load(made.folder)) == found["pairs"] > 20


def test_the_corpora_are_those_of_the_metrics_unless_told(
    tiny_checkpoint: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = copied(tiny_checkpoint, tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    arguments = ["index", "--checkpoint", str(made.folder)]
    assert main(arguments) == 2
    assert "pairs.csv does not exist" in capsys.readouterr().err
    write_pairs(tmp_path / "pairs.csv")
    assert main(arguments) == 0
    assert "note:" not in capsys.readouterr().out
    write_pairs(tmp_path / "pairs.csv", copies=2)
    assert main(arguments) == 0
    assert "its training had" in capsys.readouterr().out
    (made.folder / "metrics.json").unlink()
    assert main(arguments) == 2
    assert "--corpus" in capsys.readouterr().err


def test_a_bad_limit_is_one_line(tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--checkpoint", str(tiny_checkpoint), "--limit", "0"]) == 2
    assert capsys.readouterr().err.startswith("python -m seq2seq index: limit is 0")
    assert not (tiny_checkpoint / FILE).exists()


def test_an_index_without_held_out_messages_says_nothing_of_recall(
    tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = copied(tiny_checkpoint, tmp_path / "tiny")
    with open(tmp_path / "one.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["message", "reply"], ["hello", "Hi."]])
    arguments = ["index", "--checkpoint", str(made.folder), "--corpus", str(tmp_path / "one.csv")]
    assert main(arguments) == 0
    assert "recall" not in capsys.readouterr().out
    assert Neighbours.load(made.folder).said_before("Hi.")


def test_looking_up_imports_no_datasets() -> None:
    script = (
        "import sys, seq2seq.inspection.neighbours, seq2seq.views.neighbours;"
        "print(sorted({'datasets', 'accelerate', 'sacrebleu'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
