"""Constants that are the same as others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from milc.ir.literals import BlobRef, TensorLiteral
from milc.ir.nodes import Value
from milc.ir.walk import bodies
from milc.passes.base import Option, Pass, whole
from milc.passes.redundancy import Table, scoped

if TYPE_CHECKING:
    from collections.abc import Hashable

    from milc.ir.literals import Literal
    from milc.ir.nodes import Op, Operand, Program
    from milc.passes.session import Session
    from milc.verify.operations import Read

SAMPLES: Final = 16
"""How many places of a constant are looked at before all of it is."""


class ConstDeduplication(Pass):
    """Keep one of constants of the same type and value, and one of equal constexpr ops.

    A function uses the first of them, and the blocks within. Functions share no values, but
    constants that are the same in several of them become references to one place in the weight
    file. Of a constant a few elements are read if there is another one of its type, and all of it
    only if those are the same.

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2]> a = constexpr_cast()[
            source_val = tensor<fp16, [2]>([0.5, 1.5]), output_dtype = string("fp32")];
        tensor<fp32, [2]> b = constexpr_cast()[
            source_val = tensor<fp16, [2]>([0.5, 1.5]), output_dtype = string("fp32")];
        tensor<fp32, [1, 2]> p = add(x = x, y = a);
        tensor<fp32, [1, 2]> y = mul(x = p, y = b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios16>(tensor<fp32, [1, 2]> x) {
        tensor<fp32, [2]> a = constexpr_cast()[
            source_val = tensor<fp16, [2]>([0.5, 1.5]), output_dtype = string("fp32")];
        tensor<fp32, [1, 2]> p = add(x = x, y = a);
        tensor<fp32, [1, 2]> y = mul(x = p, y = a);
    } -> (y);
    ```
    """

    name = "const_deduplication"
    options: ClassVar[dict[str, Option]] = {
        "const_threshold": Option(100, "leave constants of fewer elements as they are", *whole(0)),
    }

    _held: tuple[Program, Contents] | None = None
    """The contents of the functions of a program that have been worked on."""

    def run(self, session: Session) -> None:
        if self._held is None or self._held[0] is not session.program:
            self._held = session.program, Contents(session.facts.read)
        contents = self._held[1]
        for body in bodies(session.function):
            for op, tables in scoped(body, across=True):
                if op.kind == "const":
                    self._share(op, tables, contents, session)
                elif op.kind.startswith("constexpr_"):
                    self._number(op, tables, contents, session)

    def _share(self, op: Op, tables: list[Table], contents: Contents, session: Session) -> None:
        """Use an earlier constant for one, else the same place in a file as another function."""
        literal: Any = op.attributes.get("val")
        value = op.results[0]
        if not isinstance(literal, TensorLiteral | BlobRef):
            return
        is_large = (getattr(literal.type, "count", None) or 0) >= self.given["const_threshold"]
        if not is_large and not isinstance(literal, BlobRef):
            return
        first = contents.first(literal)
        key = "const", id(first), repr(value.type)
        earlier = next((table[key][0] for table in tables if key in table), None)
        if earlier is not None and is_large and not session.rewriter.is_output(value):
            session.use_instead(value, earlier)
            session.rewriter.erase(op)
            session.counts[self.name] += 1
            return
        tables[-1].setdefault(key, (value,))
        _hold(op, "val", first, session)

    def _number(self, op: Op, tables: list[Table], contents: Contents, session: Session) -> None:
        """Use an earlier constexpr op for one that unpacks the same."""
        held = [*op.args.items(), *((n, (v,)) for n, v in op.attributes.items() if n != "name")]
        given = sorted((name, contents.keys(operands)) for name, operands in held)
        key = op.kind, op.opset, tuple(given)
        earlier = next((table[key] for table in tables if key in table), None)
        if earlier is None:
            tables[-1][key] = tuple(op.results)
            for name, literal in list(op.attributes.items()):
                if name != "name":
                    _hold(op, name, contents.first(literal), session)
        elif session.replace(op, lambda: earlier):
            session.counts[self.name] += 1


def _hold(op: Op, name: str, first: Literal, session: Session) -> None:
    """Let an op hold the first of the literals that are the same as one of its own."""
    if isinstance(first, TensorLiteral) and isinstance(op.attributes[name], TensorLiteral):
        op.attributes[name] = first  # the same, held once
    elif op.attributes[name] is not first:
        session.rewriter.set_attribute(op, name, first)


class Contents:
    """The first of literals that hold the same."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lone: dict[Hashable, Literal | None] = {}
        self._firsts: dict[Hashable, list[Literal]] = {}

    def keys(self, operands: tuple[Operand, ...]) -> Hashable:
        """Equal for operands that are the same."""
        return tuple([id(self._root(operand)) for operand in operands])

    def _root(self, operand: Operand) -> Operand:
        literal = operand.literal if isinstance(operand, Value) else operand
        return operand if literal is None else self.first(literal)

    def first(self, literal: Literal) -> Literal:
        """The first that was met of the literals of the same type and content."""
        if not isinstance(literal, TensorLiteral | BlobRef):
            return literal
        sort = self.sort(literal)
        lone = self._lone.setdefault(sort, literal)
        if lone is literal:
            return literal
        if lone is not None:  # there are two of this sort now, so both have to be looked at
            self._lone[sort] = None
            self._filed(lone)
        return self._filed(literal)

    def sort(self, literal: Literal) -> Hashable:
        """What literals have to share to be looked at: their type."""
        return literal.type

    def _filed(self, literal: Literal) -> Literal:
        content = self._content(literal)
        if content is None:
            key: Hashable = literal.content()
            content = ()
        else:
            key = _sample(content)
        alike = self._firsts.setdefault((self.sort(literal), key), [])
        for other in alike:
            if other is literal or _are_equal(content, self._content(other)):
                return other
        alike.append(literal)
        return literal

    def _content(self, literal: Literal) -> Any:
        """The bytes or strings of a literal, mapped if they lie in a file; None if unreadable."""
        held = self._read(literal) if isinstance(literal, BlobRef) else literal
        if not isinstance(held, TensorLiteral):
            return None
        if isinstance(held.payload, tuple):
            return held.payload
        return held.content() if held.type.element.kind == "string" else held.buffer()


def _sample(content: Any) -> Hashable:
    """Something of a content, the same for the same."""
    if isinstance(content, tuple):
        return content
    step = max(1, len(content) // SAMPLES)
    return len(content), bytes(content[::step]), bytes(content[:64])


def _are_equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) or isinstance(other, tuple) or other is None:
        return bool(one == other)
    return bool(np.array_equal(np.frombuffer(one, "u1"), np.frombuffer(other, "u1")))
