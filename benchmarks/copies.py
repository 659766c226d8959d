"""How well copies are told from other pictures: the product beside what a user would pick instead.

Every method sees the same pixels in the same run. A protocol in the form of DISC21 per seed and
set of pictures, then each attack by itself at the thresholds that run gave. The product is looked
at by channel and fused, with embeddings and without, also at the thresholds it promises. What is
not installed, or has no figures yet, is left out and said so.
"""

import multiprocessing
import os
import tempfile
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
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
from _imagenet import source
from _methods import (
    COSINE,
    EMBEDDING,
    IMAGENET,
    LISTED,
    OURS,
    PLAIN,
    WITHOUT,
    Choice,
    has_null,
    lacking,
    methods,
)
from _timing import Clock

from screening.errors import ModelMissingError
from screening.evaluation.attacks import ATTACKS, Family
from screening.evaluation.metrics import (
    ScoredPairs,
    micro_average_precision,
    recall_at_precision,
    recall_at_score,
    recall_without_false_match,
)
from screening.evaluation.protocols import Sizes, copy_protocol, score_queries
from screening.models import ModelStore
from screening.signals.embeddings import choose

# The smaller packs leave a hundred pictures to surround queries with.
SETS = {
    "photos and art": (("photos", "art"), Sizes()),
    "photos": (("photos",), Sizes(references=300, positives=150, distractors=300)),
    "art": (("art",), Sizes(references=200, positives=100, distractors=200)),
}
QUICK = Sizes(references=40, positives=20, distractors=40)
ATTACKED_SET = "photos and art"
EMBEDDER = "copies-v1"
MEASURES = ("micro_ap", "recall_at_90_precision", "recall_without_false_match")
SHORT = dict(zip(MEASURES, ("micro-AP", "at 90 %", "no false"), strict=True))
# False alarms a picture at which findings are flagged, and noted, and the scores they come to.
PROMISES = (1e-3, 1e-2)
LEAST_SCORES = (3.0, 2.0)

# What the table of attacks shows; the record has all.
SHOWN = {
    EMBEDDING: "embedding",
    COSINE: "plain cosine",
    IMAGENET: "ImageNet",
    "phash 256 dihedral": "phash dihedral",
    "PDQ dihedral": "PDQ dihedral",
    WITHOUT: "hash and local",
    OURS: "screening",
}

