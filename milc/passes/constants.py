"""Constants: what follows from them alone, computed ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from milc.evaluate import fold
from milc.ir.literals import Literal, TensorLiteral, tensor
from milc.ir.nodes import Op
from milc.ir.types import TensorType
from milc.passes.base import NUMBER, Option, Pass, rewrite
from milc.passes.session import LARGE, count_of
from milc.passes.worklist import is_like_a_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from milc.ir.nodes import Value
    from milc.passes.session import Session
    from milc.schema import OpDef


class ConstElimination(Pass):
    """Compute ops whose operands are constants, and what is known of shapes, ahead of time.

    Ops of the constexpr family stay: they are constants that are meant to stay packed. So does
    what would add a million elements to a program: one whose results are so much larger than the
    constants that go with it, such as a `tile`.

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
        "skip_const_by_size": Option(
            1 << 28, "leave results of more elements uncomputed; with -1 all", *NUMBER
        ),
    }

    @rewrite(when=lambda definition: not definition.name.startswith("constexpr_"))
    def compute(self, op: OpDef, session: Session) -> tuple[Value, ...] | None:
        """What a block or the function returns becomes a constant of its name, too."""
        if op.op.blocks or not op.op.results or not self._may_be_known(op.op, session):
            return None
        most = _freed(op.op) + LARGE
        counts = [count_of(value) for value in op.op.results]
        if sum(counts) > most or max(counts) > float(self.given["skip_const_by_size"]):
            return None
        known = [_known(value, session) for value in op.op.results]
        if None not in known:
            return tuple([session.const(each) for each in known])
        literals = fold(op.op, read=session.facts.read, limit=most * 8)
        if literals is None:
            return None
        pairs = zip(op.op.results, literals, strict=True)
        if not all(_is_accepted(value, each, session) for value, each in pairs):
            return None
        return tuple([session.const(each) for each in literals])

    def _may_be_known(self, op: Op, session: Session) -> bool:
        """Whether the operands are constants, or something is known of the results anyway."""
        known = session.facts.known
        return all(value.literal is not None for value in op.values) or all(
            known(value) is not None for value in op.results
        )


def _known(value: Value, session: Session) -> TensorLiteral | None:
    """What verification knows of a result, such as the shape of an input."""
    elements = session.facts.known(value)
    type = session.facts.inferred.get(value, value.type)
    if elements is None or None in elements or not isinstance(type, TensorType):
        return None
    if type.count != len(elements) or type.shape is None:
        return None
    return tensor(type.element, tuple([d for d in type.shape if isinstance(d, int)]), elements)


def _is_accepted(value: Value, literal: Literal, session: Session) -> bool:
    """Whether what uses a value verifies if it is known, as far as it may be a shape or an index.

    What does not runs on no input, and perhaps need not, in a branch that nothing takes.
    """
    if not is_like_a_shape(value.type):
        return True
    users = [user for user in value.uses if isinstance(user, Op) and not user.blocks]
    views = [view for view in map(session.view, users) if view is not None]
    return all(_verifies(view, _with(view, value, literal), session) for view in views)


def _verifies(op: OpDef, given: dict[str, Any], session: Session) -> bool:
    """Whether an op with other arguments does, and what uses what is then known of it."""

    def look(results: Sequence[Value]) -> bool:
        known = [_known(result, session) for result in results]
        pairs = zip(op.op.results, known, strict=True)
        return all(_is_accepted(old, new, session) for old, new in pairs if new is not None)

    return not given or session.tried(op, look, **given)


def _with(op: OpDef, value: Value, literal: Literal) -> dict[str, Any]:
    """The arguments of an op that are a value, with a literal in its place."""
    found: dict[str, Any] = {}
    for name, operands in op.op.args.items():
        if value in operands and name in op.args:
            new = [literal if each is value else each for each in operands]
            found[name] = new if op.args[name].variadic else new[0]
    return found


def _freed(op: Op) -> int:
    """How many elements of constants are used by an op alone, so that they go when it does."""
    own = {each for each in op.values if each.literal is not None and list(each.uses) == [op]}
    written = [operand.type for _, _, operand in op.operands if isinstance(operand, Literal)]
    types = [*(value.type for value in own), *written]
    return sum([each.count or 0 for each in types if isinstance(each, TensorType)])
