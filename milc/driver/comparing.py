"""`milc compare`: what two models make of the same inputs, and where they part.

Both are run once a step. What the first computes on the way is kept in a temporary file, so that
memory holds one value of each model at a time, and the second's values are compared as they come.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, MutableMapping, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from milc.diagnostics import Diagnostic, Label, MilError
from milc.diagnostics.prose import many
from milc.driver.evaluating import Run
from milc.driver.progress import SILENT, Progress
from milc.evaluate import states_of
from milc.ir.types import StateType, TensorType
from milc.ir.walk import walk_ops
from milc.kernels.elements import element_name, rounded

if TYPE_CHECKING:
    from milc.evaluate import Ran
    from milc.ir.nodes import Function, Op, Program
    from milc.ir.types import ElementType
    from milc.kernels import Array
    from milc.package.model import Model

TOLERANCE = {"fp64": 1e-6, "fp32": 1e-4, "fp16": 2e-2, "bf16": 1e-1}
"""How far values may be apart by default, by the least exact float type that either computes in."""


class Tolerance(NamedTuple):
    """Values agree if |a - b| <= absolute + relative * |a|."""

    relative: float
    absolute: float | None
    """None: the relative one, times the largest value of the tensor."""

    def of(self, a: Array) -> Any:
        """The bound for each element."""
        absolute = self.relative * _largest(a) if self.absolute is None else self.absolute
        return absolute + self.relative * np.abs(a)


class Difference(NamedTuple):
    """How a tensor of one model differs from that of the other."""

    name: str
    other_name: str
    """What it is called in the second model."""
    types: tuple[str, str]
    """The element types."""
    largest: float
    """The largest |a - b|; infinity if one is not finite and the other is, or is another one."""
    relative: float
    """The largest |a - b| / |a| where a is not 0."""
    snr: float
    """The ratio of signal to noise, 10 log10(sum a² / sum (a - b)²), in dB; infinity if equal."""
    beyond: int
    """The number of elements that differ by more than is allowed."""
    size: int
    """The number of elements."""
    shapes: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    @property
    def agrees(self) -> bool:
        """Whether no element differs by more than is allowed, and the shapes are the same."""
        return self.beyond == 0 and self.shapes[0] == self.shapes[1]


class Divergence(NamedTuple):
    """The first value that both models have and that differs, and the ops that give it."""

    difference: Difference
    op: Op
    other: Op
    place: int
    """How many ops of the first model have run when it is there."""


class Step(NamedTuple):
    """What came of one call of both."""

    outputs: tuple[Difference, ...]
    states: tuple[Difference, ...]
    divergence: Divergence | None
    values: tuple[Difference, ...]
    """Those of the values on the way that both have, in the order of the second model."""

    @property
    def agrees(self) -> bool:
        """Whether all outputs and states do."""
        return all(each.agrees for each in (*self.outputs, *self.states))


class Comparison:
    """Two models' functions, to be run on the same inputs step by step.

    Outputs and states are matched by name, and by place where no name agrees. Raises MilError as
    `Run`, and MIL0930 where the two cannot be compared: other inputs, other outputs.
    """

    def __init__(
        self,
        first: Model | Program,
        second: Model | Program,
        *,
        function: str | None = None,
        relative: float | None = None,
        absolute: float | None = None,
        seed: int | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self._progress = progress
        self.first = Run(first, function=function, hook=self._keep, seed=seed)
        self.second = Run(second, function=function, hook=self._compare, seed=seed)
        one, other = self.first.function, self.second.function
        self.inputs = _matched(_inputs(one), _inputs(other), "input")
        self.outputs = _matched(_outputs(one), _outputs(other), "output")
        self.states = _matched(list(states_of(one)), list(states_of(other)), "state")
        coarsest = max(_precision(one), _precision(other))
        self.tolerance = Tolerance(coarsest if relative is None else relative, absolute)
        self._held: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self._shared = _names(one) & _names(other)
        self._spool = _Spool()
        self._found: Divergence | None = None
        self._values: list[Difference] = []
        self._first_ops: dict[str, tuple[int, Op, str]] = {}
        self._place = 0

    @property
    def operations(self) -> int:
        """How many ops a step runs, those in blocks left out."""
        bodies = (self.first.function.body, self.second.function.body)
        return sum(op.kind != "const" for body in bodies for op in body.ops)

    def step(
        self, inputs: Mapping[str, Any], state: MutableMapping[str, Any] | None = None
    ) -> Step:
        """Run both on inputs, by the names of the first model; states go on from step to step.

        `state` is what the states of both begin with, at the first step.
        """
        self._spool.clear()
        self._found, self._values, self._place = None, [], 0
        one, other = self._held
        if state is not None:
            one.update(state)
            other.update({self.states[name]: held for name, held in state.items()})
        ours, theirs = self._alike(inputs)
        first = self.first(ours, one)
        second = self.second(theirs, other)
        outputs = [self._difference(a, b, first[a], second[b]) for a, b in self.outputs.items()]
        states = [self._difference(a, b, one[a], other[b]) for a, b in self.states.items()]
        return Step(tuple(outputs), tuple(states), self._found, tuple(self._values))

    def finding(self, step: Step) -> Diagnostic | None:
        """What to say of a step in which they differ, with the places of the ops (MIL0931)."""
        differing = [each for each in (*step.outputs, *step.states) if not each.agrees]
        if not differing:
            return None
        worst, rest = differing[0], len(differing) - 1
        more = f" and {many(rest, 'more result')} differ" if rest else " differs"
        message = f"`{worst.name}`{more}: {said(worst)}"
        if step.divergence is None:
            note = "no value on the way that has one name in both models differs"
            return Diagnostic("MIL0931", message, path=self.first.path, notes=[note])
        difference, op, other, _ = step.divergence
        span, second = self.first.span_of(op), self.second.span_of(other)
        labels = [Label(second, "the op of the second model")] if second is not None else []
        about = f"the first value that differs is `{difference.name}`: {said(difference)}"
        notes = [] if difference.name == worst.name else [about]
        return Diagnostic(
            "MIL0931", message, span, path=self.first.path, labels=labels, notes=notes,
            label=f"`{difference.name}` is the first to differ",
        )  # fmt: skip

    def _alike(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Inputs of both: rounded to the type of either, so that both compute with the same."""
        elements = _elements(self.first.function), _elements(self.second.function)
        ours, theirs = dict(inputs), {}
        for name, held in inputs.items():
            other = self.inputs.get(name)
            if other is None:  # what is given and not taken is for the first run to say
                continue
            for element in (elements[0].get(name), elements[1].get(other)):
                if element is not None and element.is_float:
                    with np.errstate(all="ignore"):  # what is too large becomes infinite
                        held = rounded(np.asarray(held), element)
            ours[name] = theirs[other] = held
        return ours, theirs

    def _keep(self, ran: Ran) -> None:
        """Keep what the first model has computed, if the second has a value of that name."""
        self._place += 1
        self._advance(ran)
        for value, result in zip(ran.op.results, ran.results, strict=True):
            name = plain(value.name)
            if name in self._shared and _is_compared(result):
                self._spool.put(name, result)
                self._first_ops[name] = self._place, ran.op, value.name

    def _compare(self, ran: Ran) -> None:
        """Compare what the second has computed."""
        self._advance(ran)
        for value, result in zip(ran.op.results, ran.results, strict=True):
            name = plain(value.name)
            if not _is_compared(result) or name not in self._spool:
                continue
            place, op, own = self._first_ops[name]
            difference = self._difference(own, value.name, self._spool.get(name), result)
            if difference.shapes[0] != difference.shapes[1]:
                continue  # it has only the name in common
            self._values.append(difference)
            if difference.agrees:
                continue
            if self._found is None or place < self._found.place:
                self._found = Divergence(difference, op, ran.op, place)

    def _advance(self, ran: Ran) -> None:
        if ran.op.parent in (self.first.function.body, self.second.function.body):
            self._progress.advance(1)

    def _difference(self, name: str, other: str, a: Any, b: Any) -> Difference:
        a, b = _arrays(a, b)
        types = element_name(a.dtype), element_name(b.dtype)
        if a.shape != b.shape or not (_is_compared(a) and _is_compared(b)):
            beyond = int(np.count_nonzero(a != b)) if a.shape == b.shape else a.size
            largest = np.inf if beyond or a.shape != b.shape else 0.0
            return Difference(name, other, types, largest, 0.0, 0.0, beyond, a.size,
                              (a.shape, b.shape))  # fmt: skip
        return difference(name, other, a, b, self.tolerance)


