"""Making programs, and parts of programs, from Python.

    >>> from milc.ir.builder import Builder
    >>> from milc.ir.types import BOOL, FP32, INT32
    >>> builder = Builder(opset="ios17")
    >>> with builder.function("main", x=FP32(1, 4), pred=FP32(1)) as (x, pred):
    ...     half = builder.op("mul", FP32(1, 4), x=x, y=0.5, name="half")
    ...     flag = builder.op("cast", BOOL(1), x=pred, dtype="bool")
    ...     with builder.cond(flag, name="y") as choice:
    ...         with choice.then():
    ...             builder.outputs(builder.op("relu", FP32(1, 4), x=half))
    ...         with choice.otherwise():
    ...             builder.outputs(builder.op("abs", FP32(1, 4), x=half))
    ...     builder.outputs(choice.result)
    >>> [op.kind for op in builder.program.functions["main"].body.ops]
    ['const', 'mul', 'const', 'cast', 'cond']

Imports diagnostics and this room only; numpy is used if an array comes in, and not imported.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from milc.ir.constants import TypeLike, as_type, is_constant, literal
from milc.ir.literals import WEIGHT_FILE, BlobRef, Literal, string_literal
from milc.ir.names import Names
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.types import SCALAR_STRING, DictType, ElementType, StateType, TensorType, Type
from milc.ir.walk import function_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from milc.diagnostics import Span
    from milc.ir.rewriter import Rewriter

_EARLY_OPSETS = frozenset({"ios15", "ios16", "ios17"})


class Builder:
    """Builds a program op by op, each op at the end of the innermost open block.

    Result types are written out: a builder knows no opset. What is bound to an argument may be

    - a `Value`, such as an earlier result;
    - a Python value, a list of them, or a numpy array: it becomes a `const` op of its own in
      front, as coremltools writes it. A Python float takes the float type of the op's first
      operand that has one, else fp32; other types are those of `milc.ir.constants.literal`;
    - a `Literal`: it stands in the argument itself;
    - a list or tuple with at least one `Value` or `Literal` in it: a variadic argument;
    - None: the argument is left out.

    A `name` is a wish: if it is taken, a number is put behind it, and without one the op is named
    after its kind. `program` is what has been built; nothing is verified on the way.
    """

    def __init__(
        self,
        *,
        opset: str = "ios18",
        version: str | None = None,
        build_info: Mapping[str, str] | None = None,
    ) -> None:
        """Begin a program. `version` is by default the one that the opset's first release reads."""
        self.program = Program(version or ("1.0" if opset in _EARLY_OPSETS else "1.3"))
        self.opset = opset
        self._names = Names()
        self._places: list[_Place] = []
        if build_info is not None:
            info = literal(build_info, DictType(SCALAR_STRING, SCALAR_STRING))
            self.program.attributes["buildInfo"] = info

    @classmethod
    def at(
        cls,
        rewriter: Rewriter,
        *,
        before: Op | None = None,
        after: Op | None = None,
        end: Block | None = None,
    ) -> Builder:
        """A builder that puts ops into an existing function, through its rewriter.

        They stand before an op, after it, or at the end of a block; name one of the three. New
        ops have the span of the op they stand beside. Raises ValueError if the place is not in
        the rewriter's function.
        """
        anchor = before or after
        block = end if anchor is None else anchor.parent
        if block is None or function_of(block) is not rewriter.function:
            raise ValueError(f"name a place in {rewriter.function!r}")
        builder = cls(opset=rewriter.function.opset)
        builder._names = rewriter.names
        following = after.next if after is not None else before
        span = anchor.span if anchor is not None else None
        builder._places.append(_Place(block, rewriter, following, span))
        return builder

    # Functions and blocks

    @contextmanager
    def function(
        self,
        name: str = "main",
        inputs: Mapping[str, TypeLike] | None = None,
        /,
        *,
        opset: str | None = None,
        **more: TypeLike,
    ) -> Iterator[tuple[Value, ...]]:
        """Open a function; gives its inputs, in order. Inputs are named by keyword or in a mapping.

        Raises ValueError if a function is open, or if the program has one of that name.
        """
        if self._places or name in self.program.functions:
            raise ValueError(f"function {name} cannot begin here: it exists, or another is open")
        self._names = Names()
        values = self._arguments({**(inputs or {}), **more})
        function = Function(name, opset or self.opset, values)
        with self._open(function.body):
            yield tuple(values)
        self.program.add(function)

    @contextmanager
    def block(
        self, inputs: Mapping[str, TypeLike] | None = None, /, **more: TypeLike
    ) -> Iterator[Block]:
        """Open a nested block for an op that is made afterwards: `op(…, blocks=[block])`.

        `cond` and `while_loop` do this for the two ops that have blocks today.
        """
        block = Block(self._arguments({**(inputs or {}), **more}))
        with self._open(block):
            yield block

    def outputs(self, *values: Value) -> None:
        """Say what the innermost open function or block returns."""
        self._place.block.set_outputs(values)

    def cond(
        self, pred: Value | bool, /, *, types: Sequence[TypeLike] | None = None, name: str = ""
    ) -> Cond:
        """Open a `cond`; use it as a context manager, and its `then` and `otherwise` within.

        The results have the types of what both branches return, or `types`, if they differ in
        unknown dimensions.
        """
        return Cond(self, pred, types, self._wish(name, "cond"))

    def while_loop(self, *loop_vars: Any, name: str = "") -> WhileLoop:
        """Open a `while_loop`; use it as a context manager, and its `condition` and `body` within.

        Both open a block and give its arguments, one for each loop variable and of its type. The
        condition returns one bool; the body returns the next values, of the same types.
        """
        return WhileLoop(self, loop_vars, self._wish(name, "while_loop"))

    # Ops

    @overload
    def op(
        self,
        kind: str,
        type: TypeLike,
        /,
        *,
        name: str = ...,
        attributes: Mapping[str, Any] | None = ...,
        blocks: Iterable[Block] = ...,
        opset: str | None = ...,
        **args: Any,
    ) -> Value: ...

    @overload
    def op(
        self,
        kind: str,
        types: Sequence[TypeLike],
        /,
        *,
        name: str = ...,
        results: Sequence[str] | None = ...,
        attributes: Mapping[str, Any] | None = ...,
        blocks: Iterable[Block] = ...,
        opset: str | None = ...,
        **args: Any,
    ) -> tuple[Value, ...]: ...

    def op(
        self,
        kind: str,
        types: TypeLike | Sequence[TypeLike],
        /,
        *,
        name: str = "",
        results: Sequence[str] | None = None,
        attributes: Mapping[str, Any] | None = None,
        blocks: Iterable[Block] = (),
        opset: str | None = None,
        **args: Any,
    ) -> Value | tuple[Value, ...]:
        """Add an op; gives its result, or a tuple of its results if `types` is a sequence.

        `name` names the op and its only result; of several results the i-th is `name_i`, or as
        `results` says. `attributes` are Python values or literals. Raises TypeError, ValueError or
        OverflowError for a value that no literal can be made of, as `milc.ir.constants.literal`
        does, and ValueError where no function is open.
        """
        name = self._wish(name, kind)
        single = isinstance(types, Type | ElementType)
        if isinstance(types, Type | ElementType):
            values = [Value(name, as_type(types))]
        else:
            values = self._results(name, types, results)
        held = {key: literal(value) for key, value in (attributes or {}).items()}
        bound = self._bind(name, args)
        held.setdefault("name", string_literal(name))
        self._emit(Op(kind, bound, values, held, blocks, opset))
        return values[0] if single else tuple(values)

    def const(self, value: Any, type: TypeLike | None = None, /, *, name: str = "") -> Value:
        """Add a `const` of a Python value, a numpy array or a literal; gives its result.

        `type` may be an element type, which leaves the shape to the value, or a whole type.
        Raises what `milc.ir.constants.literal` raises.
        """
        held = literal(value, type)
        name = self._wish(name, "const")
        result = Value(name, held.type)
        self._emit(Op("const", None, [result], {"name": string_literal(name), "val": held}))
        return result

    def blob(
        self, type: TensorType, offset: int, path: str = WEIGHT_FILE, /, *, name: str = ""
    ) -> Value:
        """Add a `const` whose value lies in a weight file, at the offset of its metadata record."""
        return self.const(BlobRef(type, path, offset), name=name)

    def read_state(self, state: Value, /, *, name: str = "") -> Value:
        """Add a `read_state`; gives what the state holds. Raises TypeError if it is no state."""
        if not isinstance(state.type, StateType):
            raise TypeError(f"{state!r} is no state")
        return self.op("read_state", state.type.wrapped, input=state, name=name)

    def write_state(self, state: Value, data: Any, /, *, name: str = "") -> None:
        """Add a `write_state`, which has no result."""
        self.op("write_state", (), input=state, data=data, name=name)

    # Within

    @property
    def _place(self) -> _Place:
        if not self._places:
            raise ValueError("no function is open")
        return self._places[-1]

    @contextmanager
    def _open(self, block: Block) -> Iterator[None]:
        span = self._places[-1].span if self._places else None
        self._places.append(_Place(block, span=span))
        try:
            yield
        finally:
            self._places.pop()

    def _arguments(self, types: Mapping[str, TypeLike]) -> list[Value]:
        return [Value(self._argument_name(name), as_type(type)) for name, type in types.items()]

    def _argument_name(self, name: str) -> str:
        # The names of a function's inputs are the caller's: they stay, reserved words or not.
        if self._places:
            return self._names.fresh(name)
        self._names.take(name)
        return name

    def _wish(self, name: str, kind: str) -> str:
        return self._names.fresh(name) if name else self._names.numbered(kind)

    def _results(
        self, name: str, types: Sequence[TypeLike], wishes: Sequence[str] | None = None
    ) -> list[Value]:
        if wishes is None:
            wishes = [f"{name}_{index}" for index in range(len(types))]
        if len(wishes) != len(types):
            raise ValueError(f"{len(wishes)} names for {len(types)} results")
        pairs = zip(wishes, types, strict=True)
        return [Value(self._names.fresh(wish), as_type(type)) for wish, type in pairs]

    def _emit(self, op: Op) -> None:
        self._place.put(op)

    def _bind(self, name: str, args: Mapping[str, Any]) -> dict[str, tuple[Value | Literal, ...]]:
        """Turn what is bound to arguments into operands, constants in front."""
        given = {arg: value for arg, value in args.items() if value is not None}
        float_type = _float_type(given.values())
        bound: dict[str, tuple[Value | Literal, ...]] = {}
        for arg, value in given.items():
            if _is_variadic(value):
                parts = [(part, f"{name}_{arg}{index}_0") for index, part in enumerate(value)]
            else:
                parts = [(value, f"{name}_{arg}_0")]
            bound[arg] = tuple(self._operand(part, wish, float_type) for part, wish in parts)
        return bound

    def _operand(self, given: Any, name: str, float_type: ElementType | None) -> Value | Literal:
        if isinstance(given, Value | Literal):
            return given
        if not is_constant(given):
            raise TypeError(f"{given!r} is neither a value nor a constant")
        made = literal(given)
        if float_type is not None and _is_python_float(given, made):
            made = literal(given, float_type)
        return self.const(made, name=name)


