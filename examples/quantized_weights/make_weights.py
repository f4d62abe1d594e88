"""Writes weights/weight.bin beside this file: one matrix, compressed in four ways.

Run it with milc installed: `python examples/quantized_weights/make_weights.py`. It prints what each
way costs, how far it is from the original, and the offsets that belong into `BLOBFILE`. The same
bytes come out on every machine.
"""

from __future__ import annotations

from pathlib import Path

import numpy

from milc.ir.numbers import pack
from milc.ir.types import FP16, INT4, INT8, UINT1, UINT4, ElementType
from milc.package.weights import BlobWriter

ROWS, COLUMNS = 16, 32
BLOCK = 8
Array = numpy.ndarray


def original() -> Array:
    """The matrix, in fp16."""
    # numpy promises that RandomState gives these numbers in every version.
    random = numpy.random.RandomState(4)
    return (random.randint(-1024, 1025, (ROWS, COLUMNS), "i4") / 1024).astype("<f2")


def linear_int8(matrix: Array) -> tuple[Array, dict[str, tuple[ElementType, Array]]]:
    """Eight bits, one scale for each row: value = data * scale."""
    scale = (abs(matrix).max(1, keepdims=True) / 127).astype("<f2")
    data = numpy.rint(matrix / scale.astype("f4")).astype("i1")
    return data * scale, {"int8_data": (INT8, data), "int8_scale": (FP16, scale[:, 0])}


def palette(matrix: Array) -> tuple[Array, dict[str, tuple[ElementType, Array]]]:
    """Four bits that choose one of sixteen values: value = lut[index]."""
    lut = (numpy.arange(-15, 16, 2) / 15).astype("<f2")
    indices = abs(matrix[..., None].astype("f4") - lut.astype("f4")).argmin(-1)
    return lut[indices], {"palette_indices": (UINT4, indices), "palette_lut": (FP16, lut)}


def blocks_of_int4(matrix: Array) -> tuple[Array, dict[str, tuple[ElementType, Array]]]:
    """Four bits, one scale for each block of eight in a row: value = data * scale."""
    blocks = matrix.reshape(ROWS, COLUMNS // BLOCK, BLOCK)
    scale = (abs(blocks).max(2) / 7).astype("<f2")
    spread = scale.repeat(BLOCK, 1)
    data = numpy.rint(matrix / spread.astype("f4")).astype("i1")
    return data * spread, {"int4_data": (INT4, data), "int4_scale": (FP16, scale)}


def sparse(matrix: Array) -> tuple[Array, dict[str, tuple[ElementType, Array]]]:
    """One bit that says whether there is a value; only those of at least 0.75 are kept."""
    mask = abs(matrix) >= 0.75
    stored: dict[str, tuple[ElementType, Array]] = {
        "sparse_mask": (UINT1, mask.astype("u1")),
        "sparse_nonzero": (FP16, matrix[mask]),
    }
    return numpy.where(mask, matrix, 0), stored


def packed(element: ElementType, values: Array) -> bytes:
    """The bytes of a blob; small integers lie in it without gaps."""
    return pack(element, values.ravel().tolist())


def main(folder: Path) -> None:
    """Write the file below `folder`."""
    matrix = original()
    (folder / "weights").mkdir(exist_ok=True)
    with BlobWriter(folder / "weights" / "weight.bin") as writer:
        for compress in (linear_int8, palette, blocks_of_int4, sparse):
            found, stored = compress(matrix)
            size = sum(len(packed(*part)) for part in stored.values())
            error = abs(found.astype("f4") - matrix.astype("f4")).max()
            print(
                f"{compress.__name__}: {size} of {matrix.nbytes} bytes, off by {error:.3f} at most"
            )
            for name, (element, values) in stored.items():
                offset = writer.append(element, packed(element, values), values.size)
                shape = list(values.shape)
                print(f"  {name:16}tensor<{element}, {shape}>  offset {offset}")


if __name__ == "__main__":
    main(Path(__file__).parent)
