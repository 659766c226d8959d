"""The default null distribution of the local channel, and how well its promise holds elsewhere.

Photographs, paintings and cartoons are screened against an index of all of them, each a record, by
the product's own search and verification; what a picture finds besides itself is false, two stop
signs of one design included: boards and works show the same kinds of things. Pairs are related, and
counted apart too, where the names of their folders share a word. Measured on half of the pictures
and checked on the other half. With --ship all are used and the figures are written into the
package (screening/matching/nulls/local.json).
"""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np
from _common import (
    LEFT_OUT,
    ROOT,
    digest,
    environment,
    fingerprint_of,
    parser,
    pictures,
    print_table,
    write,
)
from _local import CHUNK, PROMISES, Scores, against, observed, one_thread, told
from scipy.optimize import minimize

from reference_index import Fingerprint
from reference_index.calibration import NullDistribution
from reference_index.fingerprint import LOCAL_CHANNEL
from screening.signals import SETTINGS

SHIPPED = ROOT / "screening" / "matching" / "nulls" / "local.json"
# The tail is fitted to the pairs that score highest, at most; of 1.4 million thirty score at all.
FIT_PAIRS = 50
FIT_PAIRS_TRIED = (15, 20, 25, 50)
MEASURED_PAIRS = 10  # ordered pairs, two for each pair of pictures
FEWEST = 5  # different scores, below which no tail is fitted to a resample
STEPS = 200  # measured scores that ship at most, their rates in equal proportions
REFERENCES = 1_000
SCORES = (1, 2, 3, 4, 6)  # at which indexes of different sizes are compared


def main() -> None:
    """Measure, check, print and write."""
    options = parser("local_null", __doc__ or "")
    options.add_argument("--ship", action="store_true", help="write the figures of the package")
    options.add_argument("--resamples", type=int, default=200)
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    chosen = options.parse_args()
    rng = np.random.default_rng(chosen.seed)
    names = [name for pack in ("photos", "art") for name in pictures(pack)]
    folders = np.array([str(Path(name).parent) for name in names])
    order = rng.permutation(len(names))
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    with multiprocessing.get_context("spawn").Pool(chosen.processes, one_thread) as workers:
        prints = workers.map(fingerprint_of, names, CHUNK)
        together = screened(workers, prints)
        parts = [screened(workers, [prints[i] for i in half]) for half in halves]
    words = [set(folder.rpartition("/")[2].lower().split("_")) for folder in folders]
    related = np.array([[not one.isdisjoint(other) for other in words] for one in words])
    rows = {
        "first half": np.ix_(halves[0], halves[0]),
        "other half": np.ix_(halves[1], halves[1]),
        "all": np.ix_(np.arange(len(names)), np.arange(len(names))),
    }
    measured = dict(zip(rows, (*parts, together), strict=True))
    background = digest(names)
    fitted = {part: null_of(measured[part], background) for part in measured}
    checks = [
        ("first half", "other half"),
        ("other half", "first half"),
    ]
    everything = measured["all"]
    record = {
        **environment(seeds=[chosen.seed], data_sha256=background),
        "left_out": sorted(LEFT_OUT),
        "references_promised_for": REFERENCES,
        "fitted": {part: figures(null, measured[part]) for part, null in fitted.items()},
        "intervals_95": intervals(everything, background, chosen.resamples, rng),
        "min_score_at_by_fit_pairs": {
            str(count): thresholds(null_of(everything, background, fit_pairs=count))
            for count in FIT_PAIRS_TRIED
        },
        "pairs_per_million_by_index_size": by_size(
            {
                len(halves[0]): [measured["first half"], measured["other half"]],
                len(together): [everything[np.ix_(half, half)] for half in halves],
            }
        ),
        "promised_and_observed": [
            row
            for fit, check in checks
            for row in promised(fitted[fit], fit, measured[check], check)
        ],
        "pairs_by_kind": {
            part: {
                kind: counted(np.where(related[rows[part]] == same, table, -1.0))
                for kind, same in (("related", True), ("unrelated", False))
            }
            for part, table in measured.items()
        },
    }
    write(chosen.output, record)
    if chosen.ship:
        SHIPPED.write_text(fitted["all"].to_json() + "\n", encoding="utf-8")
    show(record)


def screened(workers: Pool, fingerprints: Sequence[Fingerprint]) -> Scores:
    """Return what each picture scores against each: (n, n), 0 where it was not found.

    The diagonal, a picture against itself, is -1.
    """
    table = against(workers, fingerprints, fingerprints)
    np.fill_diagonal(table, -1.0)
    return table


