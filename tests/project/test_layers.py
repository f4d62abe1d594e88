"""The arrow between rooms: each imports only rooms to its left (docs/architecture.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import ROOT

ORDER = (
    {"version"},
    {"grammar", "diagnostics"},
    {"ir"},
    {"syntax", "kernels"},
    {"schema"},
    {"opsets"},
    {"verify"},
    {"evaluate"},
    {"passes"},
    {"package"},
    {"driver"},
    {"cli", "lsp"},
    {"__main__"},
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

# The only rooms that may know these, whatever the level of the import.
ONLY_IN = {
    "click": {"cli"},
    "google.protobuf": {"package"},
    "lark": {"grammar"},
    "rich": {"diagnostics.render", "cli"},
    "PIL": {"driver.images"},
}


def python_files() -> list[Path]:
    """Every module of milc, those behind the two links included, in the repository's own paths."""
    folders = (ROOT / "milc", ROOT / "opsets", ROOT / "grammar")
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def module_name(path: Path) -> str:
    """The name by which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "milc" else ("milc", *parts)
    return ".".join(parts).removesuffix(".__init__")


def imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, at the top, in functions or by name."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join([*base, *([node.module] if node.module else [])])
            start = start if node.level else node.module or ""
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and "import_module" in ast.dump(node.func):
            named = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            yield from ((node.lineno, name) for name in named if isinstance(name, str))


def room(module: str) -> str:
    """The room of a dotted name below milc: `ir` of `milc.ir.types`; empty for milc itself."""
    return module.split(".")[1] if "." in module else ""


def is_module(name: str) -> bool:
    """Whether a dotted name below milc is a module or package, not something defined in one."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def allowed(importer: str, imported: str) -> bool:
    """Whether the house lets room `importer` import room `imported`."""
    return importer == imported or RANK[imported] < RANK[importer]


def wrong_arrows(path: Path) -> list[str]:
    """What a file imports against the order."""
    module = module_name(path)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = room(module)
    found = []
    for line, name in imports(tree, module, path.name == "__init__.py"):
        if name.split(".")[0] != "milc":
            continue
        where = f"{path.relative_to(ROOT)}:{line}: {module} imports {name}"
        if not is_module(f"milc.{room(name)}"):
            # A public name of milc itself, which only a user asks for: it loads the driver.
            found += [] if own in {"cli", "lsp", "__main__", ""} else [where]
        elif own and not allowed(own, room(name)):
            found.append(where)
    return found


@pytest.mark.parametrize("path", python_files(), ids=module_name)
def test_each_room_imports_only_rooms_to_its_left(path: Path) -> None:
    assert wrong_arrows(path) == []


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {room(module_name(path)) for path in python_files()} - {""}
    assert rooms <= RANK.keys()


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_known_only_in_its_room(library: str) -> None:
    found = []
    for path in python_files():
        module = module_name(path)
        if any(f"{module}.".startswith(f"milc.{home}.") for home in ONLY_IN[library]):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = (name for _, name in imports(tree, module, path.name == "__init__.py"))
        found += [f"{module}: {name}" for name in names if f"{name}.".startswith(f"{library}.")]
    assert found == []


def test_importing_milc_itself_loads_no_room() -> None:
    path = ROOT / "milc/__init__.py"
    loads = ast.parse(path.read_text(encoding="utf-8")).body
    names = (name for node in loads if not isinstance(node, ast.If | ast.FunctionDef)
             for _, name in imports(node, "milc", is_package=True))  # fmt: skip
    rooms = {room(name) for name in names if name.startswith("milc.")}
    assert rooms <= {"version"}


@pytest.mark.parametrize(
    ("importer", "imported", "good"),
    [
        ("syntax", "ir", True),
        ("syntax", "opsets", False),
        ("syntax", "kernels", False),
        ("package", "passes", True),
        ("verify", "package", False),
        ("cli", "lsp", False),
        ("ir", "grammar", True),
    ],
)
def test_the_order_is_what_the_house_says(importer: str, imported: str, good: bool) -> None:
    assert allowed(importer, imported) is good


def test_a_wrong_arrow_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "milc/ir").mkdir(parents=True)
    (tmp_path / "milc/syntax").mkdir()
    bad = tmp_path / "milc/ir/bad.py"
    bad.write_text("def f():\n    from ..syntax import parse\n", encoding="utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert wrong_arrows(bad) == ["milc/ir/bad.py:2: milc.ir.bad imports milc.syntax.parse"]
