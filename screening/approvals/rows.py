"""The rows of a store: every question and every change, in SQL that any server speaks."""

from collections.abc import Collection, Iterable, Iterator

import sqlalchemy as sql

from screening.approvals.ledger import EntryKind, Row
from screening.approvals.tables import ENTRIES, META, PARTICULARS

PAGE = 1000
_AT_ONCE = 500  # values in one statement
_ROW = [ENTRIES.c[name] for name in Row._fields]


class Tables:
    """The rows of a store within one transaction."""

    def __init__(self, connection: sql.Connection) -> None:
        self._connection = connection
        self._is_file = connection.dialect.name == "sqlite"

    def meta(self) -> dict[str, str]:
        """Return what is written of the store as a whole."""
        rows = self._connection.execute(sql.select(META.c.name, META.c.value))
        return {str(row.name): row.value for row in rows}

    def head(self) -> Row | None:
        """Return the last entry."""
        query = sql.select(*_ROW).order_by(ENTRIES.c.seq.desc()).limit(1)
        found = self._connection.execute(query).first()
        return Row(*found) if found else None

    def page(
        self, after: int, until: int, *, kinds: Collection[EntryKind] | None, subject: str | None
    ) -> list[tuple[Row, str | None]]:
        """Return the next entries and their particulars, after one number and up to another."""
        joined = ENTRIES.outerjoin(PARTICULARS, PARTICULARS.c.entry == ENTRIES.c.id)
        query = sql.select(*_ROW, PARTICULARS.c.content).select_from(joined)
        query = query.where(ENTRIES.c.seq > after, ENTRIES.c.seq <= until)
        if kinds is not None:
            query = query.where(ENTRIES.c.kind.in_([str(kind) for kind in kinds]))
        if subject is not None:
            query = query.where(ENTRIES.c.subjects.contains(subject))
        query = query.order_by(ENTRIES.c.seq).limit(PAGE)
        return [(Row(*values), content) for *values, content in self._connection.execute(query)]

    def rows(self) -> Iterator[Row]:
        """Yield every entry by its number."""
        query = sql.select(*_ROW).order_by(ENTRIES.c.seq)
        for values in self._connection.execute(query.execution_options(yield_per=PAGE)):
            yield Row(*values)

    def particulars(self) -> Iterator[tuple[str, str]]:
        """Yield the id of an entry and its particulars, in no order."""
        query = sql.select(PARTICULARS.c.entry, PARTICULARS.c.content)
        for row in self._connection.execute(query.execution_options(yield_per=PAGE)):
            yield row.entry, row.content

    def inconsistencies(self) -> Iterator[str]:
        """Yield what an SQLite file says of its own order, such as an index that misses a row."""
        if self._is_file:
            for (message,) in self._connection.exec_driver_sql("PRAGMA integrity_check"):
                if message != "ok":
                    yield message

    def known(self, ids: Collection[str]) -> set[str]:
        """Return those ids that are of entries."""
        return {
            found
            for part in _parts(ids)
            for (found,) in self._connection.execute(
                sql.select(ENTRIES.c.id).where(ENTRIES.c.id.in_(part))
            )
        }

    def add(self, row: Row, content: str | None) -> None:
        """Add an entry, with its particulars if any."""
        self._connection.execute(sql.insert(ENTRIES), row._asdict())
        if content is not None:
            values = {"entry": row.id, "content": content}
            self._connection.execute(sql.insert(PARTICULARS), values)

    def erase(self, ids: Collection[str]) -> None:
        """Take out the particulars of entries; in a file they are to be compacted away."""
        for part in _parts(ids):
            self._connection.execute(sql.delete(PARTICULARS).where(PARTICULARS.c.entry.in_(part)))
        if self._is_file:  # kept by the transaction, so that a killed eraser leaves a mark
            self._connection.exec_driver_sql("PRAGMA user_version = 1")

    def is_uncompacted(self) -> bool:
        """Tell whether remains of what was erased may be left in the file."""
        return self._is_file and bool(
            self._connection.exec_driver_sql("PRAGMA user_version").scalar()
        )


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(ids)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]
