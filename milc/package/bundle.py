"""The .mlpackage folder and its manifest, read, checked and written.

Imports diagnostics and this room's weights; never protobuf: a model's bytes pass through unread.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

from milc.diagnostics import Diagnostic, MilError, Severity, errors
from milc.diagnostics.files import decode, leaves, read_bytes, speakable
from milc.diagnostics.staging import staged_folder
from milc.package.faults import Findings
from milc.package.kinds import Kind, sniff
from milc.package.weights import WeightFiles

__all__ = ["Kind", "Manifest", "looks_like_package", "read_manifest", "sniff", "write_package"]

AUTHOR: Final = "com.apple.CoreML"
"""The author of every item, and the folder of `Data` that its items lie in."""
_LARGEST: Final = 1 << 20
_STRINGS: Final = ("author", "description", "name", "path")
_VERSION: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")
_NEWEST: Final = (1, 0, 0)
_COPY: Final = "copy the package with its links followed: cp -RL"
_OVERLAYS: Final = {
    "Metadata.json": "the author, licence, version and description of the model",
    "FeatureDescriptions.json": "what the model says of its inputs and outputs",
}
"""Items that Xcode adds where somebody edits a model there, and what they replace."""


class Manifest(NamedTuple):
    """What Manifest.json says: where the model lies and where its weights."""

    folder: Path
    """The package."""
    model: Path
    """The root model, a serialised Model message."""
    weights: Path | None
    """The folder of weights, if the manifest names one; it may be absent on disk."""
    warnings: tuple[Diagnostic, ...] = ()
    """What Apple's reader would refuse and milc can do without."""

    @property
    def model_path(self) -> Path:
        """The folder that `@model_path` means."""
        return self.model.parent


def read_manifest(folder: Path) -> Manifest:
    """Read and check a package's manifest.

    Raises MilError with all that is wrong with it (MIL0501 to MIL0509), or with MIL00xx if it
    cannot be read.
    """
    reader = _Reader(folder)
    manifest = reader.read()
    found = reader.findings.found
    if manifest is None or errors(found):
        raise MilError(found)
    return manifest._replace(warnings=tuple(found))


