"""Texts and messages that grow without bound in one respect, and what is done with them.

Each maker takes a size in characters. What is linear in the size takes a fraction of a second;
what is not, as each of these once was somewhere or might become, takes minutes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final

from google.protobuf import text_format

from milc.diagnostics import Source, errors
from milc.diagnostics.machine import WRITERS
from milc.diagnostics.render import console, render
from milc.package.proto import model_pb2 as pb
from milc.syntax.format import format_text
from milc.syntax.parse import read
from milc.verify import verify
from tests.fuzz.checks import check_message

HEAD: Final = "program(1.3)\n{\n    func main<ios18>(tensor<fp32, [1]> x) {\n"
TAIL: Final = "\n    } -> (x);\n}\n"

STORMS: Final = {
    "opening parentheses": "(", "opening brackets": "[", "opening braces": "{", "less": "<",
    "closing parentheses": ")", "closing braces": "}", "blocks' ends": "}->();", "more": "> ",
    "commas": ", ", "equals": "a=", "arrows": "->", "semicolons": ";", "slashes": "/", "NULs": "\0",
    "comments": "//\n", "quotes": '"', "quotes apart": '" ', "letters": "a",
    "escaped quotes": '\\"',
    "quotes and escapes": '"\\', "backquotes": "`", "backquotes and escapes": "`\\", "digits": "1",
    "backslashes": "\\", "blanks": " ", "line breaks": "\n", "carriage returns": "\r\n",
    "hex": "0x",
    "dots": ".", "signs": "-", "letters beyond ASCII": "é", "line separators": "\u2028",
    "func": "func ", "heads": ";func({\n}->();", "tensor types": "tensor<fp32, [",
    "tuple types": "tuple<", "list types": "list<", "calls": "a(", "calls with values": "a(x=fp32(",
    "attributes": "a()[", "references": "a(x=fp32(BLOBFILE(", "strings": 'a(x=string("',
    "strings over lines": 'a(x = string("s);\n', "semicolons in strings": ';a(b=c("',
    "numbers": "1, ", "hex floats": "0x1p+0, ", "blocks": "a(){", "blocks beside": "c() {} -> () ,",
    "words": "word ", "results": "fp32 a, ", "results of nothing": "fp32 a = ", "true": "true, ",
    "missing semicolons": "a()\n", "missing operands": "fp32 a = relu(x = );\n",
    "brackets around results": "[fp32 a] = b();\n", "untyped literals": "a(x = 1);\n",
    "unknown types": "fp33 a = relu(x = x);\n", "wrong literals": "a(x = fp32(true));\n",
    "statements": "fp32 a = relu(x = x);\n", "statements with comments": "relu(x = x) //\n;\n",
    "short statements": "a();", "short statements with comments": "a(//\n);",
}  # fmt: skip
"""What stands over and over again, at several places of a program."""

PLACES: Final[dict[str, tuple[str, str]]] = {
    "alone": ("", ""),
    "in a body": (HEAD, TAIL),
    "in a value": (f"{HEAD}tensor<fp32, [2]> a = const()[val = tensor<fp32, [2]>([", f"])];{TAIL}"),
    "among operands": (f"{HEAD}fp32 a = relu(x = (x", f", x));{TAIL}"),
}


def _numbered(form: str, width: int, between: str = ", ") -> Callable[[int], str]:
    """Copies of a form, each `width` characters about, with a number for every `#`."""

    def make(size: int) -> str:
        return between.join(form.replace("#", str(number)) for number in range(size // width))

    return make


def _in_body(before: str, grows: str | Callable[[int], str], after: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        middle = grows(size) if callable(grows) else grows * (size // len(grows))
        return f"{HEAD}{before}{middle}{after}{TAIL}"

    return make


def _list_of(element: str, item: str) -> Callable[[int], str]:
    """A const of so many elements."""

    def make(size: int) -> str:
        count = size // (len(item) + 2)
        type = f"tensor<{element}, [{count}]>"
        return f"{HEAD}{type} a = const()[val = {type}([{', '.join([item] * count)}])];{TAIL}"

    return make


def _forward(size: int) -> str:
    names = [f"b{number}" for number in range(size // 40)]
    later = "".join(f"fp32 {name} = relu(x = x);\n" for name in names)
    bound = ", ".join(f"{name}{name} = {name}" for name in names)
    return f"{HEAD}fp32 a = relu({bound}, x = ({', '.join(names)}));\n{later}{TAIL}"


def _later_results(size: int) -> str:
    names = [f"b{number}" for number in range(size // 22)]
    results = ", ".join(f"fp32 {name}" for name in names)
    return f"{HEAD}relu(x = ({', '.join(names)}));\n{results} = split(x = x);\n{TAIL}"


def _deep_rank(size: int) -> str:
    rank = size // 5
    type = f"tensor<fp32, [{'1,' * (rank - 1)}1]>"
    return f"{HEAD}{type} a = const()[val = {type}({'[' * rank}1{']' * rank})];{TAIL}"


def _long_shape(size: int) -> str:
    count = size // 3
    shape = f"tensor<int32, [{count}]>([{', '.join(['1'] * count)}])"
    return f"{HEAD}_ a = reshape(x = x, shape = {shape});{TAIL}"


TEXTS: Final[dict[str, Callable[[int], str]]] = {
    "hex digits and a letter": _in_body("a(x = fp32(0x", "a", "g));"),
    "digits and a letter": _in_body("a(x = fp32(1.", "2", "a));"),
    "an integer of many digits": _in_body("a(x = int32(", "1", "));"),
    "a hexadecimal of many digits": _in_body("a(x = int32(0x", "f", "));"),
    "an exponent of many digits": _in_body("a(x = fp32(1e", "1", "));"),
    "the bits of a nan": _in_body("a(x = fp16(nan(0x", "0", "7e01)));"),
    "a dimension of many digits": _in_body("tensor<fp32, [", "1", "]> a = b();"),
    "a length of many digits": _in_body("list<fp32, ", "1", "> a = b();"),
    "many dimensions": _in_body("tensor<fp32, [", "9, ", "9]> a = b();"),
    "a rank of many": _deep_rank,
    "a long name": _in_body("fp32 ", "a", " = b();"),
    "a long name that breaks off": _in_body("fp32 a = relu(x = x) ", "a", " b;"),
    "a long name of nothing": _in_body("fp32 b = relu(x = ", "a", ");"),
    "a long type": _in_body("fp3", "a", " b = relu(x = x);"),
    "a long string": _in_body('a(x = string("', "\\n", '"));'),
    "unknown escapes": _in_body('a(x = string("', "\\q", '"));'),
    "a long name in backquotes": _in_body("fp32 `", "\\`", "` = a();"),
    "blanks behind an operand": _in_body("a(x = (x", " ", ", x));"),
    "blanks before an operand": _in_body("a(x = (", " ", "x, x));"),
    "blanks behind a type": _in_body("fp32", " ", "a = b();"),
    "blanks behind a word": _in_body("a(x = x) b", " ", "c;"),
    "comments behind an operand": _in_body("a(x = x", "//\n", ");"),
    "comments behind a comma": _in_body("a(x = x,", "//\n", "y = x);"),
    "comments in a type": _in_body("tensor<", "//\n", "fp32, [1]> a = b();"),
    "undefined names": _in_body("", _numbered("fp32 a# = relu(x = b#);", 24, "\n"), ""),
    "undefined operands": _in_body("a(x = (", _numbered("b#", 8), "));"),
    "undefined arguments": _in_body("a(", _numbered("a# = b#", 16), ");"),
    "undefined outputs": lambda size: f"{HEAD}}} -> ({_numbered('b#', 8)(size)});\n}}",
    "outputs given again": lambda size: f"{HEAD}}} -> ({'x, ' * (size // 3)}x);\n}}",
    "used before they are defined": _forward,
    "used before their op": _later_results,
    "defined twice": _in_body("", "fp32 a = relu(x = x);\n", ""),
    "results defined twice": _in_body("", "fp32 a, ", "fp32 b = c();"),
    "arguments given twice": _in_body("a(", "x = x, ", "x = x);"),
    "attributes given twice": _in_body("a()[", "x = bool(true), ", "x = bool(true)];"),
    "names that hide others": _in_body("c() {\n" * 60, "fp32 x = r();\n", ""),
    "names with dots": _in_body(
        "", _numbered("fp32 `a.#` = b(`c.#` = x)[`d.#` = bool(true)];", 50, ""), ""
    ),
    "reserved names": _in_body("", "fp32 list = relu(x = x);\n", ""),
    "consts of nothing": _in_body("", _numbered("fp32 a# = const();", 22, "\n"), ""),
    "strings": _list_of("string", '"a"'),
    "strings with escapes": _list_of("string", '"\\n"'),
    "booleans": _list_of("bool", "true"),
    "small integers": _list_of("int4", "1"),
    "small floats": _list_of("fp8e5m2", "1"),
    "rows": _list_of("int32, [1]", "[1]"),
    "entries": _in_body("a(x = dict<string, string>({", '{"a", "b"}, ', '{"a", "b"}}));'),
    "blocks": _in_body("cond(p = x) ", "{ a(); } -> (), ", "{} -> ();"),
    "ops with blocks": _in_body("", "fp32 c = cond(p = x) {} -> (x), {} -> (x);\n", ""),
    "blocks in blocks": _in_body("", "a(){", ""),
    "types in types": _in_body("", "tuple<", ""),
    "unknown ops": _in_body("", _numbered("fp32 a# = relu#(x = x);", 24, "\n"), ""),
    "unknown arguments": _in_body("", _numbered("fp32 a# = relu(x = x, xx# = x);", 30, "\n"), ""),
    "unknown arguments of an op": _in_body(
        "fp32 a = elu(x = x, ", _numbered("alpa# = x", 16), ");"
    ),
    "wrong types": _in_body("", _numbered("tensor<fp32, [9]> a# = relu(x = x);", 38, "\n"), ""),
    "wrong results": _in_body("", _numbered("fp32 a#", 14), " = relu(x = x);"),
    "broken constraints": _in_body(
        "tensor<fp32, [4]> b = const()[val = tensor<fp32, [4]>([1, 2, 3, 4])];"
        " tensor<fp32, [3]> c = const()[val = tensor<fp32, [3]>([1, 2, 3])];",
        _numbered("fp32 a# = add(x = b, y = c);", 30, "\n"), "",
    ),
    "operands of an op": _in_body(
        "tensor<fp32, [9]> a = concat(axis = int32(0), interleave = bool(false), values = (",
        "x, ", "x));",
    ),
    "operands that differ": _in_body(
        "tensor<fp32, [9]> a = concat(axis = int32(0), interleave = bool(false), values = (",
        _numbered("fp16(#)", 12), ", x));",
    ),
    "open types": _in_body(
        "_ a = relu(x = x);", lambda size: "".join(
            f"_ {'a' * (n + 2)} = relu(x = {'a' * (n + 1)});\n" for n in range(int(size**0.5))
        ), "",
    ),
    "types left open": _in_body("", _numbered("_ a# = b(x = x);", 18, "\n"), ""),
    "inputs of a custom layer": _in_body(
        'fp32 a = custom_layer(', _numbered("x# = x", 10), ')[class_name = string("a")];'
    ),
    "results of a custom layer": _in_body(
        "", _numbered("_ a#", 10), ' = custom_layer(x = x)[class_name = string("a")];'
    ),
    "equations": _in_body(
        'fp32 a = einsum(values = (x, x), equation = string("', "a", '"));'
    ),
    "a shape of many": _long_shape,
    "parameters": lambda size: f"{HEAD[:-4]}, {_numbered('fp32 a#', 13)(size)}) {{\n{TAIL}",
    "functions": lambda size: (
        f"program(1.3) {{{_numbered('func m#<ios18>(fp32 x) {} -> (x);', 42, '')(size)}}}"
    ),
}  # fmt: skip
"""What grows in one respect."""


def text(name: str, place: str, size: int) -> str:
    """The text of a maker; of a storm, if a place is named."""
    if not place:
        return TEXTS[name](size)
    before, after = PLACES[place]
    return f"{before}{STORMS[name] * (size // len(STORMS[name]))}{after}"


LISTS: Final = (
    ("outputs given again", ""), ("strings", ""), ("entries", ""), ("blocks", ""),
    ("parameters", ""), ("short statements with comments", "in a body"),
)  # fmt: skip
"""What the grammar's rules read piece by piece, however long; read alone, to be longer."""


