"""Writes weights/weight.bin beside this file: a matrix that two functions share, and an adapter.

Run it with milc installed: `python examples/multifunction/make_weights.py`. It prints the offsets
that belong into `BLOBFILE`. The same numbers come out on every machine.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from milc.ir.types import FP16
from milc.package.weights import BlobWriter


def tensors() -> dict[str, numpy.ndarray]:
    """What is stored, in order."""
    # numpy promises that RandomState gives these numbers in every version.
    random = numpy.random.RandomState(20)
    shapes = {"weight": (16, 32), "adapter_down": (2, 32), "adapter_up": (16, 2)}
    return {
        name: (random.randint(-1024, 1025, shape, "i4") / 4096).astype("<f2")
        for name, shape in shapes.items()
    }


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    (folder / "weights").mkdir(exist_ok=True)
    with BlobWriter(folder / "weights" / "weight.bin") as writer:
        for name, tensor in tensors().items():
            offset = writer.append(FP16, tensor.tobytes())
            print(f"{name:14}tensor<fp16, {list(tensor.shape)}>  offset {offset}")


if __name__ == "__main__":
    main(Path(__file__).parent)
