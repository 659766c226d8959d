"""Purge: what is known of a person or a production goes from every byte, and the ledger stands."""

import json
import os
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import pytest
from decisions import consent
from people import people_index

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from screening.approvals import EntryKind, Store, verify
from screening.approvals.consents import consents_of, file_consents, filed_consents, revoke
from screening.approvals.declarations import record_declaration
from screening.approvals.names import Names
from screening.approvals.purge import purge_expired, purge_person, purge_production
from screening.approvals.receipt import Reason
from screening.errors import InputInvalidError
from screening.production import Declaration
from screening.production.declaration import Talent
from screening.signals import SETTINGS

TODAY = date(2026, 5, 1)
BEA, CYR = "bea-example-117", "cyr-other-118"
PEOPLE = {BEA: {"aliases": ("Beatrix Q. Sample",)}, CYR: {}}
NAMES = (BEA, f"Title {BEA}", "Beatrix", "Quill")


@pytest.fixture
def index(tmp_path):
    """Return an index of two people and a work."""
    path = people_index(tmp_path / "people.index", PEOPLE)
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(Record(id="work-1", kind=Kind.WORK, title="The Salt Road"))
        writer.put_record(Record(id="key-1", kind=Kind.KEY_ELEMENT, title="The Lamp"))
        writer.put_record(Record(id="temp-1", kind=Kind.TEMPORARY, title="Board seven"))
    return path


@pytest.fixture
def store(tmp_path):
    """Return a store with consents of two people, and decisions about them and about a work."""
    with Store.open(tmp_path / "s", create=True) as store:
        fill(store)
        yield store


def fill(store):
    """Put on record what is known of two people, and what only mentions one of them."""
    for record_id, name in ((BEA, "Bea Quill"), (CYR, "Cyr Other")):
        file_consents(store, [(consent(record_id=record_id), name)])
    request = store.append(
        EntryKind.REQUEST,
        body={"record": store.digest(BEA), "picture": store.digest("aa")},
        particulars={"record_id": BEA, "title": f"Title {BEA}", "production_name": "Halyard"},
        subjects=(BEA, "aa"),
    )
    letter = store.append(
        EntryKind.LETTER, body={"requests": [request.id]}, particulars={"letter_name": "a.pdf"}
    )
    store.append(
        EntryKind.LETTER_REVOKED, body={"letter": letter.id}, particulars={"reason": "late"}
    )
    for note in ("like beatrix_q_sample.png", "BEA QUILL again", "a quilled edge", "as a bear"):
        store.append(
            EntryKind.DISMISSAL,
            body={"reason": "other"},
            particulars={"record_id": "work-1", "note": note},
            subjects=("work-1",),
        )


def bytes_under(*places):
    """Return every byte of files, and of all files in folders, in capitals or not."""
    files = [
        file
        for place in places
        for file in ([place] if place.is_file() else place.rglob("*"))
        if file.is_file()
    ]
    assert files
    return b"\n".join(file.read_bytes() for file in files).lower()


def notes(store):
    return [(one.particulars or {}).get("note") for one in store.entries([EntryKind.DISMISSAL])]


@pytest.mark.smoke
def test_a_person_is_gone_from_every_byte(store, index, tmp_path):
    """Id, title, aliases and the name on the consent; what else is known stays."""
    before = bytes_under(tmp_path)
    assert all(name.lower().encode() in before for name in NAMES)
    receipt = purge_person(store, BEA, indexes=[index])
    after = bytes_under(tmp_path)
    assert [name for name in NAMES if name.lower().encode() in after] == ["Quill"]
    assert b"a quilled edge" in after
    assert notes(store) == [None, None, "a quilled edge", "as a bear"]
    assert [one.consent.record_id for one in filed_consents(store)] == [CYR]
    assert dict(receipt.erased) == {
        "consent": 1, "dismissal": 2, "letter": 1, "letter-revoked": 1, "request": 1,
    }  # fmt: skip
    assert receipt.mentions == 2
    assert verify(store) == []
    with ReferenceIndex.open(index) as opened:
        assert [one.id for one in opened.records()] == [CYR, "key-1", "temp-1", "work-1"]
        assert dict(receipt.indexes) == {opened.uuid: 1}


def test_the_receipt_is_on_record_and_says_no_name(store, index):
    """It counts, names entries by their ids, and the purge that began; its subject is keyed."""
    receipt = purge_person(store, BEA, indexes=[index])
    began, done = store.entries([EntryKind.PURGE])
    assert receipt.entry == done.id
    assert began.subjects == done.subjects == (store.digest(BEA),)
    with ReferenceIndex.open(index) as opened:
        said = {"reason": "person", "kinds": dict(receipt.erased), "mentions": 2,
                "indexes": {opened.uuid: 1}, "entries": list(began.body["entries"])}  # fmt: skip
    assert began.body == said | {"phase": "begun"}
    assert done.body == said | {"phase": "done", "begun": [began.id]}
    told = receipt.text() + json.dumps(done.body)
    assert not any(name.lower() in told.lower() for name in NAMES)


