"""Weight files without the blobs that nothing refers to any more.

What is left is read from the file that it came from, and copied blob by blob when it is written.
Imports what `weightfile` does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import IO

from milc.package.storage import HEADER, RECORD, VERSION, Blob, BlobStream, aligned, blob_at
from milc.package.weightfile import WeightFile


class PackedFile(WeightFile):
    """Some blobs of a weight file, one behind the other; more may be appended.

    `moved` tells where each of them is now, by where it was.
    """

    def __init__(self, source: WeightFile, offsets: Collection[int]) -> None:
        """Raises MilError (MIL0611 to MIL0617) where no blob is."""
        super().__init__(None, source.name)
        self._source = source
        self._held: dict[int, tuple[Blob, Blob]] = {}
        self.moved: dict[int, int] = {}
        for offset in sorted(offsets):
            was = source.blob(offset)
            now = blob_at(aligned(self._stored), was.element, was.size, was.count)
            self._held[now.offset] = now, was
            self.moved[offset] = now.offset
            self._stored = now.end
        self._stored_count = len(self._held)

    def blob(self, offset: int) -> Blob:
        """As of any weight file."""
        if offset in self._held:
            return self._held[offset][0]
        if HEADER.size <= offset < self._stored:
            self._fail("MIL0613", f"no blob begins at offset {offset}")
        return super().blob(offset)

    def data(self, blob: Blob) -> memoryview:
        """As of any weight file."""
        held = self._held.get(blob.offset)
        return super().data(blob) if held is None else self._source.data(held[1])

    def read(self, blob: Blob) -> bytes:
        """As of any weight file."""
        held = self._held.get(blob.offset)
        return super().read(blob) if held is None else self._source.read(held[1])

    def close(self) -> None:
        """Close the file that it came from, too."""
        super().close()
        if hasattr(self, "_source"):
            self._source.close()

    def _write_stored(self, file: IO[bytes], progress: Callable[[int], None] | None) -> None:
        file.write(HEADER.pack(self._stored_count, VERSION))
        stream = BlobStream(file, HEADER.size)
        for now, was in self._held.values():
            stream.append(now.element, self._source.data(was), now.count)
            if progress is not None:
                progress(now.size + RECORD.size)
