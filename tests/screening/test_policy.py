import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_index import Kind, Record
from screening.decision import Coverage, Policy, Verdict, decide, judge
from screening.matching import ChannelReport, ChannelState, Finding
from screening.matching.findings import WHOLE_PICTURE


def finding(false_alarms: float, kind: Kind = Kind.WORK) -> Finding:
    return Finding(
        record=Record(id=f"{kind}-1", kind=kind, title="The Salt Road"),
        false_alarms=false_alarms,
        measured_to=1e-3,
        channels=(),
        region=WHOLE_PICTURE,
        frame=0,
    )


RAN = {"hash": ChannelReport(state=ChannelState.RAN)}
FINDINGS = st.lists(
    st.builds(finding, st.floats(1e-30, 10.0), st.sampled_from(list(Kind))), max_size=6
)
REPORTS = st.dictionaries(
    st.sampled_from(["hash", "local", "face"]),
    st.builds(ChannelReport, state=st.sampled_from(list(ChannelState))),
)


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("false_alarms", "expected"),
    [
        (1e-9, Verdict.NEEDS_APPROVAL),
        (1e-3, Verdict.NEEDS_APPROVAL),
        (1.0001e-3, Verdict.NOTE),
        (1e-2, Verdict.NOTE),
        (1.0001e-2, Verdict.NOTHING_FOUND),
    ],
)
def test_thresholds_are_inclusive(false_alarms, expected):
    """A finding at the limit itself still counts."""
    assert decide([finding(false_alarms)], RAN).verdict is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.WORK, Verdict.NEEDS_APPROVAL),
        (Kind.PERSON, Verdict.NEEDS_APPROVAL),
        (Kind.KEY_ELEMENT, Verdict.NEEDS_APPROVAL),
        (Kind.TEMPORARY, Verdict.NOTE),
        (Kind.CLEARED, Verdict.NOTHING_FOUND),
    ],
)
def test_what_a_record_is_decides_what_its_match_means(kind, expected):
    """Cleared records count nowhere, temporary ones are a note, the others need approval."""
    one = judge(finding(1e-9, kind))
    assert one.verdict is expected
    assert bool(one.clauses) == (expected is not Verdict.NOTHING_FOUND)


@given(findings=FINDINGS, more=FINDINGS)
def test_more_evidence_never_lowers_a_verdict(findings, more):
    """Adding findings leaves the verdict where it is or raises it."""
    before, after = decide(findings, RAN).verdict, decide(findings + more, RAN).verdict
    assert after.rank >= before.rank


@given(findings=FINDINGS, smaller=st.floats(1e-30, 1.0))
def test_stronger_evidence_never_lowers_a_verdict(findings, smaller):
    """Rarer false alarms leave the verdict where it is or raise it."""
    stronger = [dataclasses.replace(f, false_alarms=f.false_alarms * smaller) for f in findings]
    stronger = [
        f if f.false_alarms > 0 else dataclasses.replace(f, false_alarms=1e-300) for f in stronger
    ]
    assert decide(stronger, RAN).verdict.rank >= decide(findings, RAN).verdict.rank


@given(findings=FINDINGS.filter(lambda f: len(f) <= 4))
def test_order_never_matters(findings):
    """Findings may come in any order."""
    decided = [decide(list(p), RAN) for p in itertools.permutations(findings)]
    assert len({dataclasses.replace(one, findings=()) for one in decided}) == 1
    assert len({frozenset(one.findings) for one in decided}) == 1


@given(findings=FINDINGS, channels=REPORTS)
def test_missing_channels_never_hide_a_finding_nor_it_them(findings, channels):
    """The verdict ignores the channels, and coverage the findings."""
    decision = decide(findings, channels)
    assert decision.verdict is decide(findings, RAN).verdict
    assert decision.coverage is decide([], channels).coverage


@given(channels=REPORTS)
def test_coverage_is_complete_only_when_everything_ran(channels):
    """Complete needs a channel that ran, and none that could not or did so weakly."""
    states = {report.state for report in channels.values()}
    complete = decide([], channels).coverage is Coverage.COMPLETE
    assert complete == (
        ChannelState.RAN in states and states <= {ChannelState.RAN, ChannelState.NO_REFERENCES}
    )
    assert (decide([], channels).reason is None) == complete


@pytest.mark.parametrize(
    ("channels", "unscreened", "expected"),
    [
        ({"hash": ChannelState.RAN}, None, Coverage.COMPLETE),
        ({"hash": ChannelState.RAN, "face": ChannelState.NO_REFERENCES}, None, Coverage.COMPLETE),
        ({"hash": ChannelState.RAN, "face": ChannelState.UNAVAILABLE}, None, Coverage.PARTIAL),
        ({"hash": ChannelState.WEAK}, None, Coverage.PARTIAL),
        ({"hash": ChannelState.RAN, "local": ChannelState.RAN}, None, Coverage.COMPLETE),
        ({"hash": ChannelState.RAN, "local": ChannelState.NO_REFERENCES}, None, Coverage.COMPLETE),
        ({"hash": ChannelState.RAN, "local": ChannelState.WEAK}, None, Coverage.PARTIAL),
        (
            {"hash": ChannelState.RAN, "local": ChannelState.UNAVAILABLE},
            None,
            Coverage.INSUFFICIENT,
        ),
        ({"hash": ChannelState.UNAVAILABLE}, None, Coverage.INSUFFICIENT),
        ({"hash": ChannelState.NO_REFERENCES}, None, Coverage.INSUFFICIENT),
        ({}, None, Coverage.INSUFFICIENT),
        ({"hash": ChannelState.RAN}, "3 of 9 frames not looked at", Coverage.INSUFFICIENT),
    ],
)
def test_coverage(channels, unscreened, expected):
    """Optional gaps make it partial; required ones, unseen frames, no channel: insufficient."""
    reports = {name: ChannelReport(state=state) for name, state in channels.items()}
    assert decide([], reports, unscreened=unscreened).coverage is expected


def test_a_policy_that_contradicts_itself_is_refused():
    """A note threshold below the flag threshold cannot be meant."""
    with pytest.raises(ValueError, match="flag_at"):
        Policy(name="odd", flag_at=1e-2, note_at=1e-3, required=())