def test_a_dry_run_tells_the_same_and_changes_nothing(store, index, tmp_path):
    """Not a byte."""
    before = bytes_under(store.database.file, index)
    dry = purge_person(store, BEA, indexes=[index], dry_run=True)
    assert bytes_under(store.database.file, index) == before
    done = purge_person(store, BEA, indexes=[index])
    assert (dry.erased, dry.indexes, dry.mentions) == (done.erased, done.indexes, done.mentions)
    assert dry.entry == ""
    assert "would be erased" in dry.text()


def test_a_purge_of_what_is_not_known_puts_nothing_on_record(store, index):
    """Nor does one that is made again."""
    assert purge_person(store, "nobody", indexes=[index]).entry == ""
    purge_person(store, BEA, indexes=[index])
    count = len(list(store.entries()))
    again = purge_person(store, BEA, indexes=[index])
    assert (again.entry, dict(again.erased), set(again.indexes.values())) == ("", {}, {0})
    assert len(list(store.entries())) == count


def test_a_person_of_the_index_alone_has_a_receipt_too(tmp_path, index):
    """The store knows nothing, and says that somebody was taken out."""
    with Store.open(tmp_path / "empty", create=True) as store:
        receipt = purge_person(store, BEA, indexes=[index])
        assert [one.body["phase"] for one in store.entries()] == ["begun", "done"]
        assert (dict(receipt.erased), [*receipt.indexes.values()]) == ({}, [1])
        assert verify(store) == []
    assert BEA.encode() not in bytes_under(index)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Bea Quill", "by Bea  Quill, again", True),
        ("Bea Quill", "board/bea-quill_03.png", True),
        ("Bea Quill", "BEAQUILL.png", True),
        ("Bea Quill", "Beat Quill", False),
        ("Bea Quill", "Bea Quilled", False),
        ("Bea Quill", "Quill Bea", False),
        ("Zoë", "zoë", True),  # one letter, or a letter and its mark
        ("山田太郎", "写真は山田太郎です", True),
        ("Cher", "teacher", False),
        ("Bea 7", "bea_77.png", False),
        ("Bea 7", "bea_7.png", True),
        ("...", "any ... text", False),
        ("?", "Bea", False),
    ],
)
def test_names_are_found_as_whole_words(store, name, text, found):
    """Whatever the case, spaced, joined or as a file is called; scripts without spaces anywhere."""
    entry = store.append(EntryKind.DISMISSAL, body={}, particulars={"deep": [{"x": text}]})
    purge_person(store, "nobody", names=[name])
    (kept,) = [one for one in store.entries() if one.id == entry.id]
    assert kept.erased is found


def test_a_performer_goes_out_of_a_declaration_that_stays(store, index):
    """The declaration's other texts are kept."""
    talent = (Talent(name=f"title {BEA}"), Talent(name="Cyr"))
    record_declaration(store, Declaration(production="Halyard", plan="boards", talent=talent))
    purge_person(store, BEA, indexes=[index])
    whole = [one.particulars for one in store.entries([EntryKind.DECLARATION])]
    assert [said and len(said["texts"]) for said in whole] == [4, None, 1]


def test_records_of_others_that_mention_the_name_are_told(store, index):
    """They stay, and people have to look at them; a word of the name alone is none."""
    with IndexWriter(index, settings=SETTINGS) as writer:
        for number, notes in enumerate(("with Bea Quill", "with Bea")):
            writer.put_record(
                Record(id=f"note-{number}", kind=Kind.WORK, title="Still", notes=notes)
            )
    for dry_run in (True, False):
        receipt = purge_person(store, BEA, indexes=[index], dry_run=dry_run)
        assert receipt.left == ("note-0",)
        assert "mention a name, and stay: note-0;" in receipt.text()


def test_a_record_that_is_no_person_is_refused(store, index):
    """Nothing is erased before all indexes were looked into."""
    with pytest.raises(InputInvalidError, match="is a work, expected a person"):
        purge_person(store, "work-1", indexes=[index])
    assert list(store.entries([EntryKind.PURGE])) == []


