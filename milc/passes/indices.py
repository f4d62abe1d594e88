"""Indices that may be negative, where ops no longer take such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import INT32
from milc.kernels import np
from milc.opsets import index
from milc.passes.base import Pass, rewrite
from milc.schema import Bound, level
from milc.schema.bound import Symbol

if TYPE_CHECKING:
    from milc.ir.types import ElementType
    from milc.passes.session import Session
    from milc.schema import OpDef

DEPTH = 16
"""So many ops up from indices are asked whether what they give may be negative."""


class GuardNegativeGatherIndices(Pass):
    """From ios17 on, add the length of the dimension to indices that may be negative.

    Before, `gather` and `gather_nd` counted negative indices from the end. Constants are made
    places from 0 on at once; of a length that is not known -1 becomes the last place. Indices that
    cannot be negative, by their type or by the ops that give them, stay as they are, and so do
    those that the op itself is to validate.

    ```mil
    func main<ios17>(tensor<fp32, [9, 2]> x, tensor<int32, [3]> n) {
        tensor<fp32, [3, 2]> y = gather(x = x, indices = n, axis = int32(0));
        tensor<fp32, [1, 2]> z = gather(x = x, indices = tensor<int32, [1]>([-1]), axis = int32(0));
    } -> (y, z);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<fp32, [9, 2]> x, tensor<int32, [3]> n) {
        tensor<bool, [3]> y_0 = greater_equal(x = n, y = int32(0));
        tensor<int32, [3]> y_1 = add(x = n, y = int32(9));
        tensor<int32, [3]> y_2 = select(cond = y_0, a = n, b = y_1);
        tensor<fp32, [3, 2]> y = gather(x = x, indices = y_2, axis = int32(0));
        tensor<fp32, [1, 2]> z = gather(x = x, indices = tensor<int32, [1]>([8]), axis = int32(0));
    } -> (y, z);
    ```
    """

    name = "guard_negative_gather_indices"

    @rewrite("gather", "gather_nd")
    def guard(self, op: Any, session: Session) -> Value | None:
        """What is cast to fewer bits is guarded before that, for select knows no such integers."""
        if level(session.function.opset) < level("ios17") or op.validate_indices.value:
            return None
        if may_not_be_negative(op.indices, session, DEPTH):
            return None
        lengths = op.indexed()
        if lengths is None or all(length == 0 for length in lengths):
            return None
        literal = op.indices.literal
        if not isinstance(literal, TensorLiteral):
            return self._guarded(op, lengths, session)
        if None in lengths:
            return self._last(op, literal, lengths, session)
        return self._settled(op, literal, lengths, session)

    def _settled(
        self, op: Any, literal: TensorLiteral, lengths: Any, session: Session
    ) -> Value | None:
        """Constant indices as places from 0 on; those that lie outside stay outside."""
        array = literal.numpy()
        sizes = np.array(lengths if op.name == "gather_nd" else lengths[0])
        is_counted = (array < 0) & (array >= -sizes)
        if not is_counted.any():
            return None
        places = np.where(is_counted, array + sizes, array)
        narrow = places.astype(array.dtype)
        fitting = narrow if (narrow == places).all() else places.astype("i4")
        made: Value = session.again(op, indices=fitting)
        return made

    def _last(
        self, op: Any, literal: TensorLiteral, lengths: Any, session: Session
    ) -> Value | None:
        """The last place, of a length that is not known; nothing else is a place whatever it is."""
        array = literal.numpy().astype("i4")
        if op.name == "gather_nd" or not (array == -1).all():
            return None
        last = session.new("add", x=self._lengths(op, lengths, session), y=array)
        made: Value = session.again(op, indices=last)
        return made

    def _guarded(self, op: Any, lengths: tuple[int | None, ...], session: Session) -> Value:
        indices = op.indices.operand
        if op.indices.element is not INT32:
            cast = session.producer(op.indices, "cast")
            is_whole = cast is not None and cast.x.element is INT32
            indices = cast.x.operand if is_whole else session.new("cast", x=indices, dtype="int32")
        is_place = session.new("greater_equal", x=indices, y=0)
        plus = session.new("add", x=indices, y=self._lengths(op, lengths, session))
        settled = session.new("select", cond=is_place, a=indices, b=plus)
        made: Value = session.again(op, indices=settled)
        return made

    def _lengths(self, op: Any, lengths: tuple[int | None, ...], session: Session) -> Any:
        """What to add: numbers, or taken from the shape of `x` while the program runs."""
        is_row = op.name == "gather_nd"
        if None not in lengths:
            return np.array(lengths, "i4") if is_row else lengths[0]
        x = op.x.operand
        if op.x.element not in _types_of_shape(session):
            x = session.new("cast", x=x, dtype="bool")
        first = op.batches() if is_row else op.x.axis(op.axis.value)
        shape = session.new("shape", x=x)
        if is_row:
            return session.new("slice_by_size", x=shape, begin=[first], size=[len(lengths)])
        return session.new(
            "slice_by_index", x=shape, begin=[first], end=[first + 1], squeeze_mask=[True]
        )


def _types_of_shape(session: Session) -> tuple[ElementType, ...]:
    definition = index.definition("shape", session.function.opset)
    return definition.args["x"].elements if definition else ()


def may_not_be_negative(bound: Bound, session: Session, depth: int) -> bool:
    """Whether it is known of integers that none is below 0."""
    if bound.element.kind in ("uint", "bool"):
        return True
    elements = bound.elements
    if elements is not None and None not in elements:
        return all(each >= 0 for each in elements)
    literal = bound.literal
    if isinstance(literal, TensorLiteral):
        return bool((literal.numpy() >= 0).all())
    op = session.producer(bound)
    return depth > 0 and op is not None and _gives_none(op, bound.operand, session, depth - 1)


def _gives_none(op: OpDef, value: Any, session: Session, depth: int) -> bool:
    """Whether no number that an op gives is below 0."""
    if op.span is not None:
        return op.span[0] >= 0
    if op.name == "topk":
        return len(op.op.results) > 1 and value is op.op.results[1]
    if (op.name == "select" and _is_guard(op, session)) or _is_last(op):
        return True
    sources = _sources(op)
    return bool(sources) and all(may_not_be_negative(each, session, depth) for each in sources)


def _sources(op: Any) -> list[Bound]:
    """The operands whose elements are all that an op gives, or sums and products of them."""
    if op.name == "cast":
        return [op.x]  # what does not fit into fewer bits is no place in a tensor anyway
    if op.name in ("select", "pad"):
        return [op.a, op.b] if op.name == "select" else []
    if op.name in ("concat", "stack"):
        return list(op.values)
    if op.name in ("gather", "gather_along_axis", "gather_nd", "transpose", "slice_by_index"):
        return [op.x]
    return [getattr(op, op.forwards)] if op.forwards else []


def _is_last(op: Any) -> bool:
    """Whether at most 1 is taken from dimensions, none of which is 0."""
    lengths = op.x.symbols if op.name == "add" and op.y.literal is not None else None
    if lengths is None:
        return False
    is_length = all(type(each) is Symbol for each in lengths)
    return is_length and bool((op.y.literal.numpy() >= -1).all())


def _is_guard(op: Any, session: Session) -> bool:
    """Whether a select takes what is not below 0 as it is, and adds to the rest."""
    test, plus = session.producer(op.cond, "greater_equal"), session.producer(op.b, "add")
    if test is None or plus is None or test.y.value != 0 or test.x.operand is not op.a.operand:
        return False
    sums = {plus.x.operand, plus.y.operand}
    return op.a.operand in sums or _without_constant(op.a, session) in sums


def _without_constant(bound: Bound, session: Session) -> Any:
    """What a constant is added to, which another sum may have taken up."""
    plus = session.producer(bound, "add")
    if plus is None or plus.x.is_computed == plus.y.is_computed:
        return bound.operand
    return (plus.x if plus.x.is_computed else plus.y).operand
