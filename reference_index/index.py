"""A reference index opened for reading."""

import json
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from reference_index.calibration import Calibration
from reference_index.candidates import (
    Candidate,
    FaceCandidate,
    LocalCandidate,
    LocalReference,
    VectorCandidate,
)
from reference_index.catalog import ImageRow
from reference_index.directory import read_calibration
from reference_index.errors import IndexDamagedError, UnknownRecordError
from reference_index.face_search import FaceChannel, check_faces
from reference_index.fingerprint import (
    FACE_CHANNEL,
    HASH_BITS,
    HASH_CHANNEL,
    LOCAL_CHANNEL,
    FaceVectors,
    HashCodes,
    LocalFeatures,
)
from reference_index.hash_search import HashChannel, candidates, check_query
from reference_index.live_records import LiveRecords
from reference_index.local_search import LocalChannel
from reference_index.manifest import Manifest, read_manifest
from reference_index.records import Among, Kind, Record, ReferenceImage
from reference_index.segments import Segment, open_segments
from reference_index.tombstones import Tombstones
from reference_index.vector_files import is_vector_channel
from reference_index.vector_search import VectorChannel, check_search
from reference_index.vector_source import VectorSource
from reference_index.vectors import Codes, CosineFactory, EngineFactory, Ids, Vectors
from reference_index.vectors.faiss_cosine import FaissCosine
from reference_index.vectors.faiss_hamming import FaissHamming

OPEN_ATTEMPTS = 10
NAMES_KEPT = 100_000


