"""The benchmark: an index's own works, edited or as pairs, against a background of one's own."""

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import numpy as np

from reference_index import ReferenceIndex
from reference_index.calibration import Calibration, NullDistribution
from screening.benchmark.measures import (
    FLAG_AT,
    curve_of,
    measures_of,
    promises_of,
    recommended,
)
from screening.benchmark.queries import Query, Remark, digest
from screening.benchmark.result import BenchmarkRun, FamilyRecall, IndexFacts, SampleFacts
from screening.benchmark.sample import How, Report, Sample, gather
from screening.benchmark.scored import FUSED, Scored, scored
from screening.benchmark.splits import groups, halves
from screening.calibration import Suspect, fitted
from screening.errors import CalibrationError
from screening.evaluation.metrics import IntArray
from screening.images import Limits
from screening.matching.settings import check_settings
from screening.version import __version__
from screening.weights import weights_for

EDITS = 3
LOAD = 1.0
_PACKAGES = ("numpy", "opencv-python-headless", "faiss-cpu", "pillow", "simplejpeg")


def run(
    index: str | os.PathLike[str],
    *,
    background: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    positives: str | os.PathLike[str] | None = None,
    attacks: str | os.PathLike[str] | None = None,
    attacks_per_image: int = EDITS,
    load: float = LOAD,
    seed: int = 0,
    limits: Limits | None = None,
    workers: int | None = None,
    models: Path | None = None,
    runtime: str = "onnx",
    report: Report = lambda _: None,
) -> BenchmarkRun:
    """Measure how well an index finds what it holds, and what that costs among unrelated images.

    background: folders or files of images that show nothing enrolled; one half calibrates, figures
    are told of the other. positives: a CSV file of queries and the records they show, or attacks: a
    folder of enrolled pictures, of which ``attacks_per_image`` edited copies each are the queries.
    load: flagged unrelated images per 1,000 that a reviewer can bear, for the recommended point.
    The calibration that the index may have plays no part, and nothing is written. ``report`` is
    given each picture that was searched with. workers: as in ``Screener.scan``. models: the
    folder of weights. runtime: as in ``Screener.open``.
    Raises BenchmarkError, CalibrationError, PathMissingError and ReferenceIndexError.
    """
    if (positives is None) == (attacks is None):
        raise TypeError("expected either positives, a CSV file, or attacks, a folder")
    if attacks_per_image < 1 or not load > 0.0:
        raise ValueError(
            f"attacks_per_image is {attacks_per_image}, load {load}: expected at least 1, above 0"
        )
    roots = [background] if isinstance(background, str | os.PathLike) else list(background)
    with ReferenceIndex.open(index) as opened:
        check_settings(opened)
        how = How(
            index=opened,
            models=weights_for([opened], folder=models, runtime=runtime).models,
            seed=seed,
            limits=limits or Limits(),
            workers=workers,
            report=report,
        )
        sample = gather(
            how,
            [Path(root) for root in roots],
            positives=None if positives is None else Path(positives),
            attacks=None if attacks is None else Path(attacks),
            attacks_per_image=attacks_per_image,
        )
        edits = attacks_per_image if attacks is not None else None
        return _measured(how, sample, load=load, edits=edits)


