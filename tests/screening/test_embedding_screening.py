"""Models in use: an index built with them, calibrated, scanned, carried elsewhere, and missing."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from clip_models import ID
from pictures import textured
from tiny_store import copy_of_tiny_store

from reference_index import IndexFormatError, IndexWriter, Kind, Record, ReferenceIndex
from reference_index.fingerprint import CONCEPT_PREFIX, EMBEDDING_PREFIX
from screening import Coverage, Screener, enrollment
from screening.calibration import calibrate
from screening.embedders import embedding_check
from screening.enrollment import Outcome, Source, folder_sources
from screening.enrollment.vectors import vectorizer
from screening.errors import InputInvalidError, ModelMissingError, OtherWeightsError
from screening.matching import ChannelState
from screening.signals import SETTINGS

EMBEDDING, CONCEPT = f"{EMBEDDING_PREFIX}{ID}", f"{CONCEPT_PREFIX}{ID}"
WORKS, UNRELATED = 6, 40
LOOKED = {ChannelState.RAN, ChannelState.WEAK}  # so few images calibrate next to nothing


def enroll(*given, embeddings=(ID,), **options):
    """Enroll with these weights alone: those that ship would be used beside them."""
    return enrollment.enroll(*given, embeddings=embeddings, **options)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A folder of weights, works enrolled with them, and a background."""
    folder = tmp_path_factory.mktemp("studio")
    copy_of_tiny_store(folder / "models")
    for name, count, first in (("works", WORKS, 0), ("background", UNRELATED, 100)):
        (folder / name).mkdir()
        for number in range(count):
            textured(first + number).save(folder / name / f"{name} {number}.png")
    enroll(folder / "works.index", works(folder), models=folder / "models", workers=0)
    return folder


@pytest.fixture(scope="module")
def calibrated(studio):
    """The same index, calibrated on the background."""
    place = shutil.copytree(studio / "works.index", studio / "calibrated.index")
    calibrate(place, [studio / "background"], models=studio / "models", workers=2)
    return place


def works(folder):
    """The works, a cleared one, and one that is only words."""
    named = Record(id="words", kind=Kind.WORK, title="The Lamplighter", aliases=("Wick",),
                   description="a boy of brass who lights the stars")  # fmt: skip
    return [*folder_sources(folder / "works", kind=Kind.WORK),
            Source(record=named, files=(), declared=True)]  # fmt: skip


@pytest.mark.smoke
def test_an_index_is_built_with_the_weights_that_are_here(studio):
    """Pictures and words of every work are in it; a record without a picture has its words."""
    with ReferenceIndex.open(studio / "works.index") as index:
        assert {EMBEDDING, CONCEPT} < set(index.channels)
        assert index.references(EMBEDDING) >= WORKS
        # a title each, and of the one in words a title, an alias and a description
        assert index.references(CONCEPT) == WORKS + 3


def test_enrolling_again_changes_nothing(studio, tmp_path):
    """Neither pictures nor words are taken twice."""
    index = shutil.copytree(studio / "works.index", tmp_path / "works.index")
    before = (index / "manifest.json").read_bytes()
    outcomes = []
    enroll(index, works(studio), models=studio / "models", workers=0, report=outcomes.append)
    assert {one.outcome for one in outcomes} == {Outcome.ALREADY}
    assert (index / "manifest.json").read_bytes() == before


def test_a_copy_is_found_by_the_model_too(studio, calibrated):
    """Screened by this process and by workers alike, with the window as evidence."""
    copy = studio / "works" / "works 3.png"
    with Screener.open(calibrated, models=studio / "models") as screener:
        one = screener.screen(copy, candidates=3)
        (other,) = screener.scan(copy, candidates=3, workers=1)
    assert one.coverage is not Coverage.INSUFFICIENT
    assert {one.channels[channel].state for channel in (EMBEDDING, CONCEPT)} <= LOOKED
    scores = [{e.channel: e.score for e in result.findings[0].channels} for result in (one, other)]
    assert scores[0] == scores[1]
    assert "works 3" in {c.record.title for c in one.candidates}


