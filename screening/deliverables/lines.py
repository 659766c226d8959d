"""What was found in deliverables, as people and programs read it."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from screening.calibration.paths import path_json
from screening.decision import Coverage
from screening.deliverables.sightings import Delivered, Sighting, timecode
from screening.images.video import clock
from screening.report.csvlines import csv_row
from screening.report.summary import EXIT_FLAGGED, EXIT_INTERRUPTED, EXIT_NOTHING, EXIT_UNFINISHED
from screening.report.words import coincidence, printable

SCHEMA = 1
CLAUSES = ("P4", "G3")
"""What temporary material in a deliverable touches."""

COLUMNS = (
    "path",
    "result",
    "coverage",
    "reason",
    "record_id",
    "title",
    "first",
    "last",
    "frames",
    "channels",
    "false_alarms",
    "coincidence",
    "strength",
    "region",
    "sha256",
)
_ROW = "{:<14}  {:<12}  {:<14}  {}\n"
_INDENT = " " * 46


@dataclass(slots=True)
class Totals:
    """Counts over the files seen so far."""

    files: int = 0
    found: int = 0
    sightings: int = 0
    possible: int = 0
    not_deliverables: int = 0
    looked_at: int = 0
    interrupted: bool = False
    coverage: Counter[Coverage] = field(default_factory=Counter)

    def add(self, one: Delivered) -> None:
        """Count one file."""
        self.files += 1
        self.looked_at += one.looked_at
        if one.coverage is None:
            self.not_deliverables += 1
            return
        self.coverage[one.coverage] += 1
        self.found += one.found
        certain = sum(sighting.certain for sighting in one.sightings)
        self.sightings += certain
        self.possible += len(one.sightings) - certain

    @property
    def exit_code(self) -> int:
        """Return 3 where temporary material was found, else 4 where something was not looked at."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.found:
            return EXIT_FLAGGED
        unfinished = self.coverage[Coverage.INSUFFICIENT] + self.coverage[Coverage.UNREAD]
        return EXIT_UNFINISHED if unfinished else EXIT_NOTHING

    def to_json(self) -> dict[str, Any]:
        """Return the counts under the names that reports use."""
        return {
            "files": self.files,
            "with_temporary_material": self.found,
            "sightings": self.sightings,
            "possible": self.possible,
            "frames_looked_at": self.looked_at,
            "coverage": {one.value: self.coverage[one] for one in Coverage},
            "not_images": self.not_deliverables,
            "complete": not self.interrupted,
        }

    def sentence(self) -> str:
        """Return the counts as sentences."""
        looked = self.files - self.not_deliverables - self.coverage[Coverage.UNREAD]
        said = [
            f"{self.looked_at:,} frames of {looked} files looked at",
            f"temporary material in {self.found}, {self.sightings} times",
        ]
        for count, words in (
            (self.possible, "possible, no rarer than chance in so many frames"),
            (self.coverage[Coverage.PARTIAL], "only partly looked at"),
            (self.coverage[Coverage.INSUFFICIENT], "insufficiently looked at"),
            (self.coverage[Coverage.UNREAD], "unread: could not be looked at"),
            (self.not_deliverables, "neither picture nor film"),
        ):
            if count:
                said.append(f"{count} {words}")
        return f"{'INTERRUPTED, not all was seen. ' if self.interrupted else ''}{'. '.join(said)}."


def table_head() -> str:
    """Return the heading of the table."""
    return _ROW.format("TEMPORARY", "COVERAGE", "LOOKED AT", "DELIVERABLE")


def table_lines(one: Delivered) -> str:
    """Return the rows of one file: what it is, then each sighting and what is missing."""
    length = f" of {clock(one.seconds)}" if one.seconds else ""
    looked = f"{one.looked_at} fr.{length}" if one.looked_at else "-"
    coverage = one.coverage or "-"
    rows = _ROW.format(_result(one).replace("_", " "), coverage, looked, printable(one.path))
    for sighting in one.sightings:
        finding = sighting.finding
        left, top, right, bottom = _box(sighting)
        rows += (
            f"{_INDENT}└ {'' if sighting.certain else 'possibly '}“"
            f"{printable(finding.record.title)}”{_when(one, sighting)}: "
            f"{', '.join(sighting.channels)}, {finding.strength} ({coincidence(finding)}), at "
            f"{left:.0%}–{right:.0%} across, {top:.0%}–{bottom:.0%} down\n"
        )
    if one.reason:
        rows += f"{_INDENT}└ {printable(one.reason)}\n"
    return rows


