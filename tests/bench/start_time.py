"""How long the page takes from `python app.py` to the first answered message, and its memory.

python tests/bench/start_time.py [--rounds N] [--checkpoint DIR] prints each round and the medians.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

from gradio_client import Client

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def resident_megabytes(process_id: int) -> float:
    """The process's resident memory, from /proc."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    if match is None:
        raise ValueError(f"no VmRSS in the status of process {process_id}")
    return int(match.group(1)) / 1024


def measure(checkpoint: str) -> tuple[float, float, float]:
    """Seconds to the port's opening, seconds to the first reply, megabytes after it."""
    port = free_port()
    started = time.perf_counter()
    command = [sys.executable, "app.py", "--checkpoint", checkpoint, "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - started < 120:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        opened = time.perf_counter() - started
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        trace = client.predict("hello", api_name="/reply")
        answered = time.perf_counter() - started
        assert trace["finish_reason"], trace
        return opened, answered, resident_megabytes(process.pid)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checkpoint", default="checkpoints/en")
    arguments = parser.parse_args()
    rounds = [measure(arguments.checkpoint) for _ in range(arguments.rounds)]
    for opened, answered, memory in rounds:
        print(f"open after {opened:.2f} s, answered after {answered:.2f} s, {memory:.0f} MB")
    opened, answered, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"median: open {opened:.2f} s, answered {answered:.2f} s, {memory:.0f} MB")


if __name__ == "__main__":
    main()
