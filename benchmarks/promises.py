"""Whether promised false alarms are kept on images that no figure was fitted to, and at what price.

Three kinds of index: photographs, paintings and cartoons, and small drawn posters. With each seed
one half of the pictures is enrolled; of the other half, which is unrelated, one half calibrates the
index and the other is held against what that promises, by channel (hash, local and the embedder
that ships) and fused. Attacked copies of enrolled pictures tell what of recall the promise costs.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _common import (
    digest,
    enroll,
    environment,
    load,
    parser,
    pictures,
    print_table,
    shared_data,
    write,
)

from reference_index import ReferenceIndex
from reference_index.calibration import NullDistribution
from reference_index.fingerprint import EMBEDDING_PREFIX
from screening.benchmark.queries import Query
from screening.benchmark.scored import FUSED, Scored, scored
from screening.calibration import ImageScores, fitted, score_examined
from screening.demo.posters import poster
from screening.evaluation.attacks import ATTACKS, RgbImage
from screening.evaluation.metrics import recall_without_false_match
from screening.evaluation.reliability import predictive_interval
from screening.examine import Examined, examine_file, examine_pixels
from screening.images import Limits
from screening.matching import channels_of
from screening.models import ModelStore, shipped_conversions
from screening.signals import Models
from screening.signals.embeddings import choose

PROMISES = (1e-1, 1e-2, 1e-3)
NOTED = 1e-2  # false alarms at which recall is compared with that without a false match
COPIES = 60  # attacked copies for each kind and seed
POSTERS, POSTER_SIZE = 700, (150, 225)
ENROLLED = 0.3  # of the pictures; half of the others calibrate
CHUNK = 20

Row = dict[str, Any]
Name = str | int
"""A picture of the measuring data by its path, a drawn poster by its number."""


def main() -> None:
    """Measure, print and write."""
    options = parser("promises", __doc__ or "")
    options.add_argument("--seeds", type=int, default=10, help="how many seeds (default 10)")
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    chosen = options.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.seeds)
    kinds: dict[str, Sequence[Name]] = {
        "photographs": pictures("photos"),
        "paintings and cartoons": pictures("art"),
        "small posters": range(POSTERS),
    }
    names = [name for pool in kinds.values() for name in pool if isinstance(name, str)]
    about = environment(seeds=seeds, data_sha256=digest(names))
    rows: list[Row] = []
    with multiprocessing.get_context("spawn").Pool(chosen.processes, one_thread) as workers:
        for kind, pool in kinds.items():
            examined = dict(zip(pool, workers.map(examined_of, pool, CHUNK), strict=True))
            jobs = ((kind, examined, seed) for seed in seeds)
            rows += [row for part in workers.imap(measured, jobs) for row in part]
    table = [*summary(rows)]
    write(
        chosen.output,
        {
            **about,
            "pictures": {kind: len(pool) for kind, pool in kinds.items()},
            "expected": "95 % beta-binomial predictive interval of the images with a false alarm, "
            "at the level attained on the images that calibrated; where none of these is flagged, "
            "at the level the figures give",
            "copies": COPIES,
            "summary": table,
            "runs": rows,
        },
    )
    show(table)


def one_thread() -> None:
    """Leave the other processors to the other processes."""
    cv2.setNumThreads(1)


@cache
def models() -> Models:
    """Return the embedder that ships, whatever other weights are at hand."""
    (own,) = shipped_conversions()
    return Models(embeddings=(choose(ModelStore(), own.id),))


def picture(name: Name) -> RgbImage:
    """Return the pixels of a picture."""
    if isinstance(name, str):
        return load(name)
    return np.asarray(poster(np.random.default_rng((7, name)), POSTER_SIZE))


def examined_of(name: Name) -> Examined:
    """Return what the product extracts from a picture."""
    if isinstance(name, str):
        return examine_file(str(shared_data() / name), Limits(), models())
    return replace(examine_pixels(picture(name), Limits(), models()), path=f"poster {name}")


def measured(job: tuple[str, Mapping[Name, Examined], int]) -> list[Row]:
    """Return one row for each channel and promise of one kind and seed."""
    kind, examined, seed = job
    rng = np.random.default_rng(seed)
    pool = [*examined]
    drawn = [pool[place] for place in rng.permutation(len(pool))]
    cut = round(ENROLLED * len(drawn))
    enrolled, unrelated = drawn[:cut], drawn[cut:]
    middle = len(unrelated) // 2
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "works.index"
        built = {f"{EMBEDDING_PREFIX}{one.id}": one.settings for one in models().embeddings}
        enroll(path, (examined[name].fingerprints[0] for name in enrolled), built)
        with ReferenceIndex.open(path) as index:
            scores = score_examined([examined[name] for name in unrelated], index)
            calibration, suspects = fitted(scores[:middle], index, seed=seed)
            copies = [
                Query(
                    name=f"copy {number}",
                    key=f"copy {number}",
                    true=frozenset({str(number)}),
                    scores=score_examined([attacked(enrolled[number], unrelated, rng)], index)[0],
                )
                for number in range(COPIES)
            ]
            references = {c.name: c.references(index) for c in channels_of([index])}
    nulls = {name: one.null for name, one in calibration.channels.items()}
    named = {one.path for one in suspects}
    halves = (
        [unrelated_query(one) for one in scores[:middle] if one.path not in named],
        [unrelated_query(one) for one in scores[middle:]],
    )
    fit, check = (scored(half, nulls, references) for half in halves)
    whole = scored([*halves[1], *copies], nulls, references)
    return [
        {"kind": kind, "seed": seed, "channel": channel, "references": len(enrolled)}
        | kept(
            fit[channel], check[channel], promised, attained(channel, promised, nulls, references)
        )
        | recalls(whole[channel])
        | {"suspects": len(suspects)}
        for channel in (*nulls, FUSED)
        for promised in PROMISES
    ]


def unrelated_query(scores: ImageScores) -> Query:
    """Return a picture that shows no record as a query."""
    return Query(name=str(scores.path), key=str(scores.path), true=frozenset(), scores=scores)


def attacked(name: Name, others: Sequence[Name], rng: np.random.Generator) -> Examined:
    """Return what the product extracts from an edited copy."""
    attack = ATTACKS[rng.integers(len(ATTACKS))]
    around = [picture(others[n]) for n in rng.choice(len(others), attack.others, replace=False)]
    return examine_pixels(attack.apply(picture(name), rng, around), Limits(), models())


def attained(
    channel: str,
    promised: float,
    nulls: Mapping[str, NullDistribution],
    references: Mapping[str, int],
) -> float | None:
    """Return what the figures give at the lowest scores that keep a promise; None if they cannot.

    Scores have steps, and most images score nothing: a promise may be kept with much to spare.
    """
    speaking = nulls if channel == FUSED else {channel: nulls[channel]}
    total = 0.0
    for name, null in speaking.items():
        limit = null.score_at(promised / len(speaking), references=references[name])
        if np.isfinite(limit):
            total += null.false_alarms(limit, references=references[name])
    return total or None


def kept(fit: Scored, check: Scored, promised: float, level: float | None) -> Row:
    """Return what was observed of a promise, and whether that was to be expected."""
    _, flagged_at_fit = fit.alarms(promised)
    alarms, flagged = check.alarms(promised)
    count = fit.unrelated
    if level is None:
        expected = (0, 0)
    else:
        rate = min(flagged_at_fit / (count + 1) if flagged_at_fit else level, promised)
        expected = predictive_interval(rate, calibrated_on=count, images=check.unrelated)
    return {
        "promised": promised,
        "supported": level is not None,
        "attained": level,
        "calibrated_on": count,
        "flagged_at_calibration": flagged_at_fit,
        "images": check.unrelated,
        "expected": expected,
        "flagged": flagged,
        "false_alarms": alarms,
        "inside": expected[0] <= flagged <= expected[1],
    }


def recalls(whole: Scored) -> Row:
    """Return recall at NOTED false alarms, and without a false match."""
    found = whole.found(NOTED)
    clean = recall_without_false_match(whole.pairs).recall
    return {
        "recall_at_noted": float(np.count_nonzero(found) / whole.pairs.truths.sum()),
        "recall_without_false_match": clean,
    }


def summary(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield one row for each kind, channel and promise: over the seeds."""
    keys = dict.fromkeys((row["kind"], row["channel"], row["promised"]) for row in rows)
    for kind, channel, promised in keys:
        those = [
            r for r in rows if (r["kind"], r["channel"], r["promised"]) == (kind, channel, promised)
        ]
        images = sum(row["images"] for row in those)
        yield {
            "kind": kind,
            "channel": channel,
            "promised": promised,
            "runs": len(those),
            "supported": sum(row["supported"] for row in those),
            "inside": sum(row["inside"] for row in those),
            "false_alarms_per_image": round(sum(r["false_alarms"] for r in those) / images, 5),
            "images_flagged": sum(row["flagged"] for row in those),
            "images": images,
            "recall_at_noted": round(float(np.mean([r["recall_at_noted"] for r in those])), 4),
            "recall_without_false_match": round(
                float(np.mean([r["recall_without_false_match"] for r in those])), 4
            ),
        }


def show(table: Sequence[Row]) -> None:
    """Print promised against observed, and recall."""
    print_table(
        ["index", "channel", "promised", "observed", "inside", "recall", "without false match"],
        [
            [
                row["kind"],
                row["channel"],
                f"{row['promised']:g}",
                f"{row['false_alarms_per_image']:.2g}",
                f"{row['inside']} of {row['runs']}",
                f"{row['recall_at_noted']:.3f}",
                f"{row['recall_without_false_match']:.3f}",
            ]
            for row in table
        ],
    )
    inside, runs = (sum(row[key] for row in table) for key in ("inside", "runs"))
    print(f"inside what was expected: {inside} of {runs}; recall at {NOTED:g} false alarms")


if __name__ == "__main__":
    main()
