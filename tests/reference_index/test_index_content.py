"""What is put into an index is what comes out of it."""

from datetime import date

import numpy as np
import pytest
from index_tools import COMMITTED, SETTINGS, add, code, content_at, digest, make, query, record

from reference_index import IndexWriter, Kind, Record, ReferenceIndex, verify
from reference_index.errors import (
    IndexDamagedError,
    IndexFormatError,
    IndexMissingError,
    UnknownRecordError,
)
from reference_index.manifest import read_manifest
from reference_index.segments import merge_start

FULL = Record(
    id="bildnis/größe\udce9",
    kind=Kind.KEY_ELEMENT,
    title="O'Brien; “quoted” \udcff",
    aliases=("one", "tw\udce9"),
    rights_holder="holder",
    status="cleared",
    description="what it is\nin two lines",
    source="scan",
    added_by="someone",
    review_by=date(2030, 2, 28),
    locator="shelf 3",
    notes="note",
)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.mark.smoke
def test_an_index_holds_what_was_enrolled(tmp_path):
    """Records, images and hashes are found again, and the index is whole."""
    path = make(tmp_path / "works.index")
    expected = {name: (f"title of {name}", images) for name, images in COMMITTED.items()}
    assert expected == content_at(path)
    with ReferenceIndex.open(path) as index:
        assert (index.record_count, index.image_count, index.references("hash")) == (3, 6, 6)
        assert index.references("face") == 0
        assert index.settings == SETTINGS
        assert index.created <= index.updated
        assert index.has("a", digest("a0"))
        assert not index.has("a", digest("b0"))
        assert not index.has("z", digest("a0"))
    assert verify(path) == ()


def test_every_field_survives_whatever_bytes_a_name_has(tmp_path):
    """Records and sources come back exactly, file names that are not UTF-8 included."""
    source = b"folder/caf\xe9 \xff.png".decode("utf-8", "surrogateescape")
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(FULL)
        writer.add_image(FULL.id, code("x"), sha256=digest("x"), width=1, height=2, source=source)
        writer.compact()
    with ReferenceIndex.open(tmp_path / "i") as index:
        (image,) = index.images(FULL.id)
        assert index.record(FULL.id) == FULL
        assert list(index.records()) == [FULL]
        assert index.image(image.id) == image
        assert (image.source, image.width, image.height) == (source, 1, 2)
        assert (image.record_id, image.sha256, image.channels) == (FULL.id, digest("x"), ("hash",))
        assert index.search_hashes(query("x"), k=1)[0][0].record_id == FULL.id


def test_a_path_of_any_characters_works(tmp_path):
    """Characters that mean something in a URI, and bytes that are no text, are only a name."""
    path = tmp_path / "a ?b#c%41\udcff.index"
    assert content_at(make(path)).keys() == COMMITTED.keys()


def test_records_come_sorted_by_id_over_all_segments(tmp_path):
    """Records of several segments are merged by id."""
    path = make(tmp_path / "i", {f"r{number:03}": [] for number in range(0, 60, 2)})
    make(path, {"r001": [], "é": [], "Z": []})
    with ReferenceIndex.open(path) as index:
        ids = [one.id for one in index.records()]
        assert index.segment_count == 2
    assert ids == sorted(ids)
    assert len(ids) == 33


@pytest.mark.smoke
def test_enrolling_again_changes_nothing(tmp_path):
    """The same record and image are a no-op, committed or pending, and write no segment."""
    path = make(tmp_path / "i")
    before = (path / "manifest.json").read_bytes()
    with IndexWriter(path, settings=SETTINGS) as writer:
        assert not writer.put_record(record("a"))
        assert writer.has("a", digest("a0"))
        assert not writer.add_image(
            "a", code("a0"), sha256=digest("a0"), width=640, height=480, source="elsewhere"
        )
    assert (path / "manifest.json").read_bytes() == before
    with IndexWriter(path, settings=SETTINGS) as writer:
        new = {"sha256": digest("n"), "width": 1, "height": 1, "source": ""}
        assert writer.add_image("a", code("n"), **new)
        assert not writer.add_image("a", code("n"), **new)
        assert writer.add_image("b", code("n"), **new)


