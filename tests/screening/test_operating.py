import math

import numpy as np
import pytest
from scipy import stats

from screening.evaluation.metrics import (
    ScoredPairs,
    bootstrap_over_queries,
    micro_average_precision,
    recall_at_precision,
    recall_at_score,
    recall_without_false_match,
)
from screening.evaluation.operating import estimates, fnir_at_fpir, operating_curve
from screening.evaluation.reliability import (
    beta_binomial_quantiles,
    images_to_confirm,
    predictive_interval,
    share_interval,
)


def pairs(*scored, truths):
    """Pairs of (query, record, score, is_true)."""
    query, record, score, is_true = zip(*scored, strict=True)
    return ScoredPairs(
        query=np.array(query),
        record=np.array(record),
        score=np.array(score, np.float64),
        is_true=np.array(is_true, np.bool_),
        truths=np.array(truths),
    )


def random_pairs(seed, queries=40, records=6):
    """Scores with many ties; every second query has a true record, found most of the time."""
    rng = np.random.default_rng(seed)
    truths = np.arange(queries) % 2
    score = rng.integers(0, 8, (queries, records)).astype(np.float64)
    score[:, 0] += 4 * truths
    true = np.zeros((queries, records), np.bool_)
    true[:, 0] = truths == 1
    kept = rng.random((queries, records)) < 0.8
    query, record = np.nonzero(kept)
    return ScoredPairs(
        query=query, record=record, score=score[kept], is_true=true[kept], truths=truths
    )


# Two positives (queries 0 and 1), two unrelated images (2 and 3).
BY_HAND = (
    (0, 0, 9.0, True),
    (2, 0, 8.0, False),
    (2, 1, 7.0, False),
    (1, 1, 7.0, True),
    (0, 1, 6.0, False),
    (3, 0, 5.0, False),
)


def test_an_operating_curve_counted_by_hand():
    """One point a recall, at its lowest price; equals are taken together."""
    curve = operating_curve(pairs(*BY_HAND, truths=[1, 1, 0, 0]))
    assert curve.recall.tolist() == [0.5, 1.0]
    assert curve.min_score.tolist() == [9.0, 7.0]
    assert curve.precision.tolist() == [1.0, 0.5]
    assert curve.false_alarms.tolist() == [0.0, 1.0]
    assert curve.flagged.tolist() == [0.0, 0.5]


def test_false_pairs_of_a_positive_cost_precision_but_are_no_false_alarms_of_the_background():
    """The background's rates are told of unrelated images alone."""
    scored = ((0, 1, 9.0, False), (0, 0, 8.0, True), (1, 0, 1.0, False))
    curve = operating_curve(pairs(*scored, truths=[1, 0]))
    assert curve.precision.tolist() == [0.5]
    assert curve.false_alarms.tolist() == [0.0]


def test_a_missed_true_pair_keeps_the_curve_from_full_recall():
    """One of two true pairs was never scored."""
    curve = operating_curve(pairs((0, 0, 1.0, True), truths=[1, 1, 0]))
    assert curve.recall.tolist() == [0.5]


def test_a_curve_without_a_single_find_is_empty():
    """No true pair was scored at all: there is no point to speak of."""
    curve = operating_curve(pairs((1, 0, 1.0, False), truths=[1, 0]))
    assert curve.recall.tolist() == []


@pytest.mark.parametrize("truths", [[0, 0], [1, 1]])
def test_a_curve_needs_positives_and_unrelated_images(truths):
    """Without either there is nothing to trade."""
    scored = ((0, 0, 1.0, bool(truths[0])), (1, 1, 1.0, bool(truths[1])))
    with pytest.raises(ValueError, match="expected at least one of each"):
        operating_curve(pairs(*scored, truths=truths))


@pytest.mark.parametrize("seed", range(5))
def test_every_point_of_the_curve_is_what_its_threshold_gives(seed):
    """Recall, precision and both rates are those of the pairs at or above min_score."""
    scored = random_pairs(seed)
    curve = operating_curve(scored)
    unrelated = scored.truths == 0
    for place, threshold in enumerate(curve.min_score):
        above = scored.score >= threshold
        assert curve.recall[place] == recall_at_score(scored, threshold)
        assert curve.precision[place] == pytest.approx(np.mean(scored.is_true[above]))
        alarms = scored.query[above & unrelated[scored.query]]
        assert curve.false_alarms[place] == pytest.approx(len(alarms) / unrelated.sum())
        assert curve.flagged[place] == pytest.approx(len(set(alarms.tolist())) / unrelated.sum())


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_the_bootstrap_over_queries(seed):
    """With a group for each query all measures come out as one by one."""
    scored = random_pairs(seed)
    found = estimates(
        scored,
        [scored.score >= 9.0],
        groups=np.arange(len(scored.truths)),
        rng=np.random.default_rng(seed),
        resamples=60,
    )
    metrics = {
        found.micro_ap: micro_average_precision,
        found.recall_at_90_precision: lambda p: recall_at_precision(p).recall,
        found.recall_without_false_match: lambda p: recall_without_false_match(p).recall,
        found.recalls[0]: lambda p: recall_at_score(p, 9.0),
    }
    for estimate, metric in metrics.items():
        interval = bootstrap_over_queries(
            scored, metric, rng=np.random.default_rng(seed), resamples=60
        )
        expected = (metric(scored), interval.low, interval.high)
        assert pytest.approx(expected) == (estimate.value, estimate.low, estimate.high)


