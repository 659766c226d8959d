"""The figures of one channel, from its scored pairs of both halves."""

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import numpy as np

from screening.benchmark.result import Curve, Measured, Outcome, Promise, Recommendation
from screening.benchmark.scored import Scored
from screening.evaluation.metrics import IntArray, ScoredPairs
from screening.evaluation.operating import Estimate, estimates, fnir_at_fpir, operating_curve
from screening.evaluation.reliability import (
    images_to_confirm,
    predictive_interval,
    share_interval,
)

PROMISES = (1e-1, 1e-2, 1e-3, 1e-4)
"""False alarms per image at which recall is told."""
FLAG_AT = 1e-3
"""False alarms per image at which a scan flags unless told otherwise."""
GRID = tuple(float(f"{step}e{power}") for power in range(-6, 0) for step in (1, 2, 5))
"""False alarms per image among which an operating point is recommended."""
CHECKED = tuple(promised for promised in GRID if 1e-4 <= promised <= 1e-1)
"""False alarms per image that are held against what is observed."""

FPIRS: Mapping[str, float] = {"fnir_at_fpir_1_in_100": 0.01, "fnir_at_fpir_3_in_1000": 0.003}
"""Shares of unrelated images with a match, seen rather than promised, at which misses are told."""

RESAMPLES = 200


def measures_of(
    channel: str, report: Scored, groups: IntArray, *, seed: int
) -> tuple[Measured, ...]:
    """Return the figures of a channel on the report half, with intervals; groups: see estimates."""
    found = estimates(
        report.pairs,
        [report.matches(promised) for promised in PROMISES],
        groups=groups,
        rng=np.random.default_rng((seed, crc32(channel.encode()))),
        resamples=RESAMPLES,
    )

    def measured(name: str, estimate: Estimate, promised: float | None = None) -> Measured:
        return Measured(
            channel=channel,
            name=name,
            promised=promised,
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
        )

    return (
        measured("micro_ap", found.micro_ap),
        measured("recall_at_90_precision", found.recall_at_90_precision),
        measured("recall_without_false_match", found.recall_without_false_match),
        *(
            measured(name, miss_rate(report.pairs, fpir, groups, np.random.default_rng(seed)))
            for name, fpir in FPIRS.items()
        ),
        *(
            measured("recall", recall, promised)
            for promised, recall in zip(PROMISES, found.recalls, strict=True)
        ),
    )


def miss_rate(
    pairs: ScoredPairs, fpir: float, groups: IntArray, rng: np.random.Generator
) -> Estimate:
    """Return the share of queries whose record is missed when fpir of unrelated images match.

    For the interval queries of a group are drawn together.
    """
    mated, best = np.full((2, len(pairs.truths)), -np.inf)
    np.maximum.at(mated, pairs.query[pairs.is_true], pairs.score[pairs.is_true])
    np.maximum.at(best, pairs.query, pairs.score)
    unrelated = pairs.truths == 0
    point = fnir_at_fpir(mated[~unrelated], best[unrelated], fpir=fpir)
    missed = np.bincount(groups[~unrelated], mated[~unrelated] < point.min_score)
    asked = np.bincount(groups[~unrelated])
    here = np.flatnonzero(asked)
    drawn = here[rng.integers(0, len(here), (RESAMPLES, len(here)))]
    rates = missed[drawn].sum(axis=1) / asked[drawn].sum(axis=1)
    low, high = np.quantile(rates, (0.025, 0.975)).tolist()
    return Estimate(value=point.fnir, low=low, high=high)


def promises_of(
    channel: str,
    report: Scored,
    *,
    calibrated_on: int,
    score_at: Callable[[float], float | None],
    supported: Callable[[float], bool],
) -> tuple[Promise, ...]:
    """Return what the report half shows of each promise of CHECKED.

    score_at: the raw score a promise comes to. supported: whether the calibration makes it at all.
    Images are held against it, not false alarms: records that are alike are reached together.
    """
    checked = []
    for promised in CHECKED:
        alarms, flagged = report.alarms(promised)
        images = report.unrelated
        low, high = predictive_interval(promised, calibrated_on=calibrated_on, images=images)
        needed = images_to_confirm(promised)
        outcome: Outcome
        if not supported(promised):
            outcome = "unsupported"
        elif flagged > high:
            outcome = "broken"
        elif images < needed:
            outcome = "unchecked"
        else:
            outcome = "stricter" if flagged < low else "kept"
        checked.append(
            Promise(
                channel=channel,
                promised=promised,
                min_score=score_at(promised),
                false_alarms=alarms,
                flagged=flagged,
                images=images,
                expected=(low, high),
                images_needed=needed,
                outcome=outcome,
            )
        )
    return tuple(checked)


def recommended(
    channel: str,
    chosen_on: Scored,
    report: Scored,
    groups: IntArray,
    *,
    load: float,
    seed: int,
    supported: Callable[[float], bool],
) -> Recommendation | None:
    """Return the largest promise of GRID with at most ``load`` flagged unrelated images in 1,000.

    Where the half it is chosen on is too small for the budget to allow a single flagged image, none
    flagged says little, and the promise must keep within the budget by itself. None where no
    promise does that the calibration supports.
    """
    images = chosen_on.unrelated
    by_promise = images * load < 1_000
    within = [
        promised
        for promised in GRID
        if supported(promised)
        and chosen_on.alarms(promised)[1] * 1_000 <= load * images
        and (not by_promise or promised * 1_000 <= load * (1 + 1e-9))
    ]
    if not within:
        return None
    promised = max(within)
    flagged = report.alarms(promised)[1]
    share = share_interval(flagged, report.unrelated)
    recall = estimates(
        report.pairs,
        [report.matches(promised)],
        groups=groups,
        rng=np.random.default_rng((seed, crc32(channel.encode()), 1)),
        resamples=RESAMPLES,
    ).recalls[0]
    return Recommendation(
        channel=channel,
        promised=promised,
        by_promise=by_promise,
        chosen_flagged=chosen_on.alarms(promised)[1],
        chosen_images=images,
        chosen_recall=_recall(chosen_on, promised),
        flagged=flagged,
        images=report.unrelated,
        load=Estimate(
            value=1_000 * flagged / report.unrelated,
            low=1_000 * share.low,
            high=1_000 * share.high,
        ),
        recall=recall,
    )


def curve_of(report: Scored) -> Curve:
    """Return the operating points of the report half."""
    curve = operating_curve(report.pairs)

    def rounded(values: Sequence[float]) -> tuple[float, ...]:
        return tuple(float(f"{value:.6g}") for value in values)

    return Curve(
        recall=rounded(curve.recall.tolist()),
        precision=rounded(curve.precision.tolist()),
        false_alarms=rounded(curve.false_alarms.tolist()),
        flagged=rounded(curve.flagged.tolist()),
    )


def _recall(half: Scored, promised: float) -> float | None:
    """Return the recall of a half, None where it has no true pair."""
    expected = int(half.pairs.truths.sum())
    if not expected:
        return None
    return int(np.count_nonzero(half.pairs.is_true & half.matches(promised))) / expected
