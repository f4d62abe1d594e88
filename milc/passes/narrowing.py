"""Integers of 16 bits instead of 32, where their values fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import ELEMENT_TYPES, INT16, INT32, UINT16
from milc.ir.walk import walk_ops
from milc.kernels.elements import dtype_of
from milc.opsets import index
from milc.passes.base import Option, Pass
from milc.passes.casts import is_at_hand

if TYPE_CHECKING:
    from milc.ir.types import ElementType
    from milc.passes.session import Session
    from milc.schema import Bound, OpDef


class AddInt16Cast(Pass):
    """Index with integers of 16 bits, which the neural engine takes and those of 32 it does not.

    Indices are cast if they fit: constants by their values, what is computed by the lengths of the
    dimensions that it holds places in, or if it was of 16 bits to begin with. So is what only hands
    such integers on (`squeeze`), and the places that `topk` gives where ops of these kinds use
    them. What may be larger stays as it is. With a `target_dtype` of uint16 so does what is
    computed and may be negative, that is, if the op does not validate it.

    ```mil
    func main<ios17>(tensor<fp32, [300, 2]> x, tensor<int32, [3]> n) {
        tensor<fp32, [3, 2]> a = gather(x = x, indices = n, axis = int32(0));
        tensor<fp32, [1, 2]> y = gather(x = a, indices = tensor<int32, [1]>([2]), axis = int32(0));
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios17>(tensor<fp32, [300, 2]> x, tensor<int32, [3]> n) {
        tensor<int16, [3]> n_to_int16 = cast(x = n, dtype = string("int16"));
        tensor<fp32, [3, 2]> a = gather(x = x, indices = n_to_int16, axis = int32(0));
        tensor<fp32, [1, 2]> y = gather(x = a, indices = tensor<uint16, [1]>([2]), axis = int32(0));
    } -> (y);
    ```
    """

    name = "add_int16_cast"
    options: ClassVar[dict[str, Option]] = {
        "target_dtype": Option(
            "int16",
            "the type of computed indices: `int16` or `uint16`",
            ("int16", "uint16").__contains__,
            "int16 or uint16",
        ),
    }

    def run(self, session: Session) -> None:
        target = ELEMENT_TYPES[self.given["target_dtype"]]
        narrowing = _Narrowing(session, target)
        for op in list(walk_ops(session.function)):
            view = session.view(op) if op.parent is not None and op.kind in TABLE else None
            if view is not None and session.replace(op, lambda: TABLE[view.name](narrowing, view)):  # noqa: B023  # at once
                session.counts[self.name] += 1


class _Narrowing:
    """One run over a function: what there is of 16 bits already."""

    def __init__(self, session: Session, target: ElementType) -> None:
        self.session = session
        self.target = target
        self.made: dict[tuple[Value, ElementType], Value] = {}

    def indices(self, op: Any) -> Value | None:
        """An op with indices: they may be of another type than what they lead to."""
        narrow = self._narrow(op)
        if narrow is None:
            return None
        made: Value = self.session.again(op, indices=narrow)
        return made

    def data(self, op: Any) -> Value | None:
        """An op that hands on what it takes: the cast to int32 is done behind it."""
        source = self._source(op, "x")
        if source is None or not self.session.is_used_once(op.x.operand):
            return None
        moved = self.session.again(op, x=source, name=f"{op.op.results[0].name}_narrow")
        back: Value = self.session.new("cast", x=moved, dtype="int32")
        return back

    def places(self, op: Any) -> tuple[Value, Value] | None:
        """The places that `topk` gives, which lie in a dimension."""
        dtype = getattr(op, "output_indices_dtype", None)
        length = op.x.shape[op.axis.value] if op.x.rank and op.axis.value is not None else None
        if (
            len(op.op.results) < 2
            or dtype is None
            or dtype.value != INT32.name
            or not length
            or length > 1 << 16
        ):
            return None
        if not any(getattr(user, "kind", "") in TABLE for user in op.op.results[1].uses):
            return None
        values, places = self.session.again(op, output_indices_dtype=UINT16.name)
        return values, self.session.new("cast", x=places, dtype="int32")

    def _narrow(self, op: OpDef) -> Any:
        indices: Bound = op.indices  # type: ignore[attr-defined]  # only of ops that have them
        allowed = op.args["indices"].elements
        if indices.element is not INT32 or UINT16 not in allowed:
            return None
        literal = indices.literal
        if isinstance(literal, TensorLiteral):
            return self._constant(op, indices, literal)
        source = self._source(op, "indices")
        return source if source is not None else self._cast(op, indices)

    def _constant(self, op: OpDef, indices: Bound, literal: TensorLiteral) -> Value | None:
        array = literal.numpy()
        if not array.size:
            return None
        low, high = int(array.min()), int(array.max())
        fit = [e for e in (UINT16, INT16) if e.bounds[0] <= low and high <= e.bounds[1]]
        if not fit:
            return None
        return self._once(op, indices, fit[0], array.astype(dtype_of(fit[0])))

    def _cast(self, op: OpDef, indices: Bound) -> Value | None:
        """What is computed, if it can only be a place where 16 bits reach."""
        lengths, target = op.indexed(), self.target
        if not lengths or not self._has_cast(target):
            return None
        validated: Bound | None = getattr(op, "validate_indices", None)
        if target is UINT16 and not (validated and validated.value):
            return None
        if any(length is None or length > target.bounds[1] + 1 for length in lengths):
            return None
        return self._once(op, indices, target, None)

    def _has_cast(self, element: ElementType) -> bool:
        cast = index.definition("cast", self.session.function.opset)
        return cast is not None and element in cast.args["x"].elements

    def _source(self, op: OpDef, name: str) -> Value | None:
        """What an argument was cast to int32 from, if the op takes that and it is as exact."""
        bound: Bound = getattr(op, name)
        cast = self.session.producer(bound, "cast") if bound.element is INT32 else None
        if cast is None or cast.x.element not in op.args[name].elements:
            return None
        source = cast.x.operand
        return source if cast.x.element.bits <= 16 and cast.x.element.is_integer else None

    def _once(self, op: OpDef, bound: Bound, element: ElementType, array: Any) -> Value:
        """What is made of an operand, or was made before for another op."""
        operand: Any = bound.operand
        known = self.made.get((operand, element)) if isinstance(operand, Value) else None
        if known is not None and is_at_hand(known, op.op):
            return known
        name = f"{operand.name}_to_{element.name}" if isinstance(operand, Value) else ""
        made: Value
        if array is not None:
            made = self.session.const(array, name=name)
        else:
            made = self.session.new("cast", x=operand, dtype=element.name, name=name)
        if isinstance(operand, Value):
            self.made[operand, element] = made
        return made


TABLE: dict[str, Any] = {
    "gather": _Narrowing.indices,
    "gather_along_axis": _Narrowing.indices,
    "gather_nd": _Narrowing.indices,
    "squeeze": _Narrowing.data,
    "topk": _Narrowing.places,
}
"""The ops that are better with integers of 16 bits, and what is done with them."""
