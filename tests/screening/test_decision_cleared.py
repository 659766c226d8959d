"""What a finding comes to that a cleared reference explains better."""

from dataclasses import replace
from datetime import date

import pytest
from decisions import HALYARD, RAN, finding

from screening.decision import Role, Stage, Verdict, advice, decide, judge
from screening.decision.standings import Standing, StandingState
from screening.matching import ClearedBy

STOCK = ClearedBy(
    record_id="stock-12", title="Harbor", channel="local", reference_image="0" * 64
)  # fmt: skip
EXPLAINED = replace(finding("local"), cleared=STOCK)


@pytest.mark.parametrize("role", [Role.GENERATED, Role.INPUT, Role.FINAL])
def test_what_a_cleared_reference_explains_is_kept_and_does_not_flag(role):
    """It is a note that names the cleared picture, wherever it is seen."""
    judged = judge(EXPLAINED, role=role, context=HALYARD)
    assert judged.verdict is Verdict.NOTE
    assert judged.standing.state is StandingState.CLEARED
    assert "explained better by the cleared “Harbor”" in advice(judged)


def test_another_finding_in_the_same_picture_still_flags():
    """A cleared reference speaks for what it explains alone."""
    other = finding("local", id_="other")
    decision = decide([EXPLAINED, other], RAN, context=HALYARD)
    assert decision.verdict is Verdict.NEEDS_APPROVAL
    assert [one.verdict for one in decision.findings] == [Verdict.NOTE, Verdict.NEEDS_APPROVAL]


@pytest.mark.parametrize(
    ("known", "state", "verdict"),
    [
        (Standing(state=StandingState.DENIED), StandingState.DENIED, Verdict.BLOCKED),
        (
            Standing(state=StandingState.DISMISSED, reason="look-alike"),
            StandingState.DISMISSED,
            Verdict.NOTE,
        ),
        (Standing(state=StandingState.REQUESTED), StandingState.CLEARED, Verdict.NOTE),
        (
            Standing(state=StandingState.GRANTED, until=date(2020, 1, 1)),
            StandingState.CLEARED,
            Verdict.NOTE,
        ),
        (
            Standing(state=StandingState.GRANTED, stages=(Stage.IDEATION,)),
            StandingState.GRANTED,
            Verdict.NOTE,
        ),
    ],
)
def test_a_decision_on_record_comes_before_what_explains_a_finding(known, state, verdict):
    """What settles nothing does not."""
    judged = judge(EXPLAINED, context=HALYARD, standing=known)
    assert (judged.standing.state, judged.verdict) == (state, verdict)
