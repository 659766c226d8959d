"""What an index keeps of the vectors of models on disk."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from index_tools import (
    CONCEPT,
    EMBEDDING,
    HASH_SETTINGS,
    SETTINGS,
    VECTOR_SETTINGS,
    VECTOR_SIZE,
    add,
    assert_altered_bytes_are_told,
    code,
    content_at,
    digest,
    files_of,
    list_as_it_is,
    make,
    record,
    unit,
    views,
    words,
)

from reference_index import IndexWriter, Kind, ReferenceIndex, storage, vector_builder, verify
from reference_index.errors import IndexDamagedError, IndexFormatError
from reference_index.manifest import read_manifest, write_manifest
from reference_index.vector_files import (
    ListsEntry,
    Recall,
    VectorEntry,
    entry_values,
    parse_entries,
)

FILES = {
    f"{kind}-tiny-1.{what}"
    for kind in ("embedding", "concept")
    for what in ("vectors", "ids", "records")
}
CONTENT = {"a": ["a0", "a1"], "b": ["b0"], "c": []}
OWN = {"width": 9, "height": 9, "source": ""}
LISTS = ListsEntry(
    nprobe=4,
    rerank=16,
    error=0.01,
    recall=Recall(at_1=1, at_10=0.9, held_out_at_1=0.8, held_out_at_10=0.7),
)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture
def path(tmp_path):
    """Return an index of three records, two with images, each with words."""
    return make(tmp_path / "i", CONTENT, settings=VECTOR_SETTINGS)


def held(path):
    """Return the bytes of every file of an index, one after the other."""
    return b"".join((path / file).read_bytes() for file in files_of(path))


def format_of(path):
    """Return the number of the format that the manifest tells."""
    return json.loads((path / "manifest.json").read_text())["format"]


def own_files(path):
    """Return the names of the files of vector channels."""
    return {file.name for file in files_of(path)} & FILES


@pytest.mark.smoke
def test_vectors_are_enrolled_and_found(path):
    """Windows on images and words of records count, row by row, and are found."""
    with ReferenceIndex.open(path) as index:
        assert index.channels == (CONCEPT, EMBEDDING, "hash")
        assert (index.references(EMBEDDING), index.references(CONCEPT)) == (6, 6)
        assert index.images("a")[0].channels == ("hash", EMBEDDING)
        assert index.recall(EMBEDDING) is None
        ((near,),) = index.search_vectors(EMBEDDING, views("a1")[1:], k=1)
        assert (near.record_id, near.channel) == ("a", EMBEDDING)
        assert near.score == pytest.approx(1.0, abs=1e-6)
        ((near,),) = index.search_vectors(CONCEPT, words("title of c")[:1], k=1)
        assert (near.record_id, near.image_id, near.channel) == ("c", None, CONCEPT)
    assert content_at(path) == {
        name: (f"title of {name}", images) for name, images in CONTENT.items()
    }
    assert verify(path) == ()


def test_references_of_a_kind_of_record_do_not_count(path):
    """Neither their windows nor their words."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        add(writer, "p1", "p1")
    with ReferenceIndex.open(path) as index:
        assert (index.references(EMBEDDING), index.references(CONCEPT)) == (8, 8)
        assert index.references(EMBEDDING, without=Kind.PERSON) == 6
        assert index.references(CONCEPT, without=Kind.PERSON) == 6
        assert index.references(CONCEPT, without=Kind.CLEARED) == 8
        assert index.references("embedding:other") == 0


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        (HASH_SETTINGS, 1),
        (SETTINGS, 2),
        (VECTOR_SETTINGS, 5),
        (HASH_SETTINGS | {CONCEPT: "words"}, 5),
        (SETTINGS | {EMBEDDING: "tiny"}, 5),
    ],
)
def test_only_an_index_of_vectors_has_the_newest_format(tmp_path, settings, number):
    """From its making on, empty as it is; others are written as they always were."""
    path = tmp_path / "i"
    for content in ({}, {"a": ["a0"]}):
        make(path, content, settings=settings)
        assert format_of(path) == number
        segments = json.loads((path / "manifest.json").read_text())["segments"]
        assert all(("vectors" in one) == (number == 5) for one in segments)
        assert verify(path) == ()


