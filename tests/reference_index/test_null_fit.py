"""What is fitted to simulated scores keeps its promises on others, or promises nothing."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from reference_index.null_fit import UPPER_BOUNDS, fit_null, suspects

REFERENCES = 1000
KEPT = 20


def score_of(kind, exponential):
    """Return scores that are this rare: reached by a share exp(-x) of all pairs."""
    if kind == "exponential":
        return exponential
    if kind == "Pareto":
        return np.expm1(0.5 * exponential) / 0.5
    return np.floor(3.0 * exponential)


def simulated(kind, images, rng, *, kept=KEPT):
    """Return the highest scores of unrelated images with REFERENCES records: a row each."""
    gaps = rng.exponential(size=(images, kept)) / (REFERENCES - np.arange(kept))
    return list(score_of(kind, -np.log(-np.expm1(-gaps.cumsum(axis=1)))))


def complete_from(scores):
    """Return the score from which on no list of scores is cut."""
    return max(one.min() for one in scores)


def fitted(scores, rng, *, kind="exponential", low=None, references=REFERENCES, **options):
    """Return the calibration of the scores."""
    return fit_null(
        scores,
        complete_from=complete_from(scores) if low is None else low,
        channel="c",
        unit="u",
        settings="s",
        references=references,
        background="b",
        discrete=kind == "steps",
        rng=rng,
        **options,
    )


def suspected(scores, rng, *, kind="exponential", low=None, references=REFERENCES):
    """Return the suspects among the scores."""
    return suspects(
        scores,
        complete_from=complete_from(scores) if low is None else low,
        references=references,
        discrete=kind == "steps",
        rng=rng,
    )


KINDS = ("exponential", "Pareto", "steps")


@pytest.mark.smoke
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_promised_is_observed(kind):
    """Others have as many pairs as promised, within what chance does to 95 of 100 samples."""
    images = 300
    kept = {30: 0, 10: 0}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        null = fitted(simulated(kind, images, rng), rng, kind=kind, resamples=0).null
        fresh = np.concatenate(simulated(kind, images, rng))
        for pairs in kept:
            score = null.score_at(pairs / images, references=REFERENCES)
            expected = null.false_alarms(score, references=REFERENCES) * images
            # Of two equal samples the one has so many pairs before the other has this many.
            low, high = stats.nbinom.interval(0.95, expected, 0.5)
            kept[pairs] += low <= (fresh >= score).sum() <= high
    assert min(kept.values()) >= 90


@pytest.mark.parametrize("kind", KINDS)
def test_an_interval_holds_the_truth(kind):
    """In nearly as many samples as it says, of the measured and the extrapolated thresholds."""
    held = {0.1: 0, 1e-2: 0, 1e-3: 0, 1e-4: 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        calibration = fitted(simulated(kind, 300, rng), rng, kind=kind, resamples=100)
        for row in calibration.thresholds:
            rare = math.log(REFERENCES / row.promised)
            truth = 3.0 * rare if kind == "steps" else score_of(kind, rare)
            if kind == "steps" and not row.extrapolated:
                truth = math.ceil(truth)
            held[row.promised] += row.low <= truth <= row.high
    assert min(held.values()) >= 34


def test_the_tail_is_the_one_the_scores_were_drawn_from():
    """Shape and scale come out as they went in, beyond what ten pairs reach."""
    rng = np.random.default_rng(0)
    found = [fitted(simulated("Pareto", 1000, rng), rng, resamples=0) for _ in range(20)]
    shapes = [one.null.tail_shape for one in found]
    assert np.mean(shapes) == pytest.approx(0.5, abs=0.1)
    # Beyond a score the scale of this tail is 1 + 0.5 times the score.
    relative = [one.null.tail_scale / (1.0 + 0.5 * one.null.scores[-1]) for one in found]
    assert np.median(relative) == pytest.approx(1.0, abs=0.15)
    assert all(one.goodness_of_fit >= 0.05 for one in found)


def test_counts_tell_what_ten_pairs_reach():
    """Up to there a rate is pairs over images times references; lower than complete is all."""
    rng = np.random.default_rng(3)
    scores = simulated("exponential", 300, rng)
    null = fitted(scores, rng, resamples=0).null
    values = np.sort(np.concatenate(scores))
    assert (null.images, null.references, null.pairs) == (300, 1000, 300_000)
    assert (null.scores[0], null.rates[0]) == (complete_from(scores), 1.0)
    assert null.scores[-1] == values[-10]
    for score, rate in zip(null.scores[1:], null.rates[1:], strict=True):
        assert rate == (values >= score).sum() / 300_000
    between = [(a + b) / 2 for a, b in pairwise(null.scores)]
    for score in between[1:]:
        seen = (values >= score).sum() / 300
        assert seen <= null.false_alarms(score, references=1000) <= 1.02 * seen + 1.01 / 300
    assert len(null.scores) < 300


@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_fall_and_lead_back(kind):
    """In the tail strictly; and the score of a promise keeps it."""
    rng = np.random.default_rng(4)
    null = fitted(simulated(kind, 300, rng), rng, kind=kind, resamples=0).null
    beyond = null.scores[-1] + np.linspace(0.0, 100.0, 50)
    rates = [null.false_alarms(score, references=REFERENCES) for score in beyond.tolist()]
    assert all(a > b for a, b in pairwise(rates))
    for promised in (0.1, 1e-2, 1e-3, 1e-6):
        score = null.score_at(promised, references=REFERENCES)
        assert null.false_alarms(score, references=REFERENCES) <= promised * (1 + 1e-9)
        if null.extrapolated(score):
            back = null.false_alarms(score, references=REFERENCES)
            assert back == pytest.approx(promised)


@pytest.mark.parametrize("images", [150, 300])
def test_where_no_tail_fits_nothing_rarer_than_measured_is_promised(images):
    """Scores that end in one high value, as bounded ones do, have no tail that goes on."""
    rng = np.random.default_rng(5)
    scores = [rng.exponential(size=100) * 0.05 for _ in range(300)]
    for one in scores[:images]:
        one[0] = 0.9
    calibration = fitted(scores, rng, low=0.0, references=100)
    null = calibration.null
    assert (null.tail_scale, null.tail_shape, calibration.goodness_of_fit) == (None, None, None)
    assert null.false_alarms(0.9, references=100) == pytest.approx(images / 300)
    bound = 1 - 0.05 ** (1 / 300)
    assert null.false_alarms(0.95, references=100) == pytest.approx(bound)
    assert null.score_at(bound / 2, references=100) == math.inf
    first, second, third, fourth = calibration.thresholds
    assert first.min_score == second.min_score == math.nextafter(0.9, 1)
    assert (first.extrapolated, third.extrapolated) == (True, False)
    assert (third.min_score, third.low, third.high) == (None, None, None)
    needed = [one.images_needed for one in calibration.thresholds]
    assert needed == [100, 1000, 10_000, 100_000]
    assert fourth.min_score is None


def test_a_cluster_that_the_tail_cannot_explain_is_no_tail():
    """A dozen equal scores far out are no exponential, nor is any tail fitted to fewer pairs."""
    rng = np.random.default_rng(6)
    scores = [rng.exponential(size=100) for _ in range(300)]
    for one in scores[:30]:
        one[0] = 40.0
    null = fitted(scores, rng, low=0.0, references=100, resamples=0).null
    assert null.tail_scale is None


def test_few_scores_of_very_many_pairs_have_a_tail():
    """Where most images have no score at all, those that have one tell enough."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        scores = [np.empty(0)] * 1000
        for image in rng.choice(1000, 30, replace=False):
            scores[image] = 2.0 + 4.0 * score_of("Pareto", rng.exponential(size=1))
        calibration = fitted(scores, rng, low=0.0, references=1400)
        null = calibration.null
        assert null.tail_scale is not None
        assert null.rates[1] == pytest.approx(30 / 1_400_000)
        assert len(null.scores) == 22
        promised = {row.promised: row for row in calibration.thresholds}
        assert not promised[1e-2].extrapolated
        # 1 + 0.5 x is 4 times as large where 16 times fewer pairs are.
        assert promised[1e-3].low < 2.0 + 8.0 * (math.sqrt(30) - 1) < promised[1e-3].high


