"""A trace from its JSON again, checked: a file from anywhere is no reason to trust it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from seq2seq.asking import check_same
from seq2seq.checkpoint import Checkpoint
from seq2seq.config import check_range, check_real, check_whole
from seq2seq.decoding import Reply, check_prefix
from seq2seq.options import LONGEST, MOST_CANDIDATES, DecodingOptions
from seq2seq.trace import VERSION, Candidate, Hypothesis, SourcePiece, Step, Trace

FINISHES = ("eos", "length", "stopped")
_TEXT = 100_000  # characters of any text in a trace, at most
_PIECES = 4096  # of a message, at most
_HYPOTHESES = 64

T = TypeVar("T")


def trace_from_dict(record: object, history: Sequence[str] = ()) -> Trace:
    """The trace that `Trace.to_dict` gave; `history` is what came before its message.

    States and what the encoder gave are not in a record, nor are pieces that were not read; the
    draws come from the seed again. Raises ValueError, naming the place, for a record of another
    version, one that is cut off, and values out of their range.
    """
    found = _object(record, "the trace")
    if found.get("version") != VERSION:
        raise ValueError(
            f"the trace has version {str(found.get('version'))[:20]!r}; this program reads "
            f"version {VERSION}"
        )
    checkpoint = _object(_get(found, "checkpoint"), "checkpoint")
    options = DecodingOptions.from_dict(_object(_get(found, "options"), "options"))
    reply = Reply(options.seed if options.method == "sample" else None)
    steps = _list(_get(found, "steps"), "steps", LONGEST, _step)
    for place, step in enumerate(steps):
        if step.step != place:
            raise ValueError(f"steps[{place}] says that it is step {step.step}")
    timings = _object(_get(found, "timings_ms"), "timings_ms")
    finish = _get(found, "finish_reason")
    if finish not in FINISHES:
        raise ValueError(f"finish_reason is {str(finish)[:20]!r}; it must be {', '.join(FINISHES)}")
    hypotheses = _get(found, "hypotheses")
    return Trace(
        checkpoint=_text(_get(checkpoint, "name"), "checkpoint.name"),
        sha256=_text(_get(checkpoint, "sha256"), "checkpoint.sha256"),
        message=_text(_get(found, "message"), "message"),
        normalized=_text(_get(found, "normalized"), "normalized"),
        source=_list(_get(found, "source"), "source", _PIECES, _source),
        unread=(),
        options=options,
        history=tuple(history),
        steps=tuple(_drawn(step, reply.draw()) for step in steps),
        finish_reason=finish,
        hypotheses=None
        if hypotheses is None
        else _list(hypotheses, "hypotheses", _HYPOTHESES, _hypothesis),
        encode_ms=_number(_get(timings, "encode"), "timings_ms.encode"),
        decode_ms=_number(_get(timings, "decode"), "timings_ms.decode"),
    )


def check_trace(checkpoint: Checkpoint, trace: Trace) -> None:
    """Raise ValueError unless this checkpoint could have written the trace.

    Its weights must be the same, and every id one of its vocabulary with the piece that the trace
    names. Whether the figures are right is told by running it again.
    """
    check_same(checkpoint, trace)
    check_prefix(trace.options, checkpoint.tokenizer)
    size = checkpoint.tokenizer.vocab_size
    if len(trace.source) > checkpoint.config.max_source or not trace.source:
        raise ValueError(
            f"source has {len(trace.source)} pieces; this model reads 1 to "
            f"{checkpoint.config.max_source}"
        )
    pieces = [(piece.id, piece.piece) for piece in trace.source]
    pieces += [(step.id, step.piece) for step in trace.steps]
    pieces += [(c.id, c.piece) for step in trace.steps for c in step.candidates]
    for id, piece in pieces:
        if not 0 <= id < size or checkpoint.tokenizer.piece(id) != piece:
            raise ValueError(
                f"the trace has a piece {piece[:30]!r} with id {id}; this model has not"
            )
    texts = checkpoint.tokenizer.detokenizer()
    for step in trace.steps:
        if (text := texts.add(step.id)) != step.text:
            raise ValueError(
                f"steps[{step.step}].text is {step.text[:30]!r}; its piece says {text!r}"
            )


def _drawn(step: Step, draw: float | None) -> Step:
    return Step(**{**vars(step), "draw": draw})


def _step(value: object, where: str) -> Step:
    step = _object(value, where)
    attention = _get(step, "attention")
    forced = _get(step, "forced")
    if not isinstance(forced, bool):
        raise ValueError(f"{where}.forced is {str(forced)[:20]!r}; it must be true or false")
    return Step(
        step=_whole(_get(step, "step"), f"{where}.step"),
        id=_whole(_get(step, "id"), f"{where}.id"),
        piece=_text(_get(step, "piece"), f"{where}.piece"),
        text=_text(_get(step, "text"), f"{where}.text"),
        probability=_share(_get(step, "probability"), f"{where}.probability"),
        sampling_probability=_share(
            _get(step, "sampling_probability"), f"{where}.sampling_probability"
        ),
        rank=_whole(_get(step, "rank"), f"{where}.rank"),
        entropy=_number(_get(step, "entropy"), f"{where}.entropy"),
        logprob=_number(_get(step, "logprob"), f"{where}.logprob"),
        forced=forced,
        candidates=_list(
            _get(step, "candidates"), f"{where}.candidates", MOST_CANDIDATES, _candidate
        ),
        other=_share(_get(step, "other"), f"{where}.other"),
        attention=None
        if attention is None
        else _list(attention, f"{where}.attention", _PIECES, _share),
    )


def _candidate(value: object, where: str) -> Candidate:
    candidate = _object(value, where)
    return Candidate(
        id=_whole(_get(candidate, "id"), f"{where}.id"),
        piece=_text(_get(candidate, "piece"), f"{where}.piece"),
        probability=_share(_get(candidate, "probability"), f"{where}.probability"),
        sampling_probability=_share(
            _get(candidate, "sampling_probability"), f"{where}.sampling_probability"
        ),
    )


def _source(value: object, where: str) -> SourcePiece:
    piece = _object(value, where)
    return SourcePiece(
        piece=_text(_get(piece, "piece"), f"{where}.piece"),
        id=_whole(_get(piece, "id"), f"{where}.id"),
        unknown=bool(_get(piece, "unknown")),
    )


def _hypothesis(value: object, where: str) -> Hypothesis:
    found = _object(value, where)
    return Hypothesis(
        reply=_text(_get(found, "reply"), f"{where}.reply"),
        ids=_list(_get(found, "ids"), f"{where}.ids", LONGEST, _whole),
        logprob=_number(_get(found, "logprob"), f"{where}.logprob"),
        score=_number(_get(found, "score"), f"{where}.score"),
    )


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} is {_kind(value)}; it must be an object")
    return value


def _get(value: Mapping[str, Any], name: str) -> Any:
    if name not in value:
        raise ValueError(f"the trace lacks {name!r}: it is cut off, or no trace")
    return value[name]


def _list(value: object, where: str, most: int, each: Callable[[object, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where} is {_kind(value)}; it must be a list")
    if len(value) > most:
        raise ValueError(f"{where} has {len(value)} entries; at most {most} fit")
    return tuple(each(item, f"{where}[{place}]") for place, item in enumerate(value))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > _TEXT:
        raise ValueError(f"{where} is {_kind(value)}; it must be a text of at most {_TEXT:,}")
    return value


def _whole(value: object, where: str) -> int:
    check_whole(where, value)
    check_range(where, value, 0, 2**53)  # type: ignore[arg-type]
    return value  # type: ignore[return-value]


def _number(value: object, where: str) -> float:
    return check_real(where, value)


def _share(value: object, where: str) -> float:
    share = check_real(where, value)
    check_range(where, share, 0, 1.000001)
    return share


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing"}
    return names.get(type(value), f"{value!r}"[:20])
