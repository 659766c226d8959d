"""Segments: directories of files that never change, written once, merged, and swept away."""

from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.catalog import Catalog, ImageRow, RecordRow
from reference_index.fingerprint import HASH_BYTES, HashCodes
from reference_index.local_builder import LocalBuilder, LocalFrame
from reference_index.local_lists import LocalRows
from reference_index.manifest import (
    CODES_FILE,
    IDS_FILE,
    LOCAL_FILES,
    OWNERS_FILE,
    RECORDS_FILE,
    SEGMENTS,
    Counts,
    SegmentEntry,
    segment_files,
)
from reference_index.storage import (
    VerifiedFile,
    describe_file,
    fsync_path,
)
from reference_index.vectors import Ids

COPY_ROWS = 1 << 18
BUFFER_BYTES = 1 << 20


class HashRows(NamedTuple):
    """The hash channel of one segment, a row per hash, those of dead images included.

    codes: uint8 (n, 32); ids: int64 (n,), ascending; owners: int64 (n,), record numbers.
    """

    codes: HashCodes
    ids: Ids
    owners: Ids

    def take(self, rows: slice | npt.NDArray[np.bool_]) -> "HashRows":
        """Return some of the rows."""
        return HashRows(codes=self.codes[rows], ids=self.ids[rows], owners=self.owners[rows])


class Segment:
    """A segment opened for reading; its files may be unlinked afterwards.

    Raises IndexDamagedError, at once for small files, at the first use for large ones.
    """

    def __init__(self, root: Path, entry: SegmentEntry) -> None:
        self.entry = entry
        folder = f"{SEGMENTS}/{entry.name}"
        self._files = {
            name: VerifiedFile(root, f"{folder}/{name}", entry.files[name])
            for name in segment_files(local=entry.has_local)
        }
        records = self._files.pop(RECORDS_FILE)
        self._unverified = None if records.verified else records
        self._catalog = Catalog.open(root, f"{folder}/{RECORDS_FILE}")

    @property
    def catalog(self) -> Catalog:
        """The verified records and images."""
        if self._unverified is not None:
            self._unverified.content()
            self._unverified = None
        return self._catalog

    def hashes(self) -> HashRows:
        """Return the verified hash channel, read-only."""
        codes, ids, owners = (
            self._files[name].content() for name in (CODES_FILE, IDS_FILE, OWNERS_FILE)
        )
        return HashRows(
            codes=np.frombuffer(codes, np.uint8).reshape(-1, HASH_BYTES),
            ids=np.frombuffer(ids, "<i8").astype(np.int64, copy=False),
            owners=np.frombuffer(owners, "<i8").astype(np.int64, copy=False),
        )

    def local(self) -> LocalRows:
        """Return the verified local channel, read-only; only of a segment that has one."""
        return LocalRows.from_bytes(*(self._files[name].content() for name in LOCAL_FILES))

    def close(self) -> None:
        """Close the records; arrays handed out stay valid."""
        self._catalog.close()


