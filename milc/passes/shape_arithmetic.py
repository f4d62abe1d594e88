"""Shapes that are computed while the program runs, and need not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.literals import tensor
from milc.ir.types import INT32, TensorType
from milc.ir.walk import bodies, dominates
from milc.passes.base import Pass, rewrite
from milc.passes.redundancy import Table, scoped
from milc.passes.sizes import Size, Sizes
from milc.schema.bound import Symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.literals import TensorLiteral
    from milc.ir.nodes import Op, Value
    from milc.opsets.reshaping import Reshape
    from milc.passes.session import Session
    from milc.schema import Elements


class RemoveSymbolicReshape(Pass):
    """Reshape by a constant where at most one dimension of the result is unknown: that is the -1.

    ```mil
    func main<ios15>(tensor<fp32, [?, 4]> x) {
        tensor<int32, [2]> s = shape(x = x);
        int32 n = gather(x = s, indices = int32(0), axis = int32(0));
        tensor<int32, [3]> t = concat(values = (n, int32(2), int32(2)), axis = int32(0),
            interleave = bool(false));
        tensor<fp32, [?, 2, 2]> y = reshape(x = x, shape = t);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [?, 4]> x) {
        tensor<fp32, [?, 2, 2]> y = reshape(x = x, shape = tensor<int32, [3]>([-1, 2, 2]));
    } -> (y);
    ```
    """

    name = "remove_symbolic_reshape"

    @rewrite("reshape")
    def settle(self, op: Reshape, session: Session) -> Value | None:
        """Not where a dimension is 0, which would mean another one, or leave the -1 open."""
        if not op.shape.is_computed:
            return None
        asked = self._asked(op, session)
        if asked is None:
            session.learn(op.op)
            asked = self._asked(op, session)
        made: Value | None = None if asked is None else session.again(op, shape=asked)
        return made

    def _asked(self, op: Reshape, session: Session) -> tuple[int, ...] | None:
        """The shape that is asked for, one dimension of which may follow from the others."""
        dims = session.dims(op.op.results[0])
        if dims is None or 0 in dims:
            return None
        asked = tuple([dim if isinstance(dim, int) else -1 for dim in dims])
        return asked if asked.count(-1) <= 1 else None


class ShapeArithmetic(Pass):
    """Compute with dimensions that are not known, and use values that are there already.

    Of integers that are the same whatever the dimensions are, one is enough; a number that does not
    depend on them is a constant; what is put together to the shape of a tensor is its `shape`. It
    is taken for granted that what becomes of dimensions fits int32.

    ```mil
    func main<ios15>(tensor<fp32, [?, 4]> x) {
        tensor<int32, [2]> s = shape(x = x);
        int32 n = gather(x = s, indices = int32(0), axis = int32(0));
        int32 m = mul(x = n, y = int32(4));
        int32 k = floor_div(x = m, y = int32(2));
        int32 l = floor_div(x = k, y = int32(2));
        tensor<int32, [2]> t = concat(values = (l, int32(1)), axis = int32(0),
            interleave = bool(false));
        tensor<fp32, [?, 1]> y = fill(shape = t, value = fp32(1.0));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [?, 4]> x) {
        tensor<int32, [2]> s = shape(x = x);
        int32 n = gather(x = s, indices = int32(0), axis = int32(0));
        tensor<int32, [2]> t = concat(values = (n, int32(1)), axis = int32(0),
            interleave = bool(false));
        tensor<fp32, [?, 1]> y = fill(shape = t, value = fp32(1.0));
    } -> (y);
    ```
    """

    name = "shape_arithmetic"

    def run(self, session: Session) -> None:
        sizes = Sizes(session.facts)
        for body in bodies(session.function):
            for op, tables in scoped(body, across=True):
                if any(_is_open(value, session) for value in op.results):
                    session.learn(op)  # what stands in front may be known better by now
                view = session.view(op) if len(op.results) == 1 and not op.blocks else None
                elements = sizes.note(view) if view is not None and view.pure else None
                if elements is not None and None not in elements:
                    self._use(op, elements, tables, sizes, session)

    def _use(
        self, op: Op, elements: Elements, tables: list[Table], sizes: Sizes, session: Session
    ) -> None:
        """Replace an op whose elements are known by what is simpler, or keep it for others."""
        (value,) = op.results
        type = value.type
        assert isinstance(type, TensorType)
        key = type.element, type.shape, tuple(map(_identity, elements))
        met = [table[key][0] for table in tables if key in table]
        earlier = next(filter(_is_placed, met), None)  # of some, nobody needed them any more

        def simpler() -> Value | None:
            nonlocal value
            literal = _literal(type, elements)
            whole = _shaped(op, elements, sizes, session)
            if literal is not None:
                value = session.const(literal)
            elif earlier is not None:
                return earlier
            elif whole is not None:
                value = session.new("shape", x=whole)
            else:
                return None
            return value

        session.counts[self.name] += session.replace(op, simpler)
        if _is_placed(value):
            tables[-1][key] = (value,) if earlier is None else (earlier,)


def _is_open(value: Value, session: Session) -> bool:
    """Whether a dimension of a tensor is not known to be that of another one."""
    if not isinstance(value.type, TensorType) or value.type.count is not None:
        return False
    dims = session.dims(value) or ()
    return any(type(dim) is Symbol and dim.value is value for dim in dims)


def _is_placed(value: Value) -> bool:
    return value.op is not None and value.op.parent is not None


def _literal(type: TensorType, elements: Elements) -> TensorLiteral | None:
    """The constant that elements are, if they depend on no dimension."""
    shape = [dim for dim in type.shape or () if isinstance(dim, int)]
    is_constant = not any(isinstance(each, Size) for each in elements)
    return tensor(type.element, tuple(shape), elements) if is_constant else None


def _identity(element: Any) -> Any:
    return element if isinstance(element, int) else id(element)


def _shaped(op: Op, elements: Sequence[Any], sizes: Sizes, session: Session) -> Value | None:
    """A tensor whose shape elements are, that is to be had where an op stands."""
    first = next((each.symbol for each in elements if isinstance(each, Size)), None)
    if first is None or op.kind == "shape" or op.results[0].type is not INT32(len(elements)):
        return None
    dims = session.dims(first.value)
    whole = [sizes.of(dim) for dim in dims or ()]
    is_shape = list(map(_identity, whole)) == list(map(_identity, elements))
    return first.value if is_shape and dominates(first.value, op) else None
