"""Asks PyTorch, SciPy and coremltools what something computes, in the oracle's environment.

`peer("conv:conv2d", x, w, stride=2)` calls the function `conv2d` of `peer_side/conv.py` with these
arguments, in a process that has those libraries, and gives what it returns: arrays, or a tuple of
them. Skips where the environment is not there (`make oracle`).
"""

from __future__ import annotations

import atexit
import pickle
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.shared import ORACLE_PYTHON

WORKER = Path(__file__).with_name("peer_worker.py")
_workers: list[subprocess.Popen[bytes]] = []


def peer(function: str, *args: Any, **options: Any) -> Any:
    """What a function of `peer_side` returns in the oracle's environment."""
    if not ORACLE_PYTHON.exists():
        pytest.skip("no PyTorch: run `make oracle`, or set MILC_ORACLE_PYTHON")
    if not _workers:
        _workers.append(_started())
    worker = _workers[0]
    assert worker.stdin is not None
    assert worker.stdout is not None
    data = pickle.dumps((function, args, options))
    worker.stdin.write(struct.pack("<Q", len(data)) + data)
    worker.stdin.flush()
    header = worker.stdout.read(8)
    assert len(header) == 8, f"the worker ended at {function}"
    fine, answer = pickle.loads(worker.stdout.read(struct.unpack("<Q", header)[0]))
    assert fine, answer
    return answer


def _started() -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    command = [str(ORACLE_PYTHON), str(WORKER)]
    worker = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    atexit.register(worker.kill)
    return worker
