"""Reading a whole index again, to name everything that is not as it was written."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import zip_longest
from os import PathLike
from pathlib import Path

import numpy as np

from reference_index.catalog import Catalog
from reference_index.directory import LOCK, read_calibration, without_calibration
from reference_index.errors import IndexDamagedError, IndexFormatError
from reference_index.fingerprint import (
    CONCEPT_PREFIX,
    FACE_CHANNEL,
    HASH_CHANNEL,
    LOCAL_CHANNEL,
)
from reference_index.local_features import FRAME_SHIFT, MIN_FEATURES
from reference_index.local_lists import ListRows, LocalRows
from reference_index.manifest import (
    CALIBRATION_NAME,
    LISTS_FILE,
    MANIFEST,
    RECORDS_FILE,
    SEGMENT_NAME,
    SEGMENTS,
    VECTORS_FILE,
    Counts,
    Manifest,
    SegmentEntry,
    read_manifest,
)
from reference_index.segments import Segment
from reference_index.storage import FileEntry, describe_file, temporary_path
from reference_index.tombstones import Tombstones
from reference_index.vector_files import lists_file, row_files
from reference_index.vectors import Ids, are_unit

ATTEMPTS = 3
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about a file of an index.

    file: relative to the index, with ``/``. damage: False for what is only left over.
    """

    file: str
    what: str
    damage: bool = True


def verify(path: str | PathLike[str]) -> tuple[Problem, ...]:
    """Read every file of an index and return all that is wrong with it; empty when nothing is.

    Raises IndexMissingError, or IndexFormatError for an index of a newer format.
    """
    root = Path(path)
    for _ in range(ATTEMPTS):
        try:
            manifest = read_manifest(root)
        except IndexDamagedError as error:
            what = str(error).removeprefix(f"index {root}: {MANIFEST} ").partition("; run ")[0]
            return (Problem(file=MANIFEST, what=what),)
        problems = (*_damage(root, manifest), *_unexpected(root, manifest))
        # A writer may have replaced the manifest and removed files in the meantime.
        if not problems or _is_current(root, manifest):
            break
    return problems


