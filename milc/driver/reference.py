"""`milc ops` and docs/ops: what the opsets hold, listed, searched, compared, and as pages.

Imports schema and opsets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.prose import nearest
from milc.opsets import index
from milc.opsets.versions import LADDER
from milc.schema import OpDef, level
from milc.schema.page import example, founding, history, prose, summary, takes
from milc.verify.elsewhere import op_called

NEWEST = LADDER[-1].tag


class Line(NamedTuple):
    """An op in a list."""

    name: str
    family: str
    opsets: tuple[str, ...]
    """The opsets that define it anew, oldest first."""
    summary: str


def listing(*, family: str = "", opset: str = NEWEST, word: str = "") -> list[Line]:
    """The ops of an opset by name; those of a family, and with a word in name or description.

    Raises MilError (MIL0035) for an opset or a family that does not exist.
    """
    _known_opset(opset)
    if family and family not in set(index.families().values()):
        raise _unknown("family", family, sorted(set(index.families().values())))
    found = []
    for name, home in sorted(index.families().items()):
        definition = index.definition(name, opset)
        if definition is None or (family and home != family) or not _has(definition, word):
            continue
        opsets = tuple(each.since for each in history(definition))
        found.append(Line(name, home, opsets, summary(definition)))
    return found


def _has(definition: type[OpDef], word: str) -> bool:
    return word.lower() in f"{definition.name} {prose(history(definition)[0])}".lower()


def look_up(name: str, opset: str = NEWEST) -> type[OpDef]:
    """The definition of an op in an opset. Raises MilError (MIL0035) if there is none."""
    _known_opset(opset)
    definition = index.definition(name, opset)
    if definition is not None:
        return definition
    versions = index.versions(name)
    if versions:
        message = f"{name} is not in {opset}: it came with {versions[0].since}"
        raise MilError(Diagnostic("MIL0035", message))
    hint = op_called(name)
    if hint is not None:
        raise MilError(Diagnostic("MIL0035", f"there is no op {name}", help=hint.help))
    raise _unknown("op", name, sorted(index.families()))


def _known_opset(opset: str) -> None:
    tags = [version.tag for version in LADDER]
    if opset not in tags:
        raise _unknown("opset", opset, tags)


def _unknown(what: str, name: str, known: list[str]) -> MilError:
    near = nearest(name, known)
    help = f"did you mean {near}?" if near else f"there are {', '.join(known[:12])}"
    return MilError(Diagnostic("MIL0035", f"there is no {what} {name}", help=help))


class Step(NamedTuple):
    """What a newer opset did to an op."""

    name: str
    opset: str
    is_new: bool
    prose: str
    details: tuple[str, ...]
    """The differences of the declarations, one a line."""


def steps(old: str, new: str) -> Iterator[Step]:
    """What the opsets above `old` up to `new` changed, by opset and name. Raises MilError."""
    _known_opset(old)
    _known_opset(new)
    found = []
    for name in index.families():
        before = index.definition(name, old)
        for definition in index.versions(name):
            if not level(old) < level(definition.since) <= level(new):
                continue
            details = tuple(_differences(before, definition)) if before is not None else ()
            text = summary(definition) if before is None else prose(definition)
            found.append(Step(name, definition.since, before is None, text, details))
            before = definition
    yield from sorted(found, key=lambda step: (level(step.opset), not step.is_new, step.name))


def _differences(old: type[OpDef], new: type[OpDef]) -> Iterator[str]:
    before, after = _declared(old), _declared(new)
    for name, line in before.items():
        if name not in after:
            yield f"- {line}"
    for name, line in after.items():
        if before.get(name) != line:
            if name in before:
                yield f"- {before[name]}"
            yield f"+ {line}"


def _declared(definition: type[OpDef]) -> dict[str, str]:
    """A line for each argument of a definition, and for each result."""
    arguments = {
        name: f"{name}: {takes(arg)}" + (f"; {_one_of(arg.choices)}" if arg.choices else "")
        for name, arg in definition.args.items()
    }
    results = {f"result {name}": f"result {name}" for name in definition.outs}
    return arguments | results


def _one_of(words: Iterable[str]) -> str:
    return f"one of {', '.join(words)}"


def as_markdown(definition: type[OpDef]) -> str:
    """The page of an op, with what each opset changed."""
    first, *revised = history(definition)
    base = founding(definition)
    parts = [f"# {definition.name}", prose(base), *_arguments(definition), *_results(definition)]
    if definition.constraints:
        rules = [f"- **{rule.label}** — {rule.sentence}." for rule in definition.constraints]
        parts += ["## Constraints", "\n".join(rules)]
    parts += ["## Example", f"```mil\n{example(definition)}```"]
    if revised:
        parts.append("## History")
        came = "The op came." if base is first else f"The op came. {_flat(first)}"
        parts.append(f"- **{first.since}** — {came}{_before(first)}")
        for each in revised:
            change = "The op was made anew, as above." if each is base else _flat(each)
            parts.append(f"- **{each.since}** — {change}{_before(each)}")
    else:
        parts.append(f"Since {first.since}.{_before(first)}")
    return "\n\n".join(parts) + "\n"


def _flat(definition: type[OpDef]) -> str:
    return " ".join(prose(definition).split())


def _before(definition: type[OpDef]) -> str:
    """What to write on systems without a definition, as a sentence behind others."""
    return f" Before: {definition.instead}." if definition.instead else ""


def _arguments(definition: type[OpDef]) -> Iterator[str]:
    if definition.is_open:
        return
    yield "## Arguments"
    rows = ["| name | takes | meaning |", "|---|---|---|"]
    for arg in definition.args.values():
        choices = f"; {_one_of(f'`{word}`' for word in arg.choices)}" if arg.choices else ""
        what = re.sub(r"\|", r"\\|", takes(arg))
        rows.append(f"| `{arg.name}` | {what} | {arg.doc}{choices} |")
    yield "\n".join(rows)


def _results(definition: type[OpDef]) -> Iterator[str]:
    if not definition.outs:
        return
    yield "## Results"
    yield "\n".join(f"- `{out.name}` — {out.doc}" for out in definition.outs.values())


def index_page() -> str:
    """The page that lists every op, by family."""
    parts = [
        "# Operations",
        "Every operation of Core ML's opsets, by family; `milc ops` shows the same on a terminal.",
        "These pages are made from the definitions in `opsets/`, with `make docs`.",
    ]
    lines = listing()
    for family in sorted({line.family for line in lines}):
        parts.append(f"## {family.replace('_', ' ').capitalize()}")
        parts.append(
            "\n".join(
                f"- [{line.name}]({line.name}.md) ({', '.join(line.opsets)}) — {line.summary}"
                for line in lines
                if line.family == family
            )
        )
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """Every page of docs/ops: its file's name and its text."""
    yield "index.md", index_page()
    for line in listing():
        yield f"{line.name}.md", as_markdown(look_up(line.name))


def main() -> None:
    """Write the pages into the folder that the command line names; others there are removed."""
    import sys
    from pathlib import Path

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = dict(pages())
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
