"""The built-in rule: which false alarms flag a picture, and which channels must have run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reference_index import Kind
from screening.decision.verdicts import Coverage, Verdict
from screening.matching import ChannelReport, ChannelState, Finding

_CLAUSES: Mapping[Kind, tuple[str, ...]] = {
    Kind.WORK: ("P1", "G3"),
    Kind.PERSON: ("P5", "G3"),
    Kind.KEY_ELEMENT: ("C1", "G3"),
    Kind.CLEARED: (),
    Kind.TEMPORARY: ("P4",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Thresholds in false alarms per image (inclusive), and the channels that must have run.

    A finding at ``flag_at`` or rarer needs approval; between that and ``note_at`` it is a note.
    """

    name: str
    flag_at: float
    note_at: float
    required: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0.0 < self.flag_at <= self.note_at:
            raise ValueError(
                f"policy {self.name!r}: flag_at {self.flag_at} and note_at {self.note_at} must be "
                "above 0, flag_at not above note_at"
            )


NETFLIX_GENAI = Policy(name="netflix-genai", flag_at=1e-3, note_at=1e-2, required=("hash", "local"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Verdict and coverage of one picture, with the clauses and the reason."""

    verdict: Verdict
    coverage: Coverage
    clauses: tuple[str, ...]
    reason: str | None


def decide(
    findings: Sequence[Finding],
    channels: Mapping[str, ChannelReport],
    *,
    unscreened: str | None = None,
    policy: Policy = NETFLIX_GENAI,
) -> Decision:
    """Return what findings and channel states mean under a policy; their order never matters.

    unscreened: what of the picture could not be looked at (frames), in words.
    """
    verdicts = [verdict_of(finding, policy) for finding in findings]
    clauses = {c for finding in findings for c in clauses_of(finding, policy)}
    coverage, reason = _coverage(channels, unscreened, policy)
    return Decision(
        verdict=max(verdicts, key=lambda v: v.rank, default=Verdict.NOTHING_FOUND),
        coverage=coverage,
        clauses=tuple(sorted(clauses)),
        reason=reason,
    )


def verdict_of(finding: Finding, policy: Policy) -> Verdict:
    """Return what one finding alone would come to. Cleared records count nowhere."""
    if finding.record.kind is Kind.CLEARED or finding.false_alarms > policy.note_at:
        return Verdict.NOTHING_FOUND
    if finding.record.kind is Kind.TEMPORARY or finding.false_alarms > policy.flag_at:
        return Verdict.NOTE
    return Verdict.NEEDS_APPROVAL


def clauses_of(finding: Finding, policy: Policy) -> tuple[str, ...]:
    """Return the guidance clauses that a finding touches, none where it does not flag."""
    flagged = verdict_of(finding, policy) is not Verdict.NOTHING_FOUND
    return _CLAUSES[finding.record.kind] if flagged else ()


def _coverage(
    channels: Mapping[str, ChannelReport], unscreened: str | None, policy: Policy
) -> tuple[Coverage, str | None]:
    """Return the coverage and the first reason it is not complete."""
    absent = {ChannelState.UNAVAILABLE, ChannelState.NOT_ASKED}
    for name, report in channels.items():
        if report.state in absent and name in policy.required:
            return Coverage.INSUFFICIENT, f"{name}: {report.reason or report.state}"
    looked = {ChannelState.RAN, ChannelState.WEAK}
    if not any(report.state in looked for report in channels.values()):
        return Coverage.INSUFFICIENT, "no channel had references to compare with"
    if unscreened:
        return Coverage.INSUFFICIENT, unscreened
    for name, report in channels.items():
        if report.state in absent | {ChannelState.WEAK}:
            return Coverage.PARTIAL, f"{name}: {report.reason or report.state}"
    return Coverage.COMPLETE, None
