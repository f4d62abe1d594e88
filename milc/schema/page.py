"""What the docstring of a definition says: the prose and the example of an op's page.

Imports this room only.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from milc.schema.opdef import OpDef

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
    for base in definition.__mro__:
        found = _fenced.search(_clean(vars(base).get("__doc__")))
        if found:
            functions = _opset.sub(rf"\1<{definition.since}>", found[1])
            indented = "\n".join(f"    {line}" if line else "" for line in functions.split("\n"))
            return f"program(1.3)\n{{\n{indented}\n}}\n"
    raise ValueError(f"{definition.name} has no example")
