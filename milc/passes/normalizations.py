"""Normalisations, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from milc.ir.types import FP32, TensorType
from milc.passes.base import Pass, rewrite
from milc.passes.match import (
    JUST,
    Const,
    Held,
    Is,
    Node,
    Number,
    Pattern,
    Var,
    match,
    scaled,
    squared,
)
from milc.passes.means import counts
from milc.passes.parameters import (
    SMALL,
    Source,
    affine,
    along,
    finite,
    is_real,
    numbers,
    parts,
    source,
    stored,
)
from milc.passes.session import For

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from milc.ir.nodes import Value
    from milc.ir.types import ElementType
    from milc.kernels import Array
    from milc.opsets.elementwise_binary import Binary
    from milc.opsets.normalization import InstanceNorm, LayerNorm
    from milc.passes.session import Session
    from milc.schema import Bound

AFFINE: Final = ("mul", "real_div", "sub", "add")
PARAMETERS: Final = ("gamma", "beta")
CHANNELS_FIRST: Final = (0, 3, 1, 2)
CHANNELS_LAST: Final = (0, 2, 3, 1)

X: Final = Var("x")
STAYS: Final = Is(True)


def _mean(of: Pattern) -> Pattern:
    """The mean of something along axes that stay, as an op or as a sum and a factor."""
    sums = Node("reduce_sum", of, keep_dims=STAYS)
    whole = Node("reduce_mean", of, keep_dims=STAYS)
    return whole | Node("mul", sums, Number("part")) | Node("real_div", sums, Number("count"))


CENTRED: Final = Node("sub", X, _mean(X))
VARIANCE: Final = _mean(squared(CENTRED)) | Node("sub", _mean(squared(X)), squared(_mean(X)))
STEADY: Final = Node("add", VARIANCE, Number("epsilon")) | VARIANCE
DEVIATION: Final = Node("sqrt", STEADY) | Node("pow", STEADY, Number(0.5, JUST))
INVERSE: Final = (
    Node("rsqrt", STEADY, called="root")
    | Node("pow", STEADY, Number(-0.5, JUST))
    | Node("real_div", Number(1), DEVIATION)
)
FACTOR: Final = (
    INVERSE | Node("mul", INVERSE, Const("gamma")) | Node("real_div", Const("gamma"), DEVIATION)
)
MOVED: Final = Node("mul", _mean(X), FACTOR)
"""What is taken off behind the multiplication, in place of the mean in front of it."""
NORMALIZED: Final = (
    Node("mul", CENTRED, FACTOR)
    | Node("real_div", CENTRED, DEVIATION)
    | Node("sub", Node("mul", X, FACTOR), MOVED)
    | Node("add", Node("mul", X, FACTOR), Node("sub", Const("beta"), MOVED) | scaled(MOVED, -1))
)


class Form(NamedTuple):
    """An op that normalises, and the dimensions that its parameters vary along."""

    kind: str
    along: tuple[int, ...]


def forms(rank: int, axes: tuple[int, ...]) -> list[Form]:
    """How a tensor of a rank can be normalised over some of its dimensions, the usual way first.

    Over the last ones, or the channels of a plane, by layer_norm; over all but the first two by
    instance_norm.
    """
    found = []
    if axes == tuple(range(rank - len(axes), rank)) or (rank, axes) == (4, (1,)):
        found.append(Form("layer_norm", axes))
    if rank in (3, 4) and axes == tuple(range(2, rank)):
        found.insert(0 if rank == 4 else 1, Form("instance_norm", (1,)))
    return found


class Norm(NamedTuple):
    """An op that normalises, to be made."""

    form: Form
    x: Value | Bound
    axes: Any
    gamma: Array | None
    beta: Array | None
    epsilon: Value | Bound | None
    element: ElementType
    """That of the parameters."""

    def make(self, session: Session) -> Value | None:
        """The op's result; None if a parameter is too large for its type, or too small."""
        gamma = None if self.gamma is None else stored(self.gamma, self.element)
        beta = None if self.beta is None else finite(self.beta, self.element)
        if (gamma is None, beta is None) != (self.gamma is None, self.beta is None):
            return None
        axes = {"axes": self.axes} if self.form.kind == "layer_norm" else {}
        if axes and gamma is None and beta is not None:  # coremltools reads none without a gamma
            gamma = 0 * beta + 1
        made: Value = session.new(
            self.form.kind, x=self.x, **axes, gamma=gamma, beta=beta, epsilon=self.epsilon
        )
        return made


