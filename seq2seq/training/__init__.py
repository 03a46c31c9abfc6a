"""Training a Seq2Seq on dialogues, from the corpora to a checkpoint folder."""
