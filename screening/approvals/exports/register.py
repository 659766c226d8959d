"""The register of uses: a row for each declared tool, and for each thing that was decided."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from screening.approvals.decisions import inner
from screening.approvals.declarations import DeclarationOnRecord, declarations
from screening.approvals.exports.sheet import Sheet
from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.approvals.texts import meant_by

COLUMNS = (
    "entry",
    "date",
    "kind",
    "production",
    "tool",
    "terms",
    "stage",
    "picture",
    "picture_sha256",
    "record_id",
    "record",
    "verdict",
    "clauses",
    "decision",
    "letter_sha256",
    "by",
    "words",
)
ERASED = "(erased)"
NOT_SAID = "(not said)"

_WORDS = ("note", "reason", "to", "conditions", "term")


def register(store: Store) -> Sheet:
    """Return every declared use and every decision on record, oldest first, by ledger entry.

    What was erased says so; its row stays. Raises StoreError.
    """
    declared = {one.entry.id: one for one in declarations(store)}
    entries: dict[str, Entry] = {}
    rows: list[tuple[str, ...]] = []
    for entry in store.entries():
        told = inner(entry)
        entries[told.id] = told
        if entry.kind is not EntryKind.DECLARATION:
            rows += _rows(entry, told, entries)
        elif entry.id in declared:
            rows += _declared_rows(declared[entry.id])
    return Sheet(title="AI-use register", columns=COLUMNS, rows=tuple(rows))


def _rows(entry: Entry, told: Entry, entries: Mapping[str, Entry]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each thing that an entry decides: a letter answers several requests.

    told: what the entry says, where it was imported that of another store.
    """
    for one in _meant(told, entries):
        for request in _meant(one, entries):
            yield _row(entry, told, _said(request) | _said(one) | _said(told))


def _meant(entry: Entry | None, entries: Mapping[str, Entry]) -> Sequence[Entry | None]:
    """Return what an entry is about; None stands for no other one."""
    return [entries[id_] for id_ in (meant_by(entry, entries) if entry else ())] or [None]


def _row(entry: Entry, told: Entry, said: Mapping[str, Any]) -> tuple[str, ...]:
    words = [_text(dict(told.particulars or {}), key) for key in _WORDS]
    imported = "imported" if entry is not told else ""
    return _cells(
        entry=entry.id,
        date=told.at.date().isoformat(),
        kind=told.kind,
        production=_text(said, "production_name") or _text(said, "production"),
        stage=_text(said, "stage") or ", ".join(said.get("stages") or ()),
        picture=_text(said, "path"),
        picture_sha256=_text(said, "sha256"),
        record_id=_text(said, "record_id"),
        record=_text(said, "title") or _text(said, "name"),
        verdict=_text(said, "verdict"),
        clauses=", ".join(said.get("clauses") or ()),
        decision=_decision(told),
        letter_sha256=_text(said, "letter_sha256") or _text(said, "document_sha256"),
        by=_text(said, "by"),
        words="; ".join(filter(None, [*words, imported, ERASED if entry.erased else ""])),
    )


def _said(entry: Entry | None) -> dict[str, Any]:
    """Return what an entry says, by what people read first; digests stand for what was erased."""
    if entry is None:
        return {}
    body = {key: value for key, value in entry.body.items() if key not in {"production", "record"}}
    return body | dict(entry.particulars or {})


def _decision(entry: Entry) -> str:
    """Return what an entry decides, in a word or two."""
    body = entry.body
    if entry.kind is EntryKind.LETTER:
        until = f" until {body['until']}" if body.get("until") else ""
        answer = "granted" if body.get("granted") else "denied"
        return f"{answer} ({body.get('scope', NOT_SAID)}){until}"
    if entry.kind is EntryKind.DISMISSAL:
        return f"dismissed: {body.get('reason', NOT_SAID)}"
    if entry.kind is EntryKind.CONSENT:
        uses, until = ", ".join(body["uses"]), body["valid_until"]
        return f"consent to {uses}{f' until {until}' if until else ''}"
    if entry.kind is EntryKind.PURGE:
        return f"{len(body['entries'])} entries erased: {body.get('reason', NOT_SAID)}"
    return {
        EntryKind.REQUEST: "approval requested",
        EntryKind.REQUEST_SENT: "request sent",
        EntryKind.LETTER_REVOKED: "answer revoked",
        EntryKind.DISMISSAL_UNDONE: "dismissal undone",
        EntryKind.CONSENT_REVOKED: f"consent revoked on {body.get('on', NOT_SAID)}",
        EntryKind.TEMPORARY_ENROLLED: "remembered as temporary",
        EntryKind.IMPORTED: "imported",
    }.get(entry.kind, str(entry.kind))


def _declared_rows(declared: DeclarationOnRecord) -> Iterator[tuple[str, ...]]:
    entry, said = declared.entry, declared.declaration
    lost = ERASED if declared.erased else NOT_SAID
    for tool in said.tools or (None,):
        terms = tool and {
            "enterprise agreement": tool.enterprise_agreement,
            "stores inputs": tool.stores_inputs,
            "trains on inputs": tool.trains_on_inputs,
        }
        yield _cells(
            entry=entry.id,
            date=entry.at.date().isoformat(),
            kind=entry.kind,
            production=said.production or lost,
            tool=(f"{tool.name} {tool.version}".strip() if tool else "") or lost,
            terms="; ".join(f"{key}: {value or 'unsure'}" for key, value in (terms or {}).items()),
            stage=said.stage or "unsure",
            clauses=", ".join(entry.body["clauses"]),
            decision=declared.outcome.words,
            by=said.contact.name,
            words=said.plan,
        )


def _cells(**values: str) -> tuple[str, ...]:
    assert values.keys() <= {*COLUMNS}
    return tuple(str(values.get(name, "")) for name in COLUMNS)


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""
