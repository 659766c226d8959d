"""Searching every block for every query, and leaving out the dead: what FAISS's engines share."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.vectors import Ids

Rows = npt.NDArray[Any]
Nearest = Callable[[Rows, int], tuple[Rows, Ids]]
"""From queries and k to the distances and numbers of a block's k nearest rows, nearest first."""


class Near(NamedTuple):
    """The rows nearest to each of n queries: distances (n, k), lowest first, and ids (n, k)."""

    distances: Rows
    ids: Ids


class FlatScan:
    """Blocks with ascending ids, each searched by its function; ``size`` of all rows are live."""

    def __init__(self, blocks: Iterable[tuple[Nearest, Ids]], dead: Ids) -> None:
        self._parts = [_Part(nearest, ids, dead) for nearest, ids in blocks if len(ids)]
        self.size = sum(part.live for part in self._parts)

    def search(self, queries: Rows, *, k: int) -> Near:
        """Return the min(k, size) nearest live rows of each query; k is at least 1."""
        if k < 1:
            raise ValueError(f"k is {k}, expected at least 1")
        k = min(k, self.size)
        if not k or not len(queries):
            shape = (len(queries), k)
            return Near(np.empty(shape), np.empty(shape, np.int64))
        found = [part.search(queries, k) for part in self._parts if part.live]
        if len(found) == 1:
            return found[0]
        distances = np.concatenate([part.distances for part in found], axis=1)
        ids = np.concatenate([part.ids for part in found], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return Near(
            np.take_along_axis(distances, order, axis=1), np.take_along_axis(ids, order, axis=1)
        )


class _Part:
    """One block and which of its rows are dead."""

    def __init__(self, nearest: Nearest, ids: Ids, dead: Ids) -> None:
        self._nearest, self._ids = nearest, ids
        first = np.searchsorted(ids, dead, side="left")
        last = np.searchsorted(ids, dead, side="right")
        here = last > first
        first, last = first[here], last[here]
        self.live = len(ids) - int((last - first).sum())
        self._alive: npt.NDArray[np.bool_] | None = None
        if self.live < len(ids):
            self._alive = np.ones(len(ids), bool)
            for start, stop in zip(first, last, strict=True):
                self._alive[start:stop] = False

    def search(self, queries: Rows, k: int) -> Near:
        """Return the min(k, live) nearest live rows, fetching more until none can be missing."""
        total, k = len(self._ids), min(k, self.live)
        if self._alive is None:
            distances, rows = self._nearest(queries, k)
            return Near(distances, self._ids[rows])
        fetch = min(2 * k, total)
        while True:
            distances, rows = self._nearest(queries, fetch)
            alive = self._alive[rows]
            if (alive.sum(axis=1) >= k).all():
                break
            fetch = min(2 * fetch, total)
        order = np.argsort(~alive, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, order, axis=1)
        return Near(np.take_along_axis(distances, order, axis=1), self._ids[rows])
