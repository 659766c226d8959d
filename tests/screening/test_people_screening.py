"""People looked for: the face model that indexes need, in every process, and what is said of it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest
from people import DLIB, model_in, pair, people_index, photographs, portrait
from pictures import textured

from reference_index import IndexFormatError, IndexWriter, Kind, Record, ReferenceIndex
from screening import Coverage, Screener
from screening.batch import examine_files
from screening.enrollment import enroll, folder_sources
from screening.examine import Examined, examine_file, examine_pixels
from screening.images import Limits, Seen
from screening.matching import ChannelState
from screening.models import ModelStore
from screening.models.cards import card_text
from screening.people import face_check
from screening.signals import SETTINGS, Models
from screening.signals.faces import FaceModel

FACES = ("face", "face-drawn")
TODAY = date.today()  # noqa: DTZ011  the day where we are


def examined(*files: Path, workers: int, faces: FaceModel | None = None) -> list[Examined]:
    seen = [Seen(path=str(file)) for file in files]
    batches = examine_files(seen, limits=Limits(), workers=workers, models=Models(faces=faces))
    return [one for batch in batches for one in batch]


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A work, and two people by weights that nobody has."""
    path = people_index(tmp_path / "i.index", {"p": {"status": "talent"}, "q": {}})
    textured(1).save(tmp_path / "work.png")
    enroll(path, folder_sources(tmp_path / "work.png", kind=Kind.WORK), workers=0)
    return path


def test_faces_are_found_alike_in_every_process(tmp_path, weights):
    """A worker finds what this process finds; without a model nobody looks."""
    model = model_in(weights)
    pair().save(tmp_path / "pair.png")
    textured(1).save(tmp_path / "nobody.png")
    (tmp_path / "notes.txt").write_text("no image")
    files = [tmp_path / name for name in ("nobody.png", "notes.txt", "pair.png")]
    here, there = (examined(*files, workers=workers, faces=model) for workers in (0, 1))
    for one, other in zip(here, there, strict=True):
        assert (one.path, one.passed_over) == (other.path, other.passed_over)
        for mine, its in zip(one.fingerprints, other.fingerprints, strict=True):
            assert mine.faces.settings == its.faces.settings == model.settings
            for part in ("boxes", "quality", "drawn", "vectors"):
                assert np.array_equal(getattr(mine.faces, part), getattr(its.faces, part))
    assert [[len(f.faces) for f in one.fingerprints] for one in here] == [[0], [], [2]]
    for workers in (0, 1):
        (alone,) = examined(files[2], workers=workers)
        assert alone.fingerprints[0].faces is None


def test_a_picture_in_memory_has_the_faces_of_its_file(tmp_path, weights):
    """Pixels, bytes and files are looked at alike."""
    model = model_in(weights)
    portrait().save(tmp_path / "a.png")
    by_file = (
        examine_file(str(tmp_path / "a.png"), Limits(), Models(faces=model)).fingerprints[0].faces
    )
    by_pixels = examine_pixels(portrait(), Limits(), Models(faces=model)).fingerprints[0].faces
    assert np.array_equal(by_file.vectors, by_pixels.vectors)
    assert by_file.usable.tolist() == [True]


def test_weights_that_break_cost_only_the_faces(tmp_path, weights):
    """The other channels go on, the picture is not said to be looked at wholly; nothing crashes."""
    (tmp_path / "broken").write_bytes(b"no network")
    model = replace(model_in(weights), embedder_path=tmp_path / "broken")
    portrait().save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no image")
    for workers in (0, 1):
        picture, notes = examined(
            tmp_path / "a.png", tmp_path / "notes.txt", workers=workers, faces=model
        )
        assert "no model could look at it" in picture.unscreened
        assert picture.fingerprints[0].faces is None
        assert len(picture.fingerprints[0].local) > 0
        assert notes.unscreened is None  # nothing was loaded for it


def test_missing_weights_are_told_and_all_else_goes_on(index, tmp_path):
    """Both face channels are unavailable, with the way out; the work is found."""
    with Screener.open(index, models=tmp_path / "none") as screener:
        assert screener.weights.models.faces is None
        result = screener.screen(textured(1))
    assert [finding.record.kind for finding in result.findings] == [Kind.WORK]
    for name in FACES:
        report = result.channels[name]
        assert report.state is ChannelState.UNAVAILABLE
        assert "somebody's" in report.reason
        assert report.mend
    assert result.coverage is Coverage.PARTIAL
    assert "somebody's" in result.reason


