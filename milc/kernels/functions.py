"""Functions of numbers, of whole arrays: those of activations, erf, powers, softmax.

Floats come as fp32 and leave as fp32. What takes several steps works in blocks that stay in the
processor's cache, on memory of its own: a pass over the whole of memory costs more than most steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from milc.kernels import Array

BLOCK: Final = 1 << 14
"""How many elements are worked on at once."""

_ERF: Final = (
    1.1283792471878042, 0.10276986411070013, -0.00019528812932643222, -0.0006148382701071282,
    8.459659386318878e-05, -4.794606958772112e-06, 2.7576241646857726e-08, 5.421596892124548e-09,
)  # fmt: skip
"""erf(x) is tanh(x * p(x^2)): p was fitted to atanh(erf(x)) / x, so that erf is least off where it
is most. Being the argument of a tanh, it never leads out of [-1, 1]."""

_NORMAL: Final = (
    1.5957695312830265, 0.07266806514014873, -6.800905971227937e-05, -0.0001088356976918167,
    7.365944282006474e-06, -1.6748599589281198e-07, -5.733037909803729e-09, 4.717999357241115e-10,
    -1.1596091953426618e-11, 1.0259059432798292e-13,
)  # fmt: skip
"""The same of the chance that a normal variable is below x, as sigmoid(x * p(x^2)): unlike
(1 + erf) / 2 that stays exact where it is small."""

_GATES: Final = {
    "EXACT": _NORMAL,
    # 0.5 * (1 + tanh(u)) is sigmoid(2 * u).
    "TANH_APPROXIMATION": (2 * (2 / np.pi) ** 0.5, 2 * (2 / np.pi) ** 0.5 * 0.044715),
    "SIGMOID_APPROXIMATION": (1.702,),
}
"""What each kind of gelu multiplies x by is sigmoid(x * p(x^2)), of these coefficients."""


def in_blocks(function: Callable[..., None]) -> Callable[..., Array]:
    """Let a function that fills `out` from `x`, both of rank 1, work on any array block by block.

    What it is given beside them it gets each time.
    """

    @wraps(function)
    def whole(x: Array, *others: Any) -> Array:
        flat = x.reshape(-1)
        made = np.empty_like(flat)
        for start in range(0, flat.size, BLOCK):
            part = slice(start, start + BLOCK)
            function(flat[part], made[part], *others)
        return made.reshape(x.shape)

    return whole


def _odd(x: Array, out: Array, coefficients: Sequence[float]) -> None:
    """x * p(x^2), of the coefficients of p from the lowest on."""
    *others, highest = coefficients
    out.fill(highest)
    square = x * x if others else x
    for coefficient in reversed(others):
        out *= square
        out += coefficient
    out *= x


@in_blocks
def erf(x: Array, out: Array) -> None:
    """The error function, to 4 units in the last place."""
    _odd(x, out, _ERF)
    np.tanh(out, out=out)


@in_blocks
def _gated(x: Array, out: Array, coefficients: Sequence[float]) -> None:
    """x * sigmoid(x * p(x^2)), as x / (1 + e^(-x * p(x^2))); e^… may be infinite."""
    _odd(x, out, coefficients)
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(x, out, out=out)


def gelu(x: Array, mode: str) -> Array:
    """x times the chance that a normal variable is below it, by the formula of a mode."""
    return _gated(x, _GATES[mode])


def silu(x: Array) -> Array:
    """x * sigmoid(x)."""
    return _gated(x, (1.0,))


@in_blocks
def sigmoid(x: Array, out: Array) -> None:
    """1 / (1 + e^-x); e^-x may be infinite."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.reciprocal(out, out=out)


