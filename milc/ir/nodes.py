"""The nodes of a program: Program > Function > Block > Op, and the Values that connect ops.

Nodes compare by identity. A block's ops are linked to each other, so that inserting and erasing
cost the same in a block of ten ops and of a hundred thousand. Every value knows its users. Edit
through `milc.ir.rewriter.Rewriter` or build with `milc.ir.builder.Builder`; both keep the links
and use counts true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from milc.diagnostics import Source, Span
from milc.ir.literals import Literal, TensorLiteral
from milc.ir.types import Type


class Value:
    """What an op produces or a function or block takes: a name, a type, and its users.

    `owner` is the Op that produces it, the Block or Function that takes it as an argument, or
    None for a name that nothing defines (which a diagnostic has reported).
    """

    __slots__ = ("_uses", "name", "owner", "span", "type")

    def __init__(
        self,
        name: str,
        type: Type,
        owner: Op | Block | Function | None = None,
        span: Span | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.owner = owner
        self.span = span
        # The only user, or a dict of all of them once there are more or somebody asks: most values
        # have one, and a dict is three times as large as the value.
        self._uses: Op | Block | dict[Op | Block, int] | None = None

    @property
    def uses(self) -> dict[Op | Block, int]:
        """How often each Op or Block names the value among its operands or outputs."""
        held = self._uses
        if not isinstance(held, dict):
            held = self._uses = {} if held is None else {held: 1}
        return held

    @property
    def is_used(self) -> bool:
        """Whether anything uses the value."""
        return bool(self._uses)

    def add_use(self, user: Op | Block) -> None:
        """Count one use more; for whoever puts the value among operands or outputs."""
        if self._uses is None:
            self._uses = user
        else:
            self.uses[user] = self.uses.get(user, 0) + 1

    @property
    def op(self) -> Op | None:
        """The op that produces the value, or None for an argument."""
        return self.owner if self.owner.__class__ is Op else None

    @property
    def literal(self) -> Literal | None:
        """The constant that a `const` gives the value, or None for any other value."""
        op = self.owner
        if op.__class__ is not Op or op.kind != "const":
            return None
        return op.attributes.get("val")

    def __repr__(self) -> str:
        return f"<Value {self.name}: {self.type!r}>"


Operand = Value | Literal
"""What an argument binds: a value by name, or a constant written in place."""


class Op:
    """One operation.

    `kind` is the op's name in MIL (`conv`), `opset` its own suffix (`<ios17>`) or None, `args`
    the operands of each argument (a tuple each, because an argument may be variadic and the
    format does not tell one operand from a list of one), `attributes` what stands in brackets,
    `blocks` the nested blocks, `unknown` serialised protobuf fields this version of milc has no
    name for.
    """

    __slots__ = (
        "args", "attributes", "blocks", "kind", "next", "opset",
        "parent", "prev", "results", "span", "unknown",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        args: dict[str, tuple[Operand, ...]] | None = None,
        results: Iterable[Value] = (),
        attributes: dict[str, Literal] | None = None,
        blocks: Iterable[Block] = (),
        opset: str | None = None,
        span: Span | None = None,
    ) -> None:
        self.kind = kind
        self.args = args if args is not None else {}
        self.results = list(results)
        self.attributes = attributes if attributes is not None else {}
        self.blocks = list(blocks)
        self.opset = opset
        self.span = span
        self.unknown = b""
        self.parent: Block | None = None
        self.prev: Op | None = None
        self.next: Op | None = None
        for operands in self.args.values():
            for operand in operands:
                if isinstance(operand, Value):
                    operand.add_use(self)
        for result in self.results:
            result.owner = self
        for block in self.blocks:
            block.parent = self

    @property
    def name(self) -> str | None:
        """The `name` attribute, which may differ from the names of the results."""
        literal = self.attributes.get("name")
        if not isinstance(literal, TensorLiteral):
            return None
        payload = literal.content()
        return payload[0] if isinstance(payload, tuple) and payload else None

    @property
    def result(self) -> Value:
        """The only result. Raises ValueError if there are several or none."""
        (value,) = self.results
        return value

    @property
    def operands(self) -> Iterator[tuple[str, int, Operand]]:
        """Every operand with its argument's name and its place in it."""
        for name, bound in self.args.items():
            for index, operand in enumerate(bound):
                yield name, index, operand

    @property
    def values(self) -> Iterator[Value]:
        """The values among its operands, each as often as it is named."""
        for bound in self.args.values():
            for operand in bound:
                if operand.__class__ is Value:
                    yield operand

    @property
    def literals(self) -> Iterator[Literal]:
        """The constants written in it: its attributes, then those among its operands."""
        yield from self.attributes.values()
        for bound in self.args.values():
            yield from (operand for operand in bound if isinstance(operand, Literal))

    def arg(self, name: str) -> Operand | None:
        """The only operand of an argument; None if the argument is absent.

        Raises ValueError if it is bound to several or none.
        """
        bound = self.args.get(name)
        if bound is None:
            return None
        (operand,) = bound
        return operand

    def __repr__(self) -> str:
        results = ", ".join(value.name for value in self.results)
        return f"<Op {results} = {self.kind}>"


