"""Runs in coremltools' own environment and says what coremltools makes of a model.

A request is a line of JSON on stdin, `{"call": "load", "path": …}`; the answer is a line of JSON on
stdout. Each request is answered by a fork: coremltools numbers its names and symbols by counters
that live as long as the process, so this way two models get the same numbers, and one that
exhausts the stack takes down nothing but its own answer. Imports coremltools, never milc.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import sys
import threading
from itertools import count
from pathlib import Path
from typing import Any

STACK_BYTES = 512 << 20
"""coremltools walks nested blocks and dead code by recursion."""

SHOWN_BYTES = 64
"""Larger values are printed as their digest."""


def spec_of(path: str) -> Any:
    """The Model message of a package or .mlmodel, as coremltools reads it."""
    from coremltools.models.utils import load_spec

    return load_spec(path)


def load(path: str) -> dict[str, Any]:
    """The program that coremltools' converter reads from a model, printed."""
    from coremltools.converters.mil.frontend.milproto.load import load as load_program

    spec = spec_of(path)
    program = load_program(spec, spec.specificationVersion, weights_folder(path))
    return {"program": Printout(names_in(spec)).program(program)}


def weights_folder(path: str) -> str:
    """Where a package keeps its weights; for a .mlmodel `weights` beside it, or its own folder."""
    from coremltools.models.utils import _try_get_weights_dir_path

    beside = Path(path).parent
    found = _try_get_weights_dir_path(path)
    return str(found or next(filter(Path.is_dir, (beside / "weights", beside))))


def spec(path: str) -> dict[str, Any]:
    """The Model message that coremltools reads, serialised with maps in order, in base 64."""
    message = spec_of(path).SerializeToString(deterministic=True)
    return {"model": base64.b64encode(message).decode("ascii")}


CALLS = {"load": load, "spec": spec}


def names_in(spec: Any) -> set[str]:
    """Every name that a program gives to a value or op; any other that is met, coremltools made."""
    names: set[str] = set()
    for function in spec.mlProgram.functions.values():
        names.update(value.name for value in function.inputs)
        for block in function.block_specializations.values():
            names.update(names_in_block(block))
    return names


def names_in_block(block: Any) -> set[str]:
    """As `names_in`, of one block and the blocks in it."""
    names = {value.name for value in block.inputs}
    for op in block.operations:
        names.update(value.name for value in op.outputs)
        if "name" in op.attributes:
            names.update(op.attributes["name"].immediateValue.tensor.strings.values)
        for inner in op.blocks:
            names |= names_in_block(inner)
    return names


