"""The report of a scan, read back: what ``screening scan --format jsonl`` wrote."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.errors import InputInvalidError
from screening.report.jsonl import SCHEMA

_KEYS = ("path", "sha256", "role", "verdict", "coverage", "findings", "channels")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """One report. screenings: a mapping for each file seen, as the report has it.

    name: of the file. sha256: hex, of its bytes. summary: its last line, None where it has none:
    the scan was killed, or the file cut short.
    """

    name: str
    sha256: str
    screenings: tuple[Mapping[str, Any], ...]
    summary: Mapping[str, Any] | None

    @property
    def complete(self) -> bool:
        """Return whether the scan saw all that it was to see."""
        return self.summary is not None and self.summary.get("complete") is True

    @property
    def pictures(self) -> tuple[Mapping[str, Any], ...]:
        """Return the screenings of files that are, or may hold, pictures."""
        return tuple(one for one in self.screenings if one["coverage"] is not None)


def read_report(file: Path) -> ScanReport:
    """Return the report in a file. Raises InputInvalidError, which names the line."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputInvalidError(
            f"{file}: the report cannot be read ({error.strerror}); name another file"
        ) from error
    screenings: list[Mapping[str, Any]] = []
    summary = None
    for number, line in enumerate(data.splitlines(), 1):
        if summary is not None:
            raise _wrong(file, number, "stands after the summary")
        try:
            said = json.loads(line)
        except ValueError as error:
            raise _wrong(file, number, "is no JSON") from error
        if not isinstance(said, dict) or said.get("schema") != SCHEMA:
            raise _wrong(file, number, f"is not of schema {SCHEMA}")
        if isinstance(said.get("summary"), dict):
            summary = said["summary"]
        elif all(key in said for key in _KEYS):
            screenings.append(said)
        else:
            raise _wrong(file, number, f"lacks one of {', '.join(_KEYS)}")
    if not screenings and summary is None:
        raise InputInvalidError(
            f"{file}: holds nothing, expected what 'screening scan --format jsonl' wrote"
        )
    return ScanReport(
        name=file.name,
        sha256=hashlib.sha256(data).hexdigest(),
        screenings=tuple(screenings),
        summary=summary,
    )


def _wrong(file: Path, number: int, what: str) -> InputInvalidError:
    return InputInvalidError(
        f"{file}, line {number}: {what}, expected what 'screening scan --format jsonl' wrote: scan "
        "again"
    )
