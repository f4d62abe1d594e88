"""Names of values and ops: each once, and of letters that every reader takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from milc.ir.literals import DictLiteral, TupleLiteral, string_literal, string_of
from milc.ir.names import REDEFINING, RESERVED, is_identifier
from milc.ir.walk import walk_ops, walk_values
from milc.passes.base import Pass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from milc.ir.literals import Literal
    from milc.ir.nodes import Op, Value
    from milc.passes.session import Session


class DedupOpAndVarNames(Pass):
    """Give each value and each op of a function a name that no other one has.

    The first in the text keeps its name. Inputs and outputs keep theirs; what a state is read as
    may have the name of what was written to it, as coremltools has it.

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = cond(pred = p) {
            tensor<fp32, [2]> a = relu(x = x);
            tensor<fp32, [2]> b = exp(x = a);
        } -> (b), {
            tensor<fp32, [2]> a = tanh(x = x);
            tensor<fp32, [2]> b = exp(x = a);
        } -> (b);
    } -> (y);
    ```

    becomes

    ```mil
    func main<ios15>(bool p, tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = cond(pred = p) {
            tensor<fp32, [2]> a = relu(x = x);
            tensor<fp32, [2]> b = exp(x = a);
        } -> (b), {
            tensor<fp32, [2]> a_1 = tanh(x = x);
            tensor<fp32, [2]> b_1 = exp(x = a_1);
        } -> (b_1);
    } -> (y);
    ```
    """

    name = "dedup_op_and_var_names"

    def run(self, session: Session) -> None:
        kept = [*session.function.inputs, *session.function.outputs]
        values, ops = list(walk_values(session.function)), list(walk_ops(session.function))
        names = _Unique([value.name for value in values])
        names.seen.update(value.name for value in kept)
        for value in values:
            redefines = value.op is not None and value.op.kind in REDEFINING
            if value not in kept and not redefines:
                session.rewriter.rename(value, names.of(value.name))
        names = _Unique([op.name for op in ops if op.name])
        for op in ops:
            if op.name:
                _name(op, names.of(op.name), session)


class SanitizeInputOutputNames(Pass):
    """Make the names of inputs and outputs words that are allowed in MIL's text.

    Each character that is no letter, digit or `_` becomes `_`; a name that begins with a digit gets
    `var_` in front, and one that is a word of the language `_workaround` behind it. The names of
    features in the model's description have to follow.

    ```mil
    func main<ios15>(tensor<fp32, [2]> `x/0`) {
        tensor<fp32, [2]> `h/1` = exp(x = `x/0`);
        tensor<fp32, [2]> `1.y` = relu(x = `h/1`);
    } -> (`1.y`);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x_0) {
        tensor<fp32, [2]> `h/1` = exp(x = x_0);
        tensor<fp32, [2]> var_1_y = relu(x = `h/1`);
    } -> (var_1_y);
    ```
    """

    name = "sanitize_input_output_names"

    def run(self, session: Session) -> None:
        function = session.function
        before = [value.name for value in function.inputs]
        _sanitize(self.values(session), session)
        names = dict(zip(before, [value.name for value in function.inputs], strict=True))
        for name, literal in list(function.attributes.items()):
            session.rewriter.set_attribute(function, name, _renamed(literal, names))

    def values(self, session: Session) -> Iterable[Value]:
        """What is named anew."""
        return dict.fromkeys([*session.function.inputs, *session.function.outputs])


class SanitizeNameStrings(SanitizeInputOutputNames):
    """Make the names of all values and ops words that are allowed in MIL's text.

    How is told under `sanitize_input_output_names`; names of ops get `op_` in front.

    ```mil
    func main<ios15>(tensor<fp32, [2]> `x/0`) {
        tensor<fp32, [2]> `h/1` = exp(x = `x/0`);
        tensor<fp32, [2]> `1.y` = relu(x = `h/1`);
    } -> (`1.y`);
    ```

    becomes

    ```mil
    func main<ios15>(tensor<fp32, [2]> x_0) {
        tensor<fp32, [2]> h_1 = exp(x = x_0);
        tensor<fp32, [2]> var_1_y = relu(x = h_1);
    } -> (var_1_y);
    ```
    """

    name = "sanitize_name_strings"

    def run(self, session: Session) -> None:
        super().run(session)
        ops = [op for op in walk_ops(session.function) if op.name]
        names = {op.name: op.name for op in ops}
        for op in ops:
            called = names[op.name]
            wanted = _sanitized(called or "", "op_")
            if wanted != called:
                while wanted in names:
                    wanted += "_0"
                names[wanted] = wanted
                _name(op, wanted, session)

    def values(self, session: Session) -> Iterable[Value]:
        return list(walk_values(session.function))


class _Unique:
    """Names that are given once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken: Final = set(taken)
        self.seen: Final[set[str]] = set()
        self._next: dict[str, int] = {}

    def of(self, name: str) -> str:
        """The name, or that with a number behind it if it was given before."""
        if name in self.seen:
            number = self._next.get(name, 1)
            while f"{name}_{number}" in self.taken:
                number += 1
            self._next[name] = number + 1
            name = f"{name}_{number}"
            self.taken.add(name)
        self.seen.add(name)
        return name


def _name(op: Op, name: str, session: Session) -> None:
    session.rewriter.set_attribute(op, "name", string_literal(name))


def _sanitize(values: Iterable[Value], session: Session) -> None:
    rewriter = session.rewriter
    for value in values:
        wanted = _sanitized(value.name, "var_")
        if wanted == value.name:
            continue
        if rewriter.names.taken(wanted):
            wanted = rewriter.names.numbered(wanted)
        rewriter.rename(value, wanted)


def _renamed(literal: Literal, names: Mapping[str, str]) -> Literal:
    """An attribute that speaks of inputs, such as `FlexibleShapeInformation`, with new names."""
    if isinstance(literal, TupleLiteral):
        items = [_renamed(item, names) for item in literal.items]
        return TupleLiteral(literal.type, items, literal.doc)
    if isinstance(literal, DictLiteral):
        pairs = [(_renamed(k, names), _renamed(v, names)) for k, v in literal.entries]
        return DictLiteral(literal.type, pairs, literal.doc)
    name = string_of(literal)
    return string_literal(names[name]) if name is not None and name in names else literal


def _sanitized(name: str, start: str) -> str:
    """A name in the letters that are allowed."""
    if is_identifier(name) and name not in RESERVED:
        return name
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not re.match(r"[A-Za-z_]", name):
        name = start + name
    return f"{name}_workaround" if name in RESERVED else name
