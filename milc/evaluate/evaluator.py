"""One function of a program, made ready once and then run any number of times.

Making it ready binds every op to its definition, reads constants, and finds behind which op each
value is no longer needed. Running it is then a walk over a list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from milc.diagnostics import Diagnostic, MilError
from milc.ir.literals import BlobRef, Literal
from milc.ir.nodes import Value
from milc.ir.types import TO_INFER, TensorType
from milc.ir.walk import captured
from milc.kernels.elements import as_held, dtype_of, rounded
from milc.opsets import index
from milc.schema import Bound, EvaluationError, Symbol
from milc.verify import places
from milc.verify.arguments import bind

if TYPE_CHECKING:
    from milc.ir.literals import TensorLiteral
    from milc.ir.nodes import Block, Function, Op, Operand
    from milc.ir.types import Type
    from milc.schema import OpDef
    from milc.verify.operations import Read


class OpError(MilError):
    """Raised where an op cannot be run; `op` is the one."""

    def __init__(self, finding: Diagnostic, op: Op) -> None:
        super().__init__(finding)
        self.op = op


class State:
    """What a state holds, which `write_state` replaces."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held


class Ran(NamedTuple):
    """An op that has just run."""

    op: Op
    operands: Mapping[str, Any]
    """What its operands are, by the names of the values."""
    results: tuple[Any, ...]
    seconds: float
    """How long it took, without the ops in its blocks."""
    view: OpDef
    """The op with its arguments, which hold what they do only while a hook is called."""

    def arguments(self) -> Iterator[tuple[str, Any]]:
        """What the op took, constants included, each by the name of the value or argument."""
        for name in type(self.view).args:
            given = getattr(self.view, name)
            for bound in given if isinstance(given, tuple) else (given,):
                if bound is not None and bound.operand is not None:
                    operand = bound.operand
                    yield operand.name if isinstance(operand, Value) else name, bound.held


Hook = Callable[[Ran], None]
"""Called with each op when it has run; what it raises ends the run."""


_Result = tuple[Value, np.dtype[Any] | None, tuple[int | None, ...] | None]
"""A result, with dtype and shape if it is a tensor; an array that has both is kept as it is."""

_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What an op may raise if an operand has a form that its definition does not rule out."""

_FEW = 64
"""Of constants with more elements than this, ops read the array; of others Python's numbers."""

_MANY = 4096
"""Of more elements than this, those below 8 bits stay packed until an op runs that takes them."""


class _Step:
    """An op that is ready to run."""

    __slots__ = ("dead", "is_open", "op", "operands", "packed", "results", "view")

    def __init__(
        self,
        op: Op,
        view: OpDef,
        operands: list[tuple[Bound, Value]],
        packed: list[tuple[Bound, Literal]],
        results: list[_Result],
    ) -> None:
        self.op = op
        self.view = view
        self.results = results
        self.operands = operands
        """What is set before it runs: operands that no constant is."""
        self.packed = packed
        """Constants that are unpacked before it runs."""
        self.dead: list[Value] = []
        """What nobody needs behind it."""
        self.is_open = _is_open(op, view)