@pytest.mark.parametrize("when", ["begun", "removed"])
def test_a_purge_that_is_killed_is_ended_by_the_next(store, index, tmp_path, when):
    """Between the store and the index, and between the index and the receipt; one receipt ends."""
    program = f"""
import os, sys
from pathlib import Path
from reference_index import IndexWriter
from screening.approvals import Store, purge
stop = IndexWriter.commit if {when == "removed"} else None
def killed(self, *a):
    if stop:
        stop(self)
    os._exit(9)
IndexWriter.commit = killed
with Store.open({str(store.database.file)!r}) as store:
    purge.purge_person(store, {BEA!r}, indexes=[Path({str(index)!r})])
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert done.returncode == 9
    (began,) = store.entries([EntryKind.PURGE])
    assert began.body["phase"] == "begun"
    assert (BEA.encode() in bytes_under(index)) is (when == "begun")
    receipt = purge_person(store, BEA, indexes=[index])
    *_, last = store.entries([EntryKind.PURGE])
    assert (receipt.entry, last.body["phase"]) == (last.id, "done")
    assert began.id in last.body["begun"]
    assert not any(name.lower().encode() in bytes_under(tmp_path) for name in NAMES[:3])
    assert verify(store) == []


def test_a_production_is_gone_and_what_names_another_stays(store, index, tmp_path):
    """Its people, key elements and temporary records go out of its own index; works stay."""
    file_consents(store, [(consent(record_id=BEA, production="Mistral Sea"), "")])
    receipt = purge_production(store, " halyard ", indexes=[index])
    assert [one.production for one in consents_of(store, BEA)] == ["Mistral Sea"]
    assert consents_of(store, CYR) == ()
    assert b"halyard" not in bytes_under(tmp_path)
    assert notes(store) == ["like beatrix_q_sample.png", "BEA QUILL again", "a quilled edge",
                            "as a bear"]  # fmt: skip
    assert dict(receipt.erased) == {"consent": 2, "letter": 1, "letter-revoked": 1, "request": 1}
    with ReferenceIndex.open(index) as opened:
        assert [one.id for one in opened.records()] == ["work-1"]
    assert verify(store) == []


def test_where_no_other_production_is_named_all_of_the_store_goes(store):
    """Also what names none; a production that is not named at all takes nothing along."""
    assert dict(purge_production(store, "Halyardd").erased) == {}
    purge_production(store, "Halyard")
    assert [one for one in store.entries() if one.particulars is not None] == []
    with pytest.raises(InputInvalidError, match="empty name"):
        purge_production(store, " ")


def test_what_has_expired_goes_and_nothing_else(store, tmp_path):
    """The day after a last day, not on it; of people by their date, of consents by theirs."""
    today = date.today()  # noqa: DTZ011
    yesterday = today - timedelta(days=1)
    held = {"old": {"retain_until": yesterday}, "now": {"retain_until": today}, "free": {}}
    index = people_index(tmp_path / "held.index", held)
    ended, holds = (
        consent(record_id=name, valid_from=day, valid_until=day)
        for name, day in (("ended", yesterday), ("holds", today))
    )
    file_consents(store, [(ended, "Gone"), (holds, ""), (consent(valid_until=None), "")])
    (filed,) = filed_consents(store, "ended")
    revoke(store, filed, on=yesterday, reason="Gone left")
    dry = purge_expired(store, today=today, indexes=[index], dry_run=True)
    receipt = purge_expired(store, today=today, indexes=[index])
    assert receipt.reason is Reason.EXPIRED
    assert dict(dry.erased) == dict(receipt.erased) == {"consent": 1, "consent-revoked": 1}
    assert [*dry.indexes.values()] == [*receipt.indexes.values()] == [1]
    assert b"title old" not in bytes_under(index)
    assert b"gone" not in bytes_under(store.database.file)
    with ReferenceIndex.open(index) as opened:
        assert [one.id for one in opened.records()] == ["free", "now"]
    assert len(consents_of(store, "holds")) == 1
    count = len(list(store.entries()))
    assert purge_expired(store, today=today, indexes=[index]).entry == ""
    assert len(list(store.entries())) == count


@pytest.mark.smoke
def test_the_command_prints_the_receipt(store, index, tmp_path, run, monkeypatch):
    """The indexes of screening.toml are looked into; the ledger is whole afterwards."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "screening.toml").write_text('store = "s"\nindexes = ["people.index"]\n')
    code, out, err = run("purge", "--person", BEA, "--dry-run")
    assert code == 0
    assert "nothing is put on record" in out
    assert "people.index" in err
    code, out, _ = run("purge", "--person", BEA)
    (*_, last) = store.entries()
    assert code == 0
    assert out.startswith(f"Purge (person): entry {last.id}\n")
    assert "records that were taken out of index" in out
    assert run("purge", "--production", "Halyard")[1].count("indexes: none was named") == 1
    assert run("purge", "--expired")[0] == 0
    assert verify(store) == []


@pytest.mark.parametrize(
    "given",
    [(), ("--person", "a", "--expired"), ("--production", "a", "--name", "b")],
)
def test_the_command_wants_one_thing_to_purge(run, given):
    """A usage error, before any store is looked for."""
    assert run("purge", *given)[0] == 2


def test_a_store_without_a_key_is_left_as_it_is(store, index):
    """What a person's entries are cannot be told: nothing goes anywhere."""
    store.key_file.unlink()
    with Store.open(store.database.file) as opened, pytest.raises(Exception, match="key file"):
        purge_person(opened, BEA, indexes=[index])
    with ReferenceIndex.open(index) as opened:
        assert opened.record(BEA).id == BEA


def test_the_words_of_a_text_are_found_by_an_oracle():
    """Random names hidden in random texts: found where the words stand side by side, only there."""
    rng = np.random.default_rng(7)
    words = ["ana", "bo", "cy", "an", "a", "boc"]
    for _ in range(300):
        name = [words[n] for n in rng.integers(0, 6, rng.integers(1, 3))]
        text = [words[n] for n in rng.integers(0, 6, rng.integers(1, 6))]
        expected = any(
            text[at : at + len(name)] == name or text[at] == "".join(name)
            for at in range(len(text))
        )
        found = Names([" ".join(name)]).among(["_".join(text).upper()])
        assert found is expected, (name, text)
