"""Letters: written answers to requests, filed by the digest of the file, never copied."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from screening.approvals.decided import DecisionError, Letter, Scope, check_words, local_day
from screening.approvals.decisions import Decisions
from screening.approvals.ledger import EntryKind
from screening.approvals.requests import when
from screening.errors import InputInvalidError


def record_letter(
    decisions: Decisions,
    letter: Path,
    *,
    requests: Sequence[str],
    granted: bool,
    scope: Scope,
    by: str,
    conditions: str = "",
    until: date | None = None,
) -> Letter:
    """Put an answer on record.

    letter: the file that says so; its digest and name are kept. requests: ids, or how they begin.
    by: who answered. conditions, until: of a grant; until is its last day. Raises DecisionError,
    InputInvalidError, StoreError.
    """
    check_words(by=by)
    if not requests:
        raise InputInvalidError("no request is named that the letter answers; name at least one")
    if not granted and (conditions or until):
        raise InputInvalidError(
            "conditions and a last day are of what is granted, and the letter denies: leave both "
            "out, or say granted"
        )
    today = local_day(datetime.fromisoformat(decisions.store.now()))
    if until is not None and until < today:
        raise InputInvalidError(
            f"until is {until}, which is over: it would grant nothing; today is {today}"
        )
    sha256 = digest_of(letter)
    with decisions.deciding() as deciding:
        answered = {one.id: one for one in map(decisions.request, requests)}
        for one in answered.values():
            if scope is Scope.RECORD and not one.production:
                raise DecisionError(
                    f"request {one.id} names no production, which an answer for the record in all "
                    "of it needs: set production in screening.toml and submit again, or answer for "
                    f"{Scope.COPIES}"
                )
        sights = [one.sight for one in answered.values() if one.sight]
        facts = {
            "requests": sorted(answered),
            "granted": granted,
            "scope": scope,
            "until": until and until.isoformat(),
            "conditional": bool(conditions),
        }
        particulars = {
            "letter_sha256": sha256,
            "letter_name": letter.name,
            "conditions": conditions,
            "by": by,
            "record_ids": sorted({one.record_id for one in sights}),
            "productions": sorted({one.production_name for one in answered.values()} - {""}),
        }
        return decisions.letters[deciding.put(EntryKind.LETTER, facts, particulars)]


def revoke(decisions: Decisions, id_: str, *, reason: str, by: str = "") -> Letter:
    """Put on record that a letter counts no more. Raises DecisionError, StoreError."""
    check_words(reason=reason)
    with decisions.deciding() as deciding:
        letter = decisions.find(id_)
        if not isinstance(letter, Letter):
            what = type(letter).__name__.lower()
            raise DecisionError(f"{id_!r} is a {what}, expected a letter: 'screening approvals "
                                "show' names those that answer a request")  # fmt: skip
        if letter.revoked is not None:
            raise DecisionError(f"letter {id_} was revoked already, {when(letter.revoked)}")
        deciding.put(
            EntryKind.LETTER_REVOKED, {"letter": letter.id}, {"reason_text": reason, "by": by}
        )
        return decisions.letters[letter.id]


def digest_of(letter: Path) -> str:
    """Return the hex SHA-256 of a letter's file. Raises DecisionError."""
    try:
        with letter.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
            empty = stream.tell() == 0
    except OSError as error:
        raise DecisionError(
            f"{letter}: the letter cannot be read ({error.strerror}); name the file that was signed"
        ) from error
    if empty:
        raise DecisionError(f"{letter}: the letter is empty; name the file that was signed")
    return digest.hexdigest()
