"""Whatever is altered in a ledger is named, and what was not altered is not accused."""

import random
import sqlite3
import string
from dataclasses import dataclass, field, replace

import pytest

from screening.approvals import Checkpoint, EntryKind, Store, export, verify, verify_export
from screening.approvals.ledger import HASHED, Row, canonical, genesis, sealed
from screening.approvals.verify import judged

ENTRIES = 14
ALTERATIONS = 10_000


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store of many kinds of entries, of which one is purged; it is only read."""
    with Store.open(tmp_path_factory.mktemp("ledger") / "s", create=True) as store:
        fill(store)
        yield store


def fill(store):
    """Put on record what a store may hold."""
    kinds = [kind for kind in EntryKind if kind is not EntryKind.PURGE]
    with store.transaction() as transaction:
        entries = [
            transaction.append(
                kinds[number % len(kinds)],
                body={"number": number, "policy": "netflix-genai 1", "words": ["licensed"]},
                particulars={"title": f"Title {number}"} if number % 3 else None,
                subjects=(f"work-{number}", "every"),
            )
            for number in range(ENTRIES - 2)
        ]
        transaction.erase([entries[4].id])
        transaction.append(EntryKind.REQUEST, body={"number": ENTRIES}, particulars={"a": "b"})


@dataclass
class Content:
    """What a store holds, to be altered. named: the numbers or ids one of which is to be told."""

    meta: dict
    rows: list
    particulars: list
    named: set = field(default_factory=set)

    @classmethod
    def of(cls, store):
        with store.database.reading() as tables:
            return cls(tables.meta(), list(tables.rows()), list(tables.particulars()))

    def copy(self):
        return Content(dict(self.meta), list(self.rows), list(self.particulars))

    def problems(self, store, checkpoint=None):
        """Return what is told of this, as a database would give it: by number."""
        self.rows.sort(key=lambda row: row.seq)
        return list(judged(self.meta, self.rows, self.particulars, store.keys, checkpoint))


def flipped(rng, text):
    """Return a text with one bit changed, or one character more if it is empty."""
    if not text:
        return rng.choice(string.hexdigits)
    content = bytearray(text.encode())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return content.decode("utf-8", "surrogateescape")


def other(rng, value):
    """Return a value that is not this one: a bit flipped, of another length, of another type."""
    if isinstance(value, int):
        return value + rng.choice([-value, -1, 1, 1000, 10**12])
    ways = [
        lambda: flipped(rng, value),
        lambda: flipped(rng, value),
        lambda: value[: rng.randrange(len(value))] if value else "x",
        lambda: value + " ",
        value.encode,
        lambda: None,
        lambda: rng.randrange(100),
        lambda: "" if value else "0" * 64,
    ]
    return rng.choice(ways)()


def alter_value(rng, content):
    at, name = rng.randrange(len(content.rows)), rng.choice(Row._fields)
    row = content.rows[at]
    content.rows[at] = row._replace(**{name: other(rng, getattr(row, name))})
    content.named |= {row.seq, content.rows[at].seq}


def flip_in_body(rng, content):
    at = rng.randrange(len(content.rows))
    row = content.rows[at]
    content.rows[at] = row._replace(body=flipped(rng, row.body))
    content.named |= {row.seq}


def delete(rng, content):
    # of the last one only a checkpoint tells
    at = rng.randrange(len(content.rows) - 1)
    content.named |= {content.rows.pop(at).seq}


def insert(rng, content):
    """A row that is whole by itself, before one that is there."""
    at = rng.randrange(len(content.rows))
    row = content.rows[at]
    previous = content.rows[at - 1].hash if at else row.previous
    body = canonical({"number": rng.randrange(10**6)})
    made = row._replace(id=f"{rng.getrandbits(128):032x}", body=body, previous=previous)
    made = sealed(made._replace(particulars=""))
    if rng.random() < 0.5:  # over the others, which move up
        moved = [one._replace(seq=one.seq + 1) for one in content.rows[at:]]
        content.rows[at:] = moved
    content.rows.insert(at, made)
    content.named |= {made.seq, made.seq + 1}


def duplicate(rng, content):
    row = rng.choice(content.rows)
    seq = rng.choice([row.seq, len(content.rows) + 1, rng.randrange(1, len(content.rows) + 1)])
    content.rows.append(row._replace(seq=seq))
    content.named |= {seq}


def swap(rng, content):
    one, two = rng.sample(range(len(content.rows)), 2)
    rows = content.rows
    rows[one], rows[two] = rows[two]._replace(seq=one + 1), rows[one]._replace(seq=two + 1)
    content.named |= {one + 1, two + 1}


def replace_row(rng, content):
    """Other values, and the checks and hash that they make."""
    at = rng.randrange(len(content.rows) - 1)
    row = content.rows[at]
    content.rows[at] = sealed(row._replace(body=flipped(rng, row.body)))
    content.named |= {row.seq, row.seq + 1}


def alter_particulars(rng, content):
    at = rng.randrange(len(content.particulars))
    entry, text = content.particulars[at]
    seqs = {row.seq for row in content.rows if row.id == entry}
    way = rng.randrange(5)
    if way == 0:
        content.particulars[at] = (entry, other(rng, text))
    elif way == 1:
        content.particulars[at] = (other(rng, entry), text)
    elif way == 2:
        content.particulars.pop(at)
    elif way == 3:
        content.particulars.append((entry, text))
        seqs |= {entry}
    else:
        two = (at + 1) % len(content.particulars)
        content.particulars[at] = (entry, content.particulars[two][1])
    content.named |= seqs


def attach(rng, content):
    """Particulars of an entry that never had any, that were purged, or of none."""
    held = {entry for entry, _ in content.particulars}
    without = [row for row in content.rows if row.id not in held]
    row = rng.choice(without)
    entry = rng.choice([row.id, f"{rng.getrandbits(128):032x}"])
    content.particulars.append((entry, canonical({"title": "x"})))
    content.named |= {row.seq, entry}


def alter_meta(rng, content):
    name = rng.choice(["store", "public_key", "more"])
    content.meta[name] = flipped(rng, content.meta.get(name, ""))
    content.named |= {"screening_meta"}


WAYS = (
    *[alter_value] * 6, *[flip_in_body] * 3, *[alter_particulars] * 3,
    delete, insert, duplicate, swap, replace_row, attach, alter_meta,
)  # fmt: skip


def names(problem, named):
    """Tell whether a problem is about one of these: by number, in a range, or by id in words."""
    return problem.entry in named or any(
        isinstance(one, str) and one in problem.what for one in named
    )


def test_ten_thousand_random_alterations_are_all_named(store):
    """Whichever value, row or order is altered, what was altered is told by its number."""
    rng = random.Random(20261)
    whole = Content.of(store)
    assert whole.problems(store) == []
    missed = []
    for number in range(ALTERATIONS):
        way = rng.choice(WAYS)
        content = whole.copy()
        way(rng, content)
        problems = content.problems(store)
        if not any(names(problem, content.named) for problem in problems):
            missed.append((number, way.__name__, content.named, problems))
    assert missed == []


def test_one_altered_value_accuses_its_entry_alone_and_names_the_value(store):
    """Of every entry and every hashed value: the value is named, and no other entry is."""
    whole = Content.of(store)
    rng = random.Random(5)
    for at, row in enumerate(whole.rows):
        for name in HASHED[1:]:
            content = whole.copy()
            content.rows[at] = row._replace(**{name: flipped(rng, getattr(row, name))})
            problems = content.problems(store)
            told = f"{name} is not what was hashed"
            assert any(p.entry == row.seq and p.what.endswith(told) for p in problems), name
            # what a purge says excuses what another entry lacks
            excuses = row.kind == EntryKind.PURGE and name in {"kind", "body"}
            assert {p.entry for p in problems} - {row.seq, None} == ({5} if excuses else set())


@pytest.mark.parametrize(
    ("name", "told"), [("hash", "hash is not the one"), ("checks", "the checks of its values")]
)
def test_an_altered_hash_or_check_is_told_from_altered_values(store, name, told):
    """The values are not accused of what was done to their hash."""
    content = Content.of(store)
    row = content.rows[3]
    content.rows[3] = row._replace(**{name: "0" * 64})
    (problem,) = content.problems(store)
    assert (problem.entry, problem.what.partition(": ")[2][: len(told)]) == (4, told)


def test_a_row_whose_number_is_none_is_named(store):
    """As a table without its key could hold; the rest is judged as ever."""
    content = Content.of(store)
    content.rows[0] = content.rows[0]._replace(seq="one")
    held = [pair for pair in content.particulars if pair[0] != content.rows[0].id]
    found = [p.what for p in judged(content.meta, content.rows, held, store.keys)]
    assert [what for what in found if "has no whole number" in what] != []
    assert "entry 1 is missing" in found
    assert all(what.startswith(("entry one ", "entry 1 ")) for what in found)


def test_removed_rows_are_told_as_one_gap(store):
    """Nothing after the gap is accused."""
    content = Content.of(store)
    del content.rows[5:9], content.particulars[:]
    content.particulars = [
        held for held in Content.of(store).particulars if held[0] in {r.id for r in content.rows}
    ]
    assert [problem.what for problem in content.problems(store)] == ["entries 6 to 9 are missing"]


def test_a_purge_excuses_only_what_it_names_and_what_was_before_it(store):
    """Particulars missing without a purge, or with an earlier one only, are named."""
    content = Content.of(store)
    held = {entry for entry, _ in content.particulars}
    late = content.rows[-1]
    content.particulars = [pair for pair in content.particulars if pair[0] != late.id]
    assert [(p.entry, "no purge" in p.what) for p in content.problems(store)] == [(late.seq, True)]
    assert late.id in held


def test_particulars_that_were_purged_and_came_back_are_named(store):
    """Also where they are just what they were."""
    content = Content.of(store)
    purged = content.rows[4]
    content.particulars.append((purged.id, '{"title":"Title 4"}'))
    assert [problem.what.partition(": ")[2] for problem in content.problems(store)] == [
        f"are back, entry {ENTRIES - 1} purged them"
    ]


def rewritten(content, first, **values):
    """Return rows with one altered, and all after it hashed anew."""
    row = content.rows[first]
    rows = [*content.rows[:first], sealed(row._replace(**values))]
    for later in content.rows[first + 1 :]:
        rows.append(sealed(later._replace(previous=rows[-1].hash)))
    return rows


def test_a_ledger_cut_short_or_written_anew_is_told_by_a_checkpoint(store):
    """However many rows are cut off, and from whichever on the chain is hashed anew."""
    checkpoint = store.checkpoint()
    whole = Content.of(store)
    for left in range(ENTRIES):
        content = whole.copy()
        content.rows = content.rows[:left]
        ids = {row.id for row in content.rows}
        content.particulars = [held for held in content.particulars if held[0] in ids]
        cut = f"entries {left + 1} to {ENTRIES} are missing at the end"
        if left == ENTRIES - 1:
            cut = f"entry {ENTRIES} is missing at the end"
        assert cut in {p.what.partition(":")[0] for p in content.problems(store, checkpoint)}
    for at in range(ENTRIES):
        content = whole.copy()
        content.rows = rewritten(content, at, at="2020-01-01T00:00:00.000000+00:00")
        assert content.problems(store) == []
        (problem,) = content.problems(store, checkpoint)
        assert "is not the one that the checkpoint" in problem.what


def test_a_ledger_that_went_on_is_whole_by_an_older_checkpoint(tmp_path):
    """What was added since is no problem."""
    with Store.open(tmp_path / "s", create=True) as store:
        none = store.checkpoint()
        fill(store)
        some = store.checkpoint()
        fill(store)
        assert [verify(store, one) for one in (none, some, store.checkpoint())] == [[], [], []]


def test_a_checkpoint_of_another_store_is_told(store, tmp_path):
    """Neither its id nor its key is that of this store."""
    with Store.open(tmp_path / "s", create=True) as another:
        (problem,) = verify(store, another.checkpoint())
    assert another.id in problem.what
    assert store.id in problem.what


def test_another_ledger_in_the_place_of_this_one_does_not_fit_its_keys(store, tmp_path):
    """Rows and name of another store, whole by themselves, do not pass with the key file."""
    with Store.open(tmp_path / "s", create=True) as another:
        fill(another)
        content = Content.of(another)
    assert content.rows[0].previous == genesis(another.id, another.public_key)
    assert any("key file" in problem.what for problem in content.problems(store))


@pytest.mark.parametrize("number", range(40))
def test_alterations_of_the_file_itself_are_named(store, tmp_path, number):
    """By SQL from outside, with values of any type and bytes that are no text."""
    rng = random.Random(number)
    file = tmp_path / "s"
    file.write_bytes(store.database.file.read_bytes())
    file.with_name("s.key").write_bytes(store.key_file.read_bytes())
    named = altered_file(rng, file)
    with Store.open(file) as altered:
        problems = verify(altered)
    assert [problem for problem in problems if names(problem, named)] != []


def altered_file(rng, file):
    """Alter a store from outside at random; return what is to be told, one of it."""
    seq = rng.randrange(1, ENTRIES)
    name = rng.choice([name for name in Row._fields if name != "seq"])
    table = "screening_entries"
    flip = f"UPDATE {table} SET {name} = CAST(X'FF' || substr({name}, 2) AS TEXT) WHERE seq = ?"
    others = ", ".join(name for name in Row._fields if name not in {"seq", "id"})
    copied = f"SELECT {ENTRIES + 1}, 'x', {others} FROM {table} WHERE seq = ?"
    statements = (
        flip,
        f"UPDATE {table} SET {name} = X'00FF' WHERE seq = ?",
        f"UPDATE {table} SET {name} = {name} || ' ' WHERE seq = ?",
        f"UPDATE {table} SET seq = -seq WHERE seq = ?",
        f"DELETE FROM {table} WHERE seq = ?",
        f"INSERT INTO {table} (seq, id, {others}) {copied}",
    )
    connection = sqlite3.connect(file)
    with connection:
        assert connection.execute(rng.choice(statements), (seq,)).rowcount == 1
    connection.close()
    return {seq, -seq, ENTRIES + 1}


def test_particulars_that_are_no_text_are_named(store, tmp_path):
    """Bytes of any kind in the place of what people read are told by the entry."""
    file = tmp_path / "s"
    file.write_bytes(store.database.file.read_bytes())
    file.with_name("s.key").write_bytes(store.key_file.read_bytes())
    for value in ("X'FF'", "CAST(X'FF' AS TEXT)", "7"):
        connection = sqlite3.connect(file)
        with connection:
            connection.execute(
                f"UPDATE screening_particulars SET content = {value} "
                "WHERE entry = (SELECT id FROM screening_entries WHERE seq = 3)"
            )
        connection.close()
        with Store.open(file) as altered:
            assert [problem.entry for problem in verify(altered)] == [3]


def test_nothing_is_added_to_a_last_entry_that_was_altered(tmp_path):
    """The chain is not carried on from what cannot be trusted."""
    with Store.open(tmp_path / "s", create=True) as store:
        fill(store)
        connection = sqlite3.connect(tmp_path / "s")
        with connection:
            connection.execute("UPDATE screening_entries SET at = '' WHERE seq = 14")
        connection.close()
        with pytest.raises(Exception, match="entry 14, the last of the ledger"):
            store.append(EntryKind.REQUEST, body={})


def test_without_the_key_file_the_chain_is_verified_all_the_same(store, tmp_path):
    """Altered values and missing particulars are named; what particulars say is left open."""
    content = Content.of(store)
    content.rows[2] = content.rows[2]._replace(body="{}")
    gone, _ = content.particulars.pop()
    content.particulars[0] = (content.particulars[0][0], "{}")
    problems = list(judged(content.meta, content.rows, content.particulars, None))
    lacking = next(row.seq for row in content.rows if row.id == gone)
    assert [problem.entry for problem in problems] == [3, lacking]


@pytest.fixture
def exported(store, tmp_path):
    """Return an export with particulars."""
    file = tmp_path / "out.jsonl"
    with file.open("w") as stream:
        export(store, stream.write, particulars=True)
    assert verify_export(file, checkpoint=store.checkpoint(), public_key=store.public_key) == []
    return file


def test_no_byte_of_an_export_can_change_unnoticed(exported):
    """Nor can a line be lost, doubled, moved or added; an altered value is named."""
    content = exported.read_bytes()
    rng = random.Random(9)
    for at in rng.sample(range(len(content)), 300):
        changed = bytearray(content)
        changed[at] ^= 1 << rng.randrange(8)
        exported.write_bytes(changed)
        assert verify_export(exported) != []
    lines = content.splitlines(keepends=True)
    for changed in (lines[:-1], lines[1:], [*lines[:4], *lines[5:]], [lines[0], *lines],
                    [lines[1], lines[0], *lines[2:]], [*lines, b"{}\n"], []):  # fmt: skip
        exported.write_bytes(b"".join(changed))
        assert verify_export(exported) != []
    exported.write_bytes(content.replace(b'"number":7', b'"number":8'))
    assert any(problem.entry == 8 and "body" in problem.what for problem in verify_export(exported))


def test_an_export_signed_anew_by_another_is_told_by_the_key_or_a_checkpoint(
    store, exported, tmp_path
):
    """Whole by itself, it is not that store's."""
    with Store.open(tmp_path / "s", create=True) as another:
        fill(another)
        with exported.open("w") as stream:
            checkpoint = export(another, stream.write)
    assert verify_export(exported) == []
    assert len(verify_export(exported, public_key=store.public_key)) == 1
    assert len(verify_export(exported, checkpoint=store.checkpoint())) == 1
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    assert replace(checkpoint, lines="") != checkpoint
