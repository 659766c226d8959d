"""CSV: one row per file seen, beside it the strongest finding that its verdict rests on."""

import csv
import io
from collections.abc import Iterable

from screening.decision import advice
from screening.report.summary import Summary
from screening.report.words import (
    coincidence,
    harmless,
    path_in_words,
    path_of,
    raw_flag_in_words,
)
from screening.result import Screening

COLUMNS = (
    "path",
    "verdict",
    "coverage",
    "reason",
    "record_id",
    "title",
    "kind",
    "channel",
    "transform",
    "share",
    "reference_share",
    "false_alarms",
    "extrapolated",
    "coincidence",
    "basis",
    "findings",
    "clauses",
    "sha256",
    "role",
    "advice",
    "input",
)


class CsvReport:
    """The spreadsheet's format; the summary goes to standard error with the talk."""

    def start(self) -> str:
        """Return the header row."""
        return csv_row(COLUMNS)

    def line(self, screening: Screening) -> str:
        """Return one row. Text that a spreadsheet would run as a formula is quoted first.

        The evidence is the channel's that flags the picture. No number of false alarms is below
        what was measured. The last cell is the input that shows it, empty for the picture itself.
        """
        strongest, policy = screening.decisive, screening.policy
        evidence = (strongest.raw or strongest.channels[0]) if strongest else None
        pictured = evidence if evidence and not evidence.named else None
        return csv_row(
            (
                path_of(screening),
                screening.verdict or "",
                screening.coverage or "",
                screening.reason or "",
                strongest.record.id if strongest else "",
                strongest.record.title if strongest else "",
                strongest.record.kind if strongest else "",
                evidence.channel if evidence else "",
                evidence.transform if evidence else "",
                f"{pictured.share:.3g}" if pictured else "",
                f"{pictured.reference_share:.3g}" if pictured else "",
                f"{max(strongest.false_alarms, strongest.measured_to):.3g}" if strongest else "",
                str(evidence.extrapolated).lower() if evidence else "",
                coincidence(strongest) if strongest else "",
                (raw_flag_in_words(strongest, policy) or "false_alarms") if strongest else "",
                str(len(screening.findings)),
                ";".join(screening.clauses),
                screening.sha256 or "",
                screening.role,
                advice(strongest) if strongest else "",
                path_in_words(strongest.input) if strongest else "",
            )
        )

    def end(self, summary: Summary) -> str:
        """Return a row that says so where the scan was interrupted, else nothing."""
        if not summary.interrupted:
            return ""
        return csv_row(("", "", "", summary.sentence(), *("",) * (len(COLUMNS) - 4)))


def csv_row(cells: Iterable[str]) -> str:
    """Return one ended line of CSV; text that would be run as a formula is quoted first."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(map(harmless, cells))
    return line.getvalue()
