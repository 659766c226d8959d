"""What is already on record about a finding, and the sentence that says all of it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from decisions import HALYARD, TODAY, consent, evidence, finding, person

from reference_index import Kind
from screening.decision import CLAUSES, Role, Stage, Verdict, advice, clause, judge
from screening.decision.advice import place_in_words
from screening.decision.clauses import headings
from screening.decision.standings import Standing, StandingState
from screening.errors import InputInvalidError

DISMISSED = Standing(
    state=StandingState.DISMISSED, reason="coincidence", by="K. Lee", on=date(2026, 3, 2)
)
CLEARED = Standing(
    state=StandingState.CLEARED, cleared_id="stock-7", cleared_title="Harbor, stock footage"
)
DRAFT = Standing(state=StandingState.REQUESTED, by="K. Lee")
SENT = replace(DRAFT, sent=True)
GRANTED = Standing(
    state=StandingState.GRANTED,
    by="legal",
    scope="the opening",
    conditions="credit the painter",
    until=TODAY,
)
DENIED = Standing(state=StandingState.DENIED, by="legal", reason="no license")
TOMORROW = replace(HALYARD, today=TODAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("standing", "context", "verdict", "words"),
    [
        (
            DISMISSED,
            HALYARD,
            Verdict.NOTE,
            (
                "matches the work “The Salt Road” of Halyard Pictures: dismissed by K. Lee on "
                "2026-03-02: coincidence."
            ),
        ),
        (
            CLEARED,
            HALYARD,
            Verdict.NOTE,
            "explained better by the cleared “Harbor, stock footage”.",
        ),
        (DRAFT, HALYARD, Verdict.NEEDS_APPROVAL, "request drafted by K. Lee; send the request."),
        (
            SENT,
            HALYARD,
            Verdict.NEEDS_APPROVAL,
            "approval requested by K. Lee, not answered; wait for the answer.",
        ),
        (
            GRANTED,
            HALYARD,
            Verdict.NOTE,
            (
                "approved by legal, for the opening, on condition: credit the painter, until "
                "2026-05-01."
            ),
        ),
        (
            GRANTED,
            TOMORROW,
            Verdict.NEEDS_APPROVAL,
            f"which counts for nothing: it ended on 2026-05-01; {CLAUSES['P1'].resolve}.",
        ),
        (GRANTED, replace(HALYARD, today=None), Verdict.NEEDS_APPROVAL, "P1"),
        (replace(GRANTED, until=None), replace(HALYARD, today=None), Verdict.NOTE, "painter."),
        (replace(GRANTED, production="halyard"), HALYARD, Verdict.NOTE, "2026-05-01."),
        (
            replace(GRANTED, production="Mistral"),
            HALYARD,
            Verdict.NEEDS_APPROVAL,
            "it is for another production, “Mistral”; " + CLAUSES["P1"].resolve + ".",
        ),
        (replace(GRANTED, stages=(Stage.IDEATION,)), HALYARD, Verdict.NOTE, "2026-05-01."),
        (
            replace(GRANTED, stages=(Stage.FINAL,)),
            HALYARD,
            Verdict.NEEDS_APPROVAL,
            "it is for the stages final, not for ideation; " + CLAUSES["P1"].resolve + ".",
        ),
        (DENIED, HALYARD, Verdict.BLOCKED, "denied by legal: no license; do not use it."),
    ],
)
def test_what_is_on_record_counts_and_is_told(standing, context, verdict, words):
    """Settled is a note, denied is blocked, what is asked or has ended changes nothing."""
    judged = judge(finding(), context=context, standing=standing)
    assert judged.verdict is verdict
    assert judged.standing.state is standing.state
    if words != "P1":
        assert advice(judged).endswith(words)


def test_a_grant_for_a_board_is_none_for_a_final():
    """A final is at the last stage, whatever the production's is."""
    board = replace(GRANTED, stages=(Stage.IDEATION,))
    assert judge(finding(), context=HALYARD, standing=board).verdict is Verdict.NOTE
    final = judge(finding(), context=HALYARD, standing=board, role=Role.FINAL)
    assert final.verdict is Verdict.BLOCKED


def test_a_denial_outweighs_consent():
    """Blocked, and both are told."""
    judged = judge(person(), context=HALYARD, consents=[consent()], standing=DENIED)
    assert judged.verdict is Verdict.BLOCKED
    assert "denied by legal: no license; consent on file for Halyard" in advice(judged)


