"""Activations, written out or one behind the other."""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Final

from milc.passes.base import Pass, rewrite
from milc.passes.match import Const, Held, Node, Number, Var, match, scaled, squared
from milc.passes.parameters import along, is_real, never_negative, stored
from milc.passes.session import scalar_of

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.kernels import Array
    from milc.opsets.activation import Prelu
    from milc.opsets.elementwise import Elementwise
    from milc.opsets.elementwise_binary import Binary
    from milc.passes.session import Session
    from milc.schema import OpDef

X: Final = Var("x")
OPPOSITE: Final = scaled(X, -1) | Node("sub", Number(0), X)


class FuseActivationSilu(Pass):
    """Compute `x * sigmoid(x)`, or `x / (1 + e^-x)`, as `silu`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = sigmoid(x = x);
        tensor<fp32, [2]> y = mul(x = x, y = a);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = silu(x = x);
    } -> (y);
    ```
    """

    name = "fuse_activation_silu"
    exact = False
    pattern: Final = Node("mul", X, Node("sigmoid", X)) | Node(
        "real_div", X, Node("add", Node("exp", OPPOSITE), Number(1))
    )

    @rewrite("mul", "real_div")
    def fuse(self, op: OpDef, session: Session) -> Value | None:
        found = match(self.pattern, session, op)
        made: Value | None = session.new("silu", x=found["x"]) if found else None
        return made


class FusePow2Sqrt(Pass):
    """Compute `sqrt(x^2)` as `abs`, or leave it out where `x` is never negative.

    That it is not is known of what activations like `relu` give. Then `sqrt(x)^2` is left out, too;
    else that stays: below 0 it is no number.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = pow(x = x, y = fp32(2.0));
        tensor<fp32, [2]> y = sqrt(x = a);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = abs(x = x);
    } -> (y);
    ```
    """

    name = "fuse_pow2_sqrt"
    exact = False
    outer: Final = Node("sqrt", squared(X))
    inner: Final = squared(Node("sqrt", X))

    @rewrite("sqrt")
    def root(self, op: OpDef, session: Session) -> Value | None:
        found = match(self.outer, session, op)
        if found is None:
            return None
        x: Value = found["x"]
        made: Value = x if never_negative(x, session) else session.new("abs", x=x)
        return made

    @rewrite("pow", "square", "mul")
    def square(self, op: OpDef, session: Session) -> Value | None:
        found = match(self.inner, session, op)
        x: Value | None = found["x"] if found else None
        return x if x is not None and never_negative(x, session) else None


class FuseLeakyRelu(Pass):
    """Compute the maximum of `x` and `alpha * x`, `alpha` above 0 and up to 1, as `leaky_relu`.

    So is the minimum, if `alpha` is 1 or more. With an `alpha` of 0 infinity would be no number.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = mul(x = x, y = fp32(0.25));
        tensor<fp32, [2]> y = maximum(x = a, y = x);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = leaky_relu(x = x, alpha = fp32(0.25));
    } -> (y);
    ```
    """

    name = "fuse_leaky_relu"
    pattern: Final = Node("maximum|minimum", X, Node("mul", X, Number("alpha")))

    @rewrite("maximum", "minimum")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = match(self.pattern, session, op)
        if found is None or not is_real(op.x):
            return None
        alpha = found["alpha"]
        if not 1 <= alpha < inf if op.name == "minimum" else not 0 < alpha <= 1:
            return None
        slope = session.const(alpha, op.x.element)
        made: Value = session.new("leaky_relu", x=found["x"], alpha=slope)
        return made


