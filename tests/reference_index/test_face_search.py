"""Searching by face gives the persons that a brute-force search gives."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from index_tools import (
    FACE_SETTINGS,
    FACE_SIZE,
    SETTINGS,
    add_person,
    digest,
    likeness,
    make,
    record,
    unit,
)

from reference_index import IndexWriter, Kind, ReferenceIndex, face_search
from reference_index.face_search import templates
from reference_index.vectors.exact_cosine import ExactCosine
from reference_index.vectors.faiss_cosine import FaissCosine

WITHIN = 1e-6


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def enroll(writer, record_id, name, vectors):
    """Add an image with these faces, and nothing else, to a record."""
    writer.add_image(
        record_id, None, sha256=digest(name), width=1, height=1, source=name,
        faces=vectors, face_settings=FACE_SETTINGS,
    )  # fmt: skip


def brute_force(images, query):
    """Return the score and the nearest image of each record; images: (record, image, face)."""
    found = {}
    for record_id in {record_id for record_id, _, _ in images}:
        own = [(image, vector.astype(float)) for one, image, vector in images if one == record_id]
        mean = np.mean([vector for _, vector in own], axis=0)
        nearest = max(own, key=lambda one: one[1] @ query)[0]
        found[record_id] = (float(mean @ query / np.linalg.norm(mean)), nearest)
    return found


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    k=st.sampled_from([0, 1, 2, 5, 60]),
    min_score=st.sampled_from([None, -2.0, 0.0, 0.3, 2.0]),
    engine=st.sampled_from([ExactCosine, FaissCosine]),
)
def test_search_equals_brute_force(seed, k, min_score, engine):
    """Several images and faces a person, the same face twice, removals and segments are no matter.

    One image may hold several faces, and images of a record may lie in several segments.
    """
    rng = np.random.default_rng(seed)
    images, few = [], unit(rng.standard_normal((2, FACE_SIZE)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "i"
        with IndexWriter(path, settings=SETTINGS) as writer:
            for _ in range(int(rng.integers(1, 4))):
                for _ in range(int(rng.integers(1, 20))):
                    name, image = f"p{rng.integers(0, 99):02}", digest(str(rng.random()))
                    vectors = unit(rng.standard_normal((rng.integers(0, 3), FACE_SIZE)))
                    if len(vectors) == 1 and rng.random() < 0.3:
                        vectors = few[rng.integers(0, 2, 1)]
                    writer.put_record(record(name))
                    writer.add_image(
                        name, None, sha256=image, width=1, height=1, source="",
                        faces=vectors, face_settings=FACE_SETTINGS,
                    )  # fmt: skip
                    images += [(name, image, vector) for vector in vectors]
                writer.commit()
                for name in sorted({one[0] for one in images})[: int(rng.integers(0, 3))]:
                    writer.remove_record(name)
                    images = [one for one in images if one[0] != name]
        with ReferenceIndex.open(path, face_engine=engine) as index:
            ids = {i.sha256: i.id for one in index.records() for i in index.images(one.id)}
            images = [(name, ids[image], vector) for name, image, vector in images]
            assert index.references("face") == len(images)
            queries = np.concatenate([few, unit(rng.standard_normal((3, FACE_SIZE)))])
            found = index.search_faces(queries, k=k, min_score=min_score)
    for query, near in zip(queries, found, strict=True):
        expected = brute_force(images, query.astype(float))
        ranked = sorted((score for score, _ in expected.values()), reverse=True)
        lowest = np.inf if min_score is None else min_score
        assume(all(abs(score - lowest) > WITHIN for score in ranked))
        count = max(min(k, len(ranked)), sum(score >= lowest for score in ranked))
        assert [one.score for one in near] == pytest.approx(ranked[:count], abs=WITHIN)
        assert [*near] == sorted(near, key=lambda one: (-one.score, one.record_id))
        assert len({one.record_id for one in near}) == len(near)
        for one in near:
            score, image_id = expected[one.record_id]
            assert (one.score, one.image_id) == (pytest.approx(score, abs=WITHIN), image_id)
            assert one.channel == "face"


def test_a_template_is_the_mean_of_the_unit_vectors():
    """It has length 1 whatever it is made of, and vectors that cancel each other are like none."""
    vectors = unit([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1], [3, 4, 0]])
    made = templates(vectors, np.array([0, 2, 4]))
    np.testing.assert_allclose(
        made, [[np.sqrt(0.5), np.sqrt(0.5), 0], [0, 0, 0], [0.6, 0.8, 0]], atol=1e-7
    )
    assert made.dtype == np.float32


def test_equal_persons_come_by_id_however_many_are_asked_for(tmp_path):
    """Of twenty records with one and the same face the first by id are the best k."""
    names = [f"p{number:02}" for number in range(20)]
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        for name in reversed(names):
            writer.put_record(record(name))
            enroll(writer, name, name, likeness("twin"))
    with ReferenceIndex.open(tmp_path / "i") as index:
        for k in (1, 3, 20, 99):
            (near,) = index.search_faces(likeness("twin"), k=k)
            assert [one.record_id for one in near] == names[:k]
            assert [one.score for one in near] == [near[0].score] * min(k, 20)


def test_neither_batch_nor_engine_changes_a_digit(tmp_path, monkeypatch):
    """A face scores the same alone and among many, whatever searches."""
    names = [f"p{number}" for number in range(50)]
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        for name in names:
            add_person(writer, name, f"{name} a", f"{name} b", faces=2)
    queries = likeness(*(f"{name} b" for name in names))
    with ReferenceIndex.open(tmp_path / "i") as index:
        found = index.search_faces(queries, k=7, min_score=0.2)
        alone = [
            index.search_faces(queries[row : row + 1], k=7, min_score=0.2) for row in range(50)
        ]
        assert [near for (near,) in alone] == found
        monkeypatch.setattr(face_search, "QUERIES_AT_ONCE", 7)
        assert index.search_faces(np.asfortranarray(queries), k=7, min_score=0.2) == found
    monkeypatch.setattr(face_search, "RECORDS_AT_ONCE", 3)
    with ReferenceIndex.open(tmp_path / "i", face_engine=ExactCosine) as index:
        assert index.search_faces(queries, k=7, min_score=0.2) == found


def test_the_image_is_that_of_the_nearest_photograph(tmp_path):
    """Each photograph of a person is told when it is searched by, whichever segment it lies in."""
    for names in (["a", "b"], ["c"], ["d", "e", "f"]):
        with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
            add_person(writer, "p1", *names)
            add_person(writer, "p2", *(f"{name} of another" for name in names))
    with ReferenceIndex.open(tmp_path / "i") as index:
        for image in index.images("p1"):
            (near,) = index.search_faces(likeness(image.source.removesuffix(".png")), k=2)
            assert {one.record_id: one.image_id for one in near}["p1"] == image.id


def test_there_is_one_answer_for_every_face(tmp_path):
    """An index without faces, and a batch without any, give empty answers."""
    path = make(tmp_path / "i")
    with ReferenceIndex.open(path) as index:
        assert index.channels == ("hash", "local")
        assert (index.references("face"), index.person_count) == (0, 0)
        assert index.search_faces(likeness("x", "y"), k=3) == [(), ()]
    with IndexWriter(path, settings=SETTINGS) as writer:
        add_person(writer, "p1", "face")
    with ReferenceIndex.open(path) as index:
        assert index.channels == ("face", "hash", "local")
        assert index.search_faces(likeness(), k=3) == []
        assert index.search_faces(likeness("face"), k=0) == [()]
        assert len(index.search_faces(likeness("face"), k=0, min_score=-1)[0]) == 1
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.remove_record("p1")
    with ReferenceIndex.open(path) as index:
        assert index.channels == ("face", "hash", "local")
        assert index.search_faces(likeness("x"), k=3) == [()]


def test_faces_of_a_kind_that_does_not_count_are_not_counted(tmp_path):
    """Each face counts once, and those of a kind can be left out."""
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add_person(writer, "p1", "a", faces=3)
        add_person(writer, "w", "b")
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert index.references("face") == 4
        assert index.references("face", without=Kind.PERSON) == 1
        assert index.references("face", without=Kind.CLEARED) == 4


def test_what_cannot_be_searched_by_is_refused(tmp_path):
    """Vectors of another type, shape, length or size, k below 0, and nan are errors."""
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        add_person(writer, "p1", "a")
    good = likeness("a")
    with ReferenceIndex.open(tmp_path / "i") as index:
        for vectors in (good[0], good.astype(float), good * np.float32(1.1), good * 0):
            with pytest.raises(ValueError, match=r"expected float32 \(n, d\) of unit length"):
                index.search_faces(vectors, k=1)
        with pytest.raises(ValueError, match="faces have 8 numbers each, those of the index 16"):
            index.search_faces(unit(good[:, :8]), k=1)
        with pytest.raises(ValueError, match="k is -1"):
            index.search_faces(good, k=-1)
        with pytest.raises(ValueError, match="min_score is nan"):
            index.search_faces(good, k=1, min_score=float("nan"))
    with pytest.raises(ValueError, match="is closed"):
        index.search_faces(good, k=1)


def test_threads_share_an_index(tmp_path):
    """Searches at once, the first ones included, give what they give one after another."""
    names = [f"p{number}" for number in range(40)]
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        for name in names:
            add_person(writer, name, f"{name} a")
    with ReferenceIndex.open(tmp_path / "i") as index:

        def search(name):
            return index.search_faces(likeness(f"{name} a"), k=5)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(search, names))
        assert found == [search(name) for name in names]
        assert [near[0].record_id for (near,) in found] == names
