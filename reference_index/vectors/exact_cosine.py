"""The oracle for cosines: every one of them, in numpy, one query and one block at a time."""

from collections.abc import Sequence

import numpy as np

from reference_index.vectors import CosineBlock, CosineNeighbours, Ids, Vectors, check_vectors


class ExactCosine:
    """A CosineEngine whose every step can be checked by eye; it copies the live vectors."""

    def __init__(self, blocks: Sequence[CosineBlock], dead: Ids) -> None:
        live = [(block, ~np.isin(block.ids, dead)) for block in blocks]
        self._blocks = [(block.vectors[here], block.ids[here]) for block, here in live]

    @property
    def size(self) -> int:
        """The number of live vectors."""
        return sum(len(ids) for _, ids in self._blocks)

    def search(self, queries: Vectors, *, k: int) -> CosineNeighbours:
        """Return the min(k, size) nearest live vectors; ties go to the lowest id."""
        check_vectors(queries, what="queries")
        if k < 1:
            raise ValueError(f"k is {k}, expected at least 1")
        k = min(k, self.size)
        scores = np.empty((len(queries), k), np.float32)
        ids = np.empty((len(queries), k), np.int64)
        for row, query in enumerate(queries):
            scores[row], ids[row] = self._nearest(query, k)
        return CosineNeighbours(scores=scores, ids=ids)

    def _nearest(self, query: Vectors, k: int) -> tuple[Vectors, Ids]:
        none = np.empty(0)
        scores = np.concatenate([none, *(vectors @ query for vectors, _ in self._blocks)])
        ids = np.concatenate([none.astype(np.int64), *(ids for _, ids in self._blocks)])
        best = np.lexsort((ids, -scores))[:k]
        return scores[best].astype(np.float32), ids[best]
