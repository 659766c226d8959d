"""How well copies are told from other pictures: the product beside what a user would pick instead.

Every method sees the same pixels in the same run. A protocol in the form of DISC21 per seed and
set of pictures, then each attack by itself at the thresholds that run gave. The product is looked
at by channel and fused, also at the thresholds it promises.
"""

import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np
from _common import (
    LEFT_OUT,
    digest,
    environment,
    load,
    over_seeds,
    parser,
    pictures,
    print_table,
    write,
)
from _methods import LISTED, OURS, PLAIN, methods
from _timing import Clock

from screening.evaluation.attacks import ATTACKS
from screening.evaluation.metrics import (
    ScoredPairs,
    micro_average_precision,
    recall_at_precision,
    recall_at_score,
    recall_without_false_match,
)
from screening.evaluation.protocols import Sizes, copy_protocol, score_queries

# The smaller packs leave a hundred pictures to surround queries with.
SETS = {
    "photos and art": (("photos", "art"), Sizes()),
    "photos": (("photos",), Sizes(references=300, positives=150, distractors=300)),
    "art": (("art",), Sizes(references=200, positives=100, distractors=200)),
}
ATTACKED_SET = "photos and art"
MEASURES = ("micro_ap", "recall_at_90_precision", "recall_without_false_match")
# False alarms a picture at which findings are flagged, and noted, and the scores they come to.
PROMISES = (1e-3, 1e-2)
LEAST_SCORES = (3.0, 2.0)

Run = dict[str, Any]


def pool(packs: Iterable[str], without: frozenset[str]) -> list[str]:
    """Return the names of the pictures that protocols draw from."""
    return [name for pack in packs for name in pictures(pack, without=without)]


def measure(set_name: str, seed: int, without: frozenset[str], attack_queries: int) -> Run:
    """Return, of one set and seed, the measures of each method, and what each step took."""
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    packs, sizes = SETS[set_name]
    protocol = copy_protocol(pool(packs, without), seed=seed, sizes=sizes)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        compared = methods(Path(folder), clock)
        for method in compared:
            method.index(load(name) for name in protocol.references)
        asked = score_queries(compared, protocol.queries, load)
        results = {name: measures(pairs) for name, pairs in asked.items()}
        for attack in ATTACKS if set_name == ATTACKED_SET else ():
            queries = protocol.attack_queries(attack, attack_queries)
            for name, pairs in score_queries(compared, queries, load).items():
                limits = (*results[name]["thresholds"], *LEAST_SCORES)
                recalls = [recall_at_score(pairs, limit) for limit in limits]
                results[name]["attacks"][attack.name] = recalls
    steps = {step: (sum(values), len(values)) for step, values in clock.ms.items()}
    return {"methods": results, "steps": steps}


def measures(pairs: ScoredPairs) -> Run:
    """Return the measures of one method on one protocol."""
    precise, clean = recall_at_precision(pairs), recall_without_false_match(pairs)
    return {
        "micro_ap": micro_average_precision(pairs),
        "recall_at_90_precision": precise.recall,
        "recall_without_false_match": clean.recall,
        "thresholds": (precise.min_score, clean.min_score),
        "flags": [(recall_at_score(pairs, s), false_flags(pairs, s)) for s in LEAST_SCORES],
        "attacks": {},
    }


def false_flags(pairs: ScoredPairs, min_score: float) -> float:
    """Return how many references score at least ``min_score``, per distractor."""
    distractors = pairs.truths == 0
    flagged = distractors[pairs.query] & (pairs.score >= min_score)
    return float(np.count_nonzero(flagged) / np.count_nonzero(distractors))


def of_set(set_name: str, runs: Sequence[Run], without: frozenset[str]) -> dict[str, Any]:
    """Return the record of one set: each measure of each method over the seeds."""
    packs, sizes = SETS[set_name]
    by_method = {name: [run["methods"][name] for run in runs] for name in runs[0]["methods"]}
    table = {
        name: {measure: over_seeds([each[measure] for each in of]) for measure in MEASURES}
        | {"thresholds_per_seed": [list(map(finite, each["thresholds"])) for each in of]}
        for name, of in by_method.items()
    }
    ours = by_method[OURS]
    best = max(PLAIN, key=lambda name: table[name]["micro_ap"]["mean"])
    gains = [
        mine["micro_ap"] - theirs["micro_ap"]
        for mine, theirs in zip(ours, by_method[best], strict=True)
    ]
    return {
        "packs": packs,
        "pool": len(pool(packs, without)),
        "sizes": asdict(sizes),
        "methods": table,
        "micro_ap_gain": {"of": OURS, "over": best, "best_plain_by_mean": True} | over_seeds(gains),
        "flags": {
            f"{promise:g}": {
                "recall": over_seeds([each["flags"][place][0] for each in ours]),
                "false_flags_per_distractor": over_seeds(
                    [each["flags"][place][1] for each in ours]
                ),
            }
            for place, promise in enumerate(PROMISES)
        },
    }


