"""Segments: directories of files that never change, written once, merged, and swept away."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from reference_index.catalog import Catalog, ImageRow, RecordRow
from reference_index.fingerprint import HASH_BYTES, FaceVectors, HashCodes
from reference_index.local_builder import LocalBuilder, LocalFrame
from reference_index.local_lists import LocalRows
from reference_index.manifest import (
    CODES_FILE,
    FACE_FILES,
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
from reference_index.vector_builder import ChannelBuilders
from reference_index.vector_rows import VectorBuilder, VectorRows
from reference_index.vector_source import VectorSource
from reference_index.vectors import Ids, Vectors


class Segment:
    """A segment opened for reading; its files may be unlinked afterwards.

    Raises IndexDamagedError, at once for small files, at the first use for large ones.
    """

    def __init__(self, root: Path, entry: SegmentEntry) -> None:
        self.entry = entry
        folder = f"{SEGMENTS}/{entry.name}"
        self._files = {
            name: VerifiedFile(root, f"{folder}/{name}", entry.files[name]) for name in entry.listed
        }
        self._root, self._folder = root, folder
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

    def hashes(self) -> VectorRows:
        """Return the verified hash channel, read-only: uint8 (n, 32)."""
        files = (self._files[name].content() for name in (CODES_FILE, IDS_FILE, OWNERS_FILE))
        return VectorRows.from_bytes(*files, dtype="u1", size=HASH_BYTES)

    def faces(self) -> VectorRows:
        """Return the verified faces, read-only: float32 (n, d)."""
        if not self.entry.has_faces:
            none = np.empty(0, np.int64)
            return VectorRows(np.empty((0, 0), np.float32), none, none)
        files = (self._files[name].content() for name in FACE_FILES)
        return VectorRows.from_bytes(*files, dtype="<f4", size=self.entry.face_size)

    def local(self) -> LocalRows:
        """Return the verified local channel, read-only; only of a segment that has one."""
        return LocalRows.from_bytes(*(self._files[name].content() for name in LOCAL_FILES))

    def vectors(self, channel: str) -> VectorSource | None:
        """Return what it has of a vector channel, None where that is nothing."""
        entry = self.entry.vectors.get(channel)
        if entry is None:
            return None
        return VectorSource(
            channel,
            entry,
            self._files,
            root=self._root,
            folder=self._folder,
            size=self.entry.vector_size(channel),
        )

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
        self._faces: VectorBuilder | None = None
        self._folder.mkdir(parents=True)
        files = (CODES_FILE, IDS_FILE, OWNERS_FILE)
        self._hashes = VectorBuilder(self._folder, files, dtype="u1")
        self._vectors = ChannelBuilders(self._folder)
        try:
            self._local = LocalBuilder(self._folder) if local else None
            self.catalog = Catalog.create(
                root, f"{SEGMENTS}/{name}/{RECORDS_FILE}", indexed=indexed
            )
        except BaseException:
            self._close_files()
            raise

    @property
    def rows(self) -> int:
        """Record rows and reference images added so far."""
        return self._counts.records + self._counts.images

    def add_record(self, row: RecordRow, vectors: Mapping[str, Vectors]) -> None:
        """Add a record row, with a higher key than any id before, and the vectors of its words."""
        self.catalog.add_record(row)
        self._counts = self._counts.plus(records=1)
        self._vectors.add(row.key, row.number, vectors)

    def add_image(
        self,
        row: ImageRow,
        codes: HashCodes,
        local: Sequence[LocalFrame],
        faces: FaceVectors,
        vectors: Mapping[str, Vectors],
    ) -> None:
        """Add an image row, with a higher id than any before, and what it is searched by.

        codes: uint8 (n, 32). local: none for a segment without the local channel. faces: float32
        (n, d). vectors: likewise, of each vector channel.
        """
        self.catalog.add_image(row)
        self._counts = self._counts.plus(images=1)
        self._hashes.add(row.id, row.number, codes)
        if self._local is not None:
            self._local.add(row.id, row.number, local)
        if len(faces):
            self._face_builder().add(row.id, row.number, faces)
        self._vectors.add(row.id, row.number, vectors)

    def copy_live(self, source: Segment, dead: Ids) -> None:
        """Add all that a segment with lower ids than any to come holds, but for the dead."""
        records, images = self.catalog.copy_live(source.catalog, map(int, dead))
        self._counts = self._counts.plus(records=records, images=images)
        self._hashes.copy_live(source.hashes(), dead)
        if self._local is not None:
            self._local.copy_live(source.local(), dead)
        faces = source.faces()
        if not np.isin(faces.ids, dead).all():
            self._face_builder().copy_live(faces, dead)
        for channel in source.entry.vectors:
            if vectors := source.vectors(channel):
                self._vectors.copy_live(channel, vectors.all(), dead)

    def seal(self, *, lists: bool = True) -> SegmentEntry:
        """Put everything on the disk, close, and return the entry for the manifest.

        lists: False for a segment that is merged with others at once, for which it takes no time
        to make lists of its vectors.
        """
        self._hashes.seal()
        if self._local is not None:
            self._local.seal()
        if self._faces is not None:
            self._faces.seal()
        vectors = self._vectors.seal(lists=lists)
        self.catalog.finish(index=not self._indexed)
        names = segment_files(
            local=self._local is not None, faces=self._faces is not None, vectors=vectors
        )
        for name in names:
            fsync_path(self._folder / name)
        fsync_path(self._folder)
        fsync_path(self._folder.parent)
        return SegmentEntry(
            name=self._name,
            first_id=self._first_id,
            counts=self._counts.plus(
                hashes=self._hashes.count,
                frames=self._local.frames if self._local is not None else 0,
                faces=self._faces.count if self._faces is not None else 0,
            ),
            files={name: describe_file(self._folder / name) for name in names},
            vectors=vectors,
        )

    def close(self) -> None:
        """Close the files, finished or not."""
        self._close_files()
        self.catalog.close()

    @property
    def _folder(self) -> Path:
        return self._root / SEGMENTS / self._name

    def _face_builder(self) -> VectorBuilder:
        """Return what writes the face files, which only a segment with faces has."""
        if self._faces is None:
            self._faces = VectorBuilder(self._folder, FACE_FILES, dtype="<f4")
        return self._faces

    def _close_files(self) -> None:
        for builder in (self._hashes, self._local, self._faces, self._vectors):
            if builder is not None:
                builder.close()


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
