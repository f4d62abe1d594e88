"""Lists of tensors that never change: putting one in gives another list, which shares the rest.

So a loop may hand a list from turn to turn, and write to it, without a copy of the list each time:
a list is a tree whose nodes have 32 branches, and only the nodes on the way to a place are made
anew. A branch that is None holds nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from milc.kernels import Array

BITS: Final = 5
"""The logarithm of the number of branches."""

WIDTH: Final = 1 << BITS


class Items(Sequence["Array | None"]):
    """What a list holds: tensors, and None where none has been put yet.

    `grows` says whether a tensor may be put behind the end.
    """

    __slots__ = ("_height", "_length", "_root", "grows")

    def __init__(self, length: int, grows: bool, root: Any = None, height: int = 0) -> None:
        self.grows = grows
        self._length = length
        self._root = root
        self._height = height
        """How many levels of nodes are above those that hold tensors."""

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self._length:
            raise IndexError(index)
        node = self._root
        if index >> BITS * (self._height + 1):
            return None
        for level in range(self._height, -1, -1):
            if node is None:
                return None
            node = node[index >> BITS * level & WIDTH - 1]
        return node

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self._length))

    def put(self, index: int, item: Array) -> Items:
        """The list with a tensor at a place, as long as it takes for that place."""
        root, height = self._root, self._height
        while index >> BITS * (height + 1):
            root = None if root is None else (root, *(None,) * (WIDTH - 1))
            height += 1
        length = max(self._length, index + 1)
        return Items(length, self.grows, _put(root, height, index, item), height)


def _put(node: Any, level: int, index: int, item: Array) -> Any:
    """A node with a tensor at a place below it."""
    branches = [None] * WIDTH if node is None else list(node)
    at = index >> BITS * level & WIDTH - 1
    branches[at] = item if level == 0 else _put(branches[at], level - 1, index, item)
    return tuple(branches)


def items_of(tensors: Iterable[Array]) -> Items:
    """A list of tensors, which does not grow."""
    made = Items(0, False)
    for index, tensor in enumerate(tensors):
        made = made.put(index, tensor)
    return made
