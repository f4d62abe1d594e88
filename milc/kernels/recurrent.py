"""Recurrent networks: a loop over steps, the products with the input of all steps done before it.

A sequence x is [S, B, I], states are [B, H]. Each function gives the hidden states [S, B, H] in the
order in which the steps were taken, and the states behind the last step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from milc.kernels.products import linear

if TYPE_CHECKING:
    from milc.kernels import Array

    Function = Callable[[Array], Array]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    shares: Array = 1 / (1 + np.exp(-x))
    return shares


def hard_sigmoid(x: Array) -> Array:
    """0.2 x + 0.5, bounded to [0, 1]."""
    line: Array = x * x.dtype.type(0.2) + x.dtype.type(0.5)
    return line.clip(0, 1)


ACTIVATIONS: Final[dict[str, Function]] = {
    "tanh": np.tanh,
    "scaled_tanh": np.tanh,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "sigmoid_hard": hard_sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}
"""The functions by their names, in lower case."""


class Weights(NamedTuple):
    """What a network of G gates has learnt, one gate below the other."""

    ih: Array
    """[G * H, I]"""
    hh: Array
    """[G * H, H]"""
    bias: Array
    """[G * H]"""


def rnn(x: Array, h: Array, weights: Weights, activation: Function) -> tuple[Array, Array]:
    """A plain network: h = activation(W_i x + W_h h + b)."""
    sums, recurrent = linear(x, weights.ih, weights.bias), weights.hh.T
    for step in sums:
        step[...] = h = activation(step + h @ recurrent)
    return sums, h


class Gru(NamedTuple):
    """What a gated recurrent unit does beside its weights, whose gates are r, o and z."""

    recurrent: Function
    activation: Function
    input_bias: Array
    """[3 * H]"""
    reset_after: bool


def gru(x: Array, h: Array, weights: Weights, unit: Gru) -> tuple[Array, Array]:
    """A gated recurrent unit; the formulas stand with the op."""
    size = h.shape[1]
    every = linear(x, weights.ih, unit.input_bias)
    reset, new, update = (weights.hh[n * size : (n + 1) * size] for n in range(3))
    b_r, b_o, b_z = np.split(weights.bias, 3)
    outputs = np.empty((*x.shape[:2], size), x.dtype)
    for step, output in zip(every, outputs, strict=True):
        x_r, x_o, x_z = np.split(step, 3, axis=1)
        r = unit.recurrent(x_r + linear(h, reset, b_r))
        z = unit.recurrent(x_z + linear(h, update, b_z))
        inner = r * linear(h, new, b_o) if unit.reset_after else linear(r * h, new, b_o)
        h = (1 - z) * unit.activation(x_o + inner) + z * h
        output[...] = h
    return outputs, h


class Lstm(NamedTuple):
    """What long short-term memory does beside its weights, whose gates are i, f, o and z."""

    recurrent: Function
    cell: Function
    activation: Function
    peephole: Array | None
    """[3 * H]: of i, f and o."""
    clip: Array | None


def lstm(x: Array, h: Array, c: Array, weights: Weights, unit: Lstm) -> tuple[Array, Array, Array]:
    """A network of long short-term memory; the formulas stand with the op."""
    peep_i, peep_f, peep_o = (0, 0, 0) if unit.peephole is None else np.split(unit.peephole, 3)
    every, recurrent = linear(x, weights.ih, weights.bias), weights.hh.T
    outputs = np.empty((*x.shape[:2], h.shape[1]), x.dtype)
    for step, output in zip(every, outputs, strict=True):
        i, f, o, z = np.split(step + h @ recurrent, 4, axis=1)
        kept = unit.recurrent(f + peep_f * c) * c
        c = kept + unit.recurrent(i + peep_i * c) * unit.cell(z)
        if unit.clip is not None:
            c = np.clip(c, -unit.clip, unit.clip)
        h = unit.recurrent(o + peep_o * c) * unit.activation(c)
        output[...] = h
    return outputs, h, c
