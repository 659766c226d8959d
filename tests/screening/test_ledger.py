"""The store: what is put on record stays, what people read can go, and nothing is half-written."""

import dataclasses
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

from screening.approvals import (
    Checkpoint,
    EntryKind,
    Store,
    export,
    ledger,
    verify,
    verify_export,
)
from screening.approvals.database import Database
from screening.approvals.errors import (
    CheckpointError,
    StoreBusyError,
    StoreDamagedError,
    StoreFormatError,
    StoreKeyError,
    StoreMissingError,
    StoreStorageError,
    StoreToolsMissingError,
)
from screening.approvals.keys import Keys
from screening.approvals.tables import ENTRIES, META, PARTICULARS
from screening.errors import InputInvalidError

DAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def place(tmp_path):
    """Return where a store with five dismissals is, each of a record and of all."""
    place = tmp_path / "board.store"
    with Store.open(place, create=True) as store, store.transaction() as transaction:
        for number in range(5):
            dismiss(transaction, number)
    return place


@pytest.fixture
def store(place):
    """Return that store, opened."""
    with Store.open(place, timeout=0.2) as store:
        yield store


def dismiss(target, number):
    """Put a dismissal on record."""
    return target.append(
        EntryKind.DISMISSAL,
        body={"reason": "licensed", "number": number},
        particulars={"title": f"Title {number:04d}", "path": f"board/{number:04d}.png"},
        subjects=(f"work-{number}", "every"),
    )


def numbers(entries):
    return [entry.body["number"] for entry in entries]


@pytest.mark.smoke
def test_what_is_put_on_record_is_there_when_the_store_is_opened_again(place):
    """Entries come back in order with all they say; the files are their owner's alone."""
    with Store.open(place) as store:
        appended = dismiss(store, 5)
    with Store.open(place) as store:
        entries = list(store.entries())
        assert numbers(entries) == [0, 1, 2, 3, 4, 5]
        assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
        assert entries[-1] == appended
        assert appended.particulars == {"title": "Title 0005", "path": "board/0005.png"}
        assert verify(store) == []
    modes = {file.name: file.stat().st_mode & 0o777 for file in place.parent.iterdir()}
    assert modes == {"board.store": 0o600, "board.store.key": 0o600}


def test_entries_are_found_by_kind_and_subject(store):
    """A subject is named as it was given; kinds and subject narrow together."""
    store.append(EntryKind.DISMISSAL_UNDONE, body={"number": 9}, subjects=["work-3"])
    undone = [EntryKind.DISMISSAL_UNDONE]
    assert numbers(store.entries(subject="work-3")) == [3, 9]
    assert numbers(store.entries(undone, "work-3")) == [9]
    assert numbers(store.entries(undone)) == [9]
    assert numbers(store.entries([])) == []
    assert numbers(store.entries(subject="work")) == []


def test_more_entries_than_are_read_at_once_come_once_each(store):
    """Pages of entries join without a gap, and without locking out who appends meanwhile."""
    with store.transaction() as transaction:
        for number in range(5, 1205):
            dismiss(transaction, number)
    entries = store.entries(subject="every")
    seen = [next(entries)]
    dismiss(store, 9999)
    assert numbers(seen + list(entries)) == list(range(1205))
    assert verify(store) == []


def test_a_transaction_is_kept_as_a_whole_or_not_at_all(store):
    """What was appended before something was raised is not on record."""
    first = next(store.entries())
    with pytest.raises(InputInvalidError), store.transaction() as transaction:  # noqa: PT012
        dismiss(transaction, 5)
        transaction.erase([first.id])
        transaction.append(EntryKind.REQUEST, body={"number": 0.5})
    assert next(store.entries()) == first
    assert numbers(store.entries()) == [0, 1, 2, 3, 4]
    assert verify(store) == []


@given(body=st.dictionaries(st.text(), PLAIN, max_size=4))
@settings(max_examples=60)
def test_what_a_body_says_is_what_was_hashed(body):
    """Allowed values come back equal, and equal values make one text whatever their order."""
    text = ledger.written(body, name="body")
    assert json.loads(text) == body
    assert ledger.written(dict(reversed(body.items())), name="body") == text
    assert text.isascii()


