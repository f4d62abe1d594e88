"""`milc scaffold`: a small valid program around an op, the start of a test that is written by hand.

It begins with the op's own example, changes what it is asked to, lets the rest follow, and writes
out types and defaults. Imports syntax, opsets and verify.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from milc.diagnostics import MilError, Source, errors
from milc.diagnostics.prose import nearest
from milc.driver.bordering import border
from milc.driver.following import Following
from milc.driver.reference import look_up
from milc.driver.slots import ArgumentSlot, AttributeSlot, InputSlot, Slot, slots
from milc.driver.wishes import Wish, is_lengths, is_number, lengths
from milc.ir.literals import Literal, TensorLiteral
from milc.ir.nodes import Op, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import ELEMENT_TYPES, TO_INFER, ElementType, TensorType, Type
from milc.ir.walk import walk_ops
from milc.opsets import index
from milc.opsets.versions import BY_TAG, text_version
from milc.schema import Arg, Part, level
from milc.schema.page import examples, takes
from milc.syntax.format import format_text
from milc.syntax.lexemes import float_texts, pack_floats
from milc.syntax.parse import parse, read
from milc.syntax.print import Printer, nested
from milc.syntax.types import type_text
from milc.verify import verify
from milc.verify.completing import infer_types, unwritten

if TYPE_CHECKING:
    from milc.ir.nodes import Program
    from milc.schema import OpDef

PATH = "<scaffold>"
"""What findings call the program that is made."""

LENGTH = 4
"""What is taken for a length that an example leaves open."""


def scaffold(op: str, /, *, opset: str | None = None, **changes: Any) -> str:
    """A small valid program around an op, as MIL text.

    `opset` is a tag, such as `ios17`; by default the one that brought the newest definition of the
    op. `changes` are what `milc scaffold --set` takes, as text or as Python values: of an input or
    a weight a type or shape (`x="fp16"`, `x=(1, 3, 32, 32)`), of any other argument its value
    (`strides=[2, 2]`). What was not chosen follows, where a constraint asks for it.

    Raises MilError: MIL0035 to MIL0039 for an op, opset, argument or value that does not exist or
    fit, and what the verifier finds if the changes break a rule.
    """
    wishes = [(name, _spelt(value)) for name, value in changes.items()]
    return scaffold_text(op, opset, wishes)


def scaffold_text(op: str, opset: str | None, wishes: Iterable[tuple[str, str]]) -> str:
    """As `scaffold`; the changes as names and texts, which are made one after the other."""
    made = _Scaffold(*_definition(op, opset))
    for name, value in wishes:
        made.set(Wish(name, value))
    return made.text()


class Setting(NamedTuple):
    """What can be set."""

    name: str
    takes: str
    now: str
    """What the example has; empty if it leaves it out."""


def settings(op: str, opset: str | None) -> list[Setting]:
    """What can be set of an op's scaffold. Raises MilError (MIL0035)."""
    return list(_Scaffold(*_definition(op, opset)).settings())


def _definition(name: str, opset: str | None) -> tuple[type[OpDef], str]:
    if opset is not None:
        return look_up(name, opset), opset
    known = index.versions(name)
    tag = known[-1].since if known else ""
    return (look_up(name, tag), tag) if tag else (look_up(name), "")


def _seed(definition: type[OpDef], opset: str) -> Program:
    """The oldest of an op's examples that holds in an opset.

    Newer ones show what their opset changed, and so what is out of the ordinary.
    """
    for text in reversed(list(examples(definition))):
        program = parse(text, PATH)
        for function in program.functions.values():
            function.opset = opset
            for value in function.inputs:
                value.type = _with_lengths(value.type)
        if any(op.kind == definition.name for op in walk_ops(program)) and not verify(program):
            return program
    raise AssertionError(f"no example of {definition.label()} holds in {opset}")


def _with_lengths(type: Type) -> Type:
    """A type whose dimensions are known: models with others have to say which lengths they take."""
    if not isinstance(type, TensorType) or None not in (type.shape or ()):
        return type
    return TensorType(
        type.element, tuple(LENGTH if dim is None else dim for dim in type.shape or ())
    )


