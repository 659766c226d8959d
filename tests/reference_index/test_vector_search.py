"""Searching a vector channel gives the records that come closest, by score."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tools import (
    CONCEPT,
    EMBEDDING,
    VECTOR_SETTINGS,
    digest,
    make,
    record,
    unit,
    views,
)

from reference_index import IndexWriter, ReferenceIndex, vector_levels, vector_search
from reference_index.vector_levels import NEAREST, PRIOR
from reference_index.vectors.exact_cosine import ExactCosine
from reference_index.vectors.faiss_cosine import FaissCosine

SIZE = 12
STRANGERS = (0.25, 0.9)
WITHIN = 2e-6
OWN = {"width": 9, "height": 9, "source": ""}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def some_index(path, rng, sizes):
    """Make an index of records whose images have so many windows each, in several segments.

    Some records are removed again. Returns the vectors of each record that is left, and of its
    images, by id: a list of arrays for each record.
    """
    few = unit(rng.standard_normal((2, SIZE)) + 0.5)
    left = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reference_index.writer.merge_start", lambda rows: len(rows) - 1)
        with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
            for number, windows in enumerate(sizes):
                name = f"r{number:02}"
                writer.put_record(record(name))
                images = []
                for place, count in enumerate(windows):
                    vectors = unit(rng.standard_normal((count, SIZE)) + 0.5)
                    if rng.random() < 0.3:
                        vectors[0] = few[rng.integers(2)]
                    own = {"sha256": digest(f"{name} {place}"), "vectors": {EMBEDDING: vectors}}
                    writer.add_image(name, None, **own, **OWN)
                    images.append(vectors)
                left[name] = images
                if rng.random() < 0.2:
                    writer.commit()
            for name in [*left]:
                if rng.random() < 0.2:
                    writer.remove_record(name)
                    del left[name]
    return left


def expected(left, query, strangers):
    """Return the scores of all records and the number of their image, as the words have it."""
    cosines = {
        name: [(place, vector.astype(float) @ query, vector.astype(float))
               for place, vectors in enumerate(images) for vector in vectors]
        for name, images in left.items() if images
    }  # fmt: skip
    rows = sum(map(len, cosines.values()))
    most = max(map(len, cosines.values()), default=0)
    near = (rows - most) // NEAREST

    def level(vector, name):
        typical, cap = strangers
        others = (row for other, own in cosines.items() if other != name for _, _, row in own)
        nearest = sorted((min(float(row @ vector), cap) for row in others), reverse=True)[:near]
        return (sum(nearest) + PRIOR * typical) / (near + PRIOR) if near else typical

    found = {}
    for name, own in cosines.items():
        place, score, vector = max(own, key=lambda one: one[1])
        if strangers:
            levels = level(query.astype(float), name) + level(vector, name)
            score += strangers[0] - levels / 2
        found[name] = (score, place)
    return found


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.lists(st.integers(1, 4), max_size=3), max_size=25),
    k=st.integers(0, 8),
    min_score=st.sampled_from([None, -2.0, 0.2, 0.5, 2.0]),
    strangers=st.sampled_from([None, STRANGERS]),
    engine=st.sampled_from([None, ExactCosine, FaissCosine]),
)
def test_records_and_scores_are_as_the_definition_has_them(
    tmp_path_factory, seed, sizes, k, min_score, strangers, engine
):
    """Of several segments, images, windows, with removals: all that are to be found, no other."""
    path = tmp_path_factory.mktemp("v") / "i"
    rng = np.random.default_rng(seed)
    left = some_index(path, rng, sizes)
    queries = unit(rng.standard_normal((3, SIZE)) + 0.5)
    with ReferenceIndex.open(path, vector_engine=engine) as index:
        found = index.search_vectors(
            EMBEDDING, queries, k=k, min_score=min_score, strangers=strangers
        )
        places = {name: [image.id for image in index.images(name)] for name in left}
    for query, near in zip(queries, found, strict=True):
        scores = expected(left, query, strangers)
        best = sorted((score for score, _ in scores.values()), reverse=True)
        limit = best[k - 1] if 0 < k <= len(best) else -np.inf if k else np.inf
        limit = min(limit, np.inf if min_score is None else min_score)
        names = [one.record_id for one in near]
        assert len(set(names)) == len(names)
        assert {name for name, (score, _) in scores.items() if score > limit + WITHIN} <= {*names}
        assert len(names) >= min(k, len(best))
        assert [(-one.score, one.record_id) for one in near] == sorted(
            (-one.score, one.record_id) for one in near
        )
        for one in near:
            score, place = scores[one.record_id]
            assert one.score == pytest.approx(score, abs=WITHIN)
            assert one.score >= limit - WITHIN
            assert one.channel == EMBEDDING
            assert one.image_id == places[one.record_id][place]


@pytest.mark.smoke
def test_words_score_what_exceeds_neutral_ones(tmp_path):
    """Each window's own neutral cosine is taken off, and min_score is in the same terms."""
    path = make(tmp_path / "i", {"a": [], "b": []}, settings=VECTOR_SETTINGS)
    queries = views("q", 2)
    neutral = np.array([0.5, -0.25], np.float32)
    with ReferenceIndex.open(path) as index:
        plain = index.search_vectors(CONCEPT, queries, k=2)
        less = index.search_vectors(CONCEPT, queries, k=2, neutral=neutral)
        for one, other, amount in zip(plain, less, neutral.tolist(), strict=True):
            assert [near.score - amount for near in one] == pytest.approx([n.score for n in other])
            assert [near.record_id for near in one] == [near.record_id for near in other]
        best = less[0][0].score
        for min_score, count in ((best, 1), (np.nextafter(best, 2), 0)):
            (found, _) = index.search_vectors(
                CONCEPT, queries, k=0, min_score=min_score, neutral=neutral
            )
            assert len(found) == count


