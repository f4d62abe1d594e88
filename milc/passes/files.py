"""Pipelines in files of TOML: `base`, `groups`, `once`, `skip`, `options`.

Imports diagnostics and this room.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from milc.diagnostics import Diagnostic, MilError, Source, Span
from milc.diagnostics.files import AnyPath, read_text
from milc.diagnostics.gathered import Gathered
from milc.diagnostics.prose import nearest
from milc.diagnostics.toml_places import Path, Places, parse
from milc.passes.base import Pass
from milc.passes.pipeline import Group, Pipeline, Rounds, passes_of
from milc.passes.pipelines import PIPELINES, named
from milc.passes.spelling import definition_of, fitted, group_of, made, unknown, without

KINDS: Final[dict[str, tuple[type, str]]] = {
    "base": (str, "a string"),
    "groups": (list, "an array"),
    "once": (bool, "true or false"),
    "options": (dict, "a table"),
    "skip": (list, "an array of names"),
}
"""What a file may say: of which type it is, and in words."""


def pipeline_of(path: AnyPath) -> Pipeline:
    """The pipeline that a file describes.

    Raises MilError with all that is wrong with it (MIL0940 to MIL0944, MIL00xx).
    """
    source = Source(read_text(path), os.fspath(path))
    return _File(source, parse(source, "MIL0944")).pipeline()


class _File:
    """A file that is read: what it says, and what is wrong with it."""

    def __init__(self, source: Source, table: Mapping[str, Any]) -> None:
        self._gathered = Gathered()
        self._table = table
        self._source = source
        self._places: Places | None = None

    def pipeline(self) -> Pipeline:
        """The pipeline. Raises MilError."""
        for key in self._table:
            self._check_key(key)
        pipeline: list[Group | Rounds] = list(self._base())
        own = [self._group(place, each) for place, each in enumerate(self._get("groups", []))]
        own = [group for group in own if group]
        once = self._get("once", False)
        if own:
            pipeline += own if once else [Rounds(own)]
        self._set_options(pipeline)
        names = [
            self._definition(("skip", i), each) for i, each in enumerate(self._get("skip", []))
        ]
        self._gathered.end()
        return without(pipeline, {each.name for each in names if each is not None})

    def _check_key(self, key: str) -> None:
        if key not in KINDS:
            near = nearest(key, KINDS)
            help = f"did you mean {near}?" if near else f"known are {', '.join(KINDS)}"
            self._note(f"there is no setting {key}", (key,), key=True, help=help)

    def _base(self) -> Pipeline:
        name = self._get("base", "none")
        if name in PIPELINES:
            return named(name)
        there = f"there are {', '.join(PIPELINES)}"
        found = unknown("MIL0942", "pipeline", name, list(PIPELINES), there)
        self._gathered.take(lambda: _raise(found), self._span(("base",)))
        return []

    def _group(self, place: int, given: Any) -> list[Pass]:
        """A group: the name of a pass, or several. Of the passes that are there."""
        path: Path = ("groups", place)
        if isinstance(given, list):
            found = [self._definition((*path, i), each) for i, each in enumerate(given)]
        else:
            found = [self._definition(path, given)]
        kinds = list(dict.fromkeys(each for each in found if each is not None))
        passes = [self._gathered.take(lambda: made(each, {})) for each in kinds]  # noqa: B023  # at once
        group = [each for each in passes if each is not None]
        return self._gathered.take(lambda: group_of(group), self._span(path)) or []

    def _definition(self, path: Path, name: Any) -> type[Pass] | None:
        if not isinstance(name, str):
            self._note(
                f"`{path[0]}` holds {_shown(name)}, where the name of a pass is wanted", path
            )
            return None
        return self._gathered.take(lambda: definition_of(name), self._span(path))

    def _set_options(self, pipeline: Pipeline) -> None:
        passes: dict[str, list[Pass]] = {}
        for each in passes_of(pipeline):
            passes.setdefault(each.name, []).append(each)
        for name, given in self._get("options", {}).items():
            path: Path = ("options", name)
            definition = self._gathered.take(lambda: definition_of(name), self._span(path, True))  # noqa: B023  # at once
            if definition is not None and not isinstance(given, dict):
                message = f"`options.{name}` is {_shown(given)}, where a table is wanted"
                self._note(message, path)
            elif definition is not None and definition.name not in passes:
                message = f"there are options for {name}, which is not in the pipeline"
                self._note(message, path, key=True)
            elif definition is not None:
                self._set(passes[definition.name], definition, path, given)

    def _set(
        self, passes: list[Pass], definition: type[Pass], path: Path, given: Mapping[str, Any]
    ) -> None:
        """Set options of all places in which a pass stands."""
        for key, value in given.items():
            name = key.replace("-", "_")
            place = self._span((*path, key), key=name not in definition.options)
            held = self._gathered.take(lambda: (fitted(definition, name, value),), place)  # noqa: B023  # at once
            for each in passes if held is not None else ():
                each.given[name] = held[0] if held is not None else None

    def _get(self, key: str, default: Any) -> Any:
        """What the file says, if that is of its type."""
        held = self._table.get(key, default)
        kind, words = KINDS[key]
        if isinstance(held, kind):
            return held
        self._note(f"`{key}` is {_shown(held)}, where {words} is wanted", (key,))
        return default

    def _note(
        self, message: str, path: Path, *, key: bool = False, help: str | None = None
    ) -> None:
        span = self._span(path, key)
        found = Diagnostic("MIL0944", message, span, path=self._source.path, help=help)
        self._gathered.found.append(found)

    def _span(self, path: Path, key: bool = False) -> Span | None:
        self._places = self._places or Places(self._source)
        return self._places.span(path, key)


def _raise(error: MilError) -> None:
    raise error


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    return repr(value) if isinstance(value, str) else str(value).lower()