def run_read(name: str, place: str, size: int) -> None:
    """Read, and nothing else."""
    read(Source(text(name, place, size)))


def run_text(name: str, place: str, size: int) -> None:
    """Read, verify, show what was found, and format."""
    made = text(name, place, size)
    program, found = read(Source(made))
    found += verify(program, reported=found)
    WRITERS["json"](found)
    render(found, console(io.StringIO(), color="never"), max=100)
    if errors(found):
        return
    for style in ("milc", "coremlc"):
        format_text(made, style=style)


# Messages, put together as protobuf's text


def _field(name: str, *content: str) -> str:
    return f"{name} {{ {' '.join(content)} }} "


def _text(name: str, value: str) -> str:
    return f'{name}: "{value}" '


def _tensor(element: str = "FLOAT32", *dims: str) -> str:
    """A ValueType."""
    about = f"dataType: {element} rank: {len(dims)} "
    return _field("type", _field("tensorType", about, *dims))


def _dim(length: int) -> str:
    return _field("dimensions", _field("constant", f"size: {length}"))


def _named(field: str, name: str, type: str = _tensor()) -> str:
    return _field(field, _text("name", name), type)


def _result(name: str) -> str:
    return _named("outputs", name)


def _argument(key: str, *names: str) -> str:
    bound = [_field("arguments", _text("name", name)) for name in names]
    return _field("inputs", _text("key", key), _field("value", *bound))


