"""Which files a folder stands for. On the way of `fmt`, so it imports nothing of milc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

BUNDLES = (".mlpackage", ".mlmodelc")
"""Folders that are one model; what is in them is not looked at one by one."""


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
