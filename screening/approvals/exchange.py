"""Decisions taken from one store into another, as JSON: known by their ids, so never in twice."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from screening.approvals.decided import DecisionError, Dismissal, Letter, Request
from screening.approvals.decisions import DECIDING, KEYED, Decisions, inner
from screening.approvals.errors import StoreDamagedError
from screening.approvals.ledger import Entry, EntryKind, stamp
from screening.approvals.pictures import Sight
from screening.approvals.store import Store
from screening.errors import InputInvalidError

FORMAT = "screening decisions 1"
_ORIGIN = ("kind", "entry", "at", "store")  # what the body of an imported entry says besides

Check = Callable[[object], bool]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _day(value: object) -> bool:
    return value is None or _text(value)


def _number(value: object) -> bool:
    return type(value) is int and value >= 0


def _region(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list) and len(point) == 2 and all(type(x) is int for x in point)
        for point in value
    )


_SIGHT: Mapping[str, Check] = {
    **dict.fromkeys(Sight.__slots__, _text),
    "frame": _number,
    "region": _region,
}
_TOLD = ("kind", "status", "rights_holder", "advice", "place", "why", "coincidence", "consent",
         "policy", "production_name", "by")  # fmt: skip
_SHAPES: Mapping[EntryKind, tuple[Mapping[str, Check], Mapping[str, Check]]] = {
    EntryKind.DISMISSAL: (
        {"reason": _text},
        {**_SIGHT, **dict.fromkeys(("note", "by", "production_name"), _text)},
    ),
    EntryKind.DISMISSAL_UNDONE: ({"dismissal": _text}, {"reason_text": _text, "by": _text}),
    EntryKind.REQUEST: (
        {
            **dict.fromkeys(("role", "stage", "verdict", "guidance", "version"), _text),
            **dict.fromkeys(("clauses", "indexes"), _texts),
        },
        {
            **_SIGHT,
            **dict.fromkeys(_TOLD, _text),
            **dict.fromkeys(("evidence", "described", "models", "territory", "media"), _texts),
        },
    ),
    EntryKind.REQUEST_SENT: ({"request": _text}, {"to": _text, "by": _text}),
    EntryKind.LETTER: (
        {"requests": _texts, "scope": _text, "until": _day, "granted": _flag, "conditional": _flag},
        {
            **dict.fromkeys(("letter_sha256", "letter_name", "conditions", "by"), _text),
            **dict.fromkeys(("record_ids", "productions"), _texts),
        },
    ),
    EntryKind.LETTER_REVOKED: ({"letter": _text}, {"reason_text": _text, "by": _text}),
}
"""What the body and the particulars of each kind hold, but for digests."""

_READ_AS: Mapping[EntryKind, Callable[[Entry], object]] = {
    EntryKind.DISMISSAL: Dismissal.of,
    EntryKind.REQUEST: Request.of,
    EntryKind.LETTER: Letter.of,
}


def export_decisions(store: Store) -> tuple[dict[str, Any], int]:
    """Return the decisions of a store as JSON values, and how many stay: they were erased.

    What tells more of an erased one stays too; a letter goes with those of its requests that go.
    Raises StoreError.
    """
    going: dict[str, dict[str, Any]] = {}
    left = 0
    for stored in store.entries((*DECIDING, EntryKind.IMPORTED)):
        entry = inner(stored)
        if entry.kind not in DECIDING:
            continue
        facts = _facts(stored)
        if "requests" in facts:
            facts["requests"] = [one for one in facts["requests"] if one in going]
        about = [facts.get(name) for name in ("dismissal", "request", "letter") if name in facts]
        if entry.particulars is None or facts.get("requests") == [] or {*about} - going.keys():
            left += 1
            continue
        going[entry.id] = {
            "kind": entry.kind,
            "entry": entry.id,
            "at": stamp(entry.at),
            "store": stored.body.get("store", store.id),
            "body": facts,
            "particulars": entry.particulars,
        }
    return {"format": FORMAT, "decisions": [*going.values()]}, left


def read_decisions(file: Path) -> list[dict[str, Any]]:
    """Return the decisions in a file, each checked by itself. Raises DecisionError."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DecisionError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise DecisionError(f"{file}: is no JSON ({error}); export the decisions again") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise DecisionError(
            f"{file}: is no export of decisions; 'screening approvals export' writes one"
        )
    decisions = said.get("decisions")
    if not isinstance(decisions, list):
        raise DecisionError(f"{file}: decisions is {type(decisions).__name__}, expected a list")
    for number, one in enumerate(decisions, 1):
        try:
            _check(one)
        except (KeyError, TypeError, ValueError) as error:
            raise DecisionError(
                f"{file}: decision {number} cannot be taken: {error}; nothing was imported"
            ) from error
    if len({one["entry"] for one in decisions}) < len(decisions):
        raise DecisionError(f"{file}: a decision stands there twice; export the decisions again")
    return decisions


