"""What mutation starts from: programs of this repository, and small ones of the corpus."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from tests.shared import ROOT, SHARED

LONGEST = 12_000
"""Characters, or bytes, of a base: a long one takes long to read and teaches no more."""

FROM_CORPUS = 40
"""Files of each kind that are taken of the corpus, spread over all there are."""


@cache
def texts() -> list[str]:
    """MIL texts, all of them valid."""
    own = [*ROOT.glob("examples/*/*.mil"), *ROOT.glob("tests/text/programs/*.mil")]
    others = _spread(SHARED.glob("corpus/**/*.mil"))
    return [path.read_text("utf-8") for path in sorted(own) + others]


@cache
def messages() -> list[bytes]:
    """Serialised Model messages: this repository's programs encoded, and the corpus'."""
    found = [made for text in texts() if (made := _encoded(text)) is not None]
    found += [path.read_bytes() for path in _spread(SHARED.glob("corpus/**/*.mlmodel"))]
    archive = SHARED / "oracle/programs.zip"
    if archive.exists():
        with zipfile.ZipFile(archive) as held:
            names = [name for name in held.namelist() if name.endswith(".mlmodel")]
            found += [held.read(name) for name in names[:: max(len(names) // FROM_CORPUS, 1)]]
    return [data for data in found if len(data) <= LONGEST]


def _encoded(text: str) -> bytes | None:
    from milc import MilError
    from milc.package.model import Model
    from milc.syntax.parse import parse

    try:
        return Model(parse(text)).encode()
    except MilError:
        return None  # what only text can hold, or no description can say


def _spread(paths: Iterable[Path]) -> list[Path]:
    held = sorted(path for path in paths if path.is_file() and path.stat().st_size <= LONGEST)
    return held[:: max(len(held) // FROM_CORPUS, 1)]


@cache
def weight_files() -> list[bytes]:
    """Weight files: one blob of each element type, and none at all."""
    from milc.package.storage import DTYPE_CODES, BlobWriter, packed_size

    full, empty = BytesIO(), BytesIO()
    with BlobWriter(full) as writer:
        for number, element in enumerate(DTYPE_CODES):
            count = number % 7 + 1
            writer.append(element, bytes(packed_size(element, count)), count)
    with BlobWriter(empty) as writer:
        writer.append(next(iter(DTYPE_CODES)), b"")
    return [full.getvalue(), empty.getvalue()]


@cache
def coremldata() -> list[bytes]:
    """Descriptions as a compiled bundle has them."""
    described = [b"", b"\x0a\x03\x0a\x01x", b"\xa2\x06\x00"]
    own = [_coremldata(description, version) for description in described for version in (7, 9)]
    return own + [path.read_bytes() for path in _spread(SHARED.glob("corpus/**/coremldata.bin"))]


def _coremldata(description: bytes, version: int) -> bytes:
    """The layout that public bundles have in common; `milc.package.compiled` tells it."""
    head = struct.pack("<II20xQ7sB31x", 502, 5 if version < 9 else 9, 7, b"generic", version)
    return head + struct.pack("<Q", len(description)) + description + struct.pack("<I12x", 502)
