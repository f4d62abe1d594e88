"""Tokenises and parses one text in turn, and prints what that took as JSON.

Arguments: the text's path, and how often. Run by parsing.py in a process of its own.
"""

from __future__ import annotations

import gc
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from milc.diagnostics import Source
from milc.ir.nodes import Program
from milc.syntax.parse import read

# Names first, the most frequent; blanks are tokens too, for skipping them takes as long.
TOKENS = re.compile(
    r"[A-Za-z_]\w*|[()\[\]{}<>=,;?]|\s+"
    r'|"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|[-+]?(?:0x[0-9a-f.]+p[-+]?\d+|\d+\.?\d*(?:e[-+]?\d+)?|inf)\b|//[^\n]*|->"
)


def tokenise(text: str) -> None:
    """Find every token and keep none."""
    for _ in TOKENS.finditer(text):
        pass


def parse(text: str) -> Program:
    """Make a program of the text, which must be without findings."""
    program, found = read(Source(text))
    assert not found, found[:3]
    return program


def timed(work: Callable[[str], object], text: str) -> float:
    """Seconds of the processor for doing `work` on the text, not for forgetting what came of it.

    Not those of a clock: the largest texts take so long that other work would come between.
    """
    gc.collect()
    start = time.process_time()
    kept = work(text)
    seconds = time.process_time() - start
    del kept
    return seconds


def peak() -> int:
    """Bytes of memory that this program has had at most.

    What the operating system counts for a process begins with what the one that started it had;
    where Linux tells what this program alone had, that is taken.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main(path: str, repeats: int) -> None:
    parse("program(1.3)\n{\n}\n")
    before = peak()
    text = Path(path).read_text(encoding="utf-8")
    timed(tokenise, text)
    tokens, parses, most = [], [], 0
    for _ in range(repeats):
        tokens.append(timed(tokenise, text))
        parses.append(timed(parse, text))
        most = most or peak()
    print(json.dumps({"tokens": tokens, "parse": parses, "peak": most - before}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
