"""The channels of models: found by window, refused by other weights, told where nobody looked."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import Calibration
from reference_index.fingerprint import Embedding, Fingerprint
from screening.calibration import fitted
from screening.calibration.scores import score_examined
from screening.decision import NETFLIX_GENAI, Coverage, Policy, decide
from screening.errors import CalibrationError, InputInvalidError
from screening.examine import Examined, examine_pixels
from screening.images import Limits
from screening.matching import ChannelState, channels_of, match
from screening.signals import SETTINGS

MODEL = "tiny"
EMBEDDING, CONCEPT = f"embedding:{MODEL}", f"concept:{MODEL}"
BUILT = "tiny 01234567, fp32, tiles 1, 89abcdef"
SIZE = 32
STRANGERS = (0.2, 0.5)

WORKS = tuple(f"work {number}" for number in range(40))


def rng_of(name: str) -> np.random.Generator:
    return np.random.default_rng([*name.encode()])


def unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.atleast_2d(vectors)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def vector_of(name: str) -> np.ndarray:
    return unit(rng_of(name).normal(size=SIZE))[0]


def near(name: str, noise: float = 0.05) -> np.ndarray:
    return unit(vector_of(name) + noise * rng_of(f"near {name}").normal(size=SIZE))[0]


def blank() -> Fingerprint:
    """Return the fingerprint of a gray picture, which no other channel can compare."""
    gray = np.full((64, 96, 3), 128, np.uint8)
    (frame,) = examine_pixels(gray, Limits()).fingerprints
    return frame


def seen(*vectors: np.ndarray, settings: str = BUILT, neutral: float = 0.1) -> Embedding:
    count = len(vectors)
    left = np.linspace(0.0, 0.5, count)
    boxes = np.stack([left, left * 0, left + 0.5, left * 0 + 1], axis=1).astype(np.float32)
    return Embedding(
        model=MODEL, settings=settings, boxes=boxes, vectors=unit(np.stack(vectors)),
        neutral=np.full(count, neutral, np.float32), strangers=STRANGERS,
    )  # fmt: skip


def picture(*vectors: np.ndarray, **how) -> Fingerprint:
    return replace(blank(), embeddings=(seen(*vectors, **how),))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An index of works with a vector and a word each; one is cleared, one has no picture."""
    path = tmp_path_factory.mktemp("works") / "works.index"
    settings = {**SETTINGS, EMBEDDING: BUILT, CONCEPT: f"{BUILT}, words 76543210"}
    with IndexWriter(path, settings=settings) as writer:
        for number, name in enumerate((*WORKS, "cleared", "only words")):
            kind = Kind.CLEARED if name == "cleared" else Kind.WORK
            words = unit(vector_of(f"words of {name}"))
            writer.put_record(
                Record(id=name, kind=kind, title=name),
                {} if name == "cleared" else {CONCEPT: words},
            )
            if name == "only words":
                continue
            writer.add_image(
                name, None, sha256=f"{number:064x}", width=96, height=64, source="",
                vectors={EMBEDDING: unit(vector_of(name))},
            )  # fmt: skip
    return path


