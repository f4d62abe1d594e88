"""The ladder of Core ML opsets: how text, protobuf and specification versions call each of them.

A change of the ladder is a change here and nowhere else. Facts: coremltools 9.0's tables; the tag
`ios26` is what third parties report of Apple's newest compiler. Imports nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class OpsetVersion(NamedTuple):
    """One step of the ladder."""

    tag: str
    """What text writes: `ios17`."""
    protobuf: str
    """What a package writes: `CoreML7`."""
    specification: int
    """The lowest specification version of a model whose functions use it."""
    systems: tuple[str, ...]
    """The oldest system of each kind that runs it."""


LADDER: Final = (
    OpsetVersion("ios15", "CoreML5", 6, ("iOS 15", "macOS 12", "tvOS 15", "watchOS 8")),
    OpsetVersion("ios16", "CoreML6", 7, ("iOS 16", "macOS 13", "tvOS 16", "watchOS 9")),
    OpsetVersion(
        "ios17", "CoreML7", 8, ("iOS 17", "macOS 14", "tvOS 17", "visionOS 1", "watchOS 10")
    ),
    OpsetVersion(
        "ios18", "CoreML8", 9, ("iOS 18", "macOS 15", "tvOS 18", "visionOS 2", "watchOS 11")
    ),
    OpsetVersion(
        "ios26", "CoreML9", 10, ("iOS 26", "macOS 26", "tvOS 26", "visionOS 26", "watchOS 26")
    ),
)
"""Every opset that an ML Program can use, oldest first."""

BY_TAG: Final = {version.tag: version for version in LADDER}
BY_PROTOBUF: Final = {version.protobuf: version for version in LADDER}

_spelling: Final = re.compile(r"([a-z]+)(\d+)(?:\.\d+)*").fullmatch


def called(word: str) -> OpsetVersion | None:
    """The opset that people call so: `ios16`, `iOS 16.4`, `macOS13`, `CoreML6`; None if none."""
    found = _spelling("".join(word.split()).lower())
    if found is None:
        return None
    name = found[1] + found[2]
    return next((version for version in LADDER if name in _spellings(version)), None)


def _spellings(version: OpsetVersion) -> set[str]:
    names = (version.tag, version.protobuf, *version.systems)
    return {name.replace(" ", "").lower() for name in names}


FIRST_OF_TEXT_1_3: Final = 9
"""The specification version from which on Apple's compiler writes `program(1.3)`, not 1.0."""


def text_version(specification: int) -> str:
    """The version of the text dialect, which follows the specification version, not the opset."""
    return "1.3" if specification >= FIRST_OF_TEXT_1_3 else "1.0"
