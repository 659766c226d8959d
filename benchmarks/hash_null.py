"""The default null distribution of the hash channel, and how well its promise holds elsewhere.

Measured on half of the shared photographs pair by pair, checked on the other half and on the
paintings and cartoons. With --ship all photographs are used and the figures are written into the
package (screening/matching/nulls/hash.json).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from _common import ROOT, digest, environment, parser, pictures, print_table, shared_data, write
from scipy.optimize import minimize

from reference_index.calibration import NullDistribution
from reference_index.fingerprint import HASH_BITS, HASH_CHANNEL, PerceptualHashes
from screening.examine import examine_file
from screening.images import Limits
from screening.signals import MIN_STRUCTURE, SETTINGS

SHIPPED = ROOT / "screening" / "matching" / "nulls" / "hash.json"
# A median splits 256 bits into halves, so hashes differ in an even number of bits.
STEP = 2
FIT_RATE = 2e-3  # the tail is fitted to the closest pairs, this share of all
MEASURED_PAIRS = 20  # ordered pairs, two for each pair of pictures
PROMISES = (1e-1, 1e-2, 1e-3)
REFERENCES = 1_000

Distances = npt.NDArray[np.int64]


def main() -> None:
    """Measure, check, print and write."""
    options = parser("hash_null", __doc__ or "")
    options.add_argument("--ship", action="store_true", help="write the figures of the package")
    options.add_argument("--resamples", type=int, default=200)
    chosen = options.parse_args()
    rng = np.random.default_rng(chosen.seed)
    names = {pack: pictures(pack) for pack in ("photos", "art")}
    hashes = {pack: [hashes_of(name) for name in names[pack]] for pack in names}
    order = rng.permutation(len(names["photos"]))
    half = len(order) // 2
    parts = {
        "photos, first half": [hashes["photos"][i] for i in order[:half]],
        "photos, other half": [hashes["photos"][i] for i in order[half:]],
        "photos": hashes["photos"],
        "art": hashes["art"],
    }
    measured = {part: distances(those) for part, those in parts.items()}
    background = digest(names["photos"])
    fitted = {part: null_of(measured[part], background) for part in measured}
    checks = [
        ("photos, first half", "photos, other half"),
        ("photos, other half", "photos, first half"),
        ("photos", "art"),
    ]
    record = {
        **environment(seeds=[chosen.seed], data_sha256=digest([*names["photos"], *names["art"]])),
        "references_promised_for": REFERENCES,
        "fitted": {
            part: {
                "tail_scale": null.tail_scale,
                "tail_shape": null.tail_shape,
                "measured_to_distance": HASH_BITS - null.scores[-1],
                "max_distance_bits_at": thresholds(null),
            }
            for part, null in fitted.items()
        },
        "intervals_95_photos": intervals(measured["photos"], background, chosen.resamples, rng),
        "promised_and_observed": [
            row
            for fit, check in checks
            for row in promised(fitted[fit], fit, measured[check], check)
        ],
        "structure": {
            pack: structure_of([one.structure for one in hashes[pack]]) for pack in hashes
        }
        | {"limit": MIN_STRUCTURE},
    }
    write(chosen.output, record)
    if chosen.ship:
        SHIPPED.write_text(fitted["photos"].to_json() + "\n", encoding="utf-8")
    show(record)


def hashes_of(name: str) -> PerceptualHashes:
    """Return the hashes of one picture of the measuring data, as the product makes them."""
    examined = examine_file(str(Path(shared_data()) / name), Limits())
    return examined.fingerprints[0].hashes


def distances(hashes: Sequence[PerceptualHashes]) -> Distances:
    """Return for each ordered pair of pictures the least distance over the eight isometries.

    (n, n) bits; the diagonal, a picture against itself, is HASH_BITS + 1.
    """
    references = np.stack([one.codes[0] for one in hashes])
    table = np.full((len(hashes), len(hashes)), HASH_BITS + 1)
    for row, one in enumerate(hashes):
        bits = np.bitwise_count(one.codes[:, None] ^ references[None]).sum(axis=2, dtype=np.int64)
        table[row] = bits.min(axis=0)
    np.fill_diagonal(table, HASH_BITS + 1)
    return table


def null_of(table: Distances, background: str) -> NullDistribution:
    """Return the null distribution of a distance table.

    Empirical as far as MEASURED_PAIRS pairs reach, then the generalized Pareto tail that was
    fitted to the closest FIT_RATE of all pairs.
    """
    pairs = len(table) * (len(table) - 1)
    counts = np.bincount(table[table <= HASH_BITS], minlength=HASH_BITS + 1).cumsum()
    within = np.arange(HASH_BITS + 1)
    start = int(within[(counts <= FIT_RATE * pairs) & (within % STEP == 0)].max())
    shape, scale = fit_tail(start + STEP - table[table <= start])
    limit = int(within[counts >= MEASURED_PAIRS].min())
    reached = [d for d in range(HASH_BITS, limit - 1, -1) if d == 0 or counts[d] > counts[d - 1]]
    kept = [HASH_BITS, *(d for d in reached if d < HASH_BITS)]
    return NullDistribution(
        channel=HASH_CHANNEL,
        unit=f"bits of {HASH_BITS} alike",
        settings=SETTINGS[HASH_CHANNEL],
        scores=tuple(float(HASH_BITS - d) for d in kept),
        rates=tuple(float(counts[d]) / pairs for d in kept),
        # beyond a higher threshold a Pareto tail keeps its shape and widens in proportion
        tail_scale=round(scale + shape * (start - limit), 4),
        tail_shape=round(shape, 4),
        images=len(table),
        pairs=pairs,
        background=background,
    )


def fit_tail(excesses: Distances) -> tuple[float, float]:
    """Return shape (at least 0) and scale of a Pareto tail in steps of STEP, by likelihood."""

    def survival(x: npt.NDArray[np.float64], shape: float, scale: float) -> npt.NDArray[np.float64]:
        if shape < 1e-6:
            return np.exp(-x / scale)
        return np.asarray((1.0 + shape * x / scale) ** (-1.0 / shape))

    def loss(logs: npt.NDArray[np.float64]) -> float:
        shape, scale = float(np.exp(logs[0])), float(np.exp(logs[1]))
        mass = survival(upper - STEP, shape, scale) - survival(upper, shape, scale)
        return float(-np.log(np.maximum(mass, 1e-300)).sum())

    upper = excesses.astype(np.float64)
    starts = [np.log([shape, upper.mean()]) for shape in (1e-7, 0.05, 0.3)]
    best = min((minimize(loss, s, method="Nelder-Mead") for s in starts), key=lambda fit: fit.fun)
    shape, scale = np.exp(best.x)
    return (float(shape) if shape >= 1e-6 else 0.0), float(scale)


def thresholds(null: NullDistribution) -> dict[str, float]:
    """Return the largest distance that keeps each promise, for REFERENCES references."""
    return {
        f"{promise:g}": round(HASH_BITS - null.score_at(promise, references=REFERENCES), 2)
        for promise in (*PROMISES, 1e-4, 1e-6)
    }


def intervals(
    table: Distances, background: str, resamples: int, rng: np.random.Generator
) -> dict[str, list[float]]:
    """Return 95 % bootstrap intervals of the thresholds, pictures resampled."""
    drawn = []
    for _ in range(resamples):
        chosen = rng.integers(0, len(table), len(table))
        resampled = table[np.ix_(chosen, chosen)]
        resampled[chosen[:, None] == chosen[None]] = HASH_BITS + 1
        drawn.append(thresholds(null_of(resampled, background)))
    return {
        promise: np.percentile([d[promise] for d in drawn], [2.5, 97.5]).round(1).tolist()
        for promise in drawn[0]
    }


def promised(
    null: NullDistribution, fit: str, table: Distances, check: str
) -> list[dict[str, object]]:
    """Return promised against observed false alarms on pictures not used for the fit.

    Each picture of the check set is searched among all the others: as many references.
    """
    references = len(table) - 1
    rows = []
    for promise in PROMISES:
        values = np.array(
            [
                null.false_alarms(float(HASH_BITS - d), references=references)
                for d in range(HASH_BITS + 1)
            ]
        )
        kept = np.flatnonzero(values <= promise)
        limit = int(kept.max()) // STEP * STEP
        rows.append({
            "fitted_on": fit,
            "observed_on": check,
            "references": references,
            "images": len(table),
            "promised": promise,
            "attained": float(values[limit]),
            "max_distance_bits": limit,
            "observed": int((table <= limit).sum()) / len(table),
            "images_with_a_false_alarm": int((table <= limit).any(axis=1).sum()),
        })  # fmt: skip
    return rows


def structure_of(values: Sequence[float]) -> dict[str, float]:
    """Return the low end of the structure of a pack's pictures."""
    return {
        "images": len(values),
        "least": round(min(values), 4),
        "percentile_1": round(float(np.percentile(values, 1)), 4),
    }


def show(record: dict[str, object]) -> None:
    """Print the tables."""
    rows = record["promised_and_observed"]
    print_table(
        ["fitted on -> observed on", "promised", "attained", "bits", "observed", "images"],
        [
            [
                f"{r['fitted_on']} -> {r['observed_on']}",
                f"{r['promised']:g}",
                f"{r['attained']:.2g}",
                str(r["max_distance_bits"]),
                f"{r['observed']:.2g}",
                f"{r['images_with_a_false_alarm']} of {r['images']}",
            ]
            for r in rows
        ],
    )
    print(f"\nlargest distance for {REFERENCES} references, all photographs:")
    for promise, bits in record["fitted"]["photos"]["max_distance_bits_at"].items():
        print(f"  {promise} false alarms: {bits} bits {record['intervals_95_photos'][promise]}")
    print(f"structure: {record['structure']}")


if __name__ == "__main__":
    main()
