"""Every Hamming engine does the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_index.vectors import Block
from reference_index.vectors.exact import ExactHamming
from reference_index.vectors.faiss_hamming import FaissHamming

ENGINES = pytest.mark.parametrize("engine", [ExactHamming, FaissHamming])


def some_blocks(rng, sizes):
    """Return blocks with ids that ascend, some twice, and few different codes, so that many tie."""
    blocks, start = [], 1
    for size in sizes:
        ids = start + np.sort(rng.integers(0, 2 * size + 1, size))
        codes = rng.integers(0, 256, (size, 32), np.uint8) & rng.integers(0, 2, (size, 1), np.uint8)
        blocks.append(Block(codes=codes, ids=ids.astype(np.int64)))
        start += 2 * size + 1
    return blocks


def true_distances(blocks, dead, query):
    """Return the distance of every live vector, with its id, by counting bits one by one."""
    dead = set(dead.tolist())
    return [
        (int(np.unpackbits(code ^ query).sum()), int(number))
        for block in blocks
        for code, number in zip(block.codes, block.ids, strict=True)
        if int(number) not in dead
    ]


@ENGINES
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 40), max_size=4),
    dead_share=st.sampled_from([0.0, 0.1, 0.9, 1.0]),
    k=st.integers(1, 90),
)
def test_search_gives_the_nearest_live_vectors(engine, seed, sizes, dead_share, k):
    """Distances are the smallest there are, and every id has a vector at its distance."""
    rng = np.random.default_rng(seed)
    blocks = some_blocks(rng, sizes)
    ids = np.unique(np.concatenate([np.empty(0, np.int64), *(block.ids for block in blocks)]))
    dead = ids[rng.random(len(ids)) < dead_share]
    queries = seed % 4
    wanted = rng.integers(0, 256, (queries, 32), np.uint8)

    searched = engine(blocks, dead)
    found = searched.search(wanted, k=k)

    assert found.distances.dtype == np.int32
    assert found.ids.dtype == np.int64
    assert found.ids.shape == found.distances.shape == (queries, min(k, searched.size))
    for row, query in enumerate(wanted):
        expected = true_distances(blocks, dead, query)
        pairs = list(zip(found.distances[row].tolist(), found.ids[row].tolist(), strict=True))
        assert len(expected) == searched.size
        assert [distance for distance, _ in sorted(expected)[:k]] == found.distances[row].tolist()
        assert all(pairs.count(pair) <= expected.count(pair) for pair in pairs)


@ENGINES
def test_read_only_codes_are_served_without_a_copy(engine):
    """A read-only array, as a memory map gives it, is searched as it is."""
    codes = np.frombuffer(bytes(range(64)), np.uint8).reshape(2, 32)
    searched = engine([Block(codes=codes, ids=np.array([5, 9]))], np.empty(0, np.int64))
    assert searched.search(codes, k=1).ids.tolist() == [[5], [9]]


@ENGINES
def test_what_cannot_be_searched_is_refused(engine):
    """Queries of another type or shape, and k below 1, are errors."""
    searched = engine([], np.empty(0, np.int64))
    with pytest.raises(ValueError, match="expected C-contiguous uint8"):
        searched.search(np.zeros((1, 32), np.float32), k=1)
    with pytest.raises(ValueError, match="expected C-contiguous uint8"):
        searched.search(np.zeros(32, np.uint8), k=1)
    with pytest.raises(ValueError, match="k is 0"):
        searched.search(np.zeros((1, 32), np.uint8), k=0)


def test_a_block_has_an_id_for_every_vector():
    """Ids of another number or type are errors."""
    with pytest.raises(ValueError, match="expected int64"):
        Block(codes=np.zeros((2, 32), np.uint8), ids=np.array([1]))
