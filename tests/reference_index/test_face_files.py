"""What an index keeps of faces on disk, and for how long it keeps a person."""

import json
import sqlite3
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from index_tools import (
    COMMITTED,
    FACE_SETTINGS,
    HASH_SETTINGS,
    SETTINGS,
    add,
    add_person,
    assert_altered_bytes_are_told,
    calibrate,
    calibration_at,
    code,
    content_at,
    digest,
    files_of,
    likeness,
    list_as_it_is,
    make,
    query,
    record,
    unit,
)

from reference_index import IndexWriter, Kind, Record, ReferenceIndex, storage, verify
from reference_index.catalog import Catalog
from reference_index.errors import IndexFormatError, UnknownRecordError
from reference_index.manifest import Counts, read_manifest

FACE_FILES = {"face.vectors", "face.ids", "face.records"}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture
def path(tmp_path):
    """Return an index of works and two persons, one of whom has photographs of several faces."""
    path = make(tmp_path / "i", {"a": ["a0"], "b": ["b0"]})
    with IndexWriter(path, settings=SETTINGS) as writer:
        add_person(writer, "p1", "p1 front", "p1 side", faces=2)
        add_person(writer, "p2", "p2 front")
    return path


def day(days):
    """Return the date so many days from today."""
    return datetime.now().astimezone().date() + timedelta(days=days)


def held(path):
    """Return the bytes of every file of an index, one after the other."""
    return b"".join((path / file).read_bytes() for file in files_of(path))


def traces(*names):
    """Return the bytes that the faces in images of these names have on disk."""
    return [vector.astype("<f4").tobytes() for vector in likeness(*names)]


def format_of(path):
    """Return the number of the format that the manifest tells."""
    return json.loads((path / "manifest.json").read_text())["format"]


def columns_at(path):
    """Return the names of the columns that the records of each segment have."""
    found = []
    for file in sorted(path.glob("segments/*/records.sqlite")):
        connection = sqlite3.connect(file)
        rows = connection.execute("SELECT name FROM pragma_table_info('records')").fetchall()
        connection.close()
        found.append({name for (name,) in rows})
    return found


@pytest.mark.smoke
def test_faces_are_enrolled_and_found(path):
    """Each face of each image counts, and is named by its image; the index is whole."""
    with ReferenceIndex.open(path) as index:
        assert index.settings == SETTINGS | {"face": FACE_SETTINGS}
        assert index.channels == ("face", "hash", "local")
        assert (index.references("face"), index.image_count) == (5, 5)
        assert (index.record_count, index.person_count) == (4, 2)
        assert index.images("p1")[0].channels == ("hash", "local", "face")
        assert index.images("a")[0].channels == ("hash", "local")
        ((near,),) = index.search_faces(likeness("p2 front"), k=1)
        assert (near.record_id, near.score) == ("p2", pytest.approx(1.0, abs=1e-6))
    assert verify(path) == ()
    assert content_at(path)["p1"] == ("title of p1", ["p1 front", "p1 side"])
    held_now = held(path)
    assert all(trace in held_now for trace in traces("p1 front", "p1 side", "p2 front"))


def test_only_segments_with_faces_have_their_files(path):
    """The manifest lists them, and counts faces, where there are any."""
    manifest = read_manifest(path)
    assert {"face.vectors"} == {
        name for entry in manifest.segments for name in entry.files if name.endswith("vectors")
    }
    for entry in manifest.segments:
        names = {file.name for file in (path / "segments" / entry.name).iterdir()}
        assert names >= FACE_FILES if entry.counts.faces else not names & FACE_FILES
    assert sum(entry.counts.faces for entry in manifest.segments) == manifest.live.faces == 5
    assert (format_of(path), manifest.face_size) == (4, 16)


def test_an_index_without_faces_is_written_as_ever(tmp_path):
    """Neither its format nor its manifest nor its catalogs know of faces or terms."""
    for number, settings in ((1, HASH_SETTINGS), (2, SETTINGS)):
        path = make(tmp_path / str(number), settings=settings)
        assert format_of(path) == number
        assert b"face" not in (path / "manifest.json").read_bytes()
        assert [columns & {"legal_basis", "retain_until"} for columns in columns_at(path)] == [
            set()
        ]
        calibrate(path)
        assert format_of(path) == 3
        assert not FACE_FILES & {file.name for file in files_of(path)}