@pytest.mark.parametrize("kind", KINDS)
def test_an_interval_of_very_few_scores_may_have_no_end(kind):
    """Where images drawn again hardly have a score, or one step holds them all, that is told."""
    without_end = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scores = [np.empty(0)] * 60
        for image in range(16):
            scores[image] = 1.0 + score_of(kind, rng.exponential(size=1))
        for row in fitted(scores, rng, kind=kind, low=0.0, references=50).thresholds:
            if row.min_score is not None:
                assert row.low <= row.min_score
                assert row.high is None or row.min_score <= row.high
                without_end += row.high is None
    assert without_end > 0


@pytest.mark.parametrize("images", [1, 5, 14])
def test_too_few_images_promise_no_more_than_they_bear(images):
    """Below what was seen once stands its upper bound, and no tail is made of so few."""
    rng = np.random.default_rng(images)
    scores = simulated("exponential", images, rng)
    null = fitted(scores, rng).null
    values = np.sort(np.concatenate(scores))[::-1]
    assert null.tail_scale is None
    for few in range(5):
        bound = null.false_alarms(values[few - 1] if few else 1e9, references=REFERENCES) * images
        bounds = UPPER_BOUNDS[few] if few else images * (1 - 0.05 ** (1 / images))
        assert bound == pytest.approx(bounds)
    assert null.score_at(1e-2, references=REFERENCES) == math.inf


