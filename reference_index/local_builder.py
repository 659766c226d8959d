"""Writing the local channel of a segment: features as they come, then sorted into lists."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reference_index.errors import IndexStorageError
from reference_index.fingerprint import Descriptors, LocalFeatures
from reference_index.local_coarse import assign, coarse_quantizer, list_count, train_centroids
from reference_index.local_features import (
    FEATURES_PER_IMAGE,
    MAX_FRAMES,
    encode,
    pack,
    with_frames,
)
from reference_index.local_lists import (
    FEATURE,
    FRAME,
    Features,
    Frames,
    ListRows,
    LocalRows,
    codes_of,
)
from reference_index.manifest import (
    CENTROIDS_FILE,
    FRAMES_FILE,
    LISTS_FILE,
    PLACES_FILE,
    SIZES_FILE,
)
from reference_index.vectors import Ids

UNSORTED_FILE = "local.unsorted"
MAX_FEATURES = 1 << 32
CHUNK = 1 << 16
BUFFER_BYTES = 1 << 20

LocalFrame = tuple[LocalFeatures, float]


class LocalBuilder:
    """The local files of a segment being written; memory is bounded whatever they hold.

    Features wait, in the order of frames, in a file that is removed when they are sorted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.frames = 0
        self._features = 0
        self._frames_file = (folder / FRAMES_FILE).open("wb", buffering=BUFFER_BYTES)
        self._unsorted_file = (folder / UNSORTED_FILE).open("wb", buffering=BUFFER_BYTES)

    def add(self, image: int, record: int, frames: Sequence[LocalFrame]) -> None:
        """Add the frames of an image, each with its width / height."""
        for local, aspect in frames:
            kept = local.first(FEATURES_PER_IMAGE)
            features = np.empty(len(kept), FEATURE)
            features["code"] = encode(kept.descriptors).view("<i8")
            features["id"] = pack(np.full(len(kept), self.frames), kept.geometry)
            row = np.array([(image, record, len(kept), aspect)], FRAME)
            self._write(row, features)

    def copy_live(self, source: LocalRows, dead: Ids) -> None:
        """Add all frames of a segment with lower ids but those of dead images."""
        rows = ListRows(source.sizes)
        for run, part in source.runs():
            frames, features = source.frames[run], source.read(rows, part)
            live = ~np.isin(frames["image"], dead)
            ordinals = self.frames + np.cumsum(live) - 1
            counts = frames["features"]
            features["id"] = with_frames(features["id"], np.repeat(ordinals, counts))
            self._write(frames[live], features[np.repeat(live, counts)])

    def seal(self) -> None:
        """Sort all into lists and close. Raises IndexStorageError for too many."""
        self._close(quietly=False)
        unsorted = self._folder / UNSORTED_FILE
        count = self._features
        if count >= MAX_FEATURES or self.frames > MAX_FRAMES:
            raise IndexStorageError(
                f"a segment would hold {self.frames:,} frames with {count:,} local features, more "
                f"than {MAX_FRAMES:,} or {MAX_FEATURES:,}: enroll into several indexes"
            )
        features: Features = (
            np.memmap(unsorted, FEATURE, mode="r") if count else np.empty(0, FEATURE)
        )
        centroids = train_centroids(features, list_count(count))
        (self._folder / CENTROIDS_FILE).write_bytes(centroids.tobytes())
        places = _allocated(self._folder / PLACES_FILE, "<u4", count)
        words = _allocated(self._folder / LISTS_FILE, "<i8", 3 * count)
        sizes = _assign(features, centroids, places)
        (self._folder / SIZES_FILE).write_bytes(sizes.astype("<i8").tobytes())
        _sort(features, sizes, places, words)
        for mapped in (places, words):
            if isinstance(mapped, np.memmap):
                mapped.flush()
        unsorted.unlink()

    def close(self) -> None:
        """Close the files, finished or not."""
        self._close(quietly=True)

    def _write(self, frames: Frames, features: Features) -> None:
        self._frames_file.write(frames.tobytes())
        self._unsorted_file.write(features.tobytes())
        self.frames += len(frames)
        self._features += len(features)

    def _close(self, *, quietly: bool) -> None:
        for file in (self._frames_file, self._unsorted_file):
            with suppress(*((OSError,) if quietly else ())):
                file.close()


def _allocated(path: Path, dtype: str, count: int) -> npt.NDArray[np.integer]:
    """Return a file of zeros mapped for writing.

    The zeros are written, not skipped: where a mapped file has no room on the disk, the process
    would be killed instead of told.
    """
    size = count * np.dtype(dtype).itemsize
    with path.open("wb", buffering=0) as file:
        zeros = bytes(min(size, BUFFER_BYTES))
        while (left := size - file.tell()) > 0:
            file.write(zeros[:left])
    return np.memmap(path, dtype, mode="r+") if count else np.empty(0, dtype)


def _assign(features: Features, centroids: Descriptors, lists: npt.NDArray[np.integer]) -> Ids:
    """Put the list of each feature into ``lists``; return how many features each list has."""
    sizes = np.zeros(len(centroids), np.int64)
    quantizer = coarse_quantizer(centroids)
    for start in range(0, len(features), CHUNK):
        part = slice(start, start + CHUNK)
        if len(centroids) > 1:
            lists[part] = assign(quantizer, codes_of(features[part]))
        sizes += np.bincount(lists[part], minlength=len(sizes))
    return sizes


def _sort(
    features: Features,
    sizes: Ids,
    places: npt.NDArray[np.integer],
    words: npt.NDArray[np.integer],
) -> None:
    """Turn the lists in ``places`` into rows, and put every feature where its row is."""
    rows = ListRows(sizes)
    free = rows.begins.copy()
    for start in range(0, len(features), CHUNK):
        part = slice(start, start + CHUNK)
        lists = places[part].astype(np.int64)
        order = np.argsort(lists, kind="stable")
        counts = np.bincount(lists, minlength=len(sizes))
        first = np.cumsum(counts) - counts
        row = np.empty(len(lists), np.int64)
        row[order] = np.arange(len(lists)) + np.repeat(free - first, counts)
        free += counts
        places[part] = row
        codes, ids = rows.words(row)
        words[codes] = features["code"][part, 0]
        words[codes + 1] = features["code"][part, 1]
        words[ids] = features["id"][part]