def test_an_index_with_faces_may_have_a_calibration(path):
    """It is of one format with and without, and with the last face gone."""
    calibration = calibrate(path)
    assert (calibration_at(path), format_of(path)) == (calibration, 4)
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.remove_record("p1")
        writer.remove_record("p2")
    assert (calibration_at(path), format_of(path)) == (calibration, 4)
    assert not FACE_FILES & {file.name for file in files_of(path)}
    assert verify(path) == ()


def test_faces_come_to_an_index_without_the_local_channel(tmp_path):
    """The two channels do not depend on one another."""
    path = make(tmp_path / "i", settings=HASH_SETTINGS)
    with IndexWriter(path, settings=HASH_SETTINGS) as writer:
        add_person(writer, "p1", "face")
        writer.compact()
    with IndexWriter(path, settings=HASH_SETTINGS) as writer:
        add(writer, "c", "c0")
    assert content_at(path).keys() == {*COMMITTED, "p1", "c"}
    assert verify(path) == ()


def test_the_settings_are_those_of_the_first_face(path):
    """Others are refused with both named, committed or pending, and so are other sizes."""
    new = {"sha256": digest("n"), "width": 1, "height": 1, "source": ""}
    with IndexWriter(path, settings=SETTINGS) as writer:
        with pytest.raises(IndexFormatError, match="'faces, test', not 'other': enroll with the"):
            writer.add_image("p1", None, faces=likeness("n"), face_settings="other", **new)
        with pytest.raises(ValueError, match=r"faces have 8 numbers each, those of .* have 16"):
            writer.add_image(
                "p1", None, faces=unit(np.ones((1, 8))), face_settings=FACE_SETTINGS, **new
            )
        assert writer.add_image("p1", None, faces=likeness(), face_settings="other", **new)
    fresh = path.with_name("fresh")
    with IndexWriter(fresh, settings=SETTINGS) as writer:
        add_person(writer, "p1", "face")
        assert writer.settings == SETTINGS | {"face": FACE_SETTINGS}
        with pytest.raises(IndexFormatError, match="'faces, test', not 'other'"):
            writer.add_image("p1", None, faces=likeness("n"), face_settings="other", **new)
        with pytest.raises(ValueError, match="faces have 8 numbers"):
            writer.add_image(
                "p1", None, faces=unit(np.ones((1, 8))), face_settings=FACE_SETTINGS, **new
            )
    assert content_at(fresh) == {"p1": ("title of p1", ["face"])}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"faces": likeness("x")[0]}, "of unit length"),
        ({"faces": likeness("x").astype(float)}, "of unit length"),
        ({"faces": likeness("x") * 0}, "usable faces alone"),
        ({"face_settings": ""}, "without face_settings"),
    ],
)
def test_what_is_no_face_is_refused(tmp_path, wrong, message):
    """A wrong argument is told, and neither the settings nor what was pending change."""
    good = {"faces": likeness("x"), "face_settings": FACE_SETTINGS, "sha256": digest("x")}
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add(writer, "a", "a0")
        with pytest.raises(ValueError, match=message):
            writer.add_image("a", code("x"), width=1, height=1, source="", **(good | wrong))
    assert content_at(tmp_path / "i") == {"a": ("title of a", ["a0"])}
    assert format_of(tmp_path / "i") == 2


def test_discarded_faces_leave_the_settings_as_they_were(tmp_path):
    """An index whose first face was not committed is still without the channel."""
    path = make(tmp_path / "i")
    writer = IndexWriter(path, settings=SETTINGS)
    add_person(writer, "p1", "face")
    writer.close()
    with ReferenceIndex.open(path) as index:
        assert index.channels == ("hash", "local")
    assert verify(path) == ()


