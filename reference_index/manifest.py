"""The manifest: the one file of an index that is ever replaced; it says what all others hold."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from reference_index.errors import IndexDamagedError, IndexFormatError, IndexMissingError
from reference_index.fingerprint import FACE_CHANNEL, LOCAL_CHANNEL
from reference_index.storage import FileEntry, damaged, replace_file, storage_errors
from reference_index.vector_files import (
    VectorEntry,
    check_sizes,
    entry_values,
    parse_entries,
    vector_channels,
    vector_files,
    vector_size,
)
from reference_index.vectors import Ids

HASH_FORMAT = 1  # of an index without the local channel
LOCAL_FORMAT = 2
CALIBRATION_FORMAT = 3  # of an index with a calibration
FACE_FORMAT = 4  # of an index with the face channel
FORMAT = 5  # of an index with vector channels
MANIFEST = "manifest.json"
SEGMENTS = "segments"
RECORDS_FILE = "records.sqlite"
CODES_FILE = "hash.codes"
IDS_FILE = "hash.ids"
OWNERS_FILE = "hash.records"
HASH_FILES = (RECORDS_FILE, CODES_FILE, IDS_FILE, OWNERS_FILE)
FRAMES_FILE = "local.frames"
LISTS_FILE = "local.lists"
SIZES_FILE = "local.sizes"
CENTROIDS_FILE = "local.centroids"
PLACES_FILE = "local.places"
LOCAL_FILES = (FRAMES_FILE, LISTS_FILE, SIZES_FILE, CENTROIDS_FILE, PLACES_FILE)
VECTORS_FILE = "face.vectors"
FACE_IDS_FILE = "face.ids"
FACE_OWNERS_FILE = "face.records"
FACE_FILES = (VECTORS_FILE, FACE_IDS_FILE, FACE_OWNERS_FILE)
SEGMENT_NAME = re.compile(r"[0-9]{8,}-[0-9a-f]{8}")
CALIBRATION_NAME = re.compile(r"calibration-[0-9a-f]{8}\.json")


def segment_files(
    *, local: bool, faces: bool, vectors: Mapping[str, VectorEntry]
) -> tuple[str, ...]:
    """Return the names of the files of a segment.

    local, faces: whether it has the local channel, and faces. vectors: its vector channels.
    """
    return HASH_FILES + LOCAL_FILES * local + FACE_FILES * faces + vector_files(vectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many record rows and reference images, and of these hashes, local frames and faces."""

    records: int = 0
    images: int = 0
    hashes: int = 0
    frames: int = 0
    faces: int = 0

    def __post_init__(self) -> None:
        if min(self.records, self.images, self.hashes, self.frames, self.faces) < 0:
            raise ValueError(f"impossible counts: {self}")

    def plus(
        self,
        *,
        records: int = 0,
        images: int = 0,
        hashes: int = 0,
        frames: int = 0,
        faces: int = 0,
    ) -> "Counts":
        """Return the counts changed by so many."""
        return Counts(
            records=self.records + records,
            images=self.images + images,
            hashes=self.hashes + hashes,
            frames=self.frames + frames,
            faces=self.faces + faces,
        )

    def minus(self, other: "Counts") -> "Counts":
        """Return the counts less others."""
        return self.plus(**{name: -count for name, count in asdict(other).items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEntry:
    """One segment. Its ids run from first_id up to the next segment's; counts include the dead.

    vectors: the vector channels of which it has rows.
    """

    name: str
    first_id: int
    counts: Counts
    files: Mapping[str, FileEntry]
    vectors: Mapping[str, VectorEntry] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not SEGMENT_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no segment name")
        if set(self.files) != set(self.listed):
            raise ValueError(f"segment {self.name} lists the files {sorted(self.files)}")
        for name, width in ((CODES_FILE, 32), (IDS_FILE, 8), (OWNERS_FILE, 8)):
            if self.files[name].size != width * self.counts.hashes:
                raise ValueError(f"{name} of segment {self.name} is not {width} bytes a vector")
        if self.has_local:
            self._check_local()
        elif self.counts.frames:
            raise ValueError(f"segment {self.name} lists frames without their files")
        if self.has_faces != (self.counts.faces > 0):
            raise ValueError(f"segment {self.name} lists faces without their files, or these alone")
        if self.has_faces:
            self._check_faces()
        check_sizes(self.vectors, self.files)

    def _check_local(self) -> None:
        """Raise ValueError where the sizes of the local files do not fit together."""
        frames, lists, sizes, centroids, places = (self.files[name].size for name in LOCAL_FILES)
        features, odd = divmod(places, 4)
        if odd or lists != 24 * features or frames != 24 * self.counts.frames:
            raise ValueError(f"the features of segment {self.name} do not have 24 bytes each")
        if not sizes or sizes % 8 or centroids != 16 * sizes:
            raise ValueError(f"the lists of segment {self.name} do not have a centroid each")

    def _check_faces(self) -> None:
        """Raise ValueError where the sizes of the face files do not fit together."""
        faces = self.counts.faces
        vectors, *numbers = (self.files[name].size for name in FACE_FILES)
        if not vectors or vectors % (4 * faces) or numbers != [8 * faces, 8 * faces]:
            raise ValueError(f"the faces of segment {self.name} do not have equally many numbers")

    @property
    def listed(self) -> tuple[str, ...]:
        """The names of the files that it is to have."""
        return segment_files(local=self.has_local, faces=self.has_faces, vectors=self.vectors)

    def vector_size(self, channel: str) -> int:
        """Return how many numbers each vector of a channel has, 0 where it has none."""
        entry = self.vectors.get(channel)
        return vector_size(channel, entry, self.files) if entry else 0

    @property
    def has_local(self) -> bool:
        """Whether it has the files of the local channel."""
        return FRAMES_FILE in self.files

    @property
    def has_faces(self) -> bool:
        """Whether it has the files of the face channel."""
        return VECTORS_FILE in self.files

    @property
    def face_size(self) -> int:
        """How many numbers each face vector has; 0 where there are no faces."""
        return self.files[VECTORS_FILE].size // (4 * self.counts.faces) if self.has_faces else 0

    @property
    def rows(self) -> int:
        """Record rows and reference images, dead or alive."""
        return self.counts.records + self.counts.images


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationEntry:
    """The file of the calibration, beside the manifest."""

    name: str
    file: FileEntry

    def __post_init__(self) -> None:
        if not CALIBRATION_NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is no name of a calibration")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manifest:
    """The state of an index.

    created, updated: UTC, ISO 8601. next_id: the first id never given out yet; records and
    reference images share the ids.
    settings: what the fingerprints of each channel depend on. live: counts without the dead.
    tombstones: read-only int64, ascending, the dead ids that still stand in a segment.
    """

    uuid: str
    created: str
    updated: str
    next_id: int
    settings: Mapping[str, str]
    segments: tuple[SegmentEntry, ...]
    live: Counts
    tombstones: Ids
    calibration: CalibrationEntry | None = None

    def __post_init__(self) -> None:
        bounds = [0, *(entry.first_id for entry in self.segments), self.next_id]
        if any(first >= second for first, second in pairwise(bounds)):
            raise ValueError("the ids of the segments do not ascend")
        if any(entry.has_local != self.has_local for entry in self.segments):
            raise ValueError("the segments do not have the channels of the settings")
        sizes = {entry.face_size for entry in self.segments if entry.has_faces}
        if len(sizes) > 1 or (sizes and not self.has_faces):
            raise ValueError("the segments have faces of several kinds, or the settings none")
        for channel in {name for entry in self.segments for name in entry.vectors}:
            sizes = {entry.vector_size(channel) for entry in self.segments} - {0}
            if len(sizes) > 1 or channel not in self.settings:
                raise ValueError(f"the vectors of {channel} have several sizes, or no settings")
        dead = self.tombstones
        if len(dead) and (dead[0] < 1 or dead[-1] >= self.next_id or (np.diff(dead) <= 0).any()):
            raise ValueError("the tombstones are not ascending ids")
        dead.flags.writeable = False

    @property
    def rows(self) -> int:
        """Record rows and reference images on disk, dead or alive."""
        return sum(entry.rows for entry in self.segments)

    @property
    def listed(self) -> tuple[object, ...]:
        """All that it lists of files."""
        return (*self.segments, self.calibration)

    @property
    def has_local(self) -> bool:
        """Whether the index was built with the local channel."""
        return LOCAL_CHANNEL in self.settings

    @property
    def has_faces(self) -> bool:
        """Whether faces were ever enrolled."""
        return FACE_CHANNEL in self.settings

    @property
    def has_vectors(self) -> bool:
        """Whether the index was built with a vector channel."""
        return bool(vector_channels(self.settings))

    @property
    def vector_sizes(self) -> dict[str, int]:
        """How many numbers each vector has, of the vector channels that hold something."""
        return {
            channel: entry.vector_size(channel)
            for entry in self.segments
            for channel in entry.vectors
        }

    @property
    def face_size(self) -> int:
        """How many numbers each face vector has; 0 where there are no faces."""
        return max((entry.face_size for entry in self.segments), default=0)


def read_manifest(root: Path) -> Manifest:
    """Return the manifest of the index at root.

    Raises IndexMissingError, IndexDamagedError, or IndexFormatError where it is of a newer format.
    """
    try:
        content = (root / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        if (root / SEGMENTS).is_dir() and any((root / SEGMENTS).iterdir()):
            raise damaged(root, MANIFEST, "is missing") from error
        raise IndexMissingError(
            f"there is no reference index at {root}: check the path, or make one with "
            f"'screening enroll {root} FOLDER'"
        ) from error
    except OSError as error:
        raise damaged(root, MANIFEST, f"cannot be read ({error.strerror})") from error
    first, _, body = content.partition(b"\n")
    if first + b"\n" != _first_line(body):
        raise damaged(root, MANIFEST, "is altered or cut short (its checksum does not fit)")
    try:
        values = json.loads(content)
        if values["format"] > FORMAT:
            raise IndexFormatError(
                f"index {root} has format {values['format']}, this version reads formats up to "
                f"{FORMAT}: update screening, or enroll again with this version"
            )
        return _parse(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(root, error) from error


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Make manifest the state of the index at root, all at once. Raises IndexStorageError."""
    values = {
        "format": _format_of(manifest),
        "uuid": manifest.uuid,
        "created": manifest.created,
        "updated": manifest.updated,
        "next_id": manifest.next_id,
        "settings": dict(manifest.settings),
        "segments": [
            {
                "name": entry.name,
                "first_id": entry.first_id,
                "counts": _counted(entry.counts, manifest),
                "files": {name: asdict(file) for name, file in entry.files.items()},
                **({"vectors": entry_values(entry.vectors)} if manifest.has_vectors else {}),
            }
            for entry in manifest.segments
        ],
        "live": _counted(manifest.live, manifest),
        "tombstones": manifest.tombstones.tolist(),
        "calibration": _calibration_values(manifest.calibration),
    }
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
    body = (",\n".join(lines) + "}\n").encode()
    with storage_errors(root):
        replace_file(root / MANIFEST, _first_line(body) + body)


def _format_of(manifest: Manifest) -> int:
    if manifest.has_vectors:
        return FORMAT
    if manifest.has_faces:
        return FACE_FORMAT
    if manifest.calibration is not None:
        return CALIBRATION_FORMAT
    return LOCAL_FORMAT if manifest.has_local else HASH_FORMAT


def _calibration_values(entry: CalibrationEntry | None) -> dict[str, Any] | None:
    return None if entry is None else {"file": entry.name, **asdict(entry.file)}


def _counted(counts: Counts, manifest: Manifest) -> dict[str, int]:
    values = asdict(counts)
    if not manifest.has_local:
        del values["frames"]
    if not manifest.has_faces:
        del values["faces"]
    return values


def _first_line(body: bytes) -> bytes:
    return b'{"checksum": "%s",\n' % hashlib.sha256(body).hexdigest().encode()


def _unreadable(root: Path, error: Exception) -> IndexDamagedError:
    return damaged(root, MANIFEST, f"does not hold what a manifest holds ({error!r})")


def _parse(values: dict[str, Any]) -> Manifest:
    expected = {"checksum", "format", *Manifest.__slots__}
    if set(values) != expected:
        raise ValueError(f"it holds {sorted(values)}, expected {sorted(expected)}")
    tombstones = [_whole(value) for value in values["tombstones"]]
    manifest = Manifest(
        uuid=_text(values["uuid"]),
        created=_text(values["created"]),
        updated=_text(values["updated"]),
        next_id=_whole(values["next_id"]),
        settings=MappingProxyType({k: _text(v) for k, v in values["settings"].items()}),
        segments=tuple(_segment(**value) for value in values["segments"]),
        live=_counts(values["live"]),
        tombstones=np.array(tombstones, np.int64),
        calibration=_calibration(values["calibration"]),
    )
    if any(("vectors" in value) != manifest.has_vectors for value in values["segments"]):
        raise ValueError("a segment lists vectors that the settings do not, or none")
    if values["format"] != _format_of(manifest):
        raise ValueError("its format is not its content")
    return manifest


def _segment(
    *,
    name: str,
    first_id: int,
    counts: Any,
    files: dict[str, Any],
    vectors: Mapping[str, Any] = MappingProxyType({}),
) -> SegmentEntry:
    entries = {file: _file(**value) for file, value in files.items()}
    return SegmentEntry(
        name=_text(name),
        first_id=_whole(first_id),
        counts=_counts(counts),
        files=MappingProxyType(entries),
        vectors=MappingProxyType(parse_entries(vectors)),
    )


def _calibration(values: dict[str, Any] | None) -> CalibrationEntry | None:
    if values is None:
        return None
    return CalibrationEntry(
        name=_text(values["file"]),
        file=_file(**{name: value for name, value in values.items() if name != "file"}),
    )


def _file(*, size: Any, blocks: Any) -> FileEntry:
    return FileEntry(size=_whole(size), blocks=tuple(map(_text, blocks)))


def _counts(values: dict[str, Any]) -> Counts:
    return Counts(**{name: _whole(value) for name, value in values.items()})


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no whole number from 0 to 2^63 - 1")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
