"""Constants: what follows from them alone, computed ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from milc.evaluate import fold
from milc.ir.literals import TensorLiteral, tensor
from milc.ir.types import TensorType
from milc.passes.base import Option, Pass, rewrite

if TYPE_CHECKING:
    from milc.ir.nodes import Value
    from milc.passes.session import Session
    from milc.schema import OpDef


class ConstElimination(Pass):
    """Compute ops whose operands are constants, and what is known of shapes, ahead of time.

    Ops of the constexpr family stay: they are constants that are meant to stay packed.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        fp32 half = mul(x = fp32(0.25), y = fp32(2.0));
        tensor<fp32, [2]> y = mul(x = x, y = half);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = mul(x = x, y = fp32(0.5));
    } -> (y);
    ```
    """

    name = "const_elimination"
    options: ClassVar[dict[str, Option]] = {
        "skip_const_by_size": Option(1 << 20, "leave results of more elements uncomputed"),
    }

    @rewrite()
    def compute(self, op: OpDef, session: Session) -> tuple[Value, ...] | None:
        """What a block or the function returns becomes a constant of its name, too."""
        if op.name.startswith("constexpr_") or op.op.blocks or not op.op.results:
            return None
        most = self.given["skip_const_by_size"]
        if any((_count(value) or 0) > most for value in op.op.results):
            return None
        known = [self._known(value, session) for value in op.op.results]
        if None not in known:
            return tuple([session.const(each) for each in known])
        literals = fold(op.op, read=session.facts.read, limit=most * 8)
        return None if literals is None else tuple([session.const(each) for each in literals])

    def _known(self, value: Value, session: Session) -> TensorLiteral | None:
        """What verification knows of a result, such as the shape of an input."""
        elements = session.facts.known(value)
        type = session.facts.inferred.get(value, value.type)
        if elements is None or None in elements or not isinstance(type, TensorType):
            return None
        if type.count != len(elements) or type.shape is None:
            return None
        return tensor(type.element, tuple([d for d in type.shape if isinstance(d, int)]), elements)


def _count(value: Value) -> int | None:
    return value.type.count if isinstance(value.type, TensorType) else None
