"""Tombstones: the ids of removed rows that still stand in a segment."""

from bisect import bisect_left

import numpy as np

from reference_index.vectors import Ids


class Tombstones:
    """A set of 64-bit ids, eight bytes each; those added since it was made are told apart.

    ids: int64, ascending.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._added: set[int] = set()

    def __contains__(self, number: int) -> bool:
        if number in self._added:
            return True
        place = bisect_left(self._ids, number)
        return place < len(self._ids) and int(self._ids[place]) == number

    def __len__(self) -> int:
        return len(self._ids) + len(self._added)

    @property
    def changed(self) -> bool:
        """Whether any were added."""
        return bool(self._added)

    def add(self, number: int) -> None:
        """Add an id that is not among them yet."""
        self._added.add(number)

    def ids(self) -> Ids:
        """Return all of them: int64, ascending."""
        added = np.fromiter(self._added, np.int64, len(self._added))
        return np.sort(np.concatenate([self._ids, added]))
