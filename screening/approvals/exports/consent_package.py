"""The consent package: what each person agreed to, by which paper, and whether it holds today."""

from datetime import date

from screening.approvals.consents import Filed, by_person, filed_consents, state_of
from screening.approvals.exports.page import page
from screening.approvals.exports.sheet import Sheet
from screening.approvals.ledger import EntryKind
from screening.approvals.store import Store
from screening.decision import GUIDANCE
from screening.decision.consents import Consent

COLUMNS = (
    "record_id",
    "name",
    "today",
    "production",
    "uses",
    "stages",
    "territory",
    "media",
    "granted_by",
    "from",
    "until",
    "term",
    "revocable",
    "document_sha256",
    "document",
    "filed",
    "entry",
    "revocation_entry",
)


def consent_sheet(store: Store, *, today: date) -> Sheet:
    """Return a row for each consent on record, by person. Raises StoreError."""
    rows = tuple(
        (record_id, name, *_cells(one, today).values())
        for record_id, name, theirs in by_person(filed_consents(store))
        for one in theirs
    )
    return Sheet(title="Consents", columns=COLUMNS, rows=rows)


def consent_page(store: Store, *, today: date) -> str:
    """Return the package as one HTML page, a part for each person. Raises StoreError."""
    erased = sum(entry.particulars is None for entry in store.entries([EntryKind.CONSENT]))
    people = [
        (name or record_id, record_id, [_cells(one, today) for one in theirs])
        for record_id, name, theirs in by_person(filed_consents(store))
    ]
    return page(
        "consents.html",
        title="Consent package",
        people=people,
        today=today.isoformat(),
        erased=erased,
        guidance=GUIDANCE.words,
        checkpoint=store.checkpoint(),
    )


def _cells(filed: Filed, today: date) -> dict[str, str]:
    one: Consent = filed.consent
    values = (
        state_of(one, today),
        one.production,
        ", ".join(one.uses),
        ", ".join(one.stages) or "all",
        ", ".join(one.territory),
        ", ".join(one.media),
        one.granted_by,
        one.valid_from.isoformat(),
        one.valid_until.isoformat() if one.valid_until else "no end",
        one.term,
        "yes" if one.revocable else "no",
        one.document_sha256,
        one.document_place,
        filed.on.isoformat(),
        filed.entry,
        filed.revocation,
    )
    return dict(zip(COLUMNS[2:], values, strict=True))
