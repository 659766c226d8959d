"""Large segments are searched in trained lists, whose recall is measured and kept."""

import subprocess
import sys

import numpy as np
import pytest
from index_tools import (
    EMBEDDING,
    VECTOR_SETTINGS,
    digest,
    files_of,
    list_as_it_is,
    record,
    unit,
)

from reference_index import IndexWriter, ReferenceIndex, storage, vector_builder, verify
from reference_index.errors import IndexDamagedError, IndexStorageError  # noqa: F401
from reference_index.manifest import read_manifest
from reference_index.vectors import list_recall
from reference_index.vectors.exact_cosine import ExactCosine
from reference_index.vectors.faiss_lists import CosineLists, list_count, train, training_sample

ROWS, SIZE, PER_RECORD = 2_000, 32, 4
FILE = "embedding-tiny-1.lists"
STRANGERS = (0.3, 0.9)
OWN = {"width": 9, "height": 9, "source": ""}

FILLER = """
import resource, signal, sys
from test_vector_lists import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
vector_builder.LISTS_FROM = 1_000
writer = IndexWriter(sys.argv[1], settings=VECTOR_SETTINGS)
writer.put_record(record("b"))
vectors = {"embedding:tiny-1": clustered(4_000, size=2)}
writer.add_image("b", None, sha256=digest("b"), vectors=vectors, **OWN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    writer.commit()
except IndexStorageError as error:
    print(error)
"""


def clustered(rows=ROWS, size=SIZE, seed=0):
    """Return unit vectors, float32 (rows, size), in clusters of about 40."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((rows // 40, size))
    return unit(
        centers[rng.integers(0, len(centers), rows)] + 0.6 * rng.standard_normal((rows, size))
    )


def enroll(writer, vectors, first=0):
    """Put records of four vectors each."""
    for number, own in enumerate(unit(vectors).reshape(-1, PER_RECORD, vectors.shape[1]), first):
        name = f"r{number:04}"
        writer.put_record(record(name))
        writer.add_image(name, None, sha256=digest(name), vectors={EMBEDDING: own}, **OWN)


@pytest.fixture(scope="module", autouse=True)
def _few_rows_are_many():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        patch.setattr(vector_builder, "LISTS_FROM", 1_000)
        yield


@pytest.fixture(scope="module")
def made():
    """Return lists of clustered vectors, and what was measured."""
    return list_recall.make_lists(clustered())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return an index of a segment with lists and a small one; not to be changed."""
    path = tmp_path_factory.mktemp("lists") / "i"
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        enroll(writer, clustered())
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        enroll(writer, clustered(40, seed=1), first=ROWS)
        writer.remove_record("r0003")
        writer.remove_record("r0100")
    return path


@pytest.fixture
def path(base, tmp_path):
    """Return a copy of it."""
    import shutil

    return shutil.copytree(base, tmp_path / "i")


def queries(count=50, seed=7):
    """Return vectors near to some of the clustered ones."""
    rng = np.random.default_rng(seed)
    near = clustered()[rng.choice(ROWS, count, replace=False)]
    return list_recall.changed(near, rng)


@pytest.mark.smoke
def test_lists_find_what_every_cosine_finds(base):
    """Nearly always the same record first, with the same score; the recall is told."""
    with (
        ReferenceIndex.open(base) as index,
        ReferenceIndex.open(base, vector_engine=ExactCosine) as oracle,
    ):
        assert [segment.entry.vectors[EMBEDDING].rows for segment in index._segments] == [
            ROWS,
            40,
        ]
        assert index.recall(EMBEDDING) >= 0.99
        assert oracle.recall(EMBEDDING) is None
        assert index.references(EMBEDDING) == ROWS + 40 - 2 * PER_RECORD
        for strangers, within in ((None, 1e-6), (STRANGERS, 1e-3)):
            found, expected = (
                one.search_vectors(EMBEDDING, queries(), k=1, strangers=strangers)
                for one in (index, oracle)
            )
            same = [a[0].record_id == b[0].record_id for a, b in zip(found, expected, strict=True)]
            assert np.mean(same) >= 0.96
            for one, other in zip(found, expected, strict=True):
                assert one[0].score <= other[0].score + within
    assert verify(base) == ()


def test_all_that_score_enough_are_found(base):
    """Though that be everything: lists are searched further until nothing can be missing."""
    with (
        ReferenceIndex.open(base) as index,
        ReferenceIndex.open(base, vector_engine=ExactCosine) as oracle,
    ):
        few = queries(3)
        for strangers, within in ((None, 1e-6), (STRANGERS, 1e-3)):
            own = {"k": 0, "min_score": -2.0, "strangers": strangers}
            found, expected = (one.search_vectors(EMBEDDING, few, **own) for one in (index, oracle))
            for one, other in zip(found, expected, strict=True):
                scores, truth = ({n.record_id: n.score for n in near} for near in (one, other))
                assert len(truth) == (ROWS + 40) // PER_RECORD - 2
                assert scores == pytest.approx(truth, abs=within)


