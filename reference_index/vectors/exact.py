"""The oracle: every distance, in numpy, one query and one slice of the vectors at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from reference_index.vectors import Block, Codes, Ids, Neighbours, check_codes

SLICE = 1 << 16


class ExactHamming:
    """A HammingEngine whose every step can be checked by eye; memory is bounded by SLICE and k."""

    def __init__(self, blocks: Sequence[Block], dead: Ids) -> None:
        self._blocks = tuple(blocks)
        self._dead = dead
        self._size = sum(len(ids) for _, ids in self._live_slices())

    @property
    def size(self) -> int:
        """The number of live vectors."""
        return self._size

    def search(self, queries: Codes, *, k: int) -> Neighbours:
        """Return the min(k, size) nearest live vectors; ties go to the lowest id."""
        check_codes(queries, what="queries")
        if k < 1:
            raise ValueError(f"k is {k}, expected at least 1")
        k = min(k, self._size)
        distances = np.empty((len(queries), k), np.int32)
        ids = np.empty((len(queries), k), np.int64)
        for row, query in enumerate(queries):
            distances[row], ids[row] = self._nearest(query, k)
        return Neighbours(distances=distances, ids=ids)

    def _nearest(self, query: Codes, k: int) -> tuple[Ids, Ids]:
        best = np.empty((2, 0), np.int64)
        for codes, ids in self._live_slices():
            distances = np.bitwise_count(codes ^ query).sum(axis=1, dtype=np.int64)
            best = np.concatenate([best, np.stack([distances, ids])], axis=1)
            best = best[:, np.lexsort((best[1], best[0]))[:k]]
        return best[0], best[1]

    def _live_slices(self) -> Iterator[tuple[Codes, Ids]]:
        for block in self._blocks:
            for start in range(0, len(block.ids), SLICE):
                ids = block.ids[start : start + SLICE]
                live = ~np.isin(ids, self._dead)
                yield block.codes[start : start + SLICE][live], ids[live]