def test_what_is_no_finding_stays_none():
    """Nothing on record makes a note of what no threshold tells."""
    faint = finding(evidence("hash", 0.5))
    assert judge(faint, standing=DENIED).verdict is Verdict.NOTHING_FOUND
    cleared = finding(kind=Kind.CLEARED)
    assert judge(cleared, standing=DENIED).verdict is Verdict.NOTHING_FOUND


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"state": "dismissed"}, "state is 'dismissed', expected one of dismissed, cleared"),
        ({"state": StandingState.DISMISSED}, "a dismissal's reason is empty"),
        ({"state": StandingState.CLEARED}, "cleared_id is empty; name the cleared reference"),
    ],
)
def test_a_standing_that_cannot_be_meant_is_refused(given, message):
    """The error names the field."""
    with pytest.raises(InputInvalidError, match=message):
        Standing(**given)


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom", "expected"),
    [
        (0.0, 0.0, 1.0, 1.0, "the whole picture"),
        (-0.2, -0.2, 1.3, 1.1, "the whole picture"),
        (0.2, 0.2, 0.8, 0.8, "the whole picture"),
        (0.2, 0.2, 0.79, 0.8, "middle"),
        (0.0, 0.0, 0.3, 0.3, "upper left"),
        (0.4, 0.0, 0.6, 0.3, "top"),
        (0.7, 0.1, 1.2, 0.2, "upper right"),
        (0.0, 0.4, 0.1, 0.6, "left"),
        (0.8, 0.4, 0.9, 0.6, "right"),
        (0.1, 0.8, 0.2, 1.0, "lower left"),
        (0.3, 0.7, 0.7, 1.0, "bottom"),
        (0.9, 0.9, 1.0, 1.0, "lower right"),
        (1.1, 1.1, 1.2, 1.2, "lower right"),
    ],
)
def test_places_have_plain_names(left, top, right, bottom, expected):
    """By the middle of what is inside of the picture, in thirds."""
    region = ((left, top), (right, top), (right, bottom), (left, bottom))
    assert place_in_words(region) == expected
    assert place_in_words(region[::-1]) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding(), "The whole picture matches the work “The Salt Road” of Halyard Pictures: "),
        (
            finding(evidence("local", 5e-5), region=((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0, 0.1))),
            "What is in the upper left resembles the work “The Salt Road” of",
        ),
        (
            finding(evidence("local", 5e-3), region=((0.0, 0.4), (0.1, 0.4), (0.1, 0.6), (0, 0.6))),
            "What is at the left faintly resembles the work",
        ),
        (finding(frame=2, kind=Kind.KEY_ELEMENT), "The whole picture of frame 3 matches the key "),
        (finding(kind=Kind.TEMPORARY), "The whole picture matches the temporary picture “The S"),
        (person("public-figure"), "A face matches The Salt Road (public figure): a known person"),
        (
            finding("name"),
            "The prompt names the work “The Salt Road” of Halyard Pictures: a generator",
        ),
        (finding("name:model"), "A LoRA is called after the work “The Salt Road” of Halyard"),
        (finding(evidence("name", 5e-3)), "The prompt may name the work “The Salt Road” of"),
        (
            person("talent", "name"),
            "The prompt names The Salt Road (talent): a generator was",
        ),
        (
            finding("name:model", evidence("name", 1e-8)),
            "The prompt names the work “The Salt Road” of Halyard Pictures; a LoRA is called",
        ),
        (
            finding("name", "local"),
            "The whole picture matches the work “The Salt Road” of Halyard Pictures; its prompt",
        ),
        (
            person("deceased", "face", "name:model"),
            "A face matches The Salt Road (deceased); a LoRA is called after them too: ",
        ),
        (person("", "hash"), "The whole picture matches The Salt Road: nobody is shown without"),
    ],
)
def test_advice_says_what_where_and_whose(found, expected):
    """In one sentence, ended once."""
    said = advice(judge(found))
    assert said.startswith(expected)
    assert said.endswith(".")
    assert said.count(". ") == 0


def test_clauses_have_words():
    """Each has a heading, what it asks as a sentence, and what resolves it as part of one."""
    ids = (
        "G1 G2 G3 P1 P2 P3 P4 P5 D1 D2 C1 C2 T1 T2 E1 E2 K1 K2 K3 F1 F2 F3 F4 N1 N2 N3 N4 N5 W1 W2"
    )
    assert " ".join(CLAUSES) == ids
    for one in CLAUSES.values():
        assert one.asks.endswith(".")
        assert one.asks[0].isupper()
        assert not one.resolve.endswith(".")
        assert one.resolve[0].islower()
    assert clause("P1") is CLAUSES["P1"]
    assert headings(["P1", "G3", "P1"]) == (
        "G3 " + clause("G3").heading,
        "P1 " + clause("P1").heading,
    )
    with pytest.raises(InputInvalidError, match="there is no clause 'P9', expected one of G1"):
        clause("P9")
