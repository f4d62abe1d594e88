"""Passes of others: from files of Python, and from what is installed.

Imports diagnostics and this room.
"""

from __future__ import annotations

import os
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.diagnostics.files import AnyPath, read_text
from milc.diagnostics.gathered import Gathered
from milc.passes import register
from milc.passes.base import Pass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def load(path: AnyPath) -> list[str]:
    """Run a file of Python, and register the passes that it defines; gives their names.

    Classes without a name, for others to build on, are left out. Raises MilError (MIL0949, MIL00xx)
    if it fails, or defines none.
    """
    path = os.fspath(path)
    if not path.endswith(".py"):
        raise MilError(Diagnostic("MIL0949", "a file of Python ends in .py", path=path))
    source = Source(read_text(path), path)
    module = _module(source)
    own = [each for each in vars(module).values() if _is_pass(each, module.__name__)]
    gathered = Gathered()
    for each in dict.fromkeys(own):
        if each.name:
            gathered.take(lambda: _registered(each, source))  # noqa: B023  # at once
    gathered.end()
    found = [each.name for each in own if each.name]
    if not found:
        nameless = ", ".join(each.__name__ for each in own)
        help = f"give {nameless} a name" if own else "a pass is a class below milc.passes.Pass"
        raise MilError(Diagnostic("MIL0949", "it defines no pass", path=path, help=help))
    return found


def loaded(points: list[EntryPoint]) -> type[Pass]:
    """The pass of an entry point. Raises MilError (MIL0949) if it is none, or if there are more."""
    name, homes = points[0].name, [_home(each) for each in points]
    if len(set(homes)) > 1:
        message = f"several distributions bring a pass {name}: {', '.join(homes)}"
        raise MilError(Diagnostic("MIL0949", message, help="uninstall all but one of them"))
    try:
        found = points[0].load()
        if not (isinstance(found, type) and issubclass(found, Pass) and found.name == name):
            raise TypeError(f"{points[0].value} is no pass of that name")
        return register(found)
    except (Exception, SystemExit) as error:
        message = f"pass {name} of {homes[0]} cannot be loaded: {said(error)}"
        raise MilError(Diagnostic("MIL0949", message)) from error


def said(error: BaseException) -> str:
    """An error in a line, as Python shows it."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _home(point: EntryPoint) -> str:
    own = point.dist
    return f"{point.value} ({own.name} {own.version})" if own is not None else point.value


def _module(source: Source) -> ModuleType:
    """The module that a file is. Raises MilError (MIL0949)."""
    path = os.path.abspath(source.path)
    module = ModuleType("milc_passes" + re.sub(r"\W", "_", path.removesuffix(".py")))
    module.__file__ = path
    sys.modules[module.__name__] = module  # as dataclasses and pickle look for it
    try:
        exec(compile(source.text, path, "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        message = f"its passes cannot be loaded: {said(error)}"
        span = _place(error, source, path)
        raise MilError(Diagnostic("MIL0949", message, span, path=source.path)) from error
    return module


def _place(error: BaseException, source: Source, path: str) -> Span | None:
    """The line of a file that an error comes from."""
    lines = [error.lineno] if isinstance(error, SyntaxError) else []
    trace = error.__traceback__
    while trace is not None:
        lines += [trace.tb_lineno] if trace.tb_frame.f_code.co_filename == path else []
        trace = trace.tb_next
    number = next((each for each in reversed(lines) if each), None)
    if number is None or number > len(source.starts):
        return None
    low, high = source.bounds(number)
    text = source.text[low:high]
    return Span(source, low + len(text) - len(text.lstrip()), low + len(text.rstrip()))


def _registered(definition: type[Pass], source: Source) -> None:
    """Register a pass that a file defines. Raises MilError (MIL0949), in the place of its class."""
    try:
        register(definition)
    except (TypeError, ValueError) as error:
        match = re.search(rf"(?m)^\s*class\s+({definition.__name__})\b", source.text)
        span = Span(source, *match.span(1)) if match else None
        raise MilError(Diagnostic("MIL0949", str(error), span, path=source.path)) from error


def _is_pass(each: object, module: str) -> bool:
    """Whether something is a pass that a module defines itself."""
    return isinstance(each, type) and issubclass(each, Pass) and each.__module__ == module
