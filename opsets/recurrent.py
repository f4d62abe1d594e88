"""Recurrent networks: ops that run over a sequence and carry what they know from step to step.

Facts: coremltools 9.0, `ops/defs/iOS15`, `iOS17` and `iOS18`, each `recurrent.py`.
"""

from __future__ import annotations

from typing import Any, Final

from milc.ir.types import BOOL, FP16, FP32, STRING, TensorType
from milc.kernels import Array, np, recurrent
from milc.schema import (
    Bound,
    Choice,
    Const,
    Domain,
    EvaluationError,
    In,
    OpDef,
    OptionalConst,
    Out,
    constraint,
)

ACTIVATIONS: Final = Choice(
    "tanh", "scaled_tanh", "sigmoid", "hard_sigmoid", "relu", "linear", any_case=True
)
"""The functions that lstm allows."""

MORE_ACTIVATIONS: Final = Choice(*ACTIVATIONS, "sigmoid_hard", any_case=True)
"""Those of rnn, whose documentation calls one of them by another name; gru's names none."""


class Recurrent(OpDef):
    """What recurrent networks have in common: a sequence, and states that are carried along."""

    T = Domain(FP32)
    x = In(T, "the sequence, [S, B, I]: steps, batch, features", rank=3)
    initial_h = In(T, "the hidden state before the first step, [B, H]")
    weight_ih = Const(T, "the weights of the input, [H, I]", rank=2)
    weight_hh = Const(T, "the weights of the hidden state, [H, H]", rank=2)
    bias = OptionalConst(T, "what is added to both products, [H]; zeros if left out")
    direction = Const(
        STRING, "from which end the sequence is read", rank=0, default="forward",
        choices=Choice("forward", "reverse"),
    )  # fmt: skip
    output_sequence = Const(
        BOOL, "whether `y` has the hidden states of all steps, not just the last", rank=0,
        default=False,
    )  # fmt: skip
    activation = Const(
        STRING, "the function that gives the new hidden state", rank=0, default="tanh",
        choices=MORE_ACTIVATIONS,
    )  # fmt: skip
    y = Out("the hidden states, [S, B, H], or [1, B, H] without `output_sequence`")
    h = Out("the hidden state behind the last step, [B, H]")

    def units(self) -> int | None:
        """The number H of hidden units, of both directions together."""
        return self.weight_hh.shape[1]

    def infer(self) -> tuple[TensorType, ...]:
        steps, batch, _ = self.x.shape
        every = self.output_sequence.value
        # Not to know which of the two it is, is to know neither.
        shown = None if every is None and steps != 1 else steps if every else 1
        state = self.x.with_shape(batch, self.units())
        return self.x.with_shape(shown, batch, self.units()), *[state] * (len(self.outs) - 1)

    def multiply_adds(self) -> tuple[int | None, ...]:
        features, hidden = self.x.shape[-1], self.weight_hh.shape[1]
        both = None if features is None or hidden is None else features + hidden
        directions = 2 if self.direction.value == "bidirectional" else 1
        return (*self.x.shape[:2], self.weight_hh.shape[0], both, directions)

    def steps(self) -> Array:
        """The sequence in the order in which its steps are taken."""
        x = self.x.reals
        return x[::-1] if self.direction.value == "reverse" else x

    def shown(self, outputs: Array, last: Array) -> Array:
        """The hidden states that are asked for: of all steps, or the last."""
        return outputs if self.output_sequence.value else last[None]

    def weights(self, gates: int, back: str = "") -> Any:
        """The weights of a network, of the second one with "_back"."""
        hidden = self.weight_hh.shape[1] or 0
        rows, features = gates * hidden, self.x.shape[-1]
        return recurrent.Weights(
            self.given(f"weight_ih{back}", rows, features),
            self.given(f"weight_hh{back}", rows, hidden),
            self.given(f"bias{back}", rows),
        )

    def given(self, name: str, *dims: int | None) -> Array:
        """An operand in the shape that it is to have; zeros if it is left out."""
        operand: Bound | None = getattr(self, name)
        shape = [dim or 0 for dim in dims]  # all are known
        if operand is None:
            return np.zeros(shape, "f4")
        array = operand.reals
        if [*array.shape] != shape and not (len(shape) == 1 and array.size == shape[0]):
            wanted = f"the shape {[*array.shape]}, but {shape} is needed"
            raise EvaluationError(f"`{name}` has {wanted}")
        return array.reshape(shape)

    def function(self, name: str) -> Any:
        """The function that an argument names."""
        chosen: str = getattr(self, name).value
        if chosen.lower() not in recurrent.ACTIVATIONS:
            raise EvaluationError(f'`{name}` is "{chosen}", which is no function that milc knows')
        return recurrent.ACTIVATIONS[chosen.lower()]


