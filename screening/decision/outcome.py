"""The decision on a picture: verdict, coverage, clauses and the reasons, as a pure function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from screening.decision.consents import Consent
from screening.decision.context import Context
from screening.decision.judgement import NO_CONTEXT, Judged, judge
from screening.decision.policy import Policy
from screening.decision.policy_file import NETFLIX_GENAI
from screening.decision.standings import Standing
from screening.decision.verdicts import Coverage, Role, Verdict
from screening.matching import ChannelReport, ChannelState, Finding
from screening.matching.settings import NAME_CHANNEL

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Verdict and coverage of one picture, with what they rest on.

    clauses: those of the findings that have the verdict, sorted. reason: why coverage is not
    complete. findings: those that count, in the order given.
    """

    verdict: Verdict
    coverage: Coverage
    clauses: tuple[str, ...]
    reason: str | None
    findings: tuple[Judged, ...]


def decide(
    findings: Sequence[Finding],
    channels: Mapping[str, ChannelReport],
    *,
    unscreened: str | None = None,
    policy: Policy = NETFLIX_GENAI,
    role: Role = Role.UNKNOWN,
    context: Context = NO_CONTEXT,
    consents: Iterable[Consent] = (),
    standings: Mapping[str, Standing] = _NONE,
) -> Decision:
    """Return what findings and channel states mean; the order of nothing ever matters.

    unscreened: what of the picture could not be looked at (frames), in words. role: the picture's.
    consents: on file, of whomever. standings: what is on record about the picture, by record id.
    """
    on_file = tuple(consents)
    judged = [
        judge(
            finding,
            policy=policy,
            role=role,
            context=context,
            consents=on_file,
            standing=standings.get(finding.record.id),
        )
        for finding in findings
    ]
    verdict, clauses = worst(judged)
    coverage, reason = _coverage(channels, unscreened, policy)
    return Decision(
        verdict=verdict,
        coverage=coverage,
        clauses=clauses,
        reason=reason,
        findings=tuple(one for one in judged if one.verdict is not Verdict.NOTHING_FOUND),
    )


def worst(findings: Sequence[Judged]) -> tuple[Verdict, tuple[str, ...]]:
    """Return the worst verdict among findings, and the clauses of those that have it, sorted."""
    verdict = max(
        (one.verdict for one in findings), key=lambda v: v.rank, default=Verdict.NOTHING_FOUND
    )
    return verdict, tuple(sorted({c for f in findings if f.verdict is verdict for c in f.clauses}))


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
    seen = [report for name, report in channels.items() if name != NAME_CHANNEL]
    if not any(report.state in looked for report in seen or channels.values()):
        return Coverage.INSUFFICIENT, "no channel had references to compare with"
    if unscreened:
        return Coverage.INSUFFICIENT, unscreened
    for name, report in channels.items():
        if report.state in absent | {ChannelState.WEAK}:
            return Coverage.PARTIAL, f"{name}: {report.reason or report.state}"
    return Coverage.COMPLETE, None
