"""Recurrent networks, against PyTorch where it has them, else against a loop over single units.

The arguments of PyTorch's networks are turned into MIL's as coremltools does. The loops follow the
formulas of the docstrings, and coremltools' own references in `mil/ops/tests/iOS14`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.meaning.cases import expect, meaning, random, refused, run_op
from tests.meaning.peer import peer

FUNCTIONS = {
    "tanh": math.tanh,
    "scaled_tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "hard_sigmoid": lambda x: min(max(0.2 * x + 0.5, 0), 1),
    "sigmoid_hard": lambda x: min(max(0.2 * x + 0.5, 0), 1),
    "relu": lambda x: max(x, 0),
    "linear": lambda x: x,
}
SIZES = ((5, 2, 3, 4), (1, 1, 1, 1), (3, 1, 4, 2))
"""Of S, B, I, H."""


def dtypes(opset: str) -> tuple[str, ...]:
    """What all tensors may be of."""
    return ("f4",) if opset == "ios15" else ("f4", "f2")


def sequence(sizes: tuple[int, ...], dtype: str, directions: int = 1) -> tuple[Any, Any, Any]:
    """A sequence, a hidden state and a cell state."""
    steps, batch, features, units = sizes
    return (
        random(steps, batch, features, dtype=dtype, seed=1),
        random(batch, directions * units, dtype=dtype, seed=2),
        random(batch, directions * units, dtype=dtype, seed=3),
    )


def parts(gates: int, sizes: tuple[int, ...], dtype: str, seed: int = 4) -> dict[str, Any]:
    """Random weights and a bias."""
    _, _, features, units = sizes
    return {
        "weight_ih": random(gates * units, features, dtype=dtype, seed=seed, low=-0.4, high=0.4),
        "weight_hh": random(gates * units, units, dtype=dtype, seed=seed + 1, low=-0.4, high=0.4),
        "bias": random(gates * units, dtype=dtype, seed=seed + 2, low=-0.4, high=0.4),
    }


def typed(weights: dict[str, Any], dtype: str) -> dict[str, Any]:
    """The weights of one type."""
    return {name: each.astype(dtype) for name, each in weights.items()}


def with_sum_of_biases(weights: dict[str, Any]) -> dict[str, Any]:
    """PyTorch's two biases as the one of MIL."""
    made = {name: each for name, each in weights.items() if not name.startswith("bias")}
    for back in ("", "_back"):
        if f"bias_ih{back}" in weights:
            made[f"bias{back}"] = weights[f"bias_ih{back}"] + weights[f"bias_hh{back}"]
    return made


# Loops over single units: lists of numbers in, lists out.


