"""The inverted lists of one segment: how its local features lie on disk.

``local.lists`` holds, list after list, the codes of the list's features, then their packed ids, so
that the lists can be searched where they lie. A row is a feature's number in that order; the place
of a feature, in the order of frames, is its row.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import DESCRIPTOR_SIZE, Descriptors
from reference_index.local_features import CODE_BYTES
from reference_index.vectors import Codes, Ids

FRAME = np.dtype([("image", "<i8"), ("record", "<i8"), ("features", "<i4"), ("aspect", "<f4")])
FEATURE = np.dtype([("code", "<i8", 2), ("id", "<i8")])
FRAMES_AT_ONCE = 512  # about 4 MB of features

Frames = npt.NDArray[np.void]
Features = npt.NDArray[np.void]
Places = npt.NDArray[np.uint32]


class ListRows:
    """Where the rows of lists of these sizes lie in their words of 8 bytes.

    sizes: int64 (lists,), features in each.
    """

    def __init__(self, sizes: Ids) -> None:
        self._sizes = sizes
        self.ends = np.cumsum(sizes)
        self.begins = self.ends - sizes

    def words(self, rows: Ids) -> tuple[Ids, Ids]:
        """Return where the codes (two words each) and the ids of rows begin."""
        of = np.searchsorted(self.ends, rows, side="right")
        begins = self.begins[of]
        return begins + 2 * rows, 2 * (begins + self._sizes[of]) + rows


class LocalRows(NamedTuple):
    """The local channel of one segment, features of dead images included.

    frames: FRAME (f,), one for each enrolled frame, images ascending; words: int64 (3 n,), the
    lists; sizes: int64 (lists,); centroids: uint8 (lists, 128), scaled as descriptors; places:
    uint32 (n,).
    """

    frames: Frames
    words: Ids
    sizes: Ids
    centroids: Descriptors
    places: Places

    @classmethod
    def from_bytes(
        cls,
        frames: memoryview,
        lists: memoryview,
        sizes: memoryview,
        centroids: memoryview,
        places: memoryview,
    ) -> "LocalRows":
        """Return the arrays that the bytes of the files are, without a copy."""
        return cls(
            frames=np.frombuffer(frames, FRAME),
            words=np.frombuffer(lists, "<i8").astype(np.int64, copy=False),
            sizes=np.frombuffer(sizes, "<i8").astype(np.int64, copy=False),
            centroids=np.frombuffer(centroids, np.uint8).reshape(-1, DESCRIPTOR_SIZE),
            places=np.frombuffer(places, "<u4").astype(np.uint32, copy=False),
        )

    def only(self, frames: npt.NDArray[np.bool_], *, shift: int) -> "LocalRows":
        """Return a copy of the lists with the features of these frames alone, to be searched.

        frames: bool (f,). shift: of the number of the frame in a packed id. Neither frames nor
        places are those of the copied features: these are not to be read by frame.
        """
        lists = []
        sizes = np.zeros_like(self.sizes)
        begins = 3 * (np.cumsum(self.sizes) - self.sizes)
        for number, (begin, size) in enumerate(zip(begins, self.sizes, strict=True)):
            codes, ids = np.split(self.words[begin : begin + 3 * size], [2 * size])
            kept = frames[ids >> shift]
            sizes[number] = np.count_nonzero(kept)
            lists += [codes.reshape(-1, 2)[kept].ravel(), ids[kept]]
        words = np.concatenate([np.empty(0, np.int64), *lists])
        return self._replace(words=words, sizes=sizes)

    def runs(self) -> Iterator[tuple[slice, slice]]:
        """Yield all frames by runs, each with its features in the order of frames."""
        start = 0
        for first in range(0, len(self.frames), FRAMES_AT_ONCE):
            run = slice(first, min(first + FRAMES_AT_ONCE, len(self.frames)))
            stop = start + int(self.frames["features"][run].sum(dtype=np.int64))
            yield run, slice(start, stop)
            start = stop

    def read(self, rows: ListRows, features: slice) -> Features:
        """Return features by their numbers in the order of frames: FEATURE (m,)."""
        codes, ids = rows.words(self.places[features].astype(np.int64))
        found = np.empty(len(ids), FEATURE)
        found["code"][:, 0] = self.words[codes]
        found["code"][:, 1] = self.words[codes + 1]
        found["id"] = self.words[ids]
        return found


def codes_of(features: Features) -> Codes:
    """Return the codes of features as bytes: uint8 (n, 16)."""
    return np.ascontiguousarray(features["code"]).view(np.uint8).reshape(-1, CODE_BYTES)
