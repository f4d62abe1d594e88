"""The Gaussian error linear unit, written out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from milc.passes.base import Pass, rewrite
from milc.passes.match import JUST, Node, Number, Pattern, Var, match, product, scaled, squared

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.passes.session import Session
    from milc.schema import OpDef

X: Final = Var("x")
HALF: Final = Number(0.5)


def _bell(turned: Pattern) -> Pattern:
    """`x * 0.5 * (1 + turned)`, or with the half multiplied into the sum."""
    whole = product(X, HALF, Node("add", turned, Number(1)))
    return whole | Node("mul", X, Node("add", scaled(turned, 0.5), HALF))


def _tanh() -> Pattern:
    """`tanh(sqrt(2/π) * (x + 0.044715 * x^3))`, or the same with x in front of the sum."""
    root, small = Number(math.sqrt(2 / math.pi)), Number(0.044715)
    cube = Node("pow", X, Number(3, JUST)) | Node("mul", X, squared(X))
    bent = Node("add", X, product(small, cube) | product(small, X, squared(X)))
    factored = product(root, X, Node("add", product(small, squared(X)), Number(1)))
    return Node("tanh", product(root, bent) | factored)


EXACT: Final = _bell(Node("erf", scaled(X, math.sqrt(0.5))))
TANH: Final = _bell(_tanh())
SIGMOID: Final = product(X, Node("sigmoid", scaled(X, 1.702)))


def _fused(pattern: Pattern, mode: str, op: OpDef, session: Session) -> Value | None:
    found = match(pattern, session, op)
    made: Value | None = session.new("gelu", x=found["x"], mode=mode) if found else None
    return made


class FuseGeluExact(Pass):
    """Compute `0.5 * x * (1 + erf(x / sqrt(2)))`, in whatever order, as `gelu`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = real_div(x = x, y = fp32(1.41421356));
        tensor<fp32, [2]> b = erf(x = a);
        tensor<fp32, [2]> c = add(x = b, y = fp32(1.0));
        tensor<fp32, [2]> d = mul(x = x, y = c);
        tensor<fp32, [2]> y = mul(x = d, y = fp32(0.5));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = gelu(x = x, mode = string("EXACT"));
    } -> (y);
    ```
    """

    name = "fuse_gelu_exact"
    exact = False

    @rewrite("mul", "real_div")
    def fuse(self, op: OpDef, session: Session) -> Value | None:
        return _fused(EXACT, "EXACT", op, session)


class FuseGeluTanhApproximation(Pass):
    """Compute `0.5 * x * (1 + tanh(sqrt(2/π) * (x + 0.044715 * x^3)))`, in whatever order, as
    `gelu`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = pow(x = x, y = fp32(3.0));
        tensor<fp32, [2]> b = mul(x = a, y = fp32(0.044715));
        tensor<fp32, [2]> c = add(x = x, y = b);
        tensor<fp32, [2]> d = mul(x = c, y = fp32(0.79788456));
        tensor<fp32, [2]> e = tanh(x = d);
        tensor<fp32, [2]> f = add(x = e, y = fp32(1.0));
        tensor<fp32, [2]> g = mul(x = f, y = fp32(0.5));
        tensor<fp32, [2]> y = mul(x = x, y = g);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = gelu(x = x, mode = string("TANH_APPROXIMATION"));
    } -> (y);
    ```
    """

    name = "fuse_gelu_tanh_approximation"
    exact = False

    @rewrite("mul", "real_div")
    def fuse(self, op: OpDef, session: Session) -> Value | None:
        return _fused(TANH, "TANH_APPROXIMATION", op, session)


class FuseGeluSigmoidApproximation(Pass):
    """Compute `x * sigmoid(1.702 * x)` as `gelu`.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = mul(x = x, y = fp32(1.702));
        tensor<fp32, [2]> b = sigmoid(x = a);
        tensor<fp32, [2]> y = mul(x = x, y = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = gelu(x = x, mode = string("SIGMOID_APPROXIMATION"));
    } -> (y);
    ```
    """

    name = "fuse_gelu_sigmoid_approximation"
    exact = False

    @rewrite("mul")
    def fuse(self, op: OpDef, session: Session) -> Value | None:
        return _fused(SIGMOID, "SIGMOID_APPROXIMATION", op, session)
