"""Lints of weight files: what lies there for nobody, or twice. Imports diagnostics and ir.

Blobs are compared by digests, and only those of the same size; nothing is kept in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from milc.diagnostics.prose import many
from milc.verify.lints import Found, Stored, Subject, lint

if TYPE_CHECKING:
    from milc.ir.literals import BlobRef
    from milc.ir.nodes import Op

WORTH_SHARING: Final = 64
"""Bytes; of smaller blobs the record alone is larger."""


@lint("MIL0826")
def dead_blobs(subject: Subject) -> Iterator[Found]:
    """Blobs of the weight files that no operation refers to."""
    used: set[Stored] = set()
    first: dict[str, tuple[Op, BlobRef]] = {}
    for op, ref, blob in _stored(subject):
        used.add(blob)
        first.setdefault(blob.file, (op, ref))
    for file, (op, ref) in first.items():
        assert subject.weights is not None
        dead = [blob for blob in subject.weights.every(ref) if blob not in used]
        if dead:
            size = sum(blob.size for blob in dead)
            places = ", ".join(str(blob.offset) for blob in dead[:5])
            more = ", …" if len(dead) > 5 else ""
            message = f"nothing refers to {many(len(dead), 'blob')} of {file}, {size:,} bytes"
            yield Found(op, f"{message}, at {places}{more}", "remove them from the file")


@lint("MIL0827")
def duplicate_blobs(subject: Subject) -> Iterator[Found]:
    """Blobs whose bytes are in a weight file twice."""
    owner: dict[Stored, Op] = {}
    by_size: dict[int, list[Stored]] = defaultdict(list)
    for op, _, blob in _stored(subject):
        if blob not in owner and blob.size >= WORTH_SHARING:
            by_size[blob.size].append(blob)
            owner[blob] = op
    for alike in by_size.values():
        for blob, first in _twins(subject, alike):
            message = f"the {blob.size:,} bytes at {blob.offset} of {blob.file} are there before"
            help = f"refer to those at {first.offset}"
            yield Found(owner[blob], message, help, owner[first], f"the same, at {first.offset}")


def _twins(subject: Subject, alike: list[Stored]) -> Iterator[tuple[Stored, Stored]]:
    """Of blobs of one size each that is there before, with the first that is the same."""
    if len(alike) < 2 or subject.weights is None:
        return
    first: dict[bytes, Stored] = {}
    for blob in alike:
        earlier = first.setdefault(subject.weights.digest(blob), blob)
        if earlier is not blob:
            yield blob, earlier


def _stored(subject: Subject) -> Iterator[tuple[Op, BlobRef, Stored]]:
    if subject.weights is None:
        return
    for op, ref in subject.references():
        blob = subject.weights.stored(ref)
        if blob is not None:
            yield op, ref, blob
