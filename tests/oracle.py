"""Asks coremltools what it makes of a model, in a process with an environment of its own.

Tests take the fixture `oracle` (tests/conftest.py) and skip where coremltools is not installed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.shared import ORACLE_PYTHON

WORKER = Path(__file__).with_name("oracle_worker.py")


class Loaded(NamedTuple):
    """What coremltools' converter read: `program` printed, or why it refused."""

    ok: bool
    error: str
    program: str


class Spec(NamedTuple):
    """The Model message that coremltools read, serialised in a fixed order, or why it refused."""

    ok: bool
    error: str
    model: bytes


class Oracle:
    """One worker process, started at the first question and anew after one that ended it.

    Two models are the same to coremltools if `load` gives the same for both.
    """

    def __init__(self, python: Path = ORACLE_PYTHON, seconds: float = 240) -> None:
        self.python = python
        self.seconds = seconds
        self.worker: subprocess.Popen[bytes] | None = None

    def load(self, path: Path | str) -> Loaded:
        """Functions, ops, names, types and constants of a .mlpackage or .mlmodel."""
        said = self.ask("load", path)
        return Loaded(said["ok"], said["error"], said.get("program", ""))

    def spec(self, path: Path | str) -> Spec:
        """The Model message of a .mlpackage or .mlmodel."""
        said = self.ask("spec", path)
        return Spec(said["ok"], said["error"], base64.b64decode(said.get("model", "")))

    def ask(self, call: str, path: Path | str) -> dict[str, Any]:
        """The worker's answer; a failure that says so if there is none in time."""
        worker = self.worker or self.start()
        assert worker.stdin is not None
        request = {"call": call, "path": str(Path(path).resolve())}
        worker.stdin.write(json.dumps(request).encode() + b"\n")
        worker.stdin.flush()
        return self.answer(worker)

    def start(self) -> subprocess.Popen[bytes]:
        """A worker that has imported coremltools (about 3 s)."""
        pipe = subprocess.PIPE
        command = [self.python, WORKER]
        quiet = subprocess.DEVNULL
        self.worker = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=quiet, start_new_session=True
        )
        ready = self.answer(self.worker)
        assert ready["ok"], ready["error"]
        return self.worker

    def answer(self, worker: subprocess.Popen[bytes]) -> dict[str, Any]:
        """One line of the worker's; without one, the worker is ended."""
        assert worker.stdout is not None
        if not select.select([worker.stdout], [], [], self.seconds)[0]:
            self.close()
            return {"ok": False, "error": f"coremltools gave no answer in {self.seconds} s"}
        line = worker.stdout.readline()
        if not line:
            self.close()
            return {"ok": False, "error": "coremltools' process ended"}
        said: dict[str, Any] = json.loads(line)
        return said

    def close(self) -> None:
        """End the worker and what it started."""
        if self.worker is None:
            return
        worker, self.worker = self.worker, None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.communicate()
