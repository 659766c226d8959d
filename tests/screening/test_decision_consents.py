"""Consents: what they cover, and why not."""

from dataclasses import replace
from datetime import date

import pytest
from decisions import HALYARD, TODAY, consent, person

from screening.decision import Context, Role, Stage, Verdict, advice, judge
from screening.decision.consents import Grantor, Use, answer, best_answer
from screening.errors import InputInvalidError


def asked(given, *, use=Use.LIKENESS, stage=Stage.IDEATION, status="talent", **context):
    return answer(given, use=use, stage=stage, status=status, context=replace(HALYARD, **context))


@pytest.mark.parametrize(
    ("changed", "ask"),
    [
        ({}, {}),
        ({"production": " halyard "}, {}),
        ({"valid_from": TODAY, "valid_until": TODAY}, {}),
        ({"valid_until": None}, {}),
        ({"revoked_on": date(2026, 5, 2)}, {}),
        ({"stages": (Stage.FINAL, Stage.IDEATION)}, {}),
        ({"territory": ("Germany", "France")}, {"territory": ("france",)}),
        ({"media": ("streaming",)}, {"media": ("Streaming",)}),
        ({}, {"territory": ("Germany",), "media": ("cinema",)}),
        ({"uses": (Use.INPUT, Use.VOICE)}, {"use": Use.INPUT}),
        ({"granted_by": Grantor.GUARDIAN}, {"status": "minor"}),
        ({"granted_by": Grantor.ESTATE}, {"status": "deceased"}),
        ({}, {"status": ""}),
    ],
)
def test_what_lies_within_is_covered(changed, ask):
    """First and last day included; "worldwide" and "all media" hold all others."""
    given = asked(consent(**changed), **ask)
    assert given.covered
    assert given.words.startswith("consent on file for ")
    assert given.clauses == ("N2", "T1")


@pytest.mark.parametrize(
    ("changed", "ask", "clause", "reason"),
    [
        ({"production": "Halyard 2"}, {}, "N4", "it is for another production, “Halyard 2”"),
        ({}, {"production": ""}, "N4", "the production is not named: set production in screening"),
        ({"valid_from": date(2026, 5, 2)}, {}, "N3", "it begins on 2026-05-02"),
        ({"valid_until": date(2026, 4, 30)}, {}, "N3", "it expired on 2026-04-30"),
        ({"revoked_on": TODAY}, {}, "N3", "it was revoked on 2026-05-01"),
        ({}, {"today": None}, "N3", "the day is not known"),
        (
            {"stages": (Stage.IDEATION,)},
            {"stage": Stage.FINAL},
            "N3",
            "stages ideation, not for fi",
        ),
        ({"uses": (Use.VOICE,)}, {}, "N3", "it is for voice, not for likeness"),
        ({}, {"use": Use.TRAINING}, "N3", "it is for likeness, not for training"),
        ({"territory": ("France",)}, {"territory": ("France", "Italy")}, "N3", "not for Italy"),
        ({"territory": ("France",)}, {}, "N3", "territory is not set in screening.toml"),
        ({"media": ("cinema",)}, {"media": ("streaming",)}, "N3", "cinema, not for streaming"),
        ({}, {"status": "minor"}, "T1", "it is the person's, and the guardian's is needed"),
        ({}, {"status": "deceased"}, "T1", "it is the person's, and the estate's is needed"),
        ({"granted_by": Grantor.GUARDIAN}, {}, "T1", "the guardian's, and the person's is needed"),
    ],
)
def test_what_lies_outside_says_why(changed, ask, clause, reason):
    """One reason, and the clause that it falls under."""
    given = asked(consent(**changed), **ask)
    assert not given.covered
    assert given.clauses == (clause,)
    assert given.words.startswith("consent on file does not cover it: ")
    assert reason in given.words


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"production": " "}, "a consent's production is empty"),
        ({"document_sha256": ""}, "document_sha256 is empty"),
        ({"uses": ()}, "uses is empty: it would cover nothing"),
        (
            {"uses": ("likeness", "fame")},
            r"uses are \('likeness', 'fame'\), expected some of input",
        ),
        ({"stages": ("final",)}, "stages are"),
        ({"territory": ()}, "territory is empty: it would cover nothing"),
        ({"territory": "Germany"}, "territory is 'Germany', expected texts in a tuple"),
        ({"granted_by": "person"}, "granted_by is 'person', expected one of person, guardian"),
        ({"valid_until": date(2025, 12, 31)}, "valid_until is 2025-12-31, before valid_from"),
        ({"revocable": False, "revoked_on": TODAY}, "revocable is false: one of them is wrong"),
    ],
)
def test_a_consent_that_cannot_be_meant_is_refused(changed, message):
    """The error names the field."""
    with pytest.raises(InputInvalidError, match=message):
        consent(**changed)


def test_the_consent_that_covers_is_the_one_told():
    """Else one for this production, whatever their order; of nobody else's any."""
    other = consent(production="Mistral")
    expired = consent(valid_until=date(2026, 2, 1))
    ask = {"use": Use.LIKENESS, "stage": Stage.IDEATION, "status": "talent", "context": HALYARD}
    assert best_answer([], **ask) is None
    for those in ([other, expired], [expired, other]):
        assert "expired" in best_answer(those, **ask).words
    assert best_answer([other, expired, consent()], **ask).covered
    judged = judge(person("talent"), context=HALYARD, consents=[consent(record_id="else")])
    assert (judged.verdict, judged.consent) == (Verdict.NEEDS_APPROVAL, None)


def test_a_picture_with_a_covered_person_is_a_note_that_says_so():
    """It names scope and term, and is never nothing; fed to a generator it is another use."""
    judged = judge(person("talent"), context=HALYARD, consents=[consent()])
    assert judged.verdict is Verdict.NOTE
    assert advice(judged).endswith(
        "consent on file for Halyard: likeness; worldwide; all media, until 2026-12-31."
    )
    fed = judge(person("talent"), role=Role.INPUT, context=HALYARD, consents=[consent()])
    assert fed.verdict is Verdict.NEEDS_APPROVAL
    assert "it is for likeness, not for input" in advice(fed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stage": "final"}, "stage is 'final', expected one of ideation, background, final"),
        ({"media": ["tv"]}, r"media is \['tv'\], expected texts in a tuple"),
        ({"territory": ("",)}, "territory is"),
    ],
)
def test_a_context_that_cannot_be_meant_is_refused(changed, message):
    """The error names the field."""
    with pytest.raises(InputInvalidError, match=message):
        Context(**changed)
