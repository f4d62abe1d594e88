"""Many inputs: a .npz for each run, listed or in a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from milc.diagnostics import Diagnostic, MilError


def files(paths: Iterable[str]) -> list[str]:
    """The files, those of a folder by name. Raises MilError (MIL0001, MIL0912) for none."""
    found: list[str] = []
    for path in paths:
        if not os.path.isdir(path):
            if not os.path.exists(path):
                raise MilError(Diagnostic("MIL0001", "there is no such file", path=path))
            found.append(path)
            continue
        inside = sorted(str(each) for each in Path(path).glob("*.npz"))
        if not inside:
            message = "a folder without inputs: there is no .npz in it"
            raise MilError(Diagnostic("MIL0912", message, path=path))
        found += inside
    return found


def names(found: list[str]) -> list[str]:
    """What the outputs of each file are called: as the file, with a number if that is taken."""
    taken: dict[str, None] = {}
    for path in found:
        stem, number = Path(path).stem, 1
        name = f"{stem}.npz"
        while name in taken:
            number += 1
            name = f"{stem}-{number}.npz"
        taken[name] = None
    return list(taken)
