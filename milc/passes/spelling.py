"""Pipelines as people write them: `a,b{option=value}`, and files of TOML.

Imports diagnostics and this room.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from milc.diagnostics import Diagnostic, MilError
from milc.diagnostics.files import AnyPath, read_text
from milc.diagnostics.prose import nearest
from milc.passes import find, names
from milc.passes.base import Pass
from milc.passes.pipeline import Group, Pipeline, Rounds, grouped, passes_of
from milc.passes.pipelines import PIPELINES, named

if TYPE_CHECKING:
    from milc.passes.base import Option

KEYS: Final = ("base", "groups", "once", "options", "skip")
"""What a file may say."""

# A name, and what stands in braces behind it; strings and lists in there may hold anything.
_pass = re.compile(
    r'\s*([\w-]+)\s*(?:\{((?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^{}"\[])*)\})?\s*(?:,|\Z)'
)
_option = re.compile(r'\s*(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s,]+)\s*(?:,|\s|\Z)')


def passes_named(text: str) -> list[Pass]:
    """The passes of `a,b{option=value other=value}`, in this order.

    A value is JSON, or else a string. Raises MilError (MIL0940, MIL0941, MIL0943).
    """
    found, place = [], 0
    while text[place:].strip():
        match = _pass.match(text, place)
        if match is None:
            raise _not_understood(text, place)
        found.append(pass_of(match[1].replace("-", "_"), dict(_options(match[2] or ""))))
        place = match.end()
    return found


def pass_of(name: str, options: Mapping[str, Any] | None = None) -> Pass:
    """The pass of a name with options. Raises MilError (MIL0940, MIL0941)."""
    definition = find(name)
    if definition is None:
        raise _unknown("MIL0940", "pass", name, names(), "milc opt --list shows all")
    return definition(**{key: _fitted(definition, key, v) for key, v in (options or {}).items()})


def pipeline_named(name: str) -> Pipeline:
    """A pipeline by its name, or that of a FILE.toml. Raises MilError (MIL0940 to MIL0944)."""
    if name in PIPELINES:
        return named(name)
    if name.endswith(".toml"):
        return pipeline_of(name)
    raise _unknown("MIL0942", "pipeline", name, list(PIPELINES), "or name a FILE.toml")


def pipeline_of(path: AnyPath) -> Pipeline:
    """The pipeline that a file of TOML describes. Raises MilError (MIL0940 to MIL0944, MIL00xx)."""
    import tomllib

    try:
        table = tomllib.loads(read_text(path))
        return _of_table(table)
    except tomllib.TOMLDecodeError as error:
        raise MilError(Diagnostic("MIL0944", f"it is no TOML: {error}", path=str(path))) from None
    except MilError as error:
        for finding in error.diagnostics:
            finding.path = finding.path or str(path)
        raise


def skipping(pipeline: Pipeline, skipped: Iterable[str]) -> Pipeline:
    """A pipeline without some passes. Raises MilError (MIL0940) for one that does not exist."""
    without = {type(pass_of(name.replace("-", "_"))).name for name in skipped}
    kept: list[Group | Rounds] = []
    for part in pipeline:
        if isinstance(part, Rounds):
            kept.append(Rounds(filter(None, (_kept(group, without) for group in part.groups))))
        else:
            kept.append(_kept(part, without))
    return [part for part in kept if (part.groups if isinstance(part, Rounds) else part)]


def spelt(passes: Iterable[Pass]) -> str:
    """Passes as `passes_named` reads them; options are those that are not as by default."""
    return ",".join(each.name + _given(each) for each in passes)


def _kept(group: Group, without: set[str]) -> list[Pass]:
    return [each for each in group if each.name not in without]


def _given(each: Pass) -> str:
    own = [
        f"{name}={json.dumps(list(held) if isinstance(held, set | frozenset) else held)}"
        for name, held in each.given.items()
        if held != each.options[name].default
    ]
    return f"{{{','.join(own)}}}" if own else ""


def _options(text: str) -> Iterator[tuple[str, Any]]:
    """The options that stand in braces. Raises MilError (MIL0943)."""
    place = 0
    while text[place:].strip():
        match = _option.match(text, place)
        if match is None:
            raise _not_understood(text, place)
        try:
            yield match[1], json.loads(match[2])
        except ValueError:
            yield match[1], match[2]
        place = match.end()


def _fitted(definition: type[Pass], name: str, value: Any) -> Any:
    """The value of an option, as the pass takes it. Raises MilError (MIL0941)."""
    option: Option | None = definition.options.get(name)
    if option is None:
        known = list(definition.options)
        near = nearest(name, known)
        help = f"did you mean {near}?" if near else f"it has {', '.join(known) or 'none'}"
        message = f"{definition.name} has no option {name}"
        raise MilError(Diagnostic("MIL0941", message, help=help))
    wanted = option.default
    if isinstance(wanted, tuple | list | frozenset | set):
        given = value if isinstance(value, list | tuple) else (value,)
        return type(wanted)(given)
    kinds = {bool: (bool,), int: (int,), float: (int, float), str: (str,), dict: (dict,)}
    fits = kinds.get(type(wanted))
    if fits is None or (isinstance(value, fits) and isinstance(value, bool) == (fits == (bool,))):
        return value
    shown = f"{name} of {definition.name} is {json.dumps(value)}"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    said = words.get(type(wanted), "a table")
    raise MilError(Diagnostic("MIL0941", f"{shown}; it takes {said}", help=f"it is {option.doc}"))


def _of_table(table: Mapping[str, Any]) -> Pipeline:
    """The pipeline that a table describes. Raises MilError."""
    for key in table:
        if key not in KEYS:
            raise _unknown("MIL0944", "setting", key, KEYS, f"known are {', '.join(KEYS)}")
    options, once = _of_type(table, "options", dict, {}), _of_type(table, "once", bool, False)
    base = list(pipeline_named(_of_type(table, "base", str, "none")))
    own = [_group(given) for given in _of_type(table, "groups", list, [])]
    if own:
        base += own if once else [Rounds(own)]
    _set(passes_of(base), options)
    return skipping(base, _of_type(table, "skip", list, []))


def _group(given: Any) -> list[Pass]:
    """A group: the name of a pass, or several."""
    each = [given] if isinstance(given, str) else given
    if not isinstance(each, list) or not all(isinstance(name, str) for name in each):
        message = "`groups` is an array of names, and of arrays of names that run together"
        raise MilError(Diagnostic("MIL0944", message))
    return [pass_of(name.replace("-", "_")) for name in each]


def _set(passes: Iterable[Pass], options: Mapping[str, Any]) -> None:
    """Set options of passes. Raises MilError for those of a pass that does not run."""
    left = dict(options)
    for each in passes:
        own = options.get(each.name, {})
        left.pop(each.name, None)
        for name, value in own.items():
            each.given[name] = _fitted(type(each), name, value)
    for name in left:
        pass_of(name)
        message = f"there are options for {name}, which is not in the pipeline"
        raise MilError(Diagnostic("MIL0944", message))


def _of_type(table: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    held = table.get(key, default)
    if not isinstance(held, kind):
        words = {dict: "a table", str: "a string", list: "an array", bool: "true or false"}
        message = f"`{key}` is {held!r}, where {words[kind]} is wanted"
        raise MilError(Diagnostic("MIL0944", message))
    return held


def _not_understood(text: str, place: int) -> MilError:
    message = f"passes are not understood from {text[place:].strip()[:40]!r} on"
    help = "write a,b{option=value}"
    return MilError(Diagnostic("MIL0943", message, help=help))


def _unknown(code: str, what: str, name: str, known: Sequence[str], more: str) -> MilError:
    near = nearest(name, list(known))
    help = f"did you mean {near}?" if near else more
    return MilError(Diagnostic(code, f"there is no {what} {name}", help=help))


__all__ = [
    "grouped", "pass_of", "passes_named", "pipeline_named", "pipeline_of", "skipping", "spelt",
]  # fmt: skip
