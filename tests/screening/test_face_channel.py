"""Faces of a picture against the people of an index, in false alarms like everything else."""

import hashlib
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reference_index import Fingerprint, IndexWriter, Kind, PersonStatus, Record, ReferenceIndex
from reference_index.calibration import Calibration, ChannelCalibration
from reference_index.fingerprint import Faces
from screening.calibration import score_examined
from screening.decision import judge
from screening.errors import CalibrationError, InputInvalidError
from screening.examine import Examined
from screening.images import from_pil
from screening.matching import ChannelReport, ChannelState, default_null, match, settings_of
from screening.signals import SETTINGS, fingerprint

MODEL = "somebody's model"
SIZE = 64
PEOPLE = {"ada": PersonStatus.PUBLIC_FIGURE, "bo": PersonStatus.TALENT, "cy": ""}
RNG = np.random.default_rng(0)
FACE_OF = {name: RNG.normal(size=SIZE) for name in (*PEOPLE, "stranger", "other")}


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def picture(*names, drawn=(), poor=(), settings=MODEL, frame=0) -> Fingerprint:
    """Return a plain picture with a face of each of these, side by side, the first the largest."""
    (only,) = from_pil(Image.new("RGB", (90, 60))).frames
    count = len(names)
    left = np.arange(count) / max(count, 1)
    boxes = np.stack([left, np.full(count, 0.2), left + 0.2, np.full(count, 0.6)], axis=1)
    vectors = [np.zeros(SIZE) if name in poor else unit(FACE_OF[name]) for name in names]
    faces = Faces(
        settings=settings,
        boxes=boxes.astype(np.float32).reshape(-1, 4),
        quality=np.tile(np.float32([0.9, 80, 0.7, 0.05]), (count, 1)),
        drawn=np.array([name in drawn for name in names], np.bool_),
        vectors=np.array(vectors, np.float32).reshape(-1, SIZE),
        strangers=(0.17, 0.34),
    )
    digest = hashlib.sha256(repr(names).encode()).hexdigest()
    return replace(fingerprint(only, sha256=digest), faces=faces, frame=frame)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Make and open indexes of people, calibrated as it is told."""
    with ExitStack() as stack:

        def make(people=PEOPLE, *, calibrated=("face", "face-drawn"), settings=None, tail=0.03):
            path = tmp_path_factory.mktemp("index") / "people.index"
            with IndexWriter(path, settings=SETTINGS) as writer:
                for number, (name, status) in enumerate(people.items()):
                    record = Record(id=name, kind=Kind.PERSON, title=name.title(), status=status)
                    writer.put_record(record)
                    writer.add_image(
                        name, None, sha256=f"{number:064x}", width=9, height=9, source="",
                        faces=unit(FACE_OF[name])[None], face_settings=MODEL,
                    )  # fmt: skip
            if calibrated and people:
                calibrate(path, calibrated, settings, tail)
            return stack.enter_context(ReferenceIndex.open(path))

        yield make


def calibrate(path, channels, settings, tail):
    """Give the face channels of an index the figures of a null with a tail of this scale, or none.

    Without one nothing is ever rarer than one false alarm in 100 with three people.
    """
    hashes = default_null("hash")
    with ReferenceIndex.open(path) as index:
        nulls = {
            name: replace(
                hashes,
                channel=name,
                unit="cosine",
                settings=settings or settings_of(index, name),
                scores=(-1.0, 0.4),
                rates=(1.0, 1e-3 if tail else 1e-2),
                tail_scale=tail,
                tail_shape=tail and 0.0,
                floor=0.0 if tail else 4e-3,
            )
            for name in channels
        }
        calibration = Calibration(
            index_uuid=index.uuid,
            next_id=index.next_id,
            created="2026-01-01T00:00:00+00:00",
            version="1",
            background="0" * 64,
            images=700,
            channels={
                name: ChannelCalibration(null=null, thresholds=(), goodness_of_fit=None)
                for name, null in nulls.items()
            },
        )
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_calibration(calibration, next_id=calibration.next_id)


@pytest.fixture(scope="module")
def index(opened) -> ReferenceIndex:
    return opened()


def found(frame, index, **options):
    (matches,) = match([[frame]], [index], note_at=0.01, **options)
    return matches


def test_a_person_is_found_with_their_face_and_where_it_is(index):
    """The finding says which of the faces it is, where, how well it is seen, and how improbable."""
    matches = found(picture("stranger", "bo"), index)
    (finding,) = matches.findings
    (evidence,) = finding.channels
    assert (finding.record.id, evidence.channel) == ("bo", "face")
    assert (evidence.face.number, evidence.face.of, evidence.face.drawn) == (2, 2, False)
    assert evidence.face.width == pytest.approx(80)
    assert finding.region == evidence.region
    assert finding.region[0] == pytest.approx((0.5, 0.2))
    assert finding.region[2] == pytest.approx((0.7, 0.6))
    assert evidence.share == pytest.approx(0.2 * 0.4)
    assert evidence.transform == "face 2 of 2, 80 px wide, 70 % frontal"
    assert evidence.calibration == "own"
    assert matches.channels["face"] == ChannelReport(state=ChannelState.RAN)


def test_false_alarms_grow_with_the_faces_compared_and_the_people(opened, index):
    """Twice the faces, or twice the people, make the same likeness twice as probable by chance."""
    one = found(picture("bo"), index).findings[0]
    two = found(picture("stranger", "bo"), index).findings[0]
    null = index.calibration.channels["face"].null
    score = one.channels[0].score
    assert one.false_alarms == null.false_alarms(score, references=3)
    assert two.channels[0].false_alarms == null.false_alarms(two.channels[0].score, references=6)
    crowd = {**PEOPLE, **dict.fromkeys(["other"], "")}
    larger = found(picture("bo"), opened(crowd)).findings[0]
    assert larger.channels[0].false_alarms == null.false_alarms(
        larger.channels[0].score, references=4
    )


def test_nobody_enrolled_is_no_finding_and_may_be_a_candidate(index):
    """A stranger is told only where the best are asked for, whatever their score."""
    assert found(picture("stranger"), index).findings == ()
    candidates = found(picture("stranger"), index, candidates=2).candidates
    assert len(candidates) == 2
    assert {one.channel for one in candidates} == {"face"}
    assert all(one.false_alarms > 0.01 for one in candidates)


def test_a_drawn_face_goes_by_its_own_figures(opened):
    """Only its own channel finds it, and says that it is drawn."""
    matches = found(picture("bo", drawn=("bo",)), opened())
    (evidence,) = matches.findings[0].channels
    assert (evidence.channel, evidence.face.drawn) == ("face-drawn", True)
    assert evidence.transform == "80 px wide, 70 % frontal"
    only_photographs = opened(calibrated=("face",))
    assert found(picture("bo"), only_photographs).findings
    drawn = found(picture("bo", drawn=("bo",)), only_photographs)
    assert drawn.findings == ()
    assert drawn.channels["face-drawn"].state is ChannelState.UNAVAILABLE


def test_faces_too_poor_to_compare_are_counted(index):
    """They make the check weak, and are never passed over in silence."""
    matches = found(picture("bo", "ada", "stranger", poor=("ada", "stranger")), index)
    assert [one.record.id for one in matches.findings] == ["bo"]
    assert matches.channels["face"] == ChannelReport(
        state=ChannelState.WEAK,
        reason="2 of 3 faces too small, turned away or blurred to be compared",
    )


def test_a_picture_without_faces_was_looked_at(index):
    """Where nobody is, nobody was missed."""
    assert found(picture(), index).channels["face"].state is ChannelState.RAN


def test_where_nobody_looked_the_channel_is_unavailable(index):
    """A fingerprint without a search for faces never passes for one without people."""
    blind = replace(picture(), faces=None)
    assert found(blind, index).channels["face"].state is ChannelState.UNAVAILABLE


def test_an_index_without_people_asks_for_no_faces(opened):
    """The channels have no references, and count for nothing."""
    matches = found(replace(picture(), faces=None), opened({}))
    assert matches.channels["face"] == ChannelReport(state=ChannelState.NO_REFERENCES)
    assert matches.channels["face-drawn"] == ChannelReport(state=ChannelState.NO_REFERENCES)


def test_what_is_known_beforehand_is_told(index):
    """Where the weights are missing nothing is compared; where they are weak, it says so."""
    missing = ChannelReport(state=ChannelState.UNAVAILABLE, reason="no weights", mend="get some")
    matches = found(picture("bo"), index, known={"face": missing})
    assert (matches.findings, matches.channels["face"]) == ((), missing)
    weak = ChannelReport(state=ChannelState.WEAK, reason="people: weak check", mend="better ones")
    matches = found(picture("bo"), index, known={"face": weak})
    assert matches.channels["face"] == weak
    assert [one.record.id for one in matches.findings] == ["bo"]


def test_without_figures_a_face_channel_says_that_calibration_is_needed(opened):
    """Weights that no figures ship for flag nothing before they are calibrated, and say so."""
    bare = opened(calibrated=())
    report = found(picture("bo"), bare).channels["face"]
    assert report.state is ChannelState.UNAVAILABLE
    assert report.mend == f"screening calibrate {bare.path} --background FOLDER"
    assert found(picture("bo"), bare).findings == ()
    assert found(picture(), bare).channels["face"].state is ChannelState.RAN


def test_figures_by_which_nobody_can_be_found_are_told(opened):
    """Of too few images no score is rare: silence is worth nothing, unless a raw score flags."""
    few = opened(tail=None)
    matches = found(picture("bo"), few)
    assert matches.findings == ()
    assert matches.channels["face"] == ChannelReport(
        state=ChannelState.WEAK,
        reason=f"index {few.path} was calibrated with too few images for any score to count",
        mend=f"screening calibrate {few.path} --background FOLDER, with more images",
    )
    assert matches.channels["face-drawn"].state is ChannelState.RAN  # there is no drawn face
    raw = found(picture("bo"), few, raw_scores={"face": 0.8})
    assert [one.record.id for one in raw.findings] == ["bo"]
    assert raw.channels["face"].state is ChannelState.RAN


def test_faces_by_another_model_are_refused(index):
    """Their vectors mean something else; silence would be a lie."""
    with pytest.raises(InputInvalidError, match="take them with the model of the index"):
        found(picture("bo", settings="another model"), index)


def test_a_calibration_by_another_model_is_refused(opened):
    """Its figures say nothing of these scores."""
    with pytest.raises(CalibrationError, match="calibrate again"):
        found(picture("bo"), opened(settings="another model, matching 00000000"))


def test_who_it_is_tells_which_clauses_are_touched(index):
    """A photographed public figure could be mistaken for the real one; talent needs consent."""

    def clauses(name, **options):
        return judge(found(picture(name, **options), index).findings[0]).clauses

    assert clauses("ada") == ("P5", "G3", "C2", "E1")
    assert clauses("ada", drawn=("ada",)) == ("P5", "G3", "C2")
    assert clauses("bo") == ("P5", "G3", "T1", "N1")
    assert clauses("cy") == ("P5", "G3")


def test_a_background_counts_its_faces(index):
    """Each face is one comparison with everybody; a record has the score of its best face."""
    one = picture("stranger", "bo", "bo", "ada", drawn=("ada",))
    (scores,) = score_examined([Examined(path="a", sha256="0", fingerprints=(one,))], index)
    assert scores.units["face"] == 3
    assert scores.units["face-drawn"] == 1
    assert max(scores.channels["face"], key=scores.channels["face"].get) == "bo"
    assert set(scores.channels["face"]) == set(PEOPLE)
