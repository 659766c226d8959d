"""A run in words: the names of its figures, its promises, and the table for a terminal."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from screening.benchmark.compare import Comparison
from screening.benchmark.measures import PROMISES
from screening.benchmark.queries import REMARKS, Remark
from screening.benchmark.result import BenchmarkRun, Promise, Recommendation
from screening.benchmark.scored import FUSED
from screening.decision import NETFLIX_GENAI

NAMES: Mapping[str, str] = {
    "micro_ap": "micro-AP",
    "recall_at_90_precision": "recall at 90 % precision",
    "recall_without_false_match": "recall with no false match",
    "fnir_at_fpir_1_in_100": "FNIR at FPIR 1 %, seen",
    "fnir_at_fpir_3_in_1000": "FNIR at FPIR 0.3 %, seen",
}
CSV_COLUMNS = ("channel", "measure", "promised_false_alarms", "value", "low_95", "high_95")


def one_in(rate: float) -> str:
    """Return a rate as people say it: 1 in 1,000."""
    return f"1 in {1.0 / rate:,.0f}"


def name_of(name: str, promised: float | None) -> str:
    """Return what tables call a figure."""
    return NAMES.get(name, name) if promised is None else f"recall at {one_in(promised)}"


def figure_in_words(run: BenchmarkRun, channel: str, name: str, promised: float | None) -> str:
    """Return a figure with its interval, or that there is no threshold to have one."""
    if promised is not None and run.promise(channel, promised).outcome == "unsupported":
        return "not promised"
    one = run.measured(channel, name, promised)
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def figures(run: BenchmarkRun) -> list[tuple[str, float | None]]:
    """Return name and promise of every figure that a channel has, in order."""
    return [(one.name, one.promised) for one in run.measures if one.channel == FUSED]


def promise_in_words(promise: Promise) -> str:
    """Return what became of a promise, in a cell of a table."""
    seen = f"{promise.flagged} of {promise.images}"
    if promise.false_alarms != promise.flagged:
        seen += f" ({promise.false_alarms} false alarms)"
    low, high = promise.expected
    return {
        "kept": f"{seen}, as promised ({low} to {high})",
        "stricter": f"{seen}, fewer than promised ({low} to {high})",
        "broken": f"{seen}, MORE than promised ({low} to {high})",
        "unchecked": f"{seen}, needs {promise.images_needed:,} images",
        "unsupported": "cannot be promised, too few to calibrate on",
    }[promise.outcome]


def recommendation_in_words(run: BenchmarkRun, channel: str = FUSED) -> str:
    """Return the recommended operating point as a sentence or two."""
    point = run.recommended(channel)
    budget = f"{run.load:g} flagged unrelated image{'s' * (run.load != 1)} in 1,000"
    if point is None:
        return (
            f"No operating point of {channel} keeps to {budget}: calibrate on more unrelated "
            "images, or allow a greater load."
        )
    load, recall = point.load, point.recall
    note = ""
    if point.promised > NETFLIX_GENAI.note_at:
        note = (
            f" Notes begin at {NETFLIX_GENAI.note_at:g}: raise --note-at to {point.promised:g} too."
        )
    return (
        f"Flag at {one_in(point.promised)} ({point.promised:g} false alarms per image): finds "
        f"{recall.value:.1%} of the positives [{recall.low:.1%}, {recall.high:.1%}] and flags "
        f"{load.value:.3g} unrelated images in 1,000 [{load.low:.2g}, {load.high:.2g}]"
        f", {point.flagged} of {point.images} seen. {_chosen(point, budget)}{note}"
    )


def _chosen(point: Recommendation, budget: str) -> str:
    if point.by_promise:
        return (
            f"Chosen by its promise alone: the {point.chosen_images} images of the other half are "
            f"too few to show {budget}."
        )
    return (
        f"Chosen on the other half as the largest promise within {budget}: there it flagged "
        f"{point.chosen_flagged} of {point.chosen_images}."
    )


def sample_in_words(run: BenchmarkRun) -> list[str]:
    """Return what was measured with, a line each."""
    sample, index = run.sample, run.index
    asked = sample.queries_chosen_on + sample.queries_reported_on
    what = "pictures" if sample.edits is None else "edited copies"
    references = ", ".join(f"{count:,} for {name}" for name, count in index.references.items())
    unrelated = sample.calibrated_on + sample.reported_on
    halves = "{:,} to {}, {:,} to report".format
    background = halves(sample.calibrated_on, "calibrate and choose", sample.reported_on)
    positives = halves(sample.queries_chosen_on, "choose", sample.queries_reported_on)
    return [
        f"index: {index.records:,} records, {index.images:,} reference images ({references})",
        f"background: {unrelated:,} unrelated images, {background}",
        f"positives: {asked:,} {what} of {sample.records:,} records, {positives}",
    ]


def as_text(run: BenchmarkRun) -> str:
    """Return the run as a compact table."""
    channels = run.channels
    measures = [
        [name_of(name, promised)]
        + [figure_in_words(run, channel, name, promised) for channel in channels]
        for name, promised in figures(run)
    ]
    checked = [
        [one_in(promised), *(promise_in_words(run.promise(c, promised)) for c in channels)]
        for promised in PROMISES
    ]
    return "\n".join((
        *sample_in_words(run),
        "",
        *aligned([["report half, 95 % interval", *channels], *measures]),
        "",
        *aligned([["promised per image, images flagged", *channels], *checked]),
        "",
        recommendation_in_words(run),
        "",
    ))  # fmt: skip


def comparison_as_text(comparison: Comparison) -> str:
    """Return the differences of two runs as a table, headed by whether they mean anything."""
    rows = [
        [
            f"{one.channel}: {name_of(one.name, one.promised)}",
            *(f"{value:.3f}" if value is not None else "-" for value in (one.before, one.now)),
            difference(one.before, one.now),
        ]
        for one in comparison.differences
    ]
    return "\n".join(
        (comparison_in_words(comparison), *aligned([["", "before", "now", ""], *rows]), "")
    )


def comparison_in_words(comparison: Comparison) -> str:
    """Return whether the two runs may be held against each other."""
    if comparison.comparable:
        return f"Compared with the run of {comparison.before}: same index, pictures and settings."
    return (
        f"NOT COMPARABLE with the run of {comparison.before}: {'; '.join(comparison.reasons)}. "
        "Differences may come of that alone."
    )


def difference(before: float | None, now: float | None) -> str:
    """Return the signed difference, - where there is none to tell."""
    return "-" if before is None or now is None else f"{now - before:+.3f}"


def remarks_by_kind(remarks: Iterable[Remark]) -> dict[str, list[Remark]]:
    """Return the remarks of each kind there is, in the order of REMARKS."""
    found: dict[str, list[Remark]] = {kind: [] for kind in REMARKS}
    for remark in remarks:
        found[remark.kind].append(remark)
    return {kind: those for kind, those in found.items() if those}


def as_csv(run: BenchmarkRun) -> str:
    """Return every figure as a row of CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for one in run.measures:
        promised = "" if one.promised is None else f"{one.promised:g}"
        rows.writerow((one.channel, one.name, promised, *_rounded(one.value, one.low, one.high)))
    for check in run.promises:
        seen = [count / check.images for count in (check.flagged, *check.expected)]
        name = f"flagged_per_image ({check.outcome})"
        rows.writerow((check.channel, name, f"{check.promised:g}", *_rounded(*seen)))
    for point in run.recommendations:
        promised = f"{point.promised:g}"
        recall, load = point.recall, point.load
        rows.writerow((point.channel, "recommended_recall", promised,
                       *_rounded(recall.value, recall.low, recall.high)))  # fmt: skip
        rows.writerow((point.channel, "recommended_flags_per_1000", promised,
                       *_rounded(load.value, load.low, load.high)))  # fmt: skip
    return text.getvalue()


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines of equal columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _rounded(*values: float) -> tuple[str, ...]:
    return tuple(f"{value:.6g}" for value in values)