@pytest.mark.parametrize(
    "channel",
    [
        "embeding:x", "embedding", "embedding:", "embedding:X", "embedding:-x", "concept:a b",
        "concept:" + "x" * 65, "embedding:x/..", "name", "embedding:x\n",
    ],
)  # fmt: skip
def test_a_channel_that_no_index_has_is_refused(tmp_path, channel):
    """Before anything is made."""
    with pytest.raises(IndexFormatError, match="the settings name the channel"):
        IndexWriter(tmp_path / "i", settings={"hash": "h", channel: "x"})
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("channel", ["embedding:x", "concept:0._-" + "x" * 60])
def test_a_channel_of_any_model_is_taken(tmp_path, channel):
    """Up to the longest name."""
    with IndexWriter(tmp_path / "i", settings={"hash": "h", channel: "x"}) as writer:
        assert writer.settings[channel] == "x"


@pytest.mark.parametrize(
    "settings",
    [
        HASH_SETTINGS,
        VECTOR_SETTINGS | {EMBEDDING: "other"},
        VECTOR_SETTINGS | {"embedding:b": "b"},
    ],
)
def test_other_settings_of_vectors_are_refused(path, settings):
    """A channel cannot be left out, come later, or be of another model."""
    with pytest.raises(IndexFormatError, match="was built with"):
        IndexWriter(path, settings=settings)


def test_a_channel_may_lack_vectors(path):
    """An image may come without embeddings, and a record without words."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.put_record(record("d"))
        assert writer.add_image("d", code("d0"), sha256=digest("d0"), **OWN)
        writer.put_record(record("e"), {CONCEPT: np.empty((0, VECTOR_SIZE), np.float32)})
    with ReferenceIndex.open(path) as index:
        assert index.images("d")[0].channels == ("hash",)
        assert (index.references(EMBEDDING), index.references(CONCEPT)) == (6, 6)
    assert verify(path) == ()


def test_vectors_that_cannot_be_are_refused(path):
    """Of unknown channels, of records where images are asked for, of another length or size."""
    good, short = views("n"), unit(np.ones((1, VECTOR_SIZE // 2)))
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        new = {"sha256": digest("n"), **OWN}
        for channel in ("embedding:other", CONCEPT, "hash"):
            with pytest.raises(IndexFormatError, match="of this kind, not"):
                writer.add_image("a", None, vectors={channel: good}, **new)
        for channel in ("concept:other", EMBEDDING):
            with pytest.raises(IndexFormatError, match="of this kind, not"):
                writer.put_record(record("n"), {channel: good})
        for bad in (good * 1.01, good.astype(np.float64), good[0], good[:0], good * np.nan):
            with pytest.raises(ValueError, match="unit length, n at least 1"):
                writer.add_image("a", None, vectors={EMBEDDING: bad}, **new)
        with pytest.raises(ValueError, match="8 numbers each"):
            writer.add_image("a", None, vectors={EMBEDDING: short}, **new)
        with pytest.raises(ValueError, match="8 numbers each"):
            writer.put_record(record("n"), {CONCEPT: short})
        assert writer.add_image("a", None, vectors={EMBEDDING: good}, **new)
    fresh = make(path.parent / "fresh", {}, settings=VECTOR_SETTINGS)
    with IndexWriter(fresh, settings=VECTOR_SETTINGS) as writer:
        writer.put_record(record("a"))
        writer.add_image("a", None, vectors={EMBEDDING: short}, **new)
        with pytest.raises(ValueError, match="16 numbers each"):
            writer.add_image("a", None, vectors={EMBEDDING: good}, **new | {"sha256": digest("m")})


def test_the_words_of_a_changed_record_are_its_new_ones(path):
    """The old ones are found no more, and are gone from the disk with the compaction."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        assert writer.put_record(record("a", title="new"), {CONCEPT: words("new")})
        assert not writer.put_record(record("b"), {CONCEPT: words("not looked at")})
    with ReferenceIndex.open(path) as index:
        assert index.references(CONCEPT) == 6
        assert index.references(EMBEDDING) == 6
        ((near,),) = index.search_vectors(CONCEPT, words("title of a")[:1], k=1)
        assert near.score < 0.99
    assert content_at(path)["a"] == ("new", ["a0", "a1"])
    assert verify(path) == ()
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.compact()
    assert words("title of a").tobytes() not in held(path)
    assert words("new").tobytes() in held(path)
    assert verify(path) == ()


