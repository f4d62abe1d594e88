"""Ops that compute what another op has computed already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from milc.ir.literals import BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Value
from milc.ir.types import TensorType
from milc.ir.walk import bodies
from milc.opsets import index
from milc.passes.base import Pass

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from milc.ir.literals import Literal
    from milc.ir.nodes import Block, Op, Operand
    from milc.passes.session import Session
    from milc.schema import OpDef
    from milc.verify.operations import Read

LARGE = 100
"""Constants of so many elements are the same only if they are one; `const_deduplication` sees to
that."""

Table = dict["Hashable", tuple[Value, ...]]
"""The results of ops that have been met, by what they compute."""


class RemoveRedundantOps(Pass):
    """Of ops of a block that do the same with the same operands keep the first.

    Constants are the same by value. Ops that give random numbers or touch a state stay.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [3, 2]> a = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [3, 2]> b = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [3, 2]> y = mul(x = a, y = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [3, 2]> a = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
        tensor<fp32, [3, 2]> y = mul(x = a, y = a);
    } -> (y);
    ```
    """

    name = "remove_redundant_ops"
    across: ClassVar[bool] = False
    """Whether the ops of the blocks around a block count."""

    def run(self, session: Session) -> None:
        for body in bodies(session.function):
            for op, tables in scoped(body, self.across):
                if _is_comparable(op, session):
                    self._number(op, tables, session)

    def _number(self, op: Op, tables: list[Table], session: Session) -> None:
        """Replace an op by an earlier one, or note it as one that others may be replaced by."""
        key = self.key(op, session)
        earlier = next((table[key] for table in tables if key in table), None)
        if earlier is None:
            tables[-1][key] = tuple(op.results)
        elif session.replace(op, lambda: earlier):
            session.counts[self.name] += 1

    def key(self, op: Op, session: Session) -> Hashable:
        """What an op computes: equal for ops that compute the same."""
        read = session.facts.read
        given = sorted((name, _sames(operands, read)) for name, operands in op.args.items())
        return op.kind, op.opset, tuple(given), _attributes(op, read)


class ValueNumbering(RemoveRedundantOps):
    """Of ops that compute the same keep the first, in whatever block, and however they are written.

    More than `remove_redundant_ops` finds: an op in a block whose like stands in front of the op
    that holds the block; operands in another order, where an op commutes or has a counterpart, as
    `less` has `greater`; an argument that is left out where the other op writes out its default.

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x, tensor<fp32, [2]> w) {
        tensor<fp32, [2]> a = add(x = x, y = w);
        tensor<fp32, [2]> y = cond(pred = p) {
            tensor<fp32, [2]> b = add(x = w, y = x);
            tensor<fp32, [2]> c = mul(x = a, y = b);
        } -> (c), {
            tensor<fp32, [2]> d = exp(x = a);
        } -> (d);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x, tensor<fp32, [2]> w) {
        tensor<fp32, [2]> a = add(x = x, y = w);
        tensor<fp32, [2]> y = cond(pred = p) {
            tensor<fp32, [2]> c = mul(x = a, y = a);
        } -> (c), {
            tensor<fp32, [2]> d = exp(x = a);
        } -> (d);
    } -> (y);
    ```
    """

    name = "value_numbering"
    across = True

    def key(self, op: Op, session: Session) -> Hashable:
        view, kind = session.view(op), op.kind
        assert view is not None
        read = session.facts.read
        given = {name: self._meant(view, name, read) for name in view.args}
        if view.commutative or (view.swapped and view.swapped < kind):
            first, second = list(view.args)[:2]
            pair = [given[second], given[first]]
            ordered = sorted(pair, key=repr) if view.commutative else pair
            given[first], given[second] = ordered
            kind = view.swapped or kind
        return kind, op.opset, tuple(given.items()), _attributes(op, read)

    def _meant(self, view: OpDef, name: str, read: Read) -> Hashable:
        """What an argument is, or is by default."""
        operands = view.op.args.get(name)
        if operands is None:
            default = view.args[name].default_literal(view)
            operands = () if default is None else (default,)
        return _sames(operands, read)


def scoped(body: Block, across: bool) -> Iterator[tuple[Op, list[Table]]]:
    """The ops of a body and its blocks, each with the tables of the blocks that it may look into.

    The op just given may be replaced.
    """
    todo: list[tuple[Op | None, list[Table]]] = [(body.first, [{}])]
    while todo:
        op, tables = todo.pop()
        while op is not None:
            following, blocks = op.next, op.blocks
            yield op, tables
            if blocks:
                around = tables if across else []
                todo.append((following, tables))
                todo += [(block.first, [*around, {}]) for block in reversed(blocks)]
                break
            op = following


def _is_comparable(op: Op, session: Session) -> bool:
    """Whether another op of the same operands would give the same tensors."""
    if op.kind == "const" or op.blocks or not op.results:
        return False
    definition = index.definition(op.kind, op.opset or session.function.opset)
    if definition is None or not definition.pure:
        return False
    return all(isinstance(session.facts.type_of(value), TensorType) for value in op.results)


def _attributes(op: Op, read: Read) -> Hashable:
    held = op.attributes.items()
    return tuple(sorted([(name, _same(each, read)) for name, each in held if name != "name"]))


def _sames(operands: tuple[Operand, ...], read: Read) -> Hashable:
    return tuple([_same(operand, read) for operand in operands])


def _same(operand: Operand | Literal, read: Read) -> Hashable:
    """Equal for operands that are the same."""
    literal: Any = operand.literal if isinstance(operand, Value) else operand
    if literal is None:
        return id(operand)
    if isinstance(literal, BlobRef):
        literal = _read(literal, read)
    elif isinstance(literal, TensorLiteral) and (literal.type.count or 0) >= LARGE:
        return id(literal)
    return literal.type, literal.content()


def _read(blob: BlobRef, read: Read) -> Literal:
    """A small constant as it is, wherever it lies in the file."""
    is_small = isinstance(blob.type, TensorType) and (blob.type.count or LARGE) < LARGE
    return (read(blob) if is_small else None) or blob