def _op(kind: str, *content: str) -> str:
    return _field("operations", _text("type", kind), *content)


def _const(type: str, *content: str) -> str:
    value = _field("value", type, _field("immediateValue", _field("tensor", *content)))
    return _op(
        "const", _named("outputs", "c", type), _field("attributes", _text("key", "val"), value)
    )


def _model(*ops: str, outputs: str = _text("outputs", "x"), description: str = "") -> pb.Model:
    """A Model of one function, main, which takes x."""
    block = _field("value", *ops, outputs)
    function = _field(
        "value",
        _text("opset", "CoreML8"),
        _named("inputs", "x"),
        _field("block_specializations", _text("key", "CoreML8"), block),
    )
    program = _field("mlProgram", "version: 1", _field("functions", _text("key", "main"), function))
    described = _field("description", description)
    return text_format.Parse(f"specificationVersion: 9 {described} {program}", pb.Model())


def _each(count: int, form: Callable[[int], str]) -> str:
    return "".join(map(form, range(count)))


def _functions(count: int) -> pb.Model:
    model = _model()
    for number in range(count):
        model.mlProgram.functions[f"f{number}"].CopyFrom(model.mlProgram.functions["main"])
        model.description.functions.add(name=f"f{number}")
    return model


def _enumerated(count: int) -> pb.Model:
    """One input of many shapes, and many of one."""
    model = _model()
    for number in range(count):
        feature = model.description.input.add(name=f"i{number}")
        shapes = feature.type.multiArrayType.enumeratedShapes.shapes
        for length in range(1 if number else count):
            shapes.add(shape=[length])
    return model


