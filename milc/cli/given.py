"""The options by which verbs that run a model are given its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from milc.cli.options import natural

if TYPE_CHECKING:
    from milc.driver.given import Given
    from milc.driver.wanted import Wanted
    from milc.ir.nodes import Function

_F = TypeVar("_F", bound=Callable[..., Any])


def _positive(ctx: click.Context, param: click.Parameter, value: int | None) -> int | None:
    if value == 0:
        raise click.BadParameter("0 steps give nothing.", ctx, param)
    return natural(ctx, param, value)


def inputs_options(command: _F) -> _F:
    """Give a verb --input, --random, --each, --steps, --seed and --function."""
    options = (
        click.option(
            "-i",
            "--input",
            "texts",
            metavar="NAME=WHAT",
            multiple=True,
            help="What an input is: FILE.npy, FILE.npz, FILE.png or FILE.jpg; `random`, `zeros` or "
            "`ones`; or a value, 0.5 or [[1, 2]]. Or a FILE.npz alone, for all that it names. "
            "Several times for several inputs.",
        ),
        click.option(
            "--random",
            is_flag=True,
            help="Make up what is not given: floats of the normal distribution, integers 0 or 1.",
        ),
        click.option(
            "--steps",
            type=click.INT,
            metavar="N",
            callback=_positive,
            help="Run N times; states are kept from one time to the next.",
        ),
        click.option(
            "--each",
            metavar="NAME=FILE.npy",
            multiple=True,
            help="As --input, with an entry for each step along a further first dimension.",
        ),
        click.option(
            "--seed",
            type=click.INT,
            metavar="N",
            default=0,
            callback=natural,
            help="Where random numbers begin, those of inputs and those that ops draw; 0 else.",
        ),
        click.option("--function", metavar="NAME", help="The function to run; `main` else."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def given_by(
    options: dict[str, Any],
    function: Function,
    wanted: dict[str, Wanted],
    path: str,
    arrays: dict[str, Any] | None = None,
) -> tuple[Given, int]:
    """The inputs that these options give, and the number of steps. Raises MilError."""
    from milc.diagnostics import Diagnostic, MilError
    from milc.driver.given import Given

    given = Given(
        function, wanted, options["texts"], each=options["each"], arrays=arrays,
        random=options["random"], seed=options["seed"], path=path,
    )  # fmt: skip
    steps: int = options["steps"] or given.steps or 1
    if given.steps is not None and steps > given.steps:
        message = f"there are inputs for {given.steps} steps, and --steps asks for {steps}"
        raise MilError(Diagnostic("MIL0916", message))
    return given, steps