@pytest.mark.parametrize("faces", [True, False])
def test_people_without_a_face_are_told(tmp_path, weights, faces):
    """Whoever was enrolled without one is not found by it: nobody may take that for safety."""
    index = tmp_path / "i.index"
    if faces:
        portrait().save(tmp_path / "Someone.png")
        enroll(
            index,
            folder_sources(tmp_path / "Someone.png", kind=Kind.PERSON),
            workers=0,
            embeddings=(),
        )
    with IndexWriter(index, settings=SETTINGS) as writer:
        for name in "pq":
            writer.put_record(Record(id=name, kind=Kind.PERSON, title=name))
    with Screener.open(index) as screener:
        (remark,) = screener.weights.remarks
        result = screener.screen(portrait().rotate(5))
    assert [one.record.title for one in result.findings] == ["Someone"] * faces
    if faces and model_in(weights).weak:
        assert "weak check" in remark
    else:
        assert "without a face in the index, who are not looked for by it: 2" in remark
    for name in FACES:
        assert result.channels[name].state is (
            ChannelState.WEAK if faces else ChannelState.UNAVAILABLE
        )
    assert result.coverage is (Coverage.PARTIAL if faces else Coverage.INSUFFICIENT)


def test_an_index_without_people_needs_no_weights(tmp_path):
    """Nothing is looked for, and nothing is said."""
    textured(1).save(tmp_path / "work.png")
    enroll(
        tmp_path / "i.index",
        folder_sources(tmp_path / "work.png", kind=Kind.WORK),
        workers=0,
        embeddings=(),
    )
    with Screener.open(tmp_path / "i.index", models=tmp_path / "none") as screener:
        assert screener.weights.models == Models()
        assert FACES[0] not in screener.weights.reports
        assert screener.screen(textured(1)).coverage is Coverage.COMPLETE


def test_indexes_with_faces_by_several_weights_are_refused(tmp_path):
    """The error names both and what to do; an index whose people have gone does not count."""
    mine = people_index(tmp_path / "mine.index", {"p": {}}, settings="one")
    other = people_index(tmp_path / "other.index", {"q": {}}, settings="another")
    late = {"q": {"retain_until": TODAY - timedelta(days=1)}}
    gone = people_index(tmp_path / "gone.index", late, settings="another")
    with pytest.raises(IndexFormatError) as error:
        Screener.open(mine, other)
    for part in ("mine.index", "other.index", "'one'", "'another'", "one at a time"):
        assert part in str(error.value)
    Screener.open(mine, gone).close()


def test_weak_weights_are_told_while_they_are_in_use(tmp_path, weights):
    """The model that the index was built with is taken; dlib's says what its silence is worth."""
    portrait().save(tmp_path / "Someone.png")
    said: list[str] = []
    enroll(
        tmp_path / "i.index",
        folder_sources(tmp_path / "Someone.png", kind=Kind.PERSON),
        workers=0,
        models=weights,
        remark=said.append,
    )
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        check = face_check([opened], models=weights)
    assert check.model == model_in(weights)
    without, *said = said
    assert "screening models pull recommended" in without
    assert tuple(said) == check.remarks
    if check.model.id != DLIB:
        assert (check.reports, check.remarks) == ({}, ())
        return
    assert set(check.reports) == set(FACES)
    for report in check.reports.values():
        assert report.state is ChannelState.WEAK
        assert report.reason == f"people: weak check ({check.model.title})"
        assert report.mend.startswith("screening models import")
    assert len(check.remarks) == 1


def test_scan_says_whom_it_does_not_look_for(index, tmp_path, run, monkeypatch):
    """Missing weights and people held no longer are told once; purge takes these out."""
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "none"))
    late = people_index(
        tmp_path / "late.index", {"p": {}, "q": {"retain_until": TODAY - timedelta(days=1)}}
    )
    textured(2).save(tmp_path / "board.png")
    scan = ("scan", tmp_path / "board.png", "--index", index, "--index", late, "--workers", 0)
    _, _, talk = run(*scan)
    assert talk.count("faces were enrolled with") == 1
    assert f"has passed: 1; take them out: screening index purge {late}" in talk
    assert run("index", "purge", late)[1] == f"{late}: 1 removed\n"
    assert "purge" not in run(*scan)[2]
    assert run("index", "purge", late)[1] == f"{late}: 0 removed\n"


def test_index_commands_show_people(index, tmp_path, run):
    """Faces are counted by channel; jsonl has what a person is and until when they are held."""
    until = TODAY + timedelta(days=9)
    path = people_index(
        tmp_path / "more.index",
        {"p": {"status": "minor", "retain_until": until, "legal_basis": "consent"}, "q": {}},
    )
    facts = json.loads(run("index", "info", path, "--format", "jsonl")[1])
    assert facts["channels"] == {"hash": 0, "local": 0, "face": 2}
    assert (facts["expired_people"], facts["face_model"]) == (0, [])
    records = lines(run("index", "list", path, "--format", "jsonl")[1])
    assert [(one["status"], one["retain_until"], one["legal_basis"]) for one in records] == [
        ("minor", until.isoformat(), "consent"),
        ("", None, ""),
    ]


