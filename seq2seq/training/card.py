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
            *_front_matter(infos, own),
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


def _front_matter(infos: Iterable[CorpusInfo], own: list[str]) -> list[str]:
    """The hub's metadata; a licence only where all data are public and named."""
    languages = sorted({language for info in infos for language in info.languages})
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
    """Held-out scores as a table."""
    best, test, data = metrics["best"], metrics["test"], metrics["data"]
    if data["held_out_from"] == "train":
        return [
            f"Perplexity {best['valid_perplexity']:.2f} a piece, "
            f"{best['valid_bits_per_byte']:.3f} bits a byte, on the training pairs themselves: "
            "there were too few to hold any back."
        ]
    rows = ["| split | pairs | perplexity a piece | bits a byte |", "|---|---|---|---|"]
    rows.append(
        f"| validation (part) | {min(metrics['settings']['valid_pairs'], data['pairs']['valid'])} "
        f"| {best['valid_perplexity']:.2f} | {best['valid_bits_per_byte']:.3f} |"
    )
    if test:
        rows.append(
            f"| test | {data['pairs']['test']} | {test['perplexity']:.2f} "
            f"| {test['bits_per_byte']:.3f} |"
        )
    return [*rows, "", "Splits are by dialogue; neither was trained on."]


def _settings(metrics: dict[str, Any]) -> list[str]:
    """Sizes, budget and machine, and the command in words."""
    model, settings, machine = metrics["model"], metrics["settings"], metrics["machine"]
    last = metrics["history"][-1]
    on_cpu = machine["device"].endswith("CPU")
    where = f"{machine['cores']} cores of {machine['device']}" if on_cpu else machine["device"]
    corpora = " ".join(f"--corpus {item}" for item in settings["corpora"])
    return [
        f"- sizes: V {model['vocab_size']}, E {model['emb_dim']}, H {model['hidden_dim']}, "
        f"L {model['n_layers']}; attention: {model['attention']}; dropout {model['dropout']}",
        f"- data: `{corpora}`, {metrics['data']['pairs']['train']:,} training pairs, personalities "
        f"{', '.join(settings['personalities']) or 'all'}, seed {settings['seed']}",
        f"- budget: {last['pieces']:,} reply pieces in {last['minutes']:.0f} minutes "
        f"({last['step']:,} steps), {settings['precision']}, on {where}",
        f"- the weights are the best of {len(metrics['history'])} validations, at step "
        f"{metrics['best']['step']:,}",
    ]
