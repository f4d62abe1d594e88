"""Writes weights/weight.bin beside this file: the one blob that model.mil refers to.

Run it with milc installed: `python examples/weights/make_weights.py`. It prints the offset that
belongs into `BLOBFILE`. The same numbers come out on every machine.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from milc.ir.types import FP32
from milc.package.weights import BlobWriter

ROWS, COLUMNS = 8, 16


def matrix() -> numpy.ndarray:
    """A wave of its own for each row, so that the rows are easy to tell apart."""
    row, column = numpy.ogrid[1 : ROWS + 1, 0:COLUMNS]
    return ((row * column) % 7 - 3).astype("<f4") / 8


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    (folder / "weights").mkdir(exist_ok=True)
    with BlobWriter(folder / "weights" / "weight.bin") as writer:
        offset = writer.append(FP32, matrix().tobytes())
        print(f"weight  tensor<fp32, [{ROWS}, {COLUMNS}]>  offset {offset}")


if __name__ == "__main__":
    main(Path(__file__).parent)
