"""The nearest local features of one segment, by FAISS on the lists where they lie."""

import weakref
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import DESCRIPTOR_SIZE
from reference_index.local_coarse import coarse_quantizer, probes
from reference_index.local_features import CODE_BYTES, FRAME_SHIFT, Floats, codebook
from reference_index.local_lists import ListRows, LocalRows
from reference_index.vectors import Ids
from reference_index.vectors.threads import calling_thread_only


class Near(NamedTuple):
    """Features nearest to each of n descriptors, nearest first.

    distances: float32 (n, k), squared L2 (from an exact descriptor to a quantized one), infinite
    where there are fewer; ids: int64 (n, k), packed, of any value there.
    """

    distances: Floats
    ids: Ids


class LocalLists:
    """The searchable lists of one segment; copied only where much of them is not to be found.

    alive: bool (frames,); features of other frames are not found. Where these are more than a
    quarter, looking past them would take longer than all else.
    """

    def __init__(self, rows: LocalRows, alive: npt.NDArray[np.bool_]) -> None:
        import faiss

        counts = rows.frames["features"]
        if 4 * int(counts[alive].sum(dtype=np.int64)) < 3 * int(counts.sum(dtype=np.int64)):
            rows, alive = rows.only(alive, shift=FRAME_SHIFT), np.ones(len(alive), bool)
        self._rows = rows
        self._alive = None if alive.all() else alive
        lists = len(rows.sizes)
        self._quantizer = coarse_quantizer(rows.centroids)
        self._lists = _lists_in_place(rows)
        # FAISS would unmap what is not its own.
        weakref.finalize(self, setattr, self._lists, "ptr", None)
        index = faiss.IndexIVFPQ(self._quantizer, DESCRIPTOR_SIZE, lists, CODE_BYTES, 8)
        index.by_residual = False
        faiss.copy_array_to_vector(codebook().ravel(), index.pq.centroids)
        index.replace_invlists(self._lists, False)
        index.is_trained = True
        index.ntotal = int(rows.sizes.sum())
        index.nprobe = probes(lists)
        self._index = index

    def search(self, descriptors: Floats, *, k: int) -> Near:
        """Return the k nearest live features, those in the nearest lists alone, of descriptors.

        descriptors: float32 (n, 128), of length 1.
        """
        if self._alive is None:
            return self._search(descriptors, k)
        found = Near(
            distances=np.full((len(descriptors), k), np.inf, np.float32),
            ids=np.full((len(descriptors), k), -1, np.int64),
        )
        left, fetch = np.arange(len(descriptors)), k
        while len(left):
            fetch *= 2
            near = self._search(descriptors[left], fetch)
            exhausted = near.ids[:, -1] < 0
            near.distances[~self._alive[near.ids >> FRAME_SHIFT]] = np.inf
            order = np.argsort(near.distances, axis=1, kind="stable")[:, :k]
            found.distances[left] = np.take_along_axis(near.distances, order, axis=1)
            found.ids[left] = np.take_along_axis(near.ids, order, axis=1)
            left = left[~exhausted & np.isinf(found.distances[left, -1])]
        return found

    def _search(self, descriptors: Floats, k: int) -> Near:
        with calling_thread_only():
            distances, ids = self._index.search(descriptors, k)
        distances[ids < 0] = np.inf
        return Near(distances, ids)


def _lists_in_place(rows: LocalRows) -> Any:
    """Return FAISS lists whose bytes are those of ``rows``; they must not outlive these."""
    import faiss

    lists: Any = faiss.OnDiskInvertedLists(len(rows.sizes), CODE_BYTES, "")
    entries = np.empty((len(rows.sizes), 3), np.uint64)  # size, capacity, offset in bytes
    entries[:, :2] = rows.sizes[:, np.newaxis]
    entries[:, 2] = ListRows(rows.sizes).begins * rows.words.itemsize * 3
    faiss.memcpy(lists.lists.data(), faiss.swig_ptr(entries), entries.nbytes)
    lists.ptr = faiss.swig_ptr(rows.words.view(np.uint8))
    lists.totsize = rows.words.nbytes
    lists.read_only = True
    lists.prefetch_nthread = 0
    return lists