def test_scores_depend_on_no_batch(tmp_path):
    """A query alone finds what it finds among others, digit by digit."""
    some_index(tmp_path / "i", np.random.default_rng(3), [[3, 2]] * 30)
    queries = unit(np.random.default_rng(4).standard_normal((40, SIZE)) + 0.5)
    with ReferenceIndex.open(tmp_path / "i") as index:
        together = index.search_vectors(EMBEDDING, queries, k=4, strangers=STRANGERS)
    with ReferenceIndex.open(tmp_path / "i") as index:
        apart = [
            index.search_vectors(EMBEDDING, queries[row : row + 1], k=4, strangers=STRANGERS)[0]
            for row in range(len(queries))
        ]
    assert together == apart


def test_equals_are_ordered_by_record_id(tmp_path):
    """However they were enrolled."""
    vector = views("same", 1)
    with IndexWriter(tmp_path / "i", settings=VECTOR_SETTINGS) as writer:
        for name in ("b", "c", "a"):
            writer.put_record(record(name))
            for copy in ("first", "second"):
                own = {"sha256": digest(copy), "vectors": {EMBEDDING: vector}}
                writer.add_image(name, None, **own, **OWN)
    with ReferenceIndex.open(tmp_path / "i") as index:
        (found,) = index.search_vectors(EMBEDDING, vector, k=3)
        assert [near.record_id for near in found] == ["a", "b", "c"]
        firsts = [index.images(name)[0].id for name in "abc"]
        assert [near.image_id for near in found] == firsts
        (found,) = index.search_vectors(EMBEDDING, vector, k=1)
        assert [near.record_id for near in found] == ["a"]


@pytest.mark.parametrize("k", [1, 3])
def test_a_record_of_many_rows_hides_no_other(tmp_path, k):
    """More is fetched until there are so many records."""
    near = unit(views("q", 1) + 0.01 * np.random.default_rng(0).standard_normal((300, 16)))
    with IndexWriter(tmp_path / "i", settings=VECTOR_SETTINGS) as writer:
        for name, vectors in (("a", near), ("b", views("b")), ("c", views("c"))):
            writer.put_record(record(name))
            own = {"sha256": digest(name), "vectors": {EMBEDDING: vectors}}
            writer.add_image(name, None, **own, **OWN)
    with ReferenceIndex.open(tmp_path / "i") as index:
        (found,) = index.search_vectors(EMBEDDING, views("q", 1), k=k)
    assert found[0].record_id == "a"
    assert len(found) == k


