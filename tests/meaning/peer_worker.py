"""Runs in the oracle's environment: answers calls of functions in `peer_side`; see `peer`.

A request and an answer are each a length of 8 bytes and a pickle, of (function, arguments, options)
and of (whether it went well, result or traceback). Imports nothing of milc.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer until nobody asks."""
    sys.path.insert(0, str(Path(__file__).parent))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    while header := sys.stdin.buffer.read(8):
        function, args, options = pickle.loads(
            sys.stdin.buffer.read(struct.unpack("<Q", header)[0])
        )
        data = pickle.dumps(answer(function, args, options))
        answers.write(struct.pack("<Q", len(data)) + data)
        answers.flush()


def answer(function: str, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[bool, Any]:
    """What a function returns, or why it does not."""
    module, _, name = function.partition(":")
    try:
        return True, getattr(import_module(f"peer_side.{module}"), name)(*args, **options)
    except Exception:
        return False, traceback.format_exc()


if __name__ == "__main__":
    main()
