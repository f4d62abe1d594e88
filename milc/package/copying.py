"""Copying a file's contents at the kernel's speed, without the bytes passing through Python.

Imports nothing of milc.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Final

CHUNK: Final = 1 << 26
"""Bytes copied between two calls of `progress`."""
_BUFFER: Final = 1 << 20
_FICLONE: Final = 0x40049409
# A kernel, a file system, or a pair of them that cannot do it this way.
_CANNOT: Final = (
    errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM,
    errno.ETXTBSY, errno.ENOTSOCK,
)  # fmt: skip


def copy(source: int, target: int, size: int, progress: Callable[[int], None] | None = None) -> int:
    """Copy the first `size` bytes of `source` to the empty file `target`, both descriptors.

    Returns the number of bytes copied, fewer than `size` if the source is shorter; `progress` is
    called with the bytes of each part. Raises OSError.
    """
    report = progress or (lambda count: None)
    if os.fstat(source).st_size == size and _clone(source, target):
        report(size)
        return size
    done = 0
    for way in _WAYS:
        try:
            while done < size and (count := way(source, target, done, min(CHUNK, size - done))):
                done += count
                report(count)
        except OSError as error:
            if way is _by_hand or error.errno not in _CANNOT:
                raise
    return done


def _by_hand(source: int, target: int, offset: int, size: int) -> int:
    os.lseek(source, offset, os.SEEK_SET)
    os.lseek(target, offset, os.SEEK_SET)
    return os.write(target, os.read(source, min(size, _BUFFER)))


if sys.platform == "linux":
    import fcntl

    def _clone(source: int, target: int) -> bool:
        """Share the blocks of the source, where the file system can (btrfs, XFS, bcachefs)."""
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError:
            return False
        return True

    def _by_range(source: int, target: int, offset: int, size: int) -> int:
        return os.copy_file_range(source, target, size, offset, offset)

    def _by_sendfile(source: int, target: int, offset: int, size: int) -> int:
        os.lseek(target, offset, os.SEEK_SET)
        return os.sendfile(target, source, offset, size)

    _WAYS: Final = (_by_range, _by_sendfile, _by_hand)
else:

    def _clone(source: int, target: int) -> bool:
        return False

    _WAYS: Final = (_by_hand,)
