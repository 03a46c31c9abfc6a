"""Where a named corpus's files are: in a folder of local copies, or fetched from upstream."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seq2seq.corpora.catalogue import CorpusInfo
from seq2seq.corpora.dialogue import CorpusError

if TYPE_CHECKING:
    from datasets import DownloadManager  # type: ignore[import-untyped]


def corpus_files(
    info: CorpusInfo,
    *,
    corpus_dir: Path | None = None,
    base_url: str | None = None,
    cache_dir: Path | None = None,
) -> list[Path]:
    """Give a corpus's files, in a fixed order.

    `corpus_dir` is a folder of local copies. Without it the files are fetched once and kept in the
    cache of `datasets` (or `cache_dir`); `base_url` takes the place of upstream's scheme and host.
    Raises FileNotFoundError for a missing folder or file, CorpusError for a failed download.
    """
    if corpus_dir is not None:
        return _local(info, corpus_dir)
    fetched = _fetch(info, base_url, cache_dir)
    if info.archived is None:
        return fetched
    files = sorted(fetched[0].glob(info.archived))
    if not files:
        raise CorpusError(
            f"{info.name}: the archive from {info.homepage} holds no {info.archived}; "
            "use --corpus-dir with a copy made by hand"
        )
    return files


def _local(info: CorpusInfo, corpus_dir: Path) -> list[Path]:
    if not corpus_dir.is_dir():
        raise FileNotFoundError(
            f"corpus folder {corpus_dir} does not exist; give --corpus-dir a folder that holds "
            f"{info.local}, or leave it out to fetch {info.name} from {info.homepage}"
        )
    files = sorted(corpus_dir.glob(info.local))
    if not files:
        raise FileNotFoundError(
            f"{info.name}: no {info.local} in {corpus_dir}; copy it there from {info.homepage}, "
            "or leave out --corpus-dir to fetch it"
        )
    return files


def _fetch(info: CorpusInfo, base_url: str | None, cache_dir: Path | None) -> list[Path]:
    from datasets import DownloadConfig, DownloadManager

    # Upstream's files no longer change: without etags a second run needs no network at all.
    config = DownloadConfig(
        cache_dir=cache_dir, use_etag=False, extract_compressed_file=False, download_desc=info.name
    )
    manager = DownloadManager(dataset_name=info.name, download_config=config)
    return [_fetch_file(info, addresses, base_url, manager) for addresses in info.urls]


def _fetch_file(
    info: CorpusInfo, addresses: Sequence[str], base_url: str | None, manager: DownloadManager
) -> Path:
    """Fetch one file from the first of its addresses that has it."""
    for tried, upstream in enumerate(addresses, start=1):
        address = upstream
        if base_url is not None:
            address = base_url.rstrip("/") + urlsplit(upstream).path
        try:
            path = manager.download(address)
            return Path(manager.extract(path) if info.archived else path)
        except Exception as error:  # the HTTP stack's errors share no base class
            if isinstance(error, FileNotFoundError) and tried < len(addresses):
                continue
            raise CorpusError(
                f"{info.name}: cannot fetch {address} ({type(error).__name__}: {error}); check "
                f"the network, or use --corpus-dir with a folder that holds {info.local}"
            ) from error
    raise AssertionError(f"{info.name} has a file without an address")
