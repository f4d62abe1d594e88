"""Lists: programs that write and read, against Python's own lists."""

from __future__ import annotations

import random as dice
import tracemalloc
from typing import Any

import numpy as np
import pytest

from milc.kernels.lists import Items, items_of
from tests.meaning.cases import expect, meaning
from tests.meaning.text import fails, ran

ELEMENTS = {"fp32": "f4", "fp16": "f2", "int32": "i4", "bool": "?"}


def made(length: int, *, grows: bool = False, element: str = "fp32", dim: Any = "int32(2)") -> str:
    """The statement that makes the list `l0`."""
    size = "?" if "string" in dim else 2
    return f"""list<tensor<{element}, [{size}]>, {length}> l0 = make_list(
        dtype = string("{element}"), dynamic_length = bool({str(grows).lower()}),
        elem_shape = {dim}, init_length = int32({length}));"""


def row(number: int, dtype: str = "f4") -> Any:
    """A tensor that tells which it is."""
    return np.array([number, -number], "f4").astype(dtype)


class Script:
    """A program that does what is done to a Python list, and looks at it at the end."""

    def __init__(self, length: int, grows: bool, element: str) -> None:
        self.type = f"list<tensor<{element}, [2]>, {length}>"
        self.element = element
        self.lines = [made(length, grows=grows, element=element)]
        self.rows: list[Any] = [row(0, ELEMENTS[element])] * length
        self.inputs: dict[str, Any] = {}
        self.step = 0

    def put(self, index: int, value: Any) -> None:
        """Write to a place, which makes the Python list longer if need be."""
        zeros = [row(0, ELEMENTS[self.element])] * (index + 1 - len(self.rows))
        self.rows = [*self.rows, *zeros]
        self.rows[index] = value

    def write(self, index: int, value: Any) -> None:
        self.put(index, value)
        self._line(f"list_write(index = int32({index}), ls = l{self.step}, value = @)", value)

    def scatter(self, indices: list[int], values: Any) -> None:
        for index, value in zip(indices, values, strict=True):
            self.put(index, value)
        places = f"tensor<int32, [{len(indices)}]>({indices})"
        self._line(f"list_scatter(indices = {places}, ls = l{self.step}, value = @)", values)

    def _line(self, call: str, value: Any) -> None:
        name = f"v{self.step}"
        self.inputs[name] = value
        self.step += 1
        self.lines.append(f"{self.type} l{self.step} = {call.replace('@', name)};")

    def check(self) -> None:
        """Run it: what each place holds, alone and gathered, and how many there are."""
        given, count, last = [], len(self.rows), f"l{self.step}"
        kind = f"tensor<{self.element}, [2]>"
        for at in range(count):
            self.lines.append(f"{kind} r{at} = list_read(index = int32({at}), ls = {last});")
            given.append(f"r{at}")
        order = [*reversed(range(count)), 0]
        self.lines.append(f"int32 n = list_length(ls = {last});")
        self.lines.append(
            f"tensor<{self.element}, [{count + 1}, 2]> all = list_gather("
            f"indices = tensor<int32, [{count + 1}]>({order}), ls = {last});"
        )
        inputs = ", ".join(
            f"tensor<{self.element}, {list(value.shape)}> {name}"
            for name, value in self.inputs.items()
        )
        body = "\n".join(self.lines)
        *rows, n, gathered = ran(
            f"({inputs}) {{ {body} }} -> ({', '.join([*given, 'n', 'all'])});", **self.inputs
        )
        expect(tuple(rows), tuple(self.rows))
        expect(n, np.int32(count))
        expect(gathered, np.stack([self.rows[at] for at in order]))


def scripts(*, grows: bool, scatters: bool) -> None:
    """Lists to which things are done at random."""
    for seed in range(6):
        generator = dice.Random(seed)
        element = [*ELEMENTS][seed % 4]
        length = generator.randint(1, 5)
        script = Script(length, grows, element)
        for number in range(generator.randint(1, 6)):
            most = len(script.rows) + 3 if grows else length - 1
            dtype = ELEMENTS[element]
            if scatters:
                places = [generator.randint(0, most) for _ in range(generator.randint(1, 4))]
                values = np.stack([row(10 * number + at, dtype) for at in range(len(places))])
                script.scatter(places, values)
            else:
                script.write(generator.randint(0, most), row(number + 1, dtype))
        script.check()


@meaning("make_list", "loop")
def a_list_begins_with_zeros(opset: str) -> None:
    for element in ELEMENTS:
        for grows in (False, True):
            Script(3, grows, element).check()