class ReferenceIndex:
    """The state an index had when it was opened; no writer changes what is seen here.

    Made by ``ReferenceIndex.open``; to be closed, or used in a ``with`` block. Its methods may be
    called from several threads. Any of them may raise IndexDamagedError, since large files are
    verified when they are first used. Persons whose ``retain_until`` lies before the day of opening
    are as good as removed: nothing here counts, lists or finds them.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        segments: Sequence[Segment],
        calibration: Calibration | None,
        engine: EngineFactory,
        face_engine: CosineFactory,
        vector_engine: CosineFactory | None,
    ) -> None:
        self.path = path
        self._manifest, self._segments = manifest, tuple(segments)
        self._engine, self._face_engine = engine, face_engine
        self._vector_engine = vector_engine
        self._calibration = calibration
        dead = Tombstones(manifest.tombstones)
        self._live = LiveRecords(self._segments, dead)
        self._counts = manifest.live
        expired = self._live.expired(date.today())  # noqa: DTZ011
        for row in expired:
            self._counts = self._counts.minus(self._live.bury(row))
        self._expired, self._dead = len(expired), dead.ids()
        self._hash_channels: dict[Among, HashChannel] = {}
        self._local_channels: dict[Among, LocalChannel] = {}
        self._face_channel: FaceChannel | None = None
        self._vector_channels: dict[tuple[str, Among], VectorChannel] = {}
        self._cleared_ids: Ids | None = None
        self._names: dict[int, str] = {}
        self._references_of: dict[tuple[str, Kind | None], int] = {}
        self._lock = threading.RLock()
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        engine: EngineFactory = FaissHamming,
        face_engine: CosineFactory = FaissCosine,
        vector_engine: CosineFactory | None = None,
    ) -> "ReferenceIndex":
        """Open the index in the directory at path.

        engine, face_engine: what searches the hashes, and the faces. vector_engine: what searches
        the vector channels, all rows of them; None for what their segments were sealed for: large
        ones for approximate search in lists. Raises IndexMissingError, IndexDamagedError or
        IndexFormatError.
        """
        root = Path(path)
        manifest = read_manifest(root)
        for _ in range(OPEN_ATTEMPTS):
            try:
                return cls._opened(root, manifest, engine, face_engine, vector_engine)
            except IndexDamagedError:
                # A writer may have replaced the manifest and unlinked files since it was read.
                known, manifest = manifest.listed, read_manifest(root)
                if manifest.listed == known:
                    raise
        return cls._opened(root, manifest, engine, face_engine, vector_engine)

    @classmethod
    def _opened(
        cls,
        root: Path,
        manifest: Manifest,
        engine: EngineFactory,
        face_engine: CosineFactory,
        vector_engine: CosineFactory | None,
    ) -> "ReferenceIndex":
        calibration = read_calibration(root, manifest)
        segments = open_segments(root, manifest.segments)
        engines = (engine, face_engine, vector_engine)
        return cls(root, manifest, segments, calibration, *engines)

    @property
    def uuid(self) -> str:
        """The identity of the index, whatever becomes of its content."""
        return self._manifest.uuid

    @property
    def settings(self) -> Mapping[str, str]:
        """What the fingerprints of each channel depend on."""
        return self._manifest.settings

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that the index was built with, whether they hold anything or not."""
        return tuple(sorted(self._manifest.settings))

    @property
    def created(self) -> str:
        """When the index was made: UTC, ISO 8601."""
        return self._manifest.created

    @property
    def updated(self) -> str:
        """When the index was last changed: UTC, ISO 8601."""
        return self._manifest.updated

    @property
    def calibration(self) -> Calibration | None:
        """What was measured with a background of one's own, if it was."""
        return self._calibration

    @property
    def next_id(self) -> int:
        """The id that the next record or reference image will have; it only ever grows."""
        return self._manifest.next_id

    @property
    def record_count(self) -> int:
        """The number of records."""
        return self._counts.records

    @property
    def image_count(self) -> int:
        """The number of reference images."""
        return self._counts.images

    @property
    def expired(self) -> int:
        """The number of persons who are no longer held; ``IndexWriter.remove_expired`` ends it."""
        return self._expired

    @property
    def person_count(self) -> int:
        """The number of records that have a face: those among which ``search_faces`` looks."""
        self._check_open()
        return self._faces().person_count if self._counts.faces else 0

    @property
    def faceless(self) -> int:
        """The number of persons without a face, whom ``search_faces`` cannot find."""
        with self._lock:
            persons = {*self._live.numbers_of(Kind.PERSON)}
            if persons and self._counts.faces:
                persons -= {*self._faces().records.tolist()}
        return len(persons)

    @property
    def has_cleared(self) -> bool:
        """Whether any record is cleared."""
        return len(self._cleared()) > 0

    @property
    def segment_count(self) -> int:
        """The number of segments on disk."""
        return len(self._segments)

    def references(self, channel: str, *, without: Kind | None = None) -> int:
        """Return the number of reference images on a channel, each distinct frame or face counted.

        Of a vector channel, every vector counts. without: a kind of record whose images do not
        count. 0 for a channel that is not known.
        """
        if is_vector_channel(channel):
            return self._vector_count(channel, without)
        live = self._counts
        totals = {HASH_CHANNEL: live.hashes, LOCAL_CHANNEL: live.frames, FACE_CHANNEL: live.faces}
        total = totals.get(channel, 0)
        if without is None or not total:
            return total
        with self._lock:
            if (channel, without) not in self._references_of:
                self._check_open()
                numbers = self._live.numbers_of(without)
                images = (image for number in numbers for image in self._live.images(number))
                self._references_of[channel, without] = sum(
                    json.loads(image.channels).get(channel, 0) for image in images
                )
            return total - self._references_of[channel, without]

    def recall(self, channel: str) -> float | None:
        """Return how often the nearest vector of a channel is found first, 0 to 1.

        As measured with changed copies when its lists were made, the least of all segments; None
        where none has lists, so that all are compared.
        """
        entries = (segment.entry.vectors.get(channel) for segment in self._segments)
        shares = [entry.lists.recall.at_1 for entry in entries if entry and entry.lists]
        return min(shares, default=None) if self._vector_engine is None else None

    def record(self, record_id: str) -> Record:
        """Return a record. Raises UnknownRecordError."""
        self._check_open()
        return self._live.get(record_id, self.path).record

    def records(self) -> Iterator[Record]:
        """Yield every record by id, in constant memory."""
        self._check_open()
        return (row.record for row in self._live)

    def images(self, record_id: str) -> tuple[ReferenceImage, ...]:
        """Return the reference images of a record by image id. Raises UnknownRecordError."""
        self._check_open()
        row = self._live.get(record_id, self.path)
        return tuple(_reference_image(image, record_id) for image in self._live.images(row.number))

    def image(self, image_id: int) -> ReferenceImage:
        """Return a reference image. Raises UnknownRecordError."""
        self._check_open()
        row = self._live.image(image_id)
        if row is None:
            raise UnknownRecordError(
                f"index {self.path} has no reference image {image_id}: it was removed, or never in"
            )
        return _reference_image(row, self._names_of([row.number])[row.number])

    def has(self, record_id: str, sha256: str) -> bool:
        """Tell whether the record is there and has the image with this hex digest."""
        self._check_open()
        row = self._live.find(record_id)
        return row is not None and self._live.has_image(row.number, bytes.fromhex(sha256))

    def codes_of(self, image_id: int) -> Codes:
        """Return the hashes of a reference image, uint8 (n, 32), none where it has none."""
        self._check_open()
        found = [segment.hashes().of(image_id) for segment in self._segments]
        return np.concatenate([np.empty((0, HASH_BITS // 8), np.uint8), *found])

    def vectors_of(self, channel: str, image_id: int) -> Vectors:
        """Return the vectors of a reference image on a vector channel, float32 (n, d).

        None of them, (0, 0), where it has none there.
        """
        self._check_open()
        found = [rows for own in self._sources(channel) if len(rows := own.of(image_id))]
        return np.concatenate(found) if found else np.empty((0, 0), np.float32)

    def search_hashes(
        self,
        codes: HashCodes,
        *,
        k: int,
        min_score: float | None = None,
        among: Among = Among.ALL,
    ) -> list[tuple[Candidate, ...]]:
        """Return the records that come closest to each of n pictures.

        codes: uint8 (n, 8, 32), the hashes of a picture under the eight isometries. Of each
        picture the k best records, none for k = 0, and every further one that scores at least
        min_score; best first, equals by record id. Each comes with its best reference image and
        the isometry it was best under; the score is the bits of 256 alike, 0 to 256. among: of
        which records; others neither are found nor change what is.
        Raises ValueError for codes of another shape or type, k below 0, or a min_score of nan.
        """
        self._check_open()
        check_query(codes, k, min_score)
        # Clipped to one bit beyond what a score can be: all of them, or none.
        lowest = HASH_BITS + 1 if min_score is None else min(max(min_score, 0), HASH_BITS + 1)
        max_distance = math.floor(HASH_BITS - lowest)
        found: list[tuple[Candidate, ...]] = [()] * len(codes)
        if self._holds(HASH_CHANNEL, among) and len(codes):
            channel = self._hash(among)
            codes = codes.copy(order="C") if not codes.flags.c_contiguous else codes
            for hits in channel.nearest_records(codes, k=k, max_distance=max_distance):
                names = self._names_of(hits.owner.tolist())
                for query, near in candidates(hits, names, k=k, max_distance=max_distance):
                    found[query] = near
        return found

    def search_local(
        self, views: Sequence[LocalFeatures], *, k: int, among: Among = Among.ALL
    ) -> tuple[LocalCandidate, ...]:
        """Return the k pairs of an enrolled frame and a view of one picture with most votes.

        views: the features of the picture as it is, mirrored, as a negative, … ; each feature
        votes for the frames that hold the most similar ones, and the votes of a frame are those
        that agree on its rotation and scale. Best first, equals by frame, then view; fewer than k
        where fewer have votes, and at most three frames of one record, in any views. Approximate:
        see local_coarse for how much is searched. among: as in search_hashes. Raises ValueError for
        k below 0.
        """
        self._check_open()
        if k < 0:
            raise ValueError(f"k is {k}, expected at least 0")
        if not (k and self._holds(LOCAL_CHANNEL, among)):
            return ()
        return self._local(among).search(views, k=k, names=self._names_of)

    def local_reference(self, frame: int) -> LocalReference:
        """Return what is kept of a frame that ``search_local`` of this open index gave.

        Raises ValueError for any other.
        """
        self._check_open()
        return self._local().reference(frame, names=self._names_of)

    def search_faces(
        self,
        vectors: FaceVectors,
        *,
        k: int,
        min_score: float | None = None,
        strangers: tuple[float, float] | None = None,
    ) -> list[tuple[FaceCandidate, ...]]:
        """Return the records that come closest to each of n faces.

        vectors: float32 (n, d) of unit length, made with the index's settings of faces. Of each
        face the k best records, none for k = 0, and every further one that scores at least
        min_score; best first, equals by record id. The score is the cosine of the face and the
        record's template, see face_search, less what both have in common with people at large
        where strangers says how much that usually is, as in Faces; see face_levels. Each record
        comes with the image of its nearest face. Raises ValueError for vectors of another shape,
        type or length, k below 0, or a min_score of nan.
        """
        self._check_open()
        check_faces(vectors, k, min_score)
        if not (self._counts.faces and len(vectors)):
            return [()] * len(vectors)
        return self._faces().search(
            vectors, k=k, min_score=min_score, strangers=strangers, names=self._names_of
        )

    def search_vectors(
        self,
        channel: str,
        vectors: Vectors,
        *,
        k: int,
        min_score: float | None = None,
        strangers: tuple[float, float] | None = None,
        neutral: Vectors | None = None,
        among: Among = Among.ALL,
    ) -> list[tuple[VectorCandidate, ...]]:
        """Return the records that come closest to each of n vectors on a vector channel.

        vectors: float32 (n, d) of unit length, each of one window, made with the index's settings
        of the channel. Of each the k best records, none for k = 0, and every further one that
        scores at least min_score; best first, equals by record id; a record by its nearest row.
        The score on ``embedding:MODEL`` is the cosine less what both have in common with references
        at large where strangers says how much that usually is, as in Embedding; see vector_levels.
        On ``concept:MODEL`` it is the cosine less neutral, float32 (n,), nothing for None. Among
        more than 16,384 rows only some records beyond the nearest k by cosine are ranked for the k
        best, and where segments have lists, see ``recall``, what is found is approximate; the
        scores are not, but for cohorts out of lists, which change them by less than 0.001.
        among: as in search_hashes; only the records looked among are "references at large".
        Nothing is found where the index lacks the channel. Raises ValueError for no vector channel,
        vectors or neutral of another shape, type or length, strangers for words, neutral for
        pictures, k below 0, or a min_score of nan.
        """
        self._check_open()
        check_search(
            channel, vectors, k=k, min_score=min_score, strangers=strangers, neutral=neutral
        )
        wanted = k > 0 or min_score is not None
        if not (wanted and len(vectors) and self._holds(channel, among)):
            return [()] * len(vectors)
        return self._vectors(channel, among).search(
            vectors,
            k=k,
            min_score=min_score,
            strangers=strangers,
            neutral=neutral,
            names=self._names_of,
        )

    def close(self) -> None:
        """Close the files; nothing can be looked up afterwards."""
        self._closed = True
        self._hash_channels = {}
        self._local_channels = {}
        self._face_channel = None
        self._vector_channels = {}
        for segment in self._segments:
            segment.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"index {self.path} is closed: open it again")

    def _cleared(self) -> Ids:
        """Return the ids of the cleared records and their images: int64, ascending."""
        with self._lock:
            if self._cleared_ids is None:
                self._check_open()
                self._cleared_ids = self._live.ids_of(Kind.CLEARED)
            return self._cleared_ids

    def _holds(self, channel: str, among: Among) -> bool:
        """Tell whether there is anything on a channel among those records."""
        if among is Among.ALL:
            return self.references(channel) > 0
        protected = self.references(channel, without=Kind.CLEARED)
        if among is Among.PROTECTED:
            return protected > 0
        return self.references(channel) > protected

    def _same(self, among: Among) -> Among:
        """Return ALL for the protected records where none is cleared: one search serves both."""
        return among if among is Among.CLEARED or self.has_cleared else Among.ALL

    def _left_out(self, among: Among, ids: Sequence[Ids]) -> Ids:
        """Return which ids are not looked among, ascending. ids: those of the rows of a channel."""
        if among is Among.ALL:
            return self._dead
        if among is Among.PROTECTED:
            return np.union1d(self._dead, self._cleared())
        every = np.concatenate([np.empty(0, np.int64), *ids])
        return np.union1d(self._dead, np.setdiff1d(every, self._cleared()))

    def _hash(self, among: Among = Among.ALL) -> HashChannel:
        with self._lock:
            among = self._same(among)
            if among not in self._hash_channels:
                rows = [segment.hashes() for segment in self._segments]
                dead = self._left_out(among, [those.ids for those in rows])
                self._hash_channels[among] = HashChannel(rows, dead, self._engine)
            return self._hash_channels[among]

    def _local(self, among: Among = Among.ALL) -> LocalChannel:
        with self._lock:
            among = self._same(among)
            if among not in self._local_channels:
                rows = [segment.local() for segment in self._segments if segment.entry.has_local]
                dead = self._left_out(among, [those.frames["image"] for those in rows])
                self._local_channels[among] = LocalChannel(rows, dead)
            return self._local_channels[among]

    def _faces(self) -> FaceChannel:
        with self._lock:
            if self._face_channel is None:
                rows = [segment.faces() for segment in self._segments]
                self._face_channel = FaceChannel(rows, self._dead, self._face_engine)
            return self._face_channel

    def _sources(self, channel: str) -> list[VectorSource]:
        sources = (segment.vectors(channel) for segment in self._segments)
        return [source for source in sources if source is not None]

    def _vectors(self, channel: str, among: Among = Among.ALL) -> VectorChannel:
        with self._lock:
            key = channel, self._same(among)
            if key not in self._vector_channels:
                sources = self._sources(channel)
                dead = self._left_out(key[1], [own.ids for own in sources])
                self._vector_channels[key] = VectorChannel(
                    channel, sources, dead, self._vector_engine
                )
            return self._vector_channels[key]

    def _vector_count(self, channel: str, without: Kind | None) -> int:
        """Return the number of live rows of a vector channel that are not of a kind of record."""
        with self._lock:
            if (channel, without) not in self._references_of:
                self._check_open()
                left_out = [*self._live.numbers_of(without)] if without else []
                self._references_of[channel, without] = sum(
                    int((~np.isin(own.ids, self._dead) & ~np.isin(own.owners, left_out)).sum())
                    for own in self._sources(channel)
                )
            return self._references_of[channel, without]

    def _names_of(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the record ids of record numbers, and others; those asked for are kept."""
        with self._lock:
            if len(self._names) > NAMES_KEPT:
                self._names = {}
            if missing := [number for number in set(numbers) if number not in self._names]:
                self._names |= self._live.record_ids(missing)
            return self._names


def _reference_image(row: ImageRow, record_id: str) -> ReferenceImage:
    return ReferenceImage(
        id=row.id,
        record_id=record_id,
        sha256=row.sha256.hex(),
        width=row.width,
        height=row.height,
        source=row.source,
        channels=tuple(json.loads(row.channels)),
    )
