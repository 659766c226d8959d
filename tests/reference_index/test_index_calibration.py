"""The calibration that belongs to an index, from its making until it is replaced."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from index_tools import (
    HASH_SETTINGS,
    SETTINGS,
    add,
    calibrate,
    calibration_at,
    calibration_of,
    content_at,
    make,
)

from reference_index import IndexWriter, ReferenceIndex, verify
from reference_index.errors import IndexFormatError
from reference_index.manifest import Counts, Manifest, read_manifest, write_manifest


@pytest.fixture(params=[HASH_SETTINGS, SETTINGS], ids=["hash", "hash and local"])
def path(request, tmp_path):
    """Return an index of each of the formats without a calibration."""
    return make(tmp_path / "i", settings=request.param)


def format_of(path):
    """Return the number of the format that the manifest tells."""
    (line,) = [
        line for line in (path / "manifest.json").read_text().splitlines() if '"format"' in line
    ]
    return int(line.removeprefix('"format": ').removesuffix(","))


def files(path):
    """Return the names of the calibrations on the disk."""
    return [file.name for file in path.glob("calibration-*")]


@pytest.mark.smoke
def test_an_index_has_the_calibration_that_was_put(path):
    """It is there when the index is opened again, one file, listed and verified."""
    before, content = format_of(path), content_at(path)
    assert calibration_at(path) is None
    calibration = calibrate(path)
    with ReferenceIndex.open(path) as index:
        assert index.calibration == calibration
        assert index.calibration.state(index.next_id) == "own"
    assert files(path) == [read_manifest(path).calibration.name]
    assert (before, format_of(path)) == (2 if read_manifest(path).has_local else 1, 3)
    assert content_at(path) == content
    assert verify(path) == ()


def test_an_index_is_as_it_was_once_its_calibration_is_removed(path):
    """It is of the old format again, whose readers read it, and no file is left."""
    before = format_of(path)
    calibration = calibrate(path)
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(None, next_id=calibration.next_id)
    assert calibration_at(path) is None
    assert (format_of(path), files(path)) == (before, [])
    assert verify(path) == ()


def test_a_calibration_outlives_every_change_and_says_that_it_is_stale(path):
    """Enrolling makes it stale; removing does not, nor do merging and rewriting."""
    calibration = calibrate(path)

    def state():
        with ReferenceIndex.open(path) as index:
            assert index.calibration == calibration
            return index.calibration.state(index.next_id)

    with IndexWriter(path, settings=None) as writer:
        writer.remove_record("b")
    assert state() == "own"
    with IndexWriter(path, settings=None) as writer:
        writer.remove_record("p")
        writer.compact()
    assert state() == "own"
    for name in ("c", "d", "e"):
        with IndexWriter(path, settings=None) as writer:
            add(writer, name, name)
        assert state() == "stale"
    with IndexWriter(path, settings=None) as writer:
        writer.compact()
    assert state() == "stale"
    assert verify(path) == ()


def test_a_new_calibration_takes_the_place_of_the_old(path):
    """What was opened before keeps what it has; on the disk one file is left."""
    old = calibrate(path)
    with ReferenceIndex.open(path) as index:
        new = calibrate(path, images=50)
        assert index.calibration == old
    assert calibration_at(path) == new
    assert len(files(path)) == 1


def test_a_calibration_counts_once_it_is_committed(path):
    """Before the commit no reader sees it; discarded, nothing of it is left."""
    calibration = calibration_of(path)
    writer = IndexWriter(path, settings=None)
    writer.put_calibration(calibration, next_id=calibration.next_id)
    assert calibration_at(path) is None
    writer.close()
    assert (calibration_at(path), files(path)) == (None, [])


def test_compaction_commits_a_calibration_too(path):
    """With nothing else to write, what is pending is still written."""
    calibration = calibration_of(path)
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(calibration, next_id=calibration.next_id)
        writer.compact()
        assert calibration_at(path) == calibration


def test_a_calibration_of_an_index_that_changed_since_is_refused(path):
    """Whether what was enrolled since is committed or pending; the old calibration stays."""
    old = calibrate(path)
    with IndexWriter(path, settings=None) as writer:
        add(writer, "c", "c0")
        for calibration in (old, None):
            with pytest.raises(IndexFormatError, match=r"changed since .*: calibrate again"):
                writer.put_calibration(calibration, next_id=old.next_id)
    with (
        IndexWriter(path, settings=None) as writer,
        pytest.raises(IndexFormatError, match=r"changed since .*: calibrate again"),
    ):
        writer.put_calibration(old, next_id=old.next_id)
    assert calibration_at(path) == old
    assert len(files(path)) == 1


def test_a_calibration_of_another_index_is_refused(path, tmp_path):
    """It is named by what it was made for, and by the index it was to be put into."""
    other = calibration_of(make(tmp_path / "other"))
    with (
        IndexWriter(path, settings=None) as writer,
        pytest.raises(IndexFormatError, match=f"belongs to another index, {other.index_uuid}"),
    ):
        writer.put_calibration(other, next_id=read_manifest(path).next_id)
    assert calibration_at(path) is None


@pytest.mark.parametrize(
    ("settings", "listed"),
    [
        ({"hash": "h"}, '{"records": 0, "images": 0, "hashes": 0}'),
        ({"hash": "h", "local": "l"}, '{"records": 0, "images": 0, "hashes": 0, "frames": 0}'),
    ],
)
def test_a_manifest_without_a_calibration_is_written_as_ever(tmp_path, settings, listed):
    """Its bytes are those that earlier versions write and read, and it is read back."""
    manifest = Manifest(
        uuid="u",
        created="c",
        updated="d",
        next_id=1,
        settings=settings,
        segments=(),
        live=Counts(),
        tombstones=np.empty(0, np.int64),
    )
    write_manifest(tmp_path, manifest)
    told = str(settings).replace("'", '"')
    body = (
        f'"format": {len(settings)},\n"uuid": "u",\n"created": "c",\n"updated": "d",\n'
        f'"next_id": 1,\n"settings": {told},\n"segments": [],\n"live": {listed},\n'
        f'"tombstones": [],\n"calibration": null}}\n'
    ).encode()
    first = b'{"checksum": "%s",\n' % hashlib.sha256(body).hexdigest().encode()
    assert (tmp_path / "manifest.json").read_bytes() == first + body
    assert read_manifest(tmp_path).calibration is None


def test_a_calibration_has_a_name_of_its_own(path):
    """No manifest can name a file elsewhere as its calibration."""
    calibrate(path)
    entry = read_manifest(path).calibration
    with pytest.raises(ValueError, match="no name of a calibration"):
        replace(entry, name="../" + entry.name)
