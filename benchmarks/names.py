"""How well names are found in prompts, what of it is chance, and what 100,000 names cost.

Quality is that of part "report" of prompt_corpus, against an index of all its records: at the
threshold that lets one of 500 innocent prompts of part "tune" through, and at the promises of the
null distribution that ships. That was measured on part "tune" and on half of the innocent prompts
of part "report", which do not count here. A false alarm is a record found
that a prompt does not name. Prompts of one template are not independent, so that the intervals,
prompts drawn anew, are too narrow.

Speed is that of one core with the names of people of ten countries, made up by Faker, beside those
of the corpus, in a process of its own; memory is what the finder adds when all garbage is gone. Of
the people made up no prompt speaks, so that each found is a false alarm as well.

With --fit it only tells what each sign of context is worth in part "tune", beside what it counts.
"""

import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _common import environment, parser, print_table, write
from _names import (
    LEAST,
    Read,
    corpus,
    corpus_finder,
    corpus_records,
    enroll_records,
    halves,
    read,
)
from _names_fit import weights
from prompt_corpus import Prompt, digest, prompts

from reference_index import Kind, Record, ReferenceIndex
from reference_index.calibration import NullDistribution
from screening.evaluation.metrics import (
    ScoredPairs,
    bootstrap_over_queries,
    micro_average_precision,
    recall_at_score,
)
from screening.matching import default_null
from screening.matching.name_channel import units_of
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS
from screening.names import NameFinder, Said, Source

NAMES, QUICK_NAMES = 100_000, 2_000
LOCALES = (
    "en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ru_RU", "pl_PL", "ja_JP", "zh_CN",
)  # fmt: skip
ONE_IN = 500  # innocent prompts of part "tune", of which one may be let through
PROMISES = (1e-2, 1e-3, 1e-4)

Row = dict[str, Any]


def main() -> None:
    """Measure, print and write; or fit."""
    options = parser("names", __doc__ or "")
    options.add_argument("--quick", action="store_true", help="so few names that it means little")
    options.add_argument("--fit", action="store_true", help="only fit the weights of signs")
    options.add_argument("--timed", type=Path, metavar="INDEX", help="time an index; tell in JSON")
    chosen = options.parse_args()
    if chosen.timed:
        print(json.dumps(timed(chosen.timed, prompts(chosen.seed))))
        return
    with tempfile.TemporaryDirectory() as folder:
        index, finder = corpus_finder(Path(folder))
        with index:
            tune = corpus("tune", seed=chosen.seed)
            if chosen.fit:
                show_fit(weights(tune, finder))
                return
            report = corpus("report", seed=chosen.seed)
            about = environment(seeds=[chosen.seed], data_sha256=digest([*tune, *report]))
            done = read(report, finder)
            kept = [*(one for one in done if one.prompt.records), *halves(done)[1]]
            found = quality(read(tune, finder), kept, len(finder), chosen.seed)
        count = QUICK_NAMES if chosen.quick else NAMES
        cost = in_a_process_of_its_own(Path(folder), count, chosen.seed)
    write(chosen.output, {**about, "quick": chosen.quick, "quality": found, "cost": cost})
    show(found, cost)


def quality(tune: Sequence[Read], report: Sequence[Read], references: int, seed: int) -> Row:
    """Return how well names are found in part "report"."""
    pairs = pairs_of(report)
    chosen = threshold([one for one in tune if not one.prompt.records])
    null = default_null(NAME_CHANNEL, NAME_SETTINGS)
    if null is None:
        sys.exit("the null figures of names are of other settings: run scripts/ship_nulls first")
    rng = np.random.default_rng(seed)
    interval = bootstrap_over_queries(pairs, micro_average_precision, rng=rng)
    recall = bootstrap_over_queries(pairs, lambda one: recall_at_score(one, chosen), rng=rng)
    return {
        "records": references,
        "prompts": {"tune": len(tune), "report": len(report)},
        "innocent": {
            part: sum(not one.prompt.records for one in those)
            for part, those in (("tune", tune), ("report", report))
        },
        "micro_average_precision": round(micro_average_precision(pairs), 4),
        "micro_average_precision_95": [round(interval.low, 4), round(interval.high, 4)],
        "chosen_on_tune": {
            "one_false_alarm_in": ONE_IN,
            "min_score": round(chosen, 3),
            **at(report, lambda _: chosen),
            "recall_95": [round(recall.low, 4), round(recall.high, 4)],
        },
        "promised": [
            {"promised": promised, **at(report, by_null(null, promised, references))}
            for promised in PROMISES
        ],
        "by_language": grouped(report, chosen, lambda prompt: prompt.language),
        "by_trait": grouped(report, chosen, lambda prompt: prompt.trait),
    }


