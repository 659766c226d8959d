"""The clearance binder: one page first, then all it rests on.

What was checked against what, what was not, every flag and what became of it, letters by digest,
the guidance by date, and how far the ledger had come.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reference_index import ReferenceIndex
from screening.approvals.decisions import inner
from screening.approvals.declarations import declarations
from screening.approvals.exports.page import page
from screening.approvals.exports.scan_report import ScanReport
from screening.approvals.exports.traces import Trace, Traces
from screening.approvals.ledger import EntryKind
from screening.approvals.store import Store
from screening.decision import CLAUSES, GUIDANCE, Coverage, Role, Verdict
from screening.decision.context import same
from screening.errors import InputInvalidError
from screening.production import Declaration, Outcome, triage
from screening.version import __version__

_OPEN_FIRST = 6  # open flags that the first page tells one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A finding as the binder tells it.

    verdict: of the finding. open: whether somebody has yet to act. resolution: what
    settled it, as the scan had it. traces: what is on record about it.
    """

    picture: str
    sha256: str
    role: str
    verdict: Verdict
    open: bool
    record: str
    record_id: str
    kind: str
    rights_holder: str
    strength: str
    clauses: tuple[str, ...]
    advice: str
    resolution: str
    traces: tuple[Trace, ...]


def binder(
    report: ScanReport,
    store: Store,
    *,
    today: date,
    production: str = "",
    indexes: Iterable[ReferenceIndex] = (),
) -> str:
    """Return the binder of one scan as an HTML page.

    production: its name, by default that of the last declaration on record. indexes: of those that
    were compared with, what they are now. Raises InputInvalidError for a report that lacks what it
    should say, StoreError.
    """
    traces = Traces(store)
    try:
        flags = sorted(_flags(report, traces), key=lambda one: (not one.open, one.picture))
        gaps = _gaps(report)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputInvalidError(
            f"{report.name}: a line of the report lacks what a finding says ({error!r}): scan again"
        ) from error
    declared = [
        one
        for one in declarations(store)
        if not production or same(one.declaration.production, production)
    ]
    last = declared[-1] if declared else None
    summary = report.summary or {}
    return page(
        "binder.html",
        title="Clearance binder",
        production=production or (last.declaration.production if last else "") or "not named",
        today=today.isoformat(),
        report=report,
        summary=summary,
        indexes=tuple(indexes),
        counts=_counts(report, flags),
        open=[one for one in flags if one.open],
        settled=[one for one in flags if not one.open and (one.resolution or one.traces)],
        notes=[one for one in flags if not one.open and not (one.resolution or one.traces)],
        first=_OPEN_FIRST,
        gaps=gaps,
        declared=last and _Declared.of(last.declaration, last.outcome, last.entry.id),
        letters=list(_letters(traces)),
        guidance=GUIDANCE,
        clauses=[one for one in CLAUSES.values() if any(one.id in f.clauses for f in flags)],
        checkpoint=store.checkpoint(),
        version=__version__,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """A declaration as the binder tells it."""

    words: str
    entry: str
    unseen: tuple[str, ...]
    tools: tuple[str, ...]

    @classmethod
    def of(cls, declaration: Declaration, outcome: Outcome, entry: str) -> "_Declared":
        return cls(
            words=outcome.words,
            entry=entry,
            unseen=triage(declaration).declared_not_screened,
            tools=tuple(
                f"{tool.name} {tool.version}".strip() or "not named"
                for tool in declaration.tools or ()
            ),
        )


def _flags(report: ScanReport, traces: Traces) -> Iterator[Flag]:
    """Yield every finding of a report; what is only worth a note is none that is open."""
    for said in report.pictures:
        inputs = {one["path"]: one["sha256"] for one in said.get("inputs", ())}
        for found in said["findings"]:
            record, verdict = found["record"], Verdict(found["verdict"])
            settled = [found.get(key) for key in ("standing", "consent")]
            picture, fed = said["path"] or "(from memory)", found.get("input")
            sha256 = (inputs[fed] if fed else said["sha256"]) or ""
            yield Flag(
                picture=f"{picture}, input {fed}" if fed else picture,
                sha256=sha256,
                role=Role.INPUT if fed else Role(said["role"]).judged_as,
                verdict=verdict,
                open=verdict.flagged,
                record=record["title"],
                record_id=record["id"],
                kind=record["kind"].replace("-", " "),
                rights_holder=record.get("rights_holder") or record.get("status") or "",
                strength=found["strength"],
                clauses=tuple(found["clauses"]),
                advice=found["advice"],
                resolution="; ".join(one["words"] for one in settled if one),
                traces=traces.of(sha256, record["id"], record["kind"]),
            )


def _counts(report: ScanReport, flags: list[Flag]) -> dict[str, int]:
    """Return the figures of the first page: of pictures, the first six add up."""
    verdicts = Counter(said["verdict"] for said in report.pictures)
    unread = sum(said["coverage"] == Coverage.UNREAD for said in report.pictures)
    return {
        "pictures": len(report.pictures),
        "blocked": verdicts[Verdict.BLOCKED],
        "approval": verdicts[Verdict.NEEDS_APPROVAL],
        "note": verdicts[Verdict.NOTE],
        "nothing": verdicts[Verdict.NOTHING_FOUND],
        "unread": unread,
        "open": sum(one.open for one in flags),
        "settled": sum(not one.open and bool(one.resolution or one.traces) for one in flags),
    }


def _gaps(report: ScanReport) -> dict[str, Any]:
    """Return what was not looked at: pictures, by how far, and channels, by how many pictures."""
    pictures: list[tuple[str, str, str]] = []
    channels: Counter[tuple[str, str, str]] = Counter()
    ran: Counter[str] = Counter()
    for said in report.pictures:
        if said["coverage"] != Coverage.COMPLETE:
            pictures.append((said["path"] or "", said["coverage"], said.get("reason") or ""))
        for name, told in said["channels"].items():
            if told["state"] == "ran":
                ran[name] += 1
            else:
                words = told.get("reason") or told["state"].replace("_", " ")
                channels[name, told["state"], words] += 1
    return {
        "worst": [one for one in pictures if one[1] != Coverage.PARTIAL],
        "partial": sum(one[1] == Coverage.PARTIAL for one in pictures),
        "pictures": pictures,
        "channels": [(*key, count) for key, count in sorted(channels.items())],
        "ran": sorted(ran.items()),
        "others": len(report.screenings) - len(report.pictures),
    }


def _letters(traces: Traces) -> Iterator[Mapping[str, Any]]:
    """Yield what each letter on record says."""
    for entry in traces.entries:
        told = inner(entry)
        if told.kind is EntryKind.LETTER:
            said, until = told.particulars or {}, told.body.get("until")
            yield {
                "sha256": said.get("letter_sha256") or "(erased)",
                "answer": "granted" if told.body.get("granted") else "denied",
                "scope": told.body.get("scope", ""),
                "until": until or "no end",
                "conditions": said.get("conditions", ""),
                "by": said.get("by", ""),
                "on": told.at.date().isoformat(),
                "requests": len(told.body.get("requests", ())),
                "entry": entry.id,
            }