def test_a_removed_record_is_found_no_more(path):
    """Nor anything of it on disk after a compaction; the others stay as they were."""
    before = content_at(path)
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.remove_record("a")
    with ReferenceIndex.open(path) as index:
        assert (index.references(EMBEDDING), index.references(CONCEPT)) == (2, 4)
        found = index.search_vectors(EMBEDDING, views("a0"), k=9)
        assert {near.record_id for one in found for near in one} == {"b"}
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.compact()
    assert views("a0").tobytes() not in held(path)
    assert views("b0").tobytes() in held(path)
    del before["a"]
    assert content_at(path) == before
    assert verify(path) == ()


def test_nothing_of_a_removed_person_stays_on_disk(path):
    """Their embeddings and words go with the commit."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        add(writer, "p1", "p1")
    assert views("p1").tobytes() in held(path)
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.remove_record("p1")
    assert views("p1").tobytes() not in held(path)
    assert words("title of p1").tobytes() not in held(path)
    assert verify(path) == ()


def test_persons_no_longer_held_are_not_seen(path):
    """Neither counted nor found by words or embeddings, from the day after on."""
    today = datetime.now().astimezone().date()
    for name, days in (("p1", -1), ("p2", 0)):
        with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
            until = today + timedelta(days=days)
            writer.put_record(record(name, retain_until=until), {CONCEPT: words(name)})
            own = {"sha256": digest(name), "vectors": {EMBEDDING: views(name)}}
            writer.add_image(name, None, **own, **OWN)
    with ReferenceIndex.open(path) as index:
        assert (index.expired, index.references(EMBEDDING), index.references(CONCEPT)) == (1, 8, 8)
        for name, found in (("p1", False), ("p2", True)):
            for channel, vectors in ((EMBEDDING, views(name)), (CONCEPT, words(name))):
                near = index.search_vectors(channel, vectors, k=99)[0]
                assert (name in {one.record_id for one in near}) == found
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        assert writer.remove_expired() == 1
    assert views("p1").tobytes() not in held(path)
    assert words("p1").tobytes() not in held(path)
    assert views("p2").tobytes() in held(path)
    assert verify(path) == ()


def test_a_segment_without_vectors_has_no_files_of_them(tmp_path):
    """They come with the first row, and go with the last."""
    path = make(tmp_path / "i", {}, settings=VECTOR_SETTINGS)
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.put_record(record("a"))
    assert own_files(path) == set()
    make(path, {"p": ["p0"]}, settings=VECTOR_SETTINGS)
    assert own_files(path) == FILES
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.remove_record("p")
    assert own_files(path) == set()
    with ReferenceIndex.open(path) as index:
        assert index.search_vectors(EMBEDDING, views("p0"), k=3) == [(), ()]


def test_several_segments_are_searched_and_merged(path):
    """Wherever rows stand, they are found, and each once."""
    for name in ("d", "e", "f"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reference_index.writer.merge_start", lambda rows: len(rows) - 1)
            make(path, {name: [name + "0"]}, settings=VECTOR_SETTINGS)
    with ReferenceIndex.open(path) as index:
        assert index.segment_count == 4
        queries = views("q", 5)
        apart = index.search_vectors(EMBEDDING, queries, k=9, strangers=(0.2, 0.8))
        assert index.references(EMBEDDING) == 12
    content = content_at(path)
    assert verify(path) == ()
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.compact()
    assert content_at(path) == content
    with ReferenceIndex.open(path) as index:
        assert index.segment_count == 1
        merged = index.search_vectors(EMBEDDING, queries, k=9, strangers=(0.2, 0.8))
    assert merged == apart
    assert verify(path) == ()


@pytest.mark.parametrize("file", sorted(FILES))
@pytest.mark.parametrize("small", [storage.SMALL_FILE_BYTES, 0], ids=["read at once", "mapped"])
def test_any_altered_byte_of_a_vector_file_is_named_and_refused(path, monkeypatch, file, small):
    """The first search refuses it, and verify names the file."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", small)
    assert_altered_bytes_are_told(path, file)
    (name,) = (one for one in files_of(path) if one.name == file)
    content = (path / name).read_bytes()
    for cut in (b"", content[:-1]):
        (path / name).write_bytes(cut)
        with pytest.raises(IndexDamagedError, match=f"{file} has"):
            ReferenceIndex.open(path)
    (path / name).write_bytes(content)
    assert verify(path) == ()


