"""Computing with floats of 16 bits instead of 32."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from milc.ir.literals import TensorLiteral
from milc.ir.nodes import Op, Value
from milc.ir.types import FP16, FP32, TensorType
from milc.ir.walk import walk_ops
from milc.kernels import np
from milc.opsets import index
from milc.passes.base import Option, Pass
from milc.passes.casts import is_at_hand
from milc.passes.session import Note
from milc.schema import Bound

if TYPE_CHECKING:
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
        tensor<fp16, [2]> a_cast_fp16 = mul(x = x_to_fp16, y = fp16(0.5));
        tensor<fp16, [2]> y_cast_fp16 = exp(x = a_cast_fp16);
        tensor<fp32, [2]> y = cast(x = y_cast_fp16, dtype = string("fp32"));
    } -> (y);
    ```
    """

    name = "add_fp16_cast"
    exact = False
    options: ClassVar[dict[str, Option]] = {
        "skip_ops_by_type": Option("", "leave ops of these kinds in fp32: `softmax,layer_norm`"),
        "skip_ops_by_name": Option("", "leave ops with these results in fp32: `y,loss`"),
        "op_selector": Option(None, "a function of Python that says which ops to take"),
        "ranges": Option(None, "a file of ranges; what was beyond fp16 stays in fp32"),
    }

    def run(self, session: Session) -> None:
        halving = _Halving(session, self._limits(session))
        for op in list(walk_ops(session.function)):
            view = session.view(op) if op.parent is not None and op.kind != "const" else None
            if view is not None and self._is_chosen(op) and halving.convert(view):
                session.counts[self.name] += 1

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


def words(given: Any) -> frozenset[str]:
    """What a list of words names, or a text with commas between them."""
    parts = given.split(",") if isinstance(given, str) else given
    return frozenset([each.strip() for each in parts if each.strip()])


class _Halving:
    """One run over a function: what is there in fp16 already."""

    def __init__(self, session: Session, beyond: Mapping[str, float]) -> None:
        self.session = session
        self.beyond = beyond
        self.halves: dict[Value, Value] = {}

    def convert(self, op: OpDef) -> bool:
        """Put an op of fp16 in the place of one of fp32; gives whether it could."""
        if not is_numeric(op) or not self._is_inferred(op.op):
            return False
        taken = dict(operands(op))
        is_factor = op.identity == 1 and not self._is_added(op.op)
        if not taken or any(_is_too_far(each, is_factor) for each in constants(op)):
            return False
        return not self._is_beyond(op.op) and self.session.replace(
            op.op, lambda: self._converted(op, taken)
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

    def _converted(self, op: OpDef, taken: Mapping[str, Any]) -> Any:
        session = self.session
        changed = {
            name: tuple([self._half(each, op.op) for each in given])
            if isinstance(given, tuple)
            else self._half(given, op.op)
            for name, given in taken.items()
        }
        base = op.op.results[0].name
        made = session.again(op, **changed, name=f"{base}_cast_fp16")
        results = made if isinstance(made, tuple) else (made,)
        pairs = zip(op.op.results, results, strict=True)
        back = [self._widened(old, new) for old, new in pairs]
        return tuple(back)

    def _widened(self, old: Value, new: Value) -> Value:
        wide, half = session_types(self.session, old, new)
        if wide is half:
            return new
        cast: Value = self.session.new("cast", x=new, dtype=wide, name=old.name)
        return cast

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
        name = f"{operand.name}_to_fp16" if isinstance(operand, Value) else ""
        if isinstance(literal, TensorLiteral):
            made = self.session.const(halved(literal.numpy()), name=name)
        else:
            made = self.session.new("cast", x=operand, dtype="fp16", name=name)
        if isinstance(operand, Value):
            self.halves[operand] = made
        return made


def session_types(session: Session, old: Value, new: Value) -> tuple[str, str]:
    """The element types of what is replaced and of what stands for it, by name."""
    first, second = session.facts.type_of(old), session.facts.type_of(new)
    if not isinstance(first, TensorType) or not isinstance(second, TensorType):
        return "", ""
    return first.element.name, second.element.name


def is_numeric(op: OpDef) -> bool:
    """Whether an op takes tensors and gives tensors, and is not there to change their type."""
    if op.name == "cast" or op.op.blocks or op.is_open:
        return False
    values = [*op.op.values, *op.op.results]
    return all(isinstance(value.type, TensorType) for value in values)


def operands(op: OpDef) -> Iterator[tuple[str, Any]]:
    """The arguments in fp32 that may be fp16: of the domains that have it, none other."""
    written = {*op.op.args, *op.op.attributes} if op.in_attributes else op.op.args
    given = [name for name in op.args if name in written]
    domains = {op.args[name].group for name in given if FP16 in op.args[name].elements}
    main = next((op.args[name].group for name in op.args if op.args[name].elements), "")
    for name in given:
        arg, bound = op.args[name], getattr(op, name)
        if arg.elements:
            fits = FP16 in arg.elements and (arg.group == main or not governs_elements(op))
        else:
            fits = not domains
        parts = bound if isinstance(bound, tuple) else (bound,)
        if fits and any(isinstance(b.type, TensorType) and b.element is FP32 for b in parts):
            yield name, bound


def governs_elements(op: OpDef) -> bool:
    """Whether arguments of a domain of their own are but parameters of a function of an element."""
    return op.elementwise or index.families().get(op.name) == "activation"


def constants(op: OpDef) -> Iterator[Array]:
    """The constants of fp32 that an op takes, a large one too."""
    for _, given in operands(op):
        for bound in given if isinstance(given, tuple) else (given,):
            literal = bound.literal if bound.element is FP32 else None
            if isinstance(literal, TensorLiteral):
                yield literal.numpy()


def _is_too_far(array: Array, is_factor: bool) -> bool:
    """Whether a constant cannot be fp16 without changing what an op computes."""
    if not array.size:
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
