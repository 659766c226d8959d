"""Consents and declarations on record: filed by digest, found by person, revoked, told again."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from decisions import consent
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_index import IndexWriter, Kind, PersonStatus, Record
from screening.approvals import EntryKind, Store, verify
from screening.approvals.consent_file import read_consents
from screening.approvals.consents import (
    consents_of,
    file_consents,
    filed_consents,
    find_consent,
    revoke,
    state_of,
)
from screening.approvals.declarations import declarations, record_declaration
from screening.decision import Stage
from screening.decision.consents import Grantor, Use
from screening.errors import InputInvalidError
from screening.production import Answer, Declaration, Outcome, triage
from screening.production.declaration import Contact, Input, Principles, Talent, Tool
from screening.production.given import given_in
from screening.production.questions import Stage as DeclaredStage
from screening.production.writing import declaration_text
from screening.signals import SETTINGS

TODAY = date(2026, 5, 1)
ANSWERS = st.none() | st.sampled_from(Answer)
TEXTS = st.sampled_from(["", "Löwe", "a\nb", "tools[1].name"])


@pytest.fixture
def store(tmp_path):
    """Return a new store."""
    with Store.open(tmp_path / "board.store", create=True) as store:
        yield store


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Return a folder to run commands in, with a paper and a store that screening.toml names."""
    monkeypatch.chdir(tmp_path)
    Store.open("board.store", create=True).close()
    (tmp_path / "screening.toml").write_text('production = "Halyard"\nstore = "board.store"\n')
    (tmp_path / "bea.pdf").write_bytes(b"signed")
    return tmp_path


BEA = ("--person", "bea", "--granted-by", "person", "--document", "bea.pdf",
       "--production", "Halyard", "--uses", "likeness,voice")  # fmt: skip


def test_consents_come_back_as_they_were_filed(store):
    """Every field, in order, by person; those of nobody else, whatever the id begins with."""
    full = consent(
        uses=(Use.INPUT, Use.VOICE),
        stages=(Stage.FINAL,),
        territory=("Germany", "Österreich"),
        media=("cinema",),
        term="ten years",
        revocable=False,
        valid_until=None,
        granted_by=Grantor.ESTATE,
    )
    other, near = consent(record_id="two"), consent(record_id="one ")
    file_consents(store, [(full, "Bea Example"), (other, ""), (near, ""), (consent(), "")])
    assert consents_of(store, "one") == (full, consent())
    assert [one.name for one in filed_consents(store)] == ["Bea Example", "", "", ""]
    assert consents_of(store, "nobody") == ()


def test_what_is_kept_for_good_says_no_name_and_no_place(store):
    """The body holds dates and preset words, the paper is found by its digest."""
    (entry,) = file_consents(store, [(consent(document_sha256="ab" * 32), "Bea Example")])
    assert entry.body == {
        "granted_by": "person",
        "uses": ["likeness"],
        "stages": [],
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "revocable": True,
    }
    assert [one.id for one in store.entries(subject="ab" * 32)] == [entry.id]


def test_several_are_filed_all_or_none(store):
    """One that is revoked already is refused, and nothing of the others is on record."""
    revoked = consent(revoked_on=TODAY)
    with pytest.raises(InputInvalidError, match="is revoked on 2026-05-01 already"):
        file_consents(store, [(consent(), ""), (revoked, "")])
    assert list(store.entries()) == []


def test_a_revoked_consent_stays_and_says_since_when(store):
    """It holds until that day; it cannot be revoked again, and an irrevocable one never."""
    fixed = consent(revocable=False)
    file_consents(store, [(consent(), "Bea"), (fixed, "")])
    first, second = filed_consents(store)
    entry = revoke(store, first, on=TODAY, reason="withdrawn by letter")
    again, _ = filed_consents(store)
    assert (again.consent.revoked_on, again.revocation, again.name) == (TODAY, entry.id, "Bea")
    assert entry.body == {"consent": first.entry, "on": "2026-05-01"}
    assert consents_of(store, "one")[0] == again.consent
    with pytest.raises(InputInvalidError, match="was revoked on 2026-05-01 already"):
        revoke(store, again, on=TODAY)
    with pytest.raises(InputInvalidError, match="irrevocably"):
        revoke(store, second, on=TODAY)