@pytest.mark.parametrize(
    "value", [0.5, float("nan"), 2**53, -(2**53), b"x", {1: "x"}, {"x"}, [[0.5]], DAY]
)
def test_values_that_programs_read_differently_are_refused(store, value):
    """Fractions, numbers past 2^53 and other types are named with their place; nothing is kept."""
    with pytest.raises(InputInvalidError, match=r"^body\.a"):
        store.append(EntryKind.REQUEST, body={"a": value})
    with pytest.raises(InputInvalidError, match=r"^particulars\.a"):
        store.append(EntryKind.REQUEST, body={}, particulars={"a": value})
    assert len(list(store.entries())) == 5


def test_what_is_no_entry_is_refused(store):
    """A text for the subjects, an empty subject, an unknown kind, a purge that erases nothing."""
    with pytest.raises(InputInvalidError, match="subjects"):
        store.append(EntryKind.REQUEST, body={}, subjects="work-1")
    with pytest.raises(InputInvalidError, match="subjects"):
        store.append(EntryKind.REQUEST, body={}, subjects=[""])
    with pytest.raises(InputInvalidError, match="body"):
        store.append(EntryKind.REQUEST, body=[])
    with pytest.raises(InputInvalidError, match="erase"):
        store.append(EntryKind.PURGE, body={"entries": []})
    with pytest.raises(InputInvalidError, match="kind"):
        store.append("dream", body={})


def test_time_never_runs_backwards(tmp_path):
    """Where the clock was set back, an entry has the time of the one before it."""
    times = iter([DAY, DAY - timedelta(days=1), DAY + timedelta(seconds=1)])
    with Store.open(tmp_path / "s", create=True, clock=lambda: next(times)) as store:
        at = [store.append(EntryKind.REQUEST, body={}).at for _ in range(3)]
    assert at == [DAY, DAY, DAY + timedelta(seconds=1)]


def test_a_time_without_a_zone_is_refused(tmp_path):
    """A clock that does not say where it stands is an error."""
    with (
        Store.open(tmp_path / "s", create=True, clock=lambda: DAY.replace(tzinfo=None)) as store,
        pytest.raises(InputInvalidError, match="zone"),
    ):
        store.append(EntryKind.REQUEST, body={})


def test_digests_are_keyed(store, tmp_path):
    """A digest is one store's own, and neither a subject nor its plain digest is in the file."""
    with Store.open(tmp_path / "other", create=True) as other:
        assert store.digest("a red bus") == store.digest("a red bus")
        assert store.digest("a red bus") not in {
            other.digest("a red bus"),
            hashlib.sha256(b"a red bus").hexdigest(),
        }
    content = store.database.file.read_bytes()
    assert store.digest("work-3").encode() in content
    for told in (b"work-3", hashlib.sha256(b"work-3").hexdigest().encode()):
        assert told not in content


def test_a_file_name_of_any_bytes_is_kept(store):
    """Undecodable names come back as they were, as particulars and as subject."""
    name = os.fsdecode(b"board/\xff\xe9.png")
    store.append(EntryKind.REQUEST, body={"number": 5}, particulars={"path": name}, subjects=[name])
    (entry,) = store.entries(subject=name)
    assert entry.particulars == {"path": name}
    assert verify(store) == []


