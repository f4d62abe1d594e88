"""Computing with floats of 16 bits instead of 32."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from milc.ir.literals import TensorLiteral, string_literal
from milc.ir.nodes import Block, Op, Value
from milc.ir.types import FP16, FP32, TO_INFER, TensorType
from milc.ir.walk import walk_ops
from milc.kernels import np
from milc.opsets import index
from milc.passes.base import LISTED, Option, Pass, words
from milc.passes.casts import is_at_hand
from milc.passes.session import Note
from milc.schema import Bound

if TYPE_CHECKING:
    from milc.ir.literals import Literal
    from milc.ir.nodes import Operand
    from milc.ir.types import Type
    from milc.kernels import Array
    from milc.passes.session import Session
    from milc.schema import OpDef

LARGEST = 65504.0
"""The largest number that an fp16 is."""
SMALLEST = 2.0**-24
"""The smallest that is above 0."""
UNBOUNDED = 1e38
"""From here on a number stands for infinity, as in masks."""
FEW = 400
"""In constants of fewer elements each one that would vanish counts; in weights it is noise."""


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
    (`epsilon`, `alpha`) stay in fp32 where its definition takes them so, from ios17 on.

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
        "skip_ops_by_name": Option("", "leave ops with these results in fp32: `y,loss`", *LISTED),
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
        halving = _Halving(session, self._limits(session))
        for op in list(walk_ops(session.function)):
            view = session.view(op) if op.parent is not None and op.kind != "const" else None
            if view is not None and self._is_chosen(op) and halving.convert(view):
                session.counts[self.name] += 1
        halving.widen()

    def _is_chosen(self, op: Op) -> bool:
        selector: Callable[[Op], bool] | None = self.given["op_selector"]
        if selector is not None and not selector(op):
            return False
        named = words(self.given["skip_ops_by_name"])
        return op.kind not in words(self.given["skip_ops_by_type"]) and not any(
            value.name in named for value in op.results
        )

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


class _Halving:
    """One run over a function: what has become fp16, and what else there is in it."""

    def __init__(self, session: Session, beyond: Mapping[str, float]) -> None:
        self.session = session
        self.beyond = beyond
        self.halves: dict[Value, Value] = {}
        self.narrowed: dict[Value, None] = {}
        """Results that have become fp16."""
        self.taking: set[tuple[Op, str]] = set()
        """Arguments that have become fp16."""

    def convert(self, op: OpDef) -> bool:
        """Let an op compute in fp16; gives whether it could."""
        if not is_numeric(op) or not self._is_inferred(op.op):
            return False
        taken = [name for name in halvable(op) if self._is_wide(getattr(op, name))]
        is_factor = op.identity == 1 and not self._is_added(op.op)
        if not taken or any(_is_too_far(each, is_factor) for each in constants(op, taken)):
            return False
        return not self._is_beyond(op.op) and self._converted(op, taken)

    def _is_wide(self, given: Any) -> bool:
        """Whether an argument is of fp32, or was."""
        parts = given if isinstance(given, tuple) else (given,)
        return any(
            isinstance(each.type, TensorType)
            and (each.element is FP32 or each.operand in self.narrowed)
            for each in parts
        )

    def _is_inferred(self, op: Op) -> bool:
        """Whether types of results follow from operands; a fill may but declare its rank."""
        found = [self.session.facts.inferred.get(value) for value in op.results]
        return all(isinstance(type, TensorType) and type.shape is not None for type in found)

    def _is_added(self, op: Op) -> bool:
        """Whether a result is but added to others, so that it matters only that it is not 0."""
        users = [user for value in op.results for user in value.uses]
        views = [self.session.view(user) if isinstance(user, Op) else None for user in users]
        return bool(users) and all(view is not None and view.identity == 0 for view in views)

    def _is_beyond(self, op: Op) -> bool:
        """Whether an op has taken or given too much for fp16, which is noted."""
        for value in (*op.results, *op.values):
            if value.name in self.beyond:
                far = self.beyond[value.name]
                said = f"`{op.kind}` stays in fp32: `{value.name}` reached {far:.4g}"
                self.session.notes.append(Note(said, op))
                return True
        return False

    def _converted(self, op: OpDef, taken: Sequence[str]) -> bool:
        """Change the arguments of an op, and the types of its results, if that verifies."""
        session, node = self.session, op.op
        unused = [value.op for value in node.values if value.op is not None]
        args, attributes = dict(node.args), dict(node.attributes)
        for name in taken:
            unused += self._take(op, name)
        wide = [value.type for value in node.results]
        for value in node.results:
            value.type = TO_INFER
        found = len(session.facts.found)
        session.facts.check(node, node.opset or session.function.opset)
        fits = len(session.facts.found) == found
        if fits:
            self.taking.update([(node, name) for name in taken])
            for value, old in zip(node.results, wide, strict=True):
                self._settle(value, old)
        else:
            self._revert(node, args, attributes, wide)
        for each in unused:
            session.erase_dead(each)
        return fits

    def _take(self, op: OpDef, name: str) -> list[Op]:
        """Bind an argument to fp16; gives ops whose result may now be used by nobody."""
        given, node = getattr(op, name), op.op
        parts = given if isinstance(given, tuple) else (given,)
        if all(each.element is not FP32 for each in parts):
            return []  # they became fp16 before
        halves = self.session.insert(lambda: [self._half(each, node) for each in parts], node)
        if name in node.args:
            self.session.rewriter.set_arg(node, name, *halves)
        else:
            self.session.rewriter.set_attribute(node, name, halves[0].literal)
        return [each.op for each in halves if isinstance(each, Value) and each.op is not None]

    def _revert(
        self,
        op: Op,
        args: Mapping[str, tuple[Operand, ...]],
        attributes: Mapping[str, Literal],
        types: Sequence[Type],
    ) -> None:
        """Leave an op as it was, which is for faults of this pass alone."""
        said = self.session.facts.found[-1].message
        self.session.refused.append(f"{op.kind}: {said}")
        self.session.rewriter.set_args(op, args)
        for name, literal in attributes.items():
            self.session.rewriter.set_attribute(op, name, literal)
        for value, type in zip(op.results, types, strict=True):
            value.type = type

    def _settle(self, value: Value, old: Type) -> None:
        """Declare the type that a result has now, in the shape that it was declared with."""
        new = self.session.facts.inferred[value]
        assert isinstance(old, TensorType)
        assert isinstance(new, TensorType)
        value.type = old
        if new.element is not old.element:
            self.session.rewriter.set_type(value, TensorType(new.element, old.shape))
            self.narrowed[value] = None

    def _half(self, bound: Bound, op: Op) -> Any:
        """An operand in fp16: what it was cast from, its constant, or a cast of it."""
        operand = bound.operand
        if bound.element is not FP32:
            return operand
        cast = self.session.producer(bound, "cast")
        if cast is not None and cast.x.element is FP16:
            return cast.x.operand
        known = self.halves.get(operand) if isinstance(operand, Value) else None
        if known is not None and is_at_hand(known, op):
            return known
        literal = bound.literal
        name = f"{operand.name if isinstance(operand, Value) else op.results[0].name}_to_fp16"
        if isinstance(literal, TensorLiteral):
            made = self.session.const(halved(literal.numpy()), name=name)
        else:
            made = self.session.new("cast", x=operand, dtype="fp16", name=name)
        if isinstance(operand, Value):
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
        names = [name for name, given in op.args.items() if value in given]
        return [name for name in names if (op, name) not in self.taking]

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


def is_numeric(op: OpDef) -> bool:
    """Whether an op takes tensors and gives tensors, and is not there to change their type."""
    if op.name == "cast" or op.op.blocks or op.is_open:
        return False
    values = [*op.op.values, *op.op.results]
    return all(isinstance(value.type, TensorType) for value in values)


def halvable(op: OpDef) -> Iterator[str]:
    """The arguments that may be fp16: of the domains that have it, none other."""
    written = {*op.op.args, *op.op.attributes} if op.in_attributes else op.op.args
    given = [name for name in op.args if name in written]
    domains = {op.args[name].group for name in given if FP16 in op.args[name].elements}
    main = next((arg.group for arg in op.args.values() if arg.elements), "")
    for name in given:
        arg = op.args[name]
        if arg.elements:
            fits = FP16 in arg.elements and (arg.group == main or not governs_elements(op))
        else:
            fits = not domains
        if fits:
            yield name


def governs_elements(op: OpDef) -> bool:
    """Whether arguments of a domain of their own are but parameters of a function of an element."""
    return op.elementwise or index.families().get(op.name) == "activation"


def constants(op: OpDef, names: Iterable[str]) -> Iterator[Array]:
    """The constants of fp32 that some arguments of an op are, a large one too."""
    for name in names:
        given = getattr(op, name)
        for bound in given if isinstance(given, tuple) else (given,):
            literal = bound.literal if bound.element is FP32 else None
            if isinstance(literal, TensorLiteral):
                yield literal.numpy()


def _is_too_far(array: Array, is_factor: bool) -> bool:
    """Whether a constant cannot be fp16 without changing what an op computes."""
    if not array.size:
        return False
    low, high = float(array.min()), float(array.max())
    if max(-low, high) > SMALLEST and max(-low, high) <= LARGEST:
        return False
    size = np.abs(array)
    finite = size[np.isfinite(size) if is_factor else size < UNBOUNDED]
    largest = finite.max(initial=0.0)
    return bool(largest > LARGEST or (is_factor and 0 < largest <= SMALLEST / 2))


def halved(array: Array) -> Array:
    """A constant in fp16. Of few elements none becomes 0 that was not."""
    with np.errstate(over="ignore"):
        half: Array = array.astype("f2")
    if array.size >= FEW:
        return half
    vanished = (half == 0) & (array != 0)
    if not vanished.any():
        return half
    return np.where(vanished, np.copysign(SMALLEST, array), half).astype("f2")
