"""Every cosine engine does the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tools import unit

from reference_index.vectors import CosineBlock, are_unit, faiss_cosine
from reference_index.vectors.exact_cosine import ExactCosine
from reference_index.vectors.faiss_cosine import FaissCosine

ENGINES = pytest.mark.parametrize("engine", [ExactCosine, FaissCosine])
SIZE = 24
WITHIN = 1e-5


def some_blocks(rng, sizes):
    """Return blocks with ids that ascend, some twice, and vectors of which some are the same."""
    blocks, start = [], 1
    few = unit(rng.standard_normal((3, SIZE)))
    for size in sizes:
        ids = start + np.sort(rng.integers(0, 2 * size + 1, size))
        vectors = unit(rng.standard_normal((size, SIZE)) + 1e-9)
        same = rng.random(size) < 0.3
        vectors[same] = few[rng.integers(0, len(few), int(same.sum()))]
        blocks.append(CosineBlock(vectors=vectors, ids=ids.astype(np.int64)))
        start += 2 * size + 1
    return blocks


def true_scores(blocks, dead, query):
    """Return the cosine of every live vector, with its id, best first."""
    dead = set(dead.tolist())
    scores = [
        (sum(a * b for a, b in zip(vector.tolist(), query.tolist(), strict=True)), int(number))
        for block in blocks
        for vector, number in zip(block.vectors, block.ids, strict=True)
        if int(number) not in dead
    ]
    return sorted(scores, reverse=True)


@ENGINES
@settings(deadline=None)  # threads wait where others use the processors
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 40), max_size=4),
    dead_share=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
    k=st.integers(1, 90),
    parallel_from=st.sampled_from([0, faiss_cosine.PARALLEL_FROM]),
)
def test_search_gives_the_nearest_live_vectors(engine, seed, sizes, dead_share, k, parallel_from):
    """Scores are the highest there are, and every id has a vector with its score."""
    rng = np.random.default_rng(seed)
    blocks = some_blocks(rng, sizes)
    ids = np.unique(np.concatenate([np.empty(0, np.int64), *(block.ids for block in blocks)]))
    dead = ids[rng.random(len(ids)) < dead_share]
    wanted = unit(rng.standard_normal((seed % 25, SIZE)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faiss_cosine, "PARALLEL_FROM", parallel_from)
        searched = engine(blocks, dead)
        found = searched.search(wanted, k=k)

    assert found.scores.dtype == np.float32
    assert found.ids.dtype == np.int64
    assert found.ids.shape == found.scores.shape == (len(wanted), min(k, searched.size))
    for row, query in enumerate(wanted):
        expected = true_scores(blocks, dead, query)
        assert len(expected) == searched.size
        best = np.array([score for score, _ in expected[:k]])
        assert np.abs(found.scores[row] - best).max(initial=0) < WITHIN
        left = list(expected)
        for score, number in zip(found.scores[row].tolist(), found.ids[row].tolist(), strict=True):
            left.remove(min(left, key=lambda one: abs(one[0] - score) + (one[1] != number)))
            assert any(abs(a - score) < WITHIN and b == number for a, b in expected)
        assert len(left) == len(expected) - len(best)


@ENGINES
def test_read_only_vectors_are_served_without_a_copy(engine):
    """A read-only array, as a memory map gives it, is searched as it is."""
    vectors = np.frombuffer(unit(np.eye(2, SIZE)).tobytes(), np.float32).reshape(2, SIZE)
    searched = engine([CosineBlock(vectors=vectors, ids=np.array([5, 9]))], np.empty(0, np.int64))
    found = searched.search(vectors, k=2)
    assert found.ids.tolist() == [[5, 9], [9, 5]]
    assert found.scores.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@ENGINES
def test_what_cannot_be_searched_is_refused(engine):
    """Queries of another type or shape, and k below 1, are errors."""
    searched = engine([], np.empty(0, np.int64))
    for queries in (np.zeros((1, SIZE)), np.zeros(SIZE, np.float32), np.zeros((2, 4), "f4").T):
        with pytest.raises(ValueError, match="expected C-contiguous float32"):
            searched.search(queries, k=1)
    with pytest.raises(ValueError, match="k is 0"):
        searched.search(np.zeros((1, SIZE), np.float32), k=0)


def test_a_block_has_an_id_for_every_vector():
    """Ids of another number or type are errors."""
    with pytest.raises(ValueError, match="expected int64"):
        CosineBlock(vectors=np.zeros((2, SIZE), np.float32), ids=np.array([1]))


def test_unit_vectors_are_told_from_others():
    """Rounding to float32 does not matter; a hundredth too long, zeros and nan do."""
    vectors = unit(np.random.default_rng(0).standard_normal((100, 512)))
    assert are_unit(vectors)
    assert are_unit(vectors[:0])
    for wrong in (1.01, 0, np.nan):
        assert not are_unit(np.concatenate([vectors, vectors[:1] * np.float32(wrong)]))
