"""The store: what was put on record, never changed, and what of it people read, which may go."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from screening.approvals.checkpoint import Checkpoint
from screening.approvals.errors import (
    StoreError,
    StoreKeyError,
    StoreMissingError,
    StoreToolsMissingError,
)
from screening.approvals.keys import Keys
from screening.approvals.ledger import FORMAT, Entry, EntryKind, Row, entry_of, genesis, stamp
from screening.approvals.transaction import Clock, Transaction
from screening.errors import InputInvalidError

if TYPE_CHECKING:
    from screening.approvals.database import Database

TIMEOUT_S = 30.0
KEY_SUFFIX = ".key"


def utc_now() -> datetime:
    """Return the time by this machine."""
    return datetime.now(UTC)


class Store:
    """A ledger that entries are added to, with particulars that can be erased.

    Entries are chained by hashes: ``verify`` names whatever was altered. Threads may share a store.
    """

    def __init__(self, database: "Database", key_file: Path | None, clock: Clock) -> None:
        self.database = database
        self.key_file = key_file
        self._clock = clock
        with database.reading() as tables:
            meta = tables.meta()
        self.id, self.public_key = meta["store"], meta["public_key"]
        self._keys: Keys | None = None

    @classmethod
    def open(
        cls,
        place: str | PathLike[str],
        *,
        create: bool = False,
        key: Path | None = None,
        timeout: float = TIMEOUT_S,
        clock: Clock = utc_now,
    ) -> Self:
        """Open a store.

        place: an SQLite file, or the address of a database as SQLAlchemy writes it. create: make a
        store where there is none. key: its key file, by default NAME.key beside the file; of a
        store on a server it must be named. It is read when it is first needed, so that a store
        whose key is lost can still be verified. timeout: seconds to wait for another writer.
        Raises StoreMissingError, StoreFormatError, StoreKeyError and other StoreErrors.
        """
        where = _located(fspath(place))
        if isinstance(where, Path) and not create and not where.exists():
            raise StoreMissingError.of(str(where))  # also where nothing could open it
        try:
            from screening.approvals.database import Database
        except ModuleNotFoundError as error:
            raise StoreToolsMissingError(
                "the store needs software that is not installed: pip install 'screening[approvals]'"
            ) from error
        if key is None and isinstance(where, Path):
            key = where.with_name(where.name + KEY_SUFFIX)
        try:
            database = Database.open(where, timeout=timeout)
        except StoreMissingError:
            if not create:
                raise
            _create(Database, where, key, timeout)
            database = Database.open(where, timeout=timeout)
        return cls(database, key, clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @property
    def keys(self) -> Keys:
        """The keys of the store. Raises StoreKeyError where the file is lost or of another."""
        if self._keys is None:
            if self.key_file is None:
                raise StoreKeyError(
                    f"{self.database.name}: a store on a server has its key file elsewhere: "
                    "name it with --store-key"
                )
            self._keys = Keys.read(self.key_file, store=self.id, public_key=self.public_key)
        return self._keys

    def digest(self, text: str) -> str:
        """Return 64 hex digits that stand for a text in this store. Raises StoreKeyError."""
        return self.keys.digest(text)

    def append(
        self,
        kind: EntryKind,
        *,
        body: Mapping[str, Any],
        particulars: Mapping[str, Any] | None = None,
        subjects: Iterable[str] = (),
    ) -> Entry:
        """Put one thing on record; when this returns, it is on the disk.

        body: kept for good, so nothing that says a name. particulars: what people read, erasable.
        subjects: ids and digests that the entry is about, kept as keyed digests. Raises
        InputInvalidError, StoreError.
        """
        with self.transaction() as transaction:
            return transaction.append(kind, body=body, particulars=particulars, subjects=subjects)

    def erase(
        self,
        entries: Iterable[str],
        *,
        body: Mapping[str, Any] | None = None,
        subjects: Iterable[str] = (),
    ) -> Entry:
        """Erase the particulars of entries for good; return the purge that says so."""
        with self.transaction() as transaction:
            return transaction.erase(entries, body=body, subjects=subjects)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Give what puts several things on record, all or, where anything is raised, none."""
        keys = self.keys
        with self.database.writing() as tables:
            transaction = Transaction(tables, keys, self._clock)
            yield transaction
            uncompacted = tables.is_uncompacted()
        if transaction.erased:
            try:
                self.database.compact()
            except StoreError as error:
                raise type(error)(
                    f"{error}; the erasure itself is done and on record, and the next entry tries "
                    "again to take its remains out of the file"
                ) from error
        elif uncompacted:
            with suppress(StoreError):
                self.database.compact()

    def entries(
        self, kinds: Collection[EntryKind] | None = None, subject: str | None = None
    ) -> Iterator[Entry]:
        """Yield what was on record when this was called, oldest first.

        kinds: all by default. subject: as it was given when the entry was put on record; finding
        it takes a pass over the ledger, so of many read all once and compare ``digest``. Nothing
        is locked between two entries. Raises StoreKeyError for a subject without the key file,
        StoreDamagedError at an entry that is not as it was written.
        """
        digest = None if subject is None else self.digest(subject)
        return (entry_of(row, content) for row, content in self.rows(kinds, digest))

    def rows(
        self, kinds: Collection[EntryKind] | None = None, digest: str | None = None
    ) -> Iterator[tuple[Row, str | None]]:
        """Yield entries as they are written, with the text of their particulars.

        digest: of a subject.
        """
        with self.database.reading() as tables:
            head = tables.head()
        return self._pages(head.seq if head else 0, kinds, digest)

    def checkpoint(self) -> Checkpoint:
        """Return how far the ledger has come, signed. Raises StoreKeyError."""
        with self.database.reading() as tables:
            head = tables.head()
        return Checkpoint.signed(
            self.keys,
            seq=head.seq if head else 0,
            head=head.hash if head else genesis(self.id, self.public_key),
            at=self.now(),
        )

    def now(self) -> str:
        """Return the time by the clock of the store, as it is written."""
        return stamp(self._clock())

    def _pages(
        self, until: int, kinds: Collection[EntryKind] | None, digest: str | None
    ) -> Iterator[tuple[Row, str | None]]:
        after = 0
        while after < until:
            with self.database.reading() as tables:
                page = tables.page(after, until, kinds=kinds, subject=digest)
            yield from page
            after = page[-1][0].seq if page else until


def _located(place: str) -> str | Path:
    """Return the file that a place is, or else the address of a database."""
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Path(place)
    if scheme.partition("+")[0] != "sqlite":
        return place
    file = rest.removeprefix("/").partition("?")[0]
    if file in {"", ":memory:"}:
        raise InputInvalidError(f"{place}: names no file, expected sqlite:///FILE")
    return Path(file)


def _create(
    database: "type[Database]", where: str | Path, key: Path | None, timeout: float
) -> None:
    """Write a key file, then the store; a key file that is there already is kept."""
    if key is None:
        raise StoreKeyError(
            f"{where}: a store on a server has its key file elsewhere: name it with --store-key"
        )
    keys = Keys.new()
    keys.write(key)
    meta = {"format": str(FORMAT), "store": keys.store, "public_key": keys.public_key}
    try:
        database.create(where, meta, timeout=timeout)
    except BaseException:
        key.unlink(missing_ok=True)
        raise
