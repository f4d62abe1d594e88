"""Settings of a project: `[tool.milc]` of a pyproject.toml, or a milc.toml.

They are defaults for the options of verbs, and a choice among findings. The nearest file upward
from the current folder counts, and no other. Imports click; tomllib is loaded where there is such
a file, so that a run without one pays for a few questions to the file system.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from milc.cli.report import FORMATS, Report

if TYPE_CHECKING:
    from milc.diagnostics import Diagnostic, Source
    from milc.diagnostics.toml_places import Path, Places
    from milc.driver.choosing import Choice

OWN, PYPROJECT = "milc.toml", "pyproject.toml"
"""The names looked for; in one folder the first counts."""

MOST_BYTES = 1 << 24
"""No file of settings is larger."""

EVERY_TIME = frozenset(
    {
        "check", "config", "diff", "dump", "dump-all", "each", "fix", "help", "input",
        "inputs", "json", "list", "load", "merge", "no-config", "no-verify", "output",
        "print-after-change", "profile", "ranges", "reproducer", "save", "save-state",
        "state", "stats", "steps", "timing",
    }
)  # fmt: skip
"""Options that say what one run is to do, which no file decides for it."""

Table = dict[str, Any]

_mentions_milc = re.compile(rb"\btool\b[^\n]{0,20}\bmilc\b").search
_code = re.compile(r"MIL\d{2,4}").fullmatch


class Kind(NamedTuple):
    """What a setting may be: in words, as a test, and what an option is given for it."""

    words: str
    fits: Callable[[Any], bool]
    given: Callable[[Any], object] = lambda value: value


def _one_of(*words: str) -> Kind:
    return Kind(" or ".join(f'"{word}"' for word in words), lambda value: value in words)


def _is_table_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(fits, value.values()))


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _code(value) is not None


def _are(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 31


TEXT = Kind("a string", _is_text)
TEXTS = Kind("an array of strings", _are(_is_text))
PAIRS = Kind(
    "a table of strings",
    _is_table_of(_is_text),
    lambda table: [f"{key}={value}" for key, value in table.items()],
)
SWITCH = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = Kind("a number from 0 to 2147483647", _is_number)
CODE = Kind('a code ("MIL0413") or a beginning of codes ("MIL04")', _is_code)
CODES = Kind('an array of codes ("MIL0413") or beginnings of codes ("MIL04")', _are(_is_code))
SEVERITY = _one_of("error", "warning", "note")

SHARED = {
    "color": _one_of("auto", "always", "never"),
    "format": _one_of(*FORMATS),
    "lint": SWITCH,
    "max-errors": NUMBER,
    "strict": SWITCH,
    "style": _one_of("milc", "coremlc"),
    "target": TEXT,
}
"""Options that may stand at the top, for every verb that has them."""

CHOOSING = ("select", "ignore", "severity", "per-file-ignores")
"""The settings that no option has."""


class Settings:
    """What one file says, for one verb; `found` is what is wrong with it.

    `defaults` are the values of the verb's options by the names of its parameters.
    """

    def __init__(self, path: str, source: Source, table: Table, top: Path, verbs: set[str]) -> None:
        self.found: list[Diagnostic] = []
        self.folder = os.path.dirname(os.path.abspath(path))
        self.source = source
        self.table = table
        self.top = top
        self.verbs = verbs
        self._places: Places | None = None

    def defaults(self, verb: str, command: click.Command) -> Table:
        """The defaults of a verb's options: what stands at the top, and then in its own table."""
        options = {name: param for param in command.params for name in _settable(param)}
        given: Table = {}
        for key, value in self.table.items():
            if key in SHARED:
                if self._check((key,), value, SHARED[key]) and key in options:
                    given[str(options[key].name)] = value
            elif key in self.verbs:
                self._check((key,), value, Kind("a table", lambda held: isinstance(held, dict)))
            elif key not in CHOOSING:
                self._unknown((key,), [*SHARED, *CHOOSING, *self.verbs])
        own = self.table.get(verb, {})
        for key, value in own.items() if isinstance(own, dict) else ():
            if key not in options:
                self._unknown((verb, key), options)
                continue
            kind = _kind(options[key], self.folder)
            if self._check((verb, key), value, kind):
                given[str(options[key].name)] = kind.given(value)
        return given

    def choice(self) -> Choice:
        """What the file chooses among the findings."""
        from milc.driver.choosing import Choice

        select = self._codes(("select",))
        return Choice(
            select if "select" in self.table else None,
            self._codes(("ignore",)),
            {
                key: value
                for (_, key), value in self._entries("severity")
                if self._check(("severity", key), key, CODE, of_key=True)
                and self._check(("severity", key), value, SEVERITY)
            },
            {path[1]: self._codes(path) for path, _ in self._entries("per-file-ignores")},
            self.folder,
        )

    def _codes(self, path: tuple[str, ...]) -> tuple[str, ...]:
        held: Any = self.table
        for key in path:
            held = held.get(key, [])
        if not isinstance(held, list):
            self._check(path, held, CODES)
            return ()
        return tuple(code for i, code in enumerate(held) if self._check((*path, i), code, CODE))

    def _entries(self, key: str) -> Iterator[tuple[tuple[str, str], Any]]:
        held = self.table.get(key, {})
        if self._check((key,), held, Kind("a table", lambda value: isinstance(value, dict))):
            yield from (((key, name), value) for name, value in held.items())

    def _check(self, path: Path, value: object, kind: Kind, of_key: bool = False) -> bool:
        """Whether a value is of a kind; notes it if it is not."""
        if kind.fits(value):
            return True
        name = ".".join(key for key in path if isinstance(key, str))
        verb = "holds" if isinstance(path[-1], int) else "is"
        if of_key:
            name, verb = str(path[0]), "has the key"
        message = f"`{name}` {verb} {_shown(value)}, where {kind.words} is wanted"
        self._note("MIL0042", message, path, of_key)
        return False

    def _unknown(self, path: tuple[str, ...], known: Any) -> None:
        from difflib import get_close_matches

        near = get_close_matches(path[-1].replace("_", "-"), list(known), 1)
        help = f"did you mean `{near[0]}`?" if near else "known are " + ", ".join(sorted(known))
        self._note("MIL0041", f"there is no setting `{'.'.join(path)}`", path, True, help)

    def _note(
        self, code: str, message: str, path: Path, at_key: bool, help: str | None = None
    ) -> None:
        from milc.diagnostics import Diagnostic
        from milc.diagnostics.toml_places import Places

        self._places = self._places or Places(self.source)
        span = self._places.span((*self.top, *path), at_key)
        self.found.append(Diagnostic(code, message, span, path=self.source.path, help=help))