def _is_current(root: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(root).listed == manifest.listed
    except IndexDamagedError:
        return False


def _damage(root: Path, manifest: Manifest) -> Iterator[Problem]:
    live = Counts()
    problems: list[Problem] = []
    for entry in manifest.segments:
        found = [*_altered_files(root, entry)]
        if not found:
            try:
                with closing(Segment(root, entry)) as segment:
                    found += _inconsistencies(segment)
                    alive = _live_counts(segment, manifest.tombstones)
                    live = live.plus(**asdict(alive))
            except IndexDamagedError as error:
                found.append(Problem(file=_name(entry, RECORDS_FILE), what=str(error)))
        problems += found
    yield from problems
    dead = manifest.rows - live.records - live.images
    if not problems and (live, dead) != (manifest.live, len(manifest.tombstones)):
        yield Problem(
            file=MANIFEST,
            what=f"lists {manifest.live} and {len(manifest.tombstones)} dead rows, "
            f"the segments hold {live} and {dead}",
        )
    yield from _calibration_damage(root, manifest)


def _calibration_damage(root: Path, manifest: Manifest) -> Iterator[Problem]:
    if (entry := manifest.calibration) is None:
        return
    what = _difference(root / entry.name, entry.file)
    if what:
        what += f"; {without_calibration(root)}"
    else:
        try:
            read_calibration(root, manifest)
        except (IndexDamagedError, IndexFormatError) as error:
            what = str(error)
    if what:
        yield Problem(file=entry.name, what=what)


def _name(entry: SegmentEntry, file: str) -> str:
    return f"{SEGMENTS}/{entry.name}/{file}"


def _altered_files(root: Path, entry: SegmentEntry) -> Iterator[Problem]:
    for file, expected in entry.files.items():
        if what := _difference(root / _name(entry, file), expected):
            yield Problem(file=_name(entry, file), what=what)


def _difference(path: Path, expected: FileEntry) -> str:
    try:
        found = describe_file(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if found.size != expected.size:
        return f"has {found.size} bytes, expected {expected.size}"
    pairs = enumerate(zip(found.blocks, expected.blocks, strict=True))
    altered = [number for number, (one, other) in pairs if one != other]
    return f"is altered in the blocks of 16 MiB {altered}" if altered else ""


def _inconsistencies(segment: Segment) -> Iterator[Problem]:
    name = _name(segment.entry, RECORDS_FILE)
    catalog, counts = segment.catalog, segment.entry.counts
    for (message,) in catalog.select("PRAGMA integrity_check"):
        if message != "ok":
            yield Problem(file=name, what=f"is inconsistent: {message}")
    for table, expected in (("records", counts.records), ("images", counts.images)):
        ((found,),) = catalog.select(f"SELECT count(*) FROM {table}")  # noqa: S608
        if found != expected:
            what = f"holds {found} {table}, the manifest lists {expected}"
            yield Problem(file=name, what=what)
    yield from _misfits(segment)


def _misfits(segment: Segment) -> Iterator[Problem]:
    """Yield what of the channels of a segment does not fit its catalog, or itself."""
    name = _name(segment.entry, RECORDS_FILE)
    catalog, hashes = segment.catalog, segment.hashes()
    if not _is_listed(catalog, channel=HASH_CHANNEL, ids=hashes.ids, owners=hashes.owners):
        yield Problem(file=name, what="does not list the images whose hashes stand beside it")
    if segment.entry.has_local:
        local = segment.local()
        frames = {"ids": local.frames["image"], "owners": local.frames["record"]}
        if not _is_listed(catalog, channel=LOCAL_CHANNEL, **frames):
            what = "does not list the images whose local features stand beside it"
            yield Problem(file=name, what=what)
        if what := _disorder(local):
            yield Problem(file=_name(segment.entry, LISTS_FILE), what=what)
    faces = segment.faces()
    if not _is_listed(catalog, channel=FACE_CHANNEL, ids=faces.ids, owners=faces.owners):
        yield Problem(file=name, what="does not list the images whose faces stand beside it")
    if not are_unit(faces.vectors):
        what = "holds a vector that is not of length 1"
        yield Problem(file=_name(segment.entry, VECTORS_FILE), what=what)
    for channel in segment.entry.vectors:
        yield from _vector_misfits(segment, channel)


def _vector_misfits(segment: Segment, channel: str) -> Iterator[Problem]:
    """Yield what of a vector channel of a segment does not fit its catalog, or itself."""
    source = segment.vectors(channel)
    if source is None:
        return
    rows = source.all()
    words = channel.startswith(CONCEPT_PREFIX)
    fits = _is_of_records if words else partial(_is_listed, channel=channel)
    if not fits(segment.catalog, ids=rows.ids, owners=rows.owners):
        kept = "records whose words" if words else "images whose vectors"
        what = f"does not list the {kept} stand beside it as {channel}"
        yield Problem(file=_name(segment.entry, RECORDS_FILE), what=what)
    steps = range(0, len(rows.ids), CHUNK)
    if not all(are_unit(rows.vectors[start : start + CHUNK]) for start in steps):
        what = "holds a vector that is not of length 1"
        yield Problem(file=_name(segment.entry, row_files(channel)[0]), what=what)
    if source.entry.lists:
        try:
            source.lists()
        except IndexDamagedError:
            what = "does not hold the lists of the vectors beside it"
            yield Problem(file=_name(segment.entry, lists_file(channel)), what=what)


def _is_of_records(catalog: Catalog, *, ids: Ids, owners: Ids) -> bool:
    """Tell whether these are keys of a catalog's record rows, ascending, with their numbers."""
    known = dict(catalog.select("SELECT key, number FROM records"))
    ascending = bool((np.diff(ids) >= 0).all())
    return ascending and all(known.get(key) == number for key, number in _pairs(ids, owners))


def _is_listed(catalog: Catalog, *, channel: str, ids: Ids, owners: Ids) -> bool:
    """Tell whether a catalog has these images on a channel, in this order."""
    images = catalog.select("SELECT id, number, channels FROM images ORDER BY id")
    listed = (
        (number, owner)
        for number, owner, channels in images
        for _ in range(json.loads(channels).get(channel, 0))
    )
    return all(one == other for one, other in zip_longest(listed, _pairs(ids, owners)))


def _pairs(ids: Ids, owners: Ids) -> Iterator[tuple[int, int]]:
    for start in range(0, len(ids), CHUNK):
        part = slice(start, start + CHUNK)
        yield from zip(ids[part].tolist(), owners[part].tolist(), strict=True)


def _disorder(local: LocalRows) -> str:
    """Return how the lists of a segment differ from what stands beside them."""
    total = len(local.places)
    sizes, features = local.sizes, local.frames["features"]
    if sizes.min() < 0 or sizes.sum() != total or features.sum(dtype=np.int64) != total:
        return f"holds {total} features, not those that its lists or its frames count"
    if len(features) and features.min() < MIN_FEATURES:
        return "holds a frame without features"
    rows = ListRows(sizes)
    for run, part in local.runs():
        places = local.places[part]
        if places.max() >= total or len(np.unique(places)) < len(places):
            return "is not in the order that its places say"
        owners = local.read(rows, part)["id"] >> FRAME_SHIFT
        if (owners != np.repeat(np.arange(run.start, run.stop), features[run])).any():
            return "holds features of other frames than its places say"
    return ""


def _live_counts(segment: Segment, tombstones: Ids) -> Counts:
    dead, counts = Tombstones(tombstones), segment.entry.counts
    records = segment.catalog.select("SELECT key FROM records")
    images = segment.catalog.select("SELECT id FROM images")
    return counts.plus(
        records=-sum(key in dead for (key,) in records),
        images=-sum(number in dead for (number,) in images),
        hashes=-int(np.isin(segment.hashes().ids, tombstones).sum()),
        frames=-_dead_frames(segment, tombstones),
        faces=-int(np.isin(segment.faces().ids, tombstones).sum()),
    )


def _dead_frames(segment: Segment, tombstones: Ids) -> int:
    if not segment.entry.has_local:
        return 0
    return int(np.isin(segment.local().frames["image"], tombstones).sum())


def _unexpected(root: Path, manifest: Manifest) -> Iterator[Problem]:
    listed: dict[str, SegmentEntry] = {entry.name: entry for entry in manifest.segments}
    calibration = manifest.calibration and manifest.calibration.name
    temporary = temporary_path(root / MANIFEST).name
    for path in sorted(root.iterdir()):
        if path.name not in {MANIFEST, LOCK, SEGMENTS, calibration}:
            own = path.name == temporary or bool(CALIBRATION_NAME.fullmatch(path.name))
            yield _left_over(root, path, own=own)
    for folder in sorted((root / SEGMENTS).glob("*")):
        if folder.name not in listed:
            yield _left_over(root, folder, own=bool(SEGMENT_NAME.fullmatch(folder.name)))
            continue
        for path in sorted(folder.glob("*")):
            if path.name not in listed[folder.name].files:
                yield _left_over(root, path, own=False)


def _left_over(root: Path, path: Path, *, own: bool) -> Problem:
    what = (
        "belongs to no committed state: a writer is at work or was killed; the next one removes it"
        if own
        else "does not belong to the index: move it elsewhere"
    )
    return Problem(file=path.relative_to(root).as_posix(), what=what, damage=False)