def import_decisions(decisions: Decisions, given: list[dict[str, Any]]) -> int:
    """Put on record what ``read_decisions`` gave and is not there yet; return how many.

    All of it, or nothing where one of them is about what is not there. Raises DecisionError,
    StoreError.
    """
    count = 0
    with decisions.deciding() as deciding:
        for number, one in enumerate(given, 1):
            if one["entry"] in decisions.known:
                continue
            facts = {**one["body"], **{name: one[name] for name in _ORIGIN}}
            try:
                deciding.put_imported(facts, one["particulars"])
            except (InputInvalidError, StoreDamagedError) as error:
                raise DecisionError(
                    f"decision {number} ({one['kind']}) is about something that is neither in the "
                    "file nor in the store; export the decisions again. Nothing was imported"
                ) from error
            count += 1
    return count


def _facts(entry: Entry) -> dict[str, Any]:
    """Return the body of an entry without digests, which are of one store, and its origin."""
    digests = {name for name, field in KEYED.items() if field in (entry.particulars or {})}
    origin = _ORIGIN if entry.kind is EntryKind.IMPORTED else ()
    return {key: value for key, value in entry.body.items() if key not in {*digests, *origin}}


def _check(one: Any) -> None:
    """Raise KeyError, TypeError or ValueError for what is no decision."""
    if not isinstance(one, dict) or one.keys() != {*_ORIGIN, "body", "particulars"}:
        raise TypeError(f"its keys are not {', '.join((*_ORIGIN, 'body', 'particulars'))}")
    kind = EntryKind(one["kind"])
    if kind not in _SHAPES:
        raise ValueError(f"{kind} is no decision")
    for name in ("entry", "store"):
        if not _text(one[name]) or len(bytes.fromhex(one[name])) != 16:
            raise ValueError(f"{name} is {one[name]!r}, expected 32 hex digits")
    at = datetime.fromisoformat(one["at"])
    if stamp(at) != one["at"]:
        raise ValueError(f"at is {one['at']!r}, expected a time in UTC")
    for name, shape in zip(("body", "particulars"), _SHAPES[kind], strict=True):
        _check_shape(name, one[name], shape)
    if kind in _READ_AS:
        _READ_AS[kind](_entry(one, at, kind))


def _check_shape(name: str, values: object, shape: Mapping[str, Check]) -> None:
    if not isinstance(values, dict) or values.keys() != shape.keys():
        raise TypeError(f"{name} does not hold {', '.join(sorted(shape))}, and only that")
    for key, is_right in shape.items():
        if not is_right(values[key]):
            raise TypeError(f"{name}.{key} is {values[key]!r}")


def _entry(one: dict[str, Any], at: datetime, kind: EntryKind) -> Entry:
    """Return a decision as an entry that nobody has put on record, to be read like one."""
    digests = {name: "0" * 64 for name, field in KEYED.items() if one["particulars"].get(field)}
    return Entry(
        seq=0,
        id=one["entry"],
        at=at,
        kind=kind,
        body={**one["body"], **digests},
        subjects=(),
        particulars=one["particulars"],
        erased=False,
        hash="",
    )
