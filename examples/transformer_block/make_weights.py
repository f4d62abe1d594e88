"""Writes weights/weight.bin beside this file: untrained weights for the block in model.mil.

Run it with milc installed: `python examples/transformer_block/make_weights.py`. It prints the
offsets that belong into `BLOBFILE`. The same bytes come out on every machine.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from milc.ir.types import FP16
from milc.package.weights import BlobWriter

WIDTH, HIDDEN = 32, 128
SHAPES = {
    "norm_1_gamma": (WIDTH,),
    "norm_1_beta": (WIDTH,),
    "qkv_weight": (3 * WIDTH, WIDTH),
    "qkv_bias": (3 * WIDTH,),
    "proj_weight": (WIDTH, WIDTH),
    "proj_bias": (WIDTH,),
    "norm_2_gamma": (WIDTH,),
    "norm_2_beta": (WIDTH,),
    "up_weight": (HIDDEN, WIDTH),
    "up_bias": (HIDDEN,),
    "down_weight": (WIDTH, HIDDEN),
    "down_bias": (WIDTH,),
}


def tensors() -> dict[str, numpy.ndarray]:
    """What is stored, in order."""
    # numpy promises that RandomState gives these numbers in every version.
    random = numpy.random.RandomState(18)
    made = {}
    for name, shape in SHAPES.items():
        if name.endswith("_weight"):
            made[name] = random.randint(-1024, 1025, shape, "i4") / 8192
        elif name.endswith("_gamma"):
            made[name] = numpy.ones(shape)
        else:
            made[name] = numpy.zeros(shape)
    return made


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    (folder / "weights").mkdir(exist_ok=True)
    with BlobWriter(folder / "weights" / "weight.bin") as writer:
        for name, tensor in tensors().items():
            offset = writer.append(FP16, tensor.astype("<f2").tobytes())
            print(f"{name:14}tensor<fp16, {list(tensor.shape)}>  offset {offset}")


if __name__ == "__main__":
    main(Path(__file__).parent)