class _Place:
    """Where ops go: to the end of a new block, or into an existing one through a rewriter."""

    __slots__ = ("before", "block", "rewriter", "span")

    def __init__(
        self,
        block: Block,
        rewriter: Rewriter | None = None,
        before: Op | None = None,
        span: Span | None = None,
    ) -> None:
        self.block = block
        self.rewriter = rewriter
        self.before = before
        self.span = span

    def put(self, op: Op) -> None:
        """Put an op there, with the span of what it stands beside."""
        if self.span is not None:
            op.span = self.span
            for value in op.results:
                value.span = self.span
        if self.rewriter is None:
            self.block.append(op)
        elif self.before is None:
            self.rewriter.append(self.block, op)
        else:
            self.rewriter.insert_before(self.before, op)


class _Nest:
    """What `cond` and `while_loop` share: two blocks, then an op that holds them."""

    kind: str

    def __init__(self, builder: Builder, name: str) -> None:
        self._builder = builder
        self._name = name
        self._blocks: dict[str, Block] = {}
        self._results: tuple[Value, ...] | None = None

    @property
    def results(self) -> tuple[Value, ...]:
        """The results of the op; there are none before the outer `with` ends."""
        if self._results is None:
            raise ValueError(f"{self.kind} {self._name} is not complete yet")
        return self._results

    @property
    def result(self) -> Value:
        """The only result. Raises ValueError if there are several or none."""
        (value,) = self.results
        return value

    @contextmanager
    def _part(self, part: str, inputs: Iterable[Value] = ()) -> Iterator[tuple[Value, ...]]:
        block = Block(inputs)
        with self._builder._open(block):
            yield tuple(block.inputs)
        self._blocks[part] = block

    def _two(self, first: str, second: str) -> list[Block]:
        missing = [part for part in (first, second) if part not in self._blocks]
        if missing:
            raise ValueError(f"{self.kind} {self._name} has no {' and no '.join(missing)} block")
        return [self._blocks[first], self._blocks[second]]

    def _finish(
        self, types: Sequence[TypeLike], args: Mapping[str, Any], blocks: Sequence[Block]
    ) -> None:
        builder = self._builder
        if len(types) == 1:
            # The name is this op's already; it was reserved when the op was begun.
            values = [Value(self._name, as_type(types[0]))]
        else:
            values = builder._results(self._name, types)
        attributes: dict[str, Literal] = {"name": string_literal(self._name)}
        builder._emit(Op(self.kind, dict(args), values, attributes, blocks))
        self._results = tuple(values)