def test_erased_particulars_are_gone_from_every_file(store):
    """Not a byte of what was erased is left on disk, the rest stays, and the ledger is whole."""
    with store.transaction() as transaction:
        every = [
            transaction.append(
                EntryKind.LETTER, body={}, particulars={"text": f"MARK{number:03d};" * size}
            )
            for number, size in enumerate([1, 40, 900, 3] * 25)
        ]
    random.Random(1).shuffle(every)
    erased, kept = every[:60], every[60:]
    purge = store.erase([entry.id for entry in erased], body={"reason": "retention"})
    content = b"".join(file.read_bytes() for file in store.database.file.parent.iterdir())
    marks = [entry.particulars["text"][:8].encode() for entry in erased]
    assert [mark for mark in marks if mark in content] == []
    assert purge.kind is EntryKind.PURGE
    assert purge.body == {"reason": "retention", "entries": sorted(e.id for e in erased)}
    there = {entry.id: entry for entry in store.entries([EntryKind.LETTER])}
    assert all(there[entry.id] == entry for entry in kept)
    assert {(there[entry.id].particulars, there[entry.id].erased) for entry in erased} == {
        (None, True)
    }
    assert verify(store) == []


def test_an_eraser_killed_before_it_compacts_is_followed_by_the_next_writer(store, monkeypatch):
    """Remains of an erasure are taken out of the file with the next entry."""
    entry = next(store.entries())
    with monkeypatch.context() as patch:
        patch.setattr(store.database, "compact", lambda: None)
        store.erase([entry.id])
    with store.database.reading() as tables:
        assert tables.is_uncompacted()
    dismiss(store, 5)
    with store.database.reading() as tables:
        assert not tables.is_uncompacted()


def test_only_entries_can_be_erased(store):
    """An id of no entry, no id at all, and a body that says its own are refused; nothing goes."""
    first = next(store.entries()).id
    for ids, body in (([first, "0" * 32], {}), ([], {}), ([first], {"entries": []})):
        with pytest.raises(InputInvalidError):
            store.erase(ids, body=body)
    assert next(store.entries()).particulars is not None


def test_an_erasure_that_cannot_be_compacted_says_that_it_is_done(store, monkeypatch):
    """With a reader in the way the purge stands, and the error says what is left to do."""
    reader = sqlite3.connect(store.database.file)
    original = store.database.compact

    def blocked():
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM screening_entries").fetchall()
        original()

    monkeypatch.setattr(store.database, "compact", blocked)
    with pytest.raises(StoreBusyError, match="erasure itself is done"):
        store.erase([next(store.entries()).id])
    reader.close()
    assert next(store.entries()).erased


def test_a_missing_store_is_refused_by_name(tmp_path):
    """Without create nothing is made, and the message says what makes a store."""
    for place in (tmp_path / "none", tmp_path, f"sqlite:///{tmp_path / 'none'}"):
        with pytest.raises(StoreMissingError, match=r"screening submit.*--store"):
            Store.open(place)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"a note\n" * 500, b"SQLite format 3\0"])
def test_a_foreign_file_is_refused_and_kept(tmp_path, content):
    """A file that is no store is neither used nor overwritten, even where one may be made."""
    file = tmp_path / "notes"
    file.write_bytes(content)
    with pytest.raises(StoreFormatError, match="no store of screening"):
        Store.open(file, create=True)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {file: content}


def test_a_foreign_database_and_other_formats_are_refused(place, tmp_path):
    """Tables of another program, and stores of a newer or no format."""
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE entries (seq)")
    other.close()
    with pytest.raises(StoreFormatError, match="no store of screening"):
        Store.open(tmp_path / "other", create=True)
    for value, told in (("2", "newer version"), ("x", "restore")):
        edited(place, "UPDATE screening_meta SET value = ? WHERE name = 'format'", value)
        with pytest.raises(StoreFormatError, match=told):
            Store.open(place)
    edited(place, "DELETE FROM screening_meta WHERE name IN (?, 'format')", "store")
    edited(place, "INSERT INTO screening_meta VALUES ('format', ?)", "1")
    with pytest.raises(StoreDamagedError, match="store"):
        Store.open(place)


def edited(place, statement, *values):
    """Change a store from outside."""
    connection = sqlite3.connect(place)
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_a_damaged_file_is_named(store):
    """A page overwritten with noise is an error of the store, with what to do."""
    content = bytearray(store.database.file.read_bytes())
    content[4096:] = random.Random(3).randbytes(len(content) - 4096)
    store.database.file.write_bytes(content)
    with (
        pytest.raises(StoreDamagedError, match="restore it from a copy"),
        Store.open(store.database.file) as damaged,
    ):
        list(damaged.entries())


