import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.evaluation.metrics import (
    OperatingPoint,
    ScoredPairs,
    bootstrap_over_queries,
    micro_average_precision,
    recall_at_precision,
    recall_at_score,
    recall_without_false_match,
)


def pairs(*scored, truths=None):
    """Pairs of (score, is_true), one query each, with as many true pairs as given."""
    n = len(scored)
    is_true = np.array([true for _, true in scored], np.bool_)
    return ScoredPairs(
        query=np.arange(n),
        record=np.zeros(n, np.int64),
        score=np.array([score for score, _ in scored], np.float64),
        is_true=is_true,
        truths=is_true.astype(np.int64) if truths is None else np.array(truths),
    )


scored_pairs = st.lists(
    st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30
).filter(lambda scored: any(true for _, true in scored))


def test_average_precision_of_a_ranking_counted_by_hand():
    """True pairs at ranks 1 and 3 of 4 have precisions 1 and 2/3."""
    found = micro_average_precision(pairs((9, True), (8, False), (7, True), (6, False)))
    assert pytest.approx((1 + 2 / 3) / 2) == found


def test_average_precision_counts_missed_pairs_as_nothing():
    """One of two true pairs, ranked first, the other never scored: half."""
    assert micro_average_precision(pairs((9, True), (8, False), truths=[1, 1])) == 0.5


def test_average_precision_ranks_false_before_true_among_equals():
    """A true pair that ties with one false pair stands at rank 2, in either order given."""
    assert micro_average_precision(pairs((5, True), (5, False))) == 0.5
    assert micro_average_precision(pairs((5, False), (5, True))) == 0.5


def test_recall_at_precision_meets_its_bound_exactly():
    """Nine true of ten are a precision of 0.9; eight of nine are not."""
    nine = [(10, True)] * 8 + [(9, False), (8, True)]
    assert recall_at_precision(pairs(*nine)) == OperatingPoint(recall=1.0, min_score=8.0)
    eight = [(10, True)] * 7 + [(9, False), (8, True)]
    assert recall_at_precision(pairs(*eight)) == OperatingPoint(recall=7 / 8, min_score=10.0)


def test_recall_at_precision_takes_equal_scores_together():
    """A threshold cannot take the true one of two equal scores alone."""
    found = recall_at_precision(pairs((9, True), (5, True), (5, False)))
    assert found == OperatingPoint(recall=0.5, min_score=9.0)


def test_recall_at_precision_may_recover_after_a_false_match():
    """An early false match is outweighed by enough true ones below it."""
    found = recall_at_precision(pairs((10, False), *[(9 - n / 10, True) for n in range(9)]))
    assert found == OperatingPoint(recall=1.0, min_score=8.2)


def test_recall_at_precision_is_nothing_where_no_threshold_serves():
    """Where every threshold is worse than asked for, no score is high enough."""
    found = recall_at_precision(pairs((9, False), (8, True)))
    assert found == OperatingPoint(recall=0.0, min_score=float("inf"))


def test_recall_without_false_match_stops_above_the_best_false_score():
    """A true pair that ties with the best false pair does not count."""
    found = recall_without_false_match(pairs((9, True), (7, True), (7, False), (5, True)))
    assert found == OperatingPoint(recall=1 / 3, min_score=9.0)


def test_recall_without_false_match_of_a_perfect_ranking():
    """Without any false pair every true one counts."""
    assert recall_without_false_match(pairs((1, True), (2, True))).recall == 1.0


def test_recall_at_score_includes_the_score_itself():
    """The bound is inclusive."""
    given_pairs = pairs((9, True), (7, True), (7, False))
    assert recall_at_score(given_pairs, 7) == 1.0
    assert recall_at_score(given_pairs, 7.5) == 0.5


@pytest.mark.parametrize(
    "metric", [micro_average_precision, recall_at_precision, recall_without_false_match]
)
def test_no_true_pair_is_an_error(metric):
    """Recall of nothing is refused rather than guessed."""
    with pytest.raises(ValueError, match="no query has a true pair"):
        metric(pairs((1, False)))