def _unknown(count: int) -> pb.Model:
    """Fields that no version of milc knows, in types."""
    model = _model(_each(count, lambda i: _op("f", _result(f"r{i}"))))
    for op in model.mlProgram.functions["main"].block_specializations["CoreML8"].operations:
        op.outputs[0].type.MergeFromString(b"\xf8\x3f\x01")
    return model


def _later(arguments: Callable[[int], str], count: int) -> pb.Model:
    """An operation that uses the many results of the next one."""
    return _model(_op("f", arguments(count)), _op("g", _each(count, lambda i: _result(f"r{i}"))))


def _deep(depth: int) -> pb.Model:
    """Blocks in one another, the innermost with names that none of them has."""
    op = _each(90, lambda i: _op("f", _argument("a", f"u{i}")))
    for _ in range(depth):
        op = _op("c", _field("blocks", op))
    return _model(op)


def _loop(count: int) -> pb.Model:
    taken = _each(count, lambda i: _named("inputs", f"i{i}"))
    return _model(_op("while_loop", _field("blocks", taken), _field("blocks")))


def _dotted(count: int) -> pb.Model:
    arguments = _each(count, lambda i: _argument(f"a.{i}", "x"))
    return _model(_op("f", arguments, _each(count, lambda i: _result(f"r.{i}"))))