def _measured(how: How, sample: Sample, *, load: float, edits: int | None) -> BenchmarkRun:
    """Calibrate on one half of the background, and count on both."""
    calibrating, reporting, asked = sample.calibrating, sample.reporting, sample.asked
    calibration, suspected = fitted([q.scores for q in calibrating], how.index, seed=how.seed)
    doubtful = {suspect.path for suspect in suspected}
    calibrating = tuple(query for query in calibrating if query.name not in doubtful)
    with suppress(CalibrationError):  # fewer than can be told from the others
        others = [q.scores for q in reporting]
        suspected += fitted(others, how.index, seed=how.seed, keep_suspects=True)[1]
    nulls = {name: one.null for name, one in calibration.channels.items()}
    references = {name: null.references for name, null in nulls.items()}
    group_of = dict(zip([q.key for q in asked], groups([q.true for q in asked]), strict=True))
    chosen_groups, _ = halves(group_of.values(), seed=how.seed)
    chosen = [query for query in asked if group_of[query.key] in chosen_groups]
    told = [query for query in asked if group_of[query.key] not in chosen_groups]
    choosing = scored([*chosen, *calibrating], nulls, references)
    reported = scored([*told, *reporting], nulls, references)
    drawn = _numbered([group_of[q.key] for q in told] + [f"\0{q.key}" for q in reporting])
    supported = {name: _supports({name: null}, references) for name, null in nulls.items()}
    supported[FUSED] = _supports(nulls, references)
    promises = [
        promises_of(
            name,
            report,
            calibrated_on=calibration.images,
            score_at=_score_at(nulls.get(name), references.get(name, 0)),
            supported=supported[name],
        )
        for name, report in reported.items()
    ]
    points = [
        recommended(
            name,
            choosing[name],
            report,
            drawn,
            load=load,
            seed=how.seed,
            supported=supported[name],
        )
        for name, report in reported.items()
    ]
    return BenchmarkRun(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        machine=_machine(),
        seed=how.seed,
        load=load,
        index=_index_facts(how.index, calibration),
        sample=SampleFacts(
            background=digest((*sample.calibrating, *reporting)),
            calibrated_on=calibration.images,
            reported_on=len(reporting),
            positives=digest(asked),
            edits=edits,
            queries_chosen_on=len(chosen),
            queries_reported_on=len(told),
            records=len(frozenset[str]().union(*(query.true for query in asked))),
        ),
        measures=tuple(
            chain.from_iterable(
                measures_of(name, report, drawn, seed=how.seed) for name, report in reported.items()
            )
        ),
        promises=tuple(chain.from_iterable(promises)),
        recommendations=tuple(point for point in points if point is not None),
        families=_families([*chosen, *calibrating], choosing, [*told, *reporting], reported),
        curves={name: curve_of(report) for name, report in reported.items()},
        remarks=(*sample.remarks, *_remarks(suspected)),
    )


def _supports(
    nulls: Mapping[str, NullDistribution], references: Mapping[str, int]
) -> Callable[[float], bool]:
    """Return what tells whether a score exists from which on so few false alarms are promised."""

    def supported(promised: float) -> bool:
        alone = promised / len(nulls)
        return any(
            np.isfinite(null.score_at(alone, references=references[name]))
            for name, null in nulls.items()
        )

    return supported


def _score_at(null: NullDistribution | None, references: int) -> Callable[[float], float | None]:
    def score_at(promised: float) -> float | None:
        score = null.score_at(promised, references=references) if null else np.inf
        return score if np.isfinite(score) else None

    return score_at


def _families(
    first: Sequence[Query],
    first_scored: Mapping[str, Scored],
    second: Sequence[Query],
    second_scored: Mapping[str, Scored],
) -> tuple[FamilyRecall, ...]:
    """Return how many edits of each family both halves find: nothing is chosen for FLAG_AT."""
    queries: dict[str, int] = {}
    found: dict[str, dict[str, int]] = {}
    for asked, by_channel in ((first, first_scored), (second, second_scored)):
        for name, half in by_channel.items():
            hit = half.found(FLAG_AT)
            for query, was_found in zip(asked, hit.tolist(), strict=True):
                if query.family is not None:
                    of = found.setdefault(query.family, dict.fromkeys(by_channel, 0))
                    of[name] += was_found
        for query in asked:
            if query.family is not None:
                queries[query.family] = queries.get(query.family, 0) + 1
    return tuple(
        FamilyRecall(family=family, queries=queries[family], found=found[family])
        for family in sorted(found)
    )


def _numbered(names: Sequence[str]) -> IntArray:
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _remarks(suspected: Sequence[Suspect]) -> Iterator[Remark]:
    """Yield one remark of each suspected image, whatever it was found by."""
    found: dict[str, list[str]] = {}
    for one in suspected:
        said = f"record {one.record_id}, {one.channel} score {one.score:.4g}"
        found.setdefault(one.path or "", []).append(said)
    for name, details in found.items():
        yield Remark(kind="suspect", name=name, detail="; ".join(details))


def _index_facts(index: ReferenceIndex, calibration: Calibration) -> IndexFacts:
    nulls = {name: one.null for name, one in calibration.channels.items()}
    return IndexFacts(
        name=index.path.name,
        uuid=index.uuid,
        next_id=calibration.next_id,
        records=index.record_count,
        images=index.image_count,
        references={name: null.references for name, null in nulls.items()},
        settings={name: null.settings for name, null in nulls.items()},
    )


def _machine() -> dict[str, str]:
    """Return what figures may depend on; nothing that names a person or a host."""
    facts = {
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            facts[package] = version(package)
    return facts