def background(count: int = 300) -> list[Examined]:
    return [
        Examined(
            path=f"{number}.png", sha256=f"{number:064x}",
            fingerprints=(picture(vector_of(f"unrelated {number}")),),
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def own(built):
    """A calibration of the index, without which a model's scores say nothing."""
    with ReferenceIndex.open(built) as index:
        return fitted(score_examined(background(), index), index)[0]


@pytest.fixture
def works(built, tmp_path):
    """A copy of the index, without a calibration."""
    return shutil.copytree(built, tmp_path / "works.index")


@pytest.fixture
def calibrated(works, own):
    """The same with its calibration."""
    put(own, works)
    with ReferenceIndex.open(works) as index:
        yield index


def put(calibration: Calibration, path: Path) -> None:
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(calibration, next_id=calibration.next_id)


def found(index: ReferenceIndex, *frames: Fingerprint, **how):
    (matches,) = match([frames], [index], note_at=1e-2, **how)
    return matches


@pytest.mark.smoke
def test_a_work_is_found_by_any_window_on_the_picture(calibrated):
    """The finding names the channel and the window that the work shows in."""
    matches = found(calibrated, picture(vector_of("nothing"), near("work 7")))
    (finding,) = matches.findings
    assert (finding.record.id, finding.channels[0].channel) == ("work 7", EMBEDDING)
    assert finding.channels[0].region == ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    assert finding.channels[0].transform == "in a part of the picture"
    assert finding.channels[0].share == pytest.approx(0.5)


def test_a_record_without_a_picture_is_found_by_its_words(calibrated):
    """Evidence by words names no reference image, and the report writes none."""
    matches = found(calibrated, picture(near("words of only words")))
    (finding,) = matches.findings
    (evidence,) = finding.channels
    assert (finding.record.id, evidence.channel) == ("only words", CONCEPT)
    assert evidence.reference_image == ""
    assert evidence.transform == "as a whole"


def test_what_neutral_words_explain_as_well_is_no_finding(calibrated):
    """A picture as near to neutral words as to a record's own is not told."""
    vector = near("words of only words")
    assert found(calibrated, picture(vector, neutral=0.1)).findings
    assert not found(calibrated, picture(vector, neutral=0.9)).findings


def test_cleared_records_count_nowhere(calibrated):
    """A cleared record is neither found, nor a candidate, nor one of the references."""
    matches = found(calibrated, picture(near("cleared")), candidates=100)
    assert "cleared" not in {one.record.id for one in (*matches.findings, *matches.candidates)}
    channel = next(one for one in channels_of([calibrated]) if one.name == EMBEDDING)
    assert channel.references(calibrated) == len(WORKS)


def test_without_a_calibration_the_channel_is_unavailable_and_says_how_to_get_one(works):
    """No figures ship for weights of one's own, so that no score can be told as false alarms."""
    with ReferenceIndex.open(works) as index:
        report = found(index, picture(near("work 7"))).channels[EMBEDDING]
    assert report.state is ChannelState.UNAVAILABLE
    assert report.mend == f"screening calibrate {works} --background FOLDER"


def test_vectors_of_other_weights_are_refused(calibrated):
    """The message names both, and what to do."""
    other = picture(near("work 7"), settings="tiny 00000000, fp32, tiles 1, 89abcdef")
    with pytest.raises(InputInvalidError, match=r"tiny 00000000.*tiny 01234567.*enroll again"):
        found(calibrated, other)


def test_a_picture_that_the_model_did_not_look_at_is_told(calibrated):
    """Neither channel ran, and silence is not taken for an answer."""
    channels = found(calibrated, blank()).channels
    assert {channels[name].state for name in (EMBEDDING, CONCEPT)} == {ChannelState.UNAVAILABLE}


def test_the_best_records_come_whatever_their_score(calibrated):
    """The investigation list holds records by words and by pictures, the least probable first."""
    matches = found(calibrated, picture(vector_of("nothing")), candidates=5)
    assert len(matches.candidates) == 5
    alarms = [one.false_alarms for one in matches.candidates]
    assert alarms == sorted(alarms)


def test_a_calibration_of_other_weights_is_refused(own, works):
    """Figures of other settings say nothing of these scores."""
    other = replace(own.channels[EMBEDDING].null, settings="another")
    channels = dict(own.channels) | {EMBEDDING: replace(own.channels[EMBEDDING], null=other)}
    put(replace(own, channels=channels), works)
    with ReferenceIndex.open(works) as index, pytest.raises(CalibrationError, match="calibrate"):
        found(index, picture(near("work 7")))


@pytest.mark.parametrize("required", ["embedding", EMBEDDING])
def test_a_policy_may_require_the_channel(works, required):
    """Then its absence makes the coverage insufficient; by default it is partial."""
    with ReferenceIndex.open(works) as index:
        channels = found(index, picture(near("work 7"))).channels
    policy = replace(NETFLIX_GENAI, required=("hash", required))
    assert decide((), channels, policy=NETFLIX_GENAI).coverage is not Coverage.COMPLETE
    assert decide((), channels, policy=policy).coverage is Coverage.INSUFFICIENT


def test_a_policy_cannot_require_what_is_no_channel():
    """Neither a misspelled name nor a family of models with an empty name."""
    for name in ("embeddings", "embedding:", "clip"):
        with pytest.raises(InputInvalidError, match="there is no channel"):
            Policy(name="odd", flag_at=1e-3, note_at=1e-2, required=(name,))


def test_the_best_records_of_several_windows_are_as_many_and_by_their_best_window(works):
    """A record that another window is nearer to has no place in the list by a window that is not.

    Nor is any score left that a record which is missing might reach: calibration counts on it.
    """
    frame = picture(*(vector_of(f"view {number}") for number in range(6)))
    with ReferenceIndex.open(works) as index:
        (whole,) = score_examined([seen_as(frame)], index)
        (best,) = score_examined([seen_as(frame)], index, records=5)
    for channel in (EMBEDDING, CONCEPT):
        expected = sorted(whole.channels[channel].items(), key=lambda one: -one[1])[:5]
        assert sorted(best.channels[channel].items(), key=lambda one: -one[1]) == expected
        above = {n for n, s in whole.channels[channel].items() if s >= best.complete_from[channel]}
        assert above <= best.channels[channel].keys()


def test_each_window_may_look_like_something_by_chance(calibrated):
    """The same score tells three times as little where three windows were compared."""
    alarms = []
    for others in (0, 2):
        vectors = (near("work 7"), *(vector_of(f"view {number}") for number in range(others)))
        (finding,) = found(calibrated, picture(*vectors)).findings
        alarms.append(finding.channels[0].false_alarms)
    assert alarms[1] == pytest.approx(3 * alarms[0])


def test_what_is_measured_on_oblong_pictures_holds_for_square_ones(built):
    """A background of three windows a picture promises for one what a background of one does."""
    oblong = [
        seen_as(picture(*(vector_of(f"{number} {view}") for view in range(3))), number=number)
        for number in range(200)
    ]
    square = [
        seen_as(picture(vector_of(f"square {number}")), number=number) for number in range(400)
    ]
    with ReferenceIndex.open(built) as index:
        null = fitted(score_examined(oblong, index), index)[0].channels[EMBEDDING].null
        limit = null.score_at(0.3, references=len(WORKS))
        scores = score_examined(square, index)
    assert null.images == 600
    above = sum(score >= limit for one in scores for score in one.channels[EMBEDDING].values())
    assert above / len(square) == pytest.approx(0.3, rel=0.3)


def test_words_that_are_alike_to_everything_are_named(works):
    """A title that every picture is near to leaves no background, and the message says which."""
    common = vector_of("everything")
    with IndexWriter(works, settings=None) as writer:
        writer.put_record(Record(id="p", kind=Kind.WORK, title="p"), {CONCEPT: unit(common)})
    frames = [picture(vector_of(f"unrelated {number}") + 3 * common) for number in range(100)]
    images = [seen_as(frame, number=number) for number, frame in enumerate(frames)]
    with (
        ReferenceIndex.open(works) as index,
        pytest.raises(
            CalibrationError, match=r"of 100 background images seem to show 'p' .*concept"
        ),
    ):
        fitted(score_examined(images, index), index)


def seen_as(frame: Fingerprint, *, number: int = 0) -> Examined:
    return Examined(path=f"{number}.png", sha256=f"{number:064x}", fingerprints=(frame,))
