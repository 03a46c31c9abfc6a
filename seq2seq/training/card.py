"""The model card of a checkpoint, written from its metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seq2seq.corpora import CorpusInfo, corpus_info, parse_choice

_LICENCE_LINK = "license_link: README.md"


def model_card(name: str, metrics: dict[str, Any]) -> str:
    """A README.md for the checkpoint: front matter, what it is, figures, data and licences."""
    used = [parse_choice(item) for item in metrics["settings"]["corpora"]]
    infos = [info for choice in used if (info := corpus_info(choice.name))]
    own = [choice.name for choice in used if corpus_info(choice.name) is None]
    return "\n".join(
        [
            *_front_matter(infos, own, metrics["languages"]),
            f"# {name}",
            "",
            "A sequence-to-sequence chatbot: a GRU encoder reads the message into one context "
            "vector, a GRU decoder writes the reply one SentencePiece piece at a time."
            if metrics["model"]["attention"] == "none"
            else "A sequence-to-sequence chatbot: a GRU encoder reads the message, a GRU decoder "
            "writes the reply one SentencePiece piece at a time and attends to the message.",
            "",
            "![Learning curve](learning_curve.png)",
            "",
            "## Figures",
            "",
            *_figures(metrics),
            "",
            "## Trained with",
            "",
            *_settings(metrics),
            "",
            "## Data and licences",
            "",
            *(f"- {info.attribution}" for info in infos),
            *(f"- {path}: the trainer's own file" for path in own),
            "",
            "## Limits",
            "",
            "It answers in the manner of its data and knows no facts: what it says may be wrong, "
            "odd or out of place. It reads one message at a time"
            + (
                "."
                if not metrics["model"]["context_turns"]
                else f" and up to {metrics['model']['context_turns']} turns before it."
            ),
            "",
        ]
    )


def _front_matter(infos: Iterable[CorpusInfo], own: list[str], languages: list[str]) -> list[str]:
    """The hub's metadata; a licence only where all data are public and named."""
    licences = {info.licence for info in infos}
    lines = ["---", "library_name: seq2seq", "pipeline_tag: text-generation"]
    if languages:
        lines += ["language:", *(f"- {language}" for language in languages)]
    if not own:
        if licences <= {"MIT"}:
            lines.append("license: mit")
        elif licences <= {"MIT", "BSD-3-Clause"}:
            lines.append("license: bsd-3-clause")
        else:
            lines += ["license: other", "license_name: see-data-and-licences", _LICENCE_LINK]
    return [*lines, "tags:", "- seq2seq", "- gru", "- chatbot", "---", ""]


def _figures(metrics: dict[str, Any]) -> list[str]:
    """Held-out scores as tables."""
    best, test, data = metrics["best"], metrics["test"], metrics["data"]
    if data["held_out_from"] == "train":
        return [
            f"Perplexity {best['valid_perplexity']:.2f} a piece, "
            f"{best['valid_bits_per_byte']:.3f} bits a byte, on the training pairs themselves: "
            "there were too few to hold any back."
        ]
    validated = min(metrics["settings"]["valid_pairs"], data["pairs"]["valid"])
    rows = [
        "| held out | pairs | perplexity a piece | bits a byte | replies exact |",
        "|---|---|---|---|---|",
        f"| validation (part) | {validated:,} "
        f"| {best['valid_perplexity']:.2f} | {best['valid_bits_per_byte']:.3f} | |",
    ]
    if test:
        rows.append(_row("**test**", test))
        rows += [_row(name, part) for name, part in test["parts"].items()]
    split = "Splits are by dialogue, those of small talk by phrasing; none was trained on."
    return [*rows, "", split, *(_greedy(test, metrics["commands"]["evaluate"]) if test else [])]


def _row(name: str, figures: dict[str, Any]) -> str:
    return (
        f"| {name} | {figures['pairs']:,} | {figures['perplexity']:.2f} "
        f"| {figures['bits_per_byte']:.3f} | {figures['exact_match']:.1%} |"
    )


def _greedy(test: dict[str, Any], commands: list[str]) -> list[str]:
    """What else the test's replies measured, and the commands that measure all of it again."""
    return [
        "",
        f"Greedy replies to the test messages: BLEU {test['bleu']:.2f}, chrF {test['chrf']:.2f}, "
        f"distinct-1 {test['distinct_1']:.3f}, distinct-2 {test['distinct_2']:.3f}. "
        "All of it again:",
        "",
        "```",
        *commands,
        "```",
    ]


def _settings(metrics: dict[str, Any]) -> list[str]:
    """Sizes, budget and machine, and the command that does it again."""
    model, settings, machine = metrics["model"], metrics["settings"], metrics["machine"]
    last = metrics["history"][-1]
    on_cpu = machine["device"].endswith("CPU")
    where = f"{machine['threads']} of {machine['cores']} cores of {machine['device']}"
    personalities = ", ".join(model["personalities"])
    return [
        f"- sizes: V {model['vocab_size']}, E {model['emb_dim']}, H {model['hidden_dim']}, "
        f"L {model['n_layers']}; attention: {model['attention']}; dropout {model['dropout']}",
        f"- personalities: {personalities or 'none to choose from'}",
        f"- data: {metrics['data']['pairs']['train']:,} training pairs, seed {settings['seed']}",
        f"- budget: {last['pieces']:,} reply pieces in {last['minutes']:.0f} minutes "
        f"({last['step']:,} steps), {settings['precision']}, on "
        f"{where if on_cpu else machine['device']}",
        f"- the weights are the best of {len(metrics['history'])} validations, at step "
        f"{metrics['best']['step']:,}",
        "",
        *_start(metrics.get("started_from")),
        "```",
        metrics["commands"]["train"],
        "```",
        "",
        "Corpora that are not fetched by name come from `--corpus-dir`. With `--max-minutes` the "
        "learning rate follows the clock: the command gives a model like this one, not its bits.",
    ]


def _start(start: dict[str, Any] | None) -> list[str]:
    """The checkpoints that the run went on from, the oldest first, with their commands."""
    if not start:
        return []
    pieces = f", after {start['pieces']:,} reply pieces" if start["pieces"] else ""
    lines = [
        f"The run went on from the weights of `{start['name']}`{pieces} "
        f"(sha256 {start['weights_sha256'][:16]}…)"
        + (", which this command made:" if start["command"] else "."),
        "",
    ]
    command = ["```", start["command"], "```", ""] if start["command"] else []
    return [*_start(start["started_from"]), *lines, *command]
