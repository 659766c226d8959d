"""The database of a store, an SQLite file or another server: opened, held and compacted.

An SQLite store keeps a rollback journal, not a write-ahead log: it works in network folders, and at
rest it is one file, in which nothing erased lingers. A killed writer's journal is undone by whoever
opens the store next. Another server erases and cleans up in its own way.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import sqlalchemy as sql
from sqlalchemy import event, exc, pool

from screening.approvals.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFormatError,
    StoreMissingError,
    StoreStorageError,
    StoreToolsMissingError,
)
from screening.approvals.ledger import FORMAT
from screening.approvals.rows import Tables
from screening.approvals.tables import META, TABLES
from screening.errors import InputInvalidError

_PRAGMAS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",  # what was said to be written outlives a power cut
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",  # compacting leaves no copy in another folder
)


class Database:
    """The tables, opened. file: None on another server. timeout: seconds to wait for others."""

    def __init__(self, place: str | Path, *, timeout: float) -> None:
        self.file = place if isinstance(place, Path) else None
        self.name = str(place) if self.file else str(place).partition("://")[0] + "://..."
        try:
            if isinstance(place, Path):
                self._engine = sql.create_engine(
                    "sqlite://", creator=lambda: _connect(place, timeout), poolclass=pool.QueuePool
                )
                event.listen(self._engine, "begin", _begin)
            else:
                url = sql.make_url(place)
                self.name = url.render_as_string(hide_password=True)
                self._engine = sql.create_engine(url)
        except (exc.ArgumentError, ValueError) as error:
            raise InputInvalidError(
                f"{self.name}: names no store: expected a file, or an address like "
                "postgresql+psycopg://server/name"
            ) from error
        except ImportError as error:
            raise StoreToolsMissingError(
                f"{self.name}: the driver of that database is not installed ({error})"
            ) from error

    @classmethod
    def open(cls, place: str | Path, *, timeout: float) -> Self:
        """Open what is there. Raises StoreMissingError, StoreFormatError and other StoreErrors."""
        if isinstance(place, Path) and not place.is_file():
            raise StoreMissingError.of(str(place))
        database = cls(place, timeout=timeout)
        try:
            database.check()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def create(cls, place: str | Path, meta: Mapping[str, str], *, timeout: float) -> None:
        """Write a store without entries, whole or not at all. Raises StoreError."""
        if not isinstance(place, Path):
            cls(place, timeout=timeout).fill(meta)
            return
        partial = place.with_name(f".{place.name}.{os.getpid()}.partial")
        try:
            # before SQLite would, for its permissions; the journal takes them over
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            cls(partial, timeout=timeout).fill(meta)
            partial.rename(place)
        except OSError as error:
            raise StoreStorageError(
                f"{place}: cannot be written ({error.strerror}); choose another place, or free "
                "space"
            ) from error
        finally:
            partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """Give the rows as they stand at one moment."""
        with self._telling(), self._engine.connect() as connection, connection.begin():
            yield Tables(connection)

    @contextmanager
    def writing(self) -> Iterator[Tables]:
        """Give the rows to one writer at a time; all that it does is kept, or nothing."""
        with self._telling(), self._engine.connect() as plain:
            connection = plain.execution_options(writing=True)
            with connection.begin():
                # SQLite begins as the one writer; elsewhere this row is held until the end
                connection.execute(
                    sql.select(META).where(META.c.name == "format").with_for_update()
                )
                yield Tables(connection)

    def compact(self) -> None:
        """Write an SQLite file anew without what was erased. Raises StoreError."""
        if self.file is None:
            return
        with self._telling():
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("VACUUM")
                connection.cursor().execute("PRAGMA user_version = 0")
            finally:
                connection.close()

    def check(self) -> None:
        """Raise StoreMissingError or StoreFormatError where the tables are not those of a store."""
        with self._telling():
            there = sql.inspect(self._engine).has_table(META.name)
        if not there and self.file:
            raise StoreFormatError(
                f"{self.name}: is no store of screening; name another file, or one that is not "
                "there yet for a new store"
            )
        if not there:
            raise StoreMissingError.of(self.name)
        with self.reading() as tables:
            _check(self.name, tables.meta())

    def fill(self, meta: Mapping[str, str]) -> None:
        """Make the tables of a new store, and close."""
        try:
            with self._telling(), self._engine.connect() as connection, connection.begin():
                TABLES.create_all(connection)
                rows = [{"name": name, "value": value} for name, value in meta.items()]
                connection.execute(sql.insert(META), rows)
        finally:
            self.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Translate what the database says into what a caller can act on."""
        try:
            yield
        except exc.DBAPIError as error:
            raise self._told(error.orig) from error
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _told(self, error: BaseException | None) -> StoreError:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreBusyError(
                f"{self.name}: another process is writing to the store; try again when it is done"
            )
        if code.startswith("SQLITE_NOTADB"):
            return StoreFormatError(
                f"{self.name}: is no store of screening, or its beginning is damaged; name another "
                "file, or restore the store from a copy"
            )
        if not self.file or code.startswith(
            ("SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM")
        ):
            return StoreStorageError(
                f"{self.name}: the store cannot be reached or written to ({error}); nothing of "
                "this was put on record: permit writing to it and its folder, or free space"
            )
        return StoreDamagedError(
            f"{self.name}: the store is damaged ({error}); restore it from a copy"
        )


def _connect(file: Path, timeout: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw",  # one that has gone is not begun anew
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    # what was altered may be no text at all, and is to be named all the same
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: sql.Connection) -> None:
    """Begin a transaction as a writer, where it will write: it cannot become one later."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _check(name: str, meta: Mapping[str, object]) -> None:
    found = meta.get("format")
    if found != str(FORMAT):
        newer = isinstance(found, str) and found.isdecimal() and int(found) > FORMAT
        raise StoreFormatError(
            f"{name}: is a store of format {found}, this version of screening knows {FORMAT}: "
            + ("use a newer version" if newer else "restore the store from a copy")
        )
    if lacking := {"store", "public_key"} - meta.keys():
        raise StoreDamagedError(
            f"{name}: the store does not say its {' and '.join(sorted(lacking))} in "
            f"{META.name}; restore it from a copy"
        )