def _spelt(value: Any) -> str:
    """A Python value as the text of an option."""
    if isinstance(value, str):
        return value
    if isinstance(value, ElementType):
        return str(value)
    if isinstance(value, Type):
        return type_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple) and all(_is_length(item) for item in value):
        return "x".join("?" if item is None else str(item) for item in value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_quoted(item) for item in value)}]"
    return repr(value)


def _quoted(item: Any) -> str:
    return f'"{item}"' if isinstance(item, str) else _spelt(item)


def _is_length(item: Any) -> bool:
    return item is None or (isinstance(item, int) and not isinstance(item, bool))


class _Scaffold:
    """A program that grows out of an example."""

    def __init__(self, definition: type[OpDef], opset: str) -> None:
        self.definition = definition
        self.opset = opset
        self.program = _seed(definition, opset)
        (self.function,) = self.program.functions.values()
        self.specification = BY_TAG[opset].specification
        self.program.version = text_version(self.specification)
        self.rewriter = Rewriter(self.function)
        self.op = next(op for op in walk_ops(self.function) if op.kind == definition.name)
        self._keep_one()
        self.slots = list(slots(self.function, self.rewriter))

    def _keep_one(self) -> None:
        """Remove what shows the op once more."""
        body, rewriter = self.function.body, self.rewriter
        for op in reversed(list(body.ops)):
            if op.kind != self.op.kind or op is self.op:
                continue
            used = [value for value in op.values if value.op is None]
            rewriter.set_outputs(body, [v for v in body.outputs if v not in op.results])
            rewriter.erase(op)
            self._drop_unused(used)

    def _drop_unused(self, values: Iterable[Value]) -> None:
        """Remove inputs and constants that nothing names any longer."""
        for value in values:
            if value.uses:
                continue
            if value.op is None:
                self.rewriter.remove_input(value)
            elif value.op.kind == "const":
                self.rewriter.erase(value.op)

    # What can be set

    def settings(self) -> Iterator[Setting]:
        """Arguments, inputs by their own names, and shorthands."""
        for name, arg in self.definition.args.items():
            yield Setting(name, takes(arg), self._shown(self._bound(name)))
        for name in self.op.args:
            if name not in self.definition.args:
                yield Setting(name, "", self._shown(self._bound(name)))
        for value in self.function.inputs:
            if value.name not in self.definition.args:
                yield Setting(value.name, "an input", type_text(value.type))
        for name, part in self.definition.shorthands.items():
            dims = "" if part.first is None else f", the dimensions from {part.first} on"
            yield Setting(name, f"{part.arg}{dims}", "")

    def _shown(self, found: list[Slot]) -> str:
        printer = _Readable(self.program, keep_order=True)
        texts = []
        for slot in found:
            held = slot.held
            if isinstance(held, Literal) and not (slot.tensor and (slot.tensor.count or 0) > 4):
                texts.append(printer.literal(held))
            elif slot.type is not None:
                texts.append(type_text(slot.type))
        return ", ".join(texts)

    @property
    def names(self) -> list[str]:
        """Every name that can be set."""
        inputs = [value.name for value in self.function.inputs]
        shorthands = self.definition.shorthands
        return list(dict.fromkeys([*self.definition.args, *self.op.args, *inputs, *shorthands]))

    def _bound(self, name: str) -> list[Slot]:
        """The slots that an argument of the op is bound to, as far as they are slots."""
        op, found = self.op, []
        for slot in self.slots:
            own = isinstance(slot, ArgumentSlot | AttributeSlot) and slot.op is op
            if (own and slot.name == name) or (op, name) in slot.uses:
                found.append(slot)
        return found

    # Setting

    def set(self, wish: Wish) -> None:
        """Do as a wish says. Raises MilError (MIL0036 to MIL0039)."""
        name = wish.name
        arg = self.definition.args.get(name)
        part = self.definition.shorthands.get(name)
        if arg is None and name not in self.op.args and part is not None:
            self._set_part(wish, part)
            return
        found = self._bound(name) if arg is not None or name in self.op.args else []
        if not found and arg is None:
            inputs = [s for s in self.slots if isinstance(s, InputSlot) and s.name == name]
            found = [slot for slot in inputs if slot.value.owner is self.function]
        if not found and name in self.op.args:
            others = ", ".join(value.name for value in self.function.inputs)
            message = f"`{name}` of {self.op.kind} is computed in the program"
            raise wish.fault("MIL0038", message, f"what can be set are {others}", name=True)
        if found:
            for slot in found:
                self._set_slot(slot, wish, arg)
        elif arg is not None:
            self._add(wish, arg)
        else:
            raise self._unknown(wish)

    def _unknown(self, wish: Wish) -> MilError:
        newer = [
            each.since
            for each in index.versions(self.op.kind)
            if wish.name in each.args and level(each.since) > level(self.opset)
        ]
        near = nearest(wish.name, self.names)
        help = f"it takes {', '.join(self.names)}"
        if newer:
            help = f"it came with {newer[0]}: --opset {newer[0]}"
        elif near:
            help = f"did you mean `{near}`?"
        message = f"{self.op.kind} has no argument or input `{wish.name}` to set"
        made: MilError = wish.fault("MIL0036", message, help, name=True)
        return made

    def _set_slot(self, slot: Slot, wish: Wish, arg: Arg | None) -> None:
        if not wish.text:
            self._leave_out(wish, arg)
            return
        content = wish.content(slot.held, arg, self._shared(arg, slot))
        if isinstance(slot, InputSlot) and isinstance(content, Literal):
            self._bind(slot, content, wish)
            return
        mere_element, mere_shape = wish.text in ELEMENT_TYPES, is_lengths(wish.text)
        slot.choose(content, element=not mere_shape, shape=not mere_element)
        self._note_repeated(slot, wish)

    def _note_repeated(self, slot: Slot, wish: Wish) -> None:
        """One number in a vector of integers may stand for as many as are asked for."""
        type = slot.tensor
        vector = isinstance(slot.held, TensorLiteral) and type is not None and type.rank == 1
        if vector and type is not None and type.element.is_integer and is_number(wish.text):
            slot.is_repeated = True

    def _set_part(self, wish: Wish, part: Part) -> None:
        """Set an argument, or dimensions of one, by its shorthand."""
        (slot,) = self._bound(part.arg)
        if part.first is None:
            self._set_slot(slot, wish, self.definition.args[part.arg])
            return
        type = slot.tensor
        if type is None or not is_lengths(wish.text):
            raise wish.fault("MIL0037", f"`{wish.text}` is no list of lengths, such as 3x3")
        shape = type.shape or ()
        dims = lengths(wish.text)
        if len(dims) == 1:
            slot.is_repeated = True
            dims *= len(shape) - part.first
        whole = wish.tensor_of(type.element, (*shape[: part.first], *dims))  # type: ignore[arg-type]
        if None in (whole.shape or ()) and isinstance(slot.held, Literal):
            raise wish.fault("MIL0037", "a constant has no unknown dimensions")
        slot.choose(slot.retyped(whole), element=False)
        slot.kept_from = part.first

    def _bind(self, slot: InputSlot, content: Literal, wish: Wish) -> None:
        """Put a constant in place of an input."""
        try:
            self.rewriter.replace_all_uses(slot.value, content)
        except ValueError:
            message = f"`{slot.name}` is returned as it is, and cannot be a constant"
            raise wish.fault("MIL0038", message) from None
        self.rewriter.remove_input(slot.value)
        self.slots.remove(slot)
        for made in slots(self.function, self.rewriter):
            if made.held is content:
                made.choose(content)
                self.slots.append(made)

    def _leave_out(self, wish: Wish, arg: Arg | None) -> None:
        if arg is None or not arg.optional:
            message = f"`{wish.name}` of {self.op.kind} cannot be left out"
            raise wish.fault("MIL0038", message, "give it a value", name=True)
        values = [v for v in self.op.args.get(arg.name, ()) if isinstance(v, Value)]
        if arg.name in self.op.args:
            self.rewriter.set_arg(self.op, arg.name)
        else:
            self.rewriter.set_attribute(self.op, arg.name, None)
        self.slots = [slot for slot in self.slots if slot.uses != [(self.op, arg.name)]]
        self._drop_unused(values)

    def _add(self, wish: Wish, arg: Arg) -> None:
        """Bind an argument that the example leaves out."""
        content = wish.content(None, arg, self._shared(arg))
        if content is None:
            return
        if isinstance(content, Literal) and self.definition.in_attributes:
            self.rewriter.set_attribute(self.op, arg.name, content)
            return
        if isinstance(content, Literal):
            self.rewriter.set_arg(self.op, arg.name, content)
            slot: Slot = ArgumentSlot(self.rewriter, self.op, arg.name)
        else:
            value = self.rewriter.add_input(arg.name, content)
            self.rewriter.set_arg(self.op, arg.name, value)
            slot = InputSlot(value, [(self.op, arg.name)])
        slot.choose(content)
        self.slots.append(slot)
        self._note_repeated(slot, wish)

    def _shared(self, arg: Arg | None, but: Slot | None = None) -> ElementType | None:
        """The element type of the op's other operands of a domain."""
        for name, other in self.definition.args.items():
            if arg is None or not arg.group or other.group != arg.group:
                continue
            for slot in self._bound(name):
                if slot is not but and slot.tensor is not None:
                    return slot.tensor.element
        return None

    # The text

    def text(self) -> str:
        """The program, complete. Raises MilError with what is wrong with it, if something is."""
        self._open_types()
        Following(self.program, self.slots, self.opset).run()
        infer_types(self.program)
        self._write_defaults()
        border(self.function, self.rewriter, self.specification)
        for op in walk_ops(self.function):
            self._sort(op)
        text = format_text("".join(_Readable(self.program, keep_order=True).pieces()) + "\n", PATH)
        program, found = read(Source(text, PATH))
        found += verify(program, reported=found)
        if errors(found):
            raise MilError(found)
        return text

    def _open_types(self) -> None:
        """Leave to inference what it can tell."""
        for op in walk_ops(self.function):
            definition = index.definition(op.kind, self.opset)
            if op.kind == "const" or definition is None or definition.is_open:
                continue
            for result in op.results:
                self.rewriter.set_type(result, TO_INFER)

    def _write_defaults(self) -> None:
        for each in unwritten(self.program):
            definition = index.definition(each.op.kind, self.opset)
            if definition is not None and definition.in_attributes:
                self.rewriter.set_attribute(each.op, each.arg, each.meant)
            else:
                self.rewriter.set_arg(each.op, each.arg, each.meant)

    def _sort(self, op: Op) -> None:
        """Bring an op's arguments in the order of its definition."""
        definition = index.definition(op.kind, self.opset)
        if definition is None or definition.is_open:
            return
        order = [name for name in definition.args if name in op.args]
        bound = {name: op.args[name] for name in order}
        if list(op.args) != order and len(bound) == len(op.args):
            self.rewriter.set_args(op, {})
            self.rewriter.set_args(op, bound)


class _Readable(Printer):
    """Prints floats as the shortest decimals that mean the same."""

    def literal(self, literal: Literal) -> str:
        type = literal.type
        if not isinstance(literal, TensorLiteral) or not isinstance(type, TensorType):
            return super().literal(literal)
        shape = type.shape
        if not type.element.is_float or shape is None or None in shape or 0 in shape:
            return super().literal(literal)
        values = literal.values()
        fallback = float_texts(type.element, values, literal.data)
        pairs = zip(values, fallback, strict=True)
        texts = [_decimal(type.element, value, text) for value, text in pairs]
        written = nested(texts, [int(str(dim)) for dim in shape]) if shape else texts[0]
        return f"{type_text(type, self.version)}({written})"


def _decimal(element: ElementType, value: float, otherwise: str) -> str:
    """The shortest decimal of a float of an element type; `otherwise` if it is not finite."""
    if value - value != 0:
        return otherwise
    wanted = pack_floats(element, [value])
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if pack_floats(element, [float(text)]) == wanted:
            return text if "." in text or "e" in text else f"{text}.0"
    return otherwise
