"""Hypothesis strategies for programs: every type, every literal, odd names, nested blocks.

What they make is what text can carry: no doc strings, no bodies for other opsets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from milc.ir.literals import (
    BlobRef,
    DictLiteral,
    ListLiteral,
    Literal,
    TensorLiteral,
    TupleLiteral,
)
from milc.ir.nodes import Block, Function, Op, Operand, Program, Value
from milc.ir.numbers import pack
from milc.ir.types import (
    ELEMENT_TYPES,
    VARIADIC,
    DictType,
    Dim,
    ElementType,
    ListType,
    StateType,
    TensorBufferType,
    TensorType,
    TupleType,
    Type,
)
from milc.syntax.print import literal_text

Draw = Callable[[st.SearchStrategy[Any]], Any]

characters = st.characters(exclude_categories=["Cs"])
strings = st.one_of(
    st.sampled_from(
        ["", "a", "name_1", '"', "\\", "// no", "a, b]", "\n", "\x00\x7f", "é😀", "\u2028"]
    ),
    st.text(characters, max_size=6),
)
names = st.one_of(
    st.sampled_from(
        ["x", "y", "z_1", "_", "stem.0.weight", "a b", "`", '"', "\\", "é", "// x", "1"]
    ),
    st.sampled_from(
        ["tensor", "fp16", "true", "nan", "func", "program", "state", "BLOBFILE", "list"]
    ),
    st.text(characters, min_size=1, max_size=5),
)
kinds = st.one_of(
    st.sampled_from(["relu", "add", "const", "cond", "constexpr_lut_to_dense"]), names
)

elements = st.sampled_from(list(ELEMENT_TYPES.values()))
lengths = st.integers(0, 3)


@st.composite
def shapes(draw: Draw, unknown: bool = True) -> tuple[Dim, ...]:
    """Known shapes, with one `?` at times."""
    shape: list[Dim] = draw(st.lists(lengths, max_size=4))
    if unknown and shape and draw(st.integers(0, 5)) == 0:
        shape[draw(st.integers(0, len(shape) - 1))] = None
    return tuple(shape)


tensor_types = st.builds(TensorType, elements, shapes())
free_dims = st.one_of(lengths, st.integers(4, 900), st.none(), st.just(VARIADIC))
free_tensor_types = st.builds(
    lambda element, shape: TensorType(element, None if shape is None else tuple(shape)),
    elements,
    st.one_of(st.none(), st.lists(free_dims, max_size=2)),
)
buffer_types = st.builds(
    TensorBufferType, elements, *[st.lists(lengths, max_size=3).map(tuple)] * 3
)
list_lengths = st.one_of(lengths, st.none(), st.just(VARIADIC))


def _nested(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return st.one_of(
        st.builds(ListType, inner, list_lengths),
        st.builds(DictType, inner, inner),
        st.lists(inner, max_size=3).map(lambda items: TupleType(*items)),
        st.builds(StateType, inner),
    )


types = st.recursive(
    st.one_of(tensor_types, free_tensor_types, buffer_types), _nested, max_leaves=4
)
"""Any type that a value may have."""

_CORNERS = {
    "fp16": [0, 0x8000, 0x3C00, 1, 0x83FF, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0xFE00, 0x7C01],
    "fp32": [0, 1 << 31, 0x3F800000, 1, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00001],
    "fp64": [0, 1 << 63, 0x3FF << 52, 1, (0x7FF << 52) - 1, 0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48,
             (0xFFF8 << 48) + 1, (0x7FF << 52) + 1],
    "bf16": [0, 0x8000, 0x3F80, 1, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1, 0x7F81],
    "fp8e4m3fn": [0, 0x80, 1, 0x7E, 0x7F, 0xFF],
    "fp8e5m2": [0, 0x80, 1, 0x7B, 0x7C, 0xFC, 0x7E, 0x7F, 0xFD],
}  # fmt: skip


def numbers(element: ElementType) -> st.SearchStrategy[bytes]:
    """The packed bits of one number of at least a byte, corners of its type among them."""
    if element.kind == "bool":
        return st.sampled_from([b"\0", b"\1"])
    size = element.bits // 8
    any_bits = st.binary(min_size=size, max_size=size)
    if not element.is_float:
        return any_bits
    corners = [code.to_bytes(size, "little") for code in _CORNERS[element.name]]
    return st.one_of(st.sampled_from(corners), any_bits)


@st.composite
def tensors(draw: Draw, type: TensorType) -> TensorLiteral:
    """A tensor written out; a `?` of its shape stands for any length."""
    count = 1
    for dim in type.shape or ():
        count *= dim if isinstance(dim, int) else draw(lengths)
    element = type.element
    if element.kind == "string":
        return TensorLiteral(type, tuple(draw(strings) for _ in range(count)))
    if element.bits < 8:
        low, high = element.bounds
        return TensorLiteral(
            type, pack(element, [draw(st.integers(low, high)) for _ in range(count)])
        )
    return TensorLiteral(type, b"".join(draw(numbers(element)) for _ in range(count)))


blobs = st.builds(
    BlobRef,
    types.filter(lambda type: not isinstance(type, StateType | TensorBufferType)),
    st.one_of(st.just("@model_path/weights/weight.bin"), strings.map("@model_path/".__add__)),
    st.integers(0, (1 << 64) - 1),
)


@st.composite
def lists(draw: Draw, inner: st.SearchStrategy[Literal]) -> ListLiteral:
    """A list, of which the type may leave the length open."""
    first = draw(inner)
    items = [first, *draw(st.lists(inner, max_size=2).map(lambda more: of_type(more, first.type)))]
    if draw(st.integers(0, 4)) == 0:
        items = []
    length = draw(st.sampled_from([None, len(items)]))
    return ListLiteral(ListType(first.type, length), items)


def of_type(literals: list[Literal], type: Type) -> list[Literal]:
    """Those literals that have the type."""
    return [literal for literal in literals if literal.type is type]


@st.composite
def dicts(draw: Draw, inner: st.SearchStrategy[Literal]) -> DictLiteral:
    """A dict with its entries in the order in which Apple's compiler prints them."""
    pairs = draw(st.lists(st.tuples(inner, inner), min_size=1, max_size=3))
    key, value = (part.type for part in pairs[0])
    entries = [
        pair
        for pair in pairs
        if pair[0].type is key and pair[1].type is value and draw(st.integers(0, 4))
    ]
    entries.sort(key=lambda pair: literal_text(pair[0]))
    return DictLiteral(DictType(key, value), entries)


