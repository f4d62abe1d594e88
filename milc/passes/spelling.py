"""Pipelines as people write them: `a,b{option=value}`; `files` reads those of TOML.

All that is wrong with what is asked for is said at once, each thing in its place. Imports
diagnostics and this room.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.diagnostics.gathered import Gathered
from milc.diagnostics.prose import clip, nearest
from milc.passes import find, names
from milc.passes.base import Pass
from milc.passes.pipeline import Group, Pipeline, Rounds, grouped
from milc.passes.pipelines import PIPELINES, named

_string: Final = r'"(?:[^"\\]|\\.)*"'
_held = rf'(?:{_string}|[^\[\]{{}}"])'
for _ in range(4):  # lists and tables in each other
    _held = rf'(?:{_string}|[^\[\]{{}}"]|[\[{{]{_held}*[\]}}])'

# A name, and what stands in braces behind it.
_pass: Final = re.compile(rf"\s*([\w:-]+)\s*(?:\{{({_held}*)\}})?\s*(?:,|\Z)")
_option: Final = re.compile(
    rf"\s*([\w-]+)\s*=\s*({_string}|[\[{{]{_held}*[\]}}]|[^\s,]+)\s*(?:,|\s|\Z)"
)


class Given(NamedTuple):
    """A value that is given for an option, and where both stand."""

    name: str
    value: Any
    at_name: Span | None = None
    at_value: Span | None = None


def passes_named(text: str, said: str = "passes") -> list[Pass]:
    """The passes of `a,b{option=value other=value}`, in this order.

    A value is JSON, which may be a list or a table, or else a string. `said` is what findings call
    the text. Raises MilError with all that is wrong (MIL0940, MIL0941, MIL0943, MIL0949).
    """
    gathered, source = Gathered(), Source(text, said)
    found, place = [], 0
    while text[place:].strip(", "):
        match = _pass.match(text, place)
        if match is None:
            gathered.take(lambda: _not_understood(source, place, len(text)))  # noqa: B023  # at once
            break
        definition = _definition(match[1], Span(source, *match.span(1)), gathered)
        options = list(_options(source, *match.span(2), gathered))
        if definition is not None:
            found.append(_made(definition, options, gathered))
        place = match.end()
    gathered.end()
    return [each for each in found if each is not None]


def pass_of(name: str, options: Mapping[str, Any] | None = None) -> Pass:
    """The pass of a name with options. Raises MilError (MIL0940, MIL0941, MIL0949)."""
    gathered = Gathered()
    definition = gathered.take(lambda: definition_of(name))
    given = [Given(key, value) for key, value in (options or {}).items()]
    made = _made(definition, given, gathered) if definition is not None else None
    gathered.end()
    assert made is not None
    return made


def definition_of(name: str) -> type[Pass]:
    """The pass that a name means; what stands before `::`, as in coremltools, is of no account.

    Raises MilError (MIL0940, MIL0949).
    """
    definition = find(name.rpartition("::")[2].replace("-", "_"))
    if definition is None:
        raise unknown("MIL0940", "pass", name, names(), "milc opt --list shows all")
    return definition


def pipeline_named(name: str) -> Pipeline:
    """A pipeline by its name, or that of a FILE.toml. Raises MilError (MIL0940 to MIL0944)."""
    if name in PIPELINES:
        return named(name)
    if name.endswith(".toml"):
        from milc.passes.files import pipeline_of

        return pipeline_of(name)
    there = f"there are {', '.join(PIPELINES)}; or name a FILE.toml"
    raise unknown("MIL0942", "pipeline", name, list(PIPELINES), there)


def group_of(passes: list[Pass]) -> list[Pass]:
    """Passes that are tried together. Raises MilError (MIL0944) if one has to stand by itself."""
    whole = [each.name for each in passes if type(each).run is not Pass.run]
    if whole and len(passes) > 1:
        message = f"{whole[0]} works on a whole function, and shares no group"
        help = f'let "{whole[0]}" stand by itself'
        raise MilError(Diagnostic("MIL0944", message, help=help))
    return passes


def skipped(given: Iterable[str], said: str = "skip") -> set[str]:
    """The names in texts such as `a, b`. Raises MilError (MIL0940) for those that no pass has."""
    gathered, found = Gathered(), set()
    for text in given:
        source = Source(text, said)
        for match in re.finditer(r"[^\s,](?:[^,]*[^\s,])?", text):
            definition = _definition(match[0], Span(source, *match.span()), gathered)
            found |= {definition.name} if definition is not None else set()
    gathered.end()
    return found


def without(pipeline: Pipeline, names: set[str]) -> Pipeline:
    """A pipeline without the passes of some names."""
    kept: list[Group | Rounds] = []
    for part in pipeline:
        if isinstance(part, Rounds):
            kept.append(Rounds(filter(None, (_kept(group, names) for group in part.groups))))
        else:
            kept.append(_kept(part, names))
    return [part for part in kept if (part.groups if isinstance(part, Rounds) else part)]


def skipping(pipeline: Pipeline, given: Iterable[str]) -> Pipeline:
    """A pipeline without some passes. Raises MilError (MIL0940) for one that does not exist."""
    return without(pipeline, skipped(given))


def spelt(passes: Iterable[Pass]) -> str:
    """Passes as `passes_named` reads them; options are those that are not as by default."""
    return ",".join(each.name + _given(each) for each in passes)


def fitted(definition: type[Pass], name: str, value: Any) -> Any:
    """The value of an option, as the pass takes it. Raises MilError (MIL0941)."""
    option = definition.options.get(name)
    if option is None:
        raise _no_option(definition, name)
    default = option.default
    if isinstance(default, tuple | list | frozenset | set):
        parts = value if isinstance(value, list | tuple) else (value,)
        value = type(default)(each for each in parts if isinstance(each, str | int | float))
    wanted = option.wanted(value)
    if wanted is None:
        return value
    shown = clip(json.dumps(value, ensure_ascii=False, default=str), 60)
    message = f"{name} of {definition.name} is {shown}, where {wanted} is wanted"
    raise MilError(Diagnostic("MIL0941", message, help=f"{name}: {option.doc}"))


def unknown(code: str, what: str, name: str, known: Sequence[str], more: str) -> MilError:
    """The finding that there is nothing of a name, with one like it if there is one."""
    near = nearest(name, list(known))
    help = f"did you mean {near}?" if near else more
    shown = clip(name, 60) or "of no name"
    return MilError(Diagnostic(code, f"there is no {what} {shown}", help=help))


def _no_option(definition: type[Pass], name: str) -> MilError:
    known = list(definition.options)
    near = nearest(name, known)
    has = f"it has {', '.join(known)}" if known else "it has no options"
    help = f"did you mean {near}?" if near else has
    return MilError(Diagnostic("MIL0941", f"{definition.name} has no option {name}", help=help))


def _definition(name: str, span: Span, gathered: Gathered) -> type[Pass] | None:
    return gathered.take(lambda: definition_of(name), span)


def _made(definition: type[Pass], options: Iterable[Given], gathered: Gathered) -> Pass | None:
    """A pass with options; None if they do not fit."""
    fit: dict[str, Any] = {}
    for each in options:
        known = each.name in definition.options
        place = each.at_value if known else each.at_name
        fit[each.name] = gathered.take(lambda: fitted(definition, each.name, each.value), place)  # noqa: B023  # at once
    if not fit.keys() <= definition.options.keys():
        return None
    given = {name: value for name, value in fit.items() if value is not None}
    return gathered.take(lambda: made(definition, given))


def made(definition: type[Pass], given: Mapping[str, Any]) -> Pass:
    """A pass with options that fit. Raises MilError (MIL0949) if it cannot be made."""
    try:
        return definition(**given)
    except MilError:
        raise
    except Exception as error:
        message = f"{definition.name} cannot be made: {type(error).__name__}: {error}"
        raise MilError(Diagnostic("MIL0949", message)) from error


def _kept(group: Group, names: set[str]) -> list[Pass]:
    return [each for each in group if each.name not in names]


def _given(each: Pass) -> str:
    own = [
        f"{name}={json.dumps(list(held) if isinstance(held, set | frozenset) else held)}"
        for name, held in each.given.items()
        if held != each.options[name].default
    ]
    return f"{{{','.join(own)}}}" if own else ""


def _options(source: Source, place: int, end: int, gathered: Gathered) -> Iterator[Given]:
    """The options that stand in braces."""
    text, seen = source.text, set[str]()
    while 0 <= place < end and text[place:end].strip():
        match = _option.match(text, place, end)
        if match is None:
            gathered.take(lambda: _not_understood(source, place, end))  # noqa: B023  # at once
            return
        given = Given(match[1].replace("-", "_"), _value(match[2]),
                      Span(source, *match.span(1)), Span(source, *match.span(2)))  # fmt: skip
        if given.name in seen:
            message = f"{given.name} is given twice"
            gathered.found.append(Diagnostic("MIL0943", message, given.at_name))
        seen.add(given.name)
        yield given
        place = match.end()


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _not_understood(source: Source, place: int, end: int) -> None:
    """Raise MilError (MIL0943) for what stands from a place on."""
    left = source.text[place:end]
    place += len(left) - len(left.lstrip())
    message = f"passes are not understood from {clip(left.strip(), 40)!r} on"
    help = "write a,b{option=value}, and a value with commas or blanks in double quotes"
    raise MilError(Diagnostic("MIL0943", message, Span(source, place, end), help=help))


__all__ = [
    "definition_of", "fitted", "grouped", "pass_of", "passes_named", "pipeline_named", "skipped",
    "skipping", "spelt", "unknown", "without",
]  # fmt: skip
