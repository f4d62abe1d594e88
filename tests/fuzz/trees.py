"""Models on disk, and what a stranger's folder may hold instead: links, pipes, folders, damage."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from milc import compile, decompile
from tests.fuzz.mutations import EDGES, mutated_bytes, mutated_text
from tests.shared import ROOT, SHARED

EXAMPLES = ("weights", "quantized_weights", "multifunction", "state", "hello")
LARGEST = 300_000
"""Bytes of a model that is taken of the corpus."""


def make_trees(folder: Path) -> list[Path]:
    """Models of every form below `folder`: packages, folders of text, compiled bundles."""
    made: list[Path] = []
    for name in EXAMPLES:
        text = ROOT / "examples" / name / "model.mil"
        package, laid_out = folder / f"{name}.mlpackage", folder / name
        compile(text, package)
        decompile(package, laid_out)
        shutil.copytree(text.parent, folder / f"{name}-text")
        made += [package, laid_out, folder / f"{name}-text" / "model.mil"]
    for number, bundle in enumerate(sorted(SHARED.glob("corpus/pairs/**/*.mlmodelc"))):
        if sum(f.stat().st_size for f in bundle.rglob("*") if f.is_file()) <= LARGEST:
            shutil.copytree(bundle, folder / f"{number}.mlmodelc")
            made.append(folder / f"{number}.mlmodelc")
    return made


def mutated_tree(source: Path, target: Path, random: Random) -> Path:
    """A copy of a model below `target`, with one to three of its files changed."""
    top = source.parent if source.is_file() else source
    copy = target / top.name
    shutil.copytree(top, copy, symlinks=True)
    for _ in range(random.randint(1, 3)):
        places = sorted(place for place in copy.rglob("*"))
        if places:
            random.choice(_CHANGES)(random.choice(places), random)
    return copy / source.name if source.is_file() else copy


def _damage(place: Path, random: Random) -> None:
    if place.is_file() and not place.is_symlink():
        place.write_bytes(mutated_bytes(place.read_bytes(), random))


def _edit(place: Path, random: Random) -> None:
    """Change a text as a text, and JSON as JSON."""
    if place.suffix not in (".mil", ".json") or not place.is_file():
        _damage(place, random)
    elif place.suffix == ".mil":
        text = place.read_text("utf-8", "replace")
        place.write_text(mutated_text(text, random), "utf-8", "replace")
    else:
        try:
            held = json.loads(place.read_text("utf-8", "replace"))
        except ValueError:
            return
        place.write_text(json.dumps(changed_json(held, random)))


def changed_json(held: Any, random: Random) -> Any:
    """JSON with one of its parts replaced."""
    if isinstance(held, dict) and held and random.random() < 0.85:
        key = random.choice(sorted(held))
        if random.random() < 0.1:
            return {**held, random.choice(("", "path", "name", key + "x")): held[key]}
        return {**held, key: changed_json(held[key], random)}
    if isinstance(held, list) and held and random.random() < 0.8:
        at = random.randrange(len(held))
        return [*held[:at], changed_json(held[at], random), *held[at + 1 :]]
    return random.choice(
        (None, True, 0, -1, 1.5, 10**400, "", "x", "../x", "/etc/passwd", "a/../../b", "\ud800",
         "x" * 5000, "\0", [], {}, [held], {"": held}, str(held), *EDGES)
    )  # fmt: skip


def _remove(place: Path, random: Random) -> None:
    shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()


def _instead(place: Path, random: Random) -> None:
    """Something else in the place of a file or folder."""
    _remove(place, random)
    random.choice(_THINGS)(place)


def _away(place: Path, random: Random) -> None:
    """A link to itself, out of the folder, or to nothing."""
    _remove(place, random)
    place.symlink_to(random.choice((place.name, "/etc/passwd", "../../..", "nothing", "/dev/zero")))


def _swap(place: Path, random: Random) -> None:
    """Another file's content."""
    others = [path for path in sorted(place.parent.rglob("*")) if path.is_file()]
    if place.is_file() and others:
        place.write_bytes(random.choice(others).read_bytes())


_THINGS: tuple[Callable[[Path], Any], ...] = (
    os.mkfifo,
    Path.mkdir,
    Path.touch,
    lambda place: place.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
)
_CHANGES: tuple[Callable[[Path, Random], None], ...] = (
    _damage, _damage, _damage, _edit, _edit, _edit, _remove, _instead, _away, _swap,
)  # fmt: skip
