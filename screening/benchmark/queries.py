"""What is asked: pictures that show an enrolled record, and pictures that show none."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reference_index import Kind, ReferenceIndex
from screening.benchmark.errors import BenchmarkError
from screening.calibration.scores import ImageScores

COLUMNS = ("query", "record")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """One picture that was searched with.

    key: what tells it from others, the sha256 of its file or the edit that was made of one. true:
    ids of the records that it shows; none for an unrelated picture. family: of the edit.
    """

    name: str
    key: str
    true: frozenset[str]
    scores: ImageScores
    family: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about one file that a reader must know: ``kind`` is one of REMARKS."""

    kind: str
    name: str
    detail: str = ""


REMARKS: Mapping[str, str] = {
    "unread": "files that could not be read, and are in no figure",
    "twice": "files with the bytes of another, counted once",
    "enrolled": "background images that are enrolled, left out",
    "plain": "background images in which no channel finds enough to compare: they calibrate none",
    "positive": "background images that are positives too, left out",
    "not enrolled": "pictures to edit that are not enrolled, left out",
    "suspect": "background images that seem to show an enrolled record: look at them",
}
"""What is said of files, and what became of them."""


def read_pairs(file: Path, index: ReferenceIndex) -> dict[Path, frozenset[str]]:
    """Return the queries of a CSV file (UTF-8, columns query and record), with their records.

    query: path of a picture, relative to the file. record: id or title of an enrolled record that
    it shows; several records of one picture are several rows. Raises BenchmarkError with the line.
    """
    titles: dict[str, list[str]] = {}
    kinds: dict[str, Kind] = {}
    for record in index.records():
        titles.setdefault(record.title, []).append(record.id)
        kinds[record.id] = record.kind
    pairs: dict[Path, frozenset[str]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            if sorted(rows.fieldnames or ()) != sorted(COLUMNS):
                raise BenchmarkError(
                    f"{file}: columns are {', '.join(map(str, rows.fieldnames or ())) or 'none'}; "
                    f"expected {' and '.join(COLUMNS)}, separated by a comma"
                )
            for row in rows:
                where = f"{file}, line {rows.line_num}"
                if None in row or None in row.values():
                    raise BenchmarkError(f"{where}: expected two cells; quote the commas")
                query, name = (row[column].strip() for column in COLUMNS)
                place = file.parent / query
                if not query or not place.is_file():
                    raise BenchmarkError(f"{where}: there is no picture {query!r} beside the file")
                found = [name] if name in kinds else titles.get(name, [])
                _check_record(where, name, found, kinds)
                pairs[place] = pairs.get(place, frozenset()) | frozenset(found)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchmarkError(f"{file}: cannot be read ({error}); save it as UTF-8 CSV") from error
    if not pairs:
        raise BenchmarkError(f"{file}: no row, expected at least one pair of a query and a record")
    return pairs


def _check_record(where: str, name: str, found: list[str], kinds: Mapping[str, Kind]) -> None:
    if not found:
        raise BenchmarkError(
            f"{where}: no record has the id or title {name!r}; see: screening index list"
        )
    if len(found) > 1:
        raise BenchmarkError(
            f"{where}: {len(found)} records have the title {name!r}; give the id of one"
        )
    if kinds[found[0]] is Kind.CLEARED:
        raise BenchmarkError(f"{where}: {name!r} is cleared, and never found: leave it out")


def records_by_digest(index: ReferenceIndex) -> dict[str, frozenset[str]]:
    """Return for each enrolled file's sha256 the records it is of, cleared ones aside."""
    found: dict[str, frozenset[str]] = {}
    for record in index.records():
        for image in index.images(record.id) if record.kind is not Kind.CLEARED else ():
            found[image.sha256] = found.get(image.sha256, frozenset()) | {record.id}
    return found


def distinct(queries: Iterable[Query]) -> tuple[list[Query], list[Remark]]:
    """Return the queries that could be read, equal files once with the records of all."""
    kept: dict[str, Query] = {}
    remarks = []
    for query in queries:
        if query.scores.unread is not None:
            remarks.append(Remark(kind="unread", name=query.name, detail=query.scores.unread))
        elif query.key in kept:
            first = kept[query.key]
            remarks.append(Remark(kind="twice", name=query.name, detail=first.name))
            kept[query.key] = replace(first, true=first.true | query.true)
        else:
            kept[query.key] = query
    return list(kept.values()), remarks


def digest(queries: Iterable[Query]) -> str:
    """Return one sha256 of the queries and the records that they show, whatever their order."""
    lines: Iterator[str] = (f"{query.key} {' '.join(sorted(query.true))}\n" for query in queries)
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
