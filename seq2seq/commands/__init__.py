"""The subcommands of `python -m seq2seq`, one file each."""
