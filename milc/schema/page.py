"""What a definition says of its op: the parts of its page, for people and as data.

Imports this room only.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

from milc.schema.opdef import definitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from milc.schema.declare import Arg
    from milc.schema.opdef import OpDef

FACTS: Final = ("elementwise", "commutative", "stateful", "random")
"""The facts about an op that its page names."""

_fenced: Final = re.compile(r"\n*```mil\n(.*?)\n```\n*", re.DOTALL)
_opset: Final = re.compile(r"(func \w+)<ios\d+>")


def _clean(doc: str | None) -> str:
    """A docstring without the indentation of its lines behind the first."""
    first, _, rest = (doc or "").partition("\n")
    return f"{first.strip()}\n{dedent(rest)}".strip()


def prose(definition: type[OpDef]) -> str:
    """The docstring without its example: what the op does, or what a later opset changed."""
    return _fenced.sub("\n\n", _clean(definition.__doc__)).strip()


def example(definition: type[OpDef]) -> str:
    """A whole program that shows the op in the opset of the definition, as MIL text.

    It is that of the definition's own docstring, else of the one that it revises. Raises ValueError
    if none has one.
    """
    found = next(examples(definition), None)
    if found is None:
        raise ValueError(f"{definition.name} has no example")
    return found


def examples(definition: type[OpDef]) -> Iterator[str]:
    """The examples of a definition and of those that it revises, all in its opset, newest first."""
    for base in definition.__mro__:
        found = _fenced.search(_clean(vars(base).get("__doc__")))
        if found:
            functions = _opset.sub(rf"\1<{definition.since}>", found[1])
            indented = "\n".join(f"    {line}" if line else "" for line in functions.split("\n"))
            yield f"program(1.3)\n{{\n{indented}\n}}\n"


def summary(definition: type[OpDef]) -> str:
    """The first sentence of what the op does, without its full stop."""
    first = definitions(definition.name)[0]
    paragraph = " ".join(prose(first).split("\n\n")[0].split())
    return re.split(r"\.(?= [A-Z]|$)", paragraph)[0]


def history(definition: type[OpDef]) -> list[type[OpDef]]:
    """The definition and those that it revises, oldest first."""
    known = definitions(definition.name)
    return known[: known.index(definition) + 1]


def founding(definition: type[OpDef]) -> type[OpDef]:
    """The definition that this one revises in the end: the last that was made anew."""
    known = history(definition)
    pairs = zip(known[1:], known, strict=False)
    return next((new for new, old in reversed([*pairs]) if not issubclass(new, old)), known[0])


def describe(definition: type[OpDef]) -> dict[str, Any]:
    """All that a definition declares, as JSON can hold it. docs/cli.md describes the members."""
    revised = history(definition)[1:]
    return {
        "name": definition.name,
        "opset": definition.since,
        "family": definition.__module__.rpartition(".")[2],
        "summary": summary(definition),
        "description": prose(founding(definition)),
        "changes": {change.since: prose(change) for change in revised},
        "arguments": [_argument(arg) for arg in definition.args.values()],
        "results": [{"name": out.name, "description": out.doc} for out in definition.outs.values()],
        "constraints": [
            {"label": rule.label, "sentence": rule.sentence} for rule in definition.constraints
        ],
        "instead": {each.since: each.instead for each in history(definition) if each.instead},
        "facts": [fact for fact in FACTS if getattr(definition, fact)],
        "example": example(definition),
    }


def _argument(arg: Arg) -> dict[str, Any]:
    return {
        "name": arg.name,
        "description": arg.doc,
        "kind": arg.kind,
        "domain": arg.group or None,
        "elements": [str(element) for element in arg.elements],
        "rank": list(arg.ranks) if arg.ranks is not None else None,
        "const": arg.const,
        "optional": arg.optional,
        "variadic": arg.variadic,
        "default": None if callable(arg.default) else arg.default,
        "default_description": default_text(arg) or None,
        "choices": list(arg.choices) if arg.choices is not None else None,
    }


def default_text(arg: Arg) -> str:
    """What is meant where an argument is left out, in words; empty if nothing is."""
    if arg.default_doc or not arg.has_default:
        return arg.default_doc
    if isinstance(arg.default, bool):
        return str(arg.default).lower()
    if isinstance(arg.default, tuple):
        return f"[{', '.join(map(str, arg.default))}]"
    if isinstance(arg.default, str):
        return f'"{arg.default}"'
    return f"{arg.default:g}".replace("e-0", "e-")


def takes(arg: Arg) -> str:
    """What an argument takes, in a few words: kind or elements, rank, whether constant."""
    what = " | ".join(map(str, arg.elements)) if arg.elements else arg.kind
    if arg.group:
        what = f"{arg.group}: {what}"
    parts = ["one or more of " + what if arg.variadic else what]
    if arg.ranks is not None:
        low, high = arg.ranks
        parts.append(f"rank {low}" if low == high else f"rank {low} to {high}")
    if arg.const:
        parts.append("const")
    if arg.optional:
        default = default_text(arg)
        parts.append(f"default {default}" if default else "optional")
    return ", ".join(parts)