@pytest.mark.parametrize(
    ("changed", "days", "words"),
    [
        ({}, 0, "in force"),
        ({"valid_from": TODAY, "valid_until": TODAY}, 0, "in force"),
        ({"valid_from": TODAY}, -1, "begins on 2026-05-01"),
        ({"valid_until": TODAY}, 1, "expired on 2026-05-01"),
        ({"revoked_on": TODAY}, 0, "revoked on 2026-05-01"),
        ({"revoked_on": TODAY}, -1, "in force until 2026-05-01"),
    ],
)
def test_how_a_consent_stands_on_a_day(changed, days, words):
    """Both sides of the first day, the last day and the day of revocation."""
    assert state_of(consent(**changed), TODAY + timedelta(days=days)) == words


def test_a_consent_is_found_by_the_beginning_of_its_id(store):
    """None, several and the empty beginning are refused."""
    file_consents(store, [(consent(), "")] * 20)
    every = filed_consents(store)
    assert find_consent(store, every[3].entry) == every[3]
    assert find_consent(store, every[3].entry[:16]) == every[3]
    shared = next(c for c in "0123456789abcdef" if sum(e.entry[0] == c for e in every) > 1)
    for given_, said in (("", "no consents"), ("x", "no consents"), (shared, "consents on record")):
        with pytest.raises(InputInvalidError, match=said):
            find_consent(store, given_)


def test_a_file_says_several_consents(desk):
    """Documents are relative to it; what it leaves out has the defaults of the command."""
    (desk / "consents.toml").write_text(
        '[[consent]]\nperson = "bea"\ngranted_by = "person"\ndocument = "bea.pdf"\n'
        'production = "Halyard"\nuses = "likeness"\n\n'
        '[[consent]]\nperson = "cyr"\nname = "Cyr"\ngranted_by = "guardian"\n'
        'document = "bea.pdf"\nplace = "safe 3"\nproduction = "Halyard"\nuses = ["input"]\n'
        'stages = ["final"]\nterritory = ["Germany"]\nmedia = ["cinema"]\nfrom = 2026-01-01\n'
        'until = "2026-12-31"\nterm = "a year"\nirrevocable = true\n'
    )
    (first, name), (second, other) = read_consents(desk / "consents.toml", today=TODAY)
    digest = hashlib.sha256(b"signed").hexdigest()
    assert (name, other) == ("", "Cyr")
    assert first == consent(
        record_id="bea",
        document_sha256=digest,
        document_place=str(desk / "bea.pdf"),
        valid_from=TODAY,
        valid_until=None,
    )
    assert second == consent(
        record_id="cyr",
        uses=(Use.INPUT,),
        granted_by=Grantor.GUARDIAN,
        document_sha256=digest,
        document_place="safe 3",
        stages=(Stage.FINAL,),
        territory=("Germany",),
        media=("cinema",),
        term="a year",
        revocable=False,
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"uses": "fame"}, "uses is 'fame', expected one of input, likeness"),
        ({"uses": 3}, "uses is 3, expected a word or a list"),
        ({"granted_by": "agent"}, "granted_by is 'agent', expected one of person"),
        ({"person": ""}, "person is missing"),
        ({"person": 3}, "person is 3, expected text"),
        ({"until": "soon"}, "until is 'soon', expected a day"),
        ({"irrevocable": "yes"}, "irrevocable is 'yes', expected true or false"),
        ({"document": "none.pdf"}, "the document cannot be read"),
        ({"document": "empty.pdf"}, "the document is empty"),
        ({"untill": "2026-01-01"}, "unknown key 'untill', expected some of person"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_line(desk, changed, message):
    """The file and the table are named."""
    (desk / "empty.pdf").touch()
    said = {"person": "bea", "granted_by": "person", "document": "bea.pdf",
            "production": "Halyard", "uses": ["likeness"]} | changed  # fmt: skip
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in said.items())
    (desk / "consents.toml").write_text(f"\n[[consent]]\n{lines}")
    with pytest.raises(InputInvalidError, match=message) as error:
        read_consents(desk / "consents.toml", today=TODAY)
    assert str(error.value).startswith(str(desk / "consents.toml"))
    assert str(error.value).endswith("(table of line 2)")


