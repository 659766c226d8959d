"""Declarations on record: what a production said about its use of tools, and what it came to.

Answers and the outcome are preset words and stay for good; texts can be erased. Each performer's
name is in an entry of its own, so that forgetting one of them leaves the rest of what was declared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.production import Declaration, Outcome, triage
from screening.production.given import given_in
from screening.production.questions import Question, questions_of
from screening.production.writing import declaration_text

_TALENT = "talent["


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationOnRecord:
    """A declaration as it is on record.

    declaration: texts that were erased are empty in it. entries: all it is recorded in, the first
    one holds the outcome. digest: keyed, of the whole text. erased: whether any text was.
    """

    entries: tuple[Entry, ...]
    declaration: Declaration
    outcome: Outcome
    digest: str
    erased: bool

    @property
    def entry(self) -> Entry:
        """The entry that holds the outcome."""
        return self.entries[0]


def record_declaration(store: Store, declaration: Declaration) -> DeclarationOnRecord:
    """Put a declaration on record with its triage; one that is there already is left as it is.

    Raises StoreError.
    """
    digest = store.digest(declaration_text(declaration))
    there = [one for one in declarations(store) if one.digest == digest and not one.erased]
    if there:
        return there[-1]
    done = triage(declaration)
    answers: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for one in given_in(declaration, missing_lists=True):
        (texts if one.question.kind is str else answers)[one.key] = one.value
    names = {key: texts.pop(key) for key in list(texts) if key.startswith(_TALENT)}
    production = texts["production"]
    subjects = (production,) if production else ()
    with store.transaction() as transaction:
        first = transaction.append(
            EntryKind.DECLARATION,
            body={
                "digest": digest,
                "outcome": done.outcome,
                "clauses": done.clauses,
                "unanswered": len(done.unanswered),
                "answers": answers,
            },
            particulars={"production": production, "texts": texts},
            subjects=subjects,
        )
        rest = [
            transaction.append(
                EntryKind.DECLARATION,
                body={"declaration": first.id},
                particulars={"production": production, "texts": {key: name}},
                subjects=subjects,
            )
            for key, name in names.items()
        ]
    return _declared([first, *rest])


def declarations(store: Store) -> tuple[DeclarationOnRecord, ...]:
    """Return the declarations on record, oldest first. Raises StoreError."""
    found: dict[str, list[Entry]] = {}
    for entry in store.entries([EntryKind.DECLARATION]):
        found.setdefault(entry.body.get("declaration", entry.id), []).append(entry)
    return tuple(map(_declared, found.values()))


def _declared(entries: list[Entry]) -> DeclarationOnRecord:
    body, said = entries[0].body, dict(entries[0].body["answers"])
    for entry in entries:
        said |= (entry.particulars or {}).get("texts", {})
    return DeclarationOnRecord(
        entries=tuple(entries),
        declaration=Declaration(**dict(_values(Declaration, said, ""))),
        outcome=Outcome(body["outcome"]),
        digest=body["digest"],
        erased=any(entry.erased for entry in entries),
    )


def _values(kind: Any, said: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a table from its answers, by key paths as ``given_in`` writes them."""
    for name, question in questions_of(kind):
        key = path + name
        if question.many:
            yield name, None if key in said else _entries(question, said, key)
        elif question.kind is str:
            yield name, said.get(key, "")
        elif key in said:
            yield name, said[key] and question.kind(said[key])
        elif is_dataclass(question.kind):
            yield name, question.kind(**dict(_values(question.kind, said, f"{key}.")))
        else:  # it was not asked yet
            yield name, None


def _entries(question: Question, said: Mapping[str, Any], path: str) -> tuple[Any, ...]:
    numbers = {int(key[len(path) + 1 :].partition("]")[0]) for key in said if f"{path}[" in key}
    return tuple(
        question.kind(**dict(_values(question.kind, said, f"{path}[{number}].")))
        for number in sorted(numbers)
    )