def json_line(one: Delivered) -> str:
    """Return one file as a line of JSON, ASCII only, ended."""
    return (
        json.dumps(
            {"schema": SCHEMA}
            | path_json(one.path)
            | {
                "sha256": one.sha256,
                "kind": one.kind,
                "seconds": one.seconds,
                "rate": one.rate,
                "frames_looked_at": one.looked_at,
                "result": _result(one),
                "coverage": one.coverage,
                "reason": one.reason,
                "sightings": [_sighting_json(one, sighting) for sighting in one.sightings],
                "clauses": list(CLAUSES) if one.found else [],
                "notes": list(one.notes),
            }
        )
        + "\n"
    )


def json_end(totals: Totals) -> str:
    """Return the summary line."""
    return json.dumps({"schema": SCHEMA, "summary": totals.to_json()}) + "\n"


def csv_head() -> str:
    """Return the header row."""
    return csv_row(COLUMNS)


def csv_lines(one: Delivered) -> str:
    """Return a row for each sighting, one for a file without any.

    Text that a spreadsheet would run as a formula is quoted first. No number of false alarms is
    below what was measured.
    """
    told = (one.coverage or "", one.reason or "")
    rows = [
        (
            printable(one.path),
            "found" if sighting.certain else "possible",
            *told,
            finding.record.id,
            finding.record.title,
            *(_place(one, at) for at in (sighting.first, sighting.last)),
            " ".join(map(str, sighting.frames)),
            ";".join(sighting.channels),
            f"{max(finding.false_alarms, finding.measured_to):.3g}",
            coincidence(finding),
            finding.strength,
            " ".join(f"{edge:.3f}" for edge in _box(sighting)),
            one.sha256 or "",
        )
        for sighting in one.sightings
        for finding in (sighting.finding,)
    ]
    empty = (printable(one.path), _result(one), *told, *("",) * 10, one.sha256 or "")
    return "".join(map(csv_row, rows or [empty]))


def _result(one: Delivered) -> str:
    if one.coverage is None:
        return "-"
    if one.coverage is Coverage.UNREAD:
        return "unread"
    if one.found:
        return "found"
    return "possible" if one.sightings else "nothing_found"


def _when(one: Delivered, sighting: Sighting) -> str:
    if sighting.first is None or sighting.last is None:
        return ""
    first, last = _place(one, sighting.first), _place(one, sighting.last)
    frames = f"{len(sighting.frames)} frame{'s' * (len(sighting.frames) > 1)}"
    return f" {first}, 1 frame" if first == last else f" {first} – {last}, {frames}"


def _place(one: Delivered, seconds: float | None) -> str:
    return "" if seconds is None else timecode(seconds, one.rate)


def _box(sighting: Sighting) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of where it shows, within the picture."""
    across, down = zip(*sighting.finding.region, strict=True)
    left, top = max(min(across), 0.0), max(min(down), 0.0)
    return left, top, min(max(across), 1.0), min(max(down), 1.0)


def _sighting_json(one: Delivered, sighting: Sighting) -> dict[str, Any]:
    finding = sighting.finding
    return {
        "record": {"id": finding.record.id, "title": finding.record.title},
        "certain": sighting.certain,
        "first": _place_json(one, sighting.first),
        "last": _place_json(one, sighting.last),
        "frames": list(sighting.frames),
        "best_frame": finding.frame,
        "channels": list(sighting.channels),
        "false_alarms": finding.false_alarms,
        "measured_to": finding.measured_to,
        "coincidence": coincidence(finding),
        "strength": finding.strength,
        "reference_image": finding.channels[0].reference_image,
        "region": [list(point) for point in finding.region],
    }


def _place_json(one: Delivered, seconds: float | None) -> dict[str, Any] | None:
    if seconds is None:
        return None
    return {"seconds": round(seconds, 3), "timecode": _place(one, seconds)}
