"""The built-in rule: which false alarms flag a picture, and which channels must have run."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reference_index import Kind, PersonStatus
from reference_index.fingerprint import CONCEPT_PREFIX, EMBEDDING_PREFIX
from screening.decision.verdicts import Coverage, Verdict
from screening.errors import InputInvalidError, PolicyError
from screening.matching import (
    CHANNELS,
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Finding,
)

_NAMES = sorted(channel.name for channel in CHANNELS)
_FAMILIES = (EMBEDDING_PREFIX, CONCEPT_PREFIX)
_CLAUSES: Mapping[Kind, tuple[str, ...]] = {
    Kind.WORK: ("P1", "G3"),
    Kind.PERSON: ("P5", "G3"),
    Kind.KEY_ELEMENT: ("C1", "G3"),
    Kind.CLEARED: (),
    Kind.TEMPORARY: ("P4",),
}
_STATUS_CLAUSES: Mapping[str, tuple[str, ...]] = {
    PersonStatus.PUBLIC_FIGURE: ("C2",),
    PersonStatus.DECEASED: ("C2",),
    PersonStatus.TALENT: ("T1",),
    PersonStatus.CREW: ("T1",),
    PersonStatus.MINOR: ("T1",),
}


def _is_channel(name: str) -> bool:
    return name in _NAMES or (name.startswith(_FAMILIES) and not name.endswith(":"))


def _unknown(key: str, name: str, known: Sequence[str]) -> str:
    return f"{key}: there is no channel {name!r}, expected one of {', '.join(known)}"


def _check_positive(name: str, value: object, what: str) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value > 0)
    ):
        raise InputInvalidError(f"{name} is {value!r}, expected {what}, a number above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Thresholds in false alarms per image (inclusive), and the channels that must have run.

    A finding at ``flag_at`` or rarer needs approval; between that and ``note_at`` it is a note.
    raw_scores: for experts, by channel, the raw score (inclusive, in the channel's unit) that alone
    needs approval; such a channel flags by nothing else, and no false-alarm rate is promised.
    required: "embedding" and "concept" stand for those of every model that an index was built with.
    Raises InputInvalidError.
    """

    name: str
    flag_at: float
    note_at: float
    required: tuple[str, ...]
    raw_scores: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, value in (("flag_at", self.flag_at), ("note_at", self.note_at)):
            _check_positive(name, value, "false alarms per image")
        if self.flag_at > self.note_at:
            raise InputInvalidError(
                f"flag_at is {self.flag_at:g}, above note_at, {self.note_at:g}: lower it, or raise "
                "note_at too"
            )
        for name in self.required:
            if not (_is_channel(name) or f"{name}:" in _FAMILIES):
                families = [family.removesuffix(":") for family in _FAMILIES]
                raise InputInvalidError(_unknown("required", name, [*_NAMES, *families]))
        if not isinstance(self.raw_scores, Mapping):
            raise InputInvalidError(
                f"raw_scores is {self.raw_scores!r}, expected a score for each of some channels"
            )
        for channel, score in self.raw_scores.items():
            if not _is_channel(channel):
                models = [f"{family}MODEL" for family in _FAMILIES]
                raise InputInvalidError(_unknown("raw_scores", channel, [*_NAMES, *models]))
            _check_positive(f"raw_scores: {channel}", score, "a score in the channel's unit")
        object.__setattr__(self, "raw_scores", dict(self.raw_scores))

    def reached_by(self, evidence: ChannelEvidence) -> bool:
        """Return whether evidence scores at least the raw score given for its channel."""
        return evidence.score >= self.raw_scores.get(evidence.channel, math.inf)


NETFLIX_GENAI = Policy(name="netflix-genai", flag_at=1e-3, note_at=1e-2, required=("hash", "local"))


def policy_named(name: str) -> Policy:
    """Return a built-in policy. Raises PolicyError."""
    if name != NETFLIX_GENAI.name:
        raise PolicyError(f"no policy named {name!r}; there is {NETFLIX_GENAI.name!r}")
    return NETFLIX_GENAI


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
    """Return what one finding alone would come to. Cleared records count nowhere.

    What a channel with a raw score finds rare and does not flag is still a note.
    """
    flags = _flagged_at(finding, policy) <= policy.flag_at or any(
        map(policy.reached_by, finding.channels)
    )
    if finding.record.kind is Kind.CLEARED or not (flags or finding.false_alarms <= policy.note_at):
        return Verdict.NOTHING_FOUND
    if finding.record.kind is Kind.TEMPORARY or not flags:
        return Verdict.NOTE
    return Verdict.NEEDS_APPROVAL


def raw_flag(finding: Finding, policy: Policy) -> ChannelEvidence | None:
    """Return the evidence that flags a finding by its raw score, where false alarms do not.

    The most improbable of them; None where false alarms flag the finding, or nothing does.
    """
    if _flagged_at(finding, policy) <= policy.flag_at:
        return None
    return next(filter(policy.reached_by, finding.channels), None)


def told(findings: Sequence[Finding], policy: Policy) -> tuple[Finding, ...]:
    """Return the findings that count under a policy, in their order, with their clauses."""
    return tuple(
        replace(finding, clauses=clauses_of(finding, policy))
        for finding in findings
        if verdict_of(finding, policy) is not Verdict.NOTHING_FOUND
    )


def clauses_of(finding: Finding, policy: Policy) -> tuple[str, ...]:
    """Return the guidance clauses that a finding touches, none where it does not flag."""
    if verdict_of(finding, policy) is Verdict.NOTHING_FOUND:
        return ()
    record = finding.record
    clauses = _CLAUSES[record.kind]
    if record.kind is not Kind.PERSON:
        return clauses
    clauses += _STATUS_CLAUSES.get(record.status, ())
    photographed = any(one.face and not one.face.drawn for one in finding.channels)
    known = record.status in {PersonStatus.PUBLIC_FIGURE, PersonStatus.DECEASED}
    return (*clauses, "E1") if photographed and known else clauses


def _flagged_at(finding: Finding, policy: Policy) -> float:
    """Return the fused false alarms of the channels without a raw score, infinite for none."""
    if not finding.channels or finding.channels[0].channel not in policy.raw_scores:
        return finding.false_alarms
    searches = round(finding.false_alarms / finding.channels[0].false_alarms)
    return min(
        (
            evidence.false_alarms * searches
            for evidence in finding.channels
            if evidence.channel not in policy.raw_scores
        ),
        default=math.inf,
    )


def _coverage(
    channels: Mapping[str, ChannelReport], unscreened: str | None, policy: Policy
) -> tuple[Coverage, str | None]:
    """Return the coverage and the first reason it is not complete."""
    absent = {ChannelState.UNAVAILABLE, ChannelState.NOT_ASKED}
    for required in policy.required:
        for name, report in channels.items():
            built_without = report.state is ChannelState.NO_REFERENCES and report.mend is not None
            if name.partition(":")[0] != required != name:
                continue
            if report.state in absent or built_without:
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