def difference(name: str, other: str, a: Array, b: Array, tolerance: Tolerance) -> Difference:
    """How two tensors of one shape differ. What is not finite agrees with its like only."""
    types, shapes = (element_name(a.dtype), element_name(b.dtype)), (a.shape, b.shape)
    a, b = a.reshape(-1).astype("f8"), b.reshape(-1).astype("f8")
    with np.errstate(all="ignore"):
        apart = np.abs(a - b)
        apart[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
        apart[np.isnan(apart)] = np.inf
        beyond = int(np.count_nonzero(apart > tolerance.of(np.where(np.isfinite(a), a, 0.0))))
        sizes = np.abs(a)
        ratios = apart[sizes > 0] / sizes[sizes > 0]
        noise = float((apart**2).sum())
        signal = float((a[np.isfinite(a)] ** 2).sum())
        snr = 10 * np.log10(signal / noise) if noise else np.inf
    largest = float(apart.max(initial=0.0))
    relative = float(np.nan_to_num(ratios, nan=np.inf, posinf=np.inf).max(initial=0.0))
    return Difference(name, other, types, largest, relative, float(snr), beyond, a.size, shapes)


def said(difference: Difference) -> str:
    """A difference in words."""
    one, other = difference.shapes
    if one != other:
        return f"the shapes are {list(one)} and {list(other)}"
    if difference.types[0] == "string":
        return f"{difference.beyond:,} of {difference.size:,} elements are not the same"
    share = f"{difference.beyond:,} of {difference.size:,} elements are further apart than allowed"
    return f"{share}, by up to {difference.largest:.3g}; the noise is {difference.snr:.1f} dB below"


def plain(name: str) -> str:
    """A name without what coremltools adds to it where it converts a model to fp16."""
    return name.replace("_cast_fp16", "")


class _Spool:
    """Arrays by name, kept in a temporary file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # goes with the object
        self._places: dict[str, tuple[int, np.dtype[Any], tuple[int, ...]]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def put(self, name: str, array: Array) -> None:
        """Keep an array; a later one of the name, as in loops, takes its place."""
        self._file.seek(0, 2)
        self._places[name] = self._file.tell(), array.dtype, array.shape
        self._file.write(np.ascontiguousarray(array).tobytes())

    def get(self, name: str) -> Array:
        """The array of a name."""
        place, dtype, shape = self._places[name]
        self._file.seek(place)
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._file.read(count * dtype.itemsize), dtype).reshape(shape)

    def clear(self) -> None:
        """Forget all."""
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()

    def __del__(self) -> None:
        self._file.close()


def _arrays(a: Any, b: Any) -> tuple[Array, Array]:
    """What is to be compared, as arrays: dicts by their keys, lists tensor after tensor."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return np.asarray(list(a.values())), np.asarray([b[key] for key in a])
    return _flat(a), _flat(b)


def _flat(held: Any) -> Array:
    if not isinstance(held, Sequence):
        return np.asarray(held)
    parts = [np.ravel(each) for each in held if each is not None]
    return np.concatenate(parts) if parts else np.empty(0)


def _is_compared(held: Any) -> bool:
    """Whether what an op gives is a tensor of numbers."""
    return isinstance(held, np.ndarray) and held.dtype != object


def _largest(a: Array) -> float:
    return float(np.abs(a).max(initial=0.0))


def _inputs(function: Function) -> list[str]:
    return [v.name for v in function.inputs if not isinstance(v.type, StateType)]


def _outputs(function: Function) -> list[str]:
    return [value.name for value in function.outputs]


def _elements(function: Function) -> dict[str, ElementType]:
    return {v.name: v.type.element for v in function.inputs if isinstance(v.type, TensorType)}


def _names(function: Function) -> set[str]:
    """The names of what its ops give; constants are none."""
    ops = (op for op in walk_ops(function) if op.kind != "const")
    return {plain(value.name) for op in ops for value in op.results}


def _precision(function: Function) -> float:
    """The tolerance of the least exact float type that a function computes in."""
    used = {
        value.type.element.name
        for op in walk_ops(function)
        if op.kind != "const"
        for value in op.results
        if isinstance(value.type, TensorType)
    }
    return max((TOLERANCE[name] for name in used if name in TOLERANCE), default=TOLERANCE["fp32"])


def _matched(one: list[str], other: list[str], kind: str) -> dict[str, str]:
    """The names of one model with those of the other. Raises MilError (MIL0930)."""
    if sorted(one) == sorted(other):
        return {name: name for name in one}
    if len(one) == len(other) and not set(one) & set(other):
        return dict(zip(one, other, strict=True))
    alone = sorted(set(one) ^ set(other))
    listed = ", ".join(f"`{name}`" for name in alone)
    message = f"only one of the models has the {kind} {listed}"
    help = f"the first has {', '.join(one) or 'none'}, the second {', '.join(other) or 'none'}"
    raise MilError(Diagnostic("MIL0930", message, help=help))
