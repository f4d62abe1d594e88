"""What the atheris targets `fuzz_*.py` share. Run them with `make fuzz`, or one by hand:

    PYTHONPATH=. .venv/bin/python tests/fuzz/fuzz_texts.py -max_total_time=60

Inputs that reached something new are kept in `.cache/fuzz`, and so are those that failed; give a
target the path of one to run it alone. This module must be imported before milc, which it
instruments.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from random import Random

import atheris

ROOT = Path(__file__).resolve().parents[2]
LIMITS = ("-timeout=25", "-rss_limit_mb=2048", "-max_len=16384")
RUNS_BETWEEN_CLEANING = 2000

Mutator = Callable[[bytes, Random], bytes]


def fuzz(
    name: str, check: Callable[[bytes], None], seeds: Iterable[bytes], mutator: Mutator
) -> None:
    """Run `check` on what libFuzzer finds, beginning with `seeds`; does not return.

    Half of the changes are libFuzzer's own, half the mutator's, which knows the form of the input.
    """
    folder = ROOT / ".cache/fuzz" / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / sha256(seed).hexdigest()[:20]).write_bytes(seed)

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return atheris.Mutate(data, max_size)
        return mutator(data, random)[:max_size]

    own = [f"-artifact_prefix={folder.parent}/{name}-", *LIMITS]
    given = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    inputs = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    clean = _Cleaner()

    def run(data: bytes) -> None:
        clean()
        check(data)

    argv = [sys.argv[0], *own, *given, *(inputs or [str(folder)])]
    atheris.Setup(argv, run, custom_mutator=change)
    atheris.Fuzz()


class _Cleaner:
    """Forgets the types that were interned since the start: they are many and of no further use."""

    def __init__(self) -> None:
        from milc.ir.types import Type

        self.interned = Type._interned
        self.known = dict(self.interned)
        self.runs = 0

    def __call__(self) -> None:
        self.runs += 1
        if self.runs % RUNS_BETWEEN_CLEANING == 0:
            from milc.syntax import types

            self.interned.clear()
            self.interned.update(self.known)
            for cache in types._CACHES.values():
                cache.clear()
            gc.collect()
