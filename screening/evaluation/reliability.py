"""Whether a promised rate of false alarms held: what to expect of fresh images, how many it takes.

Everything here counts images; the arithmetic is numpy and ``math.lgamma``.
"""

import math

import numpy as np

from screening.evaluation.metrics import Interval

_NORMAL_97_5 = 1.959963984540054


def predictive_interval(
    promised: float, *, calibrated_on: int, images: int, level: float = 0.95
) -> tuple[int, int]:
    """Return how many of ``images`` fresh images may be flagged if the promise is a true one.

    promised: flagged images per image, above 0 and below 1, of a threshold that was found on
    ``calibrated_on`` images of the same kind. Both ends are included and are quantiles of the
    beta-binomial distribution, so that both samples' chance is in it: a threshold that k of n
    images reached is reached by Beta(k, n + 1 - k) of all images. Source: Vovk 2012.
    """
    if not (0.0 < promised < 1.0 and calibrated_on >= 1 and images >= 0 and 0.0 < level < 1.0):
        raise ValueError(
            f"promised is {promised}, calibrated_on {calibrated_on}, images {images}, level "
            f"{level}: expected a rate and a level between 0 and 1, and counts of images"
        )
    hits, misses = promised * (calibrated_on + 1), (1.0 - promised) * (calibrated_on + 1)
    tail = (1.0 - level) / 2
    low, high = beta_binomial_quantiles((tail, 1.0 - tail), images, hits, misses)
    return low, high


def beta_binomial_quantiles(
    shares: tuple[float, ...], trials: int, alpha: float, beta: float
) -> tuple[int, ...]:
    """Return the smallest counts whose cumulative probability is at least each share.

    The probabilities are products of ratios of neighbors, from that of 0 on.
    """
    count = np.arange(trials, dtype=np.float64)
    ratios = (trials - count) / (count + 1) * (count + alpha) / (trials - count - 1 + beta)
    none = (
        math.lgamma(trials + beta)
        + math.lgamma(alpha + beta)
        - math.lgamma(trials + alpha + beta)
        - math.lgamma(beta)
    )
    logs = none + np.concatenate(([0.0], np.cumsum(np.log(ratios))))
    cumulative = np.cumsum(np.exp(logs))
    # rounding may leave the last one a hair below 1
    places = np.searchsorted(cumulative, np.asarray(shares) - 1e-12)
    return tuple(int(place) for place in np.minimum(places, trials))


def images_to_confirm(promised: float, *, level: float = 0.95) -> int:
    """Return how many fresh images without a single flag confirm a promised rate.

    As many as would show a flag with probability ``level`` if the rate were the promised one;
    about 3 / promised. Raises ValueError unless promised is between 0 and 1.
    """
    if not 0.0 < promised < 1.0:
        raise ValueError(f"promised is {promised}, expected a rate between 0 and 1")
    return math.ceil(math.log(1.0 - level) / math.log1p(-promised))


def share_interval(count: int, total: int) -> Interval:
    """Return the 95 % interval of a share of which ``count`` of ``total`` were seen.

    Source: Wilson 1927. Raises ValueError unless 0 <= count <= total and total is above 0.
    """
    if not 0 <= count <= total or total == 0:
        raise ValueError(f"{count} of {total}, expected a part of at least one")
    square = _NORMAL_97_5**2
    middle = (count + square / 2) / (total + square)
    spread = math.sqrt(count * (total - count) / total + square / 4)
    half = _NORMAL_97_5 * spread / (total + square)
    return Interval(low=max(middle - half, 0.0), high=min(middle + half, 1.0))