def test_index_info_says_who_may_use_the_weights(tmp_path, run):
    """A licence that forbids commercial use is said in capitals, of weights that are absent too."""
    like = ModelStore(tmp_path).card("retail-0095")
    card = replace(like, id="mine", file="mine.onnx", sha256="ab" * 32, commercial_use=False,
                   licence="research only")  # fmt: skip
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mine.toml").write_text(card_text(card))
    settings = f"{card.mark}, no flip, 1"
    path = people_index(tmp_path / "i.index", {"p": {}}, settings=settings)
    told = run("index", "info", path, "--models", tmp_path / "weights")[1]
    assert "mine (research only, COMMERCIAL USE FORBIDDEN, missing here)" in told
    (tmp_path / "screening.toml").write_text('models = "weights"\n')
    (found,) = json.loads(run("index", "info", path, "--format", "jsonl")[1])["face_model"]
    assert (found["id"], found["commercial_use"], found["here"]) == ("mine", False, False)


def test_the_folder_of_weights_is_the_options_else_the_files(tmp_path, run, weights, monkeypatch):
    """--models wins over screening.toml, which wins over SCREENING_MODELS."""
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "none"))
    (tmp_path / "people").mkdir()
    portrait().save(tmp_path / "people" / "Someone.png")
    (tmp_path / "screening.toml").write_text(f'models = "{weights}"\n')
    for number, options in enumerate(((), ("--models", weights))):
        index = tmp_path / f"{number}.index"
        assert run("enroll", index, tmp_path / "people", "--kind", "person", "--workers", 0,
                   *options)[0] == 0  # fmt: skip
        with ReferenceIndex.open(index) as opened:
            assert opened.settings["face"] == model_in(weights).settings
        (tmp_path / "screening.toml").write_text('models = "elsewhere"\n')


@pytest.mark.shared
def test_a_licence_that_forbids_commercial_use_warns_at_every_use(tmp_path, run, measuring_data):
    """Enrolling, scanning and info tell it; the weights are the index's own, not the best."""
    weights = tmp_path / "weights"
    weights.mkdir()
    for file in (measuring_data.parent / "models").glob("*.onnx"):
        (weights / file.name).write_bytes(file.read_bytes())
    card = ModelStore(weights).card("retail-0095")
    mine = replace(card, id="mine", licence="research only", commercial_use=False)
    (weights / "mine.toml").write_text(card_text(mine))
    (tmp_path / "people").mkdir()
    portrait().save(tmp_path / "people" / "Someone.png")
    options = ("--models", weights, "--workers", 0)
    index = tmp_path / "i.index"
    for command in (
        ("enroll", index, tmp_path / "people", "--kind", "person", "--face-model", "mine"),
        ("scan", tmp_path / "people", "--index", index),
    ):
        assert run(*command, *options)[2].count("(research only) forbids commercial use") == 1
    told = run("index", "info", index, "--models", weights)[1]
    assert "mine (research only, COMMERCIAL USE FORBIDDEN)" in told


@pytest.mark.shared
def test_people_are_found_until_they_are_removed(tmp_path, run, weights, measuring_data):
    """Enrolled by two photographs, they are found in others; strangers never, nor once removed."""
    known = photographs(measuring_data)

    def put(place: str, files: Iterable[Path]) -> None:
        (tmp_path / place).mkdir(parents=True)
        for number, file in enumerate(files):
            (tmp_path / place / f"{number:03d}.jpg").write_bytes(file.read_bytes())

    names = [*islice(known["enrol"], 12)]
    for number, name in enumerate(names):
        put(f"people/{number:03d}", known["enrol"][name])
    put("board", (known["query"][name][0] for name in names))
    strangers = chain.from_iterable(known["stranger"].values())
    put("unrelated", islice(strangers, 60))
    put("strangers", islice(strangers, 12))
    index = tmp_path / "i.index"
    run("enroll", index, tmp_path / "people", "--kind", "person", "--models", weights,
        "--keep-doubtful")  # fmt: skip
    calibrate = ("calibrate", index, "--background", tmp_path / "unrelated", "--models", weights)
    assert run(*calibrate)[0] == 0

    def found(place: str) -> list[set[str]]:
        scan = (
            "scan",
            tmp_path / place,
            "--index",
            index,
            "--models",
            weights,
            "--format",
            "jsonl",
        )
        *pictures, _ = lines(run(*scan)[1])
        return [{finding["record"]["title"] for finding in one["findings"]} for one in pictures]

    right = [those == {f"{number:03d}"} for number, those in enumerate(found("board"))]
    assert sum(right) >= (6 if model_in(weights).id == DLIB else 10)
    assert found("strangers") == [set()] * 12
    records = lines(run("index", "list", index, "--format", "jsonl")[1])
    assert len(records) == 12
    assert run("index", "remove", index, *(one["id"] for one in records))[0] == 0
    assert found("board") == [set()] * 12
    with ReferenceIndex.open(index) as opened:
        assert (opened.record_count, opened.references("face")) == (0, 0)