def take(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Let the settings be the defaults of a verb's other options; for the eager `--config`.

    What is wrong with them is kept for when the options are read, which say how it is shown.
    """
    from milc.diagnostics import MilError

    report = ctx.find_object(Report)
    if report is None or ctx.resilient_parsing:
        return
    if report.settled:
        if value is not None:
            raise click.UsageError("--config and --no-config exclude each other.", ctx)
        return
    report.settled = True  # what comes later on the line finds them settled
    try:
        path = value if value is not None else find()
        if path is not None:
            _apply(path, ctx, report)
    except MilError as error:
        report.settings_fault = error


def find() -> str | None:
    """The nearest file of settings upward from the current folder, as seen from there."""
    try:
        folder = os.getcwd()
    except OSError:  # the current folder has been removed
        return None
    while True:
        for name in (OWN, PYPROJECT):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and (name == OWN or _has_settings(path)):
                return os.path.relpath(path)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _has_settings(path: str) -> bool:
    """Whether a pyproject.toml, which may be about anything, has a table for milc."""
    try:
        with open(path, "rb") as file:
            return _mentions_milc(file.read(MOST_BYTES)) is not None
    except OSError:
        return False


def _apply(path: str, ctx: click.Context, report: Report) -> None:
    from milc.diagnostics import MilError, Source
    from milc.diagnostics.files import read_text
    from milc.diagnostics.toml_places import parse

    source = Source(read_text(path, MOST_BYTES), path)
    data = parse(source, "MIL0040")
    top: Path = ()
    if isinstance(data.get("tool"), dict) and isinstance(data["tool"].get("milc"), dict):
        data, top = data["tool"]["milc"], ("tool", "milc")
    elif os.path.basename(path) == PYPROJECT:
        data = {}
    group = ctx.find_root().command
    verbs = set(group.list_commands(ctx)) if isinstance(group, click.Group) else set()
    settings = Settings(path, source, data, top, verbs)
    ctx.default_map = settings.defaults(ctx.info_name or "", ctx.command)
    choice = settings.choice()
    if settings.found:
        ctx.default_map.pop("max_errors", None)
        raise MilError(settings.found)
    report.choice = choice


def _settable(param: click.Parameter) -> list[str]:
    """The long names of an option without their dashes, unless it is for one run only."""
    if not isinstance(param, click.Option):
        return []
    names = [name.removeprefix("--") for name in param.opts if name.startswith("--")]
    return [] if EVERY_TIME.intersection(names) else names


def _kind(param: click.Parameter, folder: str) -> Kind:
    """What an option takes; paths are relative to the `folder` of the settings."""
    if getattr(param, "is_flag", False):
        return SWITCH
    if isinstance(param.type, click.Choice):
        return _one_of(*param.type.choices)
    if isinstance(param.type, click.types.IntParamType):
        return NUMBER
    metavar = param.metavar or ""
    if param.multiple:
        return PAIRS if metavar == "KEY=VALUE" else TEXTS
    if metavar in ("DIR", "FILE", "FOLDER"):
        return TEXT._replace(given=lambda path: _from_here(folder, path))
    if metavar == "NAME|FILE.toml":
        return TEXT._replace(given=lambda it: _from_here(folder, it) if it[-5:] == ".toml" else it)
    return TEXT


def _from_here(folder: str, path: str) -> str:
    """A path relative to `folder` as one relative to the current folder."""
    return path if os.path.isabs(path) else os.path.relpath(os.path.join(folder, path))


def _shown(value: object) -> str:
    """A value as TOML writes it, if it is short."""
    import json

    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "an array"
    from milc.diagnostics.prose import clip

    return f"`{clip(json.dumps(value, ensure_ascii=False, default=str), 60)}`"