class Evaluator:
    """A function that is ready to run; the context of its ops, and what runs their blocks.

    `read` gives what a reference into a weight file stands for, or raises a MilError that says why
    it cannot. `inferred` are the types of results
    that the program leaves open. Raises MilError (MIL0907) for an op that is not as its definition
    says, or whose meaning milc does not know. With `only`, nothing but that op is made ready, for
    `run_only`.
    """

    def __init__(
        self,
        function: Function,
        *,
        read: Read | None = None,
        inferred: Mapping[Value, Type] | None = None,
        hook: Hook | None = None,
        seed: int | None = None,
        only: Op | None = None,
    ) -> None:
        self.function = function
        self.hook = hook
        self._read = read
        self._inferred = inferred or {}
        self._constants: dict[Value, Any] = {}
        self._random = np.random.default_rng(seed)
        self._held: dict[Value, Any] = {}
        self._nested = 0.0
        self._steps: dict[Block, list[_Step]] = {}
        if only is None:
            self._prepare(function.body)
        else:
            self._only = self._step(only)

    def run(
        self, inputs: Mapping[Value, Any], states: Mapping[Value, State] | None = None
    ) -> list[Any]:
        """What the function returns for what it is given; see `bind_inputs`.

        What states hold is replaced. Raises MilError where an op has no answer (MIL0908).
        """
        self._held = {**inputs, **(states or {})}
        del inputs
        try:
            with np.errstate(all="ignore"):
                return self._run(self.function.body)
        finally:
            self._held = {}

    @property
    def only(self) -> OpDef:
        """The op that alone is ready, as its definition sees it."""
        return self._only.view

    def run_only(self) -> list[Any]:
        """What the only op gives, whose operands have to be constants."""
        try:
            with np.errstate(all="ignore"):
                self._do(self._only)
            return [self._held[value] for value in self._only.op.results]
        finally:
            self._held = {}

    # What ops ask: a Machine

    def run_block(self, block: Block, inputs: Sequence[Any]) -> list[Any]:
        """Run a nested block."""
        held = self._held
        held.update(zip(block.inputs, inputs, strict=True))
        outputs = self._run(block)
        for value in block.inputs:  # one that no op has used is still there
            held.pop(value, None)
        return outputs

    def generator(self, seed: int | None) -> np.random.Generator:
        """The run's own generator, or the one that a seed starts."""
        return self._random if seed is None else np.random.default_rng(seed)

    # What rules ask: a Context

    def type_of(self, value: Value) -> Type:
        """The type that a value declares, or that inference gives it."""
        return self._inferred.get(value, TO_INFER) if value.type is TO_INFER else value.type

    def known(self, value: Value) -> None:
        """Nothing is known of what is not held."""

    def symbols(self, value: Value) -> None:
        """Nor is any dimension of it a symbol."""

    def origin(self, symbol: Symbol) -> Symbol:
        """A symbol as it is."""
        return symbol

    def is_constant(self, value: Value) -> bool:
        """Every value, since it is there when rules ask."""
        return True

    def read(self, blob: BlobRef) -> TensorLiteral | None:
        """What a reference into a weight file stands for."""
        try:
            return None if self._read is None else self._read(blob)
        except MilError:
            return None

    # Getting ready

    def _prepare(self, block: Block) -> None:
        """Make the steps of a block and of those in it."""
        steps = [self._step(op) for op in block.ops if op.kind != "const"]
        self._steps[block] = steps
        needed = set(block.outputs)
        for step in reversed(steps):
            inside = captured(step.op) if step.op.blocks else []
            for value in (*step.op.values, *inside, *step.op.results):
                if value not in needed and _belongs_to(value, block):
                    step.dead.append(value)
                needed.add(value)
            for nested in step.op.blocks:
                self._prepare(nested)

    def _step(self, op: Op) -> _Step:
        opset = op.opset or self.function.opset
        definition = index.definition(op.kind, opset)
        if definition is None:
            raise _failure(op, "MIL0907", f"{opset} has no op `{op.kind}`")
        binding, faults = bind(op, definition, self)
        if faults:
            raise _failure(op, "MIL0907", faults[0].message)
        view = definition(op, binding, self)
        view.machine = self
        given = chain.from_iterable(
            bound if isinstance(bound, tuple) else (bound,)
            for bound in (getattr(view, name) for name in definition.args)
        )
        open_ones = [b for b in given if b and not self._settle(op, b)]
        packed = [(b, self._found(op, b)) for b in open_ones if _is_packed(b)]
        operands = [(b, b.operand) for b in open_ones if not _is_packed(b)]
        return _Step(op, view, operands, packed, [self._result(value) for value in op.results])

    def _result(self, value: Value) -> _Result:
        type = self.type_of(value)
        if not isinstance(type, TensorType):
            return value, None, None
        return value, dtype_of(type.element), type.shape  # type: ignore[return-value]  # all known

    def _settle(self, op: Op, bound: Bound) -> bool:
        """Whether an operand is a constant, which it then holds."""
        operand: Operand = bound.operand
        if _is_packed(bound):
            return False
        if not isinstance(operand, Value):
            bound.held = self._constant(op, operand)
        elif operand.literal is not None:
            if operand not in self._constants:
                self._constants[operand] = self._constant(op, operand.literal)
            bound.held = self._constants[operand]
        else:
            return False
        _fit(bound)
        if isinstance(bound.held, np.ndarray) and bound.held.size <= _FEW:
            bound.settled = bound.elements
        return True

    def _found(self, op: Op, bound: Bound) -> Literal:
        """The constant that an operand is."""
        operand = bound.operand
        literal = operand.literal if isinstance(operand, Value) else operand
        assert literal is not None
        return self._there(op, literal)

    def _constant(self, op: Op, literal: Literal) -> Any:
        """What a constant is while the program runs."""
        return as_held(self._there(op, literal))

    def _there(self, op: Op, literal: Literal) -> Literal:
        """A constant, out of its file. Raises MilError (MIL0907) if that cannot be read."""
        if not isinstance(literal, BlobRef):
            return literal
        reasons: list[Diagnostic] = []
        try:
            found = None if self._read is None else self._read(literal)
        except MilError as error:
            found, reasons = None, error.diagnostics
        if found is None:
            where = f"the blob at offset {literal.offset} of {literal.path} cannot be read"
            failure = _failure(op, "MIL0907", where)
            failure.diagnostics[0].notes = tuple(map(_said, reasons))
            raise failure
        return found

    # Running

    def _run(self, block: Block) -> list[Any]:
        """Run the steps of a block; what it returns, which is then held no longer."""
        held = self._held
        for step in self._steps[block]:
            for bound, value in step.operands:
                given = bound.held = held[value]
                if given.__class__ is np.ndarray and given.shape != bound.shape:
                    _fit(bound)
            self._do(step)
            for bound, _ in step.operands:
                bound.held = None
            for value in step.dead:
                held.pop(value, None)
        outputs = [self._output(value) for value in block.outputs]
        for value in block.outputs:
            if _belongs_to(value, block):
                held.pop(value, None)
        return outputs

    def _output(self, value: Value) -> Any:
        if value.literal is None:
            return self._held[value]
        if value not in self._constants:
            assert value.op is not None
            self._constants[value] = self._constant(value.op, value.literal)
        return self._constants[value]

    def _do(self, step: _Step) -> None:
        """Run one op, and hold what it gives."""
        view, op = step.view, step.op
        outer, self._nested = self._nested, 0.0
        began = time.perf_counter()
        given = self._computed(step)
        if len(step.results) == 1 and given.__class__ is not tuple:
            given = (given,)
        for result, each in zip(step.results, given or (), strict=True):
            value, dtype, shape = result
            fits = each.__class__ is np.ndarray and each.dtype is dtype and each.shape == shape
            self._held[value] = each if fits else self._kept(op, value, each)
        spent = time.perf_counter() - began
        if self.hook is not None:
            operands = {value.name: bound.held for bound, value in step.operands}
            made = tuple([self._held[value] for value in op.results])
            self.hook(Ran(op, operands, made, spent - self._nested, view))
        for bound, _ in step.packed:
            bound.held = None
        self._nested = outer + spent

    def _computed(self, step: _Step) -> Any:
        """What an op gives. Raises OpError (MIL0908, MIL0919)."""
        op = step.op
        try:
            for bound, literal in step.packed:
                bound.held = as_held(literal)
            if step.is_open:
                _check(step.view)
            return step.view.evaluate()
        except EvaluationError as error:
            raise _failure(op, "MIL0908", f"{op.kind} has no answer: {error}") from None
        except MemoryError as error:
            raise _failure(op, "MIL0908", f"{op.kind} has no room: {error}") from None
        except _UNFORESEEN as error:
            if op.blocks:  # what a hook has raised, or an op in a block
                raise
            message = f"{op.kind} cannot be computed of operands of this form: {error}"
            raise _failure(op, "MIL0919", message) from error

    def _kept(self, op: Op, value: Value, given: Any) -> Any:
        """A result as its type says that it is."""
        type = self.type_of(value)
        if not isinstance(type, TensorType):
            return given
        made = rounded(given, type.element)
        if type.shape is not None and made.shape != type.shape and _contradicts(type, made):
            message = f"`{value.name}` is declared as {type!r}, but has the shape {made.shape}"
            raise _failure(op, "MIL0909", message)
        return made


