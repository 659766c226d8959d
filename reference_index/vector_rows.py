"""The vectors of one channel in one segment: each with its reference image and its record."""

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.vectors import Ids

COPY_BYTES = 32 << 20
BUFFER_BYTES = 1 << 20


class VectorRows(NamedTuple):
    """A row per vector, those of dead images included.

    vectors: (n, numbers of each); ids: int64 (n,), of the images (of the record rows, for words),
    ascending; owners: int64 (n,), record numbers.
    """

    vectors: npt.NDArray[Any]
    ids: Ids
    owners: Ids

    @classmethod
    def from_bytes(
        cls, vectors: memoryview, ids: memoryview, owners: memoryview, *, dtype: str, size: int
    ) -> "VectorRows":
        """Return the arrays that the bytes of the files are, without a copy.

        dtype, size: of the numbers of each vector, and how many there are.
        """
        return cls(
            vectors=np.frombuffer(vectors, dtype).reshape(-1, size),
            ids=np.frombuffer(ids, "<i8").astype(np.int64, copy=False),
            owners=np.frombuffer(owners, "<i8").astype(np.int64, copy=False),
        )

    def take(self, rows: slice | npt.NDArray[np.bool_]) -> "VectorRows":
        """Return some of the rows."""
        return VectorRows(self.vectors[rows], self.ids[rows], self.owners[rows])

    def spared(self, dead: Ids) -> "VectorRows":
        """Return a copy of the live rows where most are dead, else all of them as they are.

        dead: ids, ascending.
        """
        if not len(self.ids):
            return self
        first, last = np.searchsorted(dead, (self.ids[0], self.ids[-1] + 1))
        if 2 * (last - first) <= len(self.ids):
            return self
        return self.take(~np.isin(self.ids, dead[first:last]))

    def of(self, number: int) -> npt.NDArray[Any]:
        """Return a copy of the vectors of one image or record row."""
        first, last = np.searchsorted(self.ids, (number, number + 1))
        return self.vectors[first:last].copy()


class VectorBuilder:
    """The three files of a segment being written; ``count`` rows are in them.

    files: the names of those of vectors, ids and owners. dtype: of the vectors' numbers.
    """

    def __init__(self, folder: Path, files: tuple[str, str, str], *, dtype: str) -> None:
        self.count = 0
        self._dtype = dtype
        self._files = [(folder / file).open("wb", buffering=BUFFER_BYTES) for file in files]

    def add(self, image: int, record: int, vectors: npt.NDArray[Any]) -> None:
        """Add the vectors of an image or record row with a higher id than any before."""
        ids, owners = (np.full(len(vectors), number, np.int64) for number in (image, record))
        self._write(VectorRows(vectors, ids, owners))

    def copy_live(self, source: VectorRows, dead: Ids) -> None:
        """Add all rows of a segment with lower ids but those of dead images."""
        step = max(COPY_BYTES // max(source.vectors.strides[0], 1), 1)
        for start in range(0, len(source.ids), step):
            part = source.take(slice(start, start + step))
            first, last = np.searchsorted(dead, (part.ids[0], part.ids[-1] + 1))
            self._write(part.take(~np.isin(part.ids, dead[first:last])))

    def seal(self) -> None:
        """Put everything into the files and close them."""
        for file in self._files:
            file.close()

    def close(self) -> None:
        """Close the files, finished or not."""
        for file in self._files:
            with suppress(OSError):  # on a full disk the buffered rest has nowhere to go
                file.close()

    def _write(self, rows: VectorRows) -> None:
        dtypes = (self._dtype, "<i8", "<i8")
        for file, array, dtype in zip(self._files, rows, dtypes, strict=True):
            file.write(array.astype(dtype, copy=False).tobytes())
        self.count += len(rows.ids)
