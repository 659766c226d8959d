"""What reports say of thresholds: in force, raw, beyond the measured, and what they rest on."""

import csv
import io
import json
from dataclasses import replace

import pytest

from reference_index import Kind, Record
from screening.decision import (
    NETFLIX_GENAI,
    Coverage,
    Policy,
    Role,
    advice,
    decide,
    judge,
    policy_named,
)
from screening.matching import (
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Finding,
    RankedCandidate,
)
from screening.matching.findings import WHOLE_PICTURE
from screening.report import CsvReport, JsonlReport, Summary, TableReport
from screening.report.calibrations import IndexCalibration
from screening.report.words import evidence_in_words, thresholds_in_words
from screening.result import Screening

EXPERT = replace(NETFLIX_GENAI, raw_scores={"hash": 200})
RAW = "flagged by a raw score of 200 (hash, bits of 256 alike), which promises no false-alarm rate"


def evidence(channel: str, score: float, false_alarms: float) -> ChannelEvidence:
    return ChannelEvidence(
        channel=channel,
        score=score,
        unit="bits of 256 alike" if channel == "hash" else "log significance",
        false_alarms=false_alarms,
        extrapolated=False,
        measured_to=1e-4,
        calibration="default",
        reference_image="0" * 64,
        transform="mirrored",
        frame=0,
    )


def finding(name: str, *channels: ChannelEvidence, kind: Kind = Kind.WORK) -> Finding:
    return Finding(
        record=Record(id=name, kind=kind, title=name),
        false_alarms=channels[0].false_alarms,
        measured_to=1e-4,
        channels=channels,
        region=WHOLE_PICTURE,
        frame=0,
    )


def screening(*findings: Finding, policy: Policy = NETFLIX_GENAI) -> Screening:
    """Return what a Screener says of a picture with these findings."""
    ran = {"hash": ChannelReport(state=ChannelState.RAN)}
    decision = decide(findings, ran, policy=policy)
    return Screening(
        path="a.png",
        sha256="0" * 64,
        role=Role.UNKNOWN,
        verdict=decision.verdict,
        coverage=Coverage.COMPLETE,
        reason=None,
        findings=decision.findings,
        channels=ran,
        policy=policy,
    )


def csv_row(one: Screening) -> dict[str, str]:
    report = CsvReport()
    (row,) = csv.DictReader(io.StringIO(report.start() + report.line(one)))
    return row


LOUD = finding("loud", evidence("hash", 210.0, 0.4))
NOTED = finding("noted", evidence("local", 30.0, 5e-3))
RARE = finding("rare", evidence("local", 90.0, 1e-9), evidence("hash", 215.0, 0.4))


def test_a_raw_score_is_labeled_in_every_report():
    """The result, JSON, CSV and the table say that no false-alarm rate is promised."""
    one = screening(LOUD, policy=EXPERT)
    (told_of,) = one.findings
    assert one.flagged
    assert one.basis(told_of) == "raw_score"
    (line,) = json.loads(JsonlReport().line(one))["findings"]
    assert (line["basis"], line["basis_in_words"]) == ("raw_score", RAW)
    assert csv_row(one)["basis"] == RAW
    assert f"work “loud”: hash, mirrored, {RAW}\n" in TableReport().line(one)


def test_what_false_alarms_flag_is_labeled_so():
    """A raw score that is reached too changes nothing of it, but lets its channel speak."""
    one = screening(RARE, policy=EXPERT)
    (told_of,) = one.findings
    assert one.basis(told_of) == "false_alarms"
    (line,) = json.loads(JsonlReport().line(one))["findings"]
    assert line["basis"] == "false_alarms"
    assert "basis_in_words" not in line
    assert csv_row(one)["basis"] == "false_alarms"
    assert TableReport().line(one).splitlines()[1].endswith("work “rare”: local and hash, mirrored")


def test_the_finding_that_decides_stands_beside_the_verdict():
    """A note that is rarer than what a raw score flags does not hide it, in no order."""
    one = screening(NOTED, LOUD, policy=EXPERT)
    assert one.decisive.record.id == "loud"
    row = csv_row(one)
    assert (row["verdict"], row["title"], row["channel"]) == ("needs_approval", "loud", "hash")
    first, noted, loud, advised = TableReport().line(one).splitlines()
    assert first.split()[:6] == ["needs", "approval", "complete", "1", "in", "2"]
    assert noted.endswith("local, mirrored (1 in 200)")
    assert loud.endswith(RAW)
    assert advised.strip() == f"P1, G3: {advice(one.decisive)}"
    assert screening().decisive is None