class Rnn(Recurrent):
    """A plain recurrent network.

    With x_t the input of step t and h_0 = `initial_h`:

        h_t = activation(weight_ih x_t + weight_hh h_(t-1) + bias)

    If `direction` is "reverse", the steps are taken from the last to the first, and `y` holds them
    in the order in which they were taken, as in coremltools' tests. "scaled_tanh" is tanh,
    "hard_sigmoid", which is "sigmoid_hard" too, is min(max(0.2 x + 0.5, 0), 1), and "linear"
    changes nothing.

    ```mil
    func main<ios15>(tensor<fp32, [7, 1, 2]> x, tensor<fp32, [1, 1]> h0) {
        tensor<fp32, [7, 1, 1]> y, tensor<fp32, [1, 1]> h = rnn(
            activation = string("tanh"), bias = tensor<fp32, [1]>([0.5]),
            direction = string("forward"), initial_h = h0, output_sequence = bool(true),
            weight_hh = tensor<fp32, [1, 1]>([[0.25]]),
            weight_ih = tensor<fp32, [1, 2]>([[1.0, -1.0]]), x = x);
    } -> (y, h);
    ```
    """

    name = "rnn"
    since = "ios15"

    def units(self) -> int | None:
        # coremltools takes it from the other weights than for gru and lstm.
        return self.weight_ih.shape[0]

    def evaluate(self) -> tuple[Array, Array]:
        weights, function = self.weights(1), self.function("activation")
        h = self.given("initial_h", self.x.shape[1], self.units())
        outputs, h = recurrent.rnn(self.steps(), h, weights, function)
        return self.shown(outputs, h), h


class Rnn17(Rnn):
    """All tensors may be fp16."""

    since = "ios17"
    instead = "`cast` to fp32, and back behind the op"

    T = Domain(FP16, FP32)


