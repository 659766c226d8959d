"""Changing a reference index: one writer at a time, all or nothing."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np

from reference_index.calibration import Calibration
from reference_index.catalog import ImageRow, RecordRow
from reference_index.directory import (
    check_owner,
    locked,
    open_or_create,
    sweep,
    write_calibration,
)
from reference_index.errors import IndexFormatError, IndexStorageError, ReferenceIndexError
from reference_index.fingerprint import (
    CONCEPT_PREFIX,
    EMBEDDING_PREFIX,
    FACE_CHANNEL,
    HASH_BYTES,
    HASH_CHANNEL,
    LOCAL_CHANNEL,
    FaceVectors,
    HashCodes,
)
from reference_index.image_checks import check_faces, check_image, check_local, check_vectors
from reference_index.live_records import LiveRecords
from reference_index.local_builder import LocalFrame
from reference_index.local_features import MIN_FEATURES
from reference_index.manifest import Counts, Manifest, SegmentEntry, write_manifest
from reference_index.records import Kind, Record
from reference_index.segments import (
    Segment,
    SegmentBuilder,
    merge_segments,
    merge_start,
    open_segments,
)
from reference_index.storage import storage_errors
from reference_index.tombstones import Tombstones
from reference_index.vector_files import check_channels
from reference_index.vectors import Vectors

_NO_FACES = np.empty((0, 0), np.float32)
_NO_VECTORS: Mapping[str, Vectors] = MappingProxyType({})
DEAD_SHARE = 4  # everything is rewritten when more than one row in so many is dead


class IndexWriter:
    """The one writer of an index, from its making until it is closed.

    Nothing is seen by anyone before ``commit``. Leaving the ``with`` block commits; leaving it by
    an exception discards what is pending. After an error or an interrupt in the midst of writing,
    whatever was pending is lost and only ``close`` is left. A writer still sees the persons whose
    ``retain_until`` has passed, so that they can be held longer, or removed.

    settings: what the fingerprints of each channel depend on; must be those of the index, except
    for those of faces, which come with the first face. None takes them as they are, and cannot
    create. A new index gets its channels from them: hash, local, ``embedding:MODEL`` and
    ``concept:MODEL``; any other name is an IndexFormatError.
    create: make the index where there is none. timeout: seconds to wait for another writer.
    Raises IndexBusyError, IndexMissingError, IndexFormatError, IndexDamagedError or
    IndexStorageError.
    """

    _live: LiveRecords
    _counts: Counts
    _settings: Mapping[str, str]
    _next_id: int
    _face_size: int
    _vector_sizes: dict[str, int]

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        settings: Mapping[str, str] | None,
        create: bool = True,
        timeout: float = 10.0,
    ) -> None:
        self.path = Path(path)
        check_channels(settings or {})
        create = create and settings is not None
        with ExitStack() as undo:
            undo.enter_context(locked(self.path, create=create, timeout=timeout))
            manifest = open_or_create(self.path, settings, create=create)
            sweep(self.path)
            self._in_hand: set[Segment] = set()
            self._adopt(manifest, self._opened(manifest.segments))
            undo.callback(self._discard)
            self._open = undo.pop_all()
        self._usable = True

    @property
    def settings(self) -> Mapping[str, str]:
        """What the fingerprints of each channel depend on, with those of faces once there are."""
        return self._settings

    def has(self, record_id: str, sha256: str) -> bool:
        """Tell whether the record, committed or pending, has the image with this hex digest."""
        self._check_usable()
        row = self._live.find(record_id)
        return row is not None and self._live.has_image(row.number, bytes.fromhex(sha256))

    def holds(self, record: Record) -> bool:
        """Tell whether the record, committed or pending, is just like this."""
        self._check_usable()
        old = self._live.find(record.id)
        return old is not None and old.record == record

    def put_record(self, record: Record, vectors: Mapping[str, Vectors] = _NO_VECTORS) -> bool:
        """Add a record, or change it to this; False if it is just like this already.

        vectors: of its words, for each ``concept:MODEL`` channel of the index; float32 (n, d) of
        unit length, n at least 0. They take the place of all that were there, except where the
        record is just like this. A person who becomes anything else loses all images: faces are
        held of nobody else. Raises IndexFormatError for a channel that the index does not have,
        ValueError for what cannot be vectors.
        """
        self._check_usable()
        self._check_vectors(vectors, prefix=CONCEPT_PREFIX, least=0)
        old = self._live.find(record.id)
        if old is not None and old.record == record:
            return False
        if old is not None and old.record.kind is Kind.PERSON is not record.kind:
            self._remove(old)
            old = None
        with self._writing():
            key = self._next_id
            row = RecordRow(key, old.number if old else key, record)
            self._builder().add_record(row, vectors)
            self._note_sizes(vectors)
            self._next_id += 1
            self._counts = self._counts.plus(records=1)
            if old is not None:
                self._dead.add(old.key)
                self._counts = self._counts.plus(records=-1)
                self._purge |= old.record.kind is Kind.PERSON
        return True

    def add_image(
        self,
        record_id: str,
        hash_codes: HashCodes | None,
        *,
        sha256: str,
        width: int,
        height: int,
        source: str,
        local: Sequence[LocalFrame] = (),
        faces: FaceVectors | None = None,
        face_settings: str = "",
        vectors: Mapping[str, Vectors] = _NO_VECTORS,
    ) -> bool:
        """Enroll an image of a record; False if the record has an image with this digest already.

        hash_codes: uint8 (n, 32), one for each distinct frame, or (32,) for one; with none the
        image is enrolled, but not on the hash channel. sha256: lower-case hex. width, height: px.
        local: features and width / height of each distinct frame; the first FEATURES_PER_IMAGE are
        kept, and frames with fewer than MIN_FEATURES are not enrolled on the local channel.
        faces: float32 (n, d) of unit length, one for each face to enroll; face_settings: what they
        depend on, those of all faces of the index from the first one on.
        vectors: for ``embedding:MODEL`` channels of the index, those of the windows on the image,
        of all frames; float32 (n, d) of unit length, n at least 1. A channel may be missing.
        Raises UnknownRecordError, IndexFormatError for local features and vectors where the index
        was built without them and for faces of other settings, and ValueError for what cannot be
        an image.
        """
        self._check_usable()
        codes = np.empty((0, HASH_BYTES), np.uint8) if hash_codes is None else hash_codes
        codes = np.atleast_2d(codes)
        faces = _NO_FACES if faces is None else faces
        check_image(codes, sha256, width, height)
        check_local(local, self.path, self._settings)
        check_faces(faces, face_settings, self.path, self._settings, size=self._face_size)
        self._check_vectors(vectors, prefix=EMBEDDING_PREFIX, least=1)
        number = self._live.get(record_id, self.path).number
        digest = bytes.fromhex(sha256)
        if self._live.has_image(number, digest):
            return False
        frames = [frame for frame in local if len(frame[0]) >= MIN_FEATURES]
        counts = {
            HASH_CHANNEL: len(codes),
            LOCAL_CHANNEL: len(frames),
            FACE_CHANNEL: len(faces),
            **{channel: len(vectors[channel]) for channel in sorted(vectors)},
        }
        channels = json.dumps({channel: count for channel, count in counts.items() if count})
        row = ImageRow(self._next_id, number, digest, width, height, source, channels)
        with self._writing():
            self._builder().add_image(row, codes, frames, faces, vectors)
            self._note_sizes(vectors)
            self._next_id += 1
            self._counts = self._counts.plus(
                images=1, hashes=len(codes), frames=len(frames), faces=len(faces)
            )
            if len(faces):
                self._settings = MappingProxyType({**self._settings, FACE_CHANNEL: face_settings})
                self._face_size = faces.shape[1]
        return True

    def remove_record(self, record_id: str) -> None:
        """Remove a record and its images. Raises UnknownRecordError.

        The commit that removes a person or any face, or changes a person, leaves nothing of what
        was removed on disk.
        """
        self._check_usable()
        self._remove(self._live.get(record_id, self.path))

    def remove_expired(self) -> int:
        """Remove the persons whose ``retain_until`` lies before today; return how many they were.

        As ``remove_record`` does: readers do not see these persons anyway, and the commit leaves
        nothing of them on disk.
        """
        self._check_usable()
        rows = self._live.expired(date.today())  # noqa: DTZ011
        for row in rows:
            self._remove(row)
        return len(rows)

    def put_calibration(self, calibration: Calibration | None, *, next_id: int) -> None:
        """Let this be the calibration of the index from the next commit on; None for none at all.

        next_id: of the index that it was made with. Raises IndexFormatError where something was
        enrolled since, or where it was made with another index.
        """
        self._check_usable()
        if next_id != self._next_id:
            raise IndexFormatError(
                f"index {self.path} changed since it was read (its next id was {next_id} and is "
                f"{self._next_id}): calibrate again"
            )
        if calibration is None:
            self._calibration = None
            return
        check_owner(self.path, calibration, self._manifest)
        with self._writing():
            self._calibration = write_calibration(self.path, calibration)

    def commit(self) -> None:
        """Make what is pending the state of the index, all at once; no-op if nothing is."""
        self._check_usable()
        if self._pending is not None or self._dead.changed or self._calibrated:
            self._write(everything=self._purge)

    def compact(self) -> None:
        """Commit, and rewrite the index as one segment without anything that was removed."""
        self._check_usable()
        many = len(self._segments) > 1 or len(self._dead) > 0
        if self._pending is not None or many or self._calibrated:
            self._write(everything=True)

    def close(self) -> None:
        """Discard what is pending and let the next writer in."""
        self._usable = False
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.commit()
        finally:
            self.close()

    def _adopt(self, manifest: Manifest, segments: Sequence[Segment]) -> None:
        """Go on from a state that is on the disk."""
        for segment in self._in_hand - set(segments):
            segment.close()
        self._in_hand = set(segments)
        self._manifest, self._segments = manifest, tuple(segments)
        self._pending: SegmentBuilder | None = None
        self._settings, self._face_size = manifest.settings, manifest.face_size
        self._vector_sizes = manifest.vector_sizes
        self._next_id = manifest.next_id
        self._counts = manifest.live
        self._dead = Tombstones(manifest.tombstones)
        self._live = LiveRecords(self._segments, self._dead)
        self._calibration = manifest.calibration
        self._purge = False

    @property
    def _calibrated(self) -> bool:
        return self._calibration != self._manifest.calibration

    def _check_vectors(self, vectors: Mapping[str, Vectors], *, prefix: str, least: int) -> None:
        """Raise for vectors that nothing of this kind can have in this index."""
        sizes = self._vector_sizes
        check_vectors(vectors, self.path, self._settings, prefix=prefix, least=least, sizes=sizes)

    def _note_sizes(self, vectors: Mapping[str, Vectors]) -> None:
        self._vector_sizes |= {name: own.shape[1] for name, own in vectors.items() if len(own)}

    def _builder(self) -> SegmentBuilder:
        if self._pending is None:
            self._pending = SegmentBuilder(
                self.path,
                self._new_name(),
                first_id=self._next_id,
                local=self._manifest.has_local,
            )
            self._live = LiveRecords((*self._segments, self._pending), self._dead)
        return self._pending

    def _new_name(self) -> str:
        numbers = [int(entry.name.partition("-")[0]) for entry in self._manifest.segments]
        return f"{max(numbers, default=0) + 1:08d}-{secrets.token_hex(4)}"

    def _remove(self, row: RecordRow) -> None:
        with self._writing():
            gone = self._live.bury(row)
            self._counts = self._counts.minus(gone)
            self._purge |= row.record.kind is Kind.PERSON or gone.faces > 0

    def _write(self, *, everything: bool) -> None:
        """Seal what is pending, merge what is due, and switch to the new manifest."""
        with self._writing():
            segments = [*self._segments]
            rows = [segment.entry.rows for segment in segments]
            if self._pending is not None:
                rows.append(self._pending.rows)
            dead = self._dead.ids()
            everything |= len(dead) * DEAD_SHARE > sum(rows)
            start = 0 if everything else merge_start(rows)
            merged = everything or start < len(rows) - 1
            if self._pending is not None:
                segments += self._opened([self._pending.seal(lists=not merged)])
            if merged:
                entry = merge_segments(self.path, self._new_name(), segments[start:], dead)
                segments[start:] = self._opened([entry] if entry.rows else [])
                dead = dead[dead < entry.first_id]
            manifest = replace(
                self._manifest,
                updated=datetime.now(UTC).isoformat(),
                next_id=self._next_id,
                settings=self._settings,
                segments=tuple(segment.entry for segment in segments),
                live=self._counts,
                tombstones=dead,
                calibration=self._calibration,
            )
            write_manifest(self.path, manifest)
            sweep(self.path)
            self._adopt(manifest, segments)

    def _opened(self, entries: Sequence[SegmentEntry]) -> tuple[Segment, ...]:
        segments = open_segments(self.path, entries)
        self._in_hand.update(segments)
        return segments

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Make sure that nothing half done is ever committed."""
        try:
            with storage_errors(self.path):
                yield
        except BaseException:
            self._usable = False
            self._discard()
            raise

    def _discard(self) -> None:
        """Close everything and remove what was written since the last commit, where possible."""
        if self._pending is not None:
            self._pending.close()
        for segment in self._in_hand:
            segment.close()
        with suppress(ReferenceIndexError):  # the next writer sweeps again
            sweep(self.path)

    def _check_usable(self) -> None:
        if not self._usable:
            raise IndexStorageError(
                f"this writer of index {self.path} was closed, or failed before: it writes "
                f"nothing more; open a new one"
            )
