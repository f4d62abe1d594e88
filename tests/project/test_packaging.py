"""Every way in which milc gets onto a machine gives the same modules.

Built from a copy of the tree, without a network: the build backend and the dependencies are those
of the environment that runs the tests.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.shared import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]

PARTS = (
    *("pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "milc", "opsets", "grammar"),
    *("examples", "Makefile"),
)
JUNK = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")

# Where the three sources of modules come to lie, asked of an interpreter outside the repository.
PROBE = """
import json, sys, milc, milc.opsets, milc.grammar, milc.version
print(json.dumps([milc.__file__, milc.opsets.__file__, milc.grammar.__file__]))
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; its whole output in the failure if it fails."""
    kept = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=kept | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def expected_files() -> set[str]:
    """What a wheel holds: every module, the type marker, the stubs and the grammar."""
    suffixes = {
        "milc": (".py", ".pyi", "py.typed"),
        "opsets": (".py",),
        "grammar": (".py", ".lark"),
    }
    found = set()
    for top, kept in suffixes.items():
        for path in (ROOT / top).rglob("*"):
            relative = path.relative_to(ROOT)
            linked = relative.parts[:2] in {("milc", "opsets"), ("milc", "grammar")}
            if path.is_file() and path.name.endswith(kept) and not linked:
                found.add(f"{'' if top == 'milc' else 'milc/'}{relative.as_posix()}")
    return found


def wheel_files(wheel: Path) -> set[str]:
    """The files that a wheel installs, its own metadata left out."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def build(kind: str, source: Path, out: Path) -> Path:
    """The one file that building `source` gives."""
    options = ("--no-isolation", "--skip-dependency-check")
    run(sys.executable, "-m", "build", f"--{kind}", *options, "--outdir", out, ".", cwd=source)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what packaging needs, links kept, so that no build dirties the checkout."""
    copy = tmp_path_factory.mktemp("tree")
    for part in PARTS:
        source, target = ROOT / part, copy / part
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=JUNK)
        elif source.exists():
            shutil.copy2(source, target)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tree, tmp_path_factory.mktemp("sdist"))


def environment(folder: Path) -> Path:
    """The interpreter of a new environment that has this one's dependencies, but not its milc.

    A path file lends it the site-packages of this environment; path files in there, by which an
    editable install is found, are not read a second time.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin/python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", code, cwd=folder).strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def install(python: Path, *what: str | Path, cwd: Path) -> None:
    """Install into `python`'s environment without asking an index."""
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", "--quiet")
    run(python, "-m", "pip", "install", *options, *what, cwd=cwd)


def found_in(python: Path, cwd: Path) -> list[Path]:
    """Where milc, milc.opsets and milc.grammar are imported from."""
    return [Path(each).resolve() for each in json.loads(run(python, "-c", PROBE, cwd=cwd))]


def command_works(python: Path, cwd: Path) -> None:
    """The installed command starts and knows its version; skipped while there is none."""
    if not (ROOT / "milc/cli/main.py").exists():
        pytest.skip("milc.cli.main does not exist yet")
    assert "0." in run(python.with_name("milc"), "--version", cwd=cwd)


def test_the_list_of_packages_is_the_folders() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = settings["tool"]["setuptools"]["packages"]
    folders = {name.rpartition("/")[0] for name in expected_files() if name.endswith(".py")}
    assert sorted(listed) == sorted(folder.replace("/", ".") for folder in folders)
    for package in folders:
        assert f"{package}/__init__.py" in expected_files(), f"{package} has no __init__.py"


def test_a_wheel_holds_the_modules_and_nothing_else(wheel: Path) -> None:
    assert wheel_files(wheel) == expected_files()


def test_a_wheel_carries_the_licence_and_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry,) = (name for name in names if name.endswith("entry_points.txt"))
        commands = archive.read(entry).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "milc = milc.cli.main:main" in commands


def test_a_source_distribution_gives_the_same_wheel(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    out = tmp_path.parent / f"{tmp_path.name}-wheel"
    assert wheel_files(build("wheel", unpacked, out)) == wheel_files(wheel)


def test_a_source_distribution_can_be_tested(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "LICENSE", "grammar/mil.lark", "pyproject.toml"} <= names
    assert not {name for name in names if name.startswith(("milc/opsets/", "milc/grammar/"))}


def test_an_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    install(python, wheel, cwd=tmp_path)
    inside = (tmp_path / "env").resolve()
    assert all(path.is_relative_to(inside) for path in found_in(python, tmp_path))
    command_works(python, tmp_path)


def test_an_editable_install_works(tree: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    install(python, "--editable", tree, cwd=tmp_path)
    milc, opsets, grammar = found_in(python, tmp_path)
    assert milc == tree / "milc/__init__.py"
    assert opsets == tree / "opsets/__init__.py"
    assert grammar == tree / "grammar/__init__.py"
    command_works(python, tmp_path)


def test_a_bare_checkout_works(tree: Path) -> None:
    milc, opsets, grammar = found_in(Path(sys.executable), tree)
    assert milc == tree / "milc/__init__.py"
    assert opsets == tree / "opsets/__init__.py"
    assert grammar == tree / "grammar/__init__.py"
    if not (ROOT / "milc/__main__.py").exists():
        pytest.skip("milc/__main__.py does not exist yet")
    assert "0." in run(sys.executable, "-m", "milc", "--version", cwd=tree)


def test_the_links_are_links() -> None:
    for name in ("opsets", "grammar"):
        link = ROOT / "milc" / name
        assert link.is_symlink(), f"{link}: check out with git's core.symlinks on"
        assert Path(os.readlink(link)) == Path("..", name)
