"""What the docstring of a definition says: the prose and the example of an op's page.

Imports this room only.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from milc.schema.opdef import OpDef

_fenced: Final = re.compile(r"\n*```mil\n(.*?)\n```\n*", re.DOTALL)
_opset: Final = re.compile(r"(func \w+)<ios\d+>")


def prose(definition: type[OpDef]) -> str:
    """The docstring without its example: what the op does, or what a later opset changed."""
    return _fenced.sub("\n\n", cleandoc(definition.__doc__ or "")).strip()


def example(definition: type[OpDef]) -> str:
    """A whole program that shows the op in the opset of the definition, as MIL text.

    It is that of the definition's own docstring, else of the one that it revises. Raises ValueError
    if none has one.
    """
    for base in definition.__mro__:
        found = _fenced.search(cleandoc(vars(base).get("__doc__") or ""))
        if found:
            functions = _opset.sub(rf"\1<{definition.since}>", found[1])
            indented = "\n".join(f"    {line}" if line else "" for line in functions.split("\n"))
            return f"program(1.3)\n{{\n{indented}\n}}\n"
    raise ValueError(f"{definition.name} has no example")