@pytest.mark.parametrize(
    ("file", "dtype", "change", "named", "what"),
    [
        ("embedding-tiny-1.ids", "<i8", lambda ids: ids + 1, "records.sqlite", "images whose"),
        ("embedding-tiny-1.records", "<i8", lambda own: own * 0, "records.sqlite", "images whose"),
        ("concept-tiny-1.ids", "<i8", lambda ids: ids + 1, "records.sqlite", "records whose words"),
        ("concept-tiny-1.ids", "<i8", lambda ids: ids[::-1], "records.sqlite", "records whose"),
        ("concept-tiny-1.records", "<i8", lambda own: own + 1, "records.sqlite", "records whose"),
        ("concept-tiny-1.vectors", "<f4", lambda v: v * 2, "concept-tiny-1.vectors", "length 1"),
        ("embedding-tiny-1.vectors", "<f4", lambda v: v * np.nan, "embedding-tiny-1.vectors", "1"),
    ],
)
def test_forged_vector_files_are_named(path, file, dtype, change, named, what):
    """Vectors that do not fit the catalog, or are none, are found though every checksum fits."""
    (entry,) = read_manifest(path).segments
    place = path / "segments" / entry.name / file
    values = np.frombuffer(place.read_bytes(), dtype)
    place.write_bytes(change(values).astype(dtype).tobytes())
    list_as_it_is(path, file)
    problems = verify(path)
    assert {problem.file for problem in problems} == {f"segments/{entry.name}/{named}"}
    assert what in problems[0].what


def test_a_manifest_whose_vectors_do_not_fit_is_impossible(path):
    """Files and rows come together, with equally many numbers, and with the settings."""
    manifest = read_manifest(path)
    (entry,) = manifest.segments
    files, vectors = dict(entry.files), dict(entry.vectors)
    short = storage.FileEntry(size=8, blocks=files["concept-tiny-1.ids"].blocks)
    for wrong in (
        {"vectors": {}},
        {"vectors": vectors | {EMBEDDING: VectorEntry(rows=5)}},
        {"vectors": vectors | {EMBEDDING: VectorEntry(rows=12)}},
        {"vectors": vectors | {EMBEDDING: VectorEntry(rows=6, lists=LISTS)}},
        {"vectors": vectors | {"embedding:other": VectorEntry(rows=6)}},
        {"files": {name: file for name, file in files.items() if "ids" not in name}},
        {"files": files | {"concept-tiny-1.ids": short}},
        {"files": files | {"embedding-tiny-1.vectors": storage.FileEntry(size=0, blocks=())}},
    ):
        with pytest.raises(ValueError, match=r"lists the files|equally many numbers"):
            replace(entry, **wrong)
    with pytest.raises(ValueError, match="expected 1 or more"):
        VectorEntry(rows=0)
    with pytest.raises(ValueError, match="or no settings"):
        replace(manifest, settings=HASH_SETTINGS)
    write_manifest(path, manifest)
    assert read_manifest(path).segments == manifest.segments


def test_what_the_manifest_says_of_lists_comes_back():
    """Through JSON; anything that is no number, or missing, is refused."""
    entries = {EMBEDDING: VectorEntry(rows=6, lists=LISTS), CONCEPT: VectorEntry(rows=1)}
    values = json.loads(json.dumps(entry_values(entries)))
    assert parse_entries(values) == entries
    for wrong in ({"nprobe": "4"}, {"nprobe": 0}, {"error": -1.0}, {"error": None}, {"more": 1}):
        lists = values[EMBEDDING]["lists"] | wrong
        with pytest.raises((TypeError, ValueError)):
            parse_entries({EMBEDDING: {"rows": 6, "lists": lists}})
    for wrong in ({"rows": 1.0, "lists": None}, {"rows": True, "lists": None}, {"rows": 1}):
        with pytest.raises(TypeError):
            parse_entries({EMBEDDING: wrong})
    with pytest.raises(ValueError, match="impossible shares"):
        replace(LISTS.recall, at_1=1.1)


def test_only_large_segments_get_lists(tmp_path, monkeypatch):
    """From so many rows on, counted by channel."""
    monkeypatch.setattr(vector_builder, "LISTS_FROM", 1_000)
    for windows, has in ((999, False), (1_000, True)):
        path = tmp_path / str(windows)
        with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
            add(writer, "a")
            vectors = {EMBEDDING: views("a0", windows)}
            writer.add_image("a", None, sha256=digest("a0"), vectors=vectors, **OWN)
        (entry,) = read_manifest(path).segments
        assert (entry.vectors[EMBEDDING].lists is not None) == has
        assert entry.vectors[CONCEPT].lists is None
        assert verify(path) == ()