def test_neither_batch_nor_thread_changes_what_lists_find(base):
    """A query alone finds what it finds among others, digit by digit."""
    from concurrent.futures import ThreadPoolExecutor

    many = queries(40)
    with ReferenceIndex.open(base) as index:
        together = index.search_vectors(EMBEDDING, many, k=3)
        with ThreadPoolExecutor(4) as pool:
            apart = pool.map(
                lambda row: index.search_vectors(EMBEDDING, many[row : row + 1], k=3)[0],
                range(len(many)),
            )
            assert [*apart] == together


def test_the_dead_are_left_out_and_gone_with_the_next_compaction(path):
    """Lists of a compacted segment are made anew, of the living alone."""
    gone = clustered()[12:16]
    with ReferenceIndex.open(path) as index:
        for near in index.search_vectors(EMBEDDING, gone, k=20):
            assert "r0003" not in {one.record_id for one in near}
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.compact()
    (entry,) = read_manifest(path).segments
    assert entry.vectors[EMBEDDING].rows == ROWS + 40 - 2 * PER_RECORD
    assert entry.vectors[EMBEDDING].lists is not None
    assert verify(path) == ()
    with ReferenceIndex.open(path) as index:
        ((near,),) = index.search_vectors(EMBEDDING, clustered()[16:17], k=1)
        assert (near.record_id, near.score) == ("r0004", pytest.approx(1, abs=1e-6))


def test_a_segment_that_is_merged_at_once_gets_no_lists(tmp_path, monkeypatch):
    """They are made once, of what is left on the disk."""
    made = []
    make_lists = vector_builder.make_lists
    monkeypatch.setattr(
        vector_builder, "make_lists", lambda rows: made.append(len(rows)) or make_lists(rows)
    )
    path = tmp_path / "i"
    for first in (0, 300):
        with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
            enroll(writer, clustered(1_200, seed=first), first=first)
    assert made == [1_200, 2_400]
    assert len(read_manifest(path).segments) == 1
    assert verify(path) == ()


@pytest.mark.parametrize("small", [storage.SMALL_FILE_BYTES, 0], ids=["read at once", "mapped"])
@pytest.mark.parametrize("file", [FILE, "embedding-tiny-1.vectors"])
def test_any_altered_byte_beside_lists_is_named_and_refused(path, monkeypatch, file, small):
    """Of the lists at the first search, of the raw vectors as soon as they are looked at."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", small)
    name = next(one for one in files_of(path) if one.name == FILE).with_name(file)
    content = (path / name).read_bytes()
    for offset in (0, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[offset] ^= 1
        (path / name).write_bytes(changed)
        with (
            pytest.raises(IndexDamagedError, match=file),
            ReferenceIndex.open(path) as index,
        ):
            index.search_vectors(EMBEDDING, clustered()[:1], k=1)
        assert [problem.file for problem in verify(path)] == [name.as_posix()]


def test_large_files_are_verified_no_further_than_they_are_read(tmp_path, monkeypatch):
    """Damage in raw vectors that no query comes near to is not looked for, but by verify."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", 0)
    monkeypatch.setattr(storage, "BLOCK_BYTES", 1_000)
    path = tmp_path / "i"
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        enroll(writer, clustered())
    name = next(one for one in files_of(path) if one.name == FILE).with_suffix(".vectors")
    content = bytearray((path / name).read_bytes())
    content[-1] ^= 1
    (path / name).write_bytes(content)
    with ReferenceIndex.open(path) as index:
        ((near,),) = index.search_vectors(EMBEDDING, clustered()[:1], k=1)
        assert near.record_id == "r0000"
        with pytest.raises(IndexDamagedError, match=r"tiny-1\.vectors"):
            index.search_vectors(EMBEDDING, clustered()[:1], k=0, min_score=-2.0)
    assert [problem.file for problem in verify(path)] == [name.as_posix()]


