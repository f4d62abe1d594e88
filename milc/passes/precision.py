"""Computing with floats of 16 bits instead of 32."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias

from milc.ir.fit import fits
from milc.ir.literals import Literal, string_literal
from milc.ir.nodes import Block, Op, Value
from milc.ir.types import FP16, FP32, STRING, TO_INFER, TensorType
from milc.ir.walk import walk_ops
from milc.opsets import index
from milc.passes.base import LISTED, Option, Pass, words
from milc.passes.casts import is_at_hand
from milc.passes.half_constants import LARGEST, Half, Halves
from milc.passes.session import Note

if TYPE_CHECKING:
    from milc.ir.nodes import Operand
    from milc.ir.types import Type
    from milc.passes.session import Session
    from milc.schema import OpDef

Definition: TypeAlias = "type[OpDef]"


def _are_kinds(given: Any) -> bool:
    return LISTED[0](given) and words(given) <= index.families().keys()


KINDS: Final = (_are_kinds, "a kind of op, or several with commas between them,")


class AddFp16Cast(Pass):
    """Compute in fp16 what is computed in fp32; what the function takes and gives stays as it is.

    Which ops can, and which of their arguments, is asked of their definitions. Constants become
    fp16 at once. Between two such ops nothing is cast; around them casts stand where they must.

    An op stays in fp32 if a constant of it is beyond fp16's 65504, or is a factor so small that it
    would be 0. What is so small and is added, or a bound, or a factor of what is added, becomes the
    smallest number above 0, so that it still guards from a division by zero. Finite numbers from
    1e38 on become infinite, unless they are factors. Numbers that only govern an op of each element
    (`epsilon`, `alpha`) stay in fp32 where its definition takes them so, from ios17 on. What is
    packed, reshaped or transposed for ops of fp32 alone stays in it too.

    With `ranges`, a file that `milc run --ranges` has written of this program, ops stay in fp32
    that have taken or given more than 65504, and a note says so.

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> a = mul(x = x, y = fp32(0.5));
        tensor<fp32, [2]> y = exp(x = a);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x) {
        tensor<fp16, [2]> x_to_fp16 = cast(x = x, dtype = string("fp16"));
        tensor<fp16, [2]> a = mul(x = x_to_fp16, y = fp16(0.5));
        tensor<fp16, [2]> y_cast_fp16 = exp(x = a);
        tensor<fp32, [2]> y = cast(x = y_cast_fp16, dtype = string("fp32"));
    } -> (y);
    ```
    """

    name = "add_fp16_cast"
    exact = False
    options: ClassVar[dict[str, Option]] = {
        "skip_ops_by_type": Option(
            "", "leave ops of these kinds in fp32: `softmax,layer_norm`", *KINDS
        ),
        "skip_ops_by_name": Option(
            "", "leave ops with these results in fp32: `y,loss`", *LISTED, "values"
        ),
        "op_selector": Option(
            None,
            "a function of Python that says which ops to take",
            lambda value: value is None or callable(value),
            "a function of Python",
        ),
        "ranges": Option(
            None,
            "a file of ranges; what was beyond fp16 stays in fp32",
            lambda value: not isinstance(value, bool | int | float | list),
            "the name of a file",
        ),
    }

    def run(self, session: Session) -> None:
        ops = [op for op in walk_ops(session.function) if op.kind != "const"]
        chosen = set(filter(self._chosen(), ops))
        halving = _Halving(session, self._limits(session), chosen)
        idle = halving.idle(ops)
        for op in ops:
            if op in chosen and op.parent is not None and halving.convert(op, op in idle):
                session.counts[self.name] += 1
        halving.widen()

    def _chosen(self) -> Callable[[Op], bool]:
        """What tells the ops that may become fp16."""
        kinds, names = words(self.given["skip_ops_by_type"]), words(self.given["skip_ops_by_name"])
        selector: Callable[[Op], bool] | None = self.given["op_selector"]

        def is_chosen(op: Op) -> bool:
            if op.kind in kinds or (names and any(value.name in names for value in op.results)):
                return False
            return selector is None or selector(op)

        return is_chosen

    def _limits(self, session: Session) -> Mapping[str, float]:
        """How far values reach that are beyond fp16, by name."""
        given = self.given["ranges"]
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            from milc.evaluate.ranges import any_ranges

            given = any_ranges(given)
        if given["function"] != session.function.name:
            return {}
        found = {name: each["absmax"] for name, each in given["values"].items()}
        return {name: far for name, far in found.items() if far is not None and far > LARGEST}


class _Before(NamedTuple):
    """An op as it was, to leave it so if it cannot compute in fp16."""

    args: dict[str, tuple[Operand, ...]]
    attributes: dict[str, Literal]
    constants: list[tuple[Value, Type, Literal | None]]
    """Those that have become fp16 themselves."""
    changes: int


class _Halving:
    """One run over a function: what has become fp16, and what else there is in it."""

    def __init__(
        self, session: Session, beyond: Mapping[str, float], chosen: Container[Op]
    ) -> None:
        self.session = session
        self.beyond = beyond
        self.chosen = chosen
        self.constants = Halves(session.facts)
        self.halves: dict[Value, Value] = {}
        """Values in fp16, by what they stand for."""
        self.narrowed: dict[Value, None] = {}
        """Results that have become fp16."""
        self.taking: dict[Op, Sequence[str]] = {}
        """Arguments that have become fp16."""
        self._halvable: dict[tuple[Any, ...], list[str]] = {}
        self._sound: dict[tuple[Any, ...], list[bool]] = {}
        """By what ops look like in fp16 which of their results are, for those that verify."""

    def idle(self, ops: Sequence[Op]) -> set[Op]:
        """Ops that compute nothing and whose results nobody takes in fp16, as far as can be seen.

        Of a constant, or of what is fp32, casts would be all that changes.
        """
        found: set[Op] = set()
        for op in reversed(ops):
            definition = self._definition(op)
            if definition is not None and computes_nothing(op, definition):
                pairs = [(value, user) for value in op.results for user in value.uses]
                if not any(self._may_take(user, value, found) for value, user in pairs):
                    found.add(op)
        return found

    def _may_take(self, user: Op | Block, value: Value, idle: Container[Op]) -> bool:
        if isinstance(user, Block):
            return True
        definition = self._definition(user)
        if definition is None or user in idle or user not in self.chosen:
            return False
        if not is_numeric(user, definition):
            return False
        return any(value in given_of(user, name) for name in self._may_be_half(user, definition))

    def _definition(self, op: Op) -> Definition | None:
        return index.definition(op.kind, op.opset or self.session.function.opset)

    def convert(self, op: Op, is_idle: bool) -> bool:
        """Let an op compute in fp16; gives whether it could."""
        definition = self._definition(op)
        if definition is None or not is_numeric(op, definition) or not self._is_inferred(op):
            return False
        if is_idle and not any(value in self.narrowed for value in op.values):
            return False
        taken = [n for n in self._may_be_half(op, definition) if self._is_wide(given_of(op, n))]
        if not taken or (self.beyond and self._is_beyond(op)):
            return False
        halves = {}
        for name in taken:
            for operand in given_of(op, name):
                half = self.constants.of(operand) if self._element(operand) is FP32 else None
                if half is None:
                    continue
                if half.is_no_factor if self._is_factor(op, definition, half) else half.is_beyond:
                    return False
                halves[operand] = half
        return self._converted(op, definition, taken, halves)

    def _may_be_half(self, op: Op, definition: Definition) -> list[str]:
        written = (*op.args, *op.attributes) if definition.in_attributes else tuple(op.args)
        key = definition, written
        if key not in self._halvable:
            self._halvable[key] = list(halvable(definition, written))
        return self._halvable[key]

    def _element(self, operand: Operand) -> object:
        """The element type of a tensor."""
        type = operand.type
        if type is TO_INFER and isinstance(operand, Value):
            type = self.session.facts.type_of(operand)
        return type.element if isinstance(type, TensorType) else None

    def _is_wide(self, operands: Sequence[Operand]) -> bool:
        """Whether an argument is of fp32, or was."""
        return any(
            self._element(each) is FP32 or (isinstance(each, Value) and each in self.narrowed)
            for each in operands
        )

    def _is_inferred(self, op: Op) -> bool:
        """Whether types of results follow from operands; a fill may but declare its rank."""
        for value in op.results:
            type = self.session.facts.inferred.get(value)
            if not isinstance(type, TensorType) or type.shape is None:
                return False
        return True

    def _is_factor(self, op: Op, definition: Definition, half: Half) -> bool:
        """Whether a constant multiplies, and not only what is added to others: then it matters
        but that it is not 0.
        """
        if definition.identity != 1 or half.is_no_factor == half.is_beyond:
            return False  # or it does not matter
        users = [user for value in op.results for user in value.uses]
        return not users or not all(self._adds(user) for user in users)

    def _adds(self, user: Op | Block) -> bool:
        found = self._definition(user) if isinstance(user, Op) else None
        return found is not None and found.identity == 0

    def _is_beyond(self, op: Op) -> bool:
        """Whether an op has taken or given too much for fp16, which is noted."""
        for value in (*op.results, *op.values):
            if value.name in self.beyond:
                far = self.beyond[value.name]
                said = f"`{op.kind}` stays in fp32: `{value.name}` reached {far:.4g}"
                self.session.notes.append(Note(said, op))
                return True
        return False

    def _converted(
        self, op: Op, definition: Definition, taken: list[str], halves: Mapping[Operand, Half]
    ) -> bool:
        """Change the arguments of an op, and the types of its results, if that verifies."""
        before = _Before({**op.args}, {**op.attributes}, [], self.session.rewriter.changes)
        unused = [each for name in taken for each in self._take(op, name, halves, before)]
        found = self._verified(op, definition, taken, halves)
        if found is None:
            self._revert(op, before)
        else:
            self.taking[op] = taken
            for value, is_half in zip(op.results, found, strict=True):
                self._settle(value, is_half)
        for each in unused:
            self.session.erase_dead(each)
        if found is None:
            self.session.rewriter.changes = before.changes  # all is as it was
        return found is not None

    def _take(
        self, op: Op, name: str, halves: Mapping[Operand, Half], before: _Before
    ) -> Iterator[Op]:
        """Bind an argument to fp16; gives ops whose result may now be used by nobody."""
        for place, operand in enumerate(given_of(op, name)):
            if self._element(operand) is not FP32:
                continue  # it became fp16 before
            half = halves.get(operand)
            if half is not None and isinstance(operand, Value) and self._is_own(operand, op, name):
                before.constants.append((operand, operand.type, operand.literal))
                self._set_constant(operand, half.literal.type, half.literal)
                continue
            made = self._half(operand, op, half)
            if isinstance(made, Literal) and name in op.attributes:
                self.session.rewriter.set_attribute(op, name, made)
                continue
            self.session.rewriter.set_operand(op, name, place, made)
            yield from [v.op for v in (operand, made) if isinstance(v, Value) and v.op is not None]

    def _is_own(self, constant: Value, op: Op, name: str) -> bool:
        """Whether a constant is one of this argument alone, so that it may become fp16 itself."""
        if constant in self.halves:
            return False
        return len(constant.uses) == 1 and constant.uses.get(op) == op.args[name].count(constant)

    def _set_constant(self, constant: Value, type: Type, literal: Literal | None) -> None:
        assert constant.op is not None
        self.session.rewriter.set_type(constant, type)
        self.session.rewriter.set_attribute(constant.op, "val", literal)

    def _verified(
        self, op: Op, definition: Definition, taken: list[str], halves: Mapping[Operand, Half]
    ) -> list[bool] | None:
        """Which results of an op are fp16 now; None if it does not verify any more.

        Of ops that look the same one is checked, unless rules may ask what their constants are.
        """
        are_asked = not definition.elementwise or any(definition.args[n].const for n in taken)
        if are_asked and not all(half.is_same for half in halves.values()):
            return self._checked(op)
        if any(self.session.facts.known(value) is not None for value in op.results):
            return self._checked(op)
        look = self._look(op, definition)
        found = self._sound.get(look) or self._checked(op)
        if found is not None:
            self._sound[look] = found
        return found

    def _look(self, op: Op, definition: Definition) -> tuple[Any, ...]:
        """What decides which element types the results of an op have."""
        look: list[Any] = [definition, *[self._element(value) for value in op.results]]
        written = (
            [n for n in op.attributes if n in definition.args] if definition.in_attributes else ()
        )
        for name in (*op.args, *written):
            look.append(name)
            for each in given_of(op, name):
                element = self._element(each)
                held = each.literal if isinstance(each, Value) else each
                look += (element, held.content() if held and element is STRING else held is None)
        return tuple(look)

    def _checked(self, op: Op) -> list[bool] | None:
        """The same, by checking it anew. A length may not follow from what is rounded, either."""
        facts = self.session.facts
        before = [(value.type, facts.inferred.pop(value)) for value in op.results]
        for value in op.results:
            value.type = TO_INFER
        count = len(facts.found)
        self.session.learn(op)
        for value, (declared, _) in zip(op.results, before, strict=True):
            value.type = declared
        if any(value not in facts.inferred for value in op.results):
            found = facts.found[count:]
            self.session.refused += [str(each) for each in found if each.code != "MIL0310"]
            return None
        pairs = [(facts.inferred[v], old) for v, old in zip(op.results, before, strict=True)]
        if not all(is_as_long(type, old) for type, olds in pairs for old in olds):
            return None
        return [type.element is FP16 for type, _ in pairs if isinstance(type, TensorType)]

    def _revert(self, op: Op, before: _Before) -> None:
        """Leave an op as it was: what is rounded breaks a rule of it."""
        for constant, type, literal in before.constants:
            self._set_constant(constant, type, literal)
        self.session.rewriter.set_args(op, before.args)
        for name, literal in before.attributes.items():
            self.session.rewriter.set_attribute(op, name, literal)
        self.session.learn(op)

    def _settle(self, value: Value, is_half: bool) -> None:
        """Declare the type that a result has now, in the shape that it was declared with."""
        if not is_half or self._element(value) is FP16:
            return
        inferred = self.session.facts.inferred
        known, declared = inferred[value], value.type
        assert isinstance(known, TensorType)
        assert isinstance(declared, TensorType)
        inferred[value] = TensorType(FP16, known.shape)
        self.session.rewriter.set_type(value, TensorType(FP16, declared.shape))
        self.narrowed[value] = None

    def _half(self, operand: Operand, op: Op, half: Half | None) -> Operand:
        """An operand in fp16: what it was cast from, its constant, or a cast of it."""
        if not isinstance(operand, Value):
            assert half is not None
            return half.literal
        source = cast_from(operand)
        if source is not None and self._element(source) is FP16:
            return source
        known = self.halves.get(operand)
        if known is not None and is_at_hand(known, op):
            return known
        session, name = self.session, f"{operand.name}_to_fp16"

        def make() -> Any:
            if half is not None:
                return session.const(half.literal, name=name)
            return session.new("cast", x=operand, dtype="fp16", name=name)

        made: Value = session.insert(make, op)
        self.halves[operand] = made
        return made

    def widen(self) -> None:
        """Cast results back for all that has not become fp16; a cast takes what there is."""
        for value in self.narrowed:
            uses = [user for user in value.uses if self._needs_wide(user, value)]
            if uses:
                self._widen(value, uses)

    def _needs_wide(self, user: Op | Block, value: Value) -> bool:
        return isinstance(user, Block) or bool(self._wide_args(user, value))

    def _wide_args(self, op: Op, value: Value) -> list[str]:
        if op.kind == "cast":
            return []
        taken = self.taking.get(op, ())
        return [name for name, given in op.args.items() if name not in taken and value in given]

    def _widen(self, value: Value, uses: Sequence[Op | Block]) -> None:
        session, rewriter, source, name = self.session, self.session.rewriter, value.op, value.name
        assert source is not None
        assert source.parent is not None
        is_public = rewriter.is_output(value)
        if is_public:
            rewriter.rename(value, rewriter.fresh_name(f"{name}_cast_fp16"))

        def make() -> Any:
            return session.new("cast", x=value, dtype="fp32", name=f"{name}_to_fp32")

        cast = session.insert(make, source.next or source.parent)
        if is_public:
            session.rename(cast, name)
            rewriter.set_attribute(cast.op, "name", string_literal(name))
        for user in uses:
            if isinstance(user, Block):
                outputs = [cast if each is value else each for each in user.outputs]
                rewriter.set_outputs(user, outputs)
                continue
            for arg in self._wide_args(user, value):
                held = [cast if each is value else each for each in user.args[arg]]
                rewriter.set_arg(user, arg, *held)


def is_numeric(op: Op, definition: Definition) -> bool:
    """Whether an op takes tensors and gives tensors, and is not there to change their type."""
    if definition.name == "cast" or op.blocks or definition.is_open:
        return False
    for operands in op.args.values():
        for operand in operands:
            if not isinstance(operand.type, TensorType):
                return False
    return all(isinstance(value.type, TensorType) for value in op.results)


def computes_nothing(op: Op, definition: Definition) -> bool:
    """Whether an op but moves elements, or gives what follows from constants."""
    moves = definition.reshapes or definition.name == "transpose"
    return moves or all(value.literal is not None for value in op.values)


def given_of(op: Op, name: str) -> tuple[Operand, ...]:
    """What an argument is bound to, which files of some ops have among the attributes."""
    given = op.args.get(name)
    return (op.attributes[name],) if given is None else given


def halvable(definition: Definition, written: Sequence[str]) -> Iterator[str]:
    """The arguments that may be fp16: of the domains that have it, none other."""
    given = [name for name in definition.args if name in written]
    args = definition.args
    domains = {args[name].group for name in given if FP16 in args[name].elements}
    main = next((arg.group for arg in args.values() if arg.elements), "")
    for name in given:
        arg = args[name]
        if arg.elements:
            fits = FP16 in arg.elements and (arg.group == main or not governs_elements(definition))
        else:
            fits = not domains
        if fits:
            yield name


def governs_elements(definition: Definition) -> bool:
    """Whether arguments of a domain of their own are but parameters of a function of an element."""
    return definition.elementwise or index.families().get(definition.name) == "activation"


def cast_from(value: Value) -> Operand | None:
    """What a value was cast from; None if it was not."""
    op = value.op
    return op.arg("x") if op is not None and op.kind == "cast" else None


def is_as_long(type: Type, other: Type) -> bool:
    """Whether two tensors may have the same dimensions, whatever their elements."""
    if not isinstance(type, TensorType) or not isinstance(other, TensorType):
        return False
    return fits(TensorType(type.element, other.shape), type)
