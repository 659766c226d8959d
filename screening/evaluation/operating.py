"""Operating points: every threshold's recall and price, and what chance there is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from screening.evaluation.metrics import (
    BoolArray,
    FloatArray,
    IntArray,
    ScoredPairs,
    micro_average_precision,
    recall_at_precision,
    recall_without_false_match,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value and its 95 % interval, both ends included."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatingCurve:
    """The lowest threshold's price for each recall that can be had, recall rising.

    All float64 (n,), n the number of different recalls above 0. min_score: the threshold that
    first gives the recall. recall, precision: 0 to 1, of all pairs. false_alarms: pairs per query
    without a true record. flagged: share of those queries with at least one such pair.
    """

    min_score: FloatArray
    recall: FloatArray
    precision: FloatArray
    false_alarms: FloatArray
    flagged: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationPoint:
    """What a threshold gives in an open-set search.

    fnir: share of searches with an enrolled mate that miss it. fpir: share of searches without
    one that return anyone. min_score: infinite where no threshold keeps to the rate.
    """

    fnir: float
    fpir: float
    min_score: float


def operating_curve(pairs: ScoredPairs) -> OperatingCurve:
    """Return what the thresholds of scored pairs give, false pairs before true ones among equals.

    Queries whose ``truths`` is 0 are the unrelated images. Raises ValueError where there is no
    true pair, or no unrelated image.
    """
    expected, unrelated = int(pairs.truths.sum()), pairs.truths == 0
    if not expected or not unrelated.any():
        raise ValueError(
            f"{expected} true pairs and {np.count_nonzero(unrelated)} queries without any, "
            "expected at least one of each"
        )
    order = np.lexsort((pairs.is_true, -pairs.score))
    score, true, query = pairs.score[order], pairs.is_true[order], pairs.query[order]
    alarm = unrelated[query]
    first = np.zeros(len(order), np.bool_)
    first[np.unique(query, return_index=True)[1]] = True
    found = np.cumsum(true)
    whole = np.flatnonzero(np.append(score[1:] < score[:-1], len(score) > 0))
    levels, places = np.unique(found[whole], return_index=True)
    at = whole[places[levels > 0]]
    images = np.count_nonzero(unrelated)
    return OperatingCurve(
        min_score=score[at],
        recall=found[at] / expected,
        precision=found[at] / (at + 1),
        false_alarms=np.cumsum(alarm)[at] / images,
        flagged=np.cumsum(alarm & first)[at] / images,
    )


def fnir_at_fpir(mated: FloatArray, unmated: FloatArray, *, fpir: float) -> IdentificationPoint:
    """Return the miss rate at the lowest threshold whose false positive rate is at most ``fpir``.

    mated: float64 (searches,), the score of the true record, minus infinity where it was not
    returned. unmated: float64 (searches,), the best score of anyone, minus infinity where nobody
    was. A score at the threshold counts as returned. Source: ISO/IEC 19795-1.
    Raises ValueError where either is empty or fpir is not from 0 to 1.
    """
    if not (len(mated) and len(unmated) and 0.0 <= fpir <= 1.0):
        raise ValueError(
            f"{len(mated)} mated and {len(unmated)} unmated searches at a rate of {fpir}, expected "
            "at least one of each and a rate from 0 to 1"
        )
    scores = np.unique(np.concatenate((mated, unmated)))
    scores = np.append(scores[np.isfinite(scores)], np.inf)
    rates = 1.0 - np.searchsorted(np.sort(unmated), scores, side="left") / len(unmated)
    place = int(np.argmax(rates <= fpir + 1e-12))  # rates fall, and end at 0
    threshold = float(scores[place])
    return IdentificationPoint(
        fnir=float(np.mean(mated < threshold)), fpir=float(rates[place]), min_score=threshold
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The measures of scored pairs, each with its interval; ``recalls`` in the order asked for."""

    micro_ap: Estimate
    recall_at_90_precision: Estimate
    recall_without_false_match: Estimate
    recalls: tuple[Estimate, ...]


def estimates(
    pairs: ScoredPairs,
    flagged: Sequence[BoolArray],
    *,
    groups: IntArray,
    rng: np.random.Generator,
    resamples: int = 200,
) -> Estimates:
    """Return the measures of scored pairs with percentile intervals.

    flagged: for each recall wanted, bool (n,), the pairs that count as matches. groups: int64
    (queries,), from 0 on; queries of one group, the edits of one picture, are drawn together,
    since one tells much of the other. With a group for each query this is
    ``metrics.bootstrap_over_queries`` for all measures at once, sorted but once. Raises ValueError
    where there is no true pair.
    """
    values = [
        micro_average_precision(pairs),
        recall_at_precision(pairs).recall,
        recall_without_false_match(pairs).recall,
    ]
    hits = np.array([
        np.bincount(pairs.query[pairs.is_true & those], minlength=len(pairs.truths))
        for those in flagged
    ]).reshape(-1, len(pairs.truths))  # fmt: skip
    values += (hits.sum(axis=1) / pairs.truths.sum()).tolist()
    order = np.lexsort((pairs.is_true, -pairs.score))
    count = int(groups.max()) + 1
    drawn: list[list[float]] = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, count, count), minlength=count)[groups]
        expected = int(times @ pairs.truths)
        if expected:
            recalls = (hits @ times / expected).tolist()
            drawn.append([*_ranked(pairs, order, times, expected), *recalls])
    lows, highs = np.quantile(np.array(drawn), (0.025, 0.975), axis=0)
    told = [
        Estimate(value=float(value), low=float(low), high=float(high))
        for value, low, high in zip(values, lows, highs, strict=True)
    ]
    return Estimates(
        micro_ap=told[0],
        recall_at_90_precision=told[1],
        recall_without_false_match=told[2],
        recalls=tuple(told[3:]),
    )


def _ranked(
    pairs: ScoredPairs, order: IntArray, times: IntArray, expected: int
) -> tuple[float, float, float]:
    """Return the three measures by rank when each query comes so many times."""
    rows = np.repeat(order, times[pairs.query[order]])
    if not len(rows):
        return 0.0, 0.0, 0.0
    true, score = pairs.is_true[rows], pairs.score[rows]
    found, ranks = np.cumsum(true), np.arange(1, len(rows) + 1)
    whole = np.append(score[1:] < score[:-1], True)
    enough = whole & (found >= (0.9 - 1e-9) * ranks)
    clean = int(np.argmin(true)) if not true.all() else len(true)
    return (
        float((found / ranks)[true].sum() / expected),
        float(found[enough].max(initial=0) / expected),
        float(found[clean - 1] / expected) if clean else 0.0,
    )
