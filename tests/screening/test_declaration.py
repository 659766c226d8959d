"""The production's declaration: read, written, weighed, and told to the contact."""

from dataclasses import replace
from datetime import date

import pytest
from decisions import DECLARED_ONLY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.decision.clauses import CLAUSES
from screening.errors import InputInvalidError, ScreeningError
from screening.production import (
    Answer,
    Declaration,
    DeclarationError,
    Outcome,
    Stage,
    declared,
    find_declaration,
    notice,
    read_declaration,
    triage,
)
from screening.production.declaration import (
    Contact,
    Content,
    Input,
    Pipeline,
    Principles,
    Talent,
    Tool,
    Training,
    UnionWork,
)
from screening.production.given import given_in
from screening.production.questions import questions_of
from screening.production.rules import RULES
from screening.production.writing import declaration_text

YES, NO, UNSURE = Answer.YES, Answer.NO, Answer.UNSURE


def good(kind: type, **other):
    """Return a table whose every answer raises no concern, but for those given."""
    values = {
        name: question.good if question.kind is Answer else "said"
        for name, question in questions_of(kind)
    }
    return kind(**values | other)


def harmless(**other) -> Declaration:
    """Return a declaration that only informs, but for what is given."""
    tables = {
        name: good(question.kind)
        for name, question in questions_of(Declaration)
        if question.kind not in {str, Stage} and not question.many
    }
    single = {"production": "Harbor", "stage": Stage.IDEATION, "plan": "Mood boards."}
    lists = {"tools": (good(Tool, name="Painter"),), "inputs": (), "talent": ()}
    return Declaration(**tables | single | lists | other)


def values_of(question) -> st.SearchStrategy:
    if question.many:
        return st.none() | st.lists(tables(question.kind), min_size=1, max_size=3).map(tuple)
    if question.kind is str:
        return st.text(max_size=12)
    if question.kind in {Answer, Stage}:
        return st.none() | st.sampled_from(question.kind)
    return tables(question.kind)


def tables(kind: type) -> st.SearchStrategy:
    return st.builds(kind, **{name: values_of(question) for name, question in questions_of(kind)})


