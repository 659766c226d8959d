"""The directory of an index: made once, locked by its writer, swept of what is left over."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout

from reference_index.calibration import Calibration
from reference_index.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexFormatError,
    IndexMissingError,
)
from reference_index.fingerprint import FACE_CHANNEL
from reference_index.manifest import (
    CALIBRATION_NAME,
    MANIFEST,
    SEGMENT_NAME,
    SEGMENTS,
    CalibrationEntry,
    Counts,
    Manifest,
    read_manifest,
    write_manifest,
)
from reference_index.storage import (
    VerifiedFile,
    describe_file,
    fsync_path,
    storage_errors,
    temporary_path,
)

LOCK = "lock"


@contextmanager
def locked(root: Path, *, create: bool, timeout: float) -> Iterator[None]:
    """Hold the lock of the index at root, and make its directory where that may be."""
    if create:
        _make_directory(root)
    else:
        read_manifest(root)
    lock = FileLock(root / LOCK, timeout=timeout, thread_local=False)
    with storage_errors(root):
        try:
            lock.acquire()
        except Timeout as error:
            raise IndexBusyError(
                f"index {root} is being written by another process, for longer than the "
                f"{timeout:g} s that were waited: try again when that is done"
            ) from error
    try:
        yield
    finally:
        lock.release()


def _make_directory(root: Path) -> None:
    with storage_errors(root):
        if not root.exists():
            root.mkdir(parents=True, exist_ok=True)
            fsync_path(root.parent)
        names = set(os.listdir(root)) if root.is_dir() else {root.name}  # noqa: PTH208
    own = {LOCK, SEGMENTS, temporary_path(root / MANIFEST).name}
    if MANIFEST not in names and not names <= own:
        raise IndexMissingError(
            f"{root} is no reference index and not an empty directory (it holds "
            f"{min(names - own)!r}): name an index, or a directory that is new or empty"
        )


def open_or_create(root: Path, settings: Mapping[str, str] | None, *, create: bool) -> Manifest:
    """Return the manifest of the index at root, of an empty new one where there is none.

    Raises IndexFormatError when the settings are not those of the index; None stands for any.
    """
    try:
        manifest = read_manifest(root)
    except IndexMissingError:
        if not create:
            raise
        now = datetime.now(UTC).isoformat()
        manifest = Manifest(
            uuid=str(uuid4()),
            created=now,
            updated=now,
            next_id=1,
            settings=MappingProxyType(dict(settings or {})),
            segments=(),
            live=Counts(),
            tombstones=np.empty(0, np.int64),
        )
        write_manifest(root, manifest)
    if settings is not None:
        _check_settings(root, manifest.settings, settings)
    return manifest


def _check_settings(root: Path, known: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Compare all settings but those of faces that are there: they come with the first face."""
    for channel in sorted((known.keys() - {FACE_CHANNEL}) | given.keys()):
        if known.get(channel) != given.get(channel):
            built = (
                f"with the {channel} settings {known[channel]!r}"
                if channel in known
                else (f"without the {channel} channel")
            )
            wanted = repr(given[channel]) if channel in given else "without it"
            raise IndexFormatError(
                f"index {root} was built {built}, not {wanted}: enroll again into a new index, or "
                f"write with the version of screening that built it"
            )


def write_calibration(root: Path, calibration: Calibration) -> CalibrationEntry:
    """Write a calibration, which counts once a manifest lists it. Raises IndexStorageError."""
    name = f"calibration-{secrets.token_hex(4)}.json"
    with storage_errors(root):
        with (root / name).open("xb") as file:
            file.write(calibration.to_json().encode())
            file.flush()
            os.fsync(file.fileno())
        fsync_path(root)
        return CalibrationEntry(name=name, file=describe_file(root / name))


def read_calibration(root: Path, manifest: Manifest) -> Calibration | None:
    """Return the calibration that the manifest lists, if any.

    Raises IndexDamagedError, or IndexFormatError where it is not of this index.
    """
    entry = manifest.calibration
    if entry is None:
        return None
    try:
        content = VerifiedFile(root, entry.name, entry.file).content()
        calibration = Calibration.from_json(bytes(content).decode(errors="replace"))
        check_owner(root, calibration, manifest)
    except IndexDamagedError as error:
        raise IndexDamagedError(f"{error}; {without_calibration(root)}") from error
    except IndexFormatError as error:
        message = f"index {root}: {entry.name}: {error}; {without_calibration(root)}"
        raise IndexFormatError(message) from error
    return calibration


def without_calibration(root: Path) -> str:
    """Return what mends an index that only its calibration keeps from being opened."""
    return f"an altered calibration can be taken out: screening calibrate {root} --discard"


def check_owner(root: Path, calibration: Calibration, manifest: Manifest) -> None:
    """Raise IndexFormatError where a calibration was made for another index."""
    if calibration.index_uuid != manifest.uuid:
        raise IndexFormatError(
            f"the calibration belongs to another index, {calibration.index_uuid}, and not to "
            f"index {root}, {manifest.uuid}: calibrate this one"
        )


def sweep(root: Path) -> None:
    """Remove what the manifest on the disk does not list: the rest of killed or done writers.

    It goes by the disk alone, so that it is right wherever a writer was interrupted.
    Raises IndexDamagedError, with nothing removed, when the manifest cannot be trusted.
    """
    manifest = read_manifest(root)
    listed = {entry.name for entry in manifest.segments}
    calibration = manifest.calibration and manifest.calibration.name
    with storage_errors(root):
        temporary_path(root / MANIFEST).unlink(missing_ok=True)
        for file in [*root.iterdir()]:
            if CALIBRATION_NAME.fullmatch(file.name) and file.name != calibration:
                file.unlink()
        if (root / SEGMENTS).is_dir():
            names = {folder.name for folder in (root / SEGMENTS).iterdir()}
            left = [name for name in names - listed if SEGMENT_NAME.fullmatch(name)]
            for name in left:
                shutil.rmtree(root / SEGMENTS / name)
            if left:
                fsync_path(root / SEGMENTS)