def _containers(inner: st.SearchStrategy[Literal]) -> st.SearchStrategy[Literal]:
    members = st.lists(inner, max_size=3)
    return st.one_of(
        lists(inner),
        dicts(inner),
        members.map(lambda items: TupleLiteral(TupleType(*[i.type for i in items]), items)),
    )


tensor_literals = tensor_types.flatmap(tensors)
literals: st.SearchStrategy[Literal] = st.recursive(tensor_literals, _containers, max_leaves=5)
"""Any literal that is written out."""


@st.composite
def deep_literals(draw: Draw) -> Literal:
    """Tuples and lists within each other, some of them close to as deep as text may go."""
    literal = draw(tensor_literals)
    for _ in range(draw(st.sampled_from([0, 1, 2, 50]))):
        if draw(st.booleans()):
            literal = TupleLiteral(TupleType(literal.type), [literal])
        else:
            literal = ListLiteral(ListType(literal.type, 1), [literal])
    return literal


values = st.one_of(tensor_literals, literals, blobs, deep_literals())
attributes = st.dictionaries(names, values, max_size=2)
opsets = st.one_of(st.sampled_from(["ios15", "ios16", "ios17", "ios18", "ios26"]), names)


class _Scope:
    """Draws the ops of a block, every name new among those in sight."""

    def __init__(self, draw: Draw, outer: _Scope | None = None) -> None:
        self.draw = draw
        self.outer = outer
        self.visible: list[Value] = list(outer.visible) if outer else []
        self.own: set[str] = set()

    def values(self, most: int) -> list[Value]:
        """New values, of which the names are those of no other in this block."""
        count = self.draw(st.integers(0, most))
        made = []
        for _ in range(count):
            name = self.draw(names)
            while name in self.own:
                name += "_"
            self.own.add(name)
            made.append(Value(name, self.draw(types)))
        return made

    def define(self, values: list[Value]) -> None:
        """From here on ops may use the values."""
        hidden = {value.name for value in values}
        self.visible = [value for value in self.visible if value.name not in hidden] + values

    def operand(self) -> Operand:
        if self.visible and self.draw(st.integers(0, 2)):
            return self.draw(st.sampled_from(self.visible))  # type: ignore[no-any-return]
        return self.draw(values)  # type: ignore[no-any-return]

    def bound(self) -> tuple[Operand, ...]:
        count = self.draw(st.sampled_from([1, 1, 1, 0, 2, 3]))
        return tuple(self.operand() for _ in range(count))

    def op(self, depth: int) -> Op:
        draw = self.draw
        args = {name: self.bound() for name in draw(st.lists(names, max_size=3, unique=True))}
        blocks = []
        if depth and draw(st.integers(0, 3)) == 0:
            blocks = [self.block(depth - 1) for _ in range(draw(st.integers(1, 2)))]
        suffix = draw(opsets) if draw(st.integers(0, 9)) == 0 else None
        results = self.values(2)
        op = Op(draw(kinds), args, results, draw(attributes), blocks, suffix)
        self.define(results)
        return op

    def block(self, depth: int) -> Block:
        scope = _Scope(self.draw, self)
        block = Block(scope.values(2))
        scope.define(block.inputs)
        scope.fill(block, depth)
        return block

    def fill(self, block: Block, depth: int) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            block.append(self.op(depth))
        visible = self.visible
        if visible:
            block.set_outputs(self.draw(st.lists(st.sampled_from(visible), max_size=3)))


@st.composite
def programs(draw: Draw) -> Program:
    """A program; the inputs of its functions are in the order in which Apple's compiler prints."""
    program = Program(draw(st.sampled_from(["1.0", "1.3"])))
    program.attributes = draw(attributes)
    for name in draw(st.lists(names, max_size=2, unique=True)):
        scope = _Scope(draw)
        inputs = sorted(scope.values(3), key=lambda value: value.name)
        function = program.add(Function(name, draw(opsets), inputs))
        function.attributes = draw(attributes)
        scope.define(inputs)
        scope.fill(function.body, 2)
    return program
