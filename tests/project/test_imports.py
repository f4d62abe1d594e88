"""Start-up is a feature: what `import milc` and `milc fmt` must not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import ROOT

HEAVY = ("numpy", "google.protobuf", "rich", "milc.opsets", "milc.package", "lark", "click")
"""What formatting has no use for. click: argument parsing may not need it for the common verb."""

FMT_MAY = frozenset({"click"})
"""click is allowed on the way of fmt: 31 ms of the 110 that ten times a bare interpreter are."""

MIL = """program(1.0)
{
    func main<ios16>(tensor<fp32, [2]> x) {
        tensor<fp32, [2]> y = relu(x = x)[name = string("y")]; // kept
    } -> (y);
}
"""

needs_cli = pytest.mark.skipif(
    not (ROOT / "milc/cli/main.py").exists(), reason="milc.cli.main does not exist yet"
)


def loaded_after(code: str, *args: str) -> set[str]:
    """The modules that a fresh interpreter holds after `code`."""
    report = "\nimport sys as _s; _s.stdout.write('\\n'.join(['', *_s.modules]))"
    command = [sys.executable, "-c", code + report, *args]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def heavy(modules: set[str]) -> set[str]:
    """Those of the heavy names that were loaded."""
    return {name for name in HEAVY if name in modules}


def test_import_milc_is_light() -> None:
    loaded = loaded_after("import milc")
    assert heavy(loaded) == set()
    assert {name for name in loaded if name.startswith("milc")} <= {"milc", "milc.version"}


@needs_cli
@pytest.mark.parametrize("flags", [(), ("--check",), ("--diff",)], ids=str)
def test_fmt_loads_nothing_heavy(tmp_path: Path, flags: tuple[str, ...]) -> None:
    path = tmp_path / "model.mil"
    path.write_text(MIL, encoding="utf-8")
    code = (
        "import sys\n"
        "from milc.cli.main import main\n"
        "sys.argv = ['milc', *sys.argv[1:]]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code in (None, 0, 1), end.code\n"
    )
    loaded = loaded_after(code, "fmt", *flags, str(path))
    assert "milc.syntax" in loaded, "fmt ran"
    assert heavy(loaded) - FMT_MAY == set()


RUN = (
    "import sys\n"
    "from milc.cli.main import main\n"
    "sys.argv = ['milc', *sys.argv[1:]]\n"
    "try:\n    main()\n"
    "except SystemExit as end:\n    assert end.code in (None, 0), end.code\n"
)

OTHERS = {"__init__", "index", "versions", "elementwise", "spatial"}
"""Modules of `opsets` that define no op: what families share, and finding them."""


def families(modules: set[str]) -> set[str]:
    """The families of ops among modules."""
    names = {name.removeprefix("milc.opsets.") for name in modules if "milc.opsets." in name}
    return names - OTHERS


@needs_cli
@pytest.mark.parametrize(("op", "family"), [("relu", "activation"), ("abs", "elementwise_unary")])
def test_verify_loads_the_families_in_use_and_no_numpy(
    tmp_path: Path, op: str, family: str
) -> None:
    path = tmp_path / "model.mil"
    path.write_text(MIL.replace("relu", op), encoding="utf-8")
    loaded = loaded_after(RUN, "verify", str(path))
    assert families(loaded) == {family}
    assert "numpy" not in loaded


@needs_cli
def test_verify_of_a_package_loads_no_numpy(tmp_path: Path) -> None:
    path, package = tmp_path / "model.mil", tmp_path / "model.mlpackage"
    path.write_text(MIL, encoding="utf-8")
    loaded_after(RUN, "compile", str(path), "-o", str(package))
    loaded = loaded_after(RUN, "verify", str(package))
    assert families(loaded) == {"activation"}
    assert not {"numpy", "lark"} & loaded


@needs_cli
def test_run_loads_no_rich_and_no_pillow_for_programs(tmp_path: Path) -> None:
    path = tmp_path / "model.mil"
    path.write_text(MIL, encoding="utf-8")
    loaded = loaded_after(RUN, "run", str(path), "--random", "--json")
    assert families(loaded) == {"activation"}
    assert "numpy" in loaded
    assert not {"rich", "PIL", "lark", "ml_dtypes"} & loaded


@needs_cli
def test_the_version_needs_no_metadata() -> None:
    code = (
        "import sys\n"
        "from milc.cli.main import main\n"
        "sys.argv = ['milc', '--version']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (None, 0)\n"
    )
    loaded = loaded_after(code)
    assert "importlib.metadata" not in loaded
    assert heavy(loaded) - FMT_MAY == set()


def test_the_public_names_are_there() -> None:
    import milc
    from milc.version import __version__

    missing = [name for name in getattr(milc, "__all__", ()) if not hasattr(milc, name)]
    assert missing == []
    assert getattr(milc, "__version__", __version__) == __version__
