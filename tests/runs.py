"""Programs to run, and what `milc run` says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import milc
from tests.commands import Cli, Run

RGB, BGR, GRAYSCALE = 20, 30, 10


def program(statements: str, output: str, inputs: str = "tensor<fp32, [2]> x") -> str:
    head = f"program(1.3)\n{{\n    func main<ios18>({inputs}) {{\n"
    return f"{head}{statements}\n    }} -> ({output});\n}}\n"


ADD = program("        tensor<fp32, [2]> y = add(x = x, y = x);", "y")


def rows(cli: Cli, *args: object, **more: Any) -> dict[str, dict[str, Any]]:
    """What --json says of each value, by name."""
    run = cli("run", "--json", *args, **more)
    assert (run.status, run.err) == (0, ""), run.err
    return {row["name"]: row for row in json.loads(run.out)["values"]}


def codes(run: Run) -> list[str]:
    """The codes of what went wrong, from --format json."""
    assert run.out == ""
    return [finding["code"] for finding in json.loads(run.err)]


def wrong(cli: Cli, *args: object, **more: Any) -> tuple[int, list[str]]:
    """The status of a run that fails, and its codes; nothing is written."""
    before = sorted(Path().rglob("*"))
    run = cli("run", "--format", "json", *args, **more)
    assert sorted(Path().rglob("*")) == before
    return run.status, codes(run)


def image_model(space: int = RGB, optional: float | None = None) -> None:
    """M.mlmodel, which adds `k` to an image of 4 by 8 pixels, and gives one."""
    channels = 1 if space == GRAYSCALE else 3
    shape = f"tensor<fp32, [1, {channels}, 8, 4]>"
    model = milc.Model(milc.parse(
        f"program(1.0) {{ func main<ios16>({shape} image, tensor<fp32, [1]> k)"
        f" {{ {shape} y = add(x = image, y = k); }} -> (y); }}"
    ))  # fmt: skip
    description = model.spec.description
    description.CopyFrom(model.description)
    model.described = True
    for feature in (description.input[0], description.output[0]):
        image = feature.type.imageType
        image.width, image.height, image.colorSpace = 4, 8, space  # type: ignore[assignment]
    if optional is not None:
        description.input[1].type.isOptional = True
        description.input[1].type.multiArrayType.floatDefaultValue = optional
    milc.save(model, "M.mlmodel")