@meaning("make_list", "values")
def lists_of_scalars_and_of_deep_tensors(opset: str) -> None:
    for shape in ([2, 3], [1, 2, 3, 1]):
        dims = ", ".join(f"int32({dim})" for dim in shape)
        text = f"""(tensor<fp32, {shape}> x) {{
            list<tensor<fp32, {shape}>, 2> l = make_list(dtype = string("fp32"),
                dynamic_length = bool(false), elem_shape = ({dims}), init_length = int32(2));
            list<tensor<fp32, {shape}>, 2> m = list_write(index = int32(1), ls = l, value = x);
            tensor<fp32, [2, {", ".join(map(str, shape))}]> y = list_gather(
                indices = tensor<int32, [2]>([0, 1]), ls = m);
        }} -> (y);"""
        x = np.arange(6, dtype="f4").reshape(shape)
        expect(ran(text, x=x), np.stack([x * 0, x]))


@meaning("make_list", "values")
def a_length_below_zero_has_no_answer(opset: str) -> None:
    text = """(int32 k) {
        list<tensor<fp32, [2]>, ?> l = make_list(dtype = string("fp32"),
            dynamic_length = bool(false), elem_shape = int32(2), init_length = k);
        int32 n = list_length(ls = l);
    } -> (n);"""
    expect(ran(text, k=7), np.int32(7))
    fails(text, "`init_length` is -1", k=-1)


@meaning("list_write", "loop")
def writes_to_a_list_that_keeps_its_length(opset: str) -> None:
    scripts(grows=False, scatters=False)


@meaning("list_write", "loop")
def writes_to_a_list_that_grows(opset: str) -> None:
    scripts(grows=True, scatters=False)


@meaning("list_scatter", "loop")
def scatters_to_a_list_that_keeps_its_length(opset: str) -> None:
    scripts(grows=False, scatters=True)


@meaning("list_scatter", "loop")
def scatters_to_a_list_that_grows_and_the_last_of_equal_places_counts(opset: str) -> None:
    scripts(grows=True, scatters=True)


@meaning("list_write", "values")
def the_list_that_was_written_to_stays_as_it_was(opset: str) -> None:
    text = f"""(tensor<fp32, [2]> x) {{
        {made(2)}
        list<tensor<fp32, [2]>, 2> l1 = list_write(index = int32(0), ls = l0, value = x);
        tensor<fp32, [2]> two = add(x = x, y = x);
        list<tensor<fp32, [2]>, 2> l2 = list_write(index = int32(0), ls = l1, value = two);
        tensor<fp32, [2]> a = list_read(index = int32(0), ls = l0);
        tensor<fp32, [2]> b = list_read(index = int32(0), ls = l1);
        tensor<fp32, [2]> c = list_read(index = int32(0), ls = l2);
    }} -> (a, b, c);"""
    x = np.array([1, 2], "f4")
    expect(ran(text, x=x), (0 * x, x, 2 * x))


def written(grows: bool) -> str:
    """A write to the place `i` of a list of two."""
    return f"""(int32 i, tensor<fp32, [2]> x) {{
        {made(2, grows=grows)}
        list<tensor<fp32, [2]>, 2> l1 = list_write(index = i, ls = l0, value = x);
        int32 n = list_length(ls = l1);
    }} -> (n);"""


@meaning("list_write", "values")
def places_outside_have_no_answer(opset: str) -> None:
    x = row(1)
    fails(written(False), "`index` says 2, of a list of 2, which does not grow", i=2, x=x)
    fails(written(False), "`index` says -1, of a list of 2", i=-1, x=x)
    fails(written(True), "`index` says -1, of a list of 2", i=-1, x=x)
    expect(ran(written(True), i=2, x=x), np.int32(3))
    expect(ran(written(True), i=70_000, x=x), np.int32(70_001))


@meaning("list_scatter", "values")
def scattered_places_outside_have_no_answer(opset: str) -> None:
    text = f"""(tensor<int32, [2]> i, tensor<fp32, [2, 2]> x) {{
        {made(2)}
        list<tensor<fp32, [2]>, 2> l1 = list_scatter(indices = i, ls = l0, value = x);
        int32 n = list_length(ls = l1);
    }} -> (n);"""
    x = np.zeros((2, 2), "f4")
    expect(ran(text, i=np.array([1, 1], "i4"), x=x), np.int32(2))
    fails(text, "`indices` says 5, of a list of 2", i=np.array([0, 5], "i4"), x=x)