def test_an_index_that_misses_a_row_is_named(place):
    """What SQLite would look up wrongly is told, though every row is as it was written."""
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("CREATE TABLE other (id TEXT UNIQUE)")
    pages = "(SELECT rootpage FROM sqlite_master WHERE name = ?)"
    connection.execute(
        f"UPDATE sqlite_master SET rootpage = {pages} WHERE name = ?",
        ("sqlite_autoindex_other_1", "sqlite_autoindex_screening_entries_1"),
    )
    connection.close()
    with Store.open(place) as store:
        problems = verify(store)
    assert all("inconsistent" in problem.what for problem in problems)
    assert len(problems) >= 5


def test_a_lost_foreign_or_damaged_key_file_is_refused_by_name(place, tmp_path):
    """Each says what is wrong with it and what to do; nothing is put on record without it."""
    key = tmp_path / "board.store.key"
    own = json.loads(key.read_text())
    Store.open(tmp_path / "other.store", create=True).close()
    foreign = (tmp_path / "other.store.key").read_text()
    damaged = json.dumps({**own, "secret": own["signing"]})
    for content, told in (
        (None, "not there"),
        (foreign, "not of"),
        (damaged, "damaged"),
        ("{}", "damaged"),
        ("?", "no key"),
        ("\udcff", "no key"),
    ):
        key.unlink(missing_ok=True)
        if content is not None:
            key.write_bytes(content.encode("utf-8", "surrogateescape"))
        with Store.open(place) as store:
            with pytest.raises(StoreKeyError, match=rf"board\.store\.key.*{told}"):
                dismiss(store, 5)
            with pytest.raises(StoreKeyError):
                store.digest("a")
            with pytest.raises(StoreKeyError):
                store.entries(subject="a")
            assert numbers(store.entries()) == [0, 1, 2, 3, 4]
            (left,) = verify(store)
            assert not left.damage
            assert "not checked" in left.what


def test_a_key_file_without_its_store_is_kept(place):
    """A new store is not begun over the keys of one that is lost."""
    key = place.with_name("board.store.key")
    before = key.read_bytes()
    place.unlink()
    with pytest.raises(StoreKeyError, match="restore the store"):
        Store.open(place, create=True)
    assert key.read_bytes() == before
    assert not place.exists()


