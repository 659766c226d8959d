"""Metrics of a threshold on scored pairs, always with worst-case ties.

Among equal scores every false pair ranks before every true one, so a method never gains by scores
too coarse to tell its matches apart. Source of the choice: SSCD, Pizzi et al. 2022.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredPairs:
    """Pairs of a query and a record that a method scored, and which of them are true.

    query, record: int64 (n,), a query from 0 to len(truths) - 1; no pair twice.
    score: float64 (n,), higher is closer. is_true: bool (n,).
    truths: int64 (queries,), how many true pairs each query has, scored or not: a true pair that
    is absent from the arrays counts as missed.
    """

    query: IntArray
    record: IntArray
    score: FloatArray
    is_true: BoolArray
    truths: IntArray

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.query, self.record, self.score, self.is_true)}
        if len(shapes) != 1 or self.query.ndim != 1 or self.truths.ndim != 1:
            raise ValueError(
                f"query, record, score and is_true have shapes {sorted(shapes)} and truths "
                f"{self.truths.shape}, expected one dimension and one length for the first four"
            )
        if not np.isfinite(self.score).all():
            raise ValueError("a score is not finite: leave out pairs that were not compared")
        queries = len(self.truths)
        if len(self.query) and not (self.query.min() >= 0 and self.query.max() < queries):
            raise ValueError(f"query runs beyond 0 to {queries - 1}, the range truths sets")
        found = np.bincount(self.query[self.is_true], minlength=queries)
        if (found > self.truths).any():
            raise ValueError("a query has more true pairs than truths says it has")
        order = np.lexsort((self.record, self.query))
        same = (np.diff(self.query[order]) == 0) & (np.diff(self.record[order]) == 0)
        if same.any():
            raise ValueError("a pair occurs twice: keep the best score of each")
        for array in (self.query, self.record, self.score, self.is_true, self.truths):
            array.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What a threshold gives: pairs that score at least ``min_score`` count as matches.

    recall: 0 to 1. min_score: infinite where no threshold meets the demand.
    """

    recall: float
    min_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval, both ends included."""

    low: float
    high: float


def micro_average_precision(pairs: ScoredPairs) -> float:
    """Return the mean, over all true pairs, of the precision at their rank; 0 to 1.

    All pairs of all queries are ranked together; missed true pairs count as 0.
    Raises ValueError where there is no true pair.
    """
    expected = _true_pairs(pairs)
    true = pairs.is_true[np.lexsort((pairs.is_true, -pairs.score))]
    precision = np.cumsum(true) / np.arange(1, len(true) + 1)
    return float(precision[true].sum() / expected)


def recall_at_precision(pairs: ScoredPairs, precision: float = 0.9) -> OperatingPoint:
    """Return the highest recall of any threshold whose precision is at least ``precision``.

    Of thresholds with that recall, the highest. Raises ValueError where there is no true pair.
    """
    expected = _true_pairs(pairs)
    if not 0.0 < precision <= 1.0:
        raise ValueError(f"precision is {precision}, expected above 0 and at most 1")
    order = np.argsort(-pairs.score)
    score, true = pairs.score[order], np.cumsum(pairs.is_true[order])
    # a threshold takes all equal scores or none, which is what worst-case ties come to here
    whole = np.flatnonzero(np.append(score[1:] < score[:-1], len(score) > 0))
    # counts, not a quotient: 9 of 10 is a precision of 0.9 exactly
    enough = whole[true[whole] >= precision * (whole + 1) - 1e-9 * (whole + 1)]
    if not len(enough) or true[enough].max() == 0:
        return OperatingPoint(recall=0.0, min_score=float("inf"))
    best = enough[np.argmax(true[enough])]
    return OperatingPoint(recall=float(true[best] / expected), min_score=float(score[best]))


def recall_without_false_match(pairs: ScoredPairs) -> OperatingPoint:
    """Return the recall of the lowest threshold that every false pair stays below.

    Raises ValueError where there is no true pair.
    """
    expected = _true_pairs(pairs)
    worst = pairs.score[~pairs.is_true].max(initial=-np.inf)
    above = pairs.score[pairs.is_true & (pairs.score > worst)]
    lowest = float(above.min(initial=np.inf))
    return OperatingPoint(recall=len(above) / expected, min_score=lowest)


def recall_at_score(pairs: ScoredPairs, min_score: float) -> float:
    """Return the share of true pairs that score at least ``min_score``; 0 to 1.

    Raises ValueError where there is no true pair.
    """
    expected = _true_pairs(pairs)
    return float(np.count_nonzero(pairs.score[pairs.is_true] >= min_score) / expected)


def bootstrap_over_queries(
    pairs: ScoredPairs,
    metric: Callable[[ScoredPairs], float],
    *,
    rng: np.random.Generator,
    resamples: int = 200,
    level: float = 0.95,
) -> Interval:
    """Return the percentile interval of a metric when the queries are drawn anew.

    Whole queries are drawn, with replacement, each with all its pairs; the references stay. What
    other references would change is not in it. Draws without any true pair are left out.
    """
    if not (resamples >= 1 and 0.0 < level < 1.0):
        raise ValueError(
            f"resamples is {resamples}, level {level}: expected at least 1, and 0 to 1"
        )
    _true_pairs(pairs)
    by_query = np.argsort(pairs.query, kind="stable")
    counts = np.bincount(pairs.query, minlength=len(pairs.truths))
    starts = np.cumsum(counts) - counts
    values = []
    for _ in range(resamples):
        drawn = rng.integers(0, len(counts), len(counts))
        if pairs.truths[drawn].any():
            values.append(metric(_resampled(pairs, drawn, by_query, starts, counts)))
    tail = (1.0 - level) / 2
    low, high = np.quantile(values, (tail, 1.0 - tail))
    return Interval(low=float(low), high=float(high))


def _resampled(
    pairs: ScoredPairs, drawn: IntArray, by_query: IntArray, starts: IntArray, counts: IntArray
) -> ScoredPairs:
    """Return the pairs of the drawn queries, each draw under a number of its own."""
    sizes = counts[drawn]
    query = np.repeat(np.arange(len(drawn)), sizes)
    within = np.arange(len(query)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = by_query[np.repeat(starts[drawn], sizes) + within]
    return ScoredPairs(
        query=query,
        record=pairs.record[rows],
        score=pairs.score[rows],
        is_true=pairs.is_true[rows],
        truths=pairs.truths[drawn],
    )


def _true_pairs(pairs: ScoredPairs) -> int:
    expected = int(pairs.truths.sum())
    if not expected:
        raise ValueError("no query has a true pair: there is no recall to speak of")
    return expected