def product(matrix: Any, vector: list[float]) -> list[float]:
    """A matrix times a vector."""
    return [sum(float(a) * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def gates(weights: dict[str, Any], count: int, x: list[float], h: list[float]) -> list[list[float]]:
    """The sums of each gate."""
    sums = [a + b + float(c) for a, b, c in zip(product(weights["weight_ih"], x),
            product(weights["weight_hh"], h), weights["bias"], strict=True)]  # fmt: skip
    units = len(h)
    return [sums[n * units : (n + 1) * units] for n in range(count)]


def over_steps(step: Any, x: Any, states: list[Any], reverse: bool) -> tuple[Any, list[Any]]:
    """Run a step of one sequence over all, batch by batch: the outputs and the last states."""
    outputs, lasts = [], []
    for b in range(x.shape[1]):
        held = [each[b].astype("f8").tolist() for each in states]
        made = []
        for x_t in x[::-1, b] if reverse else x[:, b]:
            held = step(x_t.astype("f8").tolist(), *held)
            made.append(held[0])
        outputs.append(made)
        lasts.append(held)
    shape = (x.shape[1], x.shape[0], len(states[0][0]))
    ends = [np.array([each[n] for each in lasts]) for n in range(len(states))]
    return np.array(outputs).reshape(shape).swapaxes(0, 1), ends


def rnn_step(weights: dict[str, Any], f: Any) -> Any:
    """A step of rnn by its formula."""

    def step(x: list[float], h: list[float]) -> list[list[float]]:
        return [[f(each) for each in gates(weights, 1, x, h)[0]]]

    return step


def lstm_step(weights: dict[str, Any], f: Any, g: Any, a: Any, clip: float | None) -> Any:
    """A step of lstm by its formulas."""

    def step(x: list[float], h: list[float], c: list[float]) -> list[list[float]]:
        sums, units = gates(weights, 4, x, h), len(h)
        peep = weights.get("peephole", np.zeros(3 * units)).astype("f8").reshape(3, units).tolist()
        hs, cs = [], []
        for n in range(units):
            i, forget = (f(sums[k][n] + peep[k][n] * c[n]) for k in (0, 1))
            new = forget * c[n] + i * g(sums[3][n])
            new = new if clip is None else max(min(new, clip), -clip)
            hs.append(f(sums[2][n] + peep[2][n] * new) * a(new))
            cs.append(new)
        return [hs, cs]

    return step


def gru_step(weights: dict[str, Any], f: Any, g: Any, input_bias: Any, after: bool) -> Any:
    """A step of gru by its formulas."""

    def step(x: list[float], h: list[float]) -> list[list[float]]:
        units = len(h)
        inner = [a + float(c) for a, c in zip(product(weights["weight_ih"], x), input_bias,
                                              strict=True)]  # fmt: skip
        bias, hidden = weights["bias"].astype("f8"), weights["weight_hh"]
        recurrent = [a + b for a, b in zip(product(hidden, h), bias, strict=True)]
        r = [f(inner[n] + recurrent[n]) for n in range(units)]
        z = [f(inner[2 * units + n] + recurrent[2 * units + n]) for n in range(units)]
        rows = hidden[units : 2 * units]
        early = product(rows, [a * b for a, b in zip(r, h, strict=True)])
        made = []
        for n in range(units):
            late = r[n] * recurrent[units + n]
            o = g(inner[units + n] + (late if after else early[n] + bias[units + n]))
            made.append((1 - z[n]) * o + z[n] * h[n])
        return [made]

    return step


# rnn


@meaning("rnn", "torch")
def as_pytorch_has_rnn(opset: str) -> None:
    for dtype in dtypes(opset):
        for sizes in SIZES:
            for function in ("tanh", "relu"):
                for bias in (True, False):
                    x, h, _ = sequence(sizes, dtype)
                    weights, wanted = peer("recurrent:network", "rnn", x, h, bias=bias,
                                           nonlinearity=function)  # fmt: skip
                    held = typed(with_sum_of_biases(weights), dtype)
                    y, last = run_op("rnn", opset, x=x, initial_h=h, activation=function,
                                     output_sequence=True, **held)  # fmt: skip
                    assert y.dtype == last.dtype == x.dtype
                    expect((y, last), wanted, rtol=_tolerance(dtype))


@meaning("rnn", "loop")
def every_function_and_direction_of_rnn(opset: str) -> None:
    for dtype in dtypes(opset):
        weights = parts(1, SIZES[0], dtype)
        x, h, _ = sequence(SIZES[0], dtype)
        for name, function in FUNCTIONS.items():
            for direction in ("forward", "reverse"):
                step = rnn_step(weights, function)
                outputs, (last,) = over_steps(step, x, [h], direction == "reverse")
                given = run_op("rnn", opset, x=x, initial_h=h, direction=direction,
                               activation=name, output_sequence=True, **weights)  # fmt: skip
                expect(given, (outputs, last), rtol=_tolerance(dtype))
                given = run_op("rnn", opset, x=x, initial_h=h, direction=direction,
                               activation=name.upper(), **weights)  # fmt: skip
                expect(given, (last[None], last), rtol=_tolerance(dtype))


# gru


@meaning("gru", "torch", "ios18")
def reset_after_the_product_is_pytorchs_gru(opset: str) -> None:
    for dtype in dtypes(opset):
        for sizes in SIZES:
            x, h, _ = sequence(sizes, dtype)
            weights, wanted = peer("recurrent:network", "gru", x, h)
            held = typed(weights, dtype)
            given = run_op("gru", opset, x=x, initial_h=h, weight_ih=held["weight_ih"],
                           weight_hh=held["weight_hh"], bias=held["bias_hh"],
                           input_bias=held["bias_ih"], reset_after=True,
                           output_sequence=True)  # fmt: skip
            expect(given, wanted, rtol=_tolerance(dtype))


@meaning("gru", "loop")
def every_function_and_direction_of_gru(opset: str) -> None:
    for dtype in dtypes(opset):
        for sizes in SIZES:
            weights, (x, h, _) = parts(3, sizes, dtype), sequence(sizes, dtype)
            for outer, inner in (("tanh", "sigmoid"), ("sigmoid", "hard_sigmoid"),
                                 ("relu", "sigmoid_hard"), ("linear", "TANH"),
                                 ("scaled_tanh", "relu")):  # fmt: skip
                f, g = FUNCTIONS[inner.lower()], FUNCTIONS[outer]
                step = gru_step(weights, f, g, np.zeros(3 * sizes[3]), False)
                for direction in ("forward", "reverse"):
                    outputs, (last,) = over_steps(step, x, [h], direction == "reverse")
                    options = {"direction": direction, "activation": outer,
                               "recurrent_activation": inner}  # fmt: skip
                    given = run_op("gru", opset, x=x, initial_h=h, output_sequence=True,
                                   **options, **weights)  # fmt: skip
                    assert given[0].dtype == x.dtype
                    expect(given, (outputs, last), rtol=_tolerance(dtype))
                    given = run_op("gru", opset, x=x, initial_h=h, **options, **weights)
                    expect(given, (last[None], last), rtol=_tolerance(dtype))


@meaning("gru", "loop")
def gru_without_a_bias(opset: str) -> None:
    x, h, _ = sequence(SIZES[0], "f4")
    weights = parts(3, SIZES[0], "f4")
    weights["bias"] = np.zeros_like(weights["bias"])
    step = gru_step(weights, FUNCTIONS["sigmoid"], math.tanh, weights["bias"], False)
    outputs, (last,) = over_steps(step, x, [h], False)
    del weights["bias"]
    given = run_op("gru", opset, x=x, initial_h=h, output_sequence=True, **weights)
    expect(given, (outputs, last))


@meaning("gru", "loop", "ios18")
def gru_with_two_biases(opset: str) -> None:
    x, h, _ = sequence(SIZES[0], "f4")
    weights, more = parts(3, SIZES[0], "f4"), random(12, seed=9)
    for after in (True, False, None):
        step = gru_step(weights, FUNCTIONS["sigmoid"], math.tanh, more, bool(after))
        outputs, (last,) = over_steps(step, x, [h], False)
        options = {} if after is None else {"reset_after": after}
        given = run_op("gru", opset, x=x, initial_h=h, output_sequence=True, input_bias=more,
                       **options, **weights)  # fmt: skip
        expect(given, (outputs, last))


@meaning("gru", "values")
def gru_knows_no_other_function(opset: str) -> None:
    x, h, _ = sequence(SIZES[0], "f4")
    refused("gru", opset, "`activation`", x=x, initial_h=h, activation="softmax", results=2,
            **parts(3, SIZES[0], "f4"))  # fmt: skip


# lstm


@meaning("lstm", "torch")
def as_pytorch_has_lstm(opset: str) -> None:
    for dtype in dtypes(opset):
        for sizes in SIZES:
            for double in (False, True):
                for bias in (True, False):
                    _as_pytorch(opset, dtype, sizes, double, bias)


def _as_pytorch(opset: str, dtype: str, sizes: Any, double: bool, bias: bool) -> None:
    x, h, c = sequence(sizes, dtype, 1 + double)
    weights, wanted = peer("recurrent:network", "lstm", x, h, c, double=double, bias=bias)
    held = typed(with_sum_of_biases(weights), dtype)
    direction = "bidirectional" if double else "forward"
    operands = {"x": x, "initial_h": h, "initial_c": c, "direction": direction, **held}
    given = run_op("lstm", opset, output_sequence=True, **operands)
    assert {each.dtype for each in given} == {x.dtype}
    expect(given, wanted, rtol=_tolerance(dtype))
    given = run_op("lstm", opset, output_sequence=False, **operands)
    expect(given, (wanted[1][None], *wanted[1:]), rtol=_tolerance(dtype))


@meaning("lstm", "loop")
def every_function_of_lstm(opset: str) -> None:
    x, h, c = sequence(SIZES[0], "f4")
    weights = parts(4, SIZES[0], "f4")
    names = ["tanh", "scaled_tanh", "sigmoid", "hard_sigmoid", "relu", "linear"]
    for n, name in enumerate(names):
        chosen = {"recurrent_activation": name, "cell_activation": names[n - 1],
                  "activation": names[n - 2].upper()}  # fmt: skip
        step = lstm_step(weights, *[FUNCTIONS[each.lower()] for each in chosen.values()], None)
        outputs, lasts = over_steps(step, x, [h, c], False)
        given = run_op("lstm", opset, x=x, initial_h=h, initial_c=c, output_sequence=True,
                       **chosen, **weights)  # fmt: skip
        expect(given, (outputs, *lasts))


@meaning("lstm", "loop")
def peepholes_and_bounds(opset: str) -> None:
    f = FUNCTIONS["sigmoid"]
    for dtype in dtypes(opset):
        x, h, c = sequence(SIZES[0], dtype)
        weights = parts(4, SIZES[0], dtype)
        for peephole in (None, random(12, dtype=dtype, seed=8)):
            weights |= {} if peephole is None else {"peephole": peephole}
            for clip in (None, 0.25, 2.0):
                step = lstm_step(weights, f, math.tanh, math.tanh, clip)
                options = {} if clip is None else {"clip": np.array(clip, dtype)}
                for direction in ("forward", "reverse"):
                    outputs, lasts = over_steps(step, x, [h, c], direction == "reverse")
                    given = run_op("lstm", opset, x=x, initial_h=h, initial_c=c,
                                   output_sequence=True, direction=direction, **options,
                                   **weights)  # fmt: skip
                    expect(given, (outputs, *lasts), rtol=_tolerance(dtype))


@meaning("lstm", "loop")
def peepholes_of_both_directions(opset: str) -> None:
    f = FUNCTIONS["sigmoid"]
    x, h, c = sequence(SIZES[0], "f4", 2)
    forth, back = parts(4, SIZES[0], "f4"), parts(4, SIZES[0], "f4", seed=20)
    forth["peephole"], back["peephole"] = random(12, seed=8), random(12, seed=9)
    made = []
    for n, weights in enumerate((forth, back)):
        states = [each[:, 4 * n : 4 * (n + 1)] for each in (h, c)]
        step = lstm_step(weights, f, math.tanh, math.tanh, 0.5)
        outputs, lasts = over_steps(step, x, states, bool(n))
        made.append((outputs[::-1] if n else outputs, *lasts))
    wanted = tuple(np.concatenate(pair, -1) for pair in zip(*made, strict=True))
    given = run_op("lstm", opset, x=x, initial_h=h, initial_c=c, direction="bidirectional",
                   output_sequence=True, clip=0.5, **forth,
                   **{f"{name}_back": each for name, each in back.items()})  # fmt: skip
    expect(given, wanted)


@meaning("lstm", "values")
def arguments_of_the_second_network_do_nothing_else(opset: str) -> None:
    x, h, c = sequence(SIZES[0], "f4")
    weights, back = parts(4, SIZES[0], "f4"), parts(4, SIZES[0], "f4", seed=20)
    operands = {"x": x, "initial_h": h, "initial_c": c, "output_sequence": True, **weights}
    given = run_op("lstm", opset, **operands)
    more = {f"{name}_back": each for name, each in back.items()}
    expect(run_op("lstm", opset, **operands, **more), given, exact=True)


# What no rule of coremltools asks for, and no sum can be made of


@meaning("rnn", "values")
def operands_of_rnn_fit_each_other(opset: str) -> None:
    _misfits("rnn", opset, 1, 2)


@meaning("gru", "values")
def operands_of_gru_fit_each_other(opset: str) -> None:
    _misfits("gru", opset, 3, 2)


@meaning("lstm", "values")
def operands_of_lstm_fit_each_other(opset: str) -> None:
    _misfits("lstm", opset, 4, 3)


def _misfits(op: str, opset: str, count: int, results: int) -> None:
    x, h, c = sequence(SIZES[0], "f4")
    fine = {"x": x, "initial_h": h, **parts(count, SIZES[0], "f4")}
    fine |= {"initial_c": c} if op == "lstm" else {}
    for name, wrong in (("bias", random(3)), ("initial_h", random(2, 3)),
                        ("weight_ih", random(4 * count, 5))):  # fmt: skip
        refused(op, opset, f"`{name}`", results=results, **{**fine, name: wrong})


@meaning("rnn", "values")
def a_sequence_of_no_steps_in_rnn(opset: str) -> None:
    _no_steps("rnn", opset, 1)


@meaning("gru", "values")
def a_sequence_of_no_steps_in_gru(opset: str) -> None:
    _no_steps("gru", opset, 3)


@meaning("lstm", "values")
def a_sequence_of_no_steps_in_lstm(opset: str) -> None:
    _no_steps("lstm", opset, 4)


def _no_steps(op: str, opset: str, count: int) -> None:
    _, h, c = sequence(SIZES[0], "f4")
    weights = parts(count, SIZES[0], "f4")
    states = {"initial_h": h} | ({"initial_c": c} if op == "lstm" else {})
    given = run_op(op, opset, x=np.zeros((0, 2, 3), "f4"), output_sequence=True, **states,
                   **weights)  # fmt: skip
    expect(given, (np.zeros((0, 2, 4)), *states.values()))


def _tolerance(dtype: str) -> float:
    """Weights of fp16 were rounded, which PyTorch's in the peer were not."""
    return 1e-2 if dtype == "f2" else 2e-5
