"""What is to be enrolled: records with their image files, from a folder or a records file."""

import csv
import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from reference_index import Kind, PersonStatus, Record
from reference_index.errors import RecordInvalidError
from screening.errors import RecordsFileError
from screening.images import Seen, Skip, walk

COLUMNS = (
    "id",
    "kind",
    "title",
    "aliases",
    "rights_holder",
    "status",
    "images",
    "description",
    "source",
    "added_by",
    "review_by",
    "locator",
    "notes",
    "legal_basis",
    "retain_until",
)

Box = tuple[float, float, float, float]
_NUMBER = r"\s*(\d*\.?\d+)\s*"
_BOXED = re.compile(rf"(.+)#{','.join([_NUMBER] * 4)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One record and the files that show it, in path order.

    record: None for files that belong to no record, which are told rather than enrolled.
    declared: the record stands in a records file, so it is enrolled even if no file is usable.
    boxes: by path of a file, where the person's face is in it: left, top, right and bottom in
    fractions of the picture's width and height.
    """

    record: Record | None
    files: tuple[Seen, ...]
    declared: bool = False
    boxes: Mapping[str, Box] = field(default_factory=dict, hash=False)


def folder_sources(folder: Path, *, kind: Kind) -> Iterator[Source]:
    """Yield a record for each sub-folder and for each loose image of a folder.

    A sub-folder is titled after itself and holds everything below it; a loose file is titled after
    the file without its extension. Ids are the kind and a digest of the absolute path, so that the
    same folder enrolled again is the same records. The path is also the locator.
    """
    grouped: dict[str, list[Seen]] = {}
    for seen in walk(folder):
        first, *rest = Path(seen.path).relative_to(folder).parts or (".",)
        grouped.setdefault(first if rest else f"{first}/", []).append(seen)
    for name, files in grouped.items():
        loose = name.endswith("/")
        place = folder / name.rstrip("/")
        title = _text(place.stem if loose else place.name)
        yield Source(record=_record(place, title=title, kind=kind), files=tuple(files))


def _record(place: Path, *, title: str, kind: Kind) -> Record:
    absolute = os.path.abspath(place)  # noqa: PTH100  the path as it is written, links kept
    return Record(
        id=_path_id(kind, absolute),
        kind=kind,
        title=title.strip() or "untitled",
        locator=_text(absolute),
    )


def records_sources(file: Path, *, folder: Path, kind: Kind) -> Iterator[Source]:
    """Yield a record for each row of a records file (CSV, UTF-8, columns as in COLUMNS).

    ``images`` are separated by ``;`` and relative to the file; globs match several, in order. Of
    a person an image may end in ``#left,top,right,bottom``, which says whose of several faces is
    meant. A row without a kind has ``kind``; a row without an id gets one from the file's path and
    its title. Last come the files of the folder that no row names, as a source without a record.
    Raises RecordsFileError with the line.
    """
    named: set[str] = set()
    lines_of: dict[str, int] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            _check_columns(file, rows.fieldnames or ())
            for row in rows:
                source = _row_source(file, rows.line_num, row, kind)
                _check_new(file, rows.line_num, source, lines_of)
                named.update(os.path.realpath(seen.path) for seen in source.files)
                yield source
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordsFileError(f"{file}: cannot be read ({error}); save it as UTF-8 CSV") from error
    named.add(os.path.realpath(file))
    unnamed = (seen for seen in walk(folder) if os.path.realpath(seen.path) not in named)
    yield Source(record=None, files=tuple(unnamed))


def _check_new(file: Path, line: int, source: Source, lines_of: dict[str, int]) -> None:
    """Refuse a second row of one record: which of the two holds would be a guess."""
    assert source.record is not None
    first = lines_of.setdefault(source.record.id, line)
    if first != line:
        raise RecordsFileError(
            f"{file}, line {line}: {source.record.title!r} has the id of line {first}, or both "
            "have none and the same title; give each record an id of its own"
        )


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    known = "title" in columns and set(columns) <= set(COLUMNS)
    if not known or len(set(columns)) < len(columns):
        raise RecordsFileError(
            f"{file}: columns are {', '.join(map(str, columns)) or 'none'}; expected title and "
            f"any of {', '.join(COLUMNS)}, each once, separated by commas"
        )


def _row_source(file: Path, line: int, row: dict[str, str | None], kind: Kind) -> Source:
    """Return the record and files of one row."""
    if None in row:
        raise RecordsFileError(f"{file}, line {line}: more cells than columns; quote the commas")
    cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
    try:
        kind = Kind(cells["kind"]) if cells["kind"] else kind
        record = Record(
            id=cells["id"] or _path_id(kind, f"{file.resolve()}\n{cells['title']}"),
            kind=kind,
            title=cells["title"],
            aliases=tuple(a.strip() for a in cells["aliases"].split(";") if a.strip()),
            rights_holder=cells["rights_holder"],
            status=cells["status"],
            description=cells["description"],
            source=cells["source"],
            added_by=cells["added_by"],
            review_by=_date(cells["review_by"]),
            locator=cells["locator"],
            notes=cells["notes"],
            legal_basis=cells["legal_basis"],
            retain_until=_date(cells["retain_until"]),
        )
    except (ValueError, RecordInvalidError) as error:
        kinds = ", ".join(Kind)
        raise RecordsFileError(
            f"{file}, line {line}: {error} (kinds are {kinds}; dates are like 2027-01-31)"
        ) from error
    _check_person(file, line, record)
    files: list[Seen] = []
    boxes: dict[str, Box] = {}
    for pattern in filter(None, (p.strip() for p in cells["images"].split(";"))):
        name, box = _boxed(file, line, record, pattern)
        for seen in _matching(file, line, name):
            files.append(seen)
            if box:
                boxes[seen.path] = box
    return Source(record=record, files=tuple(files), declared=True, boxes=boxes)


def _check_person(file: Path, line: int, record: Record) -> None:
    known = ("", *PersonStatus)
    if record.kind is Kind.PERSON and record.status not in known:
        raise RecordsFileError(
            f"{file}, line {line}: the status of a person is {record.status!r}, expected none or "
            f"one of {', '.join(PersonStatus)}"
        )


def _boxed(file: Path, line: int, record: Record, pattern: str) -> tuple[str, Box | None]:
    """Return what stands before ``#left,top,right,bottom``, and the box, if it ends in one."""
    found = _BOXED.fullmatch(pattern)
    if found is None or (file.parent / pattern).is_file():
        return pattern, None
    left, top, right, bottom = map(float, found.groups()[1:])
    if record.kind is not Kind.PERSON or not (left < right <= 1 and top < bottom <= 1):
        raise RecordsFileError(
            f"{file}, line {line}: {pattern!r} ends in a box, expected left, top, right and bottom "
            f"of a person's face in fractions of width and height, 0 to 1; kind is {record.kind}"
        )
    return found[1], (left, top, right, bottom)


def _matching(file: Path, line: int, pattern: str) -> Iterator[Seen]:
    """Yield the files that an image of a row names; one that matches nothing is an error."""
    literal = file.parent / pattern
    if literal.is_file():
        yield Seen(path=str(literal))
        return
    try:
        found = sorted(file.parent.glob(pattern))
    except (NotImplementedError, ValueError):  # an absolute path, or no pattern at all
        found = []
    if not found:
        raise RecordsFileError(
            f"{file}, line {line}: no file matches {pattern!r} beside the records file; mend "
            "the path, or leave images empty for a record without pictures"
        )
    for place in found:
        if place.exists():
            yield from walk(place)
        else:
            yield Seen(path=str(place), skip=Skip(reason="link to nothing", unread=True))


def _date(cell: str) -> date | None:
    return date.fromisoformat(cell) if cell else None


def _path_id(kind: Kind, path: str) -> str:
    return f"{kind}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