def write_package(
    target: Path,
    model_bytes: bytes,
    weights: WeightFiles,
    paths: Iterable[str],
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a package that takes the place of `target`, laid out as Apple's tools do.

    `paths` are the weight files that the model names; `progress` is called with the bytes of each
    part of them that is copied. The same model gives the same package, byte for byte. Raises
    MilError (MIL0008 to MIL0012, MIL06xx), and leaves what was there as it was.
    """
    with staged_folder(target, looks_like_package) as folder:
        place = folder / "Data" / AUTHOR
        (place / "weights").mkdir(parents=True)
        weights.write_into(place, paths, progress)
        (place / "model.mlmodel").write_bytes(model_bytes)
        (folder / "Manifest.json").write_text(_manifest(model_bytes), encoding="utf-8")


def looks_like_package(path: Path) -> bool:
    """Whether `path` is a folder laid out like a package, so that a new one may replace it."""
    return (path / "Manifest.json").is_file() and (path / "Data").is_dir()


def _manifest(model_bytes: bytes) -> str:
    model, weights = _identifiers(model_bytes)
    top = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            model: _item("model.mlmodel", "CoreML Model Specification"),
            weights: _item("weights", "CoreML Model Weights"),
        },
        "rootModelIdentifier": model,
    }
    return json.dumps(top, indent=4, sort_keys=True) + "\n"


def _item(name: str, description: str) -> dict[str, str]:
    path = f"{AUTHOR}/{name}"
    return {"author": AUTHOR, "description": description, "name": name, "path": path}


def _identifiers(model_bytes: bytes) -> tuple[str, str]:
    """UUIDs that depend on the model's bytes alone: hashing the weights would take too long."""
    from hashlib import sha512
    from uuid import UUID

    digest = sha512(model_bytes).digest()
    return str(UUID(bytes=digest[:16], version=4)), str(UUID(bytes=digest[16:32], version=4))


class _Reader:
    """Reads one manifest and notes what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "Manifest.json"
        self.findings = Findings(str(self.path))

    def read(self) -> Manifest | None:
        """The manifest, or None where it names no model that could be read."""
        top = self._object()
        self._check_version(top.get("fileFormatVersion"))
        entries, root = top.get("itemInfoEntries"), top.get("rootModelIdentifier")
        if not isinstance(entries, dict):
            self._note("MIL0504", "`itemInfoEntries` is missing or no object")
            return None
        if not isinstance(root, str):
            self._note("MIL0504", "`rootModelIdentifier` is missing or no string")
        elif root not in entries:
            self._note("MIL0506", f"`rootModelIdentifier` is {root!r}, which is none of the items")
        places = {name: self._item(name, entry) for name, entry in entries.items()}
        model = places.get(root) if isinstance(root, str) else None
        if model is None:
            return None
        if os.path.exists(model) and not os.path.isfile(model):
            self._note("MIL0509", f"the root model {model.name} is no file")
        weights = (p for name, p in places.items() if p and entries[name]["name"] == "weights")
        found = next(weights, None)
        self._check_unread({p.name: p for p in places.values() if p not in (None, model, found)})
        return Manifest(self.folder, model, found)

    def _check_unread(self, others: dict[str, Path]) -> None:
        for name, replaced in _OVERLAYS.items():
            if name in others:
                text = f"{name} replaces {replaced}; milc reads the model alone, and writes it so"
                self._note("MIL0519", text, severity="warning")

    def _object(self) -> dict[str, Any]:
        if not os.path.lexists(self.path):
            self._give_up("MIL0501", "a package has a Manifest.json, this one has none")
        if leaves(self.folder, self.path):
            self._give_up("MIL0507", "the manifest is a link that leaves the package", _COPY)
        text = decode(read_bytes(self.path, _LARGEST), str(self.path))
        try:
            top = json.loads(text)
        except (ValueError, RecursionError) as error:
            self._give_up("MIL0502", f"the manifest is not JSON: {error}")
        if not isinstance(top, dict):
            self._give_up("MIL0502", "the manifest is JSON, but no object")
        return top

    def _check_version(self, version: object) -> None:
        match = _VERSION.fullmatch(version) if isinstance(version, str) else None
        if match is None:
            self._note("MIL0503", "`fileFormatVersion` is missing or not of the form 1.0.0")
        elif tuple(map(int, match.groups())) > _NEWEST:
            self._note("MIL0503", f"`fileFormatVersion` is {version}; 1.0.0 is the newest known")

    def _item(self, name: str, entry: object) -> Path | None:
        """The place of an item, or None if the entry does not give one below the package."""
        values = entry if isinstance(entry, dict) else {}
        lacking = [key for key in _STRINGS if not isinstance(values.get(key), str)]
        if lacking:
            self._note("MIL0505", f"item {name!r} has no string for {', '.join(lacking)}")
            return None
        path: str = values["path"]
        place = self.folder / "Data" / path
        if not _stays(path) or leaves(self.folder, place):
            help = None if not _stays(path) else _COPY
            self._note("MIL0507", f"item {name!r} leaves the package: {path!r}", help)
            return None
        if not os.path.exists(place):
            # Git and some archivers drop empty folders, and nothing is lost with them.
            lost = values["name"] == "weights"
            severity: Severity = "warning" if lost else "error"
            self._note("MIL0508", f"{path} is an item and does not exist", severity=severity)
        return place

    def _note(
        self, code: str, message: str, help: str | None = None, severity: Severity = "error"
    ) -> None:
        self.findings.add(Diagnostic(code, message, help=help, severity=severity))

    def _give_up(self, code: str, message: str, help: str | None = None) -> NoReturn:
        self._note(code, message, help)
        raise MilError(self.findings.found)


def _stays(path: str) -> bool:
    """Whether a path from a manifest is one below `Data`."""
    relative = path and not path.startswith("/") and speakable(path)
    return bool(relative) and ".." not in path.split("/")