def test_torch_sees_what_onnx_sees(studio, tmp_path):
    """An index built with fp32 is searched by either runtime, with the same scores."""
    index, models = tmp_path / "works.index", tmp_path / "models"
    conversion_fp32(studio, models)
    enroll(index, works(studio), models=models, workers=1, runtime="torch")
    calibrate(index, [studio / "background"], models=models, workers=2)
    found = []
    for runtime in ("onnx", "torch"):
        with Screener.open(index, models=models, runtime=runtime) as screener:
            result = screener.screen(textured(2), candidates=WORKS)
            assert result.channels[EMBEDDING].state in LOOKED
            found.append({e.channel: e.score for f in result.findings for e in f.channels})
    assert found[0].keys() == found[1].keys()
    for channel, score in found[0].items():
        assert found[1][channel] == pytest.approx(score, abs=1e-4)


def conversion_fp32(studio, folder):
    """Copy the weights, as ones of which int8 was found too poor to use."""
    shutil.copytree(studio / "models", folder)
    (file,) = folder.glob("*.converted.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"precision": "fp32"}))


@pytest.mark.smoke
def test_missing_weights_are_told_with_the_command_that_mends_it(studio, calibrated, tmp_path):
    """Both channels are unavailable, all else goes on; a policy may require more."""
    with Screener.open(calibrated, models=tmp_path) as screener:
        result = screener.screen(textured(3))
        required = replace(screener.policy, required=("hash", "embedding"))
        (remark,) = screener.weights.remarks
    assert result.findings
    for channel in (EMBEDDING, CONCEPT):
        report = result.channels[channel]
        assert report.state is ChannelState.UNAVAILABLE
        assert ID in report.reason
        assert "screening models" in report.mend
    assert result.coverage is Coverage.PARTIAL
    assert ID in remark
    with Screener.open(calibrated, models=tmp_path, policy=required) as screener:
        assert screener.screen(textured(3)).coverage is Coverage.INSUFFICIENT


def test_other_weights_under_the_same_name_are_refused_by_name(studio, calibrated, tmp_path):
    """Such an index is not even opened: the error names both weights, and the ways out."""
    shutil.copytree(studio / "models", tmp_path / "models")
    (file,) = (tmp_path / "models").glob("*.converted.json")
    values = json.loads(file.read_text())
    values["checkpoint"]["sha256"] = "f" * 64
    file.write_text(json.dumps(values))
    for refused in (
        lambda: Screener.open(calibrated, models=tmp_path / "models"),
        lambda: enroll(calibrated, works(studio), models=tmp_path / "models", workers=0),
        lambda: calibrate(calibrated, [studio / "background"], models=tmp_path / "models"),
    ):
        with pytest.raises(OtherWeightsError) as raised:
            refused()
        said = str(raised.value)
        assert f"here is {ID} ffffffff, which are other weights" in said
        assert "screening models import" in said
        assert "enroll again" in said


def test_how_closely_pictures_are_looked_at_is_kept(studio, tmp_path):
    """An index is built with the tiles asked for, searched with the same, and takes no others."""
    index, models = tmp_path / "close.index", studio / "models"
    enroll(index, works(studio), models=models, tiles=2, workers=0)
    enroll(index, works(studio), models=models, workers=0)
    with ReferenceIndex.open(studio / "works.index") as usual, ReferenceIndex.open(index) as close:
        assert close.references(EMBEDDING) > usual.references(EMBEDDING)
    with Screener.open(index, models=models) as screener:
        assert [model.tiles for model in screener.weights.models.embeddings] == [2]
        assert screener.screen(textured(2), candidates=1).candidates[0].record.title == "works 2"
    with pytest.raises(InputInvalidError, match="built with tiles 2, not with 0: leave that out"):
        enroll(index, works(studio), models=models, tiles=0, workers=0)
    with pytest.raises(InputInvalidError, match="tiles is 3, expected one of"):
        enroll(tmp_path / "new.index", works(studio), models=models, tiles=3, workers=0)
    assert not (tmp_path / "new.index").exists()


def test_enrolling_without_the_weights_of_the_index_is_refused(studio, tmp_path):
    """A work that only some channels can find would pass for one that all can."""
    with pytest.raises(ModelMissingError, match=ID):
        enroll(studio / "works.index", works(studio), models=tmp_path, workers=0)


def test_an_index_keeps_to_what_it_was_built_with(studio, tmp_path):
    """Neither other models nor none can be wished for later."""
    for wanted in ((), ("clip-vit-l-14",)):
        with pytest.raises(InputInvalidError, match=f"built with {ID}, not with"):
            enroll(studio / "works.index", works(studio), models=studio / "models",
                   embeddings=wanted, workers=0)  # fmt: skip
    index, said = tmp_path / "plain.index", []
    enroll(index, works(studio), models=studio / "models", embeddings=(), workers=0,
           remark=said.append)  # fmt: skip
    assert not said
    with ReferenceIndex.open(index) as opened:
        assert set(opened.channels) == set(SETTINGS)
        reports = embedding_check([opened], folder=studio / "models").reports
    assert {name: one.state for name, one in reports.items()} == dict.fromkeys(
        ("embedding", "concept"), ChannelState.NO_REFERENCES
    )


def test_indexes_of_different_weights_of_one_name_are_not_searched_together(studio, tmp_path):
    """One picture has one vector by a model of that name."""
    other = tmp_path / "other.index"
    with ReferenceIndex.open(studio / "works.index") as index:
        settings = {c: s.replace("tiles 1", "tiles 0") for c, s in index.settings.items()}
    with IndexWriter(other, settings=settings) as writer:
        writer.put_record(Record(id="a", kind=Kind.WORK, title="a"))
    with pytest.raises(IndexFormatError, match="one scan cannot compare with both"):
        Screener.open(studio / "works.index", other, models=studio / "models")


def test_one_of_two_indexes_without_models_is_told(studio, calibrated, tmp_path):
    """Its works are looked for by copies alone; both ways round, and only of such indexes."""
    plain, empty = tmp_path / "plain.index", tmp_path / "empty.index"
    enroll(plain, works(studio), models=studio / "models", embeddings=(), workers=0)
    enroll(empty, [], models=studio / "models", embeddings=(), workers=0)
    with (
        ReferenceIndex.open(calibrated) as one,
        ReferenceIndex.open(plain) as other,
        ReferenceIndex.open(empty) as without,
    ):
        for indexes in ((one, other, without), (without, other, one)):
            reports = embedding_check(indexes, folder=studio / "models").reports
            assert set(reports) == {EMBEDDING, CONCEPT}
            for report in reports.values():
                assert report.state is ChannelState.WEAK
                assert report.reason.startswith(f"{plain} was built without")
                assert "enroll" in report.mend
        assert not embedding_check([one, without], folder=studio / "models").reports


def test_damaged_weights_are_no_weights_and_are_named(studio, tmp_path):
    """A new index is built without, and the remark says that there are some, and which file."""
    models = shutil.copytree(studio / "models", tmp_path / "models")
    (network,) = models.glob("*.image_int8-*")
    network.write_bytes(network.read_bytes()[:-1])
    said = []
    enroll(tmp_path / "i.index", [], models=models, embeddings=None, workers=0,
           remark=said.append)  # fmt: skip
    assert f"{network} is missing or altered" in said[0]
    assert "screening models verify" in said[0]


def test_words_put_otherwise_are_not_compared(studio, tmp_path):
    """Templates of another version give other scores; pictures are compared all the same."""
    other = tmp_path / "other.index"
    with ReferenceIndex.open(studio / "works.index") as index:
        settings = {**index.settings, CONCEPT: f"{index.settings[EMBEDDING]}, words 00000000"}
    with IndexWriter(other, settings=settings) as writer:
        writer.put_record(Record(id="a", kind=Kind.WORK, title="a"))
    with ReferenceIndex.open(other) as index:
        check = embedding_check([index], folder=studio / "models")
    assert [model.id for model in check.models] == [ID]
    assert {name: one.state for name, one in check.reports.items()} == {
        CONCEPT: ChannelState.UNAVAILABLE
    }


def test_people_have_no_words(studio, tmp_path):
    """Whom a picture shows is for photographs to say."""
    named = Record(id="p", kind=Kind.CLEARED, title="Fine")
    index = tmp_path / "i.index"
    enroll(index, [Source(record=named, files=(), declared=True)], models=studio / "models",
           workers=0)  # fmt: skip
    with ReferenceIndex.open(index) as opened:
        assert opened.references(CONCEPT) == 0


def test_a_changed_title_changes_the_words(studio, tmp_path):
    """The words of the old title are gone."""
    index = shutil.copytree(studio / "works.index", tmp_path / "works.index")
    renamed = Record(id="words", kind=Kind.WORK, title="Another Name")
    enroll(index, [Source(record=renamed, files=(), declared=True)], models=studio / "models",
           workers=0)  # fmt: skip
    with ReferenceIndex.open(index) as opened:
        assert opened.references(CONCEPT) == WORKS + 1


def test_broken_weights_cost_only_their_channels(studio, calibrated, tmp_path):
    """The picture is told not to be looked at wholly; hash and local go on."""
    models = shutil.copytree(studio / "models", tmp_path / "models")
    with Screener.open(calibrated, models=models) as screener:
        (model,) = screener.weights.models.embeddings
        model.network.write_bytes(b"no network")
        result = screener.screen(textured(3))
    assert "no model could look at it" in result.reason
    assert result.coverage is Coverage.INSUFFICIENT
    assert {e.channel for e in result.findings[0].channels} == {"hash", "local"}


def test_what_a_model_could_not_look_at_is_enrolled_the_next_time(studio, tmp_path):
    """Enrolled without it, it would count as enrolled, and the model would never see it."""
    index, models = tmp_path / "works.index", shutil.copytree(studio / "models", tmp_path / "m")
    enroll(index, [], models=models, workers=0)
    (network,) = models.glob("*.image_int8-*.onnx")
    whole = network.read_bytes()
    given = vectorizer(index, models, None).models[0]
    assert given.network == network
    sources = [*folder_sources(studio / "works", kind=Kind.WORK)]
    said = []
    state = network.stat()
    network.write_bytes(b"x" * len(whole))
    os.utime(network, ns=(state.st_atime_ns, state.st_mtime_ns))
    enroll(index, sources, models=models, workers=0, report=said.append)
    assert {one.outcome for one in said} == {Outcome.UNREAD}
    assert all("no model could look at it" in one.reason for one in said)
    network.write_bytes(whole)
    assert not enroll(index, sources, models=models, workers=1)
    with ReferenceIndex.open(index) as opened:
        assert opened.references(EMBEDDING) >= WORKS


def test_the_command_line_builds_calibrates_and_scans(studio, tmp_path, run):
    """Enroll --embedding, calibrate, scan --require, index info: the model is named everywhere."""
    index, models = tmp_path / "w.index", ("--models", studio / "models")
    code, _, talk = run("enroll", index, studio / "works", "--embedding", ID, *models,
                        "--workers", 0)  # fmt: skip
    assert (code, talk) == (0, "")
    assert f"{EMBEDDING}: " in run("index", "info", index)[1]
    scan = ("scan", studio / "works", "--index", index, "--require", "embedding", *models,
            "--workers", 0, "--format", "jsonl")  # fmt: skip
    assert json.loads(run(*scan)[1].splitlines()[0])["coverage"] == "insufficient"
    code, out, _ = run("calibrate", index, "--background", studio / "background", *models,
                       "--workers", 0)  # fmt: skip
    assert code == 0
    assert f"{EMBEDDING}: " in out
    assert "windows against" in out
    found = json.loads(run(*scan)[1].splitlines()[0])
    assert found["coverage"] != "insufficient"
    assert found["channels"][EMBEDDING]["state"] in LOOKED
    assert run("enroll", index, studio / "works", "--embedding", ID, "--no-embeddings")[0] == 2
    code, _, talk = run(*scan, "--raw-score", "embedding:nope=0.5")
    assert code == 1
    assert "no index was built with embedding:nope, expected one of hash, local" in talk
    assert "for its models none do" in run("calibrate", index, "--discard")[1]


def test_windows_are_unit_vectors_of_one_size(studio):
    """What a frame's embedding holds can be searched with as it is."""
    with Screener.open(studio / "works.index", models=studio / "models") as screener:
        from screening.examine import examine_pixels

        (frame,) = examine_pixels(
            textured(1), screener.limits, screener.weights.models
        ).fingerprints
    (one,) = frame.embeddings
    assert np.allclose(np.linalg.norm(one.vectors, axis=1), 1, atol=1e-5)
    assert len(one.boxes) == len(one.vectors) == len(one.neutral)
