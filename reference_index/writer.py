"""Changing a reference index: one writer at a time, all or nothing."""

import json
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
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
from reference_index.fingerprint import HASH_BYTES, HASH_CHANNEL, LOCAL_CHANNEL, HashCodes
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

DEAD_SHARE = 4  # everything is rewritten when more than one row in so many is dead
MAX_SIDE = 1 << 31
SHA256 = re.compile(r"[0-9a-f]{64}")


class IndexWriter:
    """The one writer of an index, from its making until it is closed.

    Nothing is seen by anyone before ``commit``. Leaving the ``with`` block commits; leaving it by
    an exception discards what is pending. After an error or an interrupt in the midst of writing,
    whatever was pending is lost and only ``close`` is left.

    settings: what the fingerprints of each channel depend on; must be those of the index. None
    takes them as they are, and cannot create. create: make the index where there is none.
    timeout: seconds to wait for another writer.
    Raises IndexBusyError, IndexMissingError, IndexFormatError, IndexDamagedError or
    IndexStorageError.
    """

    _live: LiveRecords
    _counts: Counts

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        settings: Mapping[str, str] | None,
        create: bool = True,
        timeout: float = 10.0,
    ) -> None:
        self.path = Path(path)
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
        """What the fingerprints of each channel depend on."""
        return self._manifest.settings

    def has(self, record_id: str, sha256: str) -> bool:
        """Tell whether the record, committed or pending, has the image with this hex digest."""
        self._check_usable()
        row = self._live.find(record_id)
        return row is not None and self._live.has_image(row.number, bytes.fromhex(sha256))

    def put_record(self, record: Record) -> bool:
        """Add a record, or change it to this; False if it is just like this already."""
        self._check_usable()
        old = self._live.find(record.id)
        if old is not None and old.record == record:
            return False
        with self._writing():
            key = self._next_id
            self._builder().add_record(RecordRow(key, old.number if old else key, record))
            self._next_id += 1
            self._counts = self._counts.plus(records=1)
            if old is not None:
                self._bury(old)
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
    ) -> bool:
        """Enroll an image of a record; False if the record has an image with this digest already.

        hash_codes: uint8 (n, 32), one for each distinct frame, or (32,) for one; with none the
        image is enrolled, but not on the hash channel. sha256: lower-case hex. width, height: px.
        local: features and width / height of each distinct frame; the first FEATURES_PER_IMAGE are
        kept, and frames with fewer than MIN_FEATURES are not enrolled on the local channel.
        Raises UnknownRecordError, IndexFormatError for local features where the index was built
        without them, and ValueError for what cannot be an image.
        """
        self._check_usable()
        codes = np.empty((0, HASH_BYTES), np.uint8) if hash_codes is None else hash_codes
        codes = np.atleast_2d(codes)
        _check_image(codes, sha256, width, height)
        self._check_local(local)
        number = self._live.get(record_id, self.path).number
        digest = bytes.fromhex(sha256)
        if self._live.has_image(number, digest):
            return False
        frames = [frame for frame in local if len(frame[0]) >= MIN_FEATURES]
        counts = {HASH_CHANNEL: len(codes), LOCAL_CHANNEL: len(frames)}
        channels = json.dumps({channel: count for channel, count in counts.items() if count})
        row = ImageRow(self._next_id, number, digest, width, height, source, channels)
        with self._writing():
            self._builder().add_image(row, codes, frames)
            self._next_id += 1
            self._counts = self._counts.plus(images=1, hashes=len(codes), frames=len(frames))
        return True

    def remove_record(self, record_id: str) -> None:
        """Remove a record and its images. Raises UnknownRecordError.

        The commit that removes a person, or changes one, leaves nothing of what it was on disk.
        """
        self._check_usable()
        row = self._live.get(record_id, self.path)
        with self._writing():
            for image in self._live.images(row.number):
                self._dead.add(image.id)
                channels = json.loads(image.channels)
                self._counts = self._counts.plus(
                    images=-1,
                    hashes=-channels.get(HASH_CHANNEL, 0),
                    frames=-channels.get(LOCAL_CHANNEL, 0),
                )
            self._bury(row)

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
        self._next_id = manifest.next_id
        self._counts = manifest.live
        self._dead = Tombstones(manifest.tombstones)
        self._live = LiveRecords(self._segments, self._dead)
        self._calibration = manifest.calibration
        self._purge = False

    @property
    def _calibrated(self) -> bool:
        return self._calibration != self._manifest.calibration

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

    def _bury(self, row: RecordRow) -> None:
        self._dead.add(row.key)
        self._counts = self._counts.plus(records=-1)
        self._purge |= row.record.kind is Kind.PERSON

    def _write(self, *, everything: bool) -> None:
        """Seal what is pending, merge what is due, and switch to the new manifest."""
        with self._writing():
            segments = [*self._segments]
            if self._pending is not None:
                segments += self._opened([self._pending.seal()])
            dead = self._dead.ids()
            rows = [segment.entry.rows for segment in segments]
            everything |= len(dead) * DEAD_SHARE > sum(rows)
            start = 0 if everything else merge_start(rows)
            if everything or start < len(segments) - 1:
                entry = merge_segments(self.path, self._new_name(), segments[start:], dead)
                segments[start:] = self._opened([entry] if entry.rows else [])
                dead = dead[dead < entry.first_id]
            manifest = replace(
                self._manifest,
                updated=datetime.now(UTC).isoformat(),
                next_id=self._next_id,
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

    def _check_local(self, local: Sequence[LocalFrame]) -> None:
        if local and not self._manifest.has_local:
            raise IndexFormatError(
                f"index {self.path} was built without the local channel, so that local features "
                f"cannot be added: enroll again into a new index, or pass none"
            )
        for _, aspect in local:
            if not 0 < aspect < math.inf:
                raise ValueError(f"the width / height of a frame is {aspect}, expected above 0")

    def _check_usable(self) -> None:
        if not self._usable:
            raise IndexStorageError(
                f"this writer of index {self.path} was closed, or failed before: it writes "
                f"nothing more; open a new one"
            )


def _check_image(codes: HashCodes, sha256: str, width: int, height: int) -> None:
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != HASH_BYTES:
        raise ValueError(
            f"hash_codes are {codes.dtype} {codes.shape}, expected uint8 (n, {HASH_BYTES})"
        )
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"sha256 is {sha256!r}, expected 64 lower-case hex digits")
    if not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE):
        raise ValueError(f"the image is {width} × {height} px, expected 1 to {MAX_SIDE - 1}")