def test_of_many_rows_some_more_than_k_are_ranked(tmp_path, monkeypatch):
    """The nearest by cosine are, so that the best is found though not all rows are looked at."""
    rng = np.random.default_rng(5)
    left = some_index(tmp_path / "i", rng, [[1]] * 200)
    queries = unit(rng.standard_normal((20, SIZE)) + 0.5)
    monkeypatch.setattr(vector_search, "ALL_RANKED", 100)
    asked = []
    with ReferenceIndex.open(tmp_path / "i") as index:
        index.search_vectors(EMBEDDING, queries[:1], k=1)
        channel = index._vectors(EMBEDDING)
        nearest = channel._nearest
        channel._nearest = lambda query, k: asked.append(k) or nearest(query, k)
        few = index.search_vectors(EMBEDDING, queries, k=1, strangers=STRANGERS)
        assert max(asked) == 18
        most = index.search_vectors(EMBEDDING, queries, k=1, min_score=0.3, strangers=STRANGERS)
        assert max(asked) > 18
    for query, (best, *_), above in zip(queries, few, most, strict=True):
        scores = expected(left, query, STRANGERS)
        nearest = sorted(scores, key=lambda name: -(left[name][0][0] @ query))[:16]
        assert best.score >= max(scores[name][0] for name in nearest) - WITHIN
        assert {one.record_id for one in above} >= {
            name for name, (score, _) in scores.items() if score >= 0.3 + WITHIN
        }


def test_the_best_are_found_whatever_the_cohort_is_like(tmp_path, monkeypatch):
    """Records beside the cohort may be less common than all in it, and so score more."""
    monkeypatch.setattr(vector_levels, "COHORT", 20)
    rng = np.random.default_rng(3)
    common, rare = np.eye(SIZE)[:2]
    among = vector_levels.cohort_rows(np.arange(60))
    vectors = unit(rng.standard_normal((60, SIZE)) * 0.05 + rare)
    vectors[among] = unit(rng.standard_normal((len(among), SIZE)) * 0.05 + common)
    with IndexWriter(tmp_path / "i", settings=VECTOR_SETTINGS) as writer:
        for number, vector in enumerate(vectors):
            writer.put_record(record(f"r{number:02}"))
            own = {"sha256": digest(str(number)), "vectors": {EMBEDDING: vector[None]}}
            writer.add_image(f"r{number:02}", None, **own, **OWN)
    queries = unit(rng.standard_normal((50, SIZE)) * 0.05 + 1.1 * common + rare)
    with ReferenceIndex.open(tmp_path / "i") as index:
        every = index.search_vectors(EMBEDDING, queries, k=60, strangers=STRANGERS)
        few = index.search_vectors(EMBEDDING, queries, k=2, strangers=STRANGERS)
    assert few == [those[:2] for those in every]


def test_what_cannot_be_searched_by_is_refused(tmp_path):
    """By name of what is wrong."""
    path = make(tmp_path / "i", {"a": ["a0"]}, settings=VECTOR_SETTINGS)
    good, neutral = views("q"), np.zeros(2, np.float32)
    with ReferenceIndex.open(path) as index:
        search = SimpleNamespace(
            pictures=lambda *a, **o: index.search_vectors(EMBEDDING, *a, **{"k": 1} | o),
            words=lambda *a, **o: index.search_vectors(CONCEPT, *a, **{"k": 1} | o),
        )
        for bad in (good * 2, good[0], good.astype(np.float64), good * np.nan):
            with pytest.raises(ValueError, match="unit length"):
                search.pictures(bad)
        with pytest.raises(ValueError, match="have 8 numbers each, those of the index 16"):
            search.pictures(unit(np.ones((1, 8))))
        with pytest.raises(ValueError, match="k is -1"):
            search.pictures(good, k=-1)
        with pytest.raises(ValueError, match="min_score is nan"):
            search.pictures(good, min_score=np.nan)
        with pytest.raises(ValueError, match="neutral came for embedding"):
            search.pictures(good, neutral=neutral)
        with pytest.raises(ValueError, match="strangers came for concept"):
            search.words(good, strangers=STRANGERS)
        for bad in (neutral[:1], neutral.astype(np.float64), neutral * np.nan):
            with pytest.raises(ValueError, match="neutral is"):
                search.words(good, neutral=bad)
        for channel in ("hash", "embedding", "embedding:X"):
            with pytest.raises(ValueError, match="no channel of vectors"):
                index.search_vectors(channel, good, k=1)
        assert index.search_vectors("embedding:other", good, k=1) == [(), ()]
        assert search.pictures(good, k=0) == [(), ()]
        assert search.pictures(good[:0]) == []
        assert len(search.pictures(good, k=99)[0]) == 1
    with pytest.raises(ValueError, match="is closed"):
        index.search_vectors(EMBEDDING, good, k=1)
