"""Screening a prompt before it is used: verdict, clauses, coverage, and what reports hold of it."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest
from named_records import RECORDS, names_index, shared_index

from reference_index import Kind, Record
from screening import Coverage, Role, Screener, Verdict
from screening.decision import NETFLIX_GENAI, Context
from screening.decision.consents import Consent, Grantor, Use
from screening.decision.standings import Standing, StandingState
from screening.matching import ChannelState
from screening.report import CsvReport, JsonlReport, TableReport

APPROVAL, BLOCKED, NOTHING = Verdict.NEEDS_APPROVAL, Verdict.BLOCKED, Verdict.NOTHING_FOUND


@pytest.fixture(scope="module")
def screener():
    with Screener.open(shared_index()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("prompt", "record", "verdict", "clauses"),
    [
        pytest.param("a still from the movie Rashomon", "rashomon", APPROVAL, {"C2"}, id="work"),
        pytest.param("the Vexlorian Compass at dawn", "compass", APPROVAL, {"D1", "C2"},
                     id="key element"),
        pytest.param("art by Greg Rutkowski", "rutkowski", APPROVAL, {"C2"}, id="public figure"),
        pytest.param("in the style of Salvador Dalí", "dali", APPROVAL, {"C2"}, id="deceased"),
        pytest.param("Marisela Okonjova at dawn", "talent", APPROVAL, {"D1", "C2", "T1"},
                     id="talent"),
        pytest.param("Tovah Lindqvarn at dawn", "crew", APPROVAL, {"D1", "C2", "T1"}, id="crew"),
        pytest.param("Quillon Averbeck at dawn", "minor", BLOCKED, {"D1", "C2", "T1"}, id="minor"),
    ],
)  # fmt: skip
def test_verdicts(screener, prompt, record, verdict, clauses):
    """By what the record is, as an input: the clause on inputs, and that on personal data."""
    screening = screener.screen_prompt(prompt)
    [finding] = screening.findings
    assert finding.record.id == record
    assert (screening.verdict, finding.verdict) == (verdict, verdict)
    assert clauses <= {*finding.clauses}
    assert {*screening.clauses} == {*finding.clauses}
    assert ("D1" in finding.clauses) == ("D1" in clauses)
    assert ("T1" in finding.clauses) == ("T1" in clauses)
    assert (screening.coverage, screening.reason) == (Coverage.COMPLETE, None)


@pytest.mark.parametrize(
    "prompt",
    ["a frozen lake", "heat over the road", "", " \n", "\ud800\0", "Zorvathian Harbor",
     "Brunhildis Gonefar", "a cat"],
)  # fmt: skip
def test_a_prompt_that_names_nobody(screener, prompt):
    """Nothing is found, and it was looked at completely; also where nothing is said."""
    screening = screener.screen_prompt(prompt)
    assert (screening.verdict, screening.findings) == (NOTHING, ())
    assert (screening.coverage, screening.reason) == (Coverage.COMPLETE, None)


def test_the_worst_of_several_counts(screener):
    """Each is told; the verdict is that of the worst."""
    screening = screener.screen_prompt("Quillon Averbeck in Rashomon, by Greg Rutkowski")
    assert {one.record.id for one in screening.findings} == {"minor", "rashomon", "rutkowski"}
    assert screening.verdict is BLOCKED


@pytest.mark.parametrize("which", ["models", "loras"])
def test_what_models_are_called_after(screener, which):
    """The clause on training, whatever the prompt is; a prompt that names it too adds its own."""
    names = {which: ["styles/greg_rutkowski_v2.safetensors"]}
    alone, both = (
        screener.screen_prompt(prompt, **names).findings[0]
        for prompt in ("a cat", "a cat by Greg Rutkowski")
    )
    assert (alone.record.id, alone.verdict, alone.clauses[0]) == ("rutkowski", APPROVAL, "D2")
    assert [one.channel for one in alone.channels] == ["name:model"]
    assert {one.channel for one in both.channels} == {"name", "name:model"}
    assert {"D2", "C2"} <= {*both.clauses}


def test_what_a_screening_of_a_prompt_says(screener):
    """An input without a path, by the digest of the prompt, which it holds in memory alone."""
    prompt = "a xylograph by Greg Rutkowski"
    screening = screener.screen_prompt(prompt)
    assert (screening.role, screening.path) == (Role.INPUT, None)
    assert screening.sha256 == hashlib.sha256(prompt.encode()).hexdigest()
    assert screening.generation.positive == (prompt,)
    assert screening.policy == screener.policy
    assert list(screening.channels) == ["name"]
    assert screening.channels["name"].state is ChannelState.RAN
    assert screening.inputs == screening.notes == ()


def test_the_same_prompt_is_screened_alike(screener):
    """Twice, but for the time it takes."""
    first, again = (screener.screen_prompt("Rashomon by Greg Rutkowski") for _ in range(2))
    assert replace(first, elapsed_ms=0.0) == replace(again, elapsed_ms=0.0)


@pytest.mark.parametrize("report", [JsonlReport(), CsvReport(), TableReport()])
def test_reports_hold_no_prompt(screener, report):
    """The words that name something, and none besides."""
    prompt = "a xylograph of herons, in the style of GREG rutkowski, zincograph"
    screening = screener.screen_prompt(prompt, loras=["heat"], candidates=3)
    line = report.line(replace(screening, path="prompt 1"))
    assert "GREG rutkowski" in line
    assert not [word for word in ("xylograph", "herons", "zincograph") if word in line]


@pytest.mark.parametrize("prompt", [None, b"a cat", 7, ["a cat"]])
def test_what_is_no_text_is_refused(screener, prompt):
    """With what it is, and what is expected."""
    with pytest.raises(TypeError, match=f"got {type(prompt).__name__}, expected the text"):
        screener.screen_prompt(prompt)


def test_candidates_are_told_whatever_they_score(screener):
    """As many as were asked for, the best first; they change no verdict."""
    prompt = "heat over the frozen road to Rashomon"
    few, many = (screener.screen_prompt(prompt, candidates=count) for count in (1, 9))
    assert [one.record.id for one in few.candidates] == ["rashomon"]
    assert {one.record.id for one in many.candidates} == {"rashomon", "heat", "frozen"}
    assert few.findings == many.findings
    alarms = [one.false_alarms for one in many.candidates]
    assert alarms == sorted(alarms)


def test_thresholds_are_those_of_the_policy():
    """Inclusive, flags as well as notes; beyond both nothing is found."""
    prompt = "Rashomon at dawn"
    with Screener.open(shared_index()) as screener:
        [finding] = screener.screen_prompt(prompt).findings
        alarms = finding.false_alarms
        for flag_at, note_at, verdict in (
            (alarms, 1e-2, APPROVAL),
            (alarms * 0.999, 1e-2, Verdict.NOTE),
            (alarms * 0.5, alarms, Verdict.NOTE),
            (alarms * 0.5, alarms * 0.999, NOTHING),
        ):
            screener.policy = replace(NETFLIX_GENAI, flag_at=flag_at, note_at=note_at)
            assert screener.screen_prompt(prompt).verdict is verdict


def test_a_policy_of_copies_alone_names_nobody():
    """Neither in prompts nor in the names of models."""
    with Screener.open(shared_index(), policy="copies-only") as screener:
        screening = screener.screen_prompt("art by Greg Rutkowski", loras=["greg_rutkowski"])
    assert screening.verdict is NOTHING


def test_where_nobody_has_a_name_nothing_was_looked_at(tmp_path):
    """An index of cleared pictures alone says nothing of a prompt."""
    cleared = Record(id="c", kind=Kind.CLEARED, title="Rashomon")
    with Screener.open(names_index(tmp_path / "c.index", [cleared])) as screener:
        screening = screener.screen_prompt("Rashomon")
    assert screening.coverage is Coverage.INSUFFICIENT
    assert screening.reason


def test_without_figures_a_prompt_is_not_looked_at(tmp_path, monkeypatch):
    """The reason says so."""
    monkeypatch.setattr("screening.matching.nulls.shipped", dict)
    path = names_index(tmp_path / "bare.index", RECORDS[:2])
    with Screener.open(path) as screener:
        screening = screener.screen_prompt("art by Greg Rutkowski")
    assert screening.coverage is Coverage.INSUFFICIENT
    assert "null figures" in screening.reason


class OnRecord:
    """A store that knows a consent of everybody to some uses, and a standing of every finding."""

    def __init__(self, *uses, standing=None):
        self._uses, self._standing = uses, standing

    def consents(self, record_id):
        return [
            Consent(
                record_id=record_id, production="Herons", uses=self._uses,
                granted_by=Grantor.PERSON, document_sha256="0" * 64, document_place="safe",
                valid_from=date(2020, 1, 1),
            )
        ] if self._uses else []  # fmt: skip

    def standings(self, sighted):
        assert sighted.role is Role.INPUT
        if self._standing is None:
            return {}
        return {one.record.id: self._standing for one in sighted.findings}


@pytest.mark.parametrize(
    ("uses", "verdict", "covered"),
    [
        ((Use.INPUT,), Verdict.NOTE, True),
        ((Use.LIKENESS, Use.INPUT), Verdict.NOTE, True),
        ((Use.LIKENESS,), APPROVAL, False),
        ((Use.TRAINING, Use.VOICE), APPROVAL, False),
        ((), APPROVAL, None),
    ],
)
def test_consent_to_inputs_covers_a_prompt(uses, verdict, covered):
    """Only that one; what does not cover it is told with its reason."""
    context = Context(production="Herons", today=date(2025, 1, 1))
    with Screener.open(shared_index(), context=context, standings=OnRecord(*uses)) as screener:
        screening = screener.screen_prompt("Marisela Okonjova at dawn")
    [finding] = screening.findings
    assert screening.verdict is verdict
    assert (finding.consent and finding.consent.covered) == covered


@pytest.mark.parametrize(
    ("standing", "verdict"),
    [
        (Standing(state=StandingState.DENIED), BLOCKED),
        (Standing(state=StandingState.DISMISSED, reason="another play"), Verdict.NOTE),
    ],
)
def test_what_is_on_record_holds_for_a_prompt(standing, verdict):
    """What was denied is blocked, what was dismissed is a note."""
    on_record = OnRecord(standing=standing)
    with Screener.open(shared_index(), standings=on_record) as screener:
        assert screener.screen_prompt("Rashomon at dawn").verdict is verdict
