"""Functions with fixed shapes, made of one that takes several."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from milc.diagnostics import Diagnostic, MilError, errors
from milc.ir.copying import copied
from milc.ir.literals import DictLiteral, Literal, TupleLiteral, string_of
from milc.ir.types import TensorType, TupleType, allows
from milc.ir.walk import walk_inside_out
from milc.passes.base import Option, ProgramPass
from milc.passes.session import is_more_exact
from milc.verify.operations import Operations

if TYPE_CHECKING:
    from milc.ir.nodes import Function, Op, Program, Value
    from milc.verify.operations import Read

MAP: Final = "function_name_to_materialization_map"
"""The option that says what to make."""

Shapes = Mapping[str, tuple[int, ...]]
"""The shapes of inputs, by their names."""

_function: Final = re.compile(r"\s*([^:;\s]+)\s*:([^:;]+)(?:;|\Z)")
_input: Final = re.compile(r"[\s,]*([^=\s,]+)\s*=\s*(\d+(?:x\d+)*|\(\))(?=[\s,]|\Z)")


def _are_shapes(given: Any) -> bool:
    try:
        named_shapes(given)
    except MilError:
        return False
    return True


SHAPES: Final = (_are_shapes, "a table of functions and the shapes of their inputs")


class MaterializeSymbolicShapeProgram(ProgramPass):
    """Add functions that do what another one does, with inputs of fixed shapes.

    They share its weights. `function_name_to_materialization_map` names them and the shapes of
    their inputs: `small: x=1x64 y=8; large: x=1x512 y=8`, or a table of tables of lists. An input
    that is not named keeps its shape, and unknown dimensions that follow from the known ones become
    known. A function of that name gives way to the new one, unless it takes just these shapes.

    ```mil
    func main<ios15>(tensor<fp32, [3, ?]> x) {
        tensor<fp32, [?, 3]> y = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
    } -> (y);
    ```

    becomes, with `function_name_to_materialization_map = "small: x=3x4"`

    ```mil
    func main<ios15>(tensor<fp32, [3, ?]> x) {
        tensor<fp32, [?, 3]> y = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
    } -> (y);
    func small<ios15>(tensor<fp32, [3, 4]> x) {
        tensor<fp32, [4, 3]> y = transpose(x = x, perm = tensor<int32, [2]>([1, 0]));
    } -> (y);
    ```
    """

    name = "materialize_symbolic_shape_program"
    options: ClassVar[dict[str, Option]] = {
        MAP: Option(
            "", "functions and the shapes of their inputs: `small: x=1x64; large: x=1x512`", *SHAPES
        ),
        "source_function_name": Option("main", "the function that they do the same as"),
    }

    def run_program(self, program: Program, read: Read | None) -> list[Function]:
        """All are made of the function as it was, also if one of them takes its place.

        Raises MilError (MIL0941) for shapes that the function cannot take.
        """
        asked = named_shapes(self.given[MAP])
        source = program.functions.get(self.given["source_function_name"])
        if asked and source is None:
            raise _unfit(f"there is no function {self.given['source_function_name']}")
        made = [
            materialized(source, name, shapes, program, read)
            for name, shapes in asked.items()
            if source is not None and not _takes(program.functions.get(name), shapes)
        ]
        program.functions.update({function.name: function for function in made})
        return made


def named_shapes(given: Mapping[str, Mapping[str, Iterable[int]]] | str) -> dict[str, Shapes]:
    """The shapes of inputs by function. Raises MilError (MIL0941) for what is none."""
    if isinstance(given, str):
        given = _table(given.strip())
    try:
        return {
            function: {name: tuple([int(dim) for dim in shape]) for name, shape in shapes.items()}
            for function, shapes in given.items()
        }
    except (AttributeError, TypeError, ValueError):
        raise _unfit(f"{given!r} is no table of shapes") from None


def _table(text: str) -> dict[str, Any]:
    """`f: x=1x2 y=3; g: x=2x2` as a table; a table of Python or JSON as it is."""
    if text.startswith("{"):
        try:
            held: dict[str, Any] = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            raise _unfit(f"{text!r} is no table of shapes") from None
        return held
    if _function.sub("", text).strip():
        raise _unfit(f"{text!r} names no shapes; write `small: x=1x64; large: x=1x512`")
    return {name: _shapes(inputs) for name, inputs in _function.findall(text)}


def _shapes(text: str) -> dict[str, list[int]]:
    """`x=1x2 y=3 z=()` as a table; the last is a scalar."""
    if _input.sub("", text).strip(" ,"):
        raise _unfit(f"{text.strip()!r} names no shapes; write `x=1x64 y=8`")
    return {
        name: [int(dim) for dim in re.findall(r"\d+", dims)] for name, dims in _input.findall(text)
    }


def materialized(
    source: Function, name: str, shapes: Shapes, program: Program, read: Read | None
) -> Function:
    """A function that does what another does, with inputs of these shapes.

    Raises MilError (MIL0941) if it cannot take them.
    """
    function = copied(source, name)
    inputs = {value.name: value for value in function.inputs}
    for each, shape in shapes.items():
        if each not in inputs:
            raise _unfit(f"{source.name} has no input {each}; it takes {', '.join(inputs)}")
        _fix(inputs[each], shape)
    function.attributes = {
        name: kept
        for name, literal in function.attributes.items()
        if (kept := _without(literal, [*shapes])) is not None
    }
    _settle(function, name, program, read)
    return function


def _takes(function: Function | None, shapes: Shapes) -> bool:
    """Whether a function is there that takes just these shapes."""
    inputs = {value.name: value.type for value in function.inputs} if function is not None else {}
    held = {name: getattr(inputs.get(name), "shape", None) for name in shapes}
    return function is not None and held == shapes


def _fix(value: Value, shape: tuple[int, ...]) -> None:
    """Give an input a shape. Raises MilError if it is not one of those that it may have."""
    type = value.type
    if not isinstance(type, TensorType):
        raise _unfit(f"input {value.name} is no tensor")
    if type.shape is not None and not allows(type.shape, shape):
        raise _unfit(f"input {value.name} is a {type!r}, which cannot be of shape {list(shape)}")
    value.type = TensorType(type.element, shape)


def _settle(function: Function, name: str, program: Program, read: Read | None) -> None:
    """Declare what types are known to be now. Raises MilError if ops do not take their operands."""
    facts = Operations(program, read)
    for op in walk_inside_out(function.body):
        if op.kind != "const":
            facts.check(op, op.opset or function.opset)
            _declare(op, facts)
    found = errors(facts.found)
    if found:
        raise _unfit(f"{name} cannot be made: {found[0].message}", [str(each) for each in found])


def _declare(op: Op, facts: Operations) -> None:
    for result in op.results:
        more = facts.inferred.get(result)
        if more is not None and is_more_exact(more, result.type):
            result.type = more


def _without(literal: Literal, names: Collection[str | None]) -> Literal | None:
    """An attribute such as `FlexibleShapeInformation`, without what it says of some inputs.

    That is a tuple of pairs of a word and a table of inputs. None if it says nothing of others.
    """
    if not isinstance(literal, TupleLiteral):
        return literal
    parts = [part for item in literal.items if (part := _part_without(item, names)) is not None]
    return TupleLiteral(TupleType(*[part.type for part in parts]), parts) if parts else None


def _part_without(part: Literal, names: Collection[str | None]) -> Literal | None:
    items = part.items if isinstance(part, TupleLiteral) else ()
    if len(items) != 2 or not isinstance(items[1], DictLiteral):
        return part
    assert isinstance(part, TupleLiteral)
    table = _table_without(items[1], names)
    return TupleLiteral(part.type, [items[0], table], part.doc) if table is not None else None


def _table_without(table: DictLiteral, names: Collection[str | None]) -> DictLiteral | None:
    """A table of inputs, or of sets that are such tables, as `EnumeratedShapes` has them."""
    held = []
    for key, value in table.entries:
        kept = _table_without(value, names) if isinstance(value, DictLiteral) else value
        if kept is not None and string_of(key) not in names:
            held.append((key, kept))
    return DictLiteral(table.type, held, table.doc) if held else None


def _unfit(message: str, notes: Iterable[str] = ()) -> MilError:
    text = f"materialize_symbolic_shape_program: {message}"
    return MilError(Diagnostic("MIL0941", text, notes=list(notes)[:3]))
