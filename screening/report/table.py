"""The table people read: verdict, coverage, how improbable, picture and record, row by row."""

from screening.decision import Coverage, Role, Verdict, advice
from screening.decision.advice import input_name
from screening.matching import RankedCandidate
from screening.report.summary import Summary
from screening.report.words import (
    coincidence,
    evidence_in_words,
    false_alarms_in_words,
    path_of,
    printable,
)
from screening.result import Screening

_COLORS = {
    Verdict.NEEDS_APPROVAL: "\x1b[31m",
    Verdict.BLOCKED: "\x1b[1;31m",
    Verdict.NOTE: "\x1b[33m",
}
_USUAL = {Role.GENERATED, Role.UNKNOWN}
PICTURE = "PICTURE"
_UNFINISHED = "\x1b[35m"
_PLAIN = "\x1b[0m"
_ROW = "{:<14}  {:<12}  {:<22}  {}\n"
_INDENT = " " * 54


class TableReport:
    """One row per file as it is screened; findings and reasons on rows of their own.

    notes: whether findings that are only a note have rows too. what: the heading of what was
    screened; only pictures have roles.
    """

    def __init__(self, *, color: bool = False, notes: bool = True, what: str = PICTURE) -> None:
        self._color = color
        self._notes = notes
        self._what = what

    def start(self) -> str:
        """Return the heading."""
        return _ROW.format("VERDICT", "COVERAGE", "BY COINCIDENCE", self._what)

    def line(self, screening: Screening) -> str:
        """Return the rows of one file."""
        verdict = screening.verdict.words if screening.verdict else "-"
        coverage = screening.coverage or "-"
        decisive = screening.decisive
        chance = coincidence(decisive) if decisive else "-"
        usual = screening.role in _USUAL or self._what != PICTURE
        told = "" if usual else f" ({screening.role})"
        picture = printable(path_of(screening)) + told
        rows = self._paint(screening, _ROW.format(verdict, coverage, chance, picture))
        for finding in screening.findings:
            if not self._notes and finding.verdict is Verdict.NOTE:
                continue
            where = f", frame {finding.frame + 1}" if finding.frame else ""
            again = "" if finding is decisive else f" ({coincidence(finding)})"
            name = input_name(finding)
            rows += (
                f"{_INDENT}└ {finding.record.kind} “{printable(finding.record.title)}”"
                f"{f' in the input “{printable(name)}”' if name else ''}: "
                f"{evidence_in_words(finding, screening.policy)}{where}{again}\n"
            )
            if finding.flagged or finding.standing or finding.consent:
                rows += f"{_INDENT}  {', '.join(finding.clauses)}: {printable(advice(finding))}\n"
        if screening.reason:
            rows += f"{_INDENT}└ {printable(screening.reason)}\n"
        for one in screening.inputs:
            told_already = (one.reason or "") in (screening.reason or "")
            if not told_already and (self._notes or one.path):
                rows += f"{_INDENT}└ {printable(f'input “{one.name}”: {one.reason}')}\n"
        for candidate in screening.candidates:
            rows += (
                f"{_INDENT}· {printable(candidate.record.title)}: {candidate.channel} "
                f"{candidate.score:.4g}, {_chance(candidate, screening)}\n"
            )
        return rows

    def end(self, summary: Summary) -> str:
        """Return the summary under the table."""
        return f"\n{summary.lines()}\n"

    def _paint(self, screening: Screening, row: str) -> str:
        if not self._color:
            return row
        color = _COLORS.get(screening.verdict) if screening.verdict else None
        if color is None and screening.coverage in {Coverage.INSUFFICIENT, Coverage.UNREAD}:
            color = _UNFINISHED
        return f"{color}{row.rstrip()}{_PLAIN}\n" if color else row


def _chance(candidate: RankedCandidate, screening: Screening) -> str:
    """Return how improbable a candidate is, in the words of its finding where it is one."""
    for finding in screening.own_findings:
        if finding.record.id == candidate.record.id:
            return f"by coincidence {coincidence(finding)}"
    return false_alarms_in_words(candidate)