class Printout:
    """Prints coremltools' Program so that equal programs give equal text.

    Names from the model are kept; those that coremltools invents, and its symbols for unknown
    dimensions, are numbered in the order in which they are met. Consts that coremltools makes of
    attributes and bound values stand where they are used: it makes them in the order of a protobuf
    map, which differs from process to process.
    """

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.invented: dict[int, str] = {}
        self.consts: dict[int, str] = {}
        self.symbols: dict[str, str] = {}
        self.numbers = count(1)

    def program(self, program: Any) -> str:
        """All functions, by name: the order in a protobuf map means nothing."""
        functions = sorted(program.functions.items())
        return "\n".join(line for name, fn in functions for line in self.function(name, fn))

    def function(self, name: str, fn: Any) -> list[str]:
        """The head and body of a function."""
        inputs = ", ".join(
            f"{self.symbolic(key)}: {self.type(value.outputs[0].sym_type)}"
            if hasattr(value, "outputs")
            else f"{key}: {self.type(value.sym_type)}"
            for key, value in fn._input_dict.items()
        )
        opset = getattr(fn.opset_version, "name", fn.opset_version)
        return [f"func {name}[{opset}]({inputs})", *self.block(fn, 1)]

    def block(self, block: Any, depth: int) -> list[str]:
        """The ops of a block and what it returns."""
        lines = [line for op in block.operations for line in self.op(op, depth)]
        outputs = ", ".join(map(self.var, block.outputs))
        return [*lines, f"{'  ' * depth}return {outputs}"]

    def op(self, op: Any, depth: int) -> list[str]:
        """An op: results with their types, kind, arguments, its name; then its blocks."""
        if op.op_type == "const" and op.outputs[0].name not in self.names:
            (made,) = op.outputs
            self.consts[id(made)] = f"{self.type(made.sym_type)} {self.value(made.val)}"
            return []
        indent = "  " * depth
        outputs = ", ".join(f"{self.var(out)}: {self.type(out.sym_type)}" for out in op.outputs)
        inputs = ", ".join(
            f"{name}={self.argument(value)}"
            for name, value in sorted(op.inputs.items())
            if not name.startswith("_")
        )
        if op.op_type == "const":
            inputs = self.value(op.outputs[0].val)
        name = f" name={op.name}" if op.name in self.names else ""
        lines = [f"{indent}{outputs} = {op.op_type}({inputs}){name}"]
        for block in op.blocks:
            arguments = ", ".join(f"{self.var(v)}: {self.type(v.sym_type)}" for v in block.inputs)
            lines += [f"{indent}block({arguments})", *self.block(block, depth + 1)]
        return lines

    def argument(self, value: Any) -> str:
        """What an op is given: a value, several, or none."""
        if isinstance(value, (list, tuple)):
            return f"({', '.join(map(self.argument, value))})"
        return "none" if value is None else self.var(value)

    def var(self, var: Any) -> str:
        """A value's name, or its number if coremltools made the name up."""
        if var.name in self.names:
            return f"%{var.name}"
        if id(var) in self.consts:
            return self.consts[id(var)]
        return self.invented.setdefault(id(var), f"%#{next(self.numbers)}")

    def type(self, of: Any) -> str:
        """A type, element and shape in full."""
        from coremltools.converters.mil.mil import types

        if of is None:
            return "none"
        if types.is_tensor(of):
            shape = ", ".join(self.symbolic(size) for size in of.get_shape())
            return f"tensor<{self.type(of.get_primitive())}, [{shape}]>"
        if types.is_state(of):
            return f"state<{self.type(of.wrapped_type())}>"
        if types.is_list(of):
            return f"list<{self.type(of.T[0])}, {self.symbolic(of.T[1])}, dynamic={of.T[2]}>"
        return str(types.builtin_to_string(of))

    def symbolic(self, size: Any) -> str:
        """A dimension, or any text: symbols (`is7`, `*is7`) are numbered in order of appearance."""
        text = str(size)
        if not re.fullmatch(r"\*?is\d+", text):
            return text
        return self.symbols.setdefault(text, f"?{len(self.symbols) + 1}")

    def value(self, value: Any) -> str:
        """What a const holds: its numpy type, shape and bytes, or any other value as it is."""
        import numpy as np

        if isinstance(value, dict):
            pairs = sorted(f"{self.value(k)}: {self.value(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self.value, value))}]"
        if not isinstance(value, (np.ndarray, np.generic)):
            return repr(value)
        if value.dtype.hasobject or value.nbytes <= SHOWN_BYTES:
            return f"{value.dtype}{list(value.shape)}{np.asarray(value).tolist()!r}"
        digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"{value.dtype}{list(value.shape)}#{digest[:32]}"


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What a request comes to. Whatever coremltools raises is the answer, not a failure."""
    try:
        return {"ok": True, "error": "", **CALLS[request["call"]](request["path"])}
    except BaseException as error:
        text = re.sub(r"0x[0-9a-f]{6,}", "0x…", str(error))
        return {"ok": False, "error": f"{type(error).__name__}: {text}"}


def answer_on_large_stack(request: dict[str, Any]) -> dict[str, Any]:
    """`answer`, in a thread that has room for deep recursion."""
    answers: list[dict[str, Any]] = []
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=lambda: answers.append(answer(request)))
    thread.start()
    thread.join()
    return answers[0]


def answer_in_fork(line: bytes) -> bytes:
    """The answer to a request, from a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as out:
            out.write(json.dumps(answer_on_large_stack(json.loads(line))).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        text = source.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0:
        return text
    how = signal.Signals(-status).name if status < 0 else f"exit {status}"
    return json.dumps({"ok": False, "error": f"coremltools' process died: {how}"}).encode()


def main() -> None:
    """Import what takes long, say so, then answer request after request until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # coremltools prints; stdout is for answers
    import coremltools
    import coremltools.converters.mil.frontend.milproto.load

    sys.setrecursionlimit(100_000)
    ready = {"ok": True, "error": "", "version": coremltools.__version__}
    answers.write(json.dumps(ready).encode() + b"\n")
    answers.flush()
    for line in sys.stdin.buffer:
        answers.write(answer_in_fork(line) + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
