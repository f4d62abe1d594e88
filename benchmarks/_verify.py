"""Verifies the program of one text, and prints what that took as JSON.

Arguments: the text's path, and how often. Run by verifying.py in a process of its own. With
`definitions` and a package instead, it prints the seconds that the definitions of its ops took.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

from _parse import peak  # type: ignore[import-not-found]  # of a script's own folder

from milc.diagnostics import Source
from milc.ir.walk import walk_ops
from milc.syntax.parse import read
from milc.verify import verify


def main(path: str, repeats: int) -> None:
    verify(read(Source("program(1.3)\n{\n}\n"))[0])
    program, found = read(Source(Path(path).read_text(encoding="utf-8")))
    assert not found, found[:3]
    gc.collect()
    before, seconds = peak(), []
    for _ in range(repeats):
        gc.collect()
        start = time.process_time()
        found = verify(program)
        seconds.append(time.process_time() - start)
        assert not found, found[:3]
    ops = sum(1 for _ in walk_ops(program))
    print(json.dumps({"seconds": seconds, "peak": peak() - before, "held": before, "ops": ops}))


def definitions(package: str) -> None:
    from milc.package.model import load_package

    functions = load_package(package).program.functions.values()
    wanted = {(op.kind, function.opset) for function in functions for op in walk_ops(function)}
    start = time.perf_counter()
    from milc.opsets import index

    for kind, opset in sorted(wanted):
        index.definition(kind, opset)
    seconds = time.perf_counter() - start
    families = sorted({index.families()[kind] for kind, _ in wanted if kind != "const"})
    print(json.dumps({"seconds": seconds, "families": families}))


if __name__ == "__main__":
    if sys.argv[1] == "definitions":
        definitions(sys.argv[2])
    else:
        main(sys.argv[1], int(sys.argv[2]))