class FusePrelu(Pass):
    """Compute `relu(x) + a * relu(-x)`, `a` of a number for each channel, as `prelu`.

    With one number for all it is a `leaky_relu`, of an `x` of any shape. If a `transpose` stands in
    front, by which the channels become another dimension than the second, and they are what `a`
    varies along, it is put behind.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> a = relu(x = x);
        tensor<fp32, [1, 2, 1, 3]> b = mul(x = x, y = fp32(-1.0));
        tensor<fp32, [1, 2, 1, 3]> c = relu(x = b);
        tensor<fp32, [1, 2, 1, 3]> d = mul(x = c,
            y = tensor<fp32, [2, 1, 1]>([[[-0.5]], [[0.25]]]));
        tensor<fp32, [1, 2, 1, 3]> y = add(x = a, y = d);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> y = prelu(x = x, alpha = tensor<fp32, [2]>([0.5, -0.25]));
    } -> (y);
    ```
    """

    name = "fuse_prelu"
    above: Final = Node("relu", X)
    below: Final = Node("mul", Const("a"), Node("relu", OPPOSITE))
    pattern: Final = Node("add", above, below) | Node("sub", above, below)

    @rewrite("add", "sub")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = match(self.pattern, session, op)
        sign = 1 if op.name == "sub" else -1
        number = scalar_of(found["a"]) if found and found["a"].count == 1 else None
        if found is not None and number is not None and isfinite(number):
            slope = session.const(sign * number, op.x.element)
            made: Value = session.new("leaky_relu", x=found["x"], alpha=slope)
            return made
        dims = session.dims(found["x"]) if found else None
        if found is None or dims is None or not 3 <= len(dims) <= 5:
            return None
        alpha = along(found["a"], dims, [1])
        if alpha is None:
            return self._behind(found, sign, session)
        return _prelu(found["x"], sign * alpha, session)

    def _behind(self, found: Held, sign: int, session: Session) -> Value | None:
        """The same in front of the transpose that `x` is."""
        moved = session.producer(found["x"], "transpose")
        perm = [axis % moved.x.rank for axis in moved.perm.value] if moved else []
        dims = session.dims(found["x"])
        if 1 not in perm or dims is None:
            return None
        goes = all(user in found.ops for user in moved.op.results[0].uses)
        alpha = along(found["a"], dims, [perm.index(1)]) if goes else None
        bent = _prelu(moved.x.operand, sign * alpha, session) if alpha is not None else None
        made: Value | None = None if bent is None else session.again(moved, x=bent)
        return made


def _prelu(x: Value, alpha: Array, session: Session) -> Value | None:
    dims, element = session.dims(x) or (), getattr(x.type, "element", None)
    if len(dims) != 4 and len({*alpha.tolist()}) > 1:
        return None
    slopes = stored(alpha, element) if element is not None else None
    made: Value | None = session.new("prelu", x=x, alpha=slopes) if slopes is not None else None
    return made


class PreluToLrelu(Pass):
    """Use `leaky_relu` for a `prelu` whose channels have all the same slope.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> y = prelu(x = x, alpha = tensor<fp32, [2]>([0.5, 0.5]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> y = leaky_relu(x = x, alpha = fp32(0.5));
    } -> (y);
    ```
    """

    name = "prelu_to_lrelu"

    @rewrite("prelu")
    def even(self, op: Prelu, session: Session) -> Value | None:
        slopes = op.alpha.value
        if not slopes or len({*slopes}) != 1:
            return None
        alpha = session.const(slopes[0], op.alpha.element)
        made: Value = session.new("leaky_relu", x=op.x, alpha=alpha)
        return made


class MergeConsecutiveRelus(Pass):
    """Leave out a `relu` of what is never negative, such as another, and merge one with `relu6`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = relu(x = x);
        tensor<fp32, [2]> b = relu(x = a);
        tensor<fp32, [2]> y = relu6(x = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = relu6(x = x);
    } -> (y);
    ```
    """

    name = "merge_consecutive_relus"

    @rewrite("relu", "relu6")
    def merge(self, op: Elementwise, session: Session) -> Value | None:
        first = session.producer(op.x)
        if first is None or op.span is None or first.span is None:
            return None
        if op.span[0] <= first.span[0] and first.span[1] <= op.span[1]:
            x: Value = op.x.operand  # type: ignore[assignment]  # as an op gives it
            return x
        made: Value | None = session.again(op, x=first.x) if first.name == "relu" else None
        return made