Run = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every process is to measure, whatever its set and seed.

    without: pictures left out. attack_queries: copies under each attack.
    """

    choice: Choice
    without: frozenset[str]
    attack_queries: int
    quick: bool

    def sizes(self, set_name: str) -> Sizes:
        """Return how many pictures of a set are used."""
        return QUICK if self.quick else SETS[set_name][1]


def pool(packs: Iterable[str], without: frozenset[str]) -> list[str]:
    """Return the names of the pictures that protocols draw from."""
    return [name for pack in packs for name in pictures(pack, without=without)]


def measure(set_name: str, seed: int, plan: Plan) -> Run:
    """Return, of one set and seed, the measures of each method, and what each step took."""
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    names = pool(SETS[set_name][0], plan.without)
    protocol = copy_protocol(names, seed=seed, sizes=plan.sizes(set_name))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        compared = methods(Path(folder), clock, plan.choice)
        for method in compared:
            method.index(load(name) for name in protocol.references)
        asked = score_queries(compared, protocol.queries, load)
        results = {name: measures(pairs) for name, pairs in asked.items()}
        for attack in ATTACKS if set_name == ATTACKED_SET else ():
            queries = protocol.attack_queries(attack, plan.attack_queries)
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


def of_set(set_name: str, runs: Sequence[Run], plan: Plan) -> dict[str, Any]:
    """Return the record of one set: each measure of each method over the seeds."""
    packs = SETS[set_name][0]
    by_method = {name: [run["methods"][name] for run in runs] for name in runs[0]["methods"]}
    table = {
        name: {measure: over_seeds([each[measure] for each in of]) for measure in MEASURES}
        | {"thresholds_per_seed": [list(map(finite, each["thresholds"])) for each in of]}
        for name, of in by_method.items()
    }
    ours = by_method[OURS]
    plain = [name for name in PLAIN if name in table]
    best = max(plain, key=lambda name: table[name]["micro_ap"]["mean"], default=None)
    return {
        "packs": packs,
        "pool": len(pool(packs, plan.without)),
        "sizes": asdict(plan.sizes(set_name)),
        "methods": table,
        "micro_ap_gain": best
        and {"of": OURS, "over": best, "best_plain_by_mean": True}
        | gains("micro_ap", ours, by_method[best]),
        "embeddings_gain": by_method.get(WITHOUT)
        and {"of": OURS, "over": WITHOUT}
        | {name: gains(name, ours, by_method[WITHOUT]) for name in MEASURES},
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


def gains(measure: str, ours: Sequence[Run], theirs: Sequence[Run]) -> dict[str, Any]:
    """Return by how much a measure of one method exceeds that of another, seed by seed."""
    pairs = zip(ours, theirs, strict=True)
    return over_seeds([mine[measure] - other[measure] for mine, other in pairs])


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


def of_families(attacks: dict[str, Any]) -> dict[str, Any]:
    """Return the record of each family: the mean of its attacks, which have equally many queries.

    By how much embeddings change the recall of the product, where that was measured.
    """
    record: dict[str, Any] = {}
    for family in Family:
        of = [each for each in attacks.values() if each["family"] == family]
        means = {
            limit: {
                name: round(float(np.mean([each[limit][name] for each in of])), 4)
                for name in of[0][limit]
            }
            for limit in ("recall_at_90_precision_threshold", "recall_at_no_false_match_threshold")
        }
        clean = means["recall_at_no_false_match_threshold"]
        change = round(clean[OURS] - clean[WITHOUT], 4) if WITHOUT in clean else None
        record[str(family)] = {"attacks": len(of), **means, "embeddings_gain": change}
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


def show(record: dict[str, Any]) -> None:
    """Print measures per set, recall per family and attack at no false match, flags, and times."""
    sets, families = record["sets"], record["families"]
    print_table(
        ["", *(f"{set_name}: {SHORT[name]}" for set_name in sets for name in MEASURES)],
        [
            [method, *(told(of["methods"][method][m]) for of in sets.values() for m in MEASURES)]
            for method in sets[ATTACKED_SET]["methods"]
        ],
    )
    print()
    shown = [name for name in SHOWN if name in sets[ATTACKED_SET]["methods"]]
    rows = [*((f"family {name}", of) for name, of in families.items())]
    rows += [(f"{of['family']}: {name}", of) for name, of in record["attacks"].items()]
    print_table(
        ["recall at no false match", *(SHOWN[name] for name in shown)],
        [
            [name, *(f"{of['recall_at_no_false_match_threshold'][m]:.3f}" for m in shown)]
            for name, of in rows
        ],
    )
    print()
    print_table(
        [f"{OURS}, flagged at", "recall", "false flags per distractor"],
        [
            [f"{name}: {promise}", told(of["recall"]), told(of["false_flags_per_distractor"])]
            for name, each in sets.items()
            for promise, of in each["flags"].items()
        ],
    )
    print()
    steps = record["ms_a_query"].items()
    print_table(["step", "ms a query"], [[step, f"{ms:.1f}"] for step, ms in steps])
    if WITHOUT in shown:
        show_gain(sets[ATTACKED_SET]["embeddings_gain"], families)


def show_gain(gain: dict[str, Any], families: dict[str, Any]) -> None:
    """Print what embeddings add to hash and local."""
    worse = [f"{name} {of['embeddings_gain']:+.3f}" for name, of in families.items()
             if of["embeddings_gain"] < 0]  # fmt: skip
    clean = told(gain["recall_without_false_match"])
    print(f"\nembeddings add {clean} to recall with no false match, of {ATTACKED_SET}")
    print(f"families that get worse: {', '.join(worse) or 'none'}")


def chosen(given: Namespace) -> tuple[Choice, dict[str, str]]:
    """Return what is compared, and what is not with the reason."""
    skipped = dict.fromkeys(given.leave_out, "left out")
    skipped |= {name: why for name in PLAIN if name not in skipped and (why := lacking(name))}
    model, fused = None, False
    try:
        model = choose(ModelStore(given.models) if given.models else ModelStore(), given.model)
        fused = has_null(model)
    except ModelMissingError as error:
        skipped[EMBEDDING] = str(error)
    if model and not fused:
        skipped[WITHOUT] = (
            f"no null figures ship for {given.model}, so the product has no use of it"
        )
    plain = tuple(name for name in PLAIN if name not in skipped)
    return Choice(plain=plain, model=model, fused=fused), skipped


def main() -> None:
    """Run the benchmark."""
    options = parser("copies", __doc__ or "")
    options.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    options.add_argument("--attack-queries", type=int, default=20, help="per attack and seed")
    options.add_argument(
        "--all-pictures", action="store_true", help="with those that are copies of others"
    )
    options.add_argument("--leave-out", action="append", default=[], choices=PLAIN, metavar="NAME",
                         help=f"one of {', '.join(PLAIN)}; again for more")  # fmt: skip
    options.add_argument("--model", default=EMBEDDER, help=f"of pictures (default {EMBEDDER})")
    options.add_argument("--models", type=Path, help="folder of weights (default: your own)")
    options.add_argument(
        "--quick", action="store_true", help="one seed, so few pictures that it means little"
    )
    given = options.parse_args()
    choice, skipped = chosen(given)
    for name, why in skipped.items():
        print(f"without {name}: {why}")
    plan = Plan(
        choice=choice,
        without=frozenset[str]() if given.all_pictures else LEFT_OUT,
        attack_queries=2 if given.quick else given.attack_queries,
        quick=given.quick,
    )
    seeds = range(given.seed, given.seed + (1 if given.quick else given.seeds))
    about = environment(seeds=seeds, data_sha256=digest(pool(("photos", "art"), plan.without)))
    started = time.perf_counter()
    # the set with the attacks takes longest, so it goes first
    work = [(name, seed, plan) for name in SETS for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(given.processes) as workers:
        runs = workers.starmap(measure, work, chunksize=1)
    by_set = {name: [r for w, r in zip(work, runs, strict=True) if w[0] == name] for name in SETS}
    attacks = of_attacks(by_set[ATTACKED_SET], plan.attack_queries)
    seconds = round(time.perf_counter() - started, 1)
    record = {
        **about,
        "seconds": seconds,
        "processes": given.processes,
        "quick": plan.quick,
        "left_out": sorted(plan.without),
        "skipped": skipped,
        "model": choice.model and choice.model.settings,
        "imagenet_network": source() if IMAGENET in choice.plain else None,
        "ties": "worst case: among equal scores false pairs rank before true ones",
        "intervals": "95 %, Student's t over the seeds; all seeds draw from the same pool",
        "queries": "a positive has two attacks, every fourth has one; every second "
        "distractor is attacked in the same way, the others are as they are",
        "methods_as": "imagehash and PDQ: one hash, as they come, dihedral: eight isometries "
        "of the query; SIFT: nearest descriptors, ratio test, votes, RANSAC homography; "
        "ImageNet network: cosine of pooled features; embedding: best window against best "
        "window, less what is common, plain cosine: the whole pictures; "
        f"screening: the best {LISTED} records by false alarms, of an index on disk",
        "ms_a_query": of_steps(runs),
        "sets": {name: of_set(name, of, plan) for name, of in by_set.items()},
        "attacks_on": ATTACKED_SET,
        "attacks_per_family": Counter(str(attack.family) for attack in ATTACKS),
        "families": of_families(attacks),
        "attacks": attacks,
    }
    write(given.output, record)
    show(record)
    print(f"{seconds} s with {given.processes} processes")
    if plan.quick:
        print("quick: so few pictures say next to nothing")


if __name__ == "__main__":
    main()
