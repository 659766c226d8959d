"""What a face has in common with people at large is taken off its cosine with each of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tools import FACE_SETTINGS, SETTINGS, digest, record, unit

from reference_index import IndexWriter, ReferenceIndex
from reference_index.face_levels import NEAREST, PRIOR, Levels

TYPICAL, CAP = 0.17, 0.34


def people(count, size=8, seed=0):
    """Return unit vectors, float32 (count, size), a little alike to one another."""
    return unit(np.random.default_rng(seed).normal(size=(count, size)) + 0.3)


def level(cosines):
    """Return the level that the cosines with all others give."""
    near = len(cosines) // NEAREST
    nearest = sorted((min(cosine, CAP) for cosine in cosines), reverse=True)[:near]
    return (sum(nearest) + PRIOR * TYPICAL) / (near + PRIOR)


def expected(templates, query):
    """Return the scores as the words have it, everybody being one of the people at large."""
    of_all = templates.astype(float) @ templates.astype(float).T
    cosines = templates.astype(float) @ query.astype(float)
    return [
        cosines[i] - (level(np.delete(cosines, i)) + level(np.delete(of_all[i], i))) / 2 + TYPICAL
        for i in range(len(templates))
    ]


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 60), seed=st.integers(0, 2**32))
def test_scores_are_as_the_definition_has_it(count, seed):
    """Each score is the cosine less the mean of both levels, nobody compared with themselves."""
    templates, query = people(count, seed=seed), people(1, seed=seed + 1)[0]
    levels = Levels(templates, typical=TYPICAL, cap=CAP)
    cosines = (templates @ query).astype(np.float64)
    scores = levels.scores(cosines, query, np.arange(count))
    np.testing.assert_allclose(scores, expected(templates, query), atol=1e-5)
    assert (scores <= cosines + levels.most(query) + 1e-9).all()


@pytest.mark.parametrize("count", [1, 2, NEAREST])
def test_among_few_people_scores_are_plain_cosines(count):
    """The nearest of few is no tenth of them: levels are the typical one."""
    templates, query = people(count), people(1, seed=5)[0]
    cosine = (templates @ query).astype(np.float64)
    levels = Levels(templates, typical=TYPICAL, cap=CAP)
    scores = levels.scores(cosine, query, np.arange(count))
    assert scores == pytest.approx(cosine)
    assert levels.most(query) == pytest.approx(0)


@pytest.mark.parametrize("others", [0, 1, 5, 40])
def test_somebody_enrolled_twice_is_still_found(others):
    """A second record of the same person costs the score no more than the cap allows."""
    templates = np.concatenate([people(others + 1), people(1)])  # the first one again
    levels = Levels(templates, typical=TYPICAL, cap=CAP)
    scores = levels.scores((templates @ templates[0]).astype(float), templates[0], np.arange(1))
    assert scores[0] >= 1 - (CAP - TYPICAL)


def test_a_face_that_is_alike_to_everybody_scores_lower():
    """Of two faces as alike to a person, the one that resembles the others less scores higher."""
    templates = people(30, size=64)
    own = templates[0]
    crowd = unit(templates[1:].mean(axis=0)[None])[0]
    apart = unit((crowd - own * (own @ crowd))[None])[0]
    common, rare = (
        (0.5 * own + sign * math.sqrt(0.75) * apart).astype(np.float32) for sign in (1, -1)
    )
    levels = Levels(templates, typical=TYPICAL, cap=CAP)

    def score(face):
        return levels.scores(np.array([float(own @ face)]), face, np.arange(1))[0]

    assert float(own @ common) == pytest.approx(float(own @ rare), abs=1e-6)
    assert score(common) < score(rare) - 0.02


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    k=st.sampled_from([0, 1, 3, 50]),
    min_score=st.sampled_from([None, 0.0, 0.3, 0.5]),
)
def test_an_index_finds_all_that_the_definition_gives(tmp_path_factory, seed, k, min_score):
    """The k best and everyone from min_score on are found, in the order of their scores."""
    templates, query = people(40, seed=seed), people(1, seed=seed + 1)
    path = tmp_path_factory.mktemp("people") / "index"
    with IndexWriter(path, settings=SETTINGS) as writer:
        for number, vector in enumerate(templates):
            writer.put_record(record(f"{number:02}"))
            writer.add_image(
                f"{number:02}", None, sha256=digest(str(number)), width=1, height=1,
                source="", faces=vector[None], face_settings=FACE_SETTINGS,
            )  # fmt: skip
    with ReferenceIndex.open(path) as index:
        [found] = index.search_faces(query, k=k, min_score=min_score, strangers=(TYPICAL, CAP))
    scores = expected(templates, query[0])
    ranked = sorted(range(40), key=lambda number: -scores[number])
    lowest = math.inf if min_score is None else min_score
    wanted = [n for rank, n in enumerate(ranked) if rank < k or scores[n] >= lowest]
    assert [int(one.record_id) for one in found] == wanted
    np.testing.assert_allclose([one.score for one in found], [scores[n] for n in wanted], atol=1e-5)