def test_edits_of_one_picture_are_drawn_together():
    """Ten edits that stand and fall together say as much as one: the interval stays wide."""
    truths = [1] * 40
    scored = pairs(*[(n, 0, 2.0 if n < 20 else 1.0, True) for n in range(40)], truths=truths)

    def interval(groups):
        found = estimates(
            scored, [scored.score >= 2.0], groups=groups, rng=np.random.default_rng(0)
        )
        return found.recalls[0]

    apart, together = interval(np.arange(40)), interval(np.arange(40) // 10)
    assert apart.value == together.value == 0.5
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_identification_counted_by_hand():
    """Ten unmated searches, three mated: one in ten returned costs the mate at 0.4."""
    unmated = np.array([0.5, 0.3, *[0.1] * 7, -np.inf])
    mated = np.array([0.9, 0.4, -np.inf])
    at_tenth = fnir_at_fpir(mated, unmated, fpir=0.1)
    assert (at_tenth.fnir, at_tenth.fpir, at_tenth.min_score) == (1 / 3, pytest.approx(0.1), 0.4)
    never = fnir_at_fpir(mated, unmated, fpir=0.0)
    assert (never.fnir, never.fpir, never.min_score) == (pytest.approx(2 / 3), 0.0, 0.9)
    anything = fnir_at_fpir(mated, unmated, fpir=1.0)
    assert (anything.fnir, anything.min_score) == (pytest.approx(1 / 3), 0.1)


def test_identification_takes_ties_as_false_positives():
    """A mate that ties with the best stranger is lost when no stranger may be returned."""
    found = fnir_at_fpir(np.array([0.7]), np.array([0.7]), fpir=0.0)
    assert (found.fnir, found.min_score) == (1.0, math.inf)


@pytest.mark.parametrize(("mated", "unmated", "fpir"), [([], [1], 0), ([1], [], 0), ([1], [1], 2)])
def test_identification_refuses_what_means_nothing(mated, unmated, fpir):
    """No search, or no rate."""
    with pytest.raises(ValueError, match="searches at a rate of"):
        fnir_at_fpir(np.array(mated, float), np.array(unmated, float), fpir=fpir)


@pytest.mark.parametrize("trials", [0, 1, 17, 100, 3_000])
@pytest.mark.parametrize(("alpha", "beta"), [(0.0101, 100.9), (1.0, 1.0), (10.1, 90.9), (0.5, 7.0)])
def test_beta_binomial_quantiles_are_those_of_scipy(trials, alpha, beta):
    """The oracle computes with special functions, the product with a running product."""
    shares = (0.025, 0.5, 0.8, 0.975)
    expected = tuple(int(stats.betabinom.ppf(q, trials, alpha, beta)) for q in shares)
    assert beta_binomial_quantiles(shares, trials, alpha, beta) == expected


def test_a_promise_on_a_thousand_images_allows_what_chance_does():
    """1e-2 from 999 images, tried on 1,000: 4 to 19 flags; from 99 images chance allows more."""
    low, high = predictive_interval(1e-2, calibrated_on=999, images=1_000)
    assert (low, high) == tuple(
        int(stats.betabinom.ppf(q, 1_000, 10.0, 990.0)) for q in (0.025, 0.975)
    )
    wider = predictive_interval(1e-2, calibrated_on=99, images=1_000)
    assert wider[0] < low
    assert high < wider[1]


def test_predictions_hold_for_thresholds_from_order_statistics():
    """The k-th best of n scores, tried on fresh ones, stays in the interval as often as told."""
    rng = np.random.default_rng(5)
    low, high = predictive_interval(20 / 200, calibrated_on=199, images=150)
    inside = 0
    for _ in range(2_000):
        threshold = np.sort(rng.random(199))[-20]
        inside += low <= np.count_nonzero(rng.random(150) >= threshold) <= high
    assert 0.94 <= inside / 2_000 <= 0.98


@pytest.mark.parametrize("promised", [0.0, 1.0])
def test_a_promise_is_a_rate(promised):
    """Neither never nor always can be promised."""
    with pytest.raises(ValueError, match="promised is"):
        predictive_interval(promised, calibrated_on=10, images=10)
    with pytest.raises(ValueError, match="promised is"):
        images_to_confirm(promised)


@pytest.mark.parametrize(("promised", "needed"), [(0.1, 29), (1e-2, 299), (1e-3, 2_995)])
def test_images_to_confirm_a_promise(promised, needed):
    """So many, and not one fewer, would show a flag with 95 % probability at the promised rate."""
    assert images_to_confirm(promised) == needed
    assert (1 - promised) ** needed <= 0.05 < (1 - promised) ** (needed - 1)


@pytest.mark.parametrize(("count", "total"), [(0, 100), (3, 100), (50, 100), (100, 100)])
def test_the_interval_of_a_share_is_wilson_s(count, total):
    """As SciPy has it."""
    expected = stats.binomtest(count, total).proportion_ci(method="wilson")
    found = share_interval(count, total)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_of_nothing_is_refused():
    """None of none is no share."""
    with pytest.raises(ValueError, match="0 of 0"):
        share_interval(0, 0)