def test_faces_survive_every_rewriting(path):
    """Merging and compaction keep those of the living, a changed title keeps them all."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(record("p1", "another title"))
        writer.commit()
        for name in ("c", "d", "e"):
            add(writer, name, f"{name}0")
            add_person(writer, f"p {name}", f"{name} face")
            writer.commit()
        writer.remove_record("p d")
    for _ in range(2):
        content = content_at(path)
        assert content["p1"] == ("another title", ["p1 front", "p1 side"])
        assert content.keys() == {"a", "b", "c", "d", "e", "p1", "p2", "p c", "p e"}
        with ReferenceIndex.open(path) as index:
            assert index.references("face") == 7
        assert verify(path) == ()
        with IndexWriter(path, settings=SETTINGS) as writer:
            writer.compact()


def test_no_vector_of_a_removed_person_stays_on_disk(path):
    """No file of the index holds one once the commit is done; those of others stay."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        add_person(writer, "p3", "pending")
        writer.remove_record("p1")
        writer.remove_record("p3")
    held_now = held(path)
    gone = traces("p1 front", "p1 front 1", "p1 side", "p1 side 1", "pending")
    assert [trace for trace in gone if trace in held_now] == []
    assert traces("p2 front")[0] in held_now
    with ReferenceIndex.open(path) as index:
        assert index.references("face") == 1
        assert {near.record_id for near in index.search_faces(likeness("p1 front"), k=9)[0]} == {
            "p2"
        }
    assert verify(path) == ()


def test_no_vector_of_another_kind_of_record_stays_either(path):
    """A face is a face, whatever kind its record is of."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        add_person(writer, "sculpture", "bust")
    assert traces("bust")[0] in held(path)
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.remove_record("sculpture")
    assert traces("bust")[0] not in held(path)
    assert verify(path) == ()


@pytest.mark.parametrize("file", sorted(FACE_FILES))
@pytest.mark.parametrize("small", [storage.SMALL_FILE_BYTES, 0], ids=["read at once", "mapped"])
def test_any_altered_byte_of_a_face_file_is_named_and_refused(path, monkeypatch, file, small):
    """The first search refuses it, and verify names the file."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", small)
    assert_altered_bytes_are_told(path, file)


@pytest.mark.parametrize(
    ("file", "dtype", "change", "named", "what"),
    [
        ("face.ids", "<i8", lambda ids: ids + 1, "records.sqlite", "whose faces stand beside it"),
        ("face.ids", "<i8", lambda ids: ids[::-1], "records.sqlite", "whose faces stand beside it"),
        ("face.records", "<i8", lambda owners: owners * 0, "records.sqlite", "whose faces stand"),
        ("face.vectors", "<f4", lambda numbers: numbers * 2, "face.vectors", "not of length 1"),
        ("face.vectors", "<f4", lambda numbers: numbers * np.nan, "face.vectors", "not of length"),
    ],
)
def test_forged_face_files_are_named(tmp_path, file, dtype, change, named, what):
    """Faces that do not fit the catalog, or are none, are found though every checksum fits."""
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add_person(writer, "p1", "front", "side")
    (entry,) = read_manifest(tmp_path / "i").segments
    place = tmp_path / "i" / "segments" / entry.name / file
    values = np.frombuffer(place.read_bytes(), dtype)
    place.write_bytes(change(values).astype(dtype).tobytes())
    list_as_it_is(tmp_path / "i", file)
    (problem,) = verify(tmp_path / "i")
    assert problem.damage
    assert problem.file == f"segments/{entry.name}/{named}"
    assert what in problem.what