@in_blocks
def softplus(x: Array, out: Array) -> None:
    """log(1 + e^x), as log(1 + e^-|x|) + max(x, 0), in which nothing overflows."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    out += np.maximum(x, 0)


@in_blocks
def softsign(x: Array, out: Array) -> None:
    """x / (1 + |x|)."""
    np.abs(x, out=out)
    out += 1
    np.divide(x, out, out=out)


@in_blocks
def elu(x: Array, out: Array, alpha: Array) -> None:
    """x where it is positive, alpha * (e^x - 1) elsewhere."""
    np.minimum(x, 0, out=out)
    np.expm1(out, out=out)
    out *= alpha
    out += np.maximum(x, 0)


def leaky_relu(x: Array, alpha: Array) -> Array:
    """x where it is positive, alpha * x elsewhere; alpha is finite and broadcasts with x.

    Made of extremes, since to choose by a mask takes ten times as long.
    """
    made: Array = np.minimum(x, 0)
    made *= alpha
    made += np.maximum(x, 0)
    return made


@in_blocks
def clamped_relu(x: Array, out: Array, alpha: Array, beta: Array) -> None:
    """`leaky_relu`, but nothing above beta."""
    np.minimum(leaky_relu(x, alpha), beta, out=out)


def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    made: Array = np.maximum(x, 0)
    return made


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6); NaN stays NaN."""
    made: Array = np.clip(x, 0, 6)
    return made


def thresholded_relu(x: Array, alpha: Array) -> Array:
    """0 where x is below alpha, else x."""
    return np.where(x < alpha, 0, x)


@in_blocks
def linear(x: Array, out: Array, alpha: Array, beta: Array) -> None:
    """alpha * x + beta."""
    np.multiply(x, alpha, out=out)
    out += beta


@in_blocks
def sigmoid_hard(x: Array, out: Array, alpha: Array, beta: Array) -> None:
    """alpha * x + beta, held between 0 and 1."""
    np.multiply(x, alpha, out=out)
    out += beta
    np.clip(out, 0, 1, out=out)


@in_blocks
def scaled_tanh(x: Array, out: Array, alpha: Array, beta: Array) -> None:
    """alpha * tanh(beta * x)."""
    np.multiply(x, beta, out=out)
    np.tanh(out, out=out)
    out *= alpha


@in_blocks
def inverse(x: Array, out: Array, epsilon: Array) -> None:
    """1 / (x + epsilon)."""
    np.add(x, epsilon, out=out)
    np.reciprocal(out, out=out)


@in_blocks
def log(x: Array, out: Array, epsilon: Array) -> None:
    """The natural logarithm of x + epsilon."""
    np.add(x, epsilon, out=out)
    np.log(out, out=out)


@in_blocks
def rsqrt(x: Array, out: Array, epsilon: Array) -> None:
    """1 / sqrt(x + epsilon)."""
    np.add(x, epsilon, out=out)
    np.sqrt(out, out=out)
    np.reciprocal(out, out=out)


def along_channels(values: Array, rank: int) -> Array:
    """A vector [C], in a shape that broadcasts with [N, C, …] of a rank."""
    return values.reshape(-1, *[1] * (rank - 2))


_POWERS: Final[dict[float, Callable[[Array], Array]]] = {
    -1.0: np.reciprocal,
    -0.5: lambda x: 1 / np.sqrt(x),
    0.5: np.sqrt,
    1.0: lambda x: x,
    2.0: np.square,
    3.0: lambda x: x * np.square(x),
}


def power(x: Array, exponent: float) -> Array:
    """x to the power of one number, by the quick road where there is one."""
    quick = _POWERS.get(exponent)
    made: Array = np.power(x, np.float32(exponent)) if quick is None else quick(x)
    return made


def integer_power(x: Array, y: Array) -> Array:
    """x to the power of y, of integers, the lowest 64 bits of it; a fraction becomes 0."""
    fraction = (y < 0) & (np.abs(x) != 1)
    return np.where(fraction, 0, np.power(x.astype("i8"), np.abs(y.astype("i8"))))


def softmax(x: Array, axis: int) -> Array:
    """e^x over its sum along an axis; in it the largest x of the sum is taken off before."""
    if axis not in (-1, x.ndim - 1) or not x.size:
        made = np.empty_like(x)
        _shares(x, made, axis)
        return made
    rows = x.reshape(-1, x.shape[-1])
    made = np.empty_like(rows)
    step = max(BLOCK // rows.shape[1], 1)
    for start in range(0, len(rows), step):
        _shares(rows[start : start + step], made[start : start + step], -1)
    return made.reshape(x.shape)


def _shares(x: Array, out: Array, axis: int) -> None:
    np.subtract(x, np.max(x, axis=axis, keepdims=True, initial=-np.inf), out=out)
    np.exp(out, out=out)
    out /= np.sum(out, axis=axis, keepdims=True)
