"""Which files a path stands for.

On the way of `fmt`, so nothing of milc is imported before a folder is searched for models.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain

BUNDLES = (".mlpackage", ".mlmodelc")
"""Folders that are one model; what is in them is not looked at one by one."""
MODELS = (".mil", ".mlmodel", *BUNDLES)
"""What a folder that is no model is searched for."""


def texts_below(paths: Iterable[str]) -> Iterator[str]:
    """The files that paths stand for: of a folder those that end in .mil, each file once."""
    seen: set[str] = set()
    groups = (find(path, (".mil",)) if os.path.isdir(path) else (path,) for path in paths)
    for found in chain.from_iterable(groups):
        if found not in seen:
            seen.add(found)
            yield found


def models_below(path: str) -> list[str]:
    """The models that a path stands for: what a folder of them holds, or the path itself.

    A compiled pipeline stands for its stages that are programs.
    """
    if not os.path.isdir(path):
        return [path]
    stages = _stages(path)
    if stages is not None:
        return stages or [path]
    found = list(find(path, MODELS)) or [path]
    return [stage for model in found for stage in _stages(model) or [model]]


def find(folder: str, suffixes: Iterable[str]) -> Iterator[str]:
    """The files and bundles below `folder` whose names end so, in the order of their paths.

    Hidden folders and links to folders are not entered, and bundles never.
    """
    wanted = tuple(suffixes)
    for top, folders, files in os.walk(folder):
        bundles = [name for name in folders if name.endswith(BUNDLES)]
        folders[:] = sorted(n for n in folders if not n.startswith(".") and n not in bundles)
        for name in sorted(files + bundles):
            if name.endswith(wanted) and not name.startswith("."):
                yield os.path.normpath(os.path.join(top, name))


def _stages(path: str) -> list[str] | None:
    """The programs of a compiled pipeline; none of any other model; None if there is no model."""
    from pathlib import Path

    from milc.diagnostics import MilError
    from milc.package.compiled import CompiledBundle
    from milc.package.kinds import sniff

    folder = Path(path)
    try:
        if sniff(folder) != "pipeline-mlmodelc":
            return []
        return [str(stage.folder) for stage in CompiledBundle(folder).stages if stage.model_mil]
    except MilError:
        return None