class Block:
    """A sequence of ops with its own arguments and outputs: a function's body, a branch, …"""

    __slots__ = (
        "attributes", "first", "inputs", "last", "length", "outputs", "parent", "span", "unknown",
    )  # fmt: skip

    def __init__(self, inputs: Iterable[Value] = (), span: Span | None = None) -> None:
        self.inputs = list(inputs)
        self.outputs: list[Value] = []
        self.attributes: dict[str, Literal] = {}
        self.parent: Op | Function | None = None
        self.span = span
        self.unknown = b""
        self.first: Op | None = None
        self.last: Op | None = None
        self.length = 0
        for value in self.inputs:
            value.owner = self

    @property
    def ops(self) -> Iterator[Op]:
        """The ops in order; the op just given may be erased while the walk goes on."""
        op = self.first
        while op is not None:
            following = op.next
            yield op
            op = following

    @property
    def function(self) -> Function | None:
        """The function that holds the block, at whatever depth."""
        block: Block | None = self
        while block is not None:
            parent = block.parent
            if not isinstance(parent, Op):
                return parent
            block = parent.parent
        return None

    def append(self, op: Op) -> Op:
        """Put a new op at the end; for building. Returns it."""
        last = self.last
        op.parent = self
        op.prev = last
        if last is None:
            self.first = op
        else:
            last.next = op
        self.last = op
        self.length += 1
        return op

    def set_outputs(self, values: Iterable[Value]) -> None:
        """Name the block's outputs; for building."""
        for value in self.outputs:
            drop_use(value, self)
        self.outputs = list(values)
        for value in self.outputs:
            value.add_use(self)

    def __len__(self) -> int:
        return self.length

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Block of {self.length} ops>"


class Function:
    """A function: typed inputs, the opset its ops are read by, and its body.

    `opset` is MIL's tag (`ios17`), or the protobuf's own string where milc knows no tag for it.
    `specializations` holds bodies for other opsets, which the format allows and no known writer
    uses; `body` is the one for `opset`.
    """

    __slots__ = (
        "attributes", "body", "inputs", "name", "opset", "span", "specializations", "unknown",
    )  # fmt: skip

    def __init__(
        self, name: str, opset: str, inputs: Iterable[Value] = (), span: Span | None = None
    ) -> None:
        self.name = name
        self.opset = opset
        self.inputs = list(inputs)
        self.attributes: dict[str, Literal] = {}
        self.span = span
        self.unknown = b""
        self.specializations: dict[str, Block] = {}
        self.body = Block()
        self.body.parent = self
        for value in self.inputs:
            value.owner = self

    @property
    def outputs(self) -> list[Value]:
        """The values the function returns."""
        return self.body.outputs

    def __repr__(self) -> str:
        return f"<Function {self.name}<{self.opset}>>"


class Program:
    """A whole program.

    `version` is the text's version, `1.0` or `1.3`, which decides how rank-0 types are written;
    `source` is the text the spans count in, if it came from text; `doc` the protobuf's doc string.
    """

    __slots__ = ("attributes", "doc", "functions", "source", "unknown", "version")

    def __init__(self, version: str = "1.3", source: Source | None = None) -> None:
        self.version = version
        self.source = source
        self.attributes: dict[str, Literal] = {}
        self.functions: dict[str, Function] = {}
        self.doc = ""
        self.unknown = b""

    def add(self, function: Function) -> Function:
        """Add a function under its name. Returns it."""
        self.functions[function.name] = function
        return function

    def __repr__(self) -> str:
        return f"<Program {self.version} of {', '.join(self.functions) or 'no function'}>"


def drop_use(value: Value, user: Op | Block) -> None:
    """Count one use of `value` by `user` less; for this room's own bookkeeping."""
    uses = value.uses
    count = uses[user] - 1
    if count:
        uses[user] = count
    else:
        del uses[user]
