"""Names of the public surface that several tests hold."""

FIGURES = [
    "pairs",
    "perplexity",
    "bits_per_byte",
    "exact_match",
    "bleu",
    "chrf",
    "distinct_1",
    "distinct_2",
    "pieces_per_second",
]
