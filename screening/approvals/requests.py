"""Requests for approval: one for each picture and record, with what somebody needs to answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from screening.approvals.decided import DecisionError, Event, Request
from screening.approvals.decisions import Decisions, plain
from screening.approvals.ledger import EntryKind
from screening.approvals.pictures import Found
from screening.decision import GUIDANCE, Context, Judged, Role, advice
from screening.decision.advice import place_of
from screening.report.words import coincidence
from screening.screener import Screener
from screening.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What findings rest on, so that they can be made again.

    indexes: their ids. described: a line for each index. models: what fingerprints depended on, a
    line for each channel. policy: its name. context: what the pictures are for.
    """

    indexes: tuple[str, ...]
    described: tuple[str, ...]
    models: tuple[str, ...]
    policy: str
    context: Context

    @classmethod
    def of(cls, screener: Screener) -> Self:
        """Return that of what a screener finds."""
        indexes = screener.indexes
        settings = {line for one in indexes for line in one.settings.items()}
        return cls(
            indexes=tuple(one.uuid for one in indexes),
            described=tuple(
                f"{one.path.name}, {one.record_count:,} records, changed {one.updated}, id "
                f"{one.uuid}"
                for one in indexes
            ),
            models=tuple(f"{channel}: {built}" for channel, built in sorted(settings)),
            policy=screener.policy.name,
            context=screener.context,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A finding that needs approval, and what is told of it where it is asked for.

    facts: preset words, ids, versions. told: what people read, all of it text or lists of text.
    """

    found: Found
    facts: Mapping[str, Any]
    told: Mapping[str, Any]

    @classmethod
    def of(cls, found: Found, finding: Judged, *, role: Role, basis: Basis, by: str = "") -> Self:
        """Return what is asked about a finding in a picture of a role."""
        record, context = finding.record, basis.context
        facts = {
            "role": role,
            "stage": context.stage_of(role),
            "verdict": finding.verdict,
            "clauses": list(finding.clauses),
            "guidance": GUIDANCE.date.isoformat(),
            "version": __version__,
            "indexes": list(basis.indexes),
        }
        told = {
            "kind": record.kind,
            "status": record.status,
            "rights_holder": record.rights_holder,
            "advice": advice(finding),
            "place": place_of(finding),
            "why": finding.why,
            "coincidence": coincidence(finding),
            "evidence": [
                f"{one.channel}: {one.transform}, by coincidence {coincidence(one)}"
                for one in finding.channels
            ],
            "consent": finding.consent.words if finding.consent else "",
            "described": list(basis.described),
            "models": list(basis.models),
            "policy": basis.policy,
            "production_name": context.production,
            "territory": list(context.territory),
            "media": list(context.media),
            "by": by,
        }
        return cls(found=found, facts=facts, told=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A request that is open. new: whether it was opened just now."""

    asked: Asked = field(repr=False)
    request: Request
    new: bool


def submit(decisions: Decisions, asked: Sequence[Asked]) -> list[Submitted]:
    """Open a request for each finding, all at once; where one is open already, that is given.

    It is the open one where it is about the same record in the same picture or a near-exact copy of
    it, for the same production, and for this stage or a later one. Raises StoreError.
    """
    submitted = []
    with decisions.deciding() as deciding:
        for one in asked:
            request = _open(decisions, one)
            if request is None:
                particulars = {**one.found.sight.written(), **one.told}
                id_ = deciding.put(EntryKind.REQUEST, one.facts, particulars)
                submitted.append(Submitted(asked=one, request=decisions.requests[id_], new=True))
            else:
                submitted.append(Submitted(asked=one, request=request, new=False))
    return submitted


def mark_sent(decisions: Decisions, id_: str, *, to: str = "", by: str = "") -> Request:
    """Put on record that a request was sent. Raises DecisionError, StoreError."""
    with decisions.deciding() as deciding:
        request = decisions.request(id_)
        if request.sent is not None:
            raise DecisionError(f"request {id_} was sent already, {when(request.sent)}")
        if letters := decisions.answers(request):
            raise DecisionError(
                f"request {id_} is answered already: {letters[0].answer}; submit the picture again "
                "where more is needed"
            )
        deciding.put(EntryKind.REQUEST_SENT, {"request": request.id}, {"to": to, "by": by})
        return decisions.requests[request.id]


def state_of(decisions: Decisions, request: Request) -> str:
    """Return draft, sent, or what the latest answer is: granted, denied."""
    if letters := decisions.answers(request):
        return letters[0].answer
    return "draft" if request.sent is None else "sent"


def when(event: Event) -> str:
    """Return the day of something in words, by whom and what was said."""
    by = f" by {event.by}" if event.by else ""
    return f"{event.at.astimezone():%Y-%m-%d}{by}" + (f" ({event.said})" if event.said else "")


def _open(decisions: Decisions, asked: Asked) -> Request | None:
    """Return the open request for a finding, None where there is none."""
    name, stage = asked.told["production_name"], asked.facts["stage"]
    production = name and decisions.store.digest(plain(name))
    for one, fit in decisions.about(asked.found):
        if not isinstance(one, Request) or not fit.holds or decisions.answers(one):
            continue
        if one.production == production and stage in one.stages:
            return one
    return None