DECLARATIONS = tables(Declaration)
QUICK = settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def changed(declaration: Declaration, one, value) -> Declaration:
    """Return a declaration with another value where one answer stands."""
    name, _, key = one.pattern.partition(".")
    if not key:
        return replace(declaration, **{name: value})
    group = getattr(declaration, name)
    if not one.entry:
        return replace(declaration, **{name: replace(group, **{key: value})})
    entries = list(group if group is not None else [dict(questions_of(Declaration))[name].kind()])
    entries[one.entry - 1] = replace(entries[one.entry - 1], **{key: value})
    return replace(declaration, **{name: tuple(entries)})


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a usage.toml and gives its path."""

    def call(text: str | bytes):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "usage.toml").write_bytes(data)
        return tmp_path / "usage.toml"

    return call


@pytest.mark.smoke
def test_a_file_is_read(write):
    """Each key under its name; what is left out is unanswered, and an empty list is an answer."""
    declaration = read_declaration(
        write(
            'production = "Harbor"\r\nstage = "background"\ninputs = []\ncontact.name = "Ada"\n'
            '[principles]\nP1 = "yes"\nP2 = "unsure"\n[[tools]]\nname = "Painter"\n'
            'stores_inputs = "no"\n'
        )
    )
    assert declaration == Declaration(
        production="Harbor",
        stage=Stage.BACKGROUND,
        contact=Contact(name="Ada"),
        principles=Principles(P1=YES, P2=UNSURE),
        tools=(Tool(name="Painter", stores_inputs=NO),),
        inputs=(),
    )
    unanswered = triage(declaration).unanswered
    assert {"plan", "contact.email", "principles.P3", "talent"} <= {*unanswered}
    assert {"tools[1].trains_on_inputs", "tools[1].enterprise_agreement"} <= {*unanswered}
    answered = {"production", "stage", "inputs", "principles.P1", "principles.P2", "contact.name"}
    assert not (answered | {"tools[1].version", "tools[1].stores_inputs"}) & {*unanswered}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('\nproducer = "x"', 2, "unknown key 'producer', expected one of production, stage,"),
        ('[principles]\n\nP6 = "no"', 3, "unknown key 'P6' in principles, expected one of P1, P2"),
        ('[principles]\nP1 = "maybe"', 2, 'P1 is \'maybe\', expected "yes", "no" or "unsure"'),
        ("[principles]\nP1 = true", 2, 'principles.P1 is True, expected "yes", "no" or "unsure"'),
        ("\"principles\".'P1' = 1", 1, "principles.P1 is 1, expected"),
        ('stage = "late"', 1, '\'late\', expected "ideation", "background", "unsure" or "final"'),
        ("production = 3", 1, "production is 3, expected a text in quotes"),
        ('\n\ncontact = "Ada"', 3, "contact is 'Ada', expected a table of name or email"),
        ("[contact]\n[tools]", 2, "tools is {}, expected a list of tables or []"),
        ("plan = ''\ntools = []", 2, "tools is empty, expected at least one"),
        ('[[tools]]\n[[tools]]\n#\nlend = "no"', 4, "unknown key 'lend' in tools[2], expected one"),
        (
            'inputs = [\n  {what = """a\n]b"""},\n  {cleared = "x"},\n]',
            1,
            "inputs[2].cleared is 'x', expected",
        ),
        ("\ninputs = [\n  {},\n  7]", 2, "inputs[2] is 7, expected a table of what, whose"),
        ('plan = "a"\nstage = final', 2, "is not TOML (Invalid value"),
        ('plan = "a"\nstage = ', 2, "is not TOML"),
        (b'plan = "a"\n\nstage = "\xff"', 3, "is not UTF-8; save the file in that encoding"),
    ],
)
def test_errors_name_file_and_line(write, text, line, message):
    """What cannot be meant is refused, with the place, what was got and what was expected."""
    file = write(text)
    with pytest.raises(DeclarationError) as raised:
        read_declaration(file)
    assert str(raised.value).startswith(f"{file}, line {line}: ")
    assert message in str(raised.value)
    assert isinstance(raised.value, ScreeningError)


def test_a_file_that_cannot_be_read_is_an_error(write, tmp_path):
    """Absent, a folder, or nested without end: said in words, each with what to do."""
    with pytest.raises(DeclarationError, match=r"is not there; 'screening init' writes one"):
        read_declaration(tmp_path / "none.toml")
    with pytest.raises(DeclarationError, match="cannot be read"):
        read_declaration(tmp_path)
    with pytest.raises(DeclarationError, match=r"lists in lists|is not TOML"):
        read_declaration(write("inputs = " + "[" * 5000))


def test_the_declaration_stands_beside_the_settings(tmp_path):
    """Beside the nearest screening.toml at or above; without one, in the folder itself."""
    deep = tmp_path / "board" / "deep"
    deep.mkdir(parents=True)
    (deep / "a.png").touch()
    assert find_declaration(deep) == deep / "usage.toml"
    assert find_declaration(deep / "a.png") == deep / "usage.toml"
    (tmp_path / "screening.toml").touch()
    assert find_declaration(deep) == tmp_path.resolve() / "usage.toml"


@QUICK
@given(declaration=DECLARATIONS)
def test_what_is_written_reads_back(tmp_path, declaration):
    """Any declaration, whatever its names hold, is the same after it went through a file."""
    file = tmp_path / "usage.toml"
    text = declaration_text(declaration)
    file.write_text(text, encoding="utf-8", newline="")
    assert read_declaration(file) == declaration


def test_every_question_stands_in_the_file():
    """A file of which nothing was answered still shows every key and every question."""
    text = declaration_text(Declaration())
    for name, question in questions_of(Declaration):
        assert question.asks in text
        if question.kind not in {str, Stage}:
            assert f"[{name}]" in text
            for key, one in questions_of(question.kind):
                assert f"{key} = " in text
                assert one.asks in text


@pytest.mark.parametrize("value", ["no", True, 1])
def test_values_are_checked(value):
    """What no answer is, is refused; so are texts that no file can hold."""
    with pytest.raises(InputInvalidError, match=f"P1 is {value!r}, expected Answer"):
        Principles(P1=value)
    with pytest.raises(InputInvalidError, match="production is 3, expected str"):
        Declaration(production=3)
    with pytest.raises(InputInvalidError, match=r"tools is .*, expected Tool"):
        Declaration(tools=[Tool()])
    with pytest.raises(InputInvalidError, match="UTF-8 cannot hold"):
        Contact(name="\udce9")


@pytest.mark.smoke
def test_a_harmless_use_only_informs():
    """All principles yes and low risk: the contact is informed, G1 and G2, for no other reason."""
    done = triage(harmless())
    assert (done.outcome, done.reasons, done.unanswered) == (Outcome.INFORM, (), ())
    assert done.clauses == ("G1", "G2")


def content(**other) -> dict:
    return {"content": good(Content, **other)}


FINAL = {"stage": Stage.FINAL}
BACKGROUND = {"stage": Stage.BACKGROUND}
NOT_SECURED = {"tools": (good(Tool, enterprise_agreement=NO),)}


@pytest.mark.parametrize(
    ("other", "outcome", "clause"),
    [
        ({"contact": Contact(name="Ada")}, "review", "G1"),
        ({"principles": good(Principles, P4=UNSURE)}, "approval", "P4"),
        ({"principles": good(Principles, P1=NO)}, "approval", "P1"),
        (BACKGROUND, "review", "F3"),
        (BACKGROUND | content(story_relevant=UNSURE), "approval", "F3"),
        (content(story_relevant=NO), "inform", None),
        ({"stage": None}, "approval", "G3"),
        (FINAL, "approval", "G3"),
        (content(key_elements=YES, written_approval=NO), "review", "C1"),
        (BACKGROUND | content(key_elements=YES, written_approval=NO), "approval", "C1"),
        (FINAL | content(key_elements=YES, written_approval=NO), "stop", "C1"),
        (FINAL | content(key_elements=YES, written_approval=UNSURE), "approval", "C1"),
        (FINAL | content(key_elements=UNSURE, written_approval=NO), "approval", "C1"),
        (content(voices=YES), "approval", "T1"),
        (content(mistaken_for_real=UNSURE), "approval", "E1"),
        (NOT_SECURED, "review", "K1"),
        ({"tools": (good(Tool, stores_inputs=YES),)}, "approval", "P2"),
        ({"tools": (good(Tool), good(Tool, trains_on_inputs=UNSURE))}, "approval", "P2"),
        ({"inputs": (good(Input, proprietary=YES),)}, "inform", None),
        (NOT_SECURED | {"inputs": (good(Input, proprietary=YES),)}, "review", "D1"),
        ({"inputs": (good(Input, personal_data=YES),)}, "approval", "D1"),
        ({"inputs": (good(Input), good(Input, cleared=NO))}, "approval", "C2"),
        (
            {"inputs": (good(Input, what="a prompt that names an actor", cleared=UNSURE),)},
            "approval",
            "C2",
        ),
        (
            {"inputs": (good(Input, what="a prompt that names nobody"),)},
            "inform",
            None,
        ),
        ({"talent": (good(Talent),)}, "inform", None),
        ({"talent": (good(Talent, replica=YES),)}, "approval", "T1"),
        ({"talent": (good(Talent, replica=YES, consent=UNSURE),)}, "approval", "T1"),
        ({"talent": (good(Talent, replica=YES, consent=NO),)}, "stop", "T1"),
        ({"talent": (good(Talent, replica=YES), good(Talent, consent=NO))}, "approval", "T1"),
        ({"talent": (good(Talent, altered=YES),)}, "approval", "T2"),
        (content(harms_reputation=UNSURE), "approval", "N5"),
        ({"pipeline": good(Pipeline, steps_declared=NO)}, "review", "W1"),
        ({"pipeline": good(Pipeline, vendors_assessed=UNSURE)}, "review", "W2"),
        ({"inputs": None}, "approval", "C2"),
        ({"talent": None}, "approval", "T1"),
        ({"tools": None}, "approval", "P2"),
    ],
)
def test_the_use_case_matrix(other, outcome, clause):
    """Each row of the guidance, and what stands just beside it."""
    done = triage(harmless(**other))
    assert done.outcome == Outcome(outcome)
    assert {one.clause for one in done.reasons[:1]} == ({clause} if clause else set())


@pytest.mark.parametrize(
    ("clause", "other"),
    [
        ("G1", {}),
        ("G2", {}),
        ("P2", {"principles": good(Principles, P2=UNSURE)}),
        ("P3", {"principles": good(Principles, P3=NO)}),
        ("D2", {"training": good(Training, others_material=YES)}),
        ("T2", {"talent": (good(Talent, altered=UNSURE),)}),
        ("E2", {"union": good(UnionWork, affected=YES, agreement=NO)}),
        ("K1", {"tools": (good(Tool, enterprise_agreement=UNSURE),)}),
        ("K2", {"inputs": (good(Input, personal_data=YES),)}),
        ("K3", NOT_SECURED),
        ("N5", content(harms_reputation=YES)),
        ("W1", {"pipeline": good(Pipeline, steps_declared=UNSURE)}),
        ("W2", {"pipeline": good(Pipeline, vendors_assessed=NO)}),
    ],
)
def test_what_no_picture_shows_is_answered_here(clause, other):
    """Each such clause is touched by an answer, and by none that raises no concern.

    Of use that only informs the contact, that is what is asked; where more is, it is not enough.
    """
    assert clause in triage(harmless(**other)).clauses
    beside = FINAL if clause == "G2" else {}
    assert (clause in triage(harmless(**beside)).clauses) is (clause == "G1")


def test_no_declared_clause_is_forgotten():
    """What pictures cannot show is answered by the declaration."""
    answered = {rule.clause for rule in RULES} | {c for one in Outcome for c in one.clauses}
    assert answered >= DECLARED_ONLY


def group(name, **other) -> dict:
    return {name: good(dict(questions_of(Declaration))[name].kind, **other)}


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        (group("training", others_material=YES), "review"),
        (group("training", others_material=YES, cleared=UNSURE), "approval"),
        (group("training", others_material=YES, cleared=NO), "stop"),
        (group("training", others_material=NO, cleared=NO), "inform"),
        (group("union", affected=YES), "inform"),
        (group("union", affected=YES, agreement=NO), "approval"),
        (group("union", affected=NO, agreement=NO), "inform"),
    ],
)
def test_two_answers_weigh_together(other, outcome):
    """Training asks for clearance and union work for agreement, where there is any."""
    assert triage(harmless(**other)).outcome == Outcome(outcome)


def test_a_reason_names_the_answer_that_moved_it():
    """Clause, path in the file, the answer, whose it is; the gravest first, each answer once."""
    done = triage(
        harmless(
            tools=(good(Tool, name="A"), good(Tool, name="B\nC", enterprise_agreement=None)),
            talent=(good(Talent, name="Ada", replica=YES, consent=NO),),
        )
    )
    assert [(r.outcome, r.clause, r.key, r.subject, r.answer) for r in done.reasons] == [
        ("stop", "T1", "talent[1].replica", "Ada", "yes"),
        ("review", "K1", "tools[2].enterprise_agreement", "B C", "unsure"),
    ]
    assert done.unanswered == ("tools[2].enterprise_agreement",)
    assert done.clauses == ("G1", "G3", "K1", "T1")
    assert done.to_json()["reasons"][0]["key"] == "talent[1].replica"


@QUICK
@given(declaration=DECLARATIONS)
def test_a_worse_answer_never_lowers_the_outcome(declaration):
    """From good to unsure to bad, for every single answer, whatever the others are."""
    for one in given_in(declaration):
        if one.question.kind is str:
            values = ["said", ""]
        else:
            values = sorted(one.question.kind, key=one.question.concern)
        ranks = [triage(changed(declaration, one, value)).outcome.rank for value in values]
        assert ranks == sorted(ranks), one.key


@QUICK
@given(declaration=DECLARATIONS)
def test_what_was_not_answered_counts_as_unsure(declaration):
    """Leaving out a key, or a whole list of one entry, comes to what unsure comes to."""
    done = triage(declaration)
    for one in given_in(declaration):
        if one.value is None:
            assert (
                triage(changed(declaration, one, one.question.kind.UNSURE)).outcome == done.outcome
            )
    for name in ("inputs", "talent"):
        empty = triage(replace(declaration, **{name: ()})).outcome
        absent = triage(replace(declaration, **{name: None})).outcome
        assert empty.rank <= absent.rank


@QUICK
@given(declaration=DECLARATIONS)
def test_order_never_matters(declaration):
    """The entries of lists in reverse come to the same, for the same reasons."""
    turned = {
        name: tuple(reversed(getattr(declaration, name) or ())) or getattr(declaration, name)
        for name in ("tools", "inputs", "talent")
    }
    done, other = triage(declaration), triage(replace(declaration, **turned))
    assert other.outcome == done.outcome
    assert sorted((r.clause, r.subject, r.answer, r.why) for r in other.reasons) == sorted(
        (r.clause, r.subject, r.answer, r.why) for r in done.reasons
    )


def test_rules_name_what_there_is():
    """Every clause of a rule is one of the guidance, every key one of the file."""
    keys = {one.pattern for one in given_in(Declaration())}
    outcomes = [clause for outcome in Outcome for clause in outcome.clauses]
    assert {rule.clause for rule in RULES} | {*outcomes} <= {*CLAUSES}
    assert {key for rule in RULES for key, _ in rule.when} <= keys


def test_what_no_picture_shows_is_always_told():
    """Voices, altered performances, terms of vendors and events, as they were declared."""
    done = triage(harmless(talent=(good(Talent, name="Ada", altered=YES),), **content(voices=None)))
    assert set(done.declared_not_screened) >= {
        "T1 voices generated: unsure",
        "T2 Ada: performance altered beyond the customary: yes",
        "P2 Painter: trains on inputs or outputs: no",
        "E1 could be mistaken for real events, people or statements: no",
    }


def test_one_line_for_a_scan(write, tmp_path):
    """Without a file what to do, else the outcome and what moved it, never more than a line."""
    missing = declared(tmp_path / "usage.toml").line
    assert missing.startswith("No declaration (usage.toml): run 'screening init'")
    text = declaration_text(harmless(principles=good(Principles, P2=UNSURE), **NOT_SECURED))
    assert declared(write(text)).line == (
        "Declaration: written approval first (P2 unsure, K1 no, K3 no)."
    )
    assert declared(write(declaration_text(harmless()))).line == (
        "Declaration: inform the contact (G1, G2)."
    )
    unknown = declared(write("")).line
    assert unknown.endswith("more).")
    assert "\n" not in unknown + missing
    with pytest.raises(DeclarationError):
        declared(write("stage = 1"))


def test_the_notice_says_what_the_contact_needs():
    """Whom, when, what is planned, with which tools on what terms, and what needs an answer."""
    declaration = harmless(
        contact=Contact(name="Ada", email="ada@example.org"),
        tools=(good(Tool, name="Painter", version="2", stores_inputs=UNSURE),),
    )
    said = notice(declaration, triage(declaration), on=date(2026, 3, 4))
    head, rest = said.split("\n\n", 1)
    assert head.splitlines() == [
        "To: Ada <ada@example.org>",
        "Subject: Generative AI on Harbor: written approval first",
    ]
    terms = "enterprise agreement: yes; stores inputs: unsure; trains on inputs: no"
    for line in (
        "Date: 2026-03-04",
        "Stage: ideation",
        "Planned: Mood boards.",
        f"- name: Painter; version: 2; {terms}",
        "- Do results stay clear of recognizable works of others? yes",
    ):
        assert line in rest.splitlines()
    (asked,) = [line for line in rest.splitlines() if line.startswith("- P2 ")][:1]
    assert "[tools[1].stores_inputs: unsure]" in asked
    assert "2025-11-11" in said


@QUICK
@given(name=st.text(max_size=20))
def test_names_never_break_a_line_of_the_notice(name):
    """A hostile name is part of its line: it adds none, above all none of a mail's head."""
    plain, hostile = (
        harmless(
            production=one,
            plan=one,
            contact=Contact(name=one, email=one),
            tools=(good(Tool, name=one),),
        )
        for one in ("plain", f"{name}\nBcc: all")
    )
    told = [notice(one, triage(one), on=date(2026, 3, 4)) for one in (plain, hostile)]
    assert len(told[0].splitlines()) == len(told[1].splitlines())
    assert not [line for line in told[1].splitlines() if line.startswith("Bcc")]
