"""Runs cases apart, each in a process of its own with little memory and time.

    outcomes = confined([Case("name", "tests.fuzz.sizes:read_text", ["(((("])])

One fresh interpreter is started; it loads milc once and forks for each case, so that a case that
hangs or eats memory ends alone. Needs a system with `fork` and `resource`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any, NamedTuple

from tests.shared import ROOT

MEMORY = 2 << 30
"""Bytes of address space that a case may take; Python and milc with protobuf take 0.3 GB."""

SECONDS = 20
"""Seconds of processor time that a case may take, many times what any needs."""


class Case(NamedTuple):
    """A function, as `module:name`, and what to call it with."""

    name: str
    function: str
    arguments: list[Any]


class Outcome(NamedTuple):
    """How a case ended: `error` is empty if it returned; else what it raised, or the signal."""

    name: str
    error: str
    seconds: float


def confined(cases: Iterable[Case]) -> dict[str, Outcome]:
    """Run cases one after the other; what came of each, by its name."""
    held = list(cases)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.confined"],
        input=json.dumps(held),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=SECONDS * 10 + len(held) * 5,
        check=False,
    )
    found = [Outcome(*json.loads(line)) for line in done.stdout.splitlines()]
    assert len(found) == len(held), done.stderr
    return {outcome.name: outcome for outcome in found}


def _run(case: Case) -> Outcome:
    """Run one case in a fork."""
    inward, outward = os.pipe()
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(inward)
        _child(case, outward)
    os.close(outward)
    with os.fdopen(inward) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        said = f"ended by signal {os.WTERMSIG(status)} after {SECONDS} s, or for its memory"
    return Outcome(case.name, said, round(time.monotonic() - start, 3))


def _child(case: Case, outward: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    said = ""
    try:
        module, _, name = case.function.partition(":")
        getattr(import_module(module), name)(*case.arguments)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"[:2000]
    os.write(outward, said.encode("utf-8", "backslashreplace"))
    os._exit(0)


def _main() -> None:
    import rich.console  # noqa: F401  # what milc loads when it is needed, loaded once

    import milc.ir.compare
    import milc.syntax.layout
    import milc.syntax.print  # noqa: F401

    cases = [Case(*case) for case in json.load(sys.stdin)]
    for module in {case.function.partition(":")[0] for case in cases}:
        import_module(module)
    for case in cases:
        print(json.dumps(_run(case)), flush=True)


if __name__ == "__main__":
    _main()
