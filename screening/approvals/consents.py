"""Consents on record: filed, found and revoked. The paper itself stays where it is.

What is kept for good says no name: uses, dates and who granted them, in preset words. Who it is
about, for which production and where the paper lies can be erased.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.decision import Stage
from screening.decision.consents import Consent, Grantor, Use
from screening.errors import InputInvalidError

_KINDS = (EntryKind.CONSENT, EntryKind.CONSENT_REVOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A consent as it is on record.

    entry: its id in the ledger. name: of the person, empty where it was not given. on: the day it
    was filed. revocation: the id of the entry that revoked it, empty without one.
    """

    entry: str
    consent: Consent
    name: str = ""
    on: date
    revocation: str = ""


def file_consents(store: Store, consents: Iterable[tuple[Consent, str]]) -> tuple[Entry, ...]:
    """Put consents on record, each with the name of its person or an empty one: all, or none.

    Raises InputInvalidError for one that is revoked already, StoreError.
    """
    given = tuple(consents)
    for consent, _ in given:
        if consent.revoked_on is not None:
            raise InputInvalidError(
                f"the consent of {consent.record_id!r} is revoked on {consent.revoked_on} already: "
                "file it without, then revoke it"
            )
    with store.transaction() as transaction:
        return tuple(
            transaction.append(
                EntryKind.CONSENT,
                body={
                    "granted_by": consent.granted_by,
                    "uses": consent.uses,
                    "stages": consent.stages,
                    "valid_from": consent.valid_from.isoformat(),
                    "valid_until": consent.valid_until and consent.valid_until.isoformat(),
                    "revocable": consent.revocable,
                },
                particulars={
                    "record_id": consent.record_id,
                    "name": name,
                    "production": consent.production,
                    "document_sha256": consent.document_sha256,
                    "document_place": consent.document_place,
                    "territory": consent.territory,
                    "media": consent.media,
                    "term": consent.term,
                },
                subjects=(consent.record_id, consent.document_sha256),
            )
            for consent, name in given
        )


def filed_consents(store: Store, record_id: str | None = None) -> tuple[Filed, ...]:
    """Return the consents on record, of one person or of all, oldest first.

    Those that hold no more are among them, those that were erased are not. Raises StoreError.
    """
    found: dict[str, Filed] = {}
    for entry in store.entries(_KINDS, record_id):
        if entry.kind is EntryKind.CONSENT:
            if entry.particulars is not None:
                found[entry.id] = _filed(entry)
        elif entry.body["consent"] in found:
            revoked = found[entry.body["consent"]]
            day = date.fromisoformat(entry.body["on"])
            found[revoked.entry] = replace(
                revoked, consent=replace(revoked.consent, revoked_on=day), revocation=entry.id
            )
    return tuple(found.values())


def consents_of(store: Store, record_id: str) -> tuple[Consent, ...]:
    """Return the consents on record of a person, also those that hold no more."""
    return tuple(one.consent for one in filed_consents(store, record_id))


def find_consent(store: Store, entry: str) -> Filed:
    """Return a consent by the id of its entry, or by the beginning of one.

    Raises InputInvalidError where none begins so, or several do.
    """
    found = [one for one in filed_consents(store) if entry and one.entry.startswith(entry)]
    if len(found) != 1:
        raise InputInvalidError(
            f"{len(found) or 'no'} consents on record begin with {entry!r}, expected one: "
            "'screening consents list' lists all"
        )
    return found[0]


def revoke(store: Store, filed: Filed, *, on: date, reason: str = "") -> Entry:
    """Put on record that a consent holds no more from a day on.

    Raises InputInvalidError for one that cannot be revoked, or is already.
    """
    consent = filed.consent
    if consent.revoked_on is not None:
        raise InputInvalidError(
            f"the consent {filed.entry} was revoked on {consent.revoked_on} already"
        )
    if not consent.revocable:
        raise InputInvalidError(
            f"the consent {filed.entry} was given irrevocably: only a new agreement ends it"
        )
    return store.append(
        EntryKind.CONSENT_REVOKED,
        body={"consent": filed.entry, "on": on.isoformat()},
        particulars={"record_id": consent.record_id, "reason": reason},
        subjects=(consent.record_id,),
    )


def state_of(consent: Consent, today: date) -> str:
    """Return whether a consent is in force on a day, in a few words."""
    if consent.revoked_on is not None and today >= consent.revoked_on:
        return f"revoked on {consent.revoked_on}"
    if today < consent.valid_from:
        return f"begins on {consent.valid_from}"
    if consent.valid_until is not None and today > consent.valid_until:
        return f"expired on {consent.valid_until}"
    return "in force" if consent.revoked_on is None else f"in force until {consent.revoked_on}"


def sha256_of_document(file: Path) -> str:
    """Return the hex SHA-256 of a paper. Raises InputInvalidError for one that says nothing."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputInvalidError(
            f"{file}: the document cannot be read ({error.strerror}); name another file"
        ) from error
    if not data:
        raise InputInvalidError(f"{file}: the document is empty; name the signed one")
    return hashlib.sha256(data).hexdigest()


def by_person(filed: Iterable[Filed]) -> Iterator[tuple[str, str, tuple[Filed, ...]]]:
    """Yield record id, name and consents of each person, by record id."""
    people: dict[str, list[Filed]] = {}
    for one in filed:
        people.setdefault(one.consent.record_id, []).append(one)
    for record_id, theirs in sorted(people.items()):
        yield record_id, next((one.name for one in reversed(theirs) if one.name), ""), (*theirs,)


def _filed(entry: Entry) -> Filed:
    said, body = dict(entry.particulars or {}), entry.body
    name, until = said.pop("name"), body["valid_until"]
    territory, media = (tuple(said.pop(key)) for key in ("territory", "media"))
    consent = Consent(
        **said,
        territory=territory,
        media=media,
        uses=tuple(map(Use, body["uses"])),
        granted_by=Grantor(body["granted_by"]),
        stages=tuple(map(Stage, body["stages"])),
        valid_from=date.fromisoformat(body["valid_from"]),
        valid_until=date.fromisoformat(until) if until else None,
        revocable=body["revocable"],
    )
    return Filed(entry=entry.id, consent=consent, name=name, on=entry.at.date())