@pytest.mark.parametrize("text", ["", "x", "consent = []", "consent = 3", "[consent]\na = 1"])
def test_a_file_without_consents_is_refused(desk, text):
    """It names the file; nothing is guessed."""
    (desk / "consents.toml").write_text(text)
    with pytest.raises(InputInvalidError, match=r"consents\.toml"):
        read_consents(desk / "consents.toml", today=TODAY)


@pytest.mark.smoke
def test_the_command_files_lists_shows_and_revokes(desk, run):
    """What add prints is the id; list tells how each stands today."""
    code, out, _ = run("consents", "add", *BEA, "--name", "Bea Example", "--until", "2099-01-01")
    entry = out.strip()
    assert (code, len(entry)) == (0, 32)
    code, out, _ = run("consents", "list")
    assert code == 0
    assert [row.split() for row in out.splitlines()] == [
        ["ID", "TODAY", "PERSON", "PRODUCTION", "USES"],
        [entry[:8], "in", "force", "Bea", "Example", "Halyard", "likeness,", "voice"],
    ]
    assert (
        "document_sha256: " + hashlib.sha256(b"signed").hexdigest()
        in run("consents", "show", entry[:8])[1].splitlines()
    )
    assert run("consents", "revoke", entry, "--on", "2026-01-02")[0] == 0
    (line,) = run("consents", "list", "--person", "bea", "--format", "jsonl")[1].splitlines()
    said = json.loads(line)
    assert (said["today"], said["revoked_on"]) == ("revoked on 2026-01-02", "2026-01-02")
    assert said["uses"] == ["likeness", "voice"]
    assert run("consents", "list", "--person", "cyr", "--format", "jsonl")[1] == ""


def test_the_command_takes_a_file_or_options_not_both(desk, run):
    """A usage error; what is missing is one too, and nothing is put on record."""
    (desk / "c.toml").write_text("")
    assert run("consents", "add", "c.toml", *BEA)[0] == 2
    code, _, err = run("consents", "add", *BEA[2:])
    assert code == 2
    assert "person is missing" in err
    assert run("consents", "revoke", "0", "--on", "soon")[0] == 2
    with Store.open("board.store") as store:
        assert list(store.entries()) == []


def test_a_consent_that_would_cover_nobody_is_said(desk, run):
    """A person whom no index knows, and a minor whose guardian did not sign; it is filed."""
    with IndexWriter(desk / "people.index", settings=SETTINGS) as writer:
        minor = {"kind": Kind.PERSON, "status": PersonStatus.MINOR}
        writer.put_record(Record(id="bea", title="Bea Example", **minor))
    (desk / "screening.toml").write_text('store = "board.store"\nindexes = ["people.index"]\n')
    code, _, err = run("consents", "add", *BEA)
    assert code == 0
    assert "bea: is minor, so the guardian's consent is needed" in err
    _, _, err = run("consents", "add", "--person", "cyr", *BEA[2:])
    assert "cyr: is no person of the indexes" in err


def declared(**changed) -> Declaration:
    """Return a declaration with two tools and two performers."""
    return Declaration(
        **{
            "production": "Halyard",
            "stage": DeclaredStage.IDEATION,
            "plan": "boards",
            "contact": Contact(name="Ana Contact"),
            "principles": Principles(P1=Answer.YES),
            "tools": (Tool(name="Brush", stores_inputs=Answer.NO), Tool(version="2")),
            "inputs": (),
            "talent": (Talent(name="Bea Example", replica=Answer.YES), Talent(name="Cyr")),
            **changed,
        }
    )


