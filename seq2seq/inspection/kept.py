"""The logits of a finished reply again, from the states that its trace keeps."""

from __future__ import annotations

import torch
from torch import Tensor

from seq2seq.asking import check_same
from seq2seq.checkpoint import Checkpoint
from seq2seq.model import Encoded
from seq2seq.tokenizer import SOS_ID
from seq2seq.trace import Trace


def encoded_of(checkpoint: Checkpoint, trace: Trace) -> Encoded:
    """What the encoder gave for the trace's message: kept, or else encoded again."""
    if trace.encoded is not None:
        return trace.encoded
    source = torch.tensor([[piece.id for piece in trace.source]])
    with torch.inference_mode():
        return checkpoint.runner.encode(source)


@torch.inference_mode()
def kept_logits(checkpoint: Checkpoint, trace: Trace) -> Tensor:
    """The model's own logits (T, V) at every step, in float64.

    Only the output layer is run, on all steps at once; a trace without states (one read from a
    file) takes one pass of the decoder over its pieces. Raises ValueError for a trace of another
    checkpoint or without steps.
    """
    check_same(checkpoint, trace)
    if not trace.steps:
        raise ValueError("the trace has no steps; look into a reply that has begun")
    decoder = checkpoint.runner.decoder
    encoded = encoded_of(checkpoint, trace)
    tops = [step.state[-1] for step in trace.steps if step.state is not None]
    if len(tops) == len(trace.steps):
        features, _ = decoder.features(torch.stack(tops).unsqueeze(0), encoded)  # (1, T, H)
    else:
        fed = torch.tensor([[SOS_ID, *trace.ids[:-1]]])
        features, _, _ = decoder.states(fed, encoded.hidden, encoded)
    logits: Tensor = decoder.fc_out(features)
    return logits[0].double()