def pairs_of(done: Sequence[Read]) -> ScoredPairs:
    """Return all that was found as pairs of a prompt and a record."""
    records = sorted({r for one in done for r in one.prompt.records}
                     | {named.record_id for one in done for named in one.found})  # fmt: skip
    numbers = {record: number for number, record in enumerate(records)}
    rows = [(place, named, named.record_id in one.prompt.records)
            for place, one in enumerate(done) for named in one.found]  # fmt: skip
    return ScoredPairs(
        query=np.array([place for place, _, _ in rows], np.int64),
        record=np.array([numbers[named.record_id] for _, named, _ in rows], np.int64),
        score=np.array([named.score for _, named, _ in rows], np.float64),
        is_true=np.array([true for _, _, true in rows], np.bool_),
        truths=np.array([len(one.prompt.records) for one in done], np.int64),
    )


def threshold(innocents: Sequence[Read]) -> float:
    """Return the lowest score that at most one record in so many prompts reaches."""
    scores = sorted((named.score for one in innocents for named in one.found), reverse=True)
    let_through = len(innocents) // ONE_IN
    return float(np.nextafter(scores[let_through], np.inf)) if len(scores) > let_through else LEAST


def by_null(null: NullDistribution, promised: float, references: int) -> Callable[[Read], float]:
    """Return from which score on a record in a prompt is promised to be so rare by chance."""
    return lambda one: null.score_at(promised, references=references * one.units)


def at(done: Sequence[Read], min_score: Callable[[Read], float]) -> Row:
    """Return recall, precision and false alarms where a record is found from a score on."""
    true = false = innocent = alarmed = 0
    for one in done:
        reached = {named.record_id for named in one.found if named.score >= min_score(one)}
        right = len(reached & {*one.prompt.records})
        true, false = true + right, false + len(reached) - right
        if not one.prompt.records:
            innocent, alarmed = innocent + len(reached), alarmed + bool(reached)
    named = sum(len(one.prompt.records) for one in done)
    innocents = sum(not one.prompt.records for one in done)
    return {
        "named": named,
        "recall": round(true / named, 4) if named else None,
        "precision": round(true / (true + false), 4) if true + false else None,
        "innocent_prompts": innocents,
        "false_alarms": innocent,
        "false_alarms_per_innocent_prompt": round(innocent / innocents, 5) if innocents else None,
        "innocent_prompts_with_one": alarmed,
        "false_alarms_in_others": false - innocent,
    }


def grouped(done: Sequence[Read], chosen: float, of: Callable[[Prompt], str]) -> dict[str, Row]:
    """Return the same of each group of prompts, at one threshold."""
    groups = sorted({of(one.prompt) for one in done})
    return {
        group: at([one for one in done if of(one.prompt) == group], lambda _: chosen)
        for group in groups
    }


def people(count: int, seed: int) -> Iterator[Record]:
    """Yield people of ten countries whose names are made up, in turns."""
    from faker import Faker  # what only this needs

    made = [Faker(locale) for locale in LOCALES]
    for number, faker in enumerate(made):
        faker.seed_instance(seed + number)
    for number in range(count):
        name = made[number % len(made)].name()
        yield Record(id=f"made-up-{number}", kind=Kind.PERSON, title=name)


def in_a_process_of_its_own(folder: Path, count: int, seed: int) -> Row:
    """Return what it costs to find so many names, and those of the corpus."""
    empty, index = folder / "nothing", folder / "many.index"
    empty.mkdir()
    enroll_records(index, [*corpus_records(empty), *people(count, seed)])
    command = [sys.executable, __file__, "--seed", str(seed), "--timed", str(index)]
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        command, env={**os.environ, **one_core}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {"made_up": count, "locales": LOCALES, **json.loads(done.stdout)}


