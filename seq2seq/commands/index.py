"""`python -m seq2seq index`: the training messages, kept so that the nearest can be looked up."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seq2seq.commands.train import ALL, chosen_personalities
from seq2seq.config import PERSONALITIES, check_range
from seq2seq.inspection.neighbour_file import ROWS

if TYPE_CHECKING:
    from seq2seq.checkpoint import Checkpoint
    from seq2seq.training.indexing import IndexReport

DESCRIPTION = "Write the index of a checkpoint's training messages, which the page looks up."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `index`."""
    parser.add_argument("--checkpoint", required=True, metavar="DIR", help="the folder to add to")
    parser.add_argument(
        "--corpus",
        action="append",
        metavar="NAME|FILE[:WEIGHT]",
        help="what it was trained on; repeat for several; what its metrics.json says unless told",
    )
    parser.add_argument("--corpus-dir", metavar="DIR", help="folder with copies of the corpora")
    parser.add_argument("--base-url", metavar="URL", help="fetch the corpora from this mirror")
    parser.add_argument(
        "--personality",
        action="append",
        choices=(*PERSONALITIES, ALL),
        help="whose answers it learned of a corpus that has several; as in metrics.json",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=ROWS,
        metavar="N",
        help=f"messages to keep, at most, some 110 bytes each ({ROWS})",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is kept (0)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Build and write. Raises ValueError or FileNotFoundError for bad input."""
    from seq2seq.checkpoint import load_checkpoint
    from seq2seq.corpora import load_mixture, parse_choice
    from seq2seq.training.indexing import build_index

    check_range("limit", arguments.limit, 1, 1_000_000)
    checkpoint = load_checkpoint(arguments.checkpoint)
    settings = _trained_with(checkpoint)
    corpora = arguments.corpus or settings.get("corpora")
    if not corpora:
        raise ValueError(
            f"{checkpoint.folder} does not say what it was trained on; name it with --corpus"
        )
    if arguments.personality:
        personalities = chosen_personalities(arguments.personality)
    else:
        recorded = settings.get("personalities") or checkpoint.config.personalities
        personalities = chosen_personalities(list(recorded))
    mixture = load_mixture(
        [parse_choice(item) for item in corpora],
        Path(arguments.corpus_dir) if arguments.corpus_dir else None,
        base_url=arguments.base_url,
        personalities=personalities,
    )
    report = build_index(
        checkpoint,
        mixture,
        limit=arguments.limit,
        max_target=settings.get("max_target"),
        seed=arguments.seed,
    )
    if arguments.json:
        print(json.dumps(report.to_dict()))
    else:
        print("\n".join(_lines(report, checkpoint)))
    return 0


def _trained_with(checkpoint: Checkpoint) -> dict[str, Any]:
    """The settings of its training, so far as metrics.json has them in the right form."""
    settings = checkpoint.metrics.get("settings")
    if not isinstance(settings, dict):
        return {}
    lists = {
        name: value
        for name in ("corpora", "personalities")
        if isinstance(value := settings.get(name), list)
        and all(isinstance(item, str) for item in value)
    }
    longest = settings.get("max_target")
    return {**lists, "max_target": longest} if type(longest) is int else lists


def _lines(report: IndexReport, checkpoint: Checkpoint) -> list[str]:
    """The report for people."""
    lines = [
        f"{report.rows:,} of {report.pairs:,} distinct training pairs and the hashes of "
        f"{report.replies:,} distinct replies",
        f"{report.file_bytes / 1e6:.1f} MB in {checkpoint.folder}, made in {report.seconds:.0f} s",
    ]
    if report.recall_at_10 is not None and report.recall_at_10_read_again is not None:
        lines.append(
            f"recall@10 against exact cosines, {report.queries} held-out messages: "
            f"{report.recall_at_10:.3f} along {report.dimensions} directions, "
            f"{report.recall_at_10_read_again:.3f} with the candidates read again"
        )
    data = checkpoint.metrics.get("data")
    counts = data.get("pairs") if isinstance(data, dict) else None
    learned = counts.get("train") if isinstance(counts, dict) else None
    if isinstance(learned, int) and learned != report.trained_pairs:
        lines.append(
            f"note: these corpora give {report.trained_pairs:,} training pairs, its training had "
            f"{learned:,}: other corpora, or cleaned in another way"
        )
    return lines