class Cond(_Nest):
    """A `cond` under construction."""

    kind = "cond"

    def __init__(
        self, builder: Builder, pred: Value | bool, types: Sequence[TypeLike] | None, name: str
    ) -> None:
        super().__init__(builder, name)
        self._types = types
        self._args = builder._bind(name, {"pred": pred})

    def __enter__(self) -> Cond:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        blocks = self._two("then", "otherwise")
        types, others = ([value.type for value in block.outputs] for block in blocks)
        if self._types is None and types != others:
            raise ValueError(f"the branches return {types!r} and {others!r}; give the types")
        self._finish(types if self._types is None else self._types, self._args, blocks)

    @contextmanager
    def then(self) -> Iterator[None]:
        """Open the block for true."""
        with self._part("then"):
            yield

    @contextmanager
    def otherwise(self) -> Iterator[None]:
        """Open the block for false."""
        with self._part("otherwise"):
            yield


class WhileLoop(_Nest):
    """A `while_loop` under construction."""

    kind = "while_loop"

    def __init__(self, builder: Builder, loop_vars: Sequence[Any], name: str) -> None:
        super().__init__(builder, name)
        bound = builder._bind(name, {f"loop_vars{i}": var for i, var in enumerate(loop_vars)})
        self._vars = [operand for operands in bound.values() for operand in operands]

    def __enter__(self) -> WhileLoop:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            blocks = self._two("condition", "body")
            types = [value.type for value in self._vars]
            self._finish(types, {"loop_vars": tuple(self._vars)}, blocks)

    def condition(self) -> AbstractContextManager[tuple[Value, ...]]:
        """Open the block that says whether the body runs once more."""
        return self._block("condition")

    def body(self) -> AbstractContextManager[tuple[Value, ...]]:
        """Open the block that computes the next values."""
        return self._block("body")

    def _block(self, part: str) -> AbstractContextManager[tuple[Value, ...]]:
        names = (var.name if isinstance(var, Value) else self._name for var in self._vars)
        pairs = zip(names, self._vars, strict=True)
        numbered = self._builder._names.numbered
        return self._part(part, [Value(numbered(name), var.type) for name, var in pairs])


def _is_variadic(given: object) -> bool:
    return isinstance(given, list | tuple) and any(isinstance(p, Value | Literal) for p in given)


def _float_type(given: Iterable[Any]) -> ElementType | None:
    """The element type of the first operand that is a tensor of floats."""
    parts = (part for value in given for part in (value if _is_variadic(value) else (value,)))
    types = (part.type for part in parts if isinstance(part, Value | Literal))
    elements = (type.element for type in types if isinstance(type, TensorType))
    return next((element for element in elements if element.is_float), None)


def _is_python_float(given: Any, made: Literal) -> bool:
    is_float = isinstance(made.type, TensorType) and made.type.element.is_float
    return is_float and not hasattr(given, "dtype")
