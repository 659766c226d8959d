"""What a vector has in common with references at large, and who stands for these."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tools import unit

from reference_index import vector_levels
from reference_index.face_levels import Levels
from reference_index.vector_levels import COHORT, CohortLevels, cohort_rows

TYPICAL, CAP = 0.2, 0.7


def some_vectors(count, size=8, seed=0):
    """Return unit vectors, float32 (count, size), a little alike to one another."""
    return unit(np.random.default_rng(seed).normal(size=(count, size)) + 0.3)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), seed=st.integers(0, 2**32))
def test_levels_of_one_row_a_record_are_those_of_people(count, seed):
    """Where each record has one row, scores are what face_levels gives."""
    rows, query = some_vectors(count, seed=seed), some_vectors(1, seed=seed + 1)[0]
    places = np.arange(count)
    people = Levels(rows, typical=TYPICAL, cap=CAP)
    levels = CohortLevels(rows, places, typical=TYPICAL, cap=CAP)
    own = levels.of_query(query)
    cosines = (rows @ query).astype(np.float64)
    scores = cosines - (own.beside(places) + levels.of_rows(rows, places)) / 2 + TYPICAL
    np.testing.assert_allclose(scores, people.scores(cosines, query, places), atol=1e-6)
    most = TYPICAL - (own.least + levels.least) / 2
    assert most == pytest.approx(people.most(query), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    owners=st.lists(st.integers(0, 6), min_size=1, max_size=80),
    seed=st.integers(0, 2**32),
)
def test_rows_of_a_record_never_count_for_itself(owners, seed):
    """Nor are there ever fewer that count: whatever they are, the levels beside it are the same."""
    owners = np.array(owners)
    rows, query = some_vectors(len(owners), seed=seed), some_vectors(1, seed=seed + 1)[0]
    other = np.where((owners == owners[0])[:, None], some_vectors(len(owners), seed=seed + 2), rows)
    record, vector = owners[:1], some_vectors(1, seed=seed + 3)
    found = []
    for cohort in (rows, other):
        levels = CohortLevels(cohort, owners, typical=TYPICAL, cap=CAP)
        own = levels.of_query(query)
        assert own.least <= own.beside(np.unique(owners)).min() + 1e-9
        assert levels.least <= levels.of_rows(cohort, owners).min() + 1e-9
        found.append([own.beside(record)[0], levels.of_rows(vector, record)[0]])
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)


def test_without_others_every_level_is_the_typical_one():
    """Of one record, or ten, there is no tenth among the others."""
    for owners in (np.zeros(50, np.int64), np.arange(10)):
        rows = some_vectors(len(owners))
        levels = CohortLevels(rows, owners, typical=TYPICAL, cap=CAP)
        assert levels.least == pytest.approx(TYPICAL)
        assert levels.of_query(rows[0]).beside(owners) == pytest.approx(TYPICAL)
        assert levels.of_query(rows[0]).least == pytest.approx(TYPICAL)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([1] * 20, [1] * 20),
        ([1] * (COHORT - 1), [1] * (COHORT - 1)),
        ([2] * (COHORT - 1), [1] * (COHORT - 1)),
        ([3] * COHORT, [1] * COHORT),
        ([COHORT], [COHORT]),
        ([COHORT + 1], [COHORT]),
        ([1, 5_000, 1], [1, COHORT - 2, 1]),
        ([2_000, 2_000], [COHORT // 2] * 2),
        ([100, 2_000, 2_000], [100, 450, 450]),
    ],
)
def test_the_cohort_has_rows_of_as_many_records_as_possible(counts, expected):
    """As many of each as of the others, all of those that have fewer."""
    owners = np.repeat(np.arange(len(counts)), counts)
    owners = np.random.default_rng(0).permutation(owners)
    rows = cohort_rows(owners)
    assert (np.diff(rows) > 0).all()
    assert np.bincount(owners[rows], minlength=len(counts)).tolist() == expected


def test_of_more_records_the_cohort_is_spread_over_all():
    """One row of each chosen one, its first, from the first record to the last."""
    owners = np.repeat(np.arange(5 * COHORT), 2)
    rows = cohort_rows(owners)
    assert len(rows) == COHORT
    assert (rows % 2 == 0).all()
    assert (owners[rows[0]], owners[rows[-1]]) == (0, 5 * COHORT - 1)
    assert np.diff(owners[rows]).max() <= 6


def test_constants_are_those_of_people():
    """What levels of pictures and of people have in common is told by both modules."""
    from reference_index import face_levels

    for name in ("COHORT", "NEAREST", "PRIOR"):
        assert getattr(vector_levels, name) == getattr(face_levels, name)
