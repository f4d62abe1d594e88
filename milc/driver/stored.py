"""Weight files as lints see them: blobs by their place, compared by digests. Imports package."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from milc.diagnostics import MilError
from milc.ir.literals import BlobRef
from milc.package.storage import Blob
from milc.package.weightfile import WeightFile
from milc.package.weights import WeightFiles
from milc.verify.lints import Stored

HASHED = 1 << 22
"""Bytes that are hashed at a time."""


class StoredWeights:
    """The weight files of a model. What cannot be read is left out: others report it."""

    def __init__(self, weights: WeightFiles) -> None:
        self._weights = weights
        self._files: dict[str, WeightFile] = {}

    def stored(self, ref: BlobRef) -> Stored | None:
        """The blob that a reference leads to."""
        try:
            file = self._file(ref)
            return _stored(file, file.blob(ref.offset))
        except MilError:
            return None

    def every(self, ref: BlobRef) -> Iterator[Stored]:
        """Every blob of the file that a reference leads to, up to the first that is damaged."""
        try:
            file = self._file(ref)
            for blob in file.blobs():
                yield _stored(file, blob)
        except MilError:
            return

    def digest(self, blob: Stored) -> bytes:
        """A number for the bytes of a blob that `stored` gave."""
        file = self._files[blob.file]
        found = blake2b(digest_size=16)
        with file.data(file.blob(blob.offset)) as data:
            for start in range(0, len(data), HASHED):
                found.update(data[start : start + HASHED])
        return found.digest()

    def _file(self, ref: BlobRef) -> WeightFile:
        file = self._weights.file(ref.path)
        self._files[file.name] = file
        return file


def _stored(file: WeightFile, blob: Blob) -> Stored:
    return Stored(file.name, blob.offset, blob.size)
