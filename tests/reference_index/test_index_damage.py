"""Any altered byte of an index is named by verify and refused on use."""

import random
import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from index_tools import (
    CALIBRATION,
    SETTINGS,
    calibrate,
    calibration_at,
    content_of,
    files_of,
    list_as_it_is,
    make,
    query,
)

from reference_index import IndexWriter, ReferenceIndex, local_coarse, storage, verify
from reference_index.errors import IndexDamagedError, IndexFormatError
from reference_index.local_lists import FRAME
from reference_index.manifest import read_manifest, write_manifest

SAMPLES = 12


@pytest.fixture(params=[None, 0], ids=["read at once", "mapped"])
def index_path(request, tmp_path, monkeypatch):
    """Return an index of several blocks a file, whose files count as small or as large."""
    monkeypatch.setattr(storage, "BLOCK_BYTES", 100)
    if request.param is not None:
        monkeypatch.setattr(storage, "SMALL_FILE_BYTES", request.param)
    path = make(tmp_path / "i", {f"r{number}": [f"i{number}"] for number in range(20)})
    make(path, {"s": ["s0", "s1"]})
    calibrate(path)
    return path


def use_all(path):
    """Open an index and use all that it holds."""
    with ReferenceIndex.open(path) as index:
        return content_of(index)


def alter(file, offset):
    """Change one byte of a file; return what it held."""
    content = file.read_bytes()
    changed = bytearray(content)
    changed[offset] ^= 1
    file.write_bytes(changed)
    return content


def calibrate_anew(path):
    """Give an index whose calibration cannot be read a new one."""
    manifest = read_manifest(path)
    calibration = replace(CALIBRATION, index_uuid=manifest.uuid, next_id=manifest.next_id)
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(calibration, next_id=manifest.next_id)
    return calibration


def with_features(rows, first, second):
    """Return frames of which two count more features, or fewer."""
    rows["features"][:2] += first, second
    return rows


def test_every_byte_of_the_manifest_counts(tmp_path):
    """No byte of manifest.json can change, in letter case for one, without being noticed."""
    path = make(tmp_path / "i", {"a": ["a0"]})
    manifest = path / "manifest.json"
    content = manifest.read_bytes()
    choice = random.Random(1).choice
    for offset in range(len(content)):
        changed = bytearray(content)
        changed[offset] ^= choice((1, 0x20, 0x80))
        manifest.write_bytes(changed)
        with pytest.raises(IndexDamagedError, match=r"manifest\.json"):
            ReferenceIndex.open(path)
        assert [problem.file for problem in verify(path)] == ["manifest.json"]
    for other in (b"", content[:-1], content + b" ", b"\n" + content):
        manifest.write_bytes(other)
        with pytest.raises(IndexDamagedError, match=r"manifest\.json"):
            ReferenceIndex.open(path)


def test_any_altered_byte_is_named_and_refused(index_path):
    """The first, the last and bytes between of every other file: none goes unnoticed."""
    before = use_all(index_path)
    for name in files_of(index_path):
        file = index_path / name
        size = file.stat().st_size
        offsets = random.Random(str(name)).sample(range(size), min(SAMPLES, size))
        for offset in (0, size - 1, *offsets):
            content = alter(file, offset)
            with pytest.raises(IndexDamagedError, match=file.name):
                use_all(index_path)
            named = [problem for problem in verify(index_path) if problem.damage]
            assert [problem.file for problem in named] == [name.as_posix()]
            file.write_bytes(content)
    assert use_all(index_path) == before
    assert verify(index_path) == ()


def test_a_writer_copies_no_damage(index_path):
    """Compaction reads only what it verified, and leaves the damaged index as it was."""
    codes = next(file for file in files_of(index_path) if file.name == "hash.codes")
    alter(index_path / codes, 0)

    def compact():
        with IndexWriter(index_path, settings=SETTINGS) as writer:
            writer.compact()

    with pytest.raises(IndexDamagedError, match=str(codes)):
        compact()
    named = [problem.file for problem in verify(index_path) if problem.damage]
    assert named == [codes.as_posix()]


def test_a_cut_or_missing_file_is_named_and_refused(index_path):
    """A file that is shorter, longer, or gone is refused when the index is opened."""
    for name in files_of(index_path):
        file = index_path / name
        content = file.read_bytes()
        for change in (
            lambda file: file.write_bytes(file.read_bytes()[:-1]),
            lambda file: file.write_bytes(file.read_bytes() + b"\0"),
            lambda file: file.unlink(),
        ):
            change(file)
            with pytest.raises(IndexDamagedError, match=file.name):
                ReferenceIndex.open(index_path)
            assert name.as_posix() in [problem.file for problem in verify(index_path)]
            file.write_bytes(content)


