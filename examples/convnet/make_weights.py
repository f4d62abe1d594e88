"""Writes weights/weight.bin beside this file: untrained weights for the network in model.mil.

Run it with milc installed: `python examples/convnet/make_weights.py`. It prints the offsets that
belong into `BLOBFILE`. The same bytes come out on every machine.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy

from milc.ir.types import FP32
from milc.package.weights import BlobWriter

SHAPES = {
    "stem_weight": (8, 1, 3, 3),
    "stem_bias": (8,),
    "left_weight": (8, 8, 3, 3),
    "left_mean": (8,),
    "left_variance": (8,),
    "left_gamma": (8,),
    "left_beta": (8,),
    "right_weight": (8, 8, 3, 3),
    "right_bias": (8,),
    "down_weight": (16, 8, 3, 3),
    "down_bias": (16,),
    "head_weight": (10, 16),
    "head_bias": (10,),
}


def tensors() -> dict[str, numpy.ndarray]:
    """What is stored, in order: as an optimiser would start, so that signals keep their size."""
    # numpy promises that RandomState gives these numbers in every version.
    random = numpy.random.RandomState(28)
    made = {}
    for name, shape in SHAPES.items():
        if name.endswith("_weight"):
            spread = 2.0 ** round(math.log2(math.sqrt(6 / math.prod(shape[1:]))))
            made[name] = random.randint(-1024, 1025, shape, "i4") / 1024 * spread
        elif name.endswith(("_variance", "_gamma")):
            made[name] = numpy.ones(shape)
        else:
            made[name] = numpy.zeros(shape)
    return made


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    (folder / "weights").mkdir(exist_ok=True)
    with BlobWriter(folder / "weights" / "weight.bin") as writer:
        for name, tensor in tensors().items():
            offset = writer.append(FP32, tensor.astype("<f4").tobytes())
            print(f"{name:14}tensor<fp32, {list(tensor.shape)}>  offset {offset}")


if __name__ == "__main__":
    main(Path(__file__).parent)
