"""What a declaration comes to: a pure function over the table of rules."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from screening.production.declaration import Declaration
from screening.production.given import Given, given_in, unanswered
from screening.production.questions import one_line
from screening.production.rules import RULES, Outcome, Rule

_UNSEEN = {
    "content.voices": ("T1", "voices generated"),
    "content.mistaken_for_real": ("E1", "could be mistaken for real events, people or statements"),
    "tools.enterprise_agreement": ("K1", "enterprise agreement"),
    "tools.stores_inputs": ("P2", "keeps inputs or outputs"),
    "tools.trains_on_inputs": ("P2", "trains on inputs or outputs"),
    "training.others_material": ("D2", "models trained on material of others"),
    "content.harms_reputation": ("N5", "could harm the reputation of somebody it shows"),
    "pipeline.vendors_assessed": ("W2", "vendors assessed"),
    "talent.altered": ("T2", "performance altered beyond the customary"),
    "union.affected": ("E2", "union-covered roles affected"),
}
"""What no picture shows: key, clause, the thing in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One clause that asks for more than informing, and the answer that moved it.

    key: path in the file, list entries counted from 1. subject: which tool, input or performer,
    empty outside of lists. answer: what was said. why, resolves: one sentence each.
    """

    outcome: Outcome
    clause: str
    key: str
    subject: str
    answer: str
    why: str
    resolves: str

    def to_json(self) -> dict[str, str]:
        """Return the reason under the names that reports use."""
        return {name: str(getattr(self, name)) for name in Reason.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """What a declaration comes to, the reasons with the gravest first, and what was left open.

    declared_not_screened: what no picture can show, a line each, as it was declared.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    unanswered: tuple[str, ...]
    declared_not_screened: tuple[str, ...]

    @property
    def clauses(self) -> tuple[str, ...]:
        """Return the ids of all clauses that bear on it, sorted."""
        return tuple(sorted({*self.outcome.clauses, *(one.clause for one in self.reasons)}))

    def to_json(self) -> dict[str, Any]:
        """Return the triage under the names that reports use."""
        return {
            "outcome": str(self.outcome),
            "clauses": list(self.clauses),
            "reasons": [reason.to_json() for reason in self.reasons],
            "unanswered": list(self.unanswered),
            "declared_not_screened": list(self.declared_not_screened),
        }


def triage(declaration: Declaration) -> Triage:
    """Return what a declaration comes to. The order of its entries never matters to the outcome.

    An answer that is missing counts as unsure. Of reasons by one clause and one answer the gravest
    is kept.
    """
    given = tuple(given_in(declaration))
    gravest: dict[tuple[str, str], Reason] = {}
    for reason in sorted(_reasons(given), key=lambda one: one.outcome.rank):
        gravest[reason.clause, reason.key] = reason
    reasons = sorted(gravest.values(), key=lambda one: (-one.outcome.rank, one.clause, one.key))
    return Triage(
        outcome=max((one.outcome for one in reasons), key=lambda o: o.rank, default=Outcome.INFORM),
        reasons=tuple(reasons),
        unanswered=unanswered(declaration),
        declared_not_screened=tuple(_unseen(given)),
    )


def _reasons(given: Sequence[Given]) -> Iterator[Reason]:
    for rule in RULES:
        for moved in _met(rule, given):
            yield Reason(
                outcome=rule.outcome,
                clause=rule.clause,
                key=moved.key,
                subject=one_line(moved.subject),
                answer=moved.said,
                why=rule.why,
                resolves=rule.resolves,
            )


def _met(rule: Rule, given: Sequence[Given]) -> Iterator[Given]:
    """Yield the answers that move a rule whose other conditions hold as well."""
    (key, least), *others = rule.when
    for first in _from(key, least, given):
        if all(
            any(one.entry in {0, first.entry} or not _same_list(one, first) for one in meeting)
            for meeting in (tuple(_from(other, at, given)) for other, at in others)
        ):
            yield first


def _from(key: str, least: int, given: Iterable[Given]) -> Iterator[Given]:
    return (one for one in given if one.pattern == key and one.concern >= least)


def _same_list(one: Given, other: Given) -> bool:
    return one.pattern.partition(".")[0] == other.pattern.partition(".")[0]


def _unseen(given: Iterable[Given]) -> Iterator[str]:
    for one in given:
        if one.pattern in _UNSEEN:
            clause, words = _UNSEEN[one.pattern]
            subject = one_line(one.subject)
            yield f"{clause} {subject and f'{subject}: '}{words}: {one.said}"
