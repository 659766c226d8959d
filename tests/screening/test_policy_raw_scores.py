"""Raw scores given by an expert: what they flag, what they leave, and what they promise."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_index import Kind, Record
from screening.decision import NETFLIX_GENAI, Policy, Verdict, decide, judge, policy_named
from screening.errors import InputInvalidError, PolicyError
from screening.matching import ChannelEvidence, ChannelReport, ChannelState, Finding
from screening.matching.findings import WHOLE_PICTURE

SEARCHES = 2
RAN = {name: ChannelReport(state=ChannelState.RAN) for name in ("hash", "local")}
EXPERT = dataclasses.replace(NETFLIX_GENAI, raw_scores={"hash": 200})


def evidence(channel: str, score: float, false_alarms: float) -> ChannelEvidence:
    return ChannelEvidence(
        channel=channel,
        score=score,
        unit="bits of 256 alike" if channel == "hash" else "log significance",
        false_alarms=false_alarms,
        extrapolated=False,
        measured_to=1e-6,
        calibration="default",
        reference_image="0" * 64,
        transform="as it is",
        frame=0,
    )


def finding(*channels: ChannelEvidence, kind: Kind = Kind.WORK) -> Finding:
    """Return a finding as fusion makes it of these channels."""
    best = sorted(channels, key=lambda one: one.false_alarms)
    return Finding(
        record=Record(id=f"{kind}-1", kind=kind, title="The Salt Road"),
        false_alarms=best[0].false_alarms * SEARCHES,
        measured_to=1e-6 * SEARCHES,
        channels=tuple(best),
        region=WHOLE_PICTURE,
        frame=0,
    )


def verdict_of(one: Finding, policy: Policy) -> Verdict:
    return judge(one, policy=policy).verdict


def raw_flag(one: Finding, policy: Policy) -> ChannelEvidence | None:
    return judge(one, policy=policy).raw


FINDINGS = st.lists(
    st.builds(
        finding,
        st.builds(evidence, st.just("hash"), st.floats(0, 256), st.floats(1e-9, 100.0)),
        st.builds(evidence, st.just("local"), st.floats(0, 500), st.floats(1e-9, 100.0)),
        kind=st.sampled_from(list(Kind)),
    ),
    max_size=5,
)


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("score", "false_alarms", "expected"),
    [
        (200.0, 30.0, Verdict.NEEDS_APPROVAL),  # however common
        (199.9, 30.0, Verdict.NOTHING_FOUND),
        (199.9, 1e-2 / SEARCHES, Verdict.NOTE),
        (199.9, 1e-12, Verdict.NOTE),  # however rare, it is told and no more
        (200.0, 1e-12, Verdict.NEEDS_APPROVAL),
    ],
)
def test_a_channel_with_a_raw_score_flags_by_it_alone(score, false_alarms, expected):
    """From the score on it needs approval, below it never; what is rare stays a note."""
    one = finding(evidence("hash", score, false_alarms))
    assert verdict_of(one, EXPERT) is expected
    assert decide([one], RAN, policy=EXPERT).verdict is expected
    assert (raw_flag(one, EXPERT) is not None) == (score >= 200)


@pytest.mark.parametrize("others", [1e-12, 1.0])
@pytest.mark.parametrize(
    ("false_alarms", "expected"),
    [(1e-3 / SEARCHES, Verdict.NEEDS_APPROVAL), (1.001e-3 / SEARCHES, Verdict.NOTE)],
)
def test_other_channels_flag_by_their_false_alarms(others, false_alarms, expected):
    """Fused over all searches, whether the channel with the raw score is the rarer or not."""
    one = finding(evidence("local", 20.0, false_alarms), evidence("hash", 150.0, others))
    assert verdict_of(one, EXPERT) is expected
    assert raw_flag(one, EXPERT) is None


def test_what_false_alarms_flag_keeps_their_promise():
    """A raw score is named only where nothing else flags the finding."""
    both = finding(evidence("hash", 250.0, 1e-9), evidence("local", 90.0, 1e-5))
    assert raw_flag(both, EXPERT) is None
    raw = finding(evidence("hash", 250.0, 1e-9), evidence("local", 4.0, 1.0))
    assert raw_flag(raw, EXPERT) == raw.channels[0]
    assert raw_flag(raw, NETFLIX_GENAI) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.TEMPORARY, Verdict.NOTE), (Kind.CLEARED, Verdict.NOTHING_FOUND)],
)
def test_a_raw_score_flags_no_temporary_and_no_cleared_record(kind, expected):
    """What a record is still decides what its match means."""
    assert verdict_of(finding(evidence("hash", 256.0, 30.0), kind=kind), EXPERT) is expected


def test_only_what_counts_is_told_with_its_clauses():
    """The search tells all where raw scores are given; the policy leaves what counts, in order."""
    rare = finding(evidence("local", 90.0, 1e-9))
    high, low = (finding(evidence("hash", score, 30.0)) for score in (210.0, 150.0))
    kept = decide([rare, low, high], RAN, policy=EXPERT).findings
    assert [one.channels for one in kept] == [rare.channels, high.channels]
    assert {one.clauses for one in kept} == {("P1", "G3")}
    assert decide([rare, low, high], RAN).findings == kept[:1]


@given(findings=FINDINGS)
def test_a_score_that_none_reaches_leaves_only_notes_of_its_channel(findings):
    """With a score for each channel that is out of reach, nothing is flagged and no note lost."""
    expert = dataclasses.replace(NETFLIX_GENAI, raw_scores={"hash": 257, "local": 501})
    for one in findings:
        usual = verdict_of(one, NETFLIX_GENAI)
        capped = min(usual, Verdict.NOTE, key=lambda verdict: verdict.rank)
        assert verdict_of(one, expert) is capped


@given(findings=FINDINGS, more=FINDINGS)
def test_more_evidence_never_lowers_a_verdict(findings, more):
    """Adding findings leaves the verdict where it is or raises it."""
    before, after = (decide(those, RAN, policy=EXPERT) for those in (findings, findings + more))
    assert after.verdict.rank >= before.verdict.rank


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ({"flag_at": 0.0}, "flag_at is 0.0, expected false alarms per image, a number above 0"),
        ({"note_at": math.inf}, "note_at is inf, expected"),
        ({"note_at": math.nan}, "note_at is nan, expected"),
        ({"flag_at": "rare"}, "flag_at is 'rare', expected"),
        ({"flag_at": True}, "flag_at is True, expected"),
        ({"flag_at": 0.1}, "flag_at is 0.1, above note_at, 0.01: lower it, or raise note_at too"),
        (
            {"raw_scores": {"smell": 1}},
            "no channel 'smell', expected one of face, face-drawn, hash",
        ),
        ({"raw_scores": {"hash": 0}}, "raw_scores: hash is 0, expected a score"),
        ({"raw_scores": {"local": math.nan}}, "raw_scores: local is nan, expected a score"),
        ({"raw_scores": 200}, "raw_scores is 200, expected a score for each"),
    ],
)
def test_thresholds_that_cannot_be_meant_are_refused(thresholds, message):
    """The error says which, what it is, and what was expected."""
    with pytest.raises(InputInvalidError, match=message):
        dataclasses.replace(NETFLIX_GENAI, **thresholds)


def test_a_policy_is_a_value():
    """Changing what it was made from does not change it, and it can be a key."""
    scores = {"hash": 200.0}
    policy = Policy(name="mine", flag_at=1e-3, note_at=1e-3, required=(), raw_scores=scores)
    scores["hash"] = 1.0
    assert policy.raw_scores == {"hash": 200.0}
    assert {policy, dataclasses.replace(policy)} == {policy}


def test_policies_have_names():
    """The built-in ones are found by name, another is none."""
    assert policy_named("netflix-genai") is NETFLIX_GENAI
    assert policy_named("copies-only").name == "copies-only"
    known = "there is 'copies-only', 'netflix-genai', or name a file"
    with pytest.raises(PolicyError, match=f"no policy named 'mine'; {known}"):
        policy_named("mine")