def test_an_image_may_have_several_hashes_or_none(tmp_path):
    """Each distinct frame is found as the one image; an image without a hash is only enrolled."""
    frames = np.stack([code("f0"), code("f1")])
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(record("a"))
        size = {"width": 1, "height": 1, "source": ""}
        writer.add_image("a", frames, sha256=digest("film"), **size)
        writer.add_image("a", None, sha256=digest("flat"), **size)
        writer.add_image("a", frames[:0], sha256=digest("flat too"), **size)
    with ReferenceIndex.open(tmp_path / "i") as index:
        film, *flat = index.images("a")
        found = index.search_hashes(query("f0", "f1"), k=1)
        assert [(best.image_id, best.score) for (best,) in found] == [(film.id, 256.0)] * 2
        assert [image.channels for image in flat] == [(), ()]
        assert (index.image_count, index.references("hash")) == (3, 2)
    assert verify(tmp_path / "i") == ()
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.remove_record("a")
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert (index.image_count, index.references("hash")) == (0, 0)


def test_a_changed_record_keeps_its_images(tmp_path):
    """A new title replaces the old one; images enrolled before are still found under the id."""
    path = make(tmp_path / "i")
    with IndexWriter(path, settings=SETTINGS) as writer:
        assert writer.put_record(record("b", "new title"))
        add(writer, "c")
        assert writer.put_record(record("c", "changed while pending"))
    for _ in range(2):
        assert content_at(path)["b"] == ("new title", ["b0", "b1"])
        assert content_at(path)["c"] == ("changed while pending", [])
        assert verify(path) == ()
        with IndexWriter(path, settings=SETTINGS) as writer:
            writer.compact()


@pytest.mark.smoke
def test_a_removed_record_is_not_found(tmp_path):
    """Neither lookup nor search gives a removed record, and it can come back with new images."""
    path = make(tmp_path / "i")
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.remove_record("a")
        assert not writer.has("a", digest("a0"))
    with ReferenceIndex.open(path) as index:
        assert {c.record_id for c in index.search_hashes(query("a0"), k=9)[0]} == {"b", "p"}
        for lookup in (index.record, index.images):
            with pytest.raises(UnknownRecordError, match="has no record 'a'"):
                lookup("a")
    make(path, {"a": ["a1", "new"]})
    assert content_at(path)["a"] == ("title of a", ["a1", "new"])


@pytest.mark.smoke
def test_nothing_of_a_removed_person_stays_on_disk(tmp_path):
    """No file of the index holds a name the person had, nor a hash, once the commit is done."""
    path = make(tmp_path / "i", {"a": ["a0"], "p1": ["face"]})
    names = [b"title of p1", b"Second Name", b"Third Name", b"p1"]
    hashes = [code("face").tobytes(), code("face 2").tobytes()]
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(record("p1", "Second Name"))
        writer.commit()
        writer.put_record(record("p1", "Third Name"))
        size = {"width": 1, "height": 1, "source": "p1.png"}
        writer.add_image("p1", code("face 2"), sha256=digest("face 2"), **size)
        writer.remove_record("p1")
    held = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert [trace for trace in (*names, *hashes) if trace in held] == []
    assert b"title of a" in held
    assert content_at(path) == {"a": ("title of a", ["a0"])}
    assert verify(path) == ()


def test_ids_are_never_used_again(tmp_path):
    """Images and records added after removals and compaction get ids that nothing ever had."""
    path, seen = tmp_path / "i", set()
    for _ in range(4):
        make(path, {"a": ["a0", "a1"], "p": ["p0"]})
        with ReferenceIndex.open(path) as index:
            ids = {image.id for name in ("a", "p") for image in index.images(name)}
        assert len(ids) == 3
        assert not ids & seen
        seen |= ids
        with IndexWriter(path, settings=SETTINGS) as writer:
            writer.remove_record("a")
            writer.remove_record("p")
            writer.compact()
        assert read_manifest(path).segments == ()
        with ReferenceIndex.open(path) as index, pytest.raises(UnknownRecordError):
            index.image(max(ids))


def test_many_commits_make_few_segments(tmp_path):
    """Segments are merged as they come, so that their number grows with the logarithm."""
    path = tmp_path / "i"
    with IndexWriter(path, settings=SETTINGS) as writer:
        for number in range(40):
            add(writer, f"r{number}", f"i{number}")
            writer.commit()
    assert len(content_at(path)) == 40
    with ReferenceIndex.open(path) as index:
        assert index.segment_count <= 5
    assert verify(path) == ()


