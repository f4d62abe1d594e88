"""Options and arguments that several verbs share. Imports click and nothing heavy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from milc.driver.loading import Text

_F = TypeVar("_F", bound=Callable[..., Any])

STDIN = "-"


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """The values of an option that is given as KEY=VALUE any number of times."""
    found = {}
    for value in values:
        key, sign, rest = value.partition("=")
        if not key or not sign:
            raise click.BadParameter(f"{value!r} is not of the form KEY=VALUE.", ctx, param)
        found[key] = rest
    return found


def natural(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    """The value of an option that is a number from 0 on, of no more than 31 bits."""
    if value is not None and not 0 <= value < 1 << 31:
        raise click.BadParameter(f"{value} is not a number from 0 to {(1 << 31) - 1}.", ctx, param)
    return value


def weights_option(command: _F) -> _F:
    """Give a verb the option --weights."""
    return click.option(
        "--weights",
        metavar="DIR",
        help="The folder that @model_path means, or one that holds the weight files themselves; "
        "by default the folder of IN.",
    )(command)


def style_option(command: _F) -> _F:
    """Give a verb the option --style."""
    return click.option(
        "--style",
        type=click.Choice(["milc", "coremlc"]),
        default="milc",
        show_default=True,
        help="The house style, or that of Apple's compiler, byte for byte: sorted, a statement a "
        "line, without comments.",
    )(command)


def read_source(path: str) -> str | Text:
    """What a verb is to read: a path, or the text of standard input for `-`."""
    if path != STDIN:
        return path
    from milc.driver.loading import Text

    return Text(sys.stdin.buffer.read(), "<stdin>", Path())


def checked_output(given: str | None, path: str, suffixes: tuple[str, ...]) -> str:
    """Where a verb is to write, if that has one of the suffixes; else an error that proposes one.

    `path` is what it reads.
    """
    allowed = " or ".join(suffixes)
    if given is None:
        example = (Path(path).stem if path != STDIN else "Model") + suffixes[0]
        raise click.UsageError(f"Missing option '-o': where to write, for example -o {example}")
    suffix = Path(given).suffix
    if suffix in suffixes:
        return given
    from difflib import get_close_matches

    near = get_close_matches(suffix.lower(), (*suffixes, ".mlmodelc", ".mil"), 1)
    kept = Path(given).stem if near else Path(given).name
    right = near[0] if near and near[0] in suffixes else suffixes[0]
    proposal = str(Path(given).with_name(kept + right))
    message = f"{given!r} does not end in {allowed}. Did you mean {proposal!r}?"
    raise click.BadParameter(message, param_hint="'-o'")
