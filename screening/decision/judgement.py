"""What one finding alone comes to: by policy, role and stage, and by what is on record about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from reference_index import Kind
from screening.decision.consents import Consent, ConsentAnswer, Use, best_answer
from screening.decision.context import Context
from screening.decision.policy import Policy
from screening.decision.policy_file import NETFLIX_GENAI
from screening.decision.rules import last_word
from screening.decision.standings import Standing, StandingState
from screening.decision.verdicts import Role, Verdict
from screening.matching import ChannelEvidence, Finding

NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Finding):
    """A finding and what it comes to.

    clauses: of the guidance, those that it touches; the first says what resolves it. why: what it
    is about, in words, as the policy has it. raw: the evidence that flags it by a raw score, where
    false alarms do not. standing, consent: what is on record about it, None where nothing is.
    """

    verdict: Verdict
    why: str = ""
    raw: ChannelEvidence | None = None
    standing: Standing | None = None
    consent: ConsentAnswer | None = None

    @property
    def flagged(self) -> bool:
        """Return whether somebody has to act on it."""
        return self.verdict.flagged


def judge(
    finding: Finding,
    *,
    policy: Policy = NETFLIX_GENAI,
    role: Role = Role.UNKNOWN,
    context: Context = NO_CONTEXT,
    consents: Iterable[Consent] = (),
    standing: Standing | None = None,
) -> Judged:
    """Return what a finding comes to, as if it were the only one. Cleared records count nowhere.

    The rules of the policy come first. Then consent that covers a person makes it a note, one that
    does not is told with its reason; then what is on record: dismissed, cleared and approved are
    notes, denied is blocked, and a request changes nothing. None of them hides a finding.
    What the picture shows is judged by its role, what a prompt or a model names as an input, each
    for itself: the finding comes to the worse, and touches the clauses of all that tell.
    consents: of anybody, those of the record count.
    """
    on_file = tuple(consents)
    parts = [
        _judge_part(part, policy, as_role, context, on_file, standing)
        for part, as_role in _parts(finding, role)
    ]
    if len(parts) == 1:
        return parts[0]
    telling = [part for part in parts if part.verdict is not Verdict.NOTHING_FOUND]
    answers = [part.consent for part in telling if part.consent]
    return _judged(
        finding,
        verdict=max((part.verdict for part in parts), key=lambda verdict: verdict.rank),
        clauses=tuple(dict.fromkeys(clause for part in telling for clause in part.clauses)),
        why="; ".join(dict.fromkeys(part.why for part in telling if part.why)),
        raw=next((part.raw for part in telling if part.raw), None)
        if not any(part.flagged and part.raw is None for part in telling)
        else None,
        standing=next((part.standing for part in telling if part.standing), None),
        consent=min(answers, key=lambda answer: answer.covered, default=None),
    )


def _parts(finding: Finding, role: Role) -> list[tuple[Finding, Role]]:
    """Return a finding by what speaks for it: the picture, prompts, models; each with its role."""
    by_part: dict[str, list[ChannelEvidence]] = {}
    for evidence in sorted(finding.channels, key=lambda one: one.named is not None):
        by_part.setdefault(evidence.channel if evidence.named else "", []).append(evidence)
    if len(by_part) < 2:
        return [(finding, Role.INPUT if by_part and "" not in by_part else role)]
    searches = _searches(finding)
    return [
        (
            replace(
                finding,
                channels=tuple(those),
                false_alarms=finding.false_alarms
                if those[0] is finding.channels[0]
                else those[0].false_alarms * searches,
            ),
            Role.INPUT if part else role,
        )
        for part, those in by_part.items()
    ]


def _searches(finding: Finding) -> int:
    """Return how many searches the false alarms of a finding are fused over."""
    return round(finding.false_alarms / finding.channels[0].false_alarms)


def _judge_part(
    finding: Finding,
    policy: Policy,
    role: Role,
    context: Context,
    consents: Sequence[Consent],
    standing: Standing | None,
) -> Judged:
    """Return what a finding comes to by evidence that is all of the picture, or of one input."""
    record, stage = finding.record, context.stage_of(role)
    flags, noted, raw = _weighed(finding, policy, context, role)
    if record.kind is Kind.CLEARED or not (flags or noted):
        return _judged(finding, verdict=Verdict.NOTHING_FOUND)
    rules = policy.rules_for(record, [one.channel for one in finding.channels], role, stage)
    clauses = last_word(rules, "clauses", ("G3",))
    verdict = last_word(rules, "verdict", Verdict.NEEDS_APPROVAL) if flags else Verdict.NOTE
    consent = None
    if record.kind is Kind.PERSON:
        consent = best_answer(
            (one for one in consents if one.record_id == record.id),
            use=Use.of(role),
            stage=stage,
            status=record.status,
            context=context,
        )
    if consent is not None and consent.covered:
        verdict, clauses = Verdict.NOTE, consent.clauses
    elif consent is not None:
        clauses += consent.clauses
    standing = _standing(finding, standing and standing.at(context, role))
    if standing is not None and standing.state is StandingState.DENIED:
        verdict = Verdict.BLOCKED
    elif standing is not None and standing.settles:
        verdict = Verdict.NOTE
    return _judged(
        finding,
        verdict=verdict,
        clauses=tuple(dict.fromkeys(clauses)),
        why=last_word(rules, "why", ""),
        raw=raw,
        standing=standing,
        consent=consent,
    )


def _standing(finding: Finding, known: Standing | None) -> Standing | None:
    """Return what is on record, or the cleared picture that explains a finding all the same."""
    decided = known is not None and (known.settles or known.state is StandingState.DENIED)
    if decided or finding.cleared is None:
        return known
    return Standing(
        state=StandingState.CLEARED,
        cleared_id=finding.cleared.record_id,
        cleared_title=finding.cleared.title,
    )


def _judged(
    finding: Finding,
    *,
    verdict: Verdict,
    clauses: tuple[str, ...] = (),
    why: str = "",
    raw: ChannelEvidence | None = None,
    standing: Standing | None = None,
    consent: ConsentAnswer | None = None,
) -> Judged:
    found = {one.name: getattr(finding, one.name) for one in fields(Finding)}
    return Judged(
        **found | {"clauses": clauses},
        verdict=verdict,
        why=why,
        raw=raw,
        standing=standing,
        consent=consent,
    )


def _weighed(
    finding: Finding, policy: Policy, context: Context, role: Role
) -> tuple[bool, bool, ChannelEvidence | None]:
    """Return whether a finding flags, whether it is worth a note, and what flags it by a raw score.

    Each channel counts by its own thresholds, its false alarms fused over all searches. What a
    channel with a raw score finds rare and does not flag is still a note.
    """
    stage = context.stage_of(role)
    if not finding.channels:
        flag_at, note_at = policy.thresholds(finding.record, "", role, stage)
        return finding.false_alarms <= flag_at, finding.false_alarms <= note_at, None
    best, searches = finding.channels[0], _searches(finding)
    rare, noted, raw = False, False, None
    for evidence in finding.channels:
        flag_at, note_at = policy.thresholds(finding.record, evidence.channel, role, stage)
        fused = finding.false_alarms if evidence is best else evidence.false_alarms * searches
        noted |= fused <= note_at
        rare |= fused <= flag_at and evidence.channel not in policy.raw_scores
        if raw is None and flag_at and policy.reached_by(evidence):
            raw = evidence
    return rare or raw is not None, noted, None if rare else raw
