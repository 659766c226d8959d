"""Records and reference images of one segment, in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Self

from reference_index.errors import IndexDamagedError
from reference_index.records import Kind, Record
from reference_index.storage import damaged

_ROWS_AT_ONCE = 256
_FIELDS = tuple(field.name for field in fields(Record))
_TABLES = f"""
    CREATE TABLE records (key INTEGER PRIMARY KEY, number INTEGER NOT NULL,
        {", ".join(f"{name} TEXT" for name in _FIELDS)});
    CREATE TABLE images (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, sha256 BLOB NOT NULL,
        width INTEGER NOT NULL, height INTEGER NOT NULL, source TEXT NOT NULL,
        channels TEXT NOT NULL);
"""
_INDEXES = """
    CREATE INDEX records_by_id ON records (id);
    CREATE INDEX records_by_number ON records (number);
    CREATE UNIQUE INDEX images_by_content ON images (number, sha256);
"""
_ADD_RECORD = f"INSERT INTO records VALUES (?, ?{', CAST(? AS TEXT)' * len(_FIELDS)})"  # noqa: S608
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
        values = {name: getattr(row.record, name) for name in _FIELDS}
        values["aliases"] = json.dumps(row.record.aliases)
        review_by = row.record.review_by
        values["review_by"] = review_by.isoformat() if review_by else None
        texts = (text if text is None else _encode(text) for text in values.values())
        self._connection.execute(_ADD_RECORD, (row.key, row.number, *texts))

    def add_image(self, row: ImageRow) -> None:
        """Add an image row."""
        self._connection.execute(_ADD_IMAGE, row._replace(source=_encode(row.source)))  # type: ignore[arg-type]

    def copy_live(self, source: "Catalog", dead: Iterable[int]) -> tuple[int, int]:
        """Add every row of another catalog but the dead ones; return how many of both tables."""
        run = self._connection.execute
        run("COMMIT")
        run("ATTACH ? AS source", (source.uri,))
        run("BEGIN")
        run("CREATE TABLE temp.dead (id INTEGER PRIMARY KEY)")
        self._connection.executemany("INSERT INTO dead VALUES (?)", ((number,) for number in dead))
        records, images = (
            run(
                f"INSERT INTO main.{table} SELECT * FROM source.{table} "  # noqa: S608
                f"WHERE {key} NOT IN (SELECT id FROM temp.dead) ORDER BY {key}"
            ).rowcount
            for table, key in (("records", "key"), ("images", "id"))
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
        sql = "SELECT * FROM records WHERE id = CAST(? AS TEXT) ORDER BY key"
        return map(_record_row, self._rows(sql, _encode(record_id)))

    def records_of(self, kind: Kind) -> Iterator[tuple[int, int]]:
        """Yield key and number of every record row of a kind."""
        sql = "SELECT key, number FROM records WHERE kind = CAST(? AS TEXT)"
        return ((key, number) for key, number in self._rows(sql, _encode(kind)))

    def sorted_records(self) -> Iterator[RecordRow]:
        """Yield every record row, by record id."""
        return map(_record_row, self._rows("SELECT * FROM records ORDER BY id, key"))

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


def _record_row(row: tuple[Any, ...]) -> RecordRow:
    key, number, *texts = row
    values = dict(zip(_FIELDS, texts, strict=True))
    values["kind"] = Kind(values["kind"])
    values["aliases"] = tuple(json.loads(values["aliases"]))
    values["review_by"] = values["review_by"] and date.fromisoformat(values["review_by"])
    return RecordRow(key, number, Record(**values))