def test_nothing_scored_is_no_recall():
    """A method that compared nothing misses every true pair."""
    nothing = pairs(truths=[1, 0])
    assert micro_average_precision(nothing) == 0.0
    assert recall_at_precision(nothing).recall == 0.0
    assert recall_without_false_match(nothing).recall == 0.0


@given(scored_pairs, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_the_order_of_the_pairs_does_not_matter(scored, chance):
    """Every metric is a function of the set of pairs."""
    shuffled = scored.copy()
    chance.shuffle(shuffled)
    one, other = pairs(*scored), pairs(*shuffled)
    assert micro_average_precision(one) == pytest.approx(micro_average_precision(other))
    assert recall_at_precision(one) == recall_at_precision(other)
    assert recall_without_false_match(one) == recall_without_false_match(other)


@given(scored_pairs)
@settings(deadline=None, max_examples=60)
def test_ties_are_the_worst_case(scored):
    """Breaking every tie in favor of the false pairs changes nothing."""
    broken = [(score - (0.25 if true else 0.0), true) for score, true in scored]
    assert micro_average_precision(pairs(*scored)) == micro_average_precision(pairs(*broken))
    assert (
        recall_without_false_match(pairs(*scored)).recall
        == recall_without_false_match(pairs(*broken)).recall
    )


@given(scored_pairs, st.sampled_from([0.5, 0.8, 0.9, 1.0]))
@settings(deadline=None, max_examples=60)
def test_recall_at_precision_equals_trying_every_threshold(scored, precision):
    """The best recall is that of the best threshold found by trial."""
    expected = 0.0
    total = sum(true for _, true in scored)
    for threshold in {score for score, _ in scored}:
        taken = [true for score, true in scored if score >= threshold]
        if sum(taken) >= precision * len(taken) - 1e-9:
            expected = max(expected, sum(taken) / total)
    assert pytest.approx(expected) == recall_at_precision(pairs(*scored), precision).recall


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": np.array([1.0, np.nan])}, "not finite"),
        ({"query": np.array([0, 2])}, "beyond 0 to 1"),
        ({"query": np.array([0, 0])}, "occurs twice"),
        ({"truths": np.array([0, 0])}, "more true pairs"),
        ({"score": np.array([1.0])}, "one length"),
    ],
)
def test_pairs_that_cannot_be_are_refused(change, message):
    """Each rule of the arrays is checked when they are put together."""
    fields = {
        "query": np.array([0, 1]),
        "record": np.array([5, 5]),
        "score": np.array([1.0, 2.0]),
        "is_true": np.array([True, False]),
        "truths": np.array([1, 0]),
    }
    with pytest.raises(ValueError, match=message):
        ScoredPairs(**(fields | change))


def test_bootstrap_of_a_perfect_ranking_is_a_point():
    """Where every query is right, every draw of queries is."""
    perfect = pairs(*[(9, True)] * 6, *[(1, False)] * 6)
    found = bootstrap_over_queries(
        perfect, micro_average_precision, rng=np.random.default_rng(1), resamples=20
    )
    assert (found.low, found.high) == (1.0, 1.0)


def test_bootstrap_draws_whole_queries_and_their_missed_pairs():
    """With half of the true pairs missed, recall varies around a half; the seed repeats it."""
    given_pairs = pairs(*[(9, True)] * 20, truths=[1] * 40)
    first, second = (
        bootstrap_over_queries(
            given_pairs, micro_average_precision, rng=np.random.default_rng(3), resamples=200
        )
        for _ in range(2)
    )
    assert first == second
    assert 0.3 < first.low < 0.45
    assert 0.55 < first.high < 0.7


def test_bootstrap_keeps_the_pairs_of_a_query_together():
    """A query with a true and a false pair keeps both in every draw."""
    mixed = ScoredPairs(
        query=np.repeat(np.arange(5), 2),
        record=np.tile([0, 1], 5),
        score=np.tile([2.0, 1.0], 5),
        is_true=np.tile([False, True], 5),
        truths=np.ones(5, np.int64),
    )

    def share_of_true(drawn):
        return float(drawn.is_true.mean())

    found = bootstrap_over_queries(mixed, share_of_true, rng=np.random.default_rng(0), resamples=10)
    assert (found.low, found.high) == (0.5, 0.5)
