"""`milc opt` on packages: what is no business of passes stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from struct import pack

import pytest

import milc
from milc.driver.comparing import Comparison
from tests.commands import EXAMPLES, Cli
from tests.shared import ROOT

MODELS = sorted(path.parent.name for path in EXAMPLES.glob("*/model.mil"))
SAID = (
    "--author", "Me", "--license", "MIT", "--version-string", "1.2",
    "--short-description", "a model", "--user-defined", "key=value",
)  # fmt: skip


@pytest.fixture(params=MODELS)
def package(request: pytest.FixtureRequest, cli: Cli, tmp_path: Path) -> Path:
    """The package of an example."""
    path = tmp_path / "Model.mlpackage"
    folder = EXAMPLES / request.param
    done = cli("compile", folder / "model.mil", "-o", path, *SAID)
    assert done.status == 0, done.err
    return path


@pytest.mark.parametrize("pipeline", ["default", "default_fp16"])
def test_description_functions_and_states_stay(cli: Cli, package: Path, pipeline: str) -> None:
    done = cli("opt", package, "-o", "Less.mlpackage", "--pipeline", pipeline, "--check")
    assert done.status == 0, done.err
    before, after = milc.load(package), milc.load("Less.mlpackage")
    assert after.spec.description == before.spec.description
    assert after.spec.description.metadata.userDefined["key"] == "value"
    assert after.specification_version == before.specification_version
    assert list(after.program.functions) == list(before.program.functions)
    assert milc.verify(after) == []
    for name, function in before.program.functions.items():
        other = after.program.functions[name]
        assert other.opset == function.opset
        assert [(v.name, v.type) for v in other.inputs] == [
            (v.name, v.type) for v in function.inputs
        ]
        Comparison(before, after, function=name)


def test_a_package_may_take_its_own_place(cli: Cli, package: Path) -> None:
    wanted = milc.load(package).spec.description
    assert cli("opt", package, "-o", package).status == 0
    assert cli("opt", package, "-o", package, "--check").status == 0
    assert milc.load(package).spec.description == wanted


LAYERS, SIDE = 8, 4096
"""As many weights of so many rows and columns: 512 MB of fp32, on a disk almost nothing."""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A text whose weights are of one size, large, and each another from its first number on."""
    (tmp_path / "weights").mkdir()
    size, lines, x = 4 * SIDE * SIDE, [], "x"
    with open(tmp_path / "weights/weight.bin", "wb") as file:
        file.write(pack("<II", LAYERS, 2).ljust(64, b"\0"))
        for layer in range(LAYERS):
            at = file.tell()
            file.write(pack("<IIQQ", 0xDEADBEEF, 2, size, at + 64).ljust(64, b"\0"))
            file.write(pack("<f", layer + 1))
            file.truncate(at + 64 + size)
            file.seek(at + 64 + size)
            type, given = f"tensor<fp32, [{SIDE}, {SIDE}]>", f"tensor<fp32, [1, {SIDE}]>"
            place = f'path = string("@model_path/weights/weight.bin"), offset = uint64({at})'
            lines += [
                f"{type} w{layer} = const()[val = {type}(BLOBFILE({place}))];",
                f"{given} a{layer} = identity(x = {x});",
                f"{given} y{layer} = linear(x = a{layer}, weight = w{layer});",
            ]
            x = f"y{layer}"
    path = tmp_path / "large.mil"
    body = "\n".join(lines)
    inputs = f"tensor<fp32, [1, {SIDE}]> x"
    path.write_text(f"program(1.3)\n{{\nfunc main<ios18>({inputs}) {{\n{body}\n}} -> ({x});\n}}\n")
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted in other ways")
def test_memory_does_not_grow_with_weights_that_nobody_touches(large: Path) -> None:
    code = (
        "import resource; from milc.cli.main import main\n"
        f"try: main(['opt', {str(large)!r}, '-o', {str(large.with_name('small.mil'))!r}])\n"
        "except SystemExit as end:\n"
        "    print(end.code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    status, kilobytes = map(int, done.stdout.split())
    assert status == 0
    assert kilobytes < 200_000, "of 512 MB"
    assert "identity" not in large.with_name("small.mil").read_text("utf-8")
