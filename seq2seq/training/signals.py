"""Ctrl-C and SIGTERM as a wish that the run sees between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first of these signals; a second one ends the process at once.

    Outside the main thread, where Python lets nobody catch signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught = (signal.SIGINT, signal.SIGTERM)
    before = {int(number): signal.getsignal(number) for number in caught}

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in caught:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for caught_number, handler in before.items():
            signal.signal(caught_number, handler)
