"""Models on disk with damaged, missing or hostile files, through the API and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import bases
from tests.fuzz.checks import check_path
from tests.fuzz.command import arguments, check_command, run_command
from tests.fuzz.mutations import mutated_text
from tests.fuzz.profile import examples
from tests.fuzz.trees import make_trees, mutated_tree


class Trees:
    """Models to copy from, and a folder in which each example has one of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "models").mkdir()
        self.models = make_trees(folder / "models")

    def model(self, which: int) -> Path:
        return self.models[which % len(self.models)]


@pytest.fixture(scope="module")
def trees() -> Iterator[Trees]:
    with TemporaryDirectory() as folder:
        yield Trees(Path(folder))


def content(folder: Path) -> dict[str, object]:
    """Every place below a folder, with the bytes of files and the targets of links."""
    found: dict[str, object] = {}
    for place in sorted(folder.rglob("*")):
        kind = place.readlink() if place.is_symlink() else place.is_file() and place.read_bytes()
        found[str(place)] = kind
    return found


@examples(120)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_damaged_models(trees: Trees, which: int, random: Random) -> None:
    with TemporaryDirectory(dir=trees.folder) as held:
        work, out = Path(held) / "work", Path(held) / "out"
        out.mkdir()
        path = mutated_tree(trees.model(which), work, random)
        before = content(work)
        check_path(path, out)
        assert content(work) == before
        assert {place.name for place in Path(held).iterdir()} == {"work", "out"}


@examples(200)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_commands_on_damaged_models(trees: Trees, which: int, random: Random) -> None:
    with TemporaryDirectory(dir=trees.folder) as held:
        work, out = Path(held) / "work", Path(held) / "out"
        out.mkdir()
        path = mutated_tree(trees.model(which), work, random)
        before = content(work)
        check_command(*arguments(path, out, random))
        assert content(work) == before
        assert {place.name for place in Path(held).iterdir()} == {"work", "out"}


@examples(100)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_commands_on_changed_texts(which: int, random: Random) -> None:
    held = bases.texts()
    text = mutated_text(held[which % len(held)], random, held).encode("utf-8", "surrogatepass")
    with TemporaryDirectory() as out:
        check_command(*arguments(Path("-"), Path(out), random), stdin=text)


@examples(100)
@given(st.integers(0, 1 << 16), st.randoms(use_true_random=True))
def test_what_was_compiled_is_sound(which: int, random: Random) -> None:
    """Whatever compiles, with its literals and blobs wherever they were put, verifies."""
    held = bases.texts()
    text = mutated_text(held[which % len(held)], random, held).encode("utf-8", "surrogatepass")
    with TemporaryDirectory() as out:
        package = Path(out) / "model.mlpackage"
        options = ["--externalize", random.choice(("0", "8"))] if random.random() < 0.5 else []
        status, _ = run_command("compile", "-", "-o", str(package), *options, stdin=text)
        assert package.exists() == (status == 0)
        if status == 0:
            assert run_command("verify", "-q", str(package))[0] == 0
