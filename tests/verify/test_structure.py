"""The rules of structure: each is broken by a program, in text where text can break it.

In the texts « and » stand around what the finding has to point at, and ‹ and › around what its
label points at.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from milc.diagnostics import BoundedFindings, Diagnostic, Source
from milc.diagnostics.catalog.structure import ENTRIES
from milc.ir.builder import Builder
from milc.ir.literals import string_literal
from milc.ir.nodes import Block, Function, Op, Program, Value
from milc.ir.rewriter import Rewriter
from milc.ir.types import BOOL, FP16, FP32, INT32, STRING, DictType, ListType, StateType, TupleType
from milc.syntax.parse import read
from milc.syntax.print import with_spans
from milc.verify import verify_structure as verify
from milc.verify.control_flow import fits
from tests.ir.samples import chain, deep, mixed, ops, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from milc.diagnostics.catalog import Entry

MARKS = re.compile("[«»‹›]")


def statements(body: str, outputs: str = "(x)") -> str:
    """A function of the inputs x, z and p around some statements."""
    inputs = "tensor<fp32, [2]> x, tensor<fp32, [3]> z, bool p"
    return (
        f"program(1.3)\n{{\n    func main<ios17>({inputs}) {{\n{body}\n    }} -> {outputs};\n}}\n"
    )


def cond(then: str, otherwise: str, result: str = "tensor<fp32, [2]> y") -> str:
    return statements(f'{result} = cond(pred = p)[name = string("y")] {then}, {otherwise};')


def loop(condition: str, body: str, args: str = "tensor<fp32, [2]> a") -> str:
    return statements(
        f'tensor<fp32, [2]> y = while_loop(loop_vars = x)[name = string("y")]'
        f"({args}) {condition}, ({args}) {body};"
    )


KEEP = "{ bool again = less(x = a, y = a)[]; } -> (again)"


def nested(statement: str) -> str:
    return cond(f"{{ {statement} }} -> (x)", "{ } -> (x)")


TEXTS = {
    "used before it is defined": (
        "MIL0401",
        "`y` is used before it is defined",
        statements("tensor<fp32, [2]> a = relu(x = «y»); tensor<fp32, [2]> ‹y› = relu(x = x);"),
    ),
    "used by a nested block before it is defined": (
        "MIL0401",
        "`y` is used before it is defined",
        nested("tensor<fp32, [2]> a = relu(x = «y»);").replace(
            "    } -> (x);\n}", "tensor<fp32, [2]> ‹y› = relu(x = x); } -> (x);\n}"
        ).replace("> y = cond", "> c = cond"),
    ),
    "used by itself": (
        "MIL0401",
        "`y` is used by the operation that defines it",
        statements("tensor<fp32, [2]> ‹y› = add(x = x, y = «y»);"),
    ),
    "used within the operation that defines it": (
        "MIL0401",
        "`y` is used by the operation that defines it",
        cond("{ } -> («y»)", "{ } -> (x)", "tensor<fp32, [2]> ‹y›"),
    ),
    "one of several operands": (
        "MIL0401",
        "`y` is used before it is defined",
        statements(
            "tensor<fp32, [2]> a = concat(x = x, values = (x, «y»)); "
            "tensor<fp32, [2]> ‹y› = relu(x = x);"
        ),
    ),
    "defined twice": (
        "MIL0402",
        "`y` is defined twice in one block",
        statements("tensor<fp32, [2]> ‹y› = relu(x = x); tensor<fp32, [2]> «y» = relu(x = x);"),
    ),
    "two results of one name": (
        "MIL0402",
        "`y` is defined twice in one block",
        statements("tensor<fp32, [1]> ‹y›, tensor<fp32, [1]> «y» = split(x = x);"),
    ),
    "a result of an input's name": (
        "MIL0402",
        "`x` is defined twice in one block",
        statements("tensor<fp32, [2]> «x» = relu(x = p);", "(z)").replace("> x, t", "> ‹x›, t"),
    ),
    "undefined": (
        "MIL0403",
        "nothing defines `w`",
        statements("tensor<fp32, [2]> a = add(x = x, y = «w»);"),
    ),
    "undefined output": (
        "MIL0403",
        "nothing defines `w`",
        statements("tensor<fp32, [2]> w_ = relu(x = x);", "(x, «w»)"),
    ),
    "hides an outer name": (
        "MIL0405",
        "`x` hides a value of that name in a block around this one",
        nested("tensor<fp32, [2]> «x» = relu(x = z);").replace("> x, t", "> ‹x›, t"),
    ),
    "an argument hides an outer name": (
        "MIL0405",
        "`x` hides a value of that name in a block around this one",
        loop(
            KEEP.replace("a, y = a", "p, y = p"), "{ } -> (x)", "tensor<fp32, [2]> «x»"
        ).replace("(tensor<fp32, [2]> «x»)", "(tensor<fp32, [2]> b)", 1)
        .replace("[2]> x, t", "[2]> ‹x›, t"),
    ),
    "no function": ("MIL0406", "the program has no function", "program(1.3)\n{\n}\n"),
    "output twice": (
        "MIL0408",
        "the function returns `x` more than once",
        statements("").replace("-> (x)", "«-> (x, x)»"),
    ),
    "one block": (
        "MIL0409",
        "cond has 1 block; it needs two, one for true and one for false",
        statements("tensor<fp32, [2]> y = «cond»(pred = p) { } -> (x);"),
    ),
    "three blocks": (
        "MIL0409",
        "cond has 3 blocks; it needs two, one for true and one for false",
        statements("tensor<fp32, [2]> y = «cond»(pred = p) {} -> (x), {} -> (x), {} -> (x);"),
    ),
    "no block": (
        "MIL0409",
        "while_loop has no blocks; it needs two, the condition and the body",
        statements("tensor<fp32, [2]> y = «while_loop»(loop_vars = x);"),
    ),
    "a branch with arguments": (
        "MIL0409",
        "the block for false takes 1 argument; blocks of cond take none",
        cond("{ } -> (x)", "(bool «a») { } -> (x)"),
    ),
    "too few arguments of a loop": (
        "MIL0409",
        "the condition takes no arguments, but loop_vars has 1 value",
        statements(
            "tensor<fp32, [2]> y = while_loop(loop_vars = x) «{» } -> (p), "
            "(tensor<fp32, [2]> a) { } -> (a);"
        ),
    ),
    "an argument of another type": (
        "MIL0409",
        "the body takes `b` as tensor<fp32, [3]>, but is given tensor<fp32, [2]>",
        loop(KEEP, "{ } -> (z)").replace(
            "(tensor<fp32, [2]> a) { } -> (z)", "(tensor<fp32, [3]> «b») { } -> (z)"
        ).replace("tensor<fp32, [2]> y = while", "tensor<fp32, [?]> y = while"),
    ),
    "a branch returns too much": (
        "MIL0410",
        "the block for true returns 2 values, but cond has 1",
        cond("{ } «-> (x, x)»", "{ } -> (x)"),
    ),
    "a branch returns another type": (
        "MIL0410",
        "the block for false returns `z` as tensor<fp32, [3]> where tensor<fp32, [2]> is declared",
        cond("{ } -> (x)", "{ } -> («z»)"),
    ),
    "a condition that is no bool": (
        "MIL0410",
        "the condition returns tensor<fp32, [2]>; it must return one bool",
        loop("{ } «-> (a)»", "{ } -> (a)"),
    ),
    "a condition of two values": (
        "MIL0410",
        "the condition returns 2 values; it must return one bool",
        loop("{ } «-> (p, p)»", "{ } -> (a)"),
    ),
    "a body returns too little": (
        "MIL0410",
        "the body returns 2 values, but its arguments have 1",
        loop(KEEP, "{ } «-> (a, a)»"),
    ),
    "a body returns another type": (
        "MIL0410",
        "the body returns `z` as tensor<fp32, [3]> where tensor<fp32, [2]> is declared",
        loop(KEEP, "{ } -> («z»)"),
    ),
    "too many results of a loop": (
        "MIL0410",
        "while_loop has 2 results, but the loop holds 1 value",
        loop(KEEP, "{ } -> (a)").replace(
            "y = while_loop", "y, bool more = «while_loop»"
        ),
    ),
    "a result of a loop of another type": (
        "MIL0410",
        "the result `y` is tensor<fp32, [3]>, but the loop holds tensor<fp32, [2]>",
        loop(KEEP, "{ } -> (a)").replace("tensor<fp32, [2]> y =", "tensor<fp32, [3]> «y» ="),
    ),
    "a const without a value": (
        "MIL0411",
        "this const has no value; it needs the attribute `val`",
        statements('int32 c = «const»()[name = string("c")];'),
    ),
    "a const with an argument": (
        "MIL0411",
        "const takes no arguments, but this one has `x`",
        statements('int32 c = «const»(x = x)[name = string("c"), val = int32(1)];'),
    ),
    "a const of two results": (
        "MIL0411",
        "const has one result, but this one has 2",
        statements('int32 c, int32 d = «const»()[name = string("c"), val = int32(1)];'),
    ),
    "a const of another type": (
        "MIL0411",
        "const is declared as tensor<int32, [1]>, but its value is int32",
        statements('tensor<int32, [1]> c = «const»()[name = string("c"), val = int32(1)];'),
    ),
    "a reserved word": (
        "MIL0412",
        "the name `state` is a reserved word",
        statements("tensor<fp32, [2]> «state» = relu(x = x);"),
    ),
    "a function called by the keyword before it": (
        "MIL0412",
        "the name `func` is a reserved word",
        "program(1.3)\n{\n    func `«func»`<ios18>(fp32 x) {} -> (x);\n}\n",
    ),
    "no identifier": (
        "MIL0413",
        "the value name `a.b` is not a letter or _, then letters, digits and _",
        statements("tensor<fp32, [2]> «`a.b`» = relu(x = x);"),
    ),
}  # fmt: skip


def unmarked(text: str) -> tuple[str, dict[str, tuple[int, int]]]:
    """The text without its marks, and the spans between « and », and ‹ and ›."""
    places: dict[str, int] = {}
    plain = ""
    for part in re.split(f"({MARKS.pattern})", text):
        if MARKS.fullmatch(part):
            places[part] = len(plain)
        else:
            plain += part
    pairs = [(opening, closing) for opening, closing in ("«»", "‹›") if opening in places]
    return plain, {opening: (places[opening], places[closing]) for opening, closing in pairs}


def found_in(text: str) -> list[Diagnostic]:
    """What the parser and the verifier find, as a driver would call them."""
    program, reported = read(Source(text, "model.mil"))
    return [*reported, *verify(program, reported=reported)]


@pytest.mark.parametrize("case", TEXTS)
def test_a_rule_broken_in_text(case: str) -> None:
    code, message, marked = TEXTS[case]
    text, places = unmarked(marked)
    (found,) = found_in(text)
    assert (found.code, found.message.partition("; it needs at least")[0]) == (code, message)
    assert found.severity == ("warning" if code in WARNINGS else "error")
    span = found.span and (found.span.start, found.span.end)
    assert span == places.get("«")
    labels = [(label.span.start, label.span.end) for label in found.labels]
    assert labels == [places[mark] for mark in "‹" if mark in places]


WARNINGS = {"MIL0405", "MIL0408", "MIL0412", "MIL0413"}


# Programs that have no text, or that no text can hold.


def test_where_the_value_of_a_const_stands() -> None:
    [finding] = found_in(statements("int32 c = const(val = int32(1));"))
    assert finding.help == "what is in parentheses are operands; write `const()[val = …]`"


def straight(*added: Op, outputs: bool = True) -> Program:
    """A function of the inputs x and p with some ops."""
    program = Program()
    function = program.add(Function("main", "ios17", [Value("x", FP32(2)), Value("p", BOOL())]))
    for op in added:
        function.body.append(op)
    if outputs:
        function.body.set_outputs(function.inputs[:1])
    return program


def relu(x: Value, name: str = "y") -> Op:
    return Op("relu", {"x": (x,)}, [Value(name, FP32(2))])


def of_another_function() -> Program:
    program = straight()
    stranger = program.functions["main"].inputs[0]
    other = program.add(Function("other", "ios17", [Value("q", FP32(2))]))
    result = other.body.append(relu(stranger)).result
    other.body.set_outputs([result])
    return program


def from_within_a_block() -> Program:
    program = mixed()
    main = program.functions["main"]
    main.body.append(relu(values(program)["positive"], "late"))
    return program


def from_a_block_beside() -> Program:
    program = mixed()
    ops(program)["chosen"].blocks[1].set_outputs([values(program)["positive"]])
    return program


def from_an_erased_op() -> Program:
    program = mixed()
    main = program.functions["main"]
    rewriter = Rewriter(main)
    rewriter.replace_all_uses(values(program)["scaled"], main.inputs[0])
    gone = ops(program)["scaled"]
    rewriter.erase(gone)
    main.body.set_outputs([gone.result])
    return program


def from_a_removed_input() -> Program:
    program = straight()
    main = program.functions["main"]
    main.body.append(relu(main.inputs[0]))
    del main.inputs[0]
    main.body.set_outputs(main.inputs[:1])
    return program


def of_another_opset() -> Program:
    program = straight()
    main = program.functions["main"]
    inner = main.body.append(relu(main.inputs[0])).result
    other = main.specializations["ios18"] = Block()
    other.parent = main
    other.set_outputs([inner])
    return program


def renamed(program: Program, name: str) -> Program:
    main = program.functions.pop("main")
    main.name = name
    program.add(main)
    return program


def names_everywhere() -> Program:
    program = renamed(straight(), "f-1")
    main = program.functions["f-1"]
    main.body.append(
        Op("re.lu", {"x y": (main.inputs[0],)}, [], {"n!": string_literal("anything goes here")})
    )
    return program


BY_HAND: dict[str, tuple[Callable[[], Program], list[str]]] = {
    "undefined": (
        lambda: straight(relu(Value("w", FP32(2)))),
        ["MIL0403 function main, op 1 relu `y`: nothing defines `w`"],
    ),
    "of another function": (
        of_another_function,
        [
            (
                "MIL0404 function other, op 1 relu `y`: `x` is out of scope: it belongs to "
                "function main"
            )
        ],
    ),
    "from within a block": (
        from_within_a_block,
        [
            (
                "MIL0404 function main, op 6 relu `late`: `positive` is out of scope: the "
                "block that defines it does not hold this one"
            )
        ],
    ),
    "from a block beside": (
        from_a_block_beside,
        [
            (
                "MIL0404 function main, op 3 cond `chosen`, block 2: `positive` is out of "
                "scope: the block that defines it does not hold this one"
            )
        ],
    ),
    "from an erased op": (
        from_an_erased_op,
        [
            (
                "MIL0404 function main: `scaled` is out of scope: what defines it is not "
                "part of the program"
            )
        ],
    ),
    "from a removed input": (
        from_a_removed_input,
        [
            (
                "MIL0404 function main, op 1 relu `y`: `x` is out of scope: what defines it "
                "is not part of the program"
            )
        ],
    ),
    "of another opset": (
        of_another_opset,
        [
            (
                "MIL0404 function main: `y` is out of scope: the block that defines it does "
                "not hold this one"
            )
        ],
    ),
    "no outputs": (
        lambda: straight(outputs=False),
        [("MIL0407 function main: the function returns nothing; it needs at least one output")],
    ),
    "names": (
        names_everywhere,
        [
            (
                "MIL0413 function f-1: the function name `f-1` is not a letter or _, then "
                "letters, digits and _"
            ),
            (
                "MIL0413 function f-1, op 1 re.lu: the argument name `x y` is not a letter "
                "or _, then letters, digits and _"
            ),
            (
                "MIL0413 function f-1, op 1 re.lu: the operation name `re.lu` is not a "
                "letter or _, then letters, digits and _"
            ),
            (
                "MIL0413 function f-1, op 1 re.lu: the attribute name `n!` is not a letter "
                "or _, then letters, digits and _"
            ),
        ],
    ),
    "a reserved word for a function": (
        lambda: renamed(straight(), "list"),
        ["MIL0412 function list: the name `list` is a reserved word"],
    ),
    "duplicate": (
        lambda: straight(Op("const", results=[Value("x", INT32())])),
        [
            (
                "MIL0411 function main, op 1 const `x`: this const has no value; it needs the "
                "attribute `val`"
            ),
            "MIL0402 function main, op 1 const `x`: `x` is defined twice in one block",
        ],
    ),
    "within the second block": (
        lambda: straight(Op("other"), Op("cond", blocks=[Block(), Block([Value("any", BOOL())])])),
        [
            ("MIL0412 function main, op 2 cond, block 2: the name `any` is a reserved word"),
            (
                "MIL0409 function main, op 2 cond: the block for false takes 1 argument; "
                "blocks of cond take none"
            ),
        ],
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_a_rule_broken_by_hand(case: str) -> None:
    make, messages = BY_HAND[case]
    found = verify(make())
    assert [f"{finding.code} {finding.message}" for finding in found] == messages
    # Nothing that has no text is an error for its names alone.
    warnings = {*WARNINGS, "MIL0402"}
    assert all((finding.severity == "warning") == (finding.code in warnings) for finding in found)


def test_every_code_of_the_catalog_is_met() -> None:
    met = {code for code, _, _ in TEXTS.values()}
    met |= {code for _, found in BY_HAND.values() for code in re.findall(r"MIL\d+", str(found))}
    assert met == {entry.code for entry in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_the_example_of_each_code_triggers_it(entry: Entry) -> None:
    example = dedent(entry.example).strip()
    if example.startswith("import milc"):
        names: dict[str, Any] = {}
        exec(example, names)
        found = verify(names["builder"].program)
    elif example.startswith("program"):
        found = found_in(example)
    elif example.startswith("func"):
        found = found_in(f"program(1.3)\n{{\n{example}\n}}\n")
    else:
        found = found_in(statements(example))
    assert [finding.code for finding in found] == [entry.code]


def test_sound_programs_have_no_findings() -> None:
    for program in (mixed(), chain(10), deep(3)):
        assert verify(program) == []


def test_findings_about_a_package_show_in_the_text_it_would_print() -> None:
    program = from_a_block_beside()
    main = program.functions["main"]
    main.body.append(relu(main.inputs[0], "scaled"))
    main.body.append(Op("relu", {"x": (main.inputs[0],)}, [Value("a.b", FP32(2))]))
    main.body.set_outputs([])
    with_spans(program, "model.mlpackage")
    found = [(finding.code, finding.span and finding.span.text) for finding in verify(program)]
    assert found == [
        ("MIL0407", "main"), ("MIL0404", "cond"), ("MIL0402", "scaled"), ("MIL0413", "a.b"),
    ]  # fmt: skip


def test_all_findings_come_in_one_run_and_in_text_order() -> None:
    text = statements(
        "tensor<fp32, [2]> a = relu(x = b);\n"
        "tensor<fp32, [2]> b = relu(x = x);\n"
        "tensor<fp32, [2]> state = relu(x = x);\n"
        "tensor<fp32, [2]> y = cond(pred = p) { tensor<fp32, [2]> x = relu(x = c); } -> (x);\n"
        "tensor<fp32, [2]> c = const()[];\n",
        "(a, a)",
    )
    found = found_in(text)
    assert [finding.code for finding in found] == [
        "MIL0401", "MIL0412", "MIL0409", "MIL0405", "MIL0401", "MIL0411", "MIL0408",
    ]  # fmt: skip
    assert all(finding.path == "model.mil" for finding in found)


def test_a_path_is_given_even_without_a_place() -> None:
    (found,) = found_in("program(1.3)\n{\n}\n")
    assert str(found) == (
        "model.mil: error[MIL0406]: the program has no function; it needs at least one"
    )


def test_what_a_reader_has_reported_is_not_said_twice() -> None:
    program = straight(relu(Value("w", FP32(2))), relu(Value("v", FP32(2))))
    assert [finding.code for finding in verify(program)] == [
        "MIL0403",
        "MIL0403",
        "MIL0402",
    ]
    duplicate = Diagnostic("MIL0402", "said before")
    assert [finding.code for finding in verify(program, reported=[duplicate])] == []
    warning = Diagnostic("MIL0213", "said before", severity="warning")
    assert len(verify(program, reported=[warning])) == 3
    error = Diagnostic("MIL0201", "a definition was lost")
    assert [finding.code for finding in verify(program, reported=[error])] == ["MIL0402"]


def test_each_use_of_an_undefined_name_is_shown() -> None:
    text, places = unmarked(statements("tensor<fp32, [2]> a = add(y = ‹w›, x = «w»);"))
    found = found_in(text)
    starts = [finding.span.start for finding in found if finding.span]
    assert starts == [places["‹"][0], places["«"][0]]


def test_read_state_may_take_the_name_of_an_earlier_value() -> None:
    """coremltools writes each update of a state so; later uses mean the latest."""
    builder = Builder()
    with builder.function("main", x=FP16(2), s=StateType(FP16(2))) as (x, s):
        new = builder.op("add", FP16(2), x=builder.read_state(s), y=x, name="update")
        builder.write_state(s, new)
        again = builder.read_state(s)
        again.name = "update"
        builder.outputs(builder.op("relu", FP16(2), x=again))
    assert verify(builder.program) == []
    again.op.kind = "identity"  # type: ignore[union-attr]
    assert [finding.code for finding in verify(builder.program)] == ["MIL0402"]


def test_blocks_beside_each_other_may_share_names() -> None:
    text = cond(
        "{ tensor<fp32, [2]> a = relu(x = x); } -> (a)",
        "{ tensor<fp32, [2]> a = relu(x = x); } -> (a)",
    )
    assert found_in(text) == []
    assert found_in(loop(KEEP, "{ } -> (a)")) == []


def test_a_name_of_a_block_means_nothing_behind_it() -> None:
    text = cond("{ tensor<fp32, [2]> a = relu(x = x); } -> (a)", "{ } -> (x)")
    text = text.replace("    } -> (x);\n}", "tensor<fp32, [2]> a = relu(x = x);\n    } -> (a);\n}")
    assert found_in(text) == []


def test_a_hidden_name_is_back_behind_the_block() -> None:
    text = nested("tensor<fp32, [2]> x = relu(x = z);").replace(
        "    } -> (x);\n}", "tensor<fp32, [2]> b = relu(x = x);\n    } -> (b);\n}"
    )
    assert [finding.code for finding in found_in(text)] == ["MIL0405"]


def test_a_value_is_live_again_in_no_other_function() -> None:
    program = of_another_function()
    program.functions = dict(reversed(program.functions.items()))
    assert [finding.code for finding in verify(program)] == ["MIL0404"]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (FP32(2), FP32(2), True), (FP32(2), FP32(3), False), (FP32(2), FP32(None), True),
        (FP32(2), FP16(2), False), (FP32(2), FP32(2, 1), False), (FP32(), BOOL(), False),
        (ListType(FP32(2), 3), ListType(FP32(None)), True),
        (ListType(FP32(2), 3), ListType(FP32(2), 4), False),
        (DictType(STRING(), FP32()), DictType(STRING(), FP32()), True),
        (DictType(STRING(), FP32()), DictType(STRING(), FP16()), False),
        (TupleType(FP32(1), INT32()), TupleType(FP32(None), INT32()), True),
        (TupleType(FP32(1)), TupleType(FP32(1), INT32()), False),
        (StateType(FP16(2)), StateType(FP16(2)), True),
        (StateType(FP16(2)), StateType(FP16(3)), False),
        (StateType(FP16(2)), FP16(2), False),
    ],
    ids=repr,
)  # fmt: skip
def test_which_types_fit(first: Any, second: Any, wanted: bool) -> None:
    assert fits(first, second) is fits(second, first) is wanted


def test_unknown_dimensions_fit_in_control_flow() -> None:
    program = mixed()
    Rewriter(program.functions["main"]).set_type(values(program)["chosen_1"], FP32(None))
    assert verify(program) == []


def test_a_condition_may_return_a_tensor_of_one_bool() -> None:
    program = mixed()
    Rewriter(program.functions["main"]).set_type(values(program)["again"], BOOL(1))
    assert verify(program) == []


def test_a_condition_may_leave_its_type_open() -> None:
    assert found_in(loop(KEEP.replace("bool again", "_ again"), "{ } -> (a)")) == []


def test_long_and_deep_programs() -> None:
    assert verify(deep(20_000)) == []
    program = chain(20_000)
    for op in program.functions["main"].body.ops:
        op.results[0].name += ".x"
    found = verify(program)
    assert len(found) == BoundedFindings.MOST
    assert str(found[-1]).startswith("milc: warning[MIL0413]: function main, op 1000 relu")