def timed(path: Path, given: Sequence[Prompt]) -> Row:
    """Return time and memory of the names of an index; to be called first in a process."""
    with ReferenceIndex.open(path) as index, tempfile.TemporaryDirectory() as folder:
        before = resident_mib()
        started = time.perf_counter()
        small, _ = corpus_finder(Path(folder))
        small.close()
        first_s, words = time.perf_counter() - started, resident_mib()
        started = time.perf_counter()
        finder = NameFinder(index)
        made_s, after = time.perf_counter() - started, resident_mib()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        milliseconds, alarms = one_by_one(finder, given)
        return {
            "names_of_records": len(finder),
            "lexicon_and_corpus_s": round(first_s, 2),
            "lexicon_mib": round(words - before, 1),
            "finder_s": round(made_s, 2),
            "finder_mib": round(after - words, 1),
            "peak_mib": round(peak, 1),
            "prompts": len(given),
            "median_ms": round(float(np.median(milliseconds)), 3),
            "p95_ms": round(float(np.percentile(milliseconds, 95)), 3),
            "worst_ms": round(max(milliseconds), 3),
            "made_up_found": alarms,
        }


def one_by_one(finder: NameFinder, given: Sequence[Prompt]) -> tuple[list[float], list[Row]]:
    """Return how long each prompt takes, and how many of the people made up are found in all."""
    null = default_null(NAME_CHANNEL, NAME_SETTINGS)
    references = len(finder)
    least = null.score_at(max(PROMISES), references=references) if null else LEAST
    milliseconds, alarms = list[float](), dict.fromkeys(PROMISES, 0)
    finder.find([Said(source=Source.PROMPT, text=given[0].text)], min_score=least)  # loads the rest
    for prompt in given:
        said = [Said(source=Source.PROMPT, text=prompt.text)]
        started = time.perf_counter()
        found = finder.find(said, min_score=least)
        milliseconds.append((time.perf_counter() - started) * 1e3)
        made_up = [one.score for one in found if one.record_id.startswith("made-up-")]
        for promised in alarms if null and made_up else ():
            count = references * units_of(said)
            alarms[promised] += sum(
                null.false_alarms(score, references=count) <= promised for score in made_up
            )
    rows = [
        {"promised": promised, "per_prompt": round(count / len(given), 6)}
        for promised, count in alarms.items()
    ]
    return milliseconds, rows


def resident_mib() -> float:
    """Return the memory that this process holds, without garbage; the most it had elsewhere."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20


def show(found: Row, cost: Row) -> None:
    """Print the tables."""
    rows = [
        (f"one in {ONE_IN} on tune", found["chosen_on_tune"]),
        *((f"promised {row['promised']:g}", row) for row in found["promised"]),
        *found["by_language"].items(),
        *found["by_trait"].items(),
    ]
    print_table(
        ["prompts", "named", "recall", "precision", "innocent", "false alarms", "a prompt"],
        (
            [
                name,
                str(row["named"]),
                "-" if row["recall"] is None else f"{row['recall']:.4f}",
                "-" if row["precision"] is None else f"{row['precision']:.4f}",
                str(row["innocent_prompts"]),
                str(row["false_alarms"]),
                "-"
                if row["false_alarms_per_innocent_prompt"] is None
                else f"{row['false_alarms_per_innocent_prompt']:.5f}",
            ]
            for name, row in rows
        ),
    )
    print(f"micro average precision {found['micro_average_precision']:.4f}")
    print(
        f"{cost['names_of_records']:,} records: finder {cost['finder_s']} s, "
        f"{cost['finder_mib']} MiB, peak {cost['peak_mib']} MiB (lexicon {cost['lexicon_mib']}); "
        f"a prompt {cost['median_ms']} ms, 95 % {cost['p95_ms']}, worst {cost['worst_ms']}"
    )


def show_fit(rows: Sequence[Row]) -> None:
    """Print what each sign is worth."""
    print_table(
        ["sign", "counts, bits", "fitted, bits", "in innocents", "in names"],
        (
            [
                row["sign"],
                "" if row["counts"] is None else f"{row['counts']:.1f}",
                f"{row['bits']:.2f}",
                str(row["innocent"]),
                str(row["naming"]),
            ]
            for row in rows
        ),
    )


if __name__ == "__main__":
    main()
