"""Records and reference images of one segment, in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Self

from reference_index.errors import IndexDamagedError
from reference_index.records import Kind, Record
from reference_index.storage import damaged

_ROWS_AT_ONCE = 256
_FIELDS = tuple(field.name for field in fields(Record))
# Columns that only a file has of which a record needs them, so that others read as they always did.
_TERMS = {"legal_basis": "''", "retain_until": "NULL"}
_OLD_FIELDS = tuple(name for name in _FIELDS if name not in _TERMS)
_DATES = {"review_by", "retain_until"}
_TABLES = f"""
    CREATE TABLE records (key INTEGER PRIMARY KEY, number INTEGER NOT NULL,
        {", ".join(f"{name} TEXT" for name in _OLD_FIELDS)});
    CREATE TABLE images (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, sha256 BLOB NOT NULL,
        width INTEGER NOT NULL, height INTEGER NOT NULL, source TEXT NOT NULL,
        channels TEXT NOT NULL);
"""
_INDEXES = """
    CREATE INDEX records_by_id ON records (id);
    CREATE INDEX records_by_number ON records (number);
    CREATE UNIQUE INDEX images_by_content ON images (number, sha256);
"""
_ADD_IMAGE = "INSERT INTO images VALUES (?, ?, ?, ?, ?, CAST(? AS TEXT), ?)"


class RecordRow(NamedTuple):
    """One state of a record. key: the id of this state; number: that of the record for life."""

    key: int
    number: int
    record: Record


class ImageRow(NamedTuple):
    """One reference image.

    number: that of its record; sha256: 32 bytes; channels: JSON, its vectors counted by channel.
    """

    id: int
    number: int
    sha256: bytes
    width: int
    height: int
    source: str
    channels: str


class Catalog:
    """The records and images of one segment, dead ones included.

    Texts are kept as UTF-8 that lets lone surrogates pass, so that file names of any bytes come
    back as they were. Raises IndexDamagedError when SQLite cannot make sense of the file.
    """

    def __init__(self, root: Path, name: str, connection: sqlite3.Connection) -> None:
        self._root, self._name, self._connection = root, name, connection
        self._lock = threading.Lock()
        self._known_fields: tuple[str, ...] = ()
        self.uri = _read_only(root, name)
        connection.text_factory = lambda text: text.decode("utf-8", "surrogatepass")

    @classmethod
    def open(cls, root: Path, name: str) -> Self:
        """Open a file that never changes again, for reading."""
        try:
            return cls(root, name, _connect(_read_only(root, name)))
        except sqlite3.OperationalError as error:
            raise damaged(root, name, f"cannot be opened ({error})") from error

    @classmethod
    def create(cls, root: Path, name: str, *, indexed: bool = True) -> Self:
        """Create a file, for writing and reading until it is closed."""
        catalog = cls(root, name, _connect((root / name).absolute().as_uri()))
        # No journal: a file that was not finished is thrown away as a whole.
        catalog._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
            + _TABLES
            + (_INDEXES if indexed else "")
        )
        catalog._connection.execute("BEGIN")
        return catalog

    def add_record(self, row: RecordRow) -> None:
        """Add a record row."""
        if row.record.legal_basis or row.record.retain_until:
            self._add_terms()
        values = {name: getattr(row.record, name) for name in self._fields}
        values["aliases"] = json.dumps(row.record.aliases)
        for name in _DATES & values.keys():
            values[name] = values[name] and values[name].isoformat()
        texts = (text if text is None else _encode(text) for text in values.values())
        self._connection.execute(_add_record(self._fields), (row.key, row.number, *texts))

    def add_image(self, row: ImageRow) -> None:
        """Add an image row."""
        self._connection.execute(_ADD_IMAGE, row._replace(source=_encode(row.source)))  # type: ignore[arg-type]

    def copy_live(self, source: "Catalog", dead: Iterable[int]) -> tuple[int, int]:
        """Add every row of another catalog but the dead ones; return how many of both tables."""
        run = self._connection.execute
        if source._fields == _FIELDS:
            self._add_terms()
        run("COMMIT")
        run("ATTACH ? AS source", (source.uri,))
        run("BEGIN")
        run("CREATE TABLE temp.dead (id INTEGER PRIMARY KEY)")
        self._connection.executemany("INSERT INTO dead VALUES (?)", ((number,) for number in dead))
        copied = (
            ("records", "key", ", ".join(("key", "number", *source._fields))),
            ("images", "id", ", ".join(ImageRow._fields)),
        )
        records, images = (
            run(
                f"INSERT INTO main.{table} ({columns}) "  # noqa: S608
                f"SELECT {columns} FROM source.{table} "
                f"WHERE {key} NOT IN (SELECT id FROM temp.dead) ORDER BY {key}"
            ).rowcount
            for table, key, columns in copied
        )
        run("DROP TABLE temp.dead")
        run("COMMIT")
        run("DETACH source")
        run("BEGIN")
        return records, images

    def finish(self, *, index: bool = False) -> None:
        """Write everything out and close."""
        self._connection.execute("COMMIT")
        if index:
            self._connection.executescript(_INDEXES)
        self.close()

    def close(self) -> None:
        """Close the file; it may be closed already."""
        self._connection.close()

    def record_rows(self, record_id: str) -> Iterator[RecordRow]:
        """Yield every state of a record that stands here."""
        return self._records("WHERE id = CAST(? AS TEXT) ORDER BY key", record_id)

    def expired(self, day: date) -> Iterator[RecordRow]:
        """Yield every state of a person that was to be held until some day before this one."""
        if self._fields != _FIELDS:
            return iter(())
        where = "WHERE kind = CAST(? AS TEXT) AND retain_until < CAST(? AS TEXT) ORDER BY key"
        return self._records(where, Kind.PERSON, day.isoformat())

    def records_of(self, kind: Kind) -> Iterator[tuple[int, int]]:
        """Yield key and number of every record row of a kind."""
        sql = "SELECT key, number FROM records WHERE kind = CAST(? AS TEXT)"
        return ((key, number) for key, number in self._rows(sql, _encode(kind)))

    def sorted_records(self) -> Iterator[RecordRow]:
        """Yield every record row, by record id."""
        return self._records("ORDER BY id, key")

    def record_ids(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return the record ids of those record numbers that stand here."""
        sql = "SELECT number, id FROM records WHERE number IN (SELECT value FROM json_each(?))"
        return dict(self._rows(sql, json.dumps(list(numbers))))

    def image_rows(self, number: int) -> Iterator[ImageRow]:
        """Yield every image of the record with this number, by image id."""
        sql = "SELECT * FROM images WHERE number = ? ORDER BY id"
        return map(ImageRow._make, self._rows(sql, number))

    def image_row(self, image_id: int) -> ImageRow | None:
        """Return the image with this id, if it stands here."""
        rows = self._rows("SELECT * FROM images WHERE id = ?", image_id)
        return next(map(ImageRow._make, rows), None)

    def has_image(self, number: int, sha256: bytes) -> bool:
        """Tell whether the record with this number has this image here."""
        sql = "SELECT 1 FROM images WHERE number = ? AND sha256 = ?"
        return next(self._rows(sql, number, sha256), None) is not None

    def select(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query over the tables of a catalog, for checking them."""
        return self._rows(sql)

    @property
    def _fields(self) -> tuple[str, ...]:
        """The fields of a record that have a column in this file."""
        if not self._known_fields:
            columns = {
                name for (name,) in self._rows("SELECT name FROM pragma_table_info('records')")
            }
            self._known_fields = _FIELDS if columns.issuperset(_TERMS) else _OLD_FIELDS
        return self._known_fields

    def _add_terms(self) -> None:
        """Make sure that there is a column for every field of a record."""
        if self._fields != _FIELDS:
            for name, value in _TERMS.items():
                self._connection.execute(
                    f"ALTER TABLE records ADD COLUMN {name} TEXT DEFAULT {value}"
                )
            self._known_fields = _FIELDS

    def _records(self, which: str, *texts: str) -> Iterator[RecordRow]:
        """Yield the record rows that the rest of a query selects."""
        sql = f"{_select_records(self._fields)} {which}"
        return map(_record_row, self._rows(sql, *map(_encode, texts)))

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        rows: sqlite3.Cursor | None = None
        while True:
            try:
                with self._lock:  # threads that share a connection disturb one another's statements
                    rows = rows or self._connection.execute(sql, values)
                    part = rows.fetchmany(_ROWS_AT_ONCE)
            except sqlite3.ProgrammingError:
                raise
            except sqlite3.DatabaseError as error:
                raise self._damaged(error) from error
            if not part:
                return
            yield from part

    def _damaged(self, error: sqlite3.Error) -> IndexDamagedError:
        return damaged(self._root, self._name, f"cannot be read by SQLite ({error})")


def _read_only(root: Path, name: str) -> str:
    return (root / name).absolute().as_uri() + "?mode=ro&immutable=1"


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _add_record(names: tuple[str, ...]) -> str:
    return (
        f"INSERT INTO records (key, number, {', '.join(names)}) "  # noqa: S608
        f"VALUES (?, ?{', CAST(? AS TEXT)' * len(names)})"
    )


@cache
def _select_records(names: tuple[str, ...]) -> str:
    columns = (name if name in names else _TERMS[name] for name in _FIELDS)
    return f"SELECT key, number, {', '.join(columns)} FROM records"  # noqa: S608


def _record_row(row: tuple[Any, ...]) -> RecordRow:
    key, number, *texts = row
    values = dict(zip(_FIELDS, texts, strict=True))
    values["kind"] = Kind(values["kind"])
    values["aliases"] = tuple(json.loads(values["aliases"]))
    for name in _DATES:
        values[name] = values[name] and date.fromisoformat(values[name])
    return RecordRow(key, number, Record(**values))
