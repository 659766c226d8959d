"""What of several catalogs is alive: the one view that readers and the writer share."""

import heapq
import json
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol

import numpy as np

from reference_index.catalog import Catalog, ImageRow, RecordRow
from reference_index.errors import UnknownRecordError
from reference_index.fingerprint import FACE_CHANNEL, HASH_CHANNEL, LOCAL_CHANNEL
from reference_index.manifest import Counts
from reference_index.records import Kind
from reference_index.tombstones import Tombstones
from reference_index.vectors import Ids


class HasCatalog(Protocol):
    """A segment, finished or being written."""

    @property
    def catalog(self) -> Catalog:
        """Its records and images."""
        ...


class LiveRecords:
    """The rows of several segments whose ids are not dead; a record has at most one live row."""

    def __init__(self, segments: Collection[HasCatalog], dead: Tombstones) -> None:
        self._segments, self._dead = segments, dead

    def find(self, record_id: str) -> RecordRow | None:
        """Return the live row of a record."""
        for segment in self._segments:
            for row in segment.catalog.record_rows(record_id):
                if row.key not in self._dead:
                    return row
        return None

    def get(self, record_id: str, path: Path) -> RecordRow:
        """Return the live row of a record of the index at a path. Raises UnknownRecordError."""
        row = self.find(record_id)
        if row is None:
            raise UnknownRecordError(
                f"index {path} has no record {record_id!r}: 'screening index list {path}' lists all"
            )
        return row

    def __iter__(self) -> Iterator[RecordRow]:
        """Yield every live record row by record id, in constant memory."""
        runs = [segment.catalog.sorted_records() for segment in self._segments]
        rows = heapq.merge(*runs, key=lambda row: row.record.id)
        return (row for row in rows if row.key not in self._dead)

    def expired(self, day: date) -> list[RecordRow]:
        """Return the live rows of the persons who are no longer held on a day."""
        rows = (row for segment in self._segments for row in segment.catalog.expired(day))
        return [row for row in rows if row.key not in self._dead]

    def bury(self, row: RecordRow) -> Counts:
        """Let a live record and its images be dead; return how many of each these were."""
        gone = Counts(records=1)
        for image in self.images(row.number):
            self._dead.add(image.id)
            counts = json.loads(image.channels)
            gone = gone.plus(
                images=1,
                hashes=counts.get(HASH_CHANNEL, 0),
                frames=counts.get(LOCAL_CHANNEL, 0),
                faces=counts.get(FACE_CHANNEL, 0),
            )
        self._dead.add(row.key)
        return gone

    def numbers_of(self, kind: Kind) -> Iterator[int]:
        """Yield the numbers of the live records of a kind."""
        for segment in self._segments:
            for key, number in segment.catalog.records_of(kind):
                if key not in self._dead:
                    yield number

    def ids_of(self, kind: Kind) -> Ids:
        """Return the ids of the live records of a kind and of their images: int64, ascending."""
        found = []
        for segment in self._segments:
            for key, number in segment.catalog.records_of(kind):
                if key not in self._dead:
                    found += [key, *(image.id for image in self.images(number))]
        return np.sort(np.array(found, np.int64))

    def record_ids(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return the record id of each record number."""
        missing = set(numbers)
        found: dict[int, str] = {}
        for segment in self._segments:
            if missing:
                found |= segment.catalog.record_ids(missing)
                missing -= found.keys()
        return found

    def images(self, number: int) -> Iterator[ImageRow]:
        """Yield the live images of the record with this number, by image id."""
        for segment in self._segments:
            for row in segment.catalog.image_rows(number):
                if row.id not in self._dead:
                    yield row

    def image(self, image_id: int) -> ImageRow | None:
        """Return the live image with this id."""
        if image_id in self._dead:
            return None
        rows = (segment.catalog.image_row(image_id) for segment in self._segments)
        return next((row for row in rows if row is not None), None)

    def has_image(self, number: int, sha256: bytes) -> bool:
        """Tell whether the live record with this number has this image.

        Images only die with their record, so that none of a live record is dead.
        """
        return any(segment.catalog.has_image(number, sha256) for segment in self._segments)
