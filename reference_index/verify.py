"""Reading a whole index again, to name everything that is not as it was written."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import zip_longest
from os import PathLike
from pathlib import Path

import numpy as np

from reference_index.directory import LOCK
from reference_index.errors import IndexDamagedError
from reference_index.fingerprint import HASH_CHANNEL
from reference_index.manifest import (
    MANIFEST,
    RECORDS_FILE,
    SEGMENT_NAME,
    SEGMENTS,
    Counts,
    Manifest,
    SegmentEntry,
    read_manifest,
)
from reference_index.segments import HashRows, Segment
from reference_index.storage import FileEntry, describe_file, temporary_path
from reference_index.tombstones import Tombstones
from reference_index.vectors import Ids

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
        # A writer may have replaced the manifest and removed segments in the meantime.
        if not problems or _is_current(root, manifest):
            break
    return problems


def _is_current(root: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(root).segments == manifest.segments
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
    images = catalog.select("SELECT id, number, channels FROM images ORDER BY id")
    listed = (
        (number, owner)
        for number, owner, channels in images
        for _ in range(json.loads(channels).get(HASH_CHANNEL, 0))
    )
    if any(one != other for one, other in zip_longest(listed, _pairs(segment.hashes()))):
        yield Problem(file=name, what="does not list the images whose hashes stand beside it")


def _pairs(rows: HashRows) -> Iterator[tuple[int, int]]:
    for start in range(0, len(rows.ids), CHUNK):
        part = slice(start, start + CHUNK)
        yield from zip(rows.ids[part].tolist(), rows.owners[part].tolist(), strict=True)


def _live_counts(segment: Segment, tombstones: Ids) -> Counts:
    dead, counts = Tombstones(tombstones), segment.entry.counts
    records = segment.catalog.select("SELECT key FROM records")
    images = segment.catalog.select("SELECT id FROM images")
    return counts.plus(
        records=-sum(key in dead for (key,) in records),
        images=-sum(number in dead for (number,) in images),
        hashes=-int(np.isin(segment.hashes().ids, tombstones).sum()),
    )


def _unexpected(root: Path, manifest: Manifest) -> Iterator[Problem]:
    listed: dict[str, SegmentEntry] = {entry.name: entry for entry in manifest.segments}
    for path in sorted(root.iterdir()):
        if path.name not in {MANIFEST, LOCK, SEGMENTS}:
            yield _left_over(root, path, own=path == temporary_path(root / MANIFEST))
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
