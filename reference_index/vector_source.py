"""The vectors of one channel in one segment, read no further than they are needed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reference_index.storage import VerifiedFile, damaged
from reference_index.vector_files import VectorEntry, lists_file, row_files
from reference_index.vector_rows import VectorRows
from reference_index.vectors import Ids, Vectors
from reference_index.vectors.faiss_lists import CosineLists

NUMBER = np.dtype("<f4")


class VectorSource:
    """The rows of a vector channel of an open segment; ``size`` numbers each.

    files: those of the segment, by name. folder: that of the segment, relative to the index at
    root. Raises IndexDamagedError wherever bytes are not what they were.
    """

    def __init__(
        self,
        channel: str,
        entry: VectorEntry,
        files: Mapping[str, VerifiedFile],
        *,
        root: Path,
        folder: str,
        size: int,
    ) -> None:
        self.entry, self.size = entry, size
        self._root, self._lists_name = root, f"{folder}/{lists_file(channel)}"
        self._vectors, self._ids, self._owners = (files[name] for name in row_files(channel))
        self._lists = files.get(lists_file(channel))

    @property
    def ids(self) -> Ids:
        """The image (of words: the record row) of each vector: int64 (n,), ascending."""
        return np.frombuffer(self._ids.content(), "<i8").astype(np.int64, copy=False)

    @property
    def owners(self) -> Ids:
        """The record number of each vector: int64 (n,)."""
        return np.frombuffer(self._owners.content(), "<i8").astype(np.int64, copy=False)

    def all(self) -> VectorRows:
        """Return everything: float32 (n, size) of unit length, mapped where the file is large."""
        numbers = np.frombuffer(self._vectors.content(), NUMBER).reshape(-1, self.size)
        return VectorRows(numbers.astype(np.float32, copy=False), self.ids, self.owners)

    def take(self, rows: Ids) -> Vectors:
        """Return a copy of some vectors: float32 (n, size). Nothing else is kept in memory."""
        found = self._vectors.rows(rows, NUMBER.itemsize * self.size).view(NUMBER)
        return found.astype(np.float32, copy=False)

    def of(self, number: int) -> Vectors:
        """Return a copy of the vectors of one image or record row: float32 (n, size)."""
        return self.take(np.arange(*np.searchsorted(self.ids, (number, number + 1))))

    def lists(self) -> CosineLists:
        """Return the lists, read anew; only where the entry has them."""
        assert self._lists is not None
        assert self.entry.lists is not None
        known = self.entry.lists
        try:
            lists = CosineLists.read(self._lists.blocks(), nprobe=known.nprobe, rerank=known.rerank)
            if (lists.size, lists.dimensions) != (self.entry.rows, self.size):
                raise ValueError(  # noqa: TRY301
                    f"it holds {lists.size} vectors of {lists.dimensions} numbers, expected "
                    f"{self.entry.rows} of {self.size}"
                )
        except ValueError as error:
            what = f"does not hold the lists of its vectors ({error})"
            raise damaged(self._root, self._lists_name, what) from error
        return lists