def test_a_store_that_cannot_be_made_leaves_nothing(tmp_path):
    """Where the folder is missing, no key file is left either."""
    with pytest.raises(StoreStorageError, match="choose another place"):
        Store.open(tmp_path / "none" / "s", create=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreStorageError, match="choose another place"):
        Store.open(tmp_path / "folder", create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_store_that_another_process_holds_is_busy(store):
    """After the time to wait it is an error, and what holds it is not disturbed."""
    holder = sqlite3.connect(store.database.file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="try again"):
        dismiss(store, 5)
    assert numbers(store.entries()) == [0, 1, 2, 3, 4]
    holder.execute("ROLLBACK")
    holder.close()
    dismiss(store, 5)
    assert verify(store) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only files")
def test_a_read_only_store_is_read_and_not_written(place):
    """What is on record can be verified, and a write says what to permit."""
    place.chmod(0o400)
    with Store.open(place) as store:
        assert verify(store) == []
        with pytest.raises(StoreStorageError, match="permit writing"):
            dismiss(store, 5)


FULL = """
with Store.open(sys.argv[1]) as store:
    size = os.path.getsize(sys.argv[1]) + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    done = 0
    try:
        while True:
            dismiss(store, done)
            done += 1
    except StoreStorageError as error:
        print(done, str(error))
"""


PRELUDE = """
import os, random, resource, signal, sys, time
from screening.approvals import EntryKind, Store
from screening.approvals.errors import StoreError, StoreStorageError

def dismiss(target, number):
    particulars = {"title": f"Title {number:04d}"}
    return target.append(EntryKind.DISMISSAL, body={"number": number}, particulars=particulars)
"""


def python(code, *arguments):
    """Start Python on a piece of code that has a store and what puts a dismissal on record."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_is_told_and_leaves_nothing_half_written(place):
    """Every entry that was written before it is there, the one that failed is not."""
    out, _ = python(FULL, place).communicate(timeout=60)
    done, _, told = out.partition(" ")
    assert "free space" in told
    with Store.open(place) as store:
        assert numbers(store.entries()) == [0, 1, 2, 3, 4, *range(int(done))]
        assert verify(store) == []
        dismiss(store, 99)


KILLED = """
place, rounds = sys.argv[1], int(sys.argv[2])
wait = random.Random(7)
told = 0
for _ in range(rounds):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        with Store.open(place) as store:
            number = told
            while True:
                dismiss(store, number)
                os.write(write, b"x")
                number += 1
    os.close(write)
    os.read(read, 1)
    told += 1
    time.sleep(wait.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(read, 4096):
        told += len(more)
    os.close(read)
    print(told, flush=True)
"""


def test_a_writer_killed_at_any_moment_loses_nothing_it_reported(tmp_path):
    """Of each killed writer all it said was written is there, and at most one entry more."""
    place = tmp_path / "s"
    Store.open(place, create=True).close()
    out, _ = python(KILLED, place, 12).communicate(timeout=120)
    told = [int(line) for line in out.splitlines()]
    assert len(told) == 12
    with Store.open(place) as store:
        assert verify(store) == []
        found = numbers(store.entries())
    # a killed writer may have written one entry that it did not report, once a round
    assert told[-1] <= len(found) <= told[-1] + 12
    assert sorted(set(found)) == list(range(max(found) + 1))
    assert set(range(told[-1])) <= set(found)


WRITER = """
with Store.open(sys.argv[1]) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 12):
        dismiss(store, number)
"""


def test_two_writers_at_once_lose_nothing(tmp_path):
    """Every entry of both is there once, and the chain is one."""
    place = tmp_path / "s"
    Store.open(place, create=True).close()
    writers = [python(WRITER, place, start) for start in (0, 100)]
    for writer in writers:
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    with Store.open(place) as store:
        assert verify(store) == []
        assert sorted(numbers(store.entries())) == [*range(12), *range(100, 112)]


@pytest.mark.parametrize("address", [
    "postgresql+pg8000://clerk:secret@db/board",
    "nothing://clerk:secret@x/y",
    "postgresql://clerk:secret@db:port/board",
])  # fmt: skip
def test_a_server_without_its_driver_is_told_without_the_password(address):
    """The message names the address and what is lacking."""
    with pytest.raises((StoreToolsMissingError, InputInvalidError)) as told:
        Store.open(address)
    assert "secret" not in str(told.value)


LACKING = """
sys.modules[sys.argv[2]] = None
try:
    Store.open(sys.argv[1], create=True)
except StoreError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("package", ["sqlalchemy", "cryptography"])
def test_without_its_software_the_store_names_the_extra(tmp_path, package):
    """Importing works without either, opening says what to install, and nothing is left."""
    out, _ = python(LACKING, tmp_path / "s", package).communicate(timeout=60)
    assert out.startswith("StoreToolsMissingError")
    assert "pip install 'screening[approvals]'" in out
    assert list(tmp_path.iterdir()) == []


def test_a_database_by_its_address_keeps_the_same_ledger(tmp_path):
    """What goes by SQLAlchemy alone appends, finds, erases and verifies as the file does."""
    keys = Keys.new()
    keys.write(tmp_path / "key")
    address = f"sqlite+pysqlite:///{tmp_path}/server.db"
    meta = {"format": "1", "store": keys.store, "public_key": keys.public_key}
    with pytest.raises(StoreMissingError, match="screening submit"):
        Database.open(address, timeout=1)
    Database.create(address, meta, timeout=1)
    database = Database.open(address, timeout=1)
    assert database.file is None
    with Store(database, tmp_path / "key", lambda: DAY) as store:
        entries = [dismiss(store, number) for number in range(3)]
        store.erase([entries[1].id])
        assert [entry.erased for entry in store.entries()] == [False, True, False, False]
        assert numbers(store.entries(subject="work-2")) == [2]
        assert verify(store, store.checkpoint()) == []
    with Store(Database.open(address, timeout=1), None, lambda: DAY) as store:
        with pytest.raises(StoreKeyError, match="--store-key"):
            dismiss(store, 3)
        assert [problem.damage for problem in verify(store)] == [False]


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_that_would_keep_nothing_is_refused(address):
    """A database in memory is no place for a record."""
    with pytest.raises(InputInvalidError, match="names no file"):
        Store.open(address, create=True)


@pytest.mark.parametrize("dialect", [postgresql.dialect(), mysql.dialect()])
def test_other_servers_can_take_the_tables(dialect):
    """Every table has its SQL there, and one writer at a time holds the row of the format."""
    for table in (META, ENTRIES, PARTICULARS):
        assert table.name in str(CreateTable(table).compile(dialect=dialect))
    held = sqlalchemy.select(META).with_for_update().compile(dialect=dialect)
    assert str(held).endswith("FOR UPDATE")


def test_a_checkpoint_is_what_was_signed(store, tmp_path):
    """It reads back from its file, and no value of it can change unnoticed."""
    checkpoint = store.checkpoint()
    file = tmp_path / "checkpoint.json"
    file.write_text(checkpoint.text() + "\n")
    assert Checkpoint.read(file) == checkpoint
    assert verify(store, checkpoint) == []
    for field in dataclasses.fields(checkpoint):
        value = getattr(checkpoint, field.name)
        other = value + 1 if field.name == "seq" else f"{value}0"
        altered = dataclasses.replace(checkpoint, **{field.name: other})
        with pytest.raises(CheckpointError, match="altered"):
            verify(store, altered)
    for content in (b"", b"[]", b"{}", b"\xff", b'{"format":"screening checkpoint 1","seq":-1}'):
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"checkpoint\.json"):
            Checkpoint.read(file)
    with pytest.raises(CheckpointError, match="none"):
        Checkpoint.read(tmp_path / "none")