class SegmentBuilder:
    """A segment being written; it is part of no index before a manifest lists its entry.

    local: with the files of the local channel. indexed: its records are looked up before it is
    sealed.
    """

    def __init__(
        self, root: Path, name: str, *, first_id: int, local: bool, indexed: bool = True
    ) -> None:
        self._root, self._name, self._first_id, self._indexed = root, name, first_id, indexed
        self._counts = Counts()
        self._local: LocalBuilder | None = None
        self._folder.mkdir(parents=True)
        self._files = {
            file: (self._folder / file).open("wb", buffering=BUFFER_BYTES)
            for file in (CODES_FILE, IDS_FILE, OWNERS_FILE)
        }
        try:
            self._local = LocalBuilder(self._folder) if local else None
            self.catalog = Catalog.create(
                root, f"{SEGMENTS}/{name}/{RECORDS_FILE}", indexed=indexed
            )
        except BaseException:
            self._close_files()
            raise

    def add_record(self, row: RecordRow) -> None:
        """Add a record row."""
        self.catalog.add_record(row)
        self._counts = self._counts.plus(records=1)

    def add_image(self, row: ImageRow, codes: HashCodes, local: Sequence[LocalFrame] = ()) -> None:
        """Add an image row, with a higher id than any before, and what it is searched by.

        codes: uint8 (n, 32). local: none for a segment without the local channel.
        """
        self.catalog.add_image(row)
        self._counts = self._counts.plus(images=1, frames=len(local))
        if self._local is not None:
            self._local.add(row.id, row.number, local)
        ids, owners = (np.full(len(codes), number, np.int64) for number in (row.id, row.number))
        self._write(HashRows(codes, ids, owners))

    def copy_live(self, source: Segment, dead: Ids) -> None:
        """Add all that a segment with lower ids than any to come holds, but for the dead."""
        records, images = self.catalog.copy_live(source.catalog, map(int, dead))
        self._counts = self._counts.plus(records=records, images=images)
        rows = source.hashes()
        for start in range(0, len(rows.ids), COPY_ROWS):
            part = rows.take(slice(start, start + COPY_ROWS))
            first, last = np.searchsorted(dead, (part.ids[0], part.ids[-1] + 1))
            live = ~np.isin(part.ids, dead[first:last])
            self._write(part.take(live))
        if self._local is not None:
            before = self._local.frames
            self._local.copy_live(source.local(), dead)
            self._counts = self._counts.plus(frames=self._local.frames - before)

    def seal(self) -> SegmentEntry:
        """Put everything on the disk, close, and return the entry for the manifest."""
        for file in self._files.values():
            file.close()
        if self._local is not None:
            self._local.seal()
        self.catalog.finish(index=not self._indexed)
        names = segment_files(local=self._local is not None)
        for name in names:
            fsync_path(self._folder / name)
        fsync_path(self._folder)
        fsync_path(self._folder.parent)
        return SegmentEntry(
            name=self._name,
            first_id=self._first_id,
            counts=self._counts,
            files={name: describe_file(self._folder / name) for name in names},
        )

    def close(self) -> None:
        """Close the files, finished or not."""
        self._close_files()
        self.catalog.close()

    @property
    def _folder(self) -> Path:
        return self._root / SEGMENTS / self._name

    def _write(self, rows: HashRows) -> None:
        self._files[CODES_FILE].write(rows.codes.tobytes())
        self._files[IDS_FILE].write(rows.ids.astype("<i8").tobytes())
        self._files[OWNERS_FILE].write(rows.owners.astype("<i8").tobytes())
        self._counts = self._counts.plus(hashes=len(rows.ids))

    def _close_files(self) -> None:
        if self._local is not None:
            self._local.close()
        for file in self._files.values():
            with suppress(OSError):  # on a full disk the buffered rest has nowhere to go
                file.close()


def open_segments(root: Path, entries: Sequence[SegmentEntry]) -> tuple[Segment, ...]:
    """Open all of them or none."""
    with ExitStack() as opened:
        segments = tuple(opened.enter_context(closing(Segment(root, entry))) for entry in entries)
        opened.pop_all()
    return segments


def merge_segments(root: Path, name: str, segments: Sequence[Segment], dead: Ids) -> SegmentEntry:
    """Write one segment that holds what neighboring ones hold, but for the dead."""
    first = segments[0].entry
    builder = SegmentBuilder(
        root, name, first_id=first.first_id, local=first.has_local, indexed=False
    )
    with closing(builder) as merged:
        for segment in segments:
            merged.copy_live(segment, dead)
        return merged.seal()


def merge_start(rows: Sequence[int]) -> int:
    """Return where the run of last segments begins that is to become one, given their rows.

    A segment joins those after it while it is not larger than twice their sum, so that n rows
    stand in O(log n) segments and each row is copied O(log n) times.
    """
    start = max(len(rows) - 1, 0)
    while start and rows[start - 1] <= 2 * sum(rows[start:]):
        start -= 1
    return start
