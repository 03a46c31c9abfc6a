"""The file of an index of training messages: what is in it, packed small and checked when read.

One safetensors file, so that nothing in it can be executed. The codes and the hashes are stored
column by column and deflated: sorted hashes then hardly need their leading bytes, and the codes,
most of them small, half of theirs.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from seq2seq.config import check_personality

FILE = "neighbours.safetensors"
FORMAT = 1
LARGEST = 10_000_000  # bytes of the file
ROWS = 40_000  # unless told: with the hashes of 470,000 replies a file of some 6 MB
HASH_BYTES = 5  # a new reply is taken for one of 500,000 in training once in two million times
_MOST = 1_000_000  # rows, dimensions or replies: far more than LARGEST has room for
_TENSORS = {
    "mean": torch.float32,
    "components": torch.float16,
    "codes": torch.uint8,
    "lengths": torch.int16,
    "corpus": torch.uint8,
    "texts": torch.uint8,
    "hashes": torch.uint8,
}


@dataclass(frozen=True)
class About:
    """What an index is of. `pairs` are the distinct training pairs that its rows are taken from."""

    checkpoint: str  # sha256 of the weights whose context vectors these are
    rows: int  # N
    dimensions: int  # K
    replies: int  # R, the distinct training replies
    pairs: int
    corpora: tuple[str, ...]
    personality: str | None = None  # whose control piece the messages were read with
    seed: int = 0
    attribution: tuple[str, ...] = ()  # the corpora's makers and licences


@dataclass(frozen=True)
class Contents:
    """Everything in an index; the texts are message, reply, message, reply ... as UTF-8."""

    about: About
    mean: Tensor  # (D,) float32, of the rows' context vectors
    components: Tensor  # (D, K) float16, the principal directions
    codes: Tensor  # (N, K) int8, the rows along these directions
    lengths: Tensor  # (N, 2) int16, bytes of each message and reply
    corpus: Tensor  # (N,) uint8, which of `about.corpora`
    texts: bytes
    hashes: Tensor  # (R,) int64 of HASH_BYTES bytes, ascending


def packed(contents: Contents) -> bytes:
    """The file's bytes. Raises ValueError if they are more than a file may have."""
    shifts = range(8 * (HASH_BYTES - 1), -1, -8)
    planes = torch.stack([(contents.hashes >> shift) & 255 for shift in shifts])  # (5, R)
    tensors = {
        "mean": contents.mean,
        "components": contents.components,
        "codes": _deflated(contents.codes.T.contiguous().numpy().tobytes()),
        "lengths": contents.lengths,
        "corpus": contents.corpus,
        "texts": _deflated(contents.texts),
        "hashes": _deflated(planes.to(torch.uint8).numpy().tobytes()),
    }
    about = {"format": FORMAT, **asdict(contents.about)}
    data = save(tensors, {"index": json.dumps(about, ensure_ascii=False)})
    if len(data) > LARGEST:
        raise ValueError(
            f"the index has {len(data):,} bytes, more than the {LARGEST:,} allowed: choose a "
            f"smaller --limit than its {contents.about.rows:,} rows"
        )
    return data


def unpacked(path: Path) -> Contents:
    """Read a file back. Raises FileNotFoundError or ValueError, naming it, unless it is whole."""
    if not path.is_file():
        raise FileNotFoundError(
            f"no index {path}; make it with: "
            f"python -m seq2seq index --checkpoint {path.parent} --corpus NAME"
        )
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
        with safe_open(path, "pt") as file:
            about = _about((file.metadata() or {}).get("index", ""))
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        return _checked(about, tensors)
    except (SafetensorError, ValueError, TypeError, zlib.error, RecursionError) as error:
        raise ValueError(
            f"{path} is not a whole index of this version: {error}; make it again with "
            f"python -m seq2seq index --checkpoint {path.parent} --corpus NAME"
        ) from error


def _about(text: str) -> About:
    """The description in the file's metadata. Raises ValueError or TypeError for another."""
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    for name in ("corpora", "attribution"):
        listed = values.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise ValueError(f"{name} is not a list of texts")
        values[name] = tuple(listed)
    about = About(**values)
    for name in ("rows", "dimensions", "replies", "pairs"):
        value: Any = getattr(about, name)
        if type(value) is not int or not 1 <= value <= _MOST * (100 if name == "pairs" else 1):
            raise ValueError(f"{name} is {value!r}")
    if not isinstance(about.checkpoint, str):
        raise ValueError(f"checkpoint is {about.checkpoint!r}")
    if about.personality is not None:
        check_personality(about.personality)
    return about


def _checked(about: About, tensors: dict[str, Tensor]) -> Contents:
    """The contents, if names, dtypes, shapes and lengths fit; ValueError if not."""
    if tensors.keys() != _TENSORS.keys():
        raise ValueError(f"it holds {sorted(tensors)}, not {sorted(_TENSORS)}")
    n, k, r = about.rows, about.dimensions, about.replies
    size = len(tensors["mean"]) if tensors["mean"].dim() else 0
    shapes = {"mean": (size,), "components": (size, k), "lengths": (n, 2), "corpus": (n,)}
    for name, dtype in _TENSORS.items():
        found = tensors[name]
        shape = shapes.get(name, (found.numel(),))
        if found.dtype != dtype or tuple(found.shape) != shape:
            raise ValueError(f"{name} is {found.dtype} {tuple(found.shape)}, not {dtype} {shape}")
    lengths = tensors["lengths"]
    if not size or not all(bool(tensors[name].isfinite().all()) for name in ("mean", "components")):
        raise ValueError("the mean or the components are not numbers")
    if bool((lengths < 0).any()) or int(tensors["corpus"].max()) >= len(about.corpora):
        raise ValueError("a length or a corpus is out of range")
    codes = _inflated(tensors["codes"], n * k, "codes")
    planes = _inflated(tensors["hashes"], HASH_BYTES * r, "hashes")
    hashes = torch.zeros(r, dtype=torch.int64)
    for plane in torch.frombuffer(planes, dtype=torch.uint8).view(HASH_BYTES, r):
        hashes = (hashes << 8) | plane
    if bool((hashes.diff() <= 0).any()):
        raise ValueError("the hashes are not in order")
    return Contents(
        about,
        tensors["mean"],
        tensors["components"],
        torch.frombuffer(codes, dtype=torch.int8).view(k, n).T.contiguous(),
        lengths,
        tensors["corpus"],
        bytes(_inflated(tensors["texts"], int(lengths.sum()), "texts")),
        hashes,
    )


def _deflated(data: bytes) -> Tensor:
    """Bytes, compressed, as a tensor."""
    return torch.frombuffer(bytearray(zlib.compress(data, 9)), dtype=torch.uint8)


def _inflated(packed: Tensor, size: int, name: str) -> bytearray:
    """What was compressed, if it is so many bytes and no more; ValueError if not."""
    reader = zlib.decompressobj()
    data = bytearray(reader.decompress(packed.numpy().tobytes(), size + 1))
    if len(data) != size or not reader.eof or reader.unused_data:
        raise ValueError(f"{name} does not hold the {size:,} bytes that belong there")
    return data