@pytest.mark.parametrize("what", ["nothing", "noise", "other vectors"])
def test_forged_lists_are_named(path, what):
    """Lists that are none, or of other vectors, are found though every checksum fits."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        writer.compact()
    name = next(one for one in files_of(path) if one.name == FILE)
    if what == "other vectors":
        with (path / name).open("wb") as file:
            list_recall.make_lists(clustered(1_000)).lists.write(file.write)
    else:
        (path / name).write_bytes(b"" if what == "nothing" else b"IxMp" * 50)
    list_as_it_is(path, FILE)
    assert [problem.file for problem in verify(path)] == [name.as_posix()]
    with (
        pytest.raises(IndexDamagedError, match="does not hold the lists of its vectors"),
        ReferenceIndex.open(path) as index,
    ):
        index.search_vectors(EMBEDDING, clustered()[:1], k=1)


def test_recall_is_measured_and_kept(made, base):
    """Each share is what a comparison with all cosines gives; the manifest keeps it."""
    vectors, lists = clustered(), made.lists
    rng = np.random.default_rng(11)
    chosen = rng.choice(ROWS, 300, replace=False)
    copies = list_recall.changed(vectors[chosen], rng)
    np.testing.assert_allclose((copies * vectors[chosen]).sum(axis=1), 0.85, atol=1e-5)
    truth = np.argsort(-(copies @ vectors.T), axis=1)
    _, rows = lists.nearest(copies, 10)
    at_1 = np.mean(rows[:, 0] == truth[:, 0])
    at_10 = np.mean([len({*a} & {*b}) / 10 for a, b in zip(rows, truth[:, :10], strict=True)])
    assert made.changed == (pytest.approx(at_1, abs=0.03), pytest.approx(at_10, abs=0.03))
    assert made.changed[0] >= list_recall.WANTED
    kept = read_manifest(base).segments[0].vectors[EMBEDDING].lists
    assert (kept.nprobe, kept.rerank) == (lists.nprobe, lists.rerank)
    assert (kept.recall.at_1, kept.recall.at_10) == pytest.approx(made.changed, abs=0.01)


def test_vectors_that_are_hard_to_find_are_searched_for_harder(monkeypatch):
    """Until enough are found, or nothing is left to try."""
    vectors = unit(np.random.default_rng(0).standard_normal((ROWS, SIZE)))
    monkeypatch.setattr(list_recall, "NPROBE_LEAST", 1)
    monkeypatch.setattr(list_recall, "ALIKE", 0.7)
    made = list_recall.make_lists(vectors)
    assert made.lists.nprobe > 1
    assert made.changed[0] >= list_recall.WANTED
    monkeypatch.setattr(list_recall, "WANTED", 1.1)
    made = list_recall.make_lists(vectors)
    assert made.lists.nprobe == made.lists.lists
    assert made.lists.rerank == list_recall.RERANK_MOST


def test_equal_vectors_count_as_found():
    """Which of them an engine names does not matter."""
    vectors = np.repeat(clustered(100), 20, axis=0)
    made = list_recall.make_lists(vectors)
    assert min(made.changed) >= list_recall.WANTED
    assert made.held_out == (1.0, 1.0)


@pytest.mark.parametrize("size", [5, 6, 7, 8])
def test_lists_come_back_from_their_bytes(size):
    """Vectors of any number of numbers, with the same neighbors and codes."""
    vectors = clustered(1_000, size=size)
    parts = []
    sample = training_sample(len(vectors), np.random.default_rng(0))
    before = CosineLists(train(vectors, sample), nprobe=4, rerank=8)
    before.write(parts.append)
    blocks = map(memoryview, (b"".join(parts)[at : at + 999] for at in range(0, 1 << 18, 999)))
    after = CosineLists.read((block for block in blocks if block), nprobe=4, rerank=8)
    assert (after.size, after.dimensions) == (1_000, size)
    for one, other in zip(
        before.nearest(vectors[:9], 7), after.nearest(vectors[:9], 7), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    rows = np.array([5, 0, 999])
    np.testing.assert_allclose(after.decode(rows), vectors[rows], atol=0.02)


@pytest.mark.parametrize(
    ("rows", "lists"), [(1_000, 8), (10_000, 128), (100_000, 512), (1_000_000, 1_024)]
)
def test_there_are_about_twice_the_root_of_rows_lists(rows, lists):
    """Rounded down to a power of two, and enough rows to train each."""
    assert list_count(rows) == lists
    assert len(training_sample(rows, np.random.default_rng(0))) <= rows


def test_no_room_for_lists_is_told_and_leaves_the_index_as_it_was(tmp_path):
    """The disk's refusal in the midst of FAISS's writing is the writer's error."""
    import os
    from pathlib import Path

    with IndexWriter(tmp_path / "i", settings=VECTOR_SETTINGS) as writer:
        writer.put_record(record("a"))
    places = os.pathsep.join(map(str, (Path(__file__).parent, *sys.path)))
    done = subprocess.run(
        [sys.executable, "-c", FILLER, str(tmp_path / "i"), "40000"],
        check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": places},
    )  # fmt: skip
    assert "could not be written" in done.stdout
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert index.record_count == 1
    with IndexWriter(tmp_path / "i", settings=VECTOR_SETTINGS):
        pass
    assert verify(tmp_path / "i") == ()