class Gru(Recurrent):
    """A gated recurrent unit.

    With x_t the input of step t, h_0 = `initial_h`, `*` element by element, f for
    `recurrent_activation` and g for `activation`:

        r = f(W_ir x_t + W_hr h_(t-1) + b_r)
        z = f(W_iz x_t + W_hz h_(t-1) + b_z)
        o = g(W_io x_t + W_ho (r * h_(t-1)) + b_o)
        h_t = (1 - z) * o + z * h_(t-1)

    `weight_ih`, `weight_hh` and `bias` hold what belongs to r, to o and to z, one below the other.
    If `direction` is "reverse", the steps are taken from the last to the first, and `y` holds them
    in the order in which they were taken. coremltools documents r * (W_ho h_(t-1)) for the third
    formula; its reference, by which it tests, computes the above. The functions are those of rnn.

    ```mil
    func main<ios15>(tensor<fp32, [7, 1, 1]> x, tensor<fp32, [1, 1]> h0) {
        tensor<fp32, [1, 1, 1]> y, tensor<fp32, [1, 1]> h = gru(
            activation = string("tanh"), bias = tensor<fp32, [3]>([0.0, 0.5, 0.0]),
            direction = string("reverse"), initial_h = h0, output_sequence = bool(false),
            recurrent_activation = string("sigmoid"),
            weight_hh = tensor<fp32, [3, 1]>([[0.25], [0.5], [0.75]]),
            weight_ih = tensor<fp32, [3, 1]>([[1.0], [2.0], [3.0]]), x = x);
    } -> (y, h);
    ```
    """

    name = "gru"
    since = "ios15"

    weight_ih = Const(Recurrent.T, "the weights of the input, [3 * H, I]", rank=2)
    weight_hh = Const(Recurrent.T, "the weights of the hidden state, [3 * H, H]", rank=2)
    bias = OptionalConst(Recurrent.T, "b, [3 * H]; zeros if left out")
    recurrent_activation = Const(
        STRING, 'the function f of the gates r and z, as "sigmoid"', rank=0, default="sigmoid"
    )
    activation = Const(STRING, 'the function g, as "tanh"', rank=0, default="tanh")

    @constraint("C1", "`weight_hh` has 3 rows for each of its columns")
    def rows_of_three(self) -> bool:
        return _rows_fit(self.weight_hh, self.units(), 3)

    def evaluate(self) -> tuple[Array, Array]:
        weights, h = self.weights(3), self.given("initial_h", self.x.shape[1], self.units())
        outputs, h = recurrent.gru(self.steps(), h, weights, self.unit())
        return self.shown(outputs, h), h

    def unit(self) -> Any:
        """What it does beside its weights."""
        f, g = self.function("recurrent_activation"), self.function("activation")
        return recurrent.Gru(f, g, np.zeros(self.weight_ih.shape[0] or 0, "f4"), False)


class Gru17(Gru):
    """All tensors may be fp16."""

    since = "ios17"
    instead = "`cast` to fp32, and back behind the op"

    T = Domain(FP16, FP32)


class Gru18(Gru17):
    """The input may have biases of its own, and `reset_after` says where r comes in.

    The elements c of `input_bias`, in the order of `bias`, are added to the same sums. With
    `reset_after`, o is g(W_io x_t + c_o + r * (W_ho h_(t-1) + b_o)): r is applied to the product
    and its bias, as in PyTorch, not to the hidden state in front of the product.

    ```mil
    func main<ios18>(tensor<fp16, [7, 1, 1]> x, tensor<fp16, [1, 1]> h0) {
        tensor<fp16, [1, 1, 1]> y, tensor<fp16, [1, 1]> h = gru(
            activation = string("tanh"), bias = tensor<fp16, [3]>([0.0, 0.5, 0.0]),
            direction = string("forward"), initial_h = h0,
            input_bias = tensor<fp16, [3]>([0.25, 0.0, 0.0]), output_sequence = bool(false),
            recurrent_activation = string("sigmoid"), reset_after = bool(true),
            weight_hh = tensor<fp16, [3, 1]>([[0.25], [0.5], [0.75]]),
            weight_ih = tensor<fp16, [3, 1]>([[1.0], [2.0], [3.0]]), x = x);
    } -> (y, h);
    ```
    """

    since = "ios18"
    instead = (
        "`input_bias` added to `bias` where `reset_after` is false; else the steps written"
        " out as `matmul` and `add`"
    )

    reset_after = OptionalConst(
        BOOL, "whether r is applied behind the product with W_ho; false if left out",
        rank=0,
    )  # fmt: skip
    input_bias = OptionalConst(
        Recurrent.T, "the biases of the products with the input, [3 * H]; zeros if left out"
    )

    def unit(self) -> Any:
        after = self.reset_after is not None and self.reset_after.value
        input_bias = self.given("input_bias", self.weight_ih.shape[0])
        return super().unit()._replace(input_bias=input_bias, reset_after=after)