def test_images_without_any_score_promise_by_their_number():
    """A channel that was silent on 500 images may speak once in 167, and no rarer is promised."""
    rng = np.random.default_rng(0)
    calibration = fitted([np.empty(0)] * 500, rng, low=2.0, references=7)
    assert (calibration.null.scores, calibration.null.rates) == ((2.0,), (1.0,))
    assert calibration.null.false_alarms(2.1, references=7) == pytest.approx(3 / 500, rel=0.01)
    assert [row.min_score is None for row in calibration.thresholds] == [False, False, True, True]


def test_the_bounds_are_those_of_a_poisson_variable():
    """Of what was seen so often, 95 % of the time the mean is no higher."""
    for seen, bound in enumerate(UPPER_BOUNDS):
        assert stats.poisson.cdf(seen, bound) == pytest.approx(0.05, abs=1e-4)


def test_nothing_to_fit_is_refused():
    """Without images, references or finite scores there is no null distribution."""
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="0 background images were compared with 1000 references"):
        fitted([], rng, low=0.0)
    with pytest.raises(ValueError, match="1 background images were compared with 0 references"):
        fitted([np.ones(1)], rng, low=0.0, references=0)
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="scores must be finite"):
            fitted([np.array([1.0, wrong])], rng, low=0.0)


def test_the_same_seed_gives_the_same_calibration():
    """Chance is only in what the generator gives."""
    scores = simulated("steps", 100, np.random.default_rng(0))
    one, other = (fitted(scores, np.random.default_rng(1), kind="steps") for _ in range(2))
    assert one == other


@pytest.mark.parametrize(("kind", "high"), [("exponential", 50), ("Pareto", 1e6), ("steps", 150)])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_images_that_show_what_is_enrolled_are_found(kind, high, count):
    """However many there are, and whatever else they resemble, each is named by its pair."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        scores = simulated(kind, 300, rng)
        showing = sorted(rng.choice(300, count, replace=False).tolist())
        for image in showing:
            position = int(rng.integers(0, KEPT))
            scores[image] = np.insert(scores[image], position, high * rng.uniform(1, 2) // 1)
        found = suspected(scores, rng, kind=kind)
        assert sorted(image for image, _, _ in found) == showing
        for image, position, expected in found:
            assert position == scores[image].argmax()
            assert 0.0 < expected < 0.01


def test_unrelated_images_are_not_suspected():
    """On twenty backgrounds of each kind at most one false suspect; few scores are no reason."""
    for kind in KINDS:
        rng = np.random.default_rng(20)
        false = [len(suspected(simulated(kind, 300, rng), rng, kind=kind)) for _ in range(20)]
        assert sum(false) <= 1
    rng = np.random.default_rng(21)
    assert suspected(simulated("exponential", 12, rng), rng) == []
    few = [np.empty(0)] * 290 + [np.array([1000.0 * number]) for number in range(1, 11)]
    assert suspected(few, rng, low=0.0) == []


def test_suspects_would_have_spoiled_the_fit():
    """Left in, images that show what is enrolled raise the threshold; left out, they do not."""
    rng = np.random.default_rng(8)
    scores = simulated("exponential", 300, rng)
    clean = fitted(scores, rng, resamples=0).null.score_at(1e-2, references=REFERENCES)
    spoiled = [*scores[:295], *(np.append(one, 100.0) for one in scores[295:])]
    left_out = {image for image, _, _ in suspected(spoiled, rng)}
    rest = [one for number, one in enumerate(spoiled) if number not in left_out]
    assert left_out == {295, 296, 297, 298, 299}
    with_them = fitted(spoiled, rng, resamples=0).null.score_at(1e-2, references=REFERENCES)
    without = fitted(rest, rng, resamples=0).null.score_at(1e-2, references=REFERENCES)
    assert with_them > clean + 10.0
    assert without == pytest.approx(clean, abs=1.0)


def sparse(images, rng, *, rate):
    """Return scores of images few of which score anything: exponential beyond 2.0."""
    return [2.0 + rng.exponential(3.0, rng.poisson(rate)) for _ in range(images)]


def test_too_few_scores_have_the_tail_that_was_measured_elsewhere():
    """The level is one's own as far as it is seen, and the promise is kept on other images."""
    rng = np.random.default_rng(5)
    elsewhere = fitted(sparse(20_000, rng, rate=0.03), rng, low=0.0, resamples=0)
    assert elsewhere.goodness_of_fit is not None
    observed = []
    for _ in range(60):
        own = fitted(sparse(150, rng, rate=0.03), rng, low=0.0, elsewhere=elsewhere.null)
        assert own.goodness_of_fit is None
        assert own.null.tail_shape == elsewhere.null.tail_shape
        limit = own.null.score_at(1e-2, references=REFERENCES)
        fresh = np.concatenate(sparse(20_000, rng, rate=0.03))
        observed.append(np.count_nonzero(fresh >= limit) / 20_000)
    assert np.mean(observed) == pytest.approx(1e-2, rel=0.25)
    assert np.quantile(observed, 0.9) < 2e-2


