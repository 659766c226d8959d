"""Dismissals: "not it", said once of a record in a picture and remembered."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from screening.approvals.decided import Dismissal, Reason, check_words
from screening.approvals.decisions import Decisions
from screening.approvals.desk import standing_of
from screening.approvals.ledger import EntryKind
from screening.approvals.pictures import Found
from screening.decision import Context, Role
from screening.decision.standings import StandingState
from screening.errors import InputInvalidError


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one finding.

    ids: of the dismissals that were put on record or taken back. why_not: in words, where none was.
    """

    found: Found
    ids: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed:
    """A record and how often findings of it are dismissed, for which reasons, most often first.

    title: empty where it was erased. record: a keyed digest.
    """

    record: str
    record_id: str
    title: str
    count: int
    reasons: tuple[tuple[Reason, int], ...]


def dismiss(
    decisions: Decisions,
    finds: Sequence[Found],
    *,
    reason: Reason,
    note: str = "",
    by: str = "",
    production: str = "",
) -> list[Done]:
    """Put on record that findings are none, all at once; what is denied stays blocked.

    note: in words, needed for OTHER. production: whose board it is. Raises InputInvalidError,
    StoreError.
    """
    if not isinstance(reason, Reason):
        raise InputInvalidError(f"reason is {reason!r}, expected one of {', '.join(Reason)}")
    if reason is Reason.OTHER:
        check_words(note=note)
    done, context = [], Context(production=production)
    with decisions.deciding() as deciding:
        for found in finds:
            standing = standing_of(decisions, found, role=Role.UNKNOWN, context=context)
            if standing and standing.state is StandingState.DENIED:
                done.append(Done(found=found, why_not=f"it stays blocked: {standing.words}"))
                continue
            if already := standing_dismissals(decisions, found):
                why_not = f"it is already: {already[0].reason}"
                done.append(Done(found=found, why_not=why_not))
                continue
            said = {"note": note, "by": by, "production_name": production}
            particulars = {**found.sight.written(), **said}
            id_ = deciding.put(EntryKind.DISMISSAL, {"reason": reason}, particulars)
            done.append(Done(found=found, ids=(id_,)))
    return done


def undo(
    decisions: Decisions, finds: Sequence[Found], *, reason: str = "", by: str = ""
) -> list[Done]:
    """Take dismissals of findings back, all at once. Raises StoreError."""
    done = []
    with decisions.deciding() as deciding:
        for found in finds:
            standing = standing_dismissals(decisions, found)
            for one in standing:
                deciding.put(
                    EntryKind.DISMISSAL_UNDONE,
                    {"dismissal": one.id},
                    {"reason_text": reason, "by": by},
                )
            why_not = "" if standing else "it is not dismissed"
            ids = tuple(one.id for one in standing)
            done.append(Done(found=found, ids=ids, why_not=why_not))
    return done


def standing_dismissals(decisions: Decisions, found: Found) -> list[Dismissal]:
    """Return the dismissals that hold for a finding, the latest first."""
    holding = [
        one
        for one, fit in decisions.about(found)
        if isinstance(one, Dismissal) and fit.holds and one.undone is None
    ]
    return sorted(holding, key=lambda one: one.at, reverse=True)


def most_dismissed(dismissals: Iterable[Dismissal]) -> list[Dismissed]:
    """Return which records cause most dismissals: those that an index should be mended of."""
    by_record: dict[str, list[Dismissal]] = {}
    for one in dismissals:
        if one.undone is None:
            by_record.setdefault(one.record, []).append(one)
    listed = []
    for record, those in by_record.items():
        sight = next((one.sight for one in reversed(those) if one.sight), None)
        listed.append(
            Dismissed(
                record=record,
                record_id=sight.record_id if sight else "",
                title=sight.title if sight else "",
                count=len(those),
                reasons=tuple(Counter(one.reason for one in those).most_common()),
            )
        )
    return sorted(listed, key=lambda one: (-one.count, one.title, one.record))