def test_a_manifest_whose_faces_do_not_fit_is_impossible(path):
    """Their files and counts come together, with equally many numbers, and with the settings."""
    manifest = read_manifest(path)
    *others, entry = manifest.segments
    files, counts = dict(entry.files), entry.counts
    short = storage.FileEntry(size=8, blocks=files["face.ids"].blocks)
    for wrong in (
        {"counts": replace(counts, faces=0)},
        {"counts": replace(counts, faces=4)},
        {"counts": replace(counts, faces=10)},
        {"files": {name: file for name, file in files.items() if name not in FACE_FILES}},
        {"files": {name: file for name, file in files.items() if name != "face.ids"}},
        {"files": files | {"face.records": short}},
        {"files": files | {"face.vectors": storage.FileEntry(size=0, blocks=())}},
    ):
        with pytest.raises(ValueError, match=f"segment {entry.name}"):
            replace(entry, **wrong)
    with pytest.raises(ValueError, match="impossible counts"):
        Counts(faces=-1)
    with pytest.raises(ValueError, match="or the settings none"):
        replace(manifest, settings=SETTINGS)
    halved = storage.FileEntry(size=files["face.vectors"].size // 2, blocks=short.blocks)
    half = replace(entry, name="00000099-0123abcd", files=files | {"face.vectors": halved})
    half = replace(half, first_id=manifest.next_id)
    with pytest.raises(ValueError, match="faces of several kinds"):
        replace(manifest, segments=(*others, entry, half), next_id=manifest.next_id + 9)


@pytest.mark.parametrize("days", [None, 0, 1])
def test_a_person_is_held_until_the_last_day(tmp_path, days):
    """Up to the day itself nothing is different."""
    until = None if days is None else day(days)
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add_person(writer, "p1", "face", retain_until=until, legal_basis="consent")
        assert writer.remove_expired() == 0
    assert content_at(tmp_path / "i") == {"p1": ("title of p1", ["face"])}
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert (index.expired, index.references("face")) == (0, 1)
        one = index.record("p1")
        assert (one.retain_until, one.legal_basis) == (until, "consent")


def test_no_reader_sees_an_expired_person(path):
    """No lookup, list, count or search gives one, whatever holds something of them."""
    before = content_at(path)
    with IndexWriter(path, settings=SETTINGS) as writer:
        add_person(writer, "p3", "p3 front", "p3 side", faces=2, retain_until=day(-1))
        writer.put_record(record("p2", retain_until=date(1999, 12, 31)))
        add(writer, "a", "a1")
    del before["p2"]
    before["a"] = ("title of a", ["a0", "a1"])
    assert content_at(path) == before
    assert verify(path) == ()
    with ReferenceIndex.open(path) as index:
        assert index.expired == 2
        assert (index.record_count, index.image_count, index.person_count) == (3, 5, 1)
        assert [index.references(name) for name in ("hash", "local", "face")] == [5, 5, 4]
        assert index.references("face", without=Kind.PERSON) == 0
        assert not index.has("p3", digest("p3 front"))
        for ask in (index.record, index.images):
            with pytest.raises(UnknownRecordError, match="has no record 'p3'"):
                ask("p3")
        (near,) = index.search_faces(likeness("p3 front"), k=9, min_score=-1)
        assert {one.record_id for one in near} == {"p1"}
        (found,) = index.search_hashes(query("p3 front"), k=9)
        assert {one.record_id for one in found} == {"a", "b", "p1"}


def test_an_expired_person_can_be_held_longer(path):
    """A later date brings back all that was enrolled, whatever the date was before."""
    for until, expired in ((day(-1), 1), (day(1), 0), (None, 0), (day(-1), 1), (day(0), 0)):
        with IndexWriter(path, settings=SETTINGS) as writer:
            assert writer.put_record(record("p1", retain_until=until))
            assert writer.has("p1", digest("p1 front"))
        with ReferenceIndex.open(path) as index:
            assert (index.expired, index.references("face")) == (expired, 1 + 4 * (not expired))


def test_a_person_who_becomes_a_work_leaves_no_face_behind(path):
    """Neither on disk nor in memory; what is enrolled of the work afterwards is its own."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        assert writer.put_record(Record(id="p1", kind=Kind.WORK, title="a work"))
        assert not writer.has("p1", digest("p1 front"))
        writer.add_image(
            "p1", code("p1 front"), sha256=digest("p1 front"), width=9, height=9, source=""
        )
    held_now = held(path)
    gone = [b"title of p1", likeness("p1 front").tobytes(), *traces("p1 side 1")]
    assert [trace for trace in gone if trace in held_now] == []
    assert verify(path) == ()
    with ReferenceIndex.open(path) as index:
        assert (index.record_count, index.person_count, index.references("face")) == (4, 1, 1)
        assert index.record("p1").kind is Kind.WORK


def test_works_do_not_expire(tmp_path):
    """The date is one of persons; on any other record it says nothing."""
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(Record(id="w", kind=Kind.WORK, title="w", retain_until=day(-1)))
        assert writer.remove_expired() == 0
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert (index.expired, index.record_count) == (0, 1)


@pytest.mark.smoke
def test_expired_persons_are_removed_for_good(path):
    """Nothing of them is left on disk, committed or pending before, and no one else is touched."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(record("p1", retain_until=day(-1)))
        writer.commit()
        add_person(writer, "p3", "p3 front", retain_until=day(-1))
        add_person(writer, "p4", "p4 front", retain_until=day(0))
        assert writer.remove_expired() == 2
        assert writer.remove_expired() == 0
    held_now = held(path)
    gone = [b"title of p1", b"title of p3", *traces("p1 front", "p1 side 1", "p3 front")]
    assert [trace for trace in gone if trace in held_now] == []
    assert content_at(path).keys() == {"a", "b", "p2", "p4"}
    assert verify(path) == ()
    with ReferenceIndex.open(path) as index:
        assert (index.expired, index.references("face")) == (0, 2)


def test_terms_stand_beside_segments_without_them(tmp_path):
    """Segments with and without the columns are read and merged, in either order."""
    terms = {"legal_basis": "contract", "retain_until": day(1)}
    path = make(tmp_path / "i")
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(record("p1", **terms))
        writer.put_record(record("c"))
    assert [len(columns) for columns in columns_at(path)] == [14, 16]
    make(path, {"d": []})
    for _ in range(2):
        with ReferenceIndex.open(path) as index:
            assert {one.id: one for one in index.records()} == {
                **{name: record(name) for name in ("a", "b", "c", "d", "p")},
                "p1": record("p1", **terms),
            }
        with IndexWriter(path, settings=SETTINGS) as writer:
            writer.compact()
        assert [len(columns) for columns in columns_at(path)] == [16]
    assert verify(path) == ()


def test_a_catalog_of_before_the_terms_is_read_and_copied(tmp_path):
    """One with the columns that versions without terms wrote gives records without any."""
    connection = sqlite3.connect(tmp_path / "old.sqlite")
    connection.executescript("""
        CREATE TABLE records (key INTEGER PRIMARY KEY, number INTEGER NOT NULL, id TEXT, kind TEXT,
            title TEXT, aliases TEXT, rights_holder TEXT, status TEXT, description TEXT,
            source TEXT, added_by TEXT, review_by TEXT, locator TEXT, notes TEXT);
        CREATE TABLE images (id INTEGER PRIMARY KEY, number INTEGER NOT NULL,
            sha256 BLOB NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
            source TEXT NOT NULL, channels TEXT NOT NULL);
        INSERT INTO records VALUES (1, 1, 'p1', 'person', 'One', '["1"]', 'h', 's', 'd', 'f', 'by',
            '2030-02-28', 'shelf', 'n');
        INSERT INTO records VALUES (2, 2, 'p2', 'person', 'Two', '[]', '', '', '', '', '', NULL, '',
            '');
        INSERT INTO images VALUES (3, 1, x'00', 4, 5, 'p1.png', '{"hash": 1}');
    """)
    connection.close()
    old = Catalog.open(tmp_path, "old.sqlite")
    rows = [*old.sorted_records()]
    assert [*old.expired(date.max)] == []
    assert rows[0].record == Record(
        id="p1", kind=Kind.PERSON, title="One", aliases=("1",), rights_holder="h", status="s",
        description="d", source="f", added_by="by", review_by=date(2030, 2, 28), locator="shelf",
        notes="n",
    )  # fmt: skip
    copy = Catalog.create(tmp_path, "new.sqlite", indexed=False)
    assert copy.copy_live(old, [2]) == (1, 1)
    copy.add_record(rows[1]._replace(record=record("p2", retain_until=day(-1))))
    copy.finish(index=True)
    new = Catalog.open(tmp_path, "new.sqlite")
    assert [*new.sorted_records()] == [rows[0], (2, 2, record("p2", retain_until=day(-1)))]
    assert [row.key for row in new.expired(day(0))] == [2]
    assert new.image_row(3) == old.image_row(3)
    for catalog in (old, new):
        catalog.close()
