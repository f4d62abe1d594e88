"""Texts of any size, as Apple's compiler prints them: real programs, repeated under other names.

Each program becomes a function of one text. Its body is repeated with every value renamed, and
whatever the first copy may use, the others use of themselves, so that the text has no findings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks._measure import ROOT
from milc.ir.literals import string_literal
from milc.ir.nodes import Function, Op, Program, Value
from milc.ir.walk import walk_ops, walk_values
from milc.package.model import load_package
from milc.syntax.parse import parse
from milc.syntax.print import to_text

SHARED = ROOT.parent / "shared"
PACKAGES = (
    "bench/gpt_opt_fp16.mlpackage",
    "bench/resnet_unopt.mlpackage",
    "bench/resnet_opt_fp16.mlpackage",
    "bench/torchvit_unopt.mlpackage",
    "bench/torchvit_opt_fp16.mlpackage",
)
TEXTS = (
    "corpus/pairs/FluidInference+mobius/unified_256ms_int8/unified_256ms_int8.mlmodelc/model.mil",
)
EXAMPLES = ("convnet", "control_flow", "transformer_block")
"""What is repeated where there are no real models: lessons of this project."""


class Grown(NamedTuple):
    """A text on disk."""

    path: Path
    bytes: int
    statements: int


def programs(quick: bool = False) -> list[Program]:
    """The programs to repeat, about 1 MB of text."""
    found = [load_package(SHARED / name).program for name in PACKAGES if (SHARED / name).exists()]
    found += [parse((SHARED / name).read_text()) for name in TEXTS if (SHARED / name).exists()]
    if found and not quick:
        return found
    return [parse((ROOT / f"examples/{name}/model.mil").read_text()) for name in EXAMPLES]


def grow(sources: list[Program], copies: int, path: Path) -> Grown:
    """Write the text of one program whose functions are `sources`, each body `copies` times."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for piece in _pieces(sources, copies):
            file.write(piece)
    with path.open("rb") as written:
        statements = sum(line.rstrip().endswith(b";") for line in written)
    return Grown(path, path.stat().st_size, statements)


def excerpt(lines: int) -> str:
    """A valid text of so many lines, the beginning of a lesson as Apple's compiler prints it."""
    program = parse((ROOT / f"examples/{EXAMPLES[-1]}/model.mil").read_text(encoding="utf-8"))
    text = "".join(_pieces([program], 1 + lines // 20)).splitlines()
    statements = [line for line in text if line.endswith(";") and "->" not in line][: lines - 5]
    name = statements[-1].partition(" = ")[0].rpartition(" ")[2]
    return "\n".join([*text[:3], *statements, f"        }} -> ({name});", "}"]) + "\n"


def _pieces(sources: list[Program], copies: int) -> Iterator[str]:
    yield "program(1.3)\n{\n"
    for number, source in enumerate(sources):
        (function, *_) = source.functions.values()
        alone = Program("1.3")
        alone.functions["main"] = function
        named = _named(function)
        for copy in range(copies):
            _rename(named, "" if copy == 0 else f"_copy{copy}")
            head, body, tail = _parts(to_text(alone, "coremlc"))
            if copy == 0:
                yield head.replace("func main<", f"func f{number}<")
            yield body
        yield tail
        _rename(named, "")
    yield "}\n"


def _parts(text: str) -> tuple[str, str, str]:
    """The line that opens the only function, its statements, and the line that closes it."""
    start = text.index("    func main<")
    body = text.index(" {\n", start) + 3
    end = text.rindex("        } -> (")
    return text[start:body], text[body:end], text[end : text.rindex("}")]


def _named(function: Function) -> list[tuple[Value | Op, str]]:
    """What a copy has to name anew: values within the body and ops, with identifiers for names.

    Converters take other names too, but Apple's compiler prints identifiers alone.
    """
    values = [v for v in walk_values(function) if v.owner is not function]
    ops = [op for op in walk_ops(function) if op.name is not None]
    return [(node, re.sub(r"\W|^(?=\d)", "_", node.name or "")) for node in (*values, *ops)]


def _rename(named: list[tuple[Value | Op, str]], suffix: str) -> None:
    for node, name in named:
        if isinstance(node, Op):
            node.attributes["name"] = string_literal(name + suffix)
        else:
            node.name = name + suffix
