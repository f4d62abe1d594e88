"""Ops that put elements in another order, against PyTorch and loops over places."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from tests.meaning.cases import expect, level, meaning, random, refused, run_op
from tests.meaning.peer import peer

OLD = ("f4", "f2", "i4", "?")
NEW = (*OLD, "i1", "u1", "i2", "u2")


def dtypes(opset: str) -> tuple[str, ...]:
    """What the ops that only move elements take."""
    return NEW if level(opset) >= 17 else OLD


def numbered(*shape: int, dtype: str = "f4") -> Any:
    """An array in which no element is like another, as far as its type allows."""
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@meaning("transpose", "loop")
def transposes(opset: str) -> None:
    for dtype in dtypes(opset):
        x = random(2, 3, 4, dtype=dtype, low=-9, high=9)
        x = np.abs(x) if dtype in ("u1", "u2") else x
        for order in permutations(range(3)):
            wanted = np.zeros([x.shape[axis] for axis in order], dtype)
            for place in np.ndindex(x.shape):
                wanted[tuple(place[axis] for axis in order)] = x[place]
            expect(run_op("transpose", opset, x=x, perm=order), wanted, exact=True)


@meaning("transpose", "loop")
def axes_from_the_last(opset: str) -> None:
    x = numbered(2, 3, 4, 1, 5)
    given = run_op("transpose", opset, x=x, perm=(-1, 0, -3, 1, 3))
    wanted = np.zeros((5, 2, 4, 3, 1), "f4")
    for a, b, c, d, e in np.ndindex(x.shape):
        wanted[e, a, c, b, d] = x[a, b, c, d, e]
    expect(given, wanted, exact=True)
    assert run_op("transpose", opset, x=numbered(0, 3), perm=(1, 0)).shape == (3, 0)
    expect(run_op("transpose", opset, x=numbered(4), perm=(0,)), numbered(4), exact=True)


@meaning("reverse", "loop")
def reverses(opset: str) -> None:
    for dtype in dtypes(opset):
        x = numbered(2, 3, 4, dtype=dtype)
        for axes in ((0,), (1,), (-1,), (0, 2), (2, -2, 0), None):
            more = {} if axes is None else {"axes": axes}
            reversed_ = range(3) if axes is None else [axis % 3 for axis in axes]
            wanted = np.zeros_like(x)
            for place in np.ndindex(x.shape):
                turned = [
                    n - 1 - at if axis in reversed_ else at
                    for axis, (at, n) in enumerate(zip(place, x.shape, strict=True))
                ]
                wanted[tuple(turned)] = x[place]
            expect(run_op("reverse", opset, x=x, **more), wanted, exact=True)


@meaning("reverse", "values")
def no_axes_reverse_nothing(opset: str) -> None:
    x = numbered(2, 3)
    expect(run_op("reverse", opset, x=x, axes=np.array([], "i4")), x, exact=True)
    expect(run_op("reverse", opset, x=numbered(0, 2)), numbered(0, 2), exact=True)
    expect(run_op("reverse", opset, x=np.array(3, "f4")), np.array(3, "f4"), exact=True)


@meaning("reverse_sequence", "loop")
def sequences(opset: str) -> None:
    kinds = ("i4", "i1", "i2") if level(opset) >= 17 else ("i4",)
    for dtype in dtypes(opset):
        x = numbered(4, 3, 5, dtype=dtype)
        for along, batch in ((0, 1), (1, 0), (2, 0), (-1, 1), (0, -1), (1, 2)):
            for kind in kinds:
                count = x.shape[batch]
                lengths = np.array([0, x.shape[along], 2, 1, 3][:count], kind)
                wanted = x.copy()
                for place in np.ndindex(x.shape):
                    length = int(lengths[place[batch]])
                    source = list(place)
                    if place[along] < length:
                        source[along] = length - 1 - place[along]
                    wanted[place] = x[tuple(source)]
                given = run_op("reverse_sequence", opset, x=x, lengths=lengths, seq_axis=along,
                               batch_axis=batch)  # fmt: skip
                expect(given, wanted, exact=True)


@meaning("reverse_sequence", "values")
def the_example_of_tensorflow_s_docs(opset: str) -> None:
    x = np.array([[1, 2, 3, 4, 0, 0], [1, 2, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]], "i4")
    given = run_op("reverse_sequence", opset, x=x, lengths=np.array([4, 2, 3], "i4"), seq_axis=1)
    wanted = [[4, 3, 2, 1, 0, 0], [2, 1, 0, 0, 0, 0], [3, 2, 1, 4, 5, 6]]
    expect(given, np.array(wanted, "i4"), exact=True)


@meaning("reverse_sequence", "values")
def sequences_that_cannot_be(opset: str) -> None:
    x = numbered(2, 3)
    refused("reverse_sequence", opset, "both", x=x, lengths=np.array([1, 2], "i4"))
    for length in (4, -1):
        refused("reverse_sequence", opset, "`lengths`", x=x, seq_axis=1,
                lengths=np.array([length, 1], "i4"))  # fmt: skip


def spread(x: Any, side: int, channel: Any) -> Any:
    """Channels spread over squares; `channel` says of which (c, i, j) of the result comes."""
    batch, channels, height, width = x.shape
    found = np.zeros((batch, channels // side**2, height * side, width * side), x.dtype)
    for n, c, y, z in np.ndindex(found.shape):
        found[n, c, y, z] = x[n, channel(c, y % side, z % side), y // side, z // side]
    return found


@meaning("depth_to_space", "loop")
def spreads_depth(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for side, shape in ((2, (2, 12, 2, 3)), (3, (1, 9, 1, 2)), (1, (1, 2, 3, 4))):
            x = numbered(*shape, dtype=dtype)
            fewer = shape[1] // side**2
            wanted = spread(x, side, lambda c, i, j, s=side, f=fewer: (i * s + j) * f + c)
            expect(run_op("depth_to_space", opset, x=x, block_size=side), wanted, exact=True)


@meaning("space_to_depth", "loop")
def gathers_depth(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for side, shape in ((2, (2, 3, 4, 6)), (3, (1, 2, 3, 6)), (1, (1, 2, 3, 4))):
            x = numbered(*shape, dtype=dtype)
            batch, channels, height, width = shape
            wanted = np.zeros((batch, channels * side**2, height // side, width // side), dtype)
            for n, c, y, z in np.ndindex(x.shape):
                channel = (y % side * side + z % side) * channels + c
                wanted[n, channel, y // side, z // side] = x[n, c, y, z]
            given = run_op("space_to_depth", opset, x=x, block_size=side)
            expect(given, wanted, exact=True)
            expect(run_op("depth_to_space", opset, x=given, block_size=side), x, exact=True)


@meaning("pixel_shuffle", "torch")
def shuffles(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for side, shape in ((2, (2, 12, 2, 3)), (3, (1, 9, 1, 2)), (1, (1, 2, 3, 4))):
            x = numbered(*shape, dtype=dtype)
            given = run_op("pixel_shuffle", opset, x=x, upscale_factor=side)
            expect(given, peer("images:pixel_shuffle", x, side), exact=True)
            wanted = spread(x, side, lambda c, i, j, s=side: c * s * s + i * s + j)
            expect(given, wanted, exact=True)


@meaning("pixel_unshuffle", "torch")
def unshuffles(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for side, shape in ((2, (2, 3, 4, 6)), (3, (1, 2, 3, 6)), (1, (1, 2, 3, 4))):
            x = numbered(*shape, dtype=dtype)
            given = run_op("pixel_unshuffle", opset, x=x, downscale_factor=side)
            expect(given, peer("images:pixel_unshuffle", x, side), exact=True)


@meaning("pixel_shuffle", "values")
def shuffles_nothing(opset: str) -> None:
    given = run_op("pixel_shuffle", opset, x=numbered(0, 4, 2, 3), upscale_factor=2)
    assert given.shape == (0, 1, 4, 6)


def in_blocks(x: Any, block: tuple[int, int], pads: Any) -> Any:
    """Planes padded with zeros and gathered to batches, place by place."""
    (top, bottom), (left, right) = pads
    batch, channels, height, width = x.shape
    rows, columns = block
    deep, wide = (height + top + bottom) // rows, (width + left + right) // columns
    found = np.zeros((batch * rows * columns, channels, deep, wide), x.dtype)
    for n, c, y, z in np.ndindex(x.shape):
        i, j = y + top, z + left
        at = (i % rows * columns + j % columns) * batch + n
        found[at, c, i // rows, j // columns] = x[n, c, y, z]
    return found


BLOCKS = (
    ((1, 2, 4, 5), (2, 2), ((0, 0), (0, 1))), ((2, 1, 3, 4), (3, 2), ((1, 2), (1, 1))),
    ((2, 3, 2, 2), (1, 1), ((0, 0), (0, 0))), ((1, 1, 2, 6), (2, 3), ((0, 0), (0, 0))),
)  # fmt: skip


@meaning("space_to_batch", "loop")
def blocks_to_batches(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape, block, pads in BLOCKS:
            x = numbered(*shape, dtype=dtype) + np.array(1, dtype)
            given = run_op("space_to_batch", opset, x=x, block_shape=block, paddings=pads)
            expect(given, in_blocks(x, block, pads), exact=True)


@meaning("batch_to_space", "loop")
def batches_to_blocks(opset: str) -> None:
    for dtype in ("f4", "f2"):
        for shape, block, pads in BLOCKS:
            x = numbered(*shape, dtype=dtype) + np.array(1, dtype)
            gathered = in_blocks(x, block, pads)
            given = run_op("batch_to_space", opset, x=gathered, block_shape=block, crops=pads)
            expect(given, x, exact=True)


@meaning("batch_to_space", "values")
def the_example_of_tensorflow_s_docs_for_batches(opset: str) -> None:
    x = np.arange(1, 5, dtype="f4").reshape(4, 1, 1, 1)
    given = run_op("batch_to_space", opset, x=x, block_shape=(2, 2), crops=((0, 0), (0, 0)))
    expect(given, np.array([[[[1, 2], [3, 4]]]]), exact=True)
    x = np.array(
        [0, 1, 3, 0, 9, 11, 0, 2, 4, 0, 10, 12, 0, 5, 7, 0, 13, 15, 0, 6, 8, 0, 14, 16], "f4"
    )
    given = run_op("batch_to_space", opset, x=x.reshape(8, 1, 1, 3), block_shape=(2, 2),
                   crops=((0, 0), (2, 0)))  # fmt: skip
    wanted = np.arange(1, 17, dtype="f4").reshape(2, 1, 2, 4)
    expect(given, wanted, exact=True)


@meaning("space_to_batch", "values")
def amounts_are_not_negative(opset: str) -> None:
    refused("space_to_batch", opset, "negative", x=numbered(1, 1, 4, 4), block_shape=(1, 1),
            paddings=((-1, 1), (0, 0)))  # fmt: skip
    refused("batch_to_space", opset, "negative", x=numbered(1, 1, 4, 4), block_shape=(1, 1),
            crops=((-1, 1), (0, 0)))  # fmt: skip