def test_a_forged_catalog_is_named(tmp_path):
    """Arrays and catalog that do not fit together are found even where every checksum fits."""
    path = make(tmp_path / "i")
    (entry,) = read_manifest(path).segments
    name = f"segments/{entry.name}/records.sqlite"
    connection = sqlite3.connect(path / name)
    connection.execute("UPDATE images SET id = 1000 WHERE id = 2")
    connection.commit()
    connection.close()
    list_as_it_is(path, "records.sqlite")
    hashes, local = verify(path)
    for problem, what in ((hashes, "whose hashes"), (local, "whose local features")):
        assert (problem.file, problem.damage) == (name, True)
        assert f"does not list the images {what} stand beside it" in problem.what


@pytest.mark.parametrize(
    ("file", "dtype", "change", "what"),
    [
        ("local.sizes", "<i8", lambda sizes: sizes + 1, "not those that its lists"),
        ("local.sizes", "<i8", lambda sizes: sizes * [2, -1], "not those that its lists"),
        ("local.frames", FRAME, lambda rows: rows[::-1], "whose local features"),
        ("local.frames", FRAME, lambda rows: with_features(rows, 0, 1), "or its frames count"),
        ("local.frames", FRAME, lambda rows: with_features(rows, 12, -12), "without features"),
        ("local.frames", FRAME, lambda rows: with_features(rows, 1, -1), "of other frames"),
        ("local.places", "<u4", lambda places: places[::-1], "of other frames"),
        ("local.places", "<u4", lambda places: places + 1, "not in the order"),
        ("local.places", "<u4", lambda places: places // 2 * 2, "not in the order"),
        ("local.lists", "<i8", lambda words: words ^ 1 << 35, "of other frames"),
    ],
)
def test_forged_local_files_are_named(tmp_path, monkeypatch, file, dtype, change, what):
    """Files of the local channel that do not fit together are found, whatever is wrong."""
    monkeypatch.setattr(local_coarse, "ONE_LIST_TO", 0)
    monkeypatch.setattr(local_coarse, "FEATURES_PER_LIST", 40)
    monkeypatch.setattr(local_coarse, "SHORT_LISTS_TO", 0)
    path = make(tmp_path / "i")
    (entry,) = read_manifest(path).segments
    place = path / "segments" / entry.name / file
    values = np.frombuffer(place.read_bytes(), dtype)
    place.write_bytes(change(values.copy()).astype(dtype).tobytes())
    list_as_it_is(path, file)
    problems = verify(path)
    assert all(problem.damage for problem in problems)
    assert what in problems[0].what


def test_a_forged_calibration_is_refused_and_named(tmp_path):
    """One of another index, or that holds something else, is refused though its checksum fits."""
    path, other = make(tmp_path / "i"), make(tmp_path / "other")
    calibrate(path)
    calibrate(other)
    name = read_manifest(path).calibration.name
    foreign = (other / read_manifest(other).calibration.name).read_bytes()
    for content, what in ((foreign, "belongs to another index"), (b"\xff", "calibrate again")):
        (path / name).write_bytes(content)
        file = storage.describe_file(path / name)
        manifest = read_manifest(path)
        entry = replace(manifest.calibration, file=file)
        write_manifest(path, replace(manifest, calibration=entry))
        with pytest.raises(IndexFormatError, match=rf"{what}.*screening calibrate .* --discard"):
            ReferenceIndex.open(path)
        (problem,) = verify(path)
        assert (problem.file, problem.damage) == (name, True)
        assert what in problem.what
        assert f"screening calibrate {path} --discard" in problem.what
    new = calibrate_anew(path)
    assert calibration_at(path) == new
    assert verify(path) == ()


def test_a_lost_calibration_is_replaced_without_reading_it(index_path):
    """An index whose calibration is gone is refused until it has a new one, or none."""
    (index_path / read_manifest(index_path).calibration.name).unlink()
    with pytest.raises(
        IndexDamagedError, match=r"calibration-[0-9a-f]{8}\.json is missing.*--discard"
    ):
        ReferenceIndex.open(index_path)
    (problem,) = verify(index_path)
    assert problem.what.startswith("is missing; ")
    assert problem.what.endswith(f"screening calibrate {index_path} --discard")
    with IndexWriter(index_path, settings=SETTINGS) as writer:
        writer.put_calibration(None, next_id=read_manifest(index_path).next_id)
    assert calibration_at(index_path) is None
    assert verify(index_path) == ()


def test_a_copy_is_the_same_index(tmp_path):
    """A directory copied elsewhere opens and verifies there."""
    path = make(tmp_path / "i")
    shutil.copytree(path, tmp_path / "copy")
    assert use_all(tmp_path / "copy") == use_all(path)
    assert verify(tmp_path / "copy") == ()


def test_an_unread_large_file_is_verified_when_it_is_first_used(index_path, monkeypatch):
    """Opening maps a large file unread; the first search, not a later one, refuses it."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", 0)
    codes = next(file for file in files_of(index_path) if file.name == "hash.codes")
    alter(index_path / codes, 5)
    with ReferenceIndex.open(index_path) as index:
        assert len(list(index.records())) == 21
        for _ in range(2):
            with pytest.raises(IndexDamagedError, match=r"hash\.codes is altered"):
                index.search_hashes(query("r1"), k=1)
