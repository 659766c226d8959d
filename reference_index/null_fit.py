"""Fitting null distributions to what background images scored against an index.

Counts tell what ten pairs or more reach. Beyond that speaks a generalized Pareto tail of the
highest scores (peaks over threshold: Coles 2001, chapter 4) where one fits. Where too few pairs
scored anything to fit one, it is that of a null distribution measured elsewhere, at a level between
that and the one seen here; where none fits, only the bound that follows from how little was seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index.calibration import ChannelCalibration, NullDistribution, Threshold

PROMISES = (1e-1, 1e-2, 1e-3, 1e-4)
EXCEEDANCES = (200, 100, 50, 25, 15)  # pairs a tail is fitted to: the most to which it fits
TAIL_SHARE = 10  # and no more than one pair in so many
MIN_IMAGES = 15  # which the pairs of a tail come from
MIN_FIT = 0.05  # the p-value below which a tail does not fit
DRAWS = 200  # for the p-value
SHAPES = np.linspace(0.0, 2.0, 41)
# Upper 95 % bounds of the mean of a Poisson variable that was 0, 1, …; more are measured.
UPPER_BOUNDS = np.array([2.996, 4.744, 6.296, 7.754, 9.154, 10.513, 11.842, 13.148, 14.435, 15.705])
MEASURED_PAIRS = len(UPPER_BOUNDS)
ROW_STEP = 1.02  # of the counts of pairs from one row of a null distribution to the next
SUSPECT_SHARE = 10  # no more than one image in so many is suspected
SUSPICIOUS = 0.01  # expected number of pairs like it in the whole background
LIKELIHOOD_DROP = 0.5  # of the log-likelihood, to the end of a 68 % interval

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Pairs by score, highest first; n of them.

    scores: float64 (n,). spread: the same, but where scores have steps uniform within the step.
    images: int64 (n,), the number of the image that each is of.
    """

    scores: FloatArray
    spread: FloatArray
    images: npt.NDArray[np.intp]

    def chosen(self, rows: npt.NDArray[np.intp]) -> "_Pairs":
        """Return some of the pairs, by ascending position."""
        return _Pairs(self.scores[rows], self.spread[rows], self.images[rows])