class Lstm(Recurrent):
    """A network of long short-term memory, read in one direction or in both.

    With x_t the input of step t, h_0 = `initial_h`, c_0 = `initial_c`, `*` element by element,
    s for `recurrent_activation`, g for `cell_activation` and a for `activation`:

        i = s(W_ii x_t + W_hi h_(t-1) + b_i)
        f = s(W_if x_t + W_hf h_(t-1) + b_f)
        o = s(W_io x_t + W_ho h_(t-1) + b_o)
        z = g(W_iz x_t + W_hz h_(t-1) + b_z)
        c_t = f * c_(t-1) + i * z
        h_t = o * a(c_t)

    The weights and `bias` hold what belongs to i, f, o and z, one below the other. `peephole` holds
    p for i, f and o: p_i * c_(t-1), p_f * c_(t-1) and p_o * c_t are added to their sums. `clip`
    bounds c_t to [-clip, clip] before o and h_t are computed of it. "scaled_tanh" is tanh,
    "hard_sigmoid" is min(max(0.2 x + 0.5, 0), 1), and "linear" changes nothing.

    If `direction` is "reverse", the steps are taken from the last to the first, with the same
    arguments, and `y` holds them in the order in which they were taken. If it is "bidirectional",
    the arguments that end in `_back` are those of the second network, which reads the sequence from
    its end, and have no effect else. States and results then hold both, the forward one first: D is
    2, and else 1. Of `y` each step then holds what both made of the same step of `x`; without
    `output_sequence` it holds what each made of its own last one.

    ```mil
    func main<ios15>(tensor<fp32, [7, 1, 1]> x, tensor<fp32, [1, 1]> h0, tensor<fp32, [1, 1]> c0) {
        tensor<fp32, [7, 1, 1]> y, tensor<fp32, [1, 1]> h, tensor<fp32, [1, 1]> c = lstm(
            activation = string("tanh"), bias = tensor<fp32, [4]>([0.0, 0.5, 0.0, 0.25]),
            cell_activation = string("tanh"), direction = string("forward"),
            initial_c = c0, initial_h = h0, output_sequence = bool(true),
            recurrent_activation = string("sigmoid"),
            weight_hh = tensor<fp32, [4, 1]>([[0.25], [0.5], [0.75], [1.0]]),
            weight_ih = tensor<fp32, [4, 1]>([[1.0], [2.0], [3.0], [4.0]]), x = x);
    } -> (y, h, c);
    ```
    """

    name = "lstm"
    since = "ios15"

    initial_h = In(Recurrent.T, "the hidden state before the first step, [B, D * H]")
    initial_c = In(Recurrent.T, "the cell state before the first step, [B, D * H]")
    weight_ih = Const(Recurrent.T, "the weights of the input, [4 * H, I]", rank=2)
    weight_hh = Const(Recurrent.T, "the weights of the hidden state, [4 * H, H]", rank=2)
    bias = OptionalConst(Recurrent.T, "b, [4 * H]; zeros if left out")
    peephole = OptionalConst(
        Recurrent.T, "the weights of the cell state, [3 * H]; zeros if left out"
    )
    weight_ih_back = OptionalConst(Recurrent.T, "`weight_ih` of the second network", rank=2)
    weight_hh_back = OptionalConst(Recurrent.T, "`weight_hh` of the second network", rank=2)
    bias_back = OptionalConst(Recurrent.T, "`bias` of the second network")
    peephole_back = OptionalConst(Recurrent.T, "`peephole` of the second network")
    direction = Const(
        STRING, "from which end the sequence is read, or that it is from both", rank=0,
        default="forward", choices=Choice("forward", "reverse", "bidirectional"),
    )  # fmt: skip
    recurrent_activation = Const(
        STRING, "the function of the gates i, f and o", rank=0, default="sigmoid",
        choices=ACTIVATIONS,
    )  # fmt: skip
    cell_activation = Const(
        STRING, "the function of the new cell content z", rank=0, default="tanh",
        choices=ACTIVATIONS,
    )  # fmt: skip
    activation = Const(
        STRING, "the function of the cell state that gives the hidden one", rank=0,
        default="tanh", choices=ACTIVATIONS,
    )  # fmt: skip
    clip = OptionalConst(
        Recurrent.T, "the bound, up and down, of the cell state, a scalar; none if left out"
    )
    y = Out("the hidden states, [S, B, D * H], or [1, B, D * H] without `output_sequence`")
    h = Out("the hidden state behind the last step, [B, D * H]")
    c = Out("the cell state behind the last step, [B, D * H]")

    @constraint("C1", "`weight_hh` has 4 rows for each of its columns")
    def hidden_rows_of_four(self) -> bool:
        return _rows_fit(self.weight_hh, self.weight_hh.shape[1], 4)

    @constraint("C2", "`weight_ih` has 4 rows for each column of `weight_hh`")
    def input_rows_of_four(self) -> bool:
        return _rows_fit(self.weight_ih, self.weight_hh.shape[1], 4)

    @constraint(
        "C3",
        '`weight_ih_back` and `weight_hh_back` are given if `direction` is "bidirectional"',
    )
    def both_networks(self) -> bool:
        given = self.weight_ih_back is not None and self.weight_hh_back is not None
        return given or not self._is_double

    @constraint(
        "C4",
        "`weight_ih_back` and `weight_hh_back` have 4 rows for each column of the latter if"
        ' `direction` is "bidirectional", like `weight_ih` and `weight_hh`',
    )
    def back_rows_of_four(self) -> bool:
        rows, columns = self.weight_ih_back, self.weight_hh_back
        if rows is None or columns is None or not self._is_double:
            return True
        units = columns.shape[1]
        return _rows_fit(rows, units, 4) and _rows_fit(columns, units, 4)

    @property
    def _is_double(self) -> bool:
        return bool(self.direction.value == "bidirectional")

    def units(self) -> int | None:
        units = self.weight_hh.shape[1]
        if units is None or self.direction.value is None:
            return None
        return 2 * units if self._is_double else units

    def evaluate(self) -> tuple[Array, Array, Array]:
        units, batch = self.units(), self.x.shape[1]
        h, c = (self.given(name, batch, units) for name in ("initial_h", "initial_c"))
        if not self._is_double:
            outputs, h, c = self._run(self.steps(), h, c)
            return self.shown(outputs, h), h, c
        (h, h_back), (c, c_back) = np.split(h, 2, axis=1), np.split(c, 2, axis=1)
        forth = self._run(self.steps(), h, c)
        back = self._run(self.steps()[::-1], h_back, c_back, "_back")
        outputs = np.concatenate([forth[0], back[0][::-1]], axis=-1)
        h, c = (np.concatenate(pair, axis=-1) for pair in list(zip(forth, back, strict=True))[1:])
        return self.shown(outputs, h), h, c

    def _run(self, x: Array, h: Array, c: Array, back: str = "") -> tuple[Array, Array, Array]:
        """One of the networks: all hidden states, the last one and the last cell state."""
        peephole = None
        if getattr(self, f"peephole{back}") is not None:
            peephole = self.given(f"peephole{back}", 3 * h.shape[1])
        unit = recurrent.Lstm(
            self.function("recurrent_activation"),
            self.function("cell_activation"),
            self.function("activation"),
            peephole,
            None if self.clip is None else self.clip.reals,
        )
        return recurrent.lstm(x, h, c, self.weights(4, back), unit)


class Lstm17(Lstm):
    """All tensors may be fp16."""

    since = "ios17"
    instead = "`cast` to fp32, and back behind the op"

    T = Domain(FP16, FP32)


def _rows_fit(weights: Bound, units: int | None, gates: int) -> bool:
    """Whether weights have as many rows as there are units in all gates."""
    rows = weights.shape[0]
    return rows is None or units is None or rows == gates * units