def test_the_evidence_of_a_row_is_what_flags():
    """In CSV the channel with the raw score stands there even where another is rarer."""
    both = finding("both", evidence("local", 4.0, 0.3), evidence("hash", 210.0, 0.4))
    assert csv_row(screening(both, policy=EXPERT))["channel"] == "hash"
    assert "local and hash" in TableReport().line(screening(both, policy=EXPERT))


def test_people_see_no_number_beyond_what_was_measured():
    """In the table and CSV it is a bound, also among the candidates; JSON has the number."""
    candidates = tuple(
        RankedCandidate(record=one.record, channel="local", score=90.0, false_alarms=at)
        for one, at in ((RARE, 1e-9), (LOUD, 0.4))
    )
    one = replace(screening(RARE), candidates=candidates)
    row = csv_row(one)
    assert (row["false_alarms"], row["coincidence"]) == ("0.0001", "rarer than 1 in 10,000")
    table = TableReport().line(one)
    assert "1e-09" not in table
    assert "· rare: local 90, by coincidence rarer than 1 in 10,000\n" in table
    assert "· loud: local 90, 0.4 false alarms per image\n" in table
    line = json.loads(JsonlReport().line(one))
    assert line["findings"][0]["false_alarms"] == line["candidates"][0]["false_alarms"] == 1e-9
    within = csv_row(screening(NOTED))
    assert (within["false_alarms"], within["coincidence"]) == ("0.005", "1 in 200")
    nothing = csv_row(screening())
    assert {nothing[key] for key in ("false_alarms", "coincidence", "basis")} == {""}


def test_notes_can_be_left_out_of_the_table():
    """The picture keeps its row and its verdict; what needs approval is told as before."""
    noted = screening(NOTED)
    assert len(TableReport().line(noted).splitlines()) == 2
    (row,) = TableReport(notes=False).line(noted).splitlines()
    assert row.split() == ["note", "complete", "1", "in", "200", "a.png"]
    both = TableReport(notes=False).line(screening(RARE, NOTED))
    assert "rare" in both
    assert "noted" not in both


@pytest.mark.parametrize(("note_at", "speaking"), [(0.4, "local and hash"), (0.3, "local")])
def test_a_channel_speaks_where_it_would_be_a_note(note_at, speaking):
    """Under the policy in force, not the built-in one."""
    policy = replace(NETFLIX_GENAI, note_at=note_at)
    assert evidence_in_words(judge(RARE, policy=policy), policy) == f"{speaking}, mirrored"


def test_the_summary_says_which_thresholds_held():
    """Raw scores are named as an expert's setting."""
    assert thresholds_in_words(NETFLIX_GENAI) == (
        "Thresholds: netflix-genai, approval at 0.001 false alarms per image or fewer, a note at "
        "0.01."
    )
    assert thresholds_in_words(policy_named("copies-only")) == (
        "Thresholds: copies-only, approval at 0.001 false alarms per image or fewer, a note at "
        "0.01. Rules of the policy set others for some findings."
    )
    default = IndexCalibration(index="works.index", channels={"hash": "own", "local": "default"})
    summary = Summary(policy=EXPERT, calibrations=(default,))
    summary.add(screening(LOUD, policy=EXPERT))
    guidance, *clauses, counts, thresholds, calibration = (
        TableReport().end(summary).strip().splitlines()
    )
    assert guidance == (
        "Clauses of “Using Generative AI in Content Production” (Netflix Partner Help Center, "
        "2025-11-11):"
    )
    assert clauses == ["  G3 Written approval first", "  P1 No recreation of protected work"]
    assert counts == "1 picture screened: 1 needs approval."
    assert thresholds.endswith(
        "Expert settings, which promise no false-alarm rate: raw scores hash 200."
    )
    assert calibration == (
        "Thresholds: default figures of the package; calibrate with your own background: "
        "screening calibrate works.index --background FOLDER"
    )
    said = json.loads(JsonlReport().end(summary))["summary"]
    assert list(said["clauses"]) == ["G3", "P1"]
    assert said["guidance"]["date"] == "2025-11-11"
    assert said["policy"] == "netflix-genai"
    assert said["thresholds"] == {"flag_at": 1e-3, "note_at": 1e-2, "raw_scores": {"hash": 200}}