def fit_null(
    scores: Sequence[FloatArray],
    *,
    complete_from: float,
    channel: str,
    unit: str,
    settings: str,
    references: int,
    background: str,
    discrete: bool,
    rng: np.random.Generator,
    promises: Sequence[float] = PROMISES,
    resamples: int = 200,
    elsewhere: NullDistribution | None = None,
) -> ChannelCalibration:
    """Return the null distribution of a channel, and what it promises for so many references.

    scores: for each background image that the channel could look at, its best score with each
    record that came close, in any order. complete_from: the score from which on none is missing.
    references: the reference images on the channel. background: the digest of the images.
    discrete: whether scores have steps. resamples: of the images, for the intervals. elsewhere: of
    the same channel, what gives the tail where there are too few pairs for one.
    Raises ValueError without images or references, or for a score that is not finite.
    """
    images = len(scores)
    if not images or references < 1:
        raise ValueError(
            f"{images} background images were compared with {references} references, expected at "
            f"least one of each: name more background images, or enroll first"
        )
    pairs = _sorted_pairs(scores, above=complete_from, discrete=discrete, rng=rng)
    size, goodness = _choose_size(pairs, most=images * references // TAIL_SHARE, rng=rng)

    total = images * references

    def null_of(pairs: _Pairs, borrowed: NullDistribution | None) -> NullDistribution:
        tail = _fit_tail(pairs, size) if size else None
        if borrowed and not tail:
            measured, rates = _level(pairs.scores, total, complete_from, borrowed)
            tail = _continued(borrowed, float(measured[-1]))
        else:
            measured, rates = _rows(pairs.scores, total, tail=tail is not None)
        lowest = float(rates[-1]) if len(rates) else 1.0
        return NullDistribution(
            channel=channel,
            unit=unit,
            settings=settings,
            scores=(float(complete_from), *measured.tolist()),
            rates=(1.0, *rates.tolist()),
            tail_scale=tail and tail[0],
            tail_shape=tail and tail[1],
            floor=0.0 if tail else min((1.0 - 0.05 ** (1.0 / images)) / references, lowest),
            images=images,
            references=references,
            pairs=total,
            background=background,
        )

    borrowed = elsewhere if goodness is None else None
    null = null_of(pairs, borrowed)
    if borrowed and len(pairs.scores):
        highest = null.false_alarms(float(pairs.scores[0]), references=references)
        if highest * images < SUSPICIOUS:  # what was seen belies that tail
            borrowed, null = None, null_of(pairs, None)
    # What lies far below every promise plays no part in the intervals.
    most = 3 * max(EXCEEDANCES[0], math.ceil(max(promises) * images))
    top = pairs.chosen(np.arange(min(most, len(pairs.scores))))
    resampled = [null_of(_resampled(top, images, rng), borrowed) for _ in range(resamples)]
    return ChannelCalibration(
        null=null,
        thresholds=tuple(_threshold(promise, null, resampled) for promise in promises),
        goodness_of_fit=goodness if size else None,
    )


def suspects(
    scores: Sequence[FloatArray],
    *,
    complete_from: float,
    references: int,
    discrete: bool,
    rng: np.random.Generator,
) -> list[tuple[int, int, float]]:
    """Return the pairs that score too high for chance, as unrelated as the other images are.

    Such an image probably shows what is enrolled. Each pair is told as the number of its image,
    its position in that image's scores, and how many pairs like it a background of this size
    would have by chance, fewer than SUSPICIOUS by all that fits the images that are no suspects.
    Those are found from the bulk upwards, so that suspects do not hide one another; where they are
    the bulk, by all that fits the pairs that are no image's best. See ``fit_null`` for the
    parameters.
    """
    pairs = _sorted_pairs(scores, above=complete_from, discrete=discrete, rng=rng)
    most = len(scores) * references // TAIL_SHARE
    images, first = np.unique(pairs.images, return_index=True)
    highest = images[np.argsort(first)].tolist()  # images by their best score
    ranks = np.full(len(scores), len(scores))
    ranks[highest] = np.arange(len(highest))
    ranked = ranks[pairs.images]

    def found(rest: _Pairs, size: int, images: Sequence[int]) -> list[tuple[int, int, float]]:
        return [
            (image, position, expected)
            for image in images
            for position, score in enumerate(scores[image].tolist())
            if (expected := _expected(score, rest, size)) < SUSPICIOUS
        ]

    few = len(scores) // SUSPECT_SHARE
    rest = pairs.chosen(np.setdiff1d(np.arange(len(pairs.scores)), first)[: EXCEEDANCES[0] + 1])
    if few < len(highest) and (size := _size(rest, most)):
        lowest = float(scores[highest[few]].max())
        if _expected(lowest, rest, size) < SUSPICIOUS:  # more than could be told from the others
            return found(rest, size, highest)
    most_suspects = min(few, len(highest))
    enough = _others(ranked, most_suspects)
    if len(enough) > EXCEEDANCES[0]:  # then fewer suspects need no pairs beyond these either
        ranked = ranked[: enough[-1] + 1]
    for count in range(most_suspects, 0, -1):
        rest = pairs.chosen(_others(ranked, count))
        if size := _size(rest, most):
            lowest = float(scores[highest[count - 1]].max())
            if _expected(lowest, rest, size) < SUSPICIOUS:
                return found(rest, size, highest[:count])
    return []


def _size(pairs: _Pairs, most: int) -> int:
    """Return how many of the pairs to judge others by, 0 where they are of too few images."""
    size = max(min(len(pairs.scores) - 1, most), 0)
    return size if len(set(pairs.images[:size].tolist())) >= MIN_IMAGES else 0


def _others(ranked: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """Return the first pairs whose image is not among the first ``count``, enough for a tail."""
    return np.flatnonzero(ranked >= count)[: EXCEEDANCES[0] + 1]


def _sorted_pairs(
    scores: Sequence[FloatArray], *, above: float, discrete: bool, rng: np.random.Generator
) -> _Pairs:
    values = np.concatenate([np.asarray(one, np.float64) for one in scores])
    if not np.isfinite(values).all() or not math.isfinite(above):
        raise ValueError("scores must be finite")
    images = np.repeat(np.arange(len(scores)), [len(one) for one in scores])
    kept = values > above
    values, images = values[kept], images[kept]
    different = np.unique(values)
    step = np.diff(different).min() if discrete and len(different) > 1 else 0.0
    spread = values + step * rng.random(len(values))
    order = np.argsort(-spread, kind="stable")
    return _Pairs(values[order], spread[order], images[order])


def _resampled(pairs: _Pairs, images: int, rng: np.random.Generator) -> _Pairs:
    """Return the pairs of as many images, drawn with replacement."""
    times = np.bincount(rng.integers(0, images, images), minlength=images)
    return pairs.chosen(np.repeat(np.arange(len(pairs.scores)), times[pairs.images]))


def _rows(scores: FloatArray, total: int, *, tail: bool) -> tuple[FloatArray, FloatArray]:
    """Return ascending scores and the rate of each; with a tail only those of enough pairs."""
    counts = np.flatnonzero(np.diff(scores, append=-np.inf)) + 1
    if tail:
        counts = counts[counts >= MEASURED_PAIRS]
    grade = np.floor(np.log(counts) / math.log(ROW_STEP))
    counts = counts[np.diff(grade, prepend=-1.0) > 0.0]
    few = counts[counts < MEASURED_PAIRS]
    bounds = np.concatenate([UPPER_BOUNDS[few], counts[len(few) :]])
    rates = np.minimum.accumulate(np.minimum(bounds / total, 1.0)[::-1])
    return scores[counts - 1][::-1], rates


def _level(
    scores: FloatArray, total: int, complete_from: float, elsewhere: NullDistribution
) -> tuple[FloatArray, FloatArray]:
    """Return ascending scores and the rate of each: those of enough pairs.

    Else the rate of one, that of elsewhere times how many more pairs were seen than it expects,
    one added to both: the posterior mean of a Poisson variable whose prior is worth one pair. But
    never less than was seen, as that would be where next to nothing was expected.
    """
    measured, rates = _rows(scores, total, tail=True)
    if len(measured):
        return measured, rates
    lowest = elsewhere.scores[1] if len(elsewhere.scores) > 1 else elsewhere.scores[0]
    start = max(lowest, math.nextafter(complete_from, math.inf))
    expected = elsewhere.false_alarms(start, references=1) * total
    seen = np.count_nonzero(scores >= start)
    pairs = max(expected * (seen + 1) / (expected + 1), seen)
    return np.array([start]), np.array([min(pairs / total, 1.0)])


def _continued(elsewhere: NullDistribution, start: float) -> tuple[float, float] | None:
    """Return scale and shape from a score on of a tail measured elsewhere.

    From a score below the start of that tail on it falls no faster than from there.
    """
    scale, shape = elsewhere.tail_scale, elsewhere.tail_shape
    if scale is None or shape is None:
        return None
    return scale + shape * max(start - elsewhere.scores[-1], 0.0), shape


def _choose_size(pairs: _Pairs, *, most: int, rng: np.random.Generator) -> tuple[int, float | None]:
    """Return to how many pairs a tail is fitted, and how well it fits the fewest that were tried.

    None for none tried, as too few images scored anything; a size of 0 where no tail fits.
    """
    goodness = None
    for size in EXCEEDANCES:
        if size > most or size >= len(pairs.scores):
            continue
        few_images = len(set(pairs.images[:size].tolist())) < MIN_IMAGES
        # It must begin within what is measured, where scores have coarse steps too.
        if few_images or pairs.spread[size] > pairs.scores[MEASURED_PAIRS - 1]:
            continue
        goodness = _goodness(pairs.spread[:size] - pairs.spread[size], rng)
        if goodness >= MIN_FIT:
            return size, goodness
    return 0, goodness


def _fit_tail(pairs: _Pairs, size: int) -> tuple[float, float] | None:
    """Return scale and shape of the scores beyond the last measured one, fitted to so many pairs.

    To more where the steps of the scores are coarse; None where too few pairs have a score.
    """
    if len(pairs.scores) < MEASURED_PAIRS:
        return None
    last = pairs.scores[MEASURED_PAIRS - 1]
    start = min(pairs.spread[min(size, len(pairs.spread) - 1)], last)
    excesses = pairs.spread[pairs.spread > start] - start
    if not len(excesses):
        return None
    scale, shape = _fit(excesses)
    return scale + shape * float(last - start), shape


def _fit(excesses: FloatArray) -> tuple[float, float]:
    """Return scale and shape of the tail most likely to have made the excesses, (n,).

    Given shape / scale the rest is known, so that one variable is left (Grimshaw 1993).
    """
    best = 0.0
    for steps in (SHAPES, np.linspace(-SHAPES[1], SHAPES[1], 21)):
        tried = np.maximum(best + steps, 0.0)
        scales, shapes, likelihoods = _profile(excesses, tried)
        at = int(np.argmax(likelihoods))
        best = tried[at]
    return float(scales[at]), float(shapes[at])


def _profile(excesses: FloatArray, tried: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return scales, shapes and log-likelihoods, (k,) each, given shape / scale.

    tried: (k,), shapes of which one that has the median of the excesses gives shape / scale.
    """
    middle = max(float(np.median(excesses)), float(excesses.max()) * 1e-9)
    slopes = np.expm1(math.log(2.0) * tried) / middle
    shapes = np.log1p(slopes[:, None] * excesses).mean(axis=1)
    exponential = np.full_like(slopes, excesses.mean())
    scales = np.divide(shapes, slopes, out=exponential, where=slopes > 0.0)
    return scales, shapes, -len(excesses) * (np.log(scales) + shapes + 1.0)


def _survival_exponent(excesses: FloatArray, scale: float, shape: float) -> FloatArray:
    """Return minus the logarithm of the share of a tail beyond each excess."""
    relative = excesses / scale
    return np.log1p(shape * relative) / shape if shape > 0.0 else relative


def _goodness(excesses: FloatArray, rng: np.random.Generator) -> float:
    """Return the p-value of a tail for excesses, highest first: how often its own fit worse."""
    if excesses[0] <= 0.0:
        return 0.0
    scale, shape = _fit(excesses)
    drawn = rng.exponential(size=(DRAWS, len(excesses)))
    if shape > 0.0:
        drawn = np.expm1(shape * drawn) / shape
    drawn = -np.sort(-scale * drawn, axis=1)
    found = _misfit(excesses, scale, shape)
    worse = sum(_misfit(one, *_fit(one)) >= found for one in drawn)
    return (worse + 1) / (DRAWS + 1)


def _misfit(excesses: FloatArray, scale: float, shape: float) -> float:
    """Return the Anderson-Darling statistic of excesses, highest first."""
    count = len(excesses)
    exponents = np.maximum(_survival_exponent(excesses, scale, shape), 1e-12)
    weights = 2.0 * np.arange(count, 0, -1) - 1.0
    return -count - float(weights @ (np.log(-np.expm1(-exponents)) - exponents[::-1])) / count


def _expected(score: float, pairs: _Pairs, size: int) -> float:
    """Return how many of the pairs would reach a score, by the heaviest tail that fits so many."""
    start = pairs.spread[size]
    excesses = pairs.spread[:size] - start
    if score <= start or excesses[0] <= 0.0:
        return float(size)
    scales, shapes, likelihoods = _profile(excesses, SHAPES)
    plausible = np.flatnonzero(likelihoods >= likelihoods.max() - LIKELIHOOD_DROP)
    beyond = np.array([score - start])
    exponents = [_survival_exponent(beyond, scales[at], shapes[at])[0] for at in plausible]
    return size * math.exp(-min(exponents))


def _threshold(
    promised: float, null: NullDistribution, resampled: Sequence[NullDistribution]
) -> Threshold:
    lowest = null.scores[0]
    score, *drawn = (
        max(one.score_at(promised, references=one.references), lowest) for one in (null, *resampled)
    )
    drawn.sort()
    last = len(drawn) - 1
    needed = math.ceil(MEASURED_PAIRS / promised)
    return Threshold(
        promised=promised,
        min_score=_finite(score),
        low=_finite(drawn[math.floor(0.025 * last)]) if drawn and score < math.inf else None,
        high=_finite(drawn[math.ceil(0.975 * last)]) if drawn and score < math.inf else None,
        extrapolated=score < math.inf and (null.extrapolated(score) or null.images < needed),
        images_needed=needed,
    )


def _finite(score: float) -> float | None:
    return score if score < math.inf else None