def taken(op: str, dim: str = "int32(2)") -> str:
    """A read of the place `i`, of a list of two in which the last is written."""
    size = "?" if "string" in dim else 2
    gathers = op == "list_gather"
    places, kind = ("tensor<int32, [?]>", f"[?, {size}]") if gathers else ("int32", f"[{size}]")
    name = "indices" if gathers else "index"
    return f"""({places} i, tensor<fp32, [2]> x) {{
        {made(2, dim=dim)}
        list<tensor<fp32, [{size}]>, 2> l1 = list_write(index = int32(1), ls = l0, value = x);
        tensor<fp32, {kind}> y = {op}({name} = i, ls = l1);
    }} -> (y);"""


@meaning("list_read", "values")
def reads(opset: str) -> None:
    text, x = taken("list_read"), row(3)
    expect(ran(text, i=0, x=x), row(0))
    expect(ran(text, i=1, x=x), x)
    fails(text, "`index` says 2, of a list of 2", i=2, x=x)
    fails(text, "`index` says -1, of a list of 2", i=-1, x=x)


@meaning("list_read", "values")
def of_an_unknown_shape_only_what_is_written_is_read(opset: str) -> None:
    text, x = taken("list_read", 'string("n")'), row(3)
    expect(ran(text, i=1, x=x), x)
    fails(text, "`index` says 0, where nothing has been put", i=0, x=x)


@meaning("list_gather", "values")
def gathers(opset: str) -> None:
    text, x = taken("list_gather"), row(3)
    expect(ran(text, i=np.array([1, 0, 1], "i4"), x=x), np.stack([x, row(0), x]))
    expect(ran(text, i=np.array([], "i4"), x=x), np.zeros((0, 2), "f4"))
    fails(text, "`indices` says 2, of a list of 2", i=np.array([0, 2], "i4"), x=x)
    unknown = taken("list_gather", 'string("n")')
    expect(ran(unknown, i=np.array([1], "i4"), x=x), x[None])
    fails(unknown, "`indices` is empty", i=np.array([], "i4"), x=x)


LOOP = """(int32 n, tensor<fp32, [2]> x) {
    list<tensor<fp32, [2]>, 1> ls = make_list(dtype = string("fp32"), dynamic_length = bool(true),
        elem_shape = int32(2), init_length = int32(1));
    int32 c, list<tensor<fp32, [2]>, 1> out, tensor<fp32, [2]> z = while_loop(
        loop_vars = (int32(0), ls, x))
        (int32 i, list<tensor<fp32, [2]>, 1> l, tensor<fp32, [2]> a) {
        bool more = less(x = i, y = n);
    } -> (more), (int32 i, list<tensor<fp32, [2]>, 1> l, tensor<fp32, [2]> a) {
        int32 next = add(x = i, y = int32(1));
        tensor<fp32, [2]> b = add(x = a, y = x);
        list<tensor<fp32, [2]>, 1> m = list_write(index = i, ls = l, value = b);
    } -> (next, m, b);
    int32 k = list_length(ls = out);
    int32 before = list_length(ls = ls);
    tensor<int32, [?]> every = range_1d(end = k, start = int32(0), step = int32(1));
    tensor<fp32, [?, 2]> all = list_gather(indices = every, ls = out);
} -> (k, before, all);"""


@meaning("list_length", "loop")
def a_loop_makes_a_list_longer(opset: str) -> None:
    x = np.array([1, 0.5], "f4")
    for n in (0, 1, 2, 40):
        wanted = np.stack([x * (turn + 2) for turn in range(n)]) if n else np.zeros((1, 2))
        expect(ran(LOOP, n=n, x=x), (np.int32(max(n, 1)), np.int32(1), wanted.astype("f4")))


@meaning("list_length", "law")
def a_write_costs_what_is_written_and_not_the_list(opset: str) -> None:
    tensor = np.zeros(1, "f4")
    many = items_of([tensor] * 40_000)
    tracemalloc.start()
    try:
        held = [many.put(at, tensor) for at in range(0, 40_000, 4_000)]
        assert tracemalloc.get_traced_memory()[1] < 40_000
    finally:
        tracemalloc.stop()
    assert {len(each) for each in held} == {40_000}


@meaning("list_length", "loop")
def trees_hold_what_lists_hold(opset: str) -> None:
    generator = dice.Random(0)
    ours, wanted = Items(3, True), [None] * 3
    for number in range(3000):
        at = generator.randint(0, generator.choice([3, 40, 1100, 40_000]))
        wanted += [None] * (at + 1 - len(wanted))
        wanted[at] = number  # type: ignore[call-overload]
        ours = ours.put(at, number)  # type: ignore[arg-type]
    assert list(ours) == wanted
    for outside in (-1, len(wanted)):
        with pytest.raises(IndexError):
            ours[outside]