def of_attacks(runs: Sequence[Run], attack_queries: int) -> dict[str, Any]:
    """Return the record of each attack: recall of each method at each threshold."""
    record: dict[str, Any] = {}
    for attack in ATTACKS:
        recalls = {
            name: np.mean([run["methods"][name]["attacks"][attack.name] for run in runs], axis=0)
            for name in runs[0]["methods"]
        }
        record[attack.name] = {
            "family": attack.family,
            "strengths": [asdict(strength) for strength in attack.strengths],
            "queries": attack_queries * len(runs),
            "recall_at_90_precision_threshold": {n: round(r[0], 4) for n, r in recalls.items()},
            "recall_at_no_false_match_threshold": {n: round(r[1], 4) for n, r in recalls.items()},
            "recall_at_promised_false_alarms": {
                f"{promise:g}": round(recalls[OURS][2 + place], 4)
                for place, promise in enumerate(PROMISES)
            },
        }
    return record


def of_steps(runs: Iterable[Run]) -> dict[str, float]:
    """Return the mean milliseconds that each step took a query."""
    totals: dict[str, tuple[float, int]] = {}
    for run in runs:
        for step, (ms, count) in run["steps"].items():
            before = totals.get(step, (0.0, 0))
            totals[step] = before[0] + ms, before[1] + count
    return {step: round(ms / count, 2) for step, (ms, count) in totals.items()}


def finite(score: float) -> float | None:
    """Return the score, None for a threshold that nothing meets: JSON has no infinity."""
    return score if np.isfinite(score) else None


def told(value: dict[str, Any]) -> str:
    """Return mean and half interval as the table shows them."""
    interval = value["interval_95"]
    return f"{value['mean']:.3f}" + (f" ±{interval[1] - value['mean']:.3f}" if interval else "")


def show(sets: dict[str, Any], attacks: dict[str, Any], steps: dict[str, float]) -> None:
    """Print measures per set, recall per attack at the 90 % threshold, flags, and times."""
    names = list(sets[ATTACKED_SET]["methods"])
    rows = [
        [f"{set_name}: {name}", *(told(of[name]) for of in record["methods"].values())]
        for set_name, record in sets.items()
        for name in MEASURES
    ]
    for name, record in attacks.items():
        found = record["recall_at_90_precision_threshold"].values()
        rows.append([f"{record['family']}: {name}", *(f"{value:.3f}" for value in found)])
    print_table(["", *names], rows)
    print()
    print_table(
        [f"{OURS}, flagged at", "recall", "false flags per distractor"],
        [
            [f"{name}: {promise}", told(of["recall"]), told(of["false_flags_per_distractor"])]
            for name, record in sets.items()
            for promise, of in record["flags"].items()
        ],
    )
    print()
    print_table(["step", "ms a query"], [[step, f"{ms:.1f}"] for step, ms in steps.items()])


def main() -> None:
    """Run the benchmark."""
    options = parser("copies", __doc__ or "")
    options.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    options.add_argument("--attack-queries", type=int, default=20, help="per attack and seed")
    options.add_argument(
        "--all-pictures", action="store_true", help="with those that are copies of others"
    )
    given = options.parse_args()
    without = frozenset[str]() if given.all_pictures else LEFT_OUT
    seeds = range(given.seed, given.seed + given.seeds)
    about = environment(seeds=seeds, data_sha256=digest(pool(("photos", "art"), without)))
    started = time.perf_counter()
    # the set with the attacks takes longest, so it goes first
    work = [(name, seed, without, given.attack_queries) for name in SETS for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(given.processes) as workers:
        runs = workers.starmap(measure, work, chunksize=1)
    by_set = {name: [r for w, r in zip(work, runs, strict=True) if w[0] == name] for name in SETS}
    sets = {name: of_set(name, of, without) for name, of in by_set.items()}
    attacks = of_attacks(by_set[ATTACKED_SET], given.attack_queries)
    steps = of_steps(runs)
    seconds = round(time.perf_counter() - started, 1)
    write(
        given.output,
        {
            **about,
            "seconds": seconds,
            "processes": given.processes,
            "left_out": sorted(without),
            "ties": "worst case: among equal scores false pairs rank before true ones",
            "intervals": "95 %, Student's t over the seeds; all seeds draw from the same pool",
            "queries": "a positive has two attacks, every fourth has one; every second "
            "distractor is attacked in the same way, the others are as they are",
            "methods_as": "imagehash and PDQ: one hash, as they come, dihedral: eight isometries "
            "of the query; SIFT: nearest descriptors, ratio test, votes, RANSAC homography; "
            f"screening: the best {LISTED} records by false alarms, of an index on disk",
            "ms_a_query": steps,
            "sets": sets,
            "attacks_on": ATTACKED_SET,
            "attacks_per_family": Counter(str(attack.family) for attack in ATTACKS),
            "attacks": attacks,
        },
    )
    show(sets, attacks, steps)
    print(f"{seconds} s with {given.processes} processes")


if __name__ == "__main__":
    main()
