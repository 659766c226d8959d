"""The cue sheet of generated material: with which tool, from what, and what became of it."""

from collections.abc import Iterable, Iterator
from typing import Any

from reference_index import Kind, ReferenceIndex
from screening.approvals.exports.scan_report import ScanReport
from screening.approvals.exports.sheet import Sheet
from screening.approvals.ledger import EntryKind
from screening.approvals.store import Store
from screening.decision import Role

COLUMNS = (
    "picture",
    "sha256",
    "tool",
    "prompt_sha256",
    "source",
    "status",
    "verdict",
    "clauses",
    "entry",
)
UNKNOWN = "unknown"

_SAID = {"sha256", "tool", "prompt_sha256", "source", "status"}
"""The columns in which nothing is ever said by leaving them empty."""

_GENERATED = {"generated", "unknown"}
"""The roles of pictures that are, or may be, generated."""


def cue_sheet(
    store: Store | None = None,
    *,
    indexes: Iterable[ReferenceIndex] = (),
    reports: Iterable[ScanReport] = (),
) -> Sheet:
    """Return a row for each generated picture that is known of, by its digest.

    indexes: their temporary records are what was remembered. reports: their pictures that are
    generated, or may be, with what their files say of tool and prompt, and where temporary material
    shows in finals. store: what it says of temporary material. What is not known is said to be
    unknown. Raises StoreError, ReferenceIndexError.
    """
    rows: dict[str, dict[str, str]] = {}
    for one in (*_remembered(indexes), *_recorded(store), *_scanned(reports)):
        known = rows.setdefault(one["sha256"] or one["picture"], dict.fromkeys(COLUMNS, ""))
        states = dict.fromkeys(filter(None, (known["status"], one["status"])))
        known |= {key: value for key, value in one.items() if value}
        known["status"] = "; ".join(states)
    return Sheet(
        title="Cue sheet",
        columns=COLUMNS,
        rows=tuple(
            tuple(row[name] or (UNKNOWN if name in _SAID else "") for name in COLUMNS)
            for row in rows.values()
        ),
    )


def _remembered(indexes: Iterable[ReferenceIndex]) -> Iterator[dict[str, str]]:
    for index in indexes:
        for record in index.records():
            if record.kind is Kind.TEMPORARY:
                for image in index.images(record.id):
                    yield {
                        "picture": record.title,
                        "sha256": image.sha256,
                        "source": record.locator or image.source,
                        "status": "remembered as temporary",
                    }


def _recorded(store: Store | None) -> Iterator[dict[str, str]]:
    if store is None:
        return
    for entry in store.entries([EntryKind.TEMPORARY_ENROLLED]):
        said = entry.particulars or {}
        for sha256 in said.get("sha256s") or [said.get("sha256", "")]:
            if sha256:
                yield {
                    "picture": str(said.get("title", "")),
                    "sha256": sha256,
                    "status": "remembered as temporary",
                    "entry": entry.id,
                }


def _scanned(reports: Iterable[ScanReport]) -> Iterator[dict[str, str]]:
    for said in (said for report in reports for said in report.pictures):
        if said["role"] in _GENERATED:
            generation: dict[str, Any] = said.get("generation") or {}
            yield {
                "picture": said["path"] or "",
                "sha256": said["sha256"] or "",
                "tool": str(generation.get("tool") or ""),
                "prompt_sha256": str(generation.get("prompt_sha256") or ""),
                "source": said["path"] or "",
                "status": "screened" if said["verdict"] else "not screened",
                "verdict": said["verdict"] or "",
                "clauses": ", ".join(said.get("clauses") or ()),
            }
        elif said["role"] == Role.FINAL:
            for found in said["findings"]:
                if found["record"]["kind"] == Kind.TEMPORARY and not found.get("input"):
                    yield {
                        "picture": found["record"]["title"],
                        "sha256": found["channels"][0]["reference_image"],
                        "status": f"seen in final {said['path']}",
                    }
