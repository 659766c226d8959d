"""Votes for frames are what counting them one by one gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_index import local_votes
from reference_index.local_votes import Hits, best_bins, most_voted, weights

SEEDS = st.integers(0, 2**32)


def some_hits(rng, count, pairs):
    """Return hits of a few pairs, in no order."""
    return Hits(
        pair=rng.integers(0, pairs, count) * 7,
        weight=rng.random(count).astype(np.float32),
        rotation=rng.uniform(-360, 360, count).astype(np.float32),
        octaves=rng.uniform(-9, 9, count).astype(np.float32),
    )


def votes_one_by_one(hits, pair):
    """Return the fullest bin of a pair, counted with plain loops."""
    bins = {}
    for one, weight, rotation, octaves in zip(*hits, strict=True):
        if one != pair:
            continue
        turn, scale = rotation % 360 / 22.5, min(max(octaves, -4), 4)
        for number in range(16):
            away = abs(turn - number)
            of_turn = max(0, 1 - min(away, 16 - away))
            for octave in range(-4, 5):
                share = of_turn * max(0, 1 - abs(scale - octave))
                bins[number, octave] = bins.get((number, octave), 0) + weight * share
    return max(
        full + (bins[(number - 1) % 16, octave] + bins[(number + 1) % 16, octave]) / 2
        for (number, octave), full in bins.items()
    )


@given(seed=SEEDS)
def test_the_fullest_bin_is_that_of_plain_loops(seed):
    """A hit is shared among two bins of rotation, and two of scale; neighbors add half."""
    hits = some_hits(np.random.default_rng(seed), 40, 4)
    pairs = np.unique(hits.pair)[1:]
    expected = [votes_one_by_one(hits, pair) for pair in pairs]
    assert best_bins(hits, pairs) == pytest.approx(expected, rel=1e-5)


def test_features_that_agree_outvote_those_that_do_not():
    """Equal weights are worth most where rotation and scale are one and the same."""
    same = np.zeros(16, np.float32)
    apart = np.arange(16, dtype=np.float32) * 22.5
    hits = Hits(
        pair=np.repeat([0, 1, 2], 16),
        weight=np.ones(48, np.float32),
        rotation=np.concatenate([same + 45, same + 45 + 11.25, apart]),
        octaves=np.concatenate([same + 1, same + 1, same]),
    )
    assert best_bins(hits, np.arange(3)).tolist() == [16, 12, 2]


@given(seed=SEEDS)
def test_a_hit_counts_by_how_much_nearer_it_is_than_the_last(seed):
    """Beside the last, or a bound where that is nearer; and only the first of each frame."""
    rng = np.random.default_rng(seed)
    distances = np.sort(rng.random((6, 10)) * rng.choice([0.05, 0.5]), axis=1).astype(np.float32)
    distances[1, 4:] = np.inf
    distances[2] = np.inf
    distances[3] = 0
    frames = rng.integers(0, 6, (6, 10))
    found = weights(distances, frames)
    for row in range(6):
        there = distances[row][np.isfinite(distances[row])]
        last = max(there.max(initial=0), local_votes.LEAST_LAST_DISTANCE)
        for rank in range(10):
            first = frames[row, rank] not in frames[row, :rank]
            expected = (1 - distances[row, rank] / last) if rank < len(there) and first else 0
            assert found[row, rank] == pytest.approx(expected, abs=1e-6)


def test_pairs_of_one_record_do_not_crowd_out_the_others(monkeypatch):
    """Those with the largest sums are counted, but of each record no more than some."""
    monkeypatch.setattr(local_votes, "PAIRS_COUNTED", 6)
    monkeypatch.setattr(local_votes, "PAIRS_OF_A_RECORD", 3)
    records = np.array([5, 5, 5, 5, 5, 1, 1, 2, 3])
    sums = np.array([9.0, 8.0, 9.5, 7.0, 6.0, 1.0, 2.0, 3.0, 0.5])
    assert most_voted(np.arange(9), sums, records).tolist() == [0, 1, 2, 5, 6, 7]
    assert most_voted(np.arange(6), sums[:6], records[:6]).tolist() == [0, 1, 2, 3, 4, 5]