def test_merging_starts_where_a_segment_outweighs_those_after_it():
    """A segment joins while it is at most twice the sum of those after it."""
    assert [merge_start(rows) for rows in ([], [5], [2, 1], [3, 1], [9, 3, 1], [8, 3, 1])] == [
        0, 0, 0, 1, 2, 2,
    ]  # fmt: skip
    assert merge_start([9, 3, 2]) == 0


def test_an_exception_discards_what_is_pending(tmp_path):
    """Leaving the block by an exception keeps the last commit and leaves no file behind."""
    path = make(tmp_path / "i", {"a": ["a0"]})

    def interrupted():
        with IndexWriter(path, settings=SETTINGS) as writer:
            add(writer, "b", "b0")
            writer.commit()
            add(writer, "c", "c0")
            writer.remove_record("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert content_at(path).keys() == {"a", "b"}
    assert verify(path) == ()


def test_other_settings_are_refused(tmp_path):
    """An index built with other settings is not written to; both values are told."""
    path = make(tmp_path / "i")
    with pytest.raises(IndexFormatError, match="hash settings 'phash 256, test', not 'other'"):
        IndexWriter(path, settings={"hash": "other"})
    with pytest.raises(IndexFormatError, match="built without the face channel, not 'x'"):
        IndexWriter(path, settings=SETTINGS | {"face": "x"})
    with IndexWriter(path, settings=None) as writer:
        assert writer.has("a", digest("a0"))


def test_a_newer_format_is_refused(tmp_path):
    """A manifest of a later format, whole by its checksum, says what to do."""
    import hashlib

    path = make(tmp_path / "i")
    manifest = path / "manifest.json"
    body = manifest.read_bytes().partition(b"\n")[2].replace(b'"format": 2,', b'"format": 6,')
    checksum = hashlib.sha256(body).hexdigest()
    manifest.write_bytes(b'{"checksum": "%s",\n' % checksum.encode() + body)
    for use in (ReferenceIndex.open, verify, lambda path: IndexWriter(path, settings=SETTINGS)):
        with pytest.raises(IndexFormatError, match="format 6, this version reads formats up to 5"):
            use(path)


def test_a_place_without_an_index_is_told(tmp_path):
    """Nothing is made where no index is asked for, nor in a folder of other things."""
    for use in (ReferenceIndex.open, verify):
        with pytest.raises(IndexMissingError, match="no reference index"):
            use(tmp_path / "none")
    for options in ({"settings": SETTINGS, "create": False}, {"settings": None}):
        with pytest.raises(IndexMissingError):
            IndexWriter(tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(IndexMissingError, match=r"photo\.jpg"):
        IndexWriter(tmp_path, settings=SETTINGS)
    with pytest.raises(IndexMissingError, match="not an empty directory"):
        IndexWriter(tmp_path / "photo.jpg", settings=SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_lost_manifest_is_damage_not_absence(tmp_path):
    """Segments without a manifest are never swept away by a writer that would start anew."""
    path = make(tmp_path / "i")
    (path / "manifest.json").unlink()
    for use in (ReferenceIndex.open, lambda path: IndexWriter(path, settings=SETTINGS)):
        with pytest.raises(IndexDamagedError, match=r"manifest\.json is missing"):
            use(path)
    assert [problem.file for problem in verify(path)] == ["manifest.json"]
    assert len(list((path / "segments").iterdir())) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hash_codes": np.zeros(31, np.uint8)}, "expected uint8"),
        ({"hash_codes": np.zeros(32, np.int8)}, "expected uint8"),
        ({"sha256": "AB" * 32}, "64 lower-case hex digits"),
        ({"width": 0}, "0 × 1 px"),
    ],
)
def test_what_cannot_be_an_image_is_refused(tmp_path, wrong, message):
    """A wrong argument is told, and what was pending is still committed."""
    good = {"hash_codes": code("x"), "sha256": digest("x"), "width": 1, "height": 1, "source": ""}
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add(writer, "a", "a0")
        with pytest.raises(ValueError, match=message):
            writer.add_image("a", **(good | wrong))
        with pytest.raises(UnknownRecordError):
            writer.add_image("nobody", **good)
    assert content_at(tmp_path / "i") == {"a": ("title of a", ["a0"])}