def test_a_declaration_is_recorded_with_what_it_comes_to(store):
    """Answers and outcome are kept for good, texts are not; each performer is an entry."""
    done = record_declaration(store, declared())
    assert done.declaration == declared()
    assert done.outcome is triage(declared()).outcome is Outcome.APPROVAL
    assert [one.kind for one in store.entries()] == [EntryKind.DECLARATION] * 3
    kept = json.dumps([entry.body for entry in store.entries()])
    for name in ("Halyard", "Brush", "Ana", "Bea", "Cyr", "boards"):
        assert name not in kept
    assert done.entry.body["answers"]["tools[1].stores_inputs"] == "no"


def test_the_command_records_the_declaration_beside_screening_toml(desk, run):
    """It says what it comes to and the entry; again it says the same one."""
    (desk / "usage.toml").write_text(declaration_text(declared()))
    code, out, _ = run("usage", "record")
    with Store.open("board.store") as store:
        (one,) = declarations(store)
    assert one.declaration == declared()
    assert (code, out) == (0, f"{one.entry.id}: written approval first\n")
    assert run("usage", "record", desk / "usage.toml")[1] == out
    assert run("usage", "record", desk / "none.toml")[0] == 1


def test_a_declaration_is_recorded_once(store):
    """The same again changes nothing; a changed one, or one that was erased, is put on record."""
    first = record_declaration(store, declared())
    assert record_declaration(store, declared()).entry.id == first.entry.id
    changed = record_declaration(store, declared(plan="more"))
    assert [one.entry.id for one in declarations(store)] == [first.entry.id, changed.entry.id]
    store.erase([first.entry.id])
    assert record_declaration(store, declared()).entry.id not in {first.entry.id, changed.entry.id}


def test_a_performer_forgotten_leaves_the_rest_of_a_declaration(store):
    """Only that name is empty."""
    done = record_declaration(store, declared())
    store.erase([done.entries[1].id])
    (left,) = declarations(store)
    assert left.erased
    assert left.declaration == declared(talent=(Talent(replica=Answer.YES), Talent(name="Cyr")))
    assert verify(store) == []


@settings(max_examples=40, deadline=None)
@given(
    production=TEXTS,
    stage=st.none() | st.sampled_from(DeclaredStage),
    contact=st.builds(Contact, name=TEXTS),
    tools=st.none() | st.lists(st.builds(Tool, name=TEXTS, stores_inputs=ANSWERS), min_size=1,
                               max_size=11).map(tuple),
    inputs=st.none() | st.lists(st.builds(Input, what=TEXTS, cleared=ANSWERS)).map(tuple),
    talent=st.none() | st.lists(st.builds(Talent, name=TEXTS, altered=ANSWERS)).map(tuple),
)  # fmt: skip
def test_every_declaration_comes_back(made_once, **said):
    """What was not said is not said, lists that are empty and lists that are not there differ."""
    declaration = Declaration(**said)
    assert record_declaration(made_once, declaration).declaration == declaration


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    """Return a store that forgets nothing and is not looked into."""
    place = tmp_path_factory.mktemp("stores") / "s"
    with Store.open(place, create=True, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as store:
        yield store


@pytest.mark.parametrize("key", ["content.voices", "tools[1].stores_inputs", "stage"])
def test_a_declaration_from_before_a_question_was_asked_is_read(store, key):
    """Its answer is missing, as in a file that leaves it out; all others stand."""
    body = dict(record_declaration(store, declared()).entry.body)
    answers = {name: said for name, said in body["answers"].items() if name != key}
    assert len(answers) == len(body["answers"]) - 1
    with store.transaction() as transaction:
        transaction.append(
            EntryKind.DECLARATION,
            body=body | {"answers": answers, "digest": "0" * 64},
            particulars={"production": "Halyard", "texts": {"production": "Halyard"}},
        )
    earlier = declarations(store)[-1].declaration
    given = {one.key: one.value for one in given_in(earlier, missing_lists=True)}
    assert given[key] is None
    assert {name: given[name] for name in answers} == {
        one.key: one.value for one in given_in(declared(), missing_lists=True) if one.key in answers
    }