def null_of(table: Scores, background: str, *, fit_pairs: int = FIT_PAIRS) -> NullDistribution:
    """Return the null distribution of a table of scores.

    Empirical as far as MEASURED_PAIRS pairs reach, then the generalized Pareto tail that was
    fitted to the pairs that score highest.
    """
    pairs = int(np.count_nonzero(table >= 0.0))
    found = np.sort(table[table > 0.0])[::-1]
    fit_pairs = min(fit_pairs, len(found) - 1)
    threshold = found[fit_pairs]
    shape, scale = fit_tail(found[found > threshold] - threshold)
    fewest = min(MEASURED_PAIRS, len(found))
    counts = np.geomspace(fewest, len(found), STEPS).astype(np.int64)
    scores = np.unique(np.append(np.floor(found[counts - 1] * 1e3) / 1e3, 0.0))
    return NullDistribution(
        channel=LOCAL_CHANNEL,
        unit="log significance",
        settings=SETTINGS[LOCAL_CHANNEL],
        scores=tuple(scores.tolist()),
        rates=(1.0, *((np.searchsorted(-found, -scores[1:], side="right")) / pairs).tolist()),
        # beyond a higher threshold a Pareto tail keeps its shape and widens in proportion
        tail_scale=round(scale + shape * max(float(scores[-1] - threshold), 0.0), 4),
        tail_shape=round(shape, 4),
        images=len(table),
        pairs=pairs,
        background=background,
    )


def fit_tail(excesses: Scores) -> tuple[float, float]:
    """Return shape (at least 0) and scale of a Pareto tail, by likelihood."""

    def loss(logs: Scores) -> float:
        shape, scale = np.exp(logs)
        stretched = np.log1p(shape * excesses / scale)
        return float(len(excesses) * logs[1] + (1.0 / shape + 1.0) * stretched.sum())

    starts = [np.log([shape, excesses.mean()]) for shape in (1e-4, 0.05, 0.3)]
    best = min((minimize(loss, s, method="Nelder-Mead") for s in starts), key=lambda fit: fit.fun)
    shape, scale = np.exp(best.x)
    return (float(shape) if shape >= 1e-4 else 0.0), float(scale)


def counted(table: Scores) -> dict[str, Any]:
    """Return how many of the pairs that count score, and the highest."""
    return {
        "pairs": int(np.count_nonzero(table >= 0.0)),
        "pairs_with_a_score": int(np.count_nonzero(table > 0.0)),
        "highest_score": round(float(table.max()), 2),
    }


def figures(null: NullDistribution, table: Scores) -> dict[str, Any]:
    """Return what was measured of one part, and what was fitted to it."""
    return {
        "images": null.images,
        "pairs_with_a_score": int(np.count_nonzero(table > 0.0)),
        "highest_scores": np.sort(table, axis=None)[:-6:-1].round(2).tolist(),
        "tail_scale": null.tail_scale,
        "tail_shape": null.tail_shape,
        "measured_to_score": null.scores[-1],
        "min_score_at": thresholds(null),
    }


def thresholds(null: NullDistribution) -> dict[str, float]:
    """Return the lowest score that keeps each promise, for REFERENCES references."""
    return {
        f"{promise:g}": round(null.score_at(promise, references=REFERENCES), 3)
        for promise in (*PROMISES, 1e-4, 1e-5, 1e-6)
    }


def intervals(
    table: Scores, background: str, resamples: int, rng: np.random.Generator
) -> dict[str, list[float]]:
    """Return 95 % bootstrap intervals of the thresholds, pictures resampled."""
    drawn = []
    for _ in range(resamples):
        chosen = rng.integers(0, len(table), len(table))
        resampled = table[np.ix_(chosen, chosen)]
        resampled[chosen[:, None] == chosen[None]] = -1.0
        if len(np.unique(resampled[resampled > 0.0])) <= FEWEST:
            continue
        drawn.append(thresholds(null_of(resampled, background)))
    return {
        promise: np.percentile([d[promise] for d in drawn], [2.5, 97.5]).round(2).tolist()
        for promise in drawn[0]
    }


def by_size(tables: Mapping[int, Sequence[Scores]]) -> dict[str, dict[str, float]]:
    """Return how many of the same pairs score how high, in indexes of different sizes."""
    return {
        str(size): {
            str(score): round(1e6 * float(np.mean([(t >= score).mean() for t in parts])), 1)
            for score in SCORES
        }
        for size, parts in tables.items()
    }


def promised(null: NullDistribution, fit: str, table: Scores, check: str) -> list[dict[str, Any]]:
    """Return promised against observed false alarms on pictures not used for the fit.

    Each picture of the check set is searched among those that count: as many references.
    """
    about = {"fitted_on": fit, "observed_on": check}
    references = round(np.count_nonzero(table >= 0.0) / len(table))
    return [about | row for row in observed(null, table, references=references)]


def show(record: Mapping[str, Any]) -> None:
    """Print the tables."""
    print_table(
        ["fitted on -> observed on", "promised", "from", "observed", "images"],
        [
            [f"{r['fitted_on']} -> {r['observed_on']}", *told(r)]
            for r in record["promised_and_observed"]
        ],
    )
    print(f"\nlowest score for {REFERENCES} references, all pictures:")
    for promise, score in record["fitted"]["all"]["min_score_at"].items():
        print(f"  {promise} false alarms: {score:.2f} {record['intervals_95'][promise]}")
    print(f"by pairs fitted: {record['min_score_at_by_fit_pairs']}")
    print(f"pairs a million by size of the index: {record['pairs_per_million_by_index_size']}")
    print(f"pairs by kind: {record['pairs_by_kind']}")
    for part, values in record["fitted"].items():
        print(f"{part}: {values}")


if __name__ == "__main__":
    main()