def _fit(bound: Bound) -> None:
    """Let an operand have the type of what it holds, where its own leaves that open."""
    held = bound.held
    if isinstance(held, np.ndarray) and held.shape != bound.shape:
        bound.shape = held.shape
        bound.type = TensorType(bound.element, held.shape)


def _is_packed(bound: Bound) -> bool:
    """Whether an operand is a constant that takes more room as an array than in its file."""
    operand, type = bound.operand, bound.type
    is_constant = not isinstance(operand, Value) or operand.literal is not None
    if not is_constant or not isinstance(type, TensorType):
        return False
    return 0 < type.element.bits < 8 and (type.count or 0) > _MANY


def _check(view: OpDef) -> None:
    """Check what verification could not, for want of shapes and values. Raises EvaluationError."""
    for rule in view.constraints:
        verdict = rule.check(view)
        if verdict is not None and verdict is not True:
            detail = f": {verdict}" if isinstance(verdict, str) else ""
            raise EvaluationError(f"it breaks {rule.label}, that {rule.sentence}{detail}")


def _is_open(op: Op, view: OpDef) -> bool:
    """Whether constraints may depend on what is not known before the program runs."""
    for bound in view.__dict__.values():
        for each in bound if isinstance(bound, tuple) else (bound,):
            if not isinstance(each, Bound) or each.held is not None:
                continue
            if not isinstance(each.type, TensorType) or each.type.count is None:
                return True
            if each.element.is_integer and each.rank <= 1 and len(view.args) > 2:
                return True
    return False


def _contradicts(type: TensorType, made: np.ndarray[Any, Any]) -> bool:
    """Whether an array has a shape that a type does not allow."""
    if type.rank is None or type.shape is None:
        return False
    dims = zip(type.shape, made.shape, strict=False)
    return type.rank != made.ndim or any(d is not None and d != n for d, n in dims)


def _belongs_to(value: Value, block: Block) -> bool:
    """Whether a block, or the function that it is the body of, brings a value about."""
    owner = value.owner
    return owner is block or owner is block.parent or getattr(owner, "parent", None) is block


def _said(reason: Diagnostic) -> str:
    return f"{reason.path}: {reason.message}" if reason.path else reason.message


def _failure(op: Op, code: str, message: str) -> OpError:
    return OpError(Diagnostic(code, message, places.of_kind(op)), op)