@pytest.mark.parametrize("particulars", [False, True])
def test_an_export_says_what_is_on_record_and_is_whole(store, tmp_path, particulars):
    """One line an entry, particulars where asked for and not erased; no store is needed."""
    store.erase([next(store.entries()).id])
    file = exported(store, tmp_path / "out.jsonl", particulars=particulars)
    *lines, last = map(json.loads, file.read_text().splitlines())
    entries = list(store.entries())
    assert [line["body"] for line in lines] == [entry.body for entry in entries]
    assert [line.get("content") for line in lines] == [
        entry.particulars if particulars else None for entry in entries
    ]
    assert ("Title" in file.read_text()) == particulars
    assert last["seq"] == 6
    assert verify_export(file, public_key=store.public_key) == []


def exported(store, file, **how):
    with file.open("w") as stream:
        export(store, stream.write, **how)
    return file


def test_an_empty_ledger_is_whole(tmp_path):
    """Its checkpoint and its export say so too."""
    with Store.open(tmp_path / "s", create=True) as store:
        assert list(store.entries()) == []
        assert verify(store, store.checkpoint()) == []
        assert verify_export(exported(store, tmp_path / "out.jsonl")) == []


HOLDER = """
with Store.open(sys.argv[1]) as store, store.transaction() as transaction:
    dismiss(transaction, 1)
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_writer_killed_while_it_holds_the_store_locks_out_nobody(tmp_path):
    """What it had not finished is undone, and the next writer goes on at once."""
    place = tmp_path / "s"
    Store.open(place, create=True).close()
    writer = python(HOLDER, place)
    assert writer.stdout.readline() == "held\n"
    writer.kill()
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    with Store.open(place, timeout=5) as store:
        dismiss(store, 2)
        assert numbers(store.entries()) == [2]
        assert verify(store) == []