_LONG: Final = "n" * 50_000
_NOTHING: Final = _field("bytes", 'values: ""')
_BEYOND: Final = (1 << 64) - 1

MESSAGES: Final[dict[str, Callable[[], pb.Model]]] = {
    "functions": lambda: _functions(3000),
    "shapes of inputs": lambda: _enumerated(3000),
    "unknown fields": lambda: _unknown(3000),
    "operations": lambda: _model(_each(5000, lambda i: _op("f", _result(f"r{i}")))),
    "undefined operands": lambda: _model(_op("f", _argument("a", *(f"u{i}" for i in range(9000))))),
    "operands defined later": lambda: _later(
        lambda n: _argument("a", *(f"r{i}" for i in range(n))), 5000
    ),
    "arguments defined later": lambda: _later(
        lambda n: _each(n, lambda i: _argument(f"a{i}", f"r{i}")), 5000
    ),
    "outputs": lambda: _model(outputs=_text("outputs", "x") * 20_000),
    "results of one name": lambda: _model(_op("f", _result("r") * 5000)),
    "names that are none": lambda: _dotted(5000),
    "blocks": lambda: _model(_op("cond", _field("blocks") * 10_000)),
    "what a loop takes": lambda: _loop(5000),
    "deep blocks": lambda: _deep(20),
    "blocks too deep": lambda: _deep(40),
    "long names": lambda: _model(_each(50, lambda i: _op(_LONG, _result(f"r.{i}")))),
    "dimensions": lambda: _model(
        _op("f", _named("outputs", "r", _tensor("INT8", *[_dim(9)] * 9000)))
    ),
    "huge dimensions": lambda: _model(_const(_tensor("INT8", *[_dim(_BEYOND)] * 32), _NOTHING)),
    "no end of rows": lambda: _model(_const(_tensor("INT8", _dim(1 << 39), _dim(0)), _NOTHING)),
    "no end of rows of unknown length": lambda: _model(
        _const(_tensor("INT8", _dim(1 << 39), _field("dimensions", _field("unknown"))), _NOTHING)
    ),
    "members of a tuple": lambda: _model(
        _op("f", _named("outputs", "r", _field("type", _field(
            "tupleType", _tensor().replace("type", "types", 1) * 9000))))
    ),
    "strings": lambda: _model(
        _const(_tensor("STRING", _dim(20_000)), _field("strings", 'values: "" ' * 20_000))
    ),
    "metadata": lambda: _model(description=_field(
        "metadata", _each(9000, lambda i: _field("userDefined", _text("key", f"k{i}")))
    )),
    "features described twice": lambda: _model(
        description=_field("input", _text("name", "x")) * 9000
    ),
}  # fmt: skip
"""What grows in a message."""


def run_message(name: str) -> None:
    """Decode, verify, print and encode."""
    check_message(MESSAGES[name]().SerializeToString())
