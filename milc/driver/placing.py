"""Values moved between the program and its weight files.

Numbers do not change: a literal and the blob in its place hold the same bytes. Imports ir and
packages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

from milc.ir import types as t
from milc.ir.literals import WEIGHT_FILE, BlobRef, Literal, TensorLiteral
from milc.ir.nodes import Op
from milc.ir.rewriter import Rewriter
from milc.ir.types import ElementType, TensorType
from milc.ir.walk import walk_ops
from milc.package.model import Model
from milc.package.references import references
from milc.package.weights import DTYPE_CODES

_OLD_READERS: Final = frozenset({t.FP16, t.FP32, t.INT8, t.UINT8})
_FIRST_WITH_ALL: Final = 9


def externalize(
    model: Model, above: int, *, file: str | None = None, but: Collection[int] = ()
) -> int:
    """Move literals of more than `above` bytes from the program into its first weight file.

    Or into another `file`; those whose `id` is in `but` stay.
    Equal ones are stored once. What a weight file cannot hold (bool, strings, 64-bit types) stays;
    before specification version 9 so does all but fp16, fp32, int8 and uint8, since coremltools
    writes no others for systems of that time. Nothing is written before the model is saved. Returns
    how many were moved. Raises MilError (MIL06xx) if the weight file cannot be used.
    """
    path = file or next((ref.path for ref, _ in references(model.program)), WEIGHT_FILE)
    elements = _elements(model)
    stored: dict[tuple[ElementType, bytes], int] = {}

    def move(literal: Literal) -> Literal:
        type = literal.type
        if not isinstance(literal, TensorLiteral) or not isinstance(type, TensorType):
            return literal
        if id(literal) in but:
            return literal
        size = type.byte_size
        if type.element not in elements or size is None or size <= above or not type.shape:
            return literal
        key = type.element, literal.data
        offset = stored.get(key)
        if offset is None:
            offset = stored[key] = model.weights.append(path, *key, count=type.count)
        return BlobRef(type, path, offset, literal.doc)

    return _move(model, move)


def inline(model: Model, up_to: int) -> int:
    """Move blobs of at most `up_to` bytes from the weight files into the program.

    A file to which references remain is kept whole. Returns how many were moved. Raises MilError
    (MIL06xx) for a reference that is not sound.
    """

    def move(literal: Literal) -> Literal:
        if not isinstance(literal, BlobRef) or not isinstance(literal.type, TensorType):
            return literal
        size = literal.type.byte_size
        return literal if size is None or size > up_to else model.weights.literal(literal)

    return _move(model, move)


def pack(model: Model) -> int:
    """Leave blobs out of the weight files to which no reference is left; how many bytes that is.

    Nothing is written before the model is saved. Raises MilError (MIL06xx) for a reference that is
    not sound.
    """
    files: dict[str, set[int]] = {}
    held = [ref for ref, _ in references(model.program)]
    for ref in held:
        files.setdefault(model.weights.file(ref.path).name, set()).add(ref.offset)
    if len(held) > sum(isinstance(each, BlobRef) for each in _literals(model)):
        return 0  # some stand within other literals
    before = model.weights.size(files)
    moved = {
        name: model.weights.pack(name, offsets)
        for name, offsets in files.items()
        if len(offsets) < model.weights.file(name).count
    }

    def move(literal: Literal) -> Literal:
        if not isinstance(literal, BlobRef):
            return literal
        places = moved.get(model.weights.file(literal.path).name)
        if places is None or places[literal.offset] == literal.offset:
            return literal
        return BlobRef(literal.type, literal.path, places[literal.offset], literal.doc)

    if moved:
        _move(model, move)
    return before - model.weights.size(files)


def _literals(model: Model) -> Iterator[Literal]:
    for function in model.program.functions.values():
        for op in walk_ops(function):
            yield from op.literals


def _elements(model: Model) -> frozenset[ElementType]:
    if model.specification_version < _FIRST_WITH_ALL:
        return _OLD_READERS
    return frozenset(DTYPE_CODES)


def _move(model: Model, move: Callable[[Literal], Literal]) -> int:
    """Put what `move` gives in the place of each literal of each op; how many are others then."""
    rewriters = [Rewriter(function) for function in model.program.functions.values()]
    for rewriter in rewriters:
        for op in walk_ops(rewriter.function):
            _move_of(op, rewriter, move)
    return sum(rewriter.changes for rewriter in rewriters)


def _move_of(op: Op, rewriter: Rewriter, move: Callable[[Literal], Literal]) -> None:
    for name, literal in list(op.attributes.items()):
        if (new := move(literal)) is not literal:
            rewriter.set_attribute(op, name, new)
    for name, index, operand in list(op.operands):
        if isinstance(operand, Literal) and (new := move(operand)) is not operand:
            rewriter.set_operand(op, name, index, new)
