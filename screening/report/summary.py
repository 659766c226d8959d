"""The summary of a scan: counts that add up, and the exit code they mean."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from screening.decision import CLAUSES, GUIDANCE, NETFLIX_GENAI, Coverage, Policy, Verdict
from screening.production import Declared
from screening.report.calibrations import IndexCalibration
from screening.report.words import clauses_in_words, printable, thresholds_in_words
from screening.result import Screening

EXIT_NOTHING = 0
EXIT_FLAGGED = 3
EXIT_UNFINISHED = 4
EXIT_INTERRUPTED = 130


@dataclass(slots=True)
class Summary:
    """Counts over the screenings seen so far, and what they were compared with.

    Every file seen is in exactly one of ``verdicts``, ``unread`` and ``not_images``.
    calibrations: what the false alarms of each index rest on. clauses: those that findings touch.
    without_inputs: pictures whose inputs were not all found. noun: what was screened.
    """

    policy: Policy = NETFLIX_GENAI
    indexes: tuple[str, ...] = ()
    calibrations: tuple[IndexCalibration, ...] = ()
    declared: Declared | None = None
    files: int = 0
    not_images: int = 0
    interrupted: bool = False
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    coverage: Counter[Coverage] = field(default_factory=Counter)
    clauses: set[str] = field(default_factory=set)
    without_inputs: int = 0
    noun: str = "picture"

    def add(self, screening: Screening) -> None:
        """Count one screening."""
        self.files += 1
        if screening.coverage is None:
            self.not_images += 1
            return
        self.coverage[screening.coverage] += 1
        self.clauses.update(*(finding.clauses for finding in screening.findings))
        self.without_inputs += any(one.path is None for one in screening.inputs)
        if screening.verdict is not None:
            self.verdicts[screening.verdict] += 1

    @property
    def unread(self) -> int:
        """Return how many files may hold a picture and could not be looked at."""
        return self.coverage[Coverage.UNREAD]

    @property
    def exit_code(self) -> int:
        """Return 3 when something is flagged, else 4 when something was not looked at, else 0.

        An interrupted scan is 130 whatever it had found.
        """
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.verdicts[Verdict.NEEDS_APPROVAL] or self.verdicts[Verdict.BLOCKED]:
            return EXIT_FLAGGED
        if self.coverage[Coverage.INSUFFICIENT] or self.unread:
            return EXIT_UNFINISHED
        return EXIT_NOTHING

    def to_json(self) -> dict[str, Any]:
        """Return the counts under the names that reports use."""
        return {
            "files": self.files,
            "verdicts": {verdict.value: self.verdicts[verdict] for verdict in Verdict},
            "coverage": {coverage.value: self.coverage[coverage] for coverage in Coverage},
            "not_images": self.not_images,
            "complete": not self.interrupted,
            "policy": self.policy.name,
            "guidance": {
                "title": GUIDANCE.title,
                "publisher": GUIDANCE.publisher,
                "date": GUIDANCE.date.isoformat(),
            },
            "clauses": {name: one.heading for name, one in CLAUSES.items() if name in self.clauses},
            "thresholds": {
                "flag_at": self.policy.flag_at,
                "note_at": self.policy.note_at,
                "raw_scores": dict(self.policy.raw_scores),
            },
            "declaration": self.declared and self.declared.to_json(),
            "indexes": list(self.indexes),
            "calibrations": [one.to_json() for one in self.calibrations],
        }

    def lines(self) -> str:
        """Return clauses touched, counts, the declaration, thresholds and what they rest on.

        A line each. A calibration of its own is told only where there are several indexes.
        """
        told = [
            one.in_words
            for one in self.calibrations
            if one.state and (one.state != "own" or len(self.calibrations) > 1)
        ]
        clauses = clauses_in_words(self.clauses)
        said = [*clauses, self.sentence()]
        if self.declared:
            said.append(printable(self.declared.line))
            if self.declared.triage:
                unseen = self.declared.triage.declared_not_screened
                said += ["Declared, not screened:", *(f"  {printable(one)}" for one in unseen)]
        per = "image" if self.noun == "picture" else self.noun
        return "\n".join((*said, thresholds_in_words(self.policy, per=per), *told))

    def sentence(self) -> str:
        """Return the counts as one sentence."""
        looked = sum(self.verdicts.values())
        parts = [
            f"{self.verdicts[verdict]} {one if self.verdicts[verdict] == 1 else many}"
            for verdict, (one, many) in _VERDICT_WORDS.items()
            if self.verdicts[verdict]
        ]
        said = f"{looked} {_plural(looked, self.noun)} screened"
        if parts:
            said += ": " + ", ".join(parts)
        for count, words in (
            (self.coverage[Coverage.PARTIAL], "only partly looked at"),
            (self.coverage[Coverage.INSUFFICIENT], "insufficiently looked at"),
            (self.unread, "unread: could not be looked at"),
            (self.not_images, "not an image" if self.not_images == 1 else "not images"),
            (self.without_inputs, "made from inputs that were not found"),
        ):
            if count:
                said += f". {count} {words}"
        return f"{'INTERRUPTED, not all was seen. ' if self.interrupted else ''}{said}."


_VERDICT_WORDS = {
    Verdict.BLOCKED: ("blocked", "blocked"),
    Verdict.NEEDS_APPROVAL: ("needs approval", "need approval"),
    Verdict.NOTE: ("with a note", "with a note"),
    Verdict.NOTHING_FOUND: ("nothing found", "nothing found"),
}


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
