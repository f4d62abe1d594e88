"""Types in the grammar: from their parts to one interned object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from milc.ir.types import (
    TO_INFER,
    UNKNOWN_TYPE,
    VARIADIC,
    DictType,
    Dim,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
)
from milc.syntax.lalr import Token
from milc.syntax.literals import MAX_DEPTH
from milc.syntax.reader import At, Reader, Stop
from milc.syntax.types import LEFT_OPEN, bad_dimension, element_type, tensor_type


class TypeRules(Reader):
    """Callbacks of the rule `type` and its parts."""

    def on_element(self, children: list[Any]) -> At:
        (name,) = children
        if name.text == LEFT_OPEN:
            return At(TO_INFER, name.start, name.end)
        return At(self.scalar_type(name.text, name.start), name.start, name.end)

    def on_tensor(self, children: list[Any]) -> At:
        start, end = children[0].start, children[-1].end
        name, dims = children[2], children[4]

        def make() -> Type:
            element = element_type(self.source, name.text, name.start, name.end)
            if isinstance(dims, Token):
                return TensorType(element, None)
            return tensor_type(self.source, element, dims.value, start, end)

        if isinstance(dims, At) and dims.value is None:
            return At(UNKNOWN_TYPE, start, end)
        return At(self.guarded(make, UNKNOWN_TYPE), start, end)

    def on_dims(self, children: list[Any]) -> At:
        start, end = children[0].start, children[-1].end
        dims: list[Dim] = []
        for child in children[1:-1:2]:
            if child.value is None:
                return At(None, start, end)
            dims.extend(child.value)
        return At(tuple(dims), start, end)

    def on_dim(self, children: list[Any]) -> At:
        (token,) = children
        if token.type == "UNKNOWN":
            return At((None,), token.start, token.end)
        if token.type == "VARIADIC":
            return At((VARIADIC,), token.start, token.end)
        lengths = _lengths(token.text)
        if lengths is None:
            self.diagnostics.extend(bad_dimension(self.source, token.start, token.end).diagnostics)
        return At(lengths, token.start, token.end)

    def nested(self, children: list[Any], make: Callable[[], Type], parts: list[At]) -> At:
        """A type made of others, or UNKNOWN_TYPE if one of them is."""
        start, end = children[0].start, children[-1].end
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            self.report("MIL0110", f"types nest deeper than {MAX_DEPTH} levels", start, end)
            raise Stop
        parts = [self.settled(part) for part in parts]
        broken = any(part.value is UNKNOWN_TYPE for part in parts)
        return At(UNKNOWN_TYPE if broken else make(), start, end, depth)

    def on_list(self, children: list[Any]) -> At:
        element, length = children[2], children[4]
        if length.value is None:
            return At(UNKNOWN_TYPE, children[0].start, children[-1].end)
        if len(length.value) != 1:
            self.diagnostics.extend(
                bad_dimension(self.source, length.start, length.end).diagnostics
            )
        return self.nested(children, lambda: ListType(element.value, length.value[0]), [element])

    def on_dict(self, children: list[Any]) -> At:
        key, value = children[2], children[4]
        return self.nested(children, lambda: DictType(key.value, value.value), [key, value])

    def on_tuple(self, children: list[Any]) -> At:
        items = [child for child in children if isinstance(child, At)]
        return self.nested(children, lambda: TupleType(*[item.value for item in items]), items)

    def on_state(self, children: list[Any]) -> At:
        return self.nested(children, lambda: StateType(children[2].value), [children[2]])

    def on_buffer(self, children: list[Any]) -> At:
        start, end = children[0].start, children[-1].end
        name = children[2]
        keys = [token.text for token in children[4::4] if isinstance(token, Token)]
        lists = [child.value for child in children if isinstance(child, At)]
        if keys != ["shape", "strides", "interleave_factors"] or not all(map(_known, lists)):
            self.report(
                "MIL0202",
                "a tensor_buffer has an element type, shape, strides and interleave_factors",
                start,
                end,
            )
            return At(UNKNOWN_TYPE, start, end)
        make: Callable[[], Type] = lambda: TensorBufferType(  # noqa: E731
            element_type(self.source, name.text, name.start, name.end), *lists
        )
        return At(self.guarded(make, UNKNOWN_TYPE), start, end)


def _lengths(text: str) -> tuple[int, ...] | None:
    """The whole numbers in a text, None if others are among them."""
    parts = [part.strip() for part in text.split(",")]
    try:
        return tuple(map(int, parts)) if all(map(str.isdigit, parts)) else None
    except ValueError:  # thousands of digits, which Python does not read
        return None


def _known(dims: Any) -> bool:
    return dims is not None and all(isinstance(dim, int) for dim in dims)
