"""Traces of replies as they grow: encoded once, decoded step by step, or gone on with elsewhere."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from seq2seq.batching import pad_sources
from seq2seq.beam import beam_reply, search, search_tree
from seq2seq.checkpoint import Checkpoint
from seq2seq.decoding import Reply, decode
from seq2seq.measuring import keep_rows
from seq2seq.model import Encoded
from seq2seq.tokenizer import EOS_ID, SOS_ID
from seq2seq.trace import Trace


def grow_replies(
    checkpoint: Checkpoint, begun: Sequence[Trace], at_once: int = 1
) -> Iterator[tuple[int, Trace]]:
    """(row, trace so far) of each trace begun, at each step, decoded as one batch.

    Their options may differ in seed and personality alone. A trace that is alone keeps what the
    encoder gave, so that it can be gone on with from any step. `at_once` is `decode`'s.
    """
    started = time.perf_counter()
    encoded = _encode(checkpoint, begun)
    encode_ms = _milliseconds_since(started)
    alone = encoded if len(begun) == 1 else None
    traces = [dataclasses.replace(t, encode_ms=encode_ms, encoded=alone) for t in begun]
    if traces[0].options.method == "beam":
        for row, trace in enumerate(traces):
            for grown in _searched(checkpoint, trace, keep_rows(encoded, torch.tensor([row]))):
                yield row, grown
        return
    replies = [Reply(trace.seed) for trace in traces]
    yield from _decoded(checkpoint, encoded, traces, replies, at_once=at_once)


def branch_reply(checkpoint: Checkpoint, trace: Trace, step: int, id: int) -> Iterator[Trace]:
    """The trace up to `step`, then with piece `id` there, then as the decoder goes on from it.

    Neither the message is encoded again nor any kept step decoded again: the state that the trace
    keeps is enough. The random numbers are those that the reply would have drawn anyway, so the
    new trace's options (whose prefix_ids now hold the kept pieces and `id`) give the same reply.
    """
    options = dataclasses.replace(trace.options, prefix_ids=(*trace.ids[:step], id))
    kept = trace.steps[:step]
    encoded = trace.encoded or _encode(checkpoint, [trace])
    begun = dataclasses.replace(
        trace,
        options=options,
        steps=kept,
        finish_reason=None,
        hypotheses=None,
        tree=None,
        encode_ms=0.0,
        decode_ms=0.0,
        encoded=encoded,
    )
    if options.method == "beam":
        for grown in _searched(checkpoint, begun, encoded):
            yield dataclasses.replace(grown, steps=(*kept, *grown.steps[step:]))
        return
    hidden = _state_before(checkpoint, begun, encoded)
    reply = Reply.begun(begun.seed, kept)
    for _, grown in _decoded(checkpoint, encoded, [begun], [reply], hidden):
        yield grown


def _decoded(
    checkpoint: Checkpoint,
    encoded: Encoded,
    begun: Sequence[Trace],
    replies: list[Reply],
    hidden: Tensor | None = None,
    at_once: int = 1,
) -> Iterator[tuple[int, Trace]]:
    """(row, trace so far) at each step, greedily or by sampling."""
    traces = list(begun)
    started = time.perf_counter()
    steps = decode(
        checkpoint.runner,
        checkpoint.tokenizer,
        encoded,
        traces[0].options,
        replies,
        hidden,
        at_once,
    )
    for found in steps:
        decode_ms = _milliseconds_since(started)
        for row, step in found:
            ended = step.step + 1 == len(replies[row].ids)
            traces[row] = dataclasses.replace(
                traces[row],
                steps=(*traces[row].steps, step),
                finish_reason=replies[row].finish_reason if ended else None,
                decode_ms=decode_ms,
            )
            yield row, traces[row]


def _searched(checkpoint: Checkpoint, trace: Trace, encoded: Encoded) -> Iterator[Trace]:
    """A reply by beam search: found first, then given a step more each time."""
    started = time.perf_counter()
    model, tokenizer, tree = checkpoint.runner, checkpoint.tokenizer, None
    if trace.encoded is None:  # one of many: nobody will look at its tree
        ends = search(model, encoded, trace.options, tokenizer.never_written)
    else:
        searched = search_tree(model, tokenizer, encoded, trace.options)
        ends, tree = searched.ends, searched.tree
    steps, hypotheses = beam_reply(tokenizer, trace.options, ends)
    found = dataclasses.replace(trace, decode_ms=_milliseconds_since(started), tree=tree)
    for count in range(len(trace.steps) + 1, len(steps)):
        yield dataclasses.replace(found, steps=steps[:count])
    reason = "eos" if steps[-1].id == EOS_ID else "length"
    yield dataclasses.replace(found, steps=steps, hypotheses=hypotheses, finish_reason=reason)


@torch.inference_mode()
def _encode(checkpoint: Checkpoint, traces: Sequence[Trace]) -> Encoded:
    """What the encoder makes of the traces' sources, a row each."""
    return checkpoint.runner.encode(
        pad_sources([[piece.id for piece in trace.source] for trace in traces])
    )


@torch.inference_mode()
def _state_before(checkpoint: Checkpoint, trace: Trace, encoded: Encoded) -> Tensor:
    """The decoder's state (L, 1, H) before the step that follows the trace's last one."""
    if not trace.steps:
        return encoded.hidden
    kept = trace.steps[-1].state
    if kept is not None:
        return kept.unsqueeze(1)
    # A trace read from a file keeps no states: one pass over its pieces gives the last one.
    fed = torch.tensor([[SOS_ID, *trace.ids[:-1]]], device=encoded.hidden.device)
    _, hidden, _ = checkpoint.runner.decoder.states(fed, encoded.hidden, encoded)
    return hidden


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
