"""Compile Core ML's MIL text to .mlpackage and back.

The verbs of the command line, and what they work on:

    model = milc.load("Model.mlpackage")          any form of a model, told by its content
    print(milc.to_text(model))                    as text
    program = milc.parse(text)                    text alone
    milc.verify(model)                            what is wrong with it, as diagnostics
    milc.infer(model)                             types that are left open, filled in
    milc.save(model, "Copy.mlpackage")
    milc.compile("model.mil", "Model.mlpackage")  load, verify and save
    milc.decompile("Model.mlpackage", "model/")   a folder that `compile` takes
    milc.evaluate(model, {"x": array})            what it computes, by the names of its outputs
    milc.optimize(model)                          a smaller program that computes the same, in place
    milc.info(model)                              what it takes, gives and holds
    milc.format_text(text)                        the house style
    milc.scaffold("conv", x=(1, 3, 32, 32))       a small program around an op, as text

A bad input raises `MilError`, which holds `Diagnostic`s. Importing milc loads nothing; a name loads
what it needs when it is first asked for.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from milc.version import __version__

if TYPE_CHECKING:
    from milc.diagnostics import Diagnostic, MilError
    from milc.driver.checking import verify
    from milc.driver.compiling import compile, save
    from milc.driver.decompiling import decompile, to_text
    from milc.driver.evaluating import evaluate
    from milc.driver.fixing import infer
    from milc.driver.inspecting import info
    from milc.driver.loading import load
    from milc.driver.optimizing import optimize
    from milc.driver.scaffolding import scaffold
    from milc.ir.builder import Builder
    from milc.ir.nodes import Program
    from milc.package.model import Model
    from milc.syntax.format import format_text
    from milc.syntax.parse import parse

__all__ = [
    "Builder",
    "Diagnostic",
    "MilError",
    "Model",
    "Program",
    "__version__",
    "compile",
    "decompile",
    "evaluate",
    "format_text",
    "infer",
    "info",
    "load",
    "optimize",
    "parse",
    "save",
    "scaffold",
    "to_text",
    "verify",
]

_HOMES = {
    "Builder": "ir.builder",
    "Diagnostic": "diagnostics",
    "MilError": "diagnostics",
    "Model": "package.model",
    "Program": "ir.nodes",
    "compile": "driver.compiling",
    "decompile": "driver.decompiling",
    "evaluate": "driver.evaluating",
    "format_text": "syntax.format",
    "infer": "driver.fixing",
    "info": "driver.inspecting",
    "load": "driver.loading",
    "optimize": "driver.optimizing",
    "parse": "syntax.parse",
    "save": "driver.compiling",
    "scaffold": "driver.scaffolding",
    "to_text": "driver.decompiling",
    "verify": "driver.checking",
}
"""The module of each public name."""


def _find(name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __getattr__(name: str) -> Any:
    if name == "passes":  # a room whose names are public, too
        import milc.passes

        return milc.passes
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = _find(name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Milc(ModuleType):
    """This module, with `verify` and `evaluate` the functions although rooms have these names.

    When a room is imported, the import system sets the attribute to it.
    """

    @property
    def verify(self) -> Any:
        """What `milc.verify` is."""
        return _find("verify")

    @verify.setter
    def verify(self, room: ModuleType) -> None:
        """Let the room be found by its dotted name alone."""

    @property
    def evaluate(self) -> Any:
        """What `milc.evaluate` is."""
        return _find("evaluate")

    @evaluate.setter
    def evaluate(self, room: ModuleType) -> None:
        """Let the room be found by its dotted name alone."""


sys.modules[__name__].__class__ = _Milc