def test_little_that_was_seen_changes_little_of_what_was_measured_elsewhere():
    """Nothing in a few images says next to nothing, nothing in many says that it is rarer."""
    rng = np.random.default_rng(6)
    elsewhere = fitted(sparse(20_000, rng, rate=0.03), rng, low=0.0, resamples=0).null
    shipped = elsewhere.score_at(1e-3, references=REFERENCES)
    few, many = (
        fitted([np.empty(0)] * images, rng, low=0.0, elsewhere=elsewhere, resamples=0).null
        for images in (20, 2_000)
    )
    assert few.score_at(1e-3, references=REFERENCES) == pytest.approx(shipped, rel=0.15)
    start = many.scores[1]
    expected = elsewhere.false_alarms(start, references=REFERENCES)
    assert many.false_alarms(start, references=REFERENCES) == pytest.approx(
        expected / (2_000 * expected + 1)
    )


def test_enough_scores_have_their_own_tail_or_none():
    """What was measured elsewhere never stands in for a tail that could be tried."""
    rng = np.random.default_rng(7)
    elsewhere = fitted(simulated("Pareto", 300, rng), rng, resamples=0).null
    scores = simulated("exponential", 300, rng)
    with_it, without = (
        fitted(scores, np.random.default_rng(1), elsewhere=one) for one in (elsewhere, None)
    )
    assert with_it == without


def test_what_was_seen_belies_a_tail_that_makes_it_impossible():
    """One score far beyond what the tail measured elsewhere allows, and it does not stand in."""
    rng = np.random.default_rng(8)
    elsewhere = fitted(sparse(20_000, rng, rate=0.03), rng, low=0.0, resamples=0).null
    scores = [np.array([2.5]), np.array([90.0]), *[np.empty(0)] * 148]
    null = fitted(scores, rng, low=0.0, elsewhere=elsewhere).null
    assert null.tail_scale is None
    assert null.false_alarms(90.0, references=REFERENCES) > 1 / 150


@pytest.mark.parametrize("share", [0.12, 0.5, 1.0])
def test_suspects_that_are_the_bulk_are_found(share):
    """A background made from what is enrolled is no background: its other pairs tell."""
    for kind, high in (("exponential", 50), ("steps", 150)):
        rng = np.random.default_rng(9)
        scores = simulated(kind, 300, rng)
        showing = list(range(round(300 * share)))
        for image in showing:
            scores[image] = np.append(scores[image], high * rng.uniform(1, 2) // 1)
        found = suspected(scores, rng, kind=kind)
        assert [image for image, _, _ in sorted(found)] == showing
        assert all(position == KEPT for _, position, _ in found)


def test_a_level_is_never_below_what_was_seen():
    """Nine pairs where a hundredth of one was to be expected are no hundredth of one."""
    rng = np.random.default_rng(10)
    elsewhere = fitted(sparse(20_000, rng, rate=0.03), rng, low=0.0, resamples=0).null
    scores = [np.array([3.0 + image]) if image < 9 else np.empty(0) for image in range(20)]
    null = fitted(scores, rng, low=0.0, references=10, elsewhere=elsewhere, resamples=0).null
    assert null.tail_shape == elsewhere.tail_shape
    assert null.false_alarms(null.scores[-1], references=10) == pytest.approx(9 / 20)


def test_what_too_few_images_say_is_not_called_measured():
    """That 100 silent images make 1e-2 likely from the lowest score on has not measured it."""
    rng = np.random.default_rng(11)
    elsewhere = fitted(sparse(20_000, rng, rate=0.03), rng, low=0.0, resamples=0).null
    rows = fitted([np.empty(0)] * 100, rng, low=0.0, references=60, elsewhere=elsewhere).thresholds
    first, second = rows[:2]
    assert first.min_score == second.min_score
    assert (first.images_needed, first.extrapolated) == (100, False)
    assert (second.images_needed, second.extrapolated) == (1000, True)