class FuseLayernormOrInstancenorm(Pass):
    """Compute `(x - mean) / sqrt(variance + epsilon) * gamma + beta` as `layer_norm` or
    `instance_norm`, in whatever order it is written.

    Means are taken over the last dimensions, over the channels of a plane, or over a plane; if the
    channels of that are last, it is transposed before and after. What such an op is multiplied by,
    and what is added to it, becomes its `gamma` and `beta`.

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x) {
        tensor<fp32, [3, 1]> mean = reduce_mean(x = x, axes = tensor<int32, [1]>([-1]),
            keep_dims = bool(true));
        tensor<fp32, [3, 2]> a = sub(x = x, y = mean);
        tensor<fp32, [3, 2]> b = square(x = a);
        tensor<fp32, [3, 1]> c = reduce_mean(x = b, axes = tensor<int32, [1]>([-1]),
            keep_dims = bool(true));
        tensor<fp32, [3, 1]> d = add(x = c, y = fp32(0.5));
        tensor<fp32, [3, 1]> e = rsqrt(x = d, epsilon = fp32(0));
        tensor<fp32, [3, 2]> f = mul(x = a, y = e);
        tensor<fp32, [3, 2]> g = mul(x = f, y = tensor<fp32, [2]>([1, 2]));
        tensor<fp32, [3, 2]> y = add(x = g, y = tensor<fp32, [2]>([3, 4]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [3, 2]> x) {
        tensor<fp32, [3, 2]> y = layer_norm(x = x, axes = tensor<int32, [1]>([-1]),
            gamma = tensor<fp32, [2]>([1, 2]), beta = tensor<fp32, [2]>([3, 4]),
            epsilon = fp32(0.5));
    } -> (y);
    ```
    """

    name = "fuse_layernorm_or_instancenorm"
    exact = False

    @rewrite(*AFFINE)
    def recognise(self, op: Binary, session: Session) -> Value | For | None:
        found = match(NORMALIZED, session, op) if is_real(op.x) else None
        return _recognised(op, found, session) if found else None

    @rewrite(*AFFINE)
    def absorb(self, op: Binary, session: Session) -> Value | None:
        """What stands behind a normalisation becomes its parameters."""
        pair = parts(op) if is_real(op.x) else None
        found = source(op, pair[0], session, "instance_norm", "layer_norm") if pair else None
        if pair is None or found is None:
            return None
        made = _absorbed(op, pair, found, session)
        return made if made is None or found.moved is None else session.again(found.moved, x=made)


def _recognised(op: Binary, found: Held, session: Session) -> Value | For | None:
    """One op for what has been found written out, and for what follows and only changes it."""
    sums: list[Any] = [op for op in found.ops.values() if op.name in ("reduce_mean", "reduce_sum")]
    dims, axes = session.dims(found["x"]), _common_axes(sums)
    partial = [each for each in sums if each.name == "reduce_sum"]
    epsilon = found.get("epsilon", 0.0)
    epsilon += found["root"].epsilon.value if "root" in found else 0
    if dims is None or not axes or epsilon < 0:
        return None
    if not all(counts(found, each, session) for each in partial):
        return None
    is_last = len(dims) == 4 and axes == (1, 2)
    for form in forms(4, (2, 3))[:1] if is_last else forms(len(dims), axes):
        places = (3,) if is_last else form.along
        given = {name: along(found[name], dims, places) for name in PARAMETERS if name in found}
        if all(each is not None and _is_alike(each, found[n]) for n, each in given.items()):
            x: Value = found["x"]
            x = session.new("transpose", x=x, perm=CHANNELS_FIRST) if is_last else x
            steady, (gamma, beta) = session.const(epsilon, op.x.element), map(given.get, PARAMETERS)
            norm = Norm(form, x, sums[0].axes, gamma, beta, steady, op.x.element)
            if not is_last:
                return _followed(op, norm, session)
            made = norm.make(session)
            return made and session.new("transpose", x=made, perm=CHANNELS_LAST)
    return None


def _followed(op: Binary, norm: Norm, session: Session) -> For | None:
    """A normalisation that an op ends, and as much of what follows as becomes its parameters."""
    ways, at = [(op.op, norm)], op
    while True:
        block, at = at.op.parent, session.only_user(at.op.results[0])
        pair = parts(at) if at is not None and at.name in AFFINE and at.op.parent is block else None
        more = _affected(at, pair, norm, norm.form.along, session) if pair else None
        if more is None:
            break
        norm = more
        ways.append((at.op, norm))
    tried = ((last, norm.make(session)) for last, norm in reversed(ways))
    return next((For(last, made) for last, made in tried if made is not None), None)


def _common_axes(sums: Sequence[Any]) -> tuple[int, ...]:
    """The axes along which all reductions are, as numbers from 0 on; none if they differ."""
    chosen = {each.chosen() and tuple(sorted(each.chosen())) for each in sums}
    return (chosen.pop() if len(chosen) == 1 else None) or ()


def _is_alike(array: Array, constant: Bound) -> bool:
    """Whether an array is no larger than the constant that it is made of, or not by much."""
    return array.size <= max(constant.count or 0, SMALL)


