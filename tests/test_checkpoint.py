"""A checkpoint folder: what is saved comes back, and what does not fit is refused by name."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from seq2seq.checkpoint import load_checkpoint, save_weights, weights_of
from seq2seq.config import ModelConfig
from seq2seq.files import sha256_of
from seq2seq.model import Seq2Seq, build_model
from seq2seq.tokenizer import TOKENS, Tokenizer

VARIANTS = [
    {},
    {"attention": "additive", "bidirectional": True},
    {"tie_embeddings": True, "n_layers": 1},
    {"context_turns": 2, "lowercase_message": False, "max_source": 9},
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello, how are you?", "I am well, thank you."] * 5, 300)


def made(tokenizer: Tokenizer, **options: object) -> tuple[Seq2Seq, ModelConfig]:
    sizes = {"emb_dim": 6, "hidden_dim": 8, "dropout": 0.0, **options}
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **sizes)
    torch.manual_seed(0)
    return build_model(config, TOKENS), config


@pytest.fixture
def folder(tokenizer: Tokenizer, tmp_path: Path) -> Path:
    path = tmp_path / "small"
    save_weights(path, *made(tokenizer), tokenizer)
    return path


def logits(model: Seq2Seq) -> Tensor:
    with torch.no_grad():
        encoded = model.encode(torch.tensor([[20, 30, 40, 3], [20, 3, 0, 0]]))
        fed = torch.tensor([[2, 50, 60], [2, 51, 61]])
        return model.decoder.logits(fed, encoded.hidden, encoded).logits


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    described = json.loads(path.read_text())
    described["model"].update(changes)
    path.write_text(json.dumps(described))


def edit_weights(folder: Path, **changes: Tensor | None) -> None:
    weights = load_file(folder / "model.safetensors")
    for name, tensor in changes.items():
        weights.pop(name.replace("__", "."), None)
        if tensor is not None:
            weights[name.replace("__", ".")] = tensor
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_what_is_saved_again_gives_the_same_logits(
    tokenizer: Tokenizer, tmp_path: Path, options: dict[str, object]
) -> None:
    save_weights(tmp_path / "once", *made(tokenizer, **options), tokenizer)
    once = load_checkpoint(tmp_path / "once")
    save_weights(tmp_path / "twice", once.model, once.config, once.tokenizer)
    twice = load_checkpoint(tmp_path / "twice")
    assert torch.equal(logits(once.model), logits(twice.model))
    assert once.sha256 == twice.sha256
    assert once.config == twice.config == made(tokenizer, **options)[1]


def test_a_loaded_model_is_the_saved_one_up_to_rounding(tokenizer: Tokenizer, folder: Path) -> None:
    model, _ = made(tokenizer)
    loaded = load_checkpoint(folder).model
    assert torch.allclose(logits(loaded), logits(model.eval()), atol=1e-2)
    assert not torch.equal(logits(loaded), torch.zeros_like(logits(loaded)))
    for (name, one), other in zip(loaded.named_parameters(), model.parameters(), strict=True):
        assert torch.equal(one, other.half().float()), name


def test_a_loaded_model_is_float32_and_in_evaluation_mode(folder: Path) -> None:
    model = load_checkpoint(folder).model
    assert not any(module.training for module in model.modules())
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_tied_weights_are_saved_once_and_stay_tied(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_weights(tmp_path, *made(tokenizer, tie_embeddings=True), tokenizer)
    stored = load_file(tmp_path / "model.safetensors")
    assert sum(tensor.shape == (tokenizer.vocab_size, 6) for tensor in stored.values()) == 1
    model = load_checkpoint(tmp_path).model
    assert model.encoder.embedding.weight is model.decoder.embedding.weight
    assert model.decoder.fc_out.weight is model.decoder.embedding.weight


def test_saving_leaves_the_model_as_it_is(tokenizer: Tokenizer, tmp_path: Path) -> None:
    model, config = made(tokenizer)
    before = {name: tensor.clone() for name, tensor in weights_of(model).items()}
    save_weights(tmp_path, model, config, tokenizer)
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights_of(model).items())
    assert model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_the_tokenizers_ids_are_kept(tokenizer: Tokenizer, folder: Path) -> None:
    loaded = load_checkpoint(folder).tokenizer
    texts = ["hello, how are you?", "세계 🚀", "</s><unk>"]
    for text in texts:
        assert loaded.encode(text) == tokenizer.encode(text)
    assert loaded.model_proto == tokenizer.model_proto


def test_name_hash_metrics_and_card_are_the_folders(folder: Path) -> None:
    bare = load_checkpoint(folder)
    assert (bare.name, bare.folder, bare.metrics, bare.card) == ("small", folder, {}, "")
    assert bare.sha256 == sha256_of(folder / "model.safetensors")
    (folder / "metrics.json").write_text('{"best": 1}')
    (folder / "README.md").write_text("# 카드\n", encoding="utf-8")
    full = load_checkpoint(str(folder))
    assert (full.metrics, full.card) == ({"best": 1}, "# 카드\n")


def test_saving_over_a_checkpoint_replaces_it_and_leaves_nothing_behind(
    tokenizer: Tokenizer, folder: Path
) -> None:
    old = load_checkpoint(folder)
    model, config = made(tokenizer, hidden_dim=10)
    save_weights(folder, model, config, tokenizer)
    assert load_checkpoint(folder).config.hidden_dim == 10
    assert load_checkpoint(folder).sha256 != old.sha256
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "model.safetensors", "tokenizer.model",
    }  # fmt: skip


def is_pickle(path: Path) -> bool:
    """Whether unpickling the file, or a file in it if it is an archive, would get anywhere."""
    content = path.read_bytes()
    if zipfile.is_zipfile(path) or content[:1] == b"\x80":
        return True
    return path.suffix in (".pt", ".pth", ".pkl", ".bin", ".pickle")


def test_a_trained_checkpoint_holds_no_pickle(tiny_checkpoint: Path) -> None:
    files = [path for path in tiny_checkpoint.rglob("*") if path.is_file()]
    assert {"config.json", "model.safetensors", "tokenizer.model"} <= {p.name for p in files}
    assert not [path for path in files if is_pickle(path)]


def test_a_missing_folder_is_named_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.*seq2seq train"):
        load_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.model"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=str(folder / name)):
        load_checkpoint(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "7", "null", '{"format": 2}', "\ufeff{}"])
def test_a_config_of_another_format_is_named(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json.*(format|JSON)"):
        load_checkpoint(folder)


def test_a_config_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "config.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"config\.json is not JSON"):
        load_checkpoint(folder)


def test_other_special_pieces_are_refused(folder: Path) -> None:
    path = folder / "config.json"
    described = json.loads(path.read_text())
    described["tokens"]["eos_token"] = 9
    path.write_text(json.dumps(described))
    with pytest.raises(ValueError, match=r"config\.json: tokens are .*9"):
        load_checkpoint(folder)


def test_an_unknown_setting_is_named_with_the_known_ones(folder: Path) -> None:
    edit_config(folder, heads=8)
    with pytest.raises(ValueError, match=r"config\.json: .*'heads'.*hidden_dim"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_dim", 0),
        ("hidden_dim", "8"),
        ("hidden_dim", None),
        ("hidden_dim", 8.5),
        ("n_layers", 1.5),
        ("emb_dim", True),
        ("dropout", float("nan")),
        ("dropout", 2),
        ("attention", "self"),
        ("attention", ["dot"]),
        ("bidirectional", "no"),
        ("max_source", 9.5),
        ("context_turns", 1.5),
    ],
)
def test_a_bad_setting_is_named_with_its_file(folder: Path, name: str, value: object) -> None:
    edit_config(folder, **{name: value})
    with pytest.raises(ValueError, match=r"config\.json"):
        load_checkpoint(folder)


@pytest.mark.parametrize("model", [None, [], ["hidden_dim"], "x", {}, {"emb_dim": 4}])
def test_a_config_without_a_model_is_refused(folder: Path, model: object) -> None:
    path = folder / "config.json"
    described = json.loads(path.read_text())
    described["model"] = model
    path.write_text(json.dumps(described))
    with pytest.raises(ValueError, match=r"config\.json"):
        load_checkpoint(folder)


def test_the_tokenizer_of_another_checkpoint_is_refused(folder: Path) -> None:
    other = Tokenizer.train(["some other texts"], 300)
    (folder / "tokenizer.model").write_bytes(other.model_proto)
    with pytest.raises(ValueError, match=r"tokenizer\.model has \d+ pieces.*config\.json says"):
        load_checkpoint(folder)


def test_what_is_no_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.model").write_bytes(b"not one")
    with pytest.raises(ValueError, match=r"tokenizer\.model"):
        load_checkpoint(folder)


def test_weights_of_another_size_are_refused_with_both_shapes(folder: Path) -> None:
    edit_config(folder, hidden_dim=12)
    with pytest.raises(ValueError, match=r"model\.safetensors: .* shape \(.*\).*\(.*\)"):
        load_checkpoint(folder)


def test_a_missing_tensor_is_named(folder: Path) -> None:
    edit_weights(folder, decoder__fc_out__bias=None)
    with pytest.raises(ValueError, match=r"model\.safetensors lacks.*decoder\.fc_out\.bias"):
        load_checkpoint(folder)


def test_an_unexpected_tensor_is_named(folder: Path) -> None:
    edit_weights(folder, decoder__more=torch.zeros(1))
    with pytest.raises(ValueError, match=r"model\.safetensors has an unexpected.*decoder\.more"):
        load_checkpoint(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_not_finite_is_named(folder: Path, value: float) -> None:
    bias = load_file(folder / "model.safetensors")["decoder.fc_out.bias"]
    bias[3] = value
    edit_weights(folder, decoder__fc_out__bias=bias)
    with pytest.raises(ValueError, match=r"model\.safetensors: decoder\.fc_out\.bias"):
        load_checkpoint(folder)


class Harmful:
    """An object whose unpickling would leave a trace."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("import builtins; builtins.unpickled = True",))


def contents() -> dict[str, bytes]:
    archive = io.BytesIO()
    torch.save({"weight": torch.zeros(3)}, archive)
    return {
        "pickle": pickle.dumps(Harmful()),
        "torch": archive.getvalue(),
        "empty": b"",
        "text": b"hello there, this is not a tensor file",
        "header": (10**12).to_bytes(8, "little") + b"{}",
    }


@pytest.mark.parametrize("name", ["pickle", "torch", "empty", "text", "header"])
def test_a_file_that_is_not_safetensors_is_named_and_not_executed(folder: Path, name: str) -> None:
    import builtins

    (folder / "model.safetensors").write_bytes(contents()[name])
    with pytest.raises(ValueError, match=r"model\.safetensors is not a safetensors file"):
        load_checkpoint(folder)
    assert not hasattr(builtins, "unpickled")


def test_a_cut_off_weights_file_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"model\.safetensors is not a safetensors file"):
        load_checkpoint(folder)


def test_a_folder_may_be_moved(folder: Path, tmp_path: Path) -> None:
    before = load_checkpoint(folder)
    moved = tmp_path / "another name"
    shutil.move(folder, moved)
    after = load_checkpoint(moved)
    assert after.name == "another name"
    assert after.sha256 == before.sha256
