"""What holds of every decision, whatever was found and whatever is on record."""

import random
from dataclasses import replace
from datetime import date, timedelta

from decisions import RAN, TODAY, consent, evidence, finding
from hypothesis import given
from hypothesis import strategies as st

from reference_index import Kind, PersonStatus
from screening.decision import Context, Coverage, Role, Stage, Verdict, decide, judge, policy_named
from screening.decision.consents import Grantor, Use
from screening.decision.standings import Standing, StandingState
from screening.matching import ChannelReport, ChannelState

IDS = ("one", "two", "three")
EVIDENCE = st.builds(
    evidence,
    st.sampled_from(["hash", "local", "face", "face-drawn", "embedding:clip"]),
    st.floats(1e-12, 10.0),
)
CHANNELS = st.lists(EVIDENCE, min_size=1, max_size=4, unique_by=lambda one: one.channel)
FINDING = st.builds(
    lambda channels, **of: finding(*channels, **of),
    CHANNELS,
    kind=st.sampled_from(Kind),
    status=st.sampled_from(["", *PersonStatus]),
    id_=st.sampled_from(IDS),
)
FINDINGS = st.lists(FINDING, max_size=3, unique_by=lambda one: one.record.id)
POLICIES = st.sampled_from(["netflix-genai", "copies-only"]).map(policy_named)
DAYS = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))
STANDINGS = st.dictionaries(
    st.sampled_from(IDS),
    st.builds(
        Standing,
        state=st.sampled_from(StandingState),
        reason=st.just("coincidence"),
        cleared_id=st.just("stock"),
        until=st.none() | DAYS,
        stages=st.sampled_from([(), (Stage.IDEATION,), (Stage.FINAL,)]),
    ),
)
CONSENTS = st.lists(
    st.builds(
        consent,
        record_id=st.sampled_from(IDS),
        production=st.sampled_from(["Halyard", "Mistral"]),
        granted_by=st.sampled_from(Grantor),
        uses=st.sampled_from([(Use.LIKENESS,), (Use.INPUT, Use.VOICE)]),
        valid_from=st.just(date(2020, 1, 1)),
        valid_until=st.none() | DAYS,
    ),
    max_size=3,
)
CASE = st.fixed_dictionaries(
    {
        "policy": POLICIES,
        "role": st.sampled_from(Role),
        "context": st.builds(
            Context,
            production=st.sampled_from(["", "Halyard"]),
            stage=st.sampled_from(Stage),
            today=st.none() | st.just(TODAY),
        ),
        "consents": CONSENTS,
        "standings": STANDINGS,
    }
)
REPORTS = st.dictionaries(
    st.sampled_from(["hash", "local", "face"]),
    st.builds(ChannelReport, state=st.sampled_from(ChannelState)),
)


@given(findings=FINDINGS, more=FINDINGS, case=CASE)
def test_more_findings_never_lower_a_verdict(findings, more, case):
    """Whatever is on record, another record leaves the verdict where it is or raises it."""
    before, after = decide(findings, RAN, **case), decide([*findings, *more], RAN, **case)
    assert after.verdict.rank >= before.verdict.rank


@given(found=FINDING, channels=CHANNELS, case=CASE)
def test_more_evidence_never_lowers_a_verdict(found, channels, case):
    """Another channel that speaks for a record, or speaks louder, raises it or leaves it."""
    known = {one.channel: one for one in found.channels}
    louder = {
        one.channel: min(one, known.get(one.channel, one), key=lambda e: e.false_alarms)
        for one in channels
    }
    both = finding(*(known | louder).values())
    more = replace(found, channels=both.channels, false_alarms=both.false_alarms)
    before, after = decide([found], RAN, **case), decide([more], RAN, **case)
    assert after.verdict.rank >= before.verdict.rank


@given(findings=FINDINGS, case=CASE, seed=st.integers(0, 99))
def test_order_never_matters(findings, case, seed):
    """Neither that of the findings nor that of consents and standings."""
    shuffled = random.Random(seed)
    there = decide(findings, RAN, **case)
    again = decide(
        shuffled.sample(findings, len(findings)),
        RAN,
        **case
        | {
            "consents": shuffled.sample(case["consents"], len(case["consents"])),
            "standings": dict(reversed(case["standings"].items())),
        },
    )
    assert replace(again, findings=()) == replace(there, findings=())
    assert set(again.findings) == set(there.findings)


@given(findings=FINDINGS, channels=REPORTS, unscreened=st.none() | st.just("2 frames"), case=CASE)
def test_what_was_not_looked_at_is_never_complete(findings, channels, unscreened, case):
    """Nothing found is complete only where all channels with references ran on all of it."""
    decision = decide(findings, channels, unscreened=unscreened, **case)
    if decision.verdict is Verdict.NOTHING_FOUND and decision.coverage is Coverage.COMPLETE:
        states = {report.state for report in channels.values()}
        assert unscreened is None
        assert ChannelState.RAN in states
        assert states <= {ChannelState.RAN, ChannelState.NO_REFERENCES}
    assert decision.coverage is decide([], channels, unscreened=unscreened, **case).coverage


@given(findings=FINDINGS, case=CASE)
def test_a_standing_is_about_its_record_alone(findings, case):
    """What is on record about one record changes nothing of what the others come to."""
    bare = {
        one.record.id: one for one in decide(findings, RAN, **case | {"standings": {}}).findings
    }
    for one in decide(findings, RAN, **case).findings:
        if one.record.id not in case["standings"]:
            assert one == bare[one.record.id]


@given(findings=FINDINGS, case=CASE)
def test_nothing_on_record_hides_a_finding(findings, case):
    """Consents and standings change verdicts, never what is told."""
    bare = decide(findings, RAN, **case | {"standings": {}, "consents": []})
    there = decide(findings, RAN, **case)
    assert [one.record.id for one in there.findings] == [one.record.id for one in bare.findings]
    assert (there.verdict is Verdict.NOTHING_FOUND) == (bare.verdict is Verdict.NOTHING_FOUND)


@given(found=FINDING, case=CASE)
def test_a_picture_is_judged_as_its_only_finding_is(found, case):
    """The verdict on a picture with one finding is that of the finding alone."""
    standing = case["standings"].get(found.record.id)
    alone = judge(
        found,
        standing=standing,
        **{key: case[key] for key in ("policy", "role", "context", "consents")},
    )
    assert decide([found], RAN, **case).verdict is alone.verdict