def _seen(found: Source) -> Iterator[Norm]:
    """An op that normalises as it is, then, while it has no parameters, as another would do it."""
    op: InstanceNorm | LayerNorm = found.op
    gamma, beta = [None if each is None else numbers(each) for each in (op.gamma, op.beta)]
    if (gamma is None, beta is None) != (op.gamma is None, op.beta is None):
        return
    if op.name == "instance_norm":
        written: Any = tuple(range(2, op.x.rank))
        axes: tuple[int, ...] = written
        own = Form(op.name, (1,))
    else:
        written = op.axes  # type: ignore[union-attr]  # as layer_norm has them
        axes = tuple(sorted({op.x.axis(axis) for axis in written.value or ()}))
        own = Form(op.name, axes)
    others = forms(op.x.rank, axes) if gamma is beta and found.moved is None else []
    element = _element(op)
    epsilon = op.epsilon if "epsilon" in op.op.args else None  # which is the same by default
    if axes and element in (op.x.element, FP32):
        for form in (own, *(each for each in others if each != own)):
            yield Norm(form, op.x, written, gamma, beta, epsilon, element)


def _element(op: InstanceNorm | LayerNorm) -> ElementType:
    """The element type that the parameters of an op have, or are to have."""
    given = [op.op.args[name][0] for name in ("gamma", "beta", "epsilon") if name in op.op.args]
    types = [each.type for each in given if isinstance(each.type, TensorType)]
    return types[0].element if types else op.x.element


def _absorbed(
    op: Binary, pair: tuple[Bound, Bound], found: Source, session: Session
) -> Value | None:
    """A normalisation that is there and an op behind it, in one."""
    for norm in _seen(found):
        places = norm.form.along if found.moved is None else (found.axis,)
        if found.moved is None or norm.form.kind == "instance_norm":
            both = _affected(op, pair, norm, places, session)
            made = both and both.make(session)
            if made is not None:
                return made
    return None


def _affected(
    op: Binary, pair: tuple[Bound, Bound], norm: Norm, places: Sequence[int], session: Session
) -> Norm | None:
    """A normalisation with parameters that do what an op behind it does, too."""
    computed, constant = pair
    dims = session.dims(computed)
    if dims is None:
        return None
    array = along(constant, dims, places)
    effect = affine(op, array) if array is not None and _is_alike(array, constant) else None
    if effect is None:
        return None
    factor, shift = effect
    gamma, beta = norm.gamma, norm.beta
    if factor is not None:
        gamma = factor if gamma is None else gamma * factor
        beta = None if beta is None else beta * factor
    if shift is not None:
        beta = shift if beta is None else beta + shift
    return norm._replace(gamma=gamma, beta=beta)


class FuseElementwiseToBatchnorm(Pass):
    """Compute a product with constants and a sum with constants, by channels, as `batch_norm`.

    The mean is 0, the variance 1, and epsilon 0. Both constants are there for each channel, of
    which there is more than one, and `x` has four dimensions.

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> a = mul(x = x, y = tensor<fp32, [2, 1, 1]>([[[1]], [[2]]]));
        tensor<fp32, [1, 2, 1, 3]> y = add(x = a, y = tensor<fp32, [2, 1, 1]>([[[3]], [[4]]]));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [1, 2, 1, 3]> x) {
        tensor<fp32, [1, 2, 1, 3]> y = batch_norm(x = x, mean = tensor<fp32, [2]>([0, 0]),
            variance = tensor<fp32, [2]>([1, 1]), gamma = tensor<fp32, [2]>([1, 2]),
            beta = tensor<fp32, [2]>([3, 4]), epsilon = fp32(0));
    } -> (y);
    ```
    """

    name = "fuse_elementwise_to_batchnorm"
    exact = False
    pattern: Final = Node("add", Node("mul", X, Const("gamma")), Const("beta"))

    @rewrite("add")
    def fuse(self, op: Binary, session: Session) -> Value | None:
        found = match(self.pattern, session, op) if is_real(op.x) else None
        dims = session.dims(found["x"]) if found else None
        if found is None or dims is None or len(dims) != 4 or dims[1] == 1:
            return None
        constants = [found["gamma"], found["beta"]]
        if any(each.count != dims[1] for each in constants):
            return None
        gamma, beta = [along(each, dims, [1]) for each in constants]
        element = op.x.element
        gamma, beta = [None if each is None else finite(each, element) for each in (gamma, beta)]
        if gamma is None or beta is None:
            return None
        made: Value = session.new(
            "batch_norm",
            x=found["x"],
            mean=0 * gamma,
            variance=0 * gamma + 1,
            gamma=gamma,
            beta=beta,
            epsilon=session.const(0.0, element),
        )
        return made
