import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pictures import clouds, textured
from PIL import Image

from reference_index import Kind
from screening import benchmark
from screening.benchmark import BenchmarkError, as_csv, as_text, compare, read_run
from screening.benchmark.page import page
from screening.benchmark.plots import CURVES, drawn
from screening.benchmark.queries import Remark
from screening.benchmark.result import Recommendation
from screening.benchmark.splits import halves
from screening.benchmark.words import comparison_as_text, recommendation_in_words
from screening.enrollment import enroll, folder_sources
from screening.errors import OutputError, PathMissingError
from screening.evaluation.operating import Estimate
from screening.examine import examine_file
from screening.images import Limits

WORKS, UNRELATED = 6, 48


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """Six enrolled works, as many unrelated pictures as it takes, and what goes wrong with some."""
    root = tmp_path_factory.mktemp("studio")
    works, background = root / "works", root / "background"
    works.mkdir()
    background.mkdir()
    for number in range(WORKS):
        textured(number, 240, 160).save(works / f"work {number}.png")
    for number in range(UNRELATED):
        textured(1_000 + number, 240, 160).save(background / f"{number:02}.png")
    shutil.copy(works / "work 5.png", background / "enrolled.png")
    shutil.copy(background / "00.png", background / "zz same.png")
    (background / "zz cut.png").write_bytes((background / "01.png").read_bytes()[:900])
    (background / "zz notes.txt").write_text("not an image")
    enroll(root / "works.index", folder_sources(works, kind=Kind.WORK), workers=0, embeddings=())
    return root


@pytest.fixture(scope="module")
def measured(studio):
    """The benchmark of edited copies."""
    return benchmark.run(
        studio / "works.index",
        background=studio / "background",
        attacks=studio / "works",
        attacks_per_image=4,
        workers=0,
    )


def test_what_was_measured_with_is_told(measured):
    """Counts of both halves, digests, and every file that is in no figure."""
    sample = measured.sample
    assert (sample.calibrated_on, sample.reported_on) == (24, 24)
    assert (sample.queries_chosen_on, sample.queries_reported_on) == (12, 12)
    assert (sample.records, sample.edits) == (WORKS, 4)
    assert (measured.index.records, measured.index.references) == (
        WORKS,
        {"hash": WORKS, "local": WORKS},
    )
    assert {(one.kind, Path(one.name).name) for one in measured.remarks} == {
        ("enrolled", "enrolled.png"),
        ("twice", "zz same.png"),
        ("unread", "zz cut.png"),
    }


def test_every_figure_is_there_for_every_channel(measured):
    """Nine figures a channel, each within its interval or told to have one of its own."""
    assert measured.channels == ("hash", "local", "fused")
    for channel in measured.channels:
        figures = [one for one in measured.measures if one.channel == channel]
        assert [one.promised for one in figures] == [None] * 5 + [0.1, 0.01, 0.001, 0.0001]
        for one in figures:
            assert 0.0 <= one.low <= one.high <= 1.0
            assert 0.0 <= one.value <= 1.0
        curve = measured.curves[channel]
        assert list(curve.recall) == sorted(set(curve.recall))
        assert {len(curve.recall)} == {
            len(values) for values in (curve.precision, curve.false_alarms, curve.flagged)
        }


def test_edits_of_drawn_pictures_are_told_from_unrelated_ones(measured):
    """Most copies score above every false pair on the channel that sees parts."""
    assert measured.measured("local", "recall_without_false_match").value >= 0.8
    assert measured.measured("fused", "micro_ap").value >= 0.8
    assert sum(one.queries for one in measured.families) == 4 * WORKS


def test_promises_that_so_few_images_cannot_show_are_told_so(measured):
    """24 images confirm nothing: not one promise is said to be kept."""
    for promise in measured.promises:
        assert promise.images == 24
        assert promise.outcome in {"unchecked", "unsupported", "broken"}
    thousandth = measured.promise("hash", 1e-3)
    assert (thousandth.images_needed, thousandth.expected[0]) == (2_995, 0)
    assert "needs 2,995 images" in as_text(measured)


def test_the_same_seed_measures_the_same(studio, measured):
    """Also in two processes; only the date may differ."""
    again = benchmark.run(
        studio / "works.index",
        background=[studio / "background"],
        attacks=studio / "works",
        attacks_per_image=4,
        workers=2,
    )
    assert replace(again, created=measured.created) == measured


def test_another_seed_cuts_other_halves(studio, measured):
    """Other edits and other halves, so other figures and another digest of the positives."""
    other = benchmark.run(
        studio / "works.index",
        background=studio / "background",
        attacks=studio / "works",
        attacks_per_image=4,
        seed=1,
        workers=0,
    )
    assert other.curves != measured.curves
    assert other.sample.background == measured.sample.background


def test_nothing_is_written_where_the_index_and_the_pictures_are(studio, measured):
    """Not an edited pixel, not a calibration: every file is as old as before."""

    def state():
        return {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in studio.rglob("*")}

    before = state()
    benchmark.run(
        studio / "works.index",
        background=studio / "background",
        attacks=studio / "works",
        attacks_per_image=1,
        workers=0,
    )
    assert state() == before


def test_pairs_of_ones_own(studio, tmp_path):
    """A CSV file of copies: read once each, a background that is among them is a positive alone."""
    for number in range(4):
        textured(number, 240, 160).resize((180, 120)).save(tmp_path / f"{number}.jpg", quality=70)
    shutil.copy(tmp_path / "0.jpg", tmp_path / "same as 0.jpg")
    shutil.copy(studio / "background" / "07.png", tmp_path / "theirs.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    rows = [(f"{number}.jpg", f"work {number}") for number in range(4)]
    rows += [("same as 0.jpg", "work 0"), ("theirs.png", "work 4"), ("broken.jpg", "work 5")]
    file = tmp_path / "pairs.csv"
    file.write_text("query,record\n" + "".join(f"{a},{b}\n" for a, b in rows))
    found = benchmark.run(
        studio / "works.index", background=studio / "background", positives=file, workers=0
    )
    assert found.sample.queries_chosen_on + found.sample.queries_reported_on == 5
    assert found.sample.calibrated_on + found.sample.reported_on == UNRELATED - 1
    assert (found.sample.edits, found.families) == (None, ())
    assert {(one.kind, Path(one.name).name) for one in found.remarks} == {
        ("enrolled", "enrolled.png"),
        ("twice", "zz same.png"),
        ("twice", "same as 0.jpg"),
        ("unread", "zz cut.png"),
        ("unread", "broken.jpg"),
        ("positive", "07.png"),
    }


@pytest.mark.parametrize(("seed", "calibrated_on"), [(0, 25), (2, 23)])
def test_a_background_that_shows_a_work_is_named(studio, tmp_path, seed, calibrated_on):
    """A crop of an enrolled work is left out of the calibration, and never out of the figures.

    With seed 0 it falls into the half that is reported on, with seed 2 into the other; so does a
    flat picture, which no channel can compare, and by which nothing is calibrated either.
    """
    shutil.copytree(studio / "background", tmp_path / "background")
    Image.new("RGB", (240, 160), "gray").save(tmp_path / "background" / "flat.png")
    textured(2, 240, 160).crop((20, 10, 220, 150)).save(tmp_path / "background" / "crop.png")
    found = benchmark.run(
        studio / "works.index",
        background=tmp_path / "background",
        attacks=studio / "works",
        attacks_per_image=1,
        seed=seed,
        workers=0,
    )
    suspects = {Path(one.name).name for one in found.remarks if one.kind == "suspect"}
    assert suspects == {"crop.png"}
    assert [Path(one.name).name for one in found.remarks if one.kind == "plain"] == ["flat.png"]
    assert (found.sample.calibrated_on, found.sample.reported_on) == (calibrated_on, 25)


def test_a_report_half_with_hardly_an_unrelated_picture_is_named(studio, tmp_path):
    """However many there are: they count as false alarms, and a reader must know."""
    background = tmp_path / "background"
    background.mkdir()
    for number in range(46):
        shutil.copy(studio / "background" / f"{number:02}.png", background)
    for number in range(10):
        picture = textured(number % WORKS, 240, 160)
        picture.save(background / f"copy {number}.jpg", quality=85 + number)
    names = {
        hashlib.sha256(file.read_bytes()).hexdigest(): file.name for file in background.iterdir()
    }

    def copies(seed):
        return {names[key] for key in halves(names, seed=seed)[1] if "copy" in names[key]}

    seed = next(seed for seed in range(10_000) if len(copies(seed)) == 10)
    run = benchmark.run(
        studio / "works.index",
        background=background,
        attacks=studio / "works",
        attacks_per_image=1,
        seed=seed,
        workers=0,
    )
    named = {Path(one.name).name for one in run.remarks if one.kind == "suspect"}
    assert named == copies(seed)
    assert (run.sample.calibrated_on, run.sample.reported_on) == (28, 28)


def test_pictures_that_are_not_enrolled_are_not_edited(studio, tmp_path):
    """They are told; where none is enrolled there is nothing to measure."""
    shutil.copy(studio / "works" / "work 0.png", tmp_path)
    clouds(9).save(tmp_path / "other.png")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    found = benchmark.run(
        studio / "works.index", background=studio / "background", attacks=tmp_path, workers=0
    )
    assert found.sample.queries_reported_on == 3
    told = {Path(one.name).name for one in found.remarks if one.kind == "not enrolled"}
    assert told == {"other.png"}
    assert "gone.png" in {Path(one.name).name for one in found.remarks if one.kind == "unread"}
    (tmp_path / "work 0.png").unlink()
    with pytest.raises(BenchmarkError, match="none of the pictures is enrolled"):
        benchmark.run(
            studio / "works.index", background=studio / "background", attacks=tmp_path, workers=0
        )


def test_what_cannot_be_measured_is_refused(studio, tmp_path):
    """Too small a background, none at all, and neither or both kinds of positives."""
    index, works = studio / "works.index", studio / "works"
    with pytest.raises(BenchmarkError, match=r"has 0 images .* expected at least 40"):
        benchmark.run(index, background=works, attacks=works, workers=0)
    with pytest.raises(PathMissingError):
        benchmark.run(index, background=tmp_path / "none", attacks=works, workers=0)
    with pytest.raises(TypeError, match="either positives"):
        benchmark.run(index, background=works)
    with pytest.raises(ValueError, match="load 0"):
        benchmark.run(index, background=works, attacks=works, load=0.0)


def test_a_background_of_which_the_positives_take_a_half_is_too_small(studio, tmp_path):
    """Who gives the same pictures for both is told so."""
    unrelated = [studio / "background" / f"{number:02}.png" for number in range(UNRELATED)]
    by_key = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in unrelated}
    _, reporting = halves(by_key, seed=0)
    rows = [f"{by_key[key]},work 0" for key in reporting]
    (tmp_path / "pairs.csv").write_text("\n".join(("query,record", *rows)))
    with pytest.raises(BenchmarkError, match=r"without 24 .* have 24 and 0 images, .* least 20"):
        benchmark.run(
            studio / "works.index",
            background=studio / "background",
            positives=tmp_path / "pairs.csv",
            workers=0,
        )


def test_a_run_as_json_holds_everything(measured, tmp_path):
    """What is written is what was measured, in JSON that any parser takes."""
    file = tmp_path / "run.json"
    file.write_text(measured.to_json())
    data = json.loads(file.read_text(), parse_constant=pytest.fail)
    assert data["measures"][0]["value"] == measured.measures[0].value
    assert data["curves"]["fused"]["recall"] == list(measured.curves["fused"].recall)
    assert data["index"]["uuid"] == measured.index.uuid
    assert {"created", "version", "machine", "seed"} <= set(data)
    assert read_run(file) == data


def test_names_that_are_not_utf_8_are_told_exactly(measured):
    """Replaced where JSON cannot hold them, with their bytes beside."""
    remark = Remark(kind="twice", name="caf\udce9.png", detail="th\udce9.png")
    run = replace(measured, remarks=(*measured.remarks, remark))
    *others, told = json.loads(run.to_json())["remarks"]
    assert told == {
        "kind": "twice", "name": "caf\ufffd.png", "name_b64": "Y2Fm6S5wbmc=",
        "detail": "th\ufffd.png", "detail_b64": "dGjpLnBuZw==",
    }  # fmt: skip
    assert {key for one in others for key in one} == {"kind", "name", "detail"}


def test_a_recommended_point_that_a_scan_refuses_alone_says_what_else_to_raise(measured):
    """One above the bound of notes; at the bound nothing more is needed."""
    estimate = Estimate(value=0.5, low=0.4, high=0.6)

    def said(promised):
        point = Recommendation(
            channel="fused", promised=promised, by_promise=False, chosen_flagged=1,
            chosen_images=100, chosen_recall=0.5, flagged=1, images=100, load=estimate,
            recall=estimate,
        )  # fmt: skip
        return recommendation_in_words(replace(measured, recommendations=(point,)))

    assert said(0.02).endswith("Notes begin at 0.01: raise --note-at to 0.02 too.")
    assert "--note-at" not in said(0.01)


def test_figures_as_csv(measured):
    """A row a figure, promise and recommendation, numbers that read back."""
    header, *rows = as_csv(measured).splitlines()
    assert header == "channel,measure,promised_false_alarms,value,low_95,high_95"
    points = 2 * len(measured.recommendations)
    assert len(rows) == len(measured.measures) + len(measured.promises) + points
    channel, name, promised, value, _, _ = rows[0].split(",")
    assert (channel, name, promised) == ("hash", "micro_ap", "")
    assert float(value) == pytest.approx(measured.measures[0].value, rel=1e-5)


def test_two_equal_runs_are_comparable_and_differ_in_nothing(measured):
    """Same index, pictures, settings and seed."""
    found = compare(json.loads(measured.to_json()), measured)
    assert found.comparable
    assert all(one.before == one.now for one in found.differences)


@pytest.mark.parametrize(
    ("part", "key", "value", "said"),
    [
        ("index", "uuid", "another", "another index"),
        ("index", "next_id", 99, "the index has gained references"),
        ("index", "settings", {"hash": "others"}, "other settings of the channels"),
        ("sample", "background", "0", "another background"),
        ("sample", "positives", "0", "other positives"),
    ],
)
def test_runs_of_different_things_are_not_comparable(measured, part, key, value, said):
    """The reason is told, and the differences all the same."""
    before = json.loads(measured.to_json())
    before[part][key] = value
    found = compare(before, measured)
    assert found.reasons == (said,)
    assert len(found.differences) == len(measured.measures)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "screening benchmark", "schema": 1}', '{"kind": 1}']
)
def test_what_is_no_run_is_refused(tmp_path, text):
    """Empty, of another kind, or with parts missing."""
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(BenchmarkError, match="earlier run"):
        read_run(file)


@pytest.mark.parametrize(
    ("altered", "figure"),
    [
        ({"created": "\x1b[2J"}, {}),
        ({"seed": "\x1b[2J"}, {}),
        ({}, {"channel": "\x1b[2J"}),
        ({}, {"name": 1}),
        ({}, {"promised": "0.1"}),
        ({}, {"promised": 0}),
        ({}, {"value": 10**400}),
    ],
)
def test_a_run_with_figures_that_are_none_is_refused(measured, tmp_path, altered, figure):
    """Nothing that a terminal would obey, and nothing that no table can show."""
    data = json.loads(measured.to_json()) | altered
    data["measures"][-1] |= figure
    (tmp_path / "run.json").write_text(json.dumps(data))
    with pytest.raises(BenchmarkError, match=r"earlier run \(.*(is no|too large)") as refused:
        read_run(tmp_path / "run.json")
    assert "\x1b" not in str(refused.value)


def test_a_figure_that_is_not_known_is_shown_by_its_name(measured, tmp_path):
    """A later version may measure more."""
    data = json.loads(measured.to_json())
    data["measures"][0]["name"] = "of tomorrow"
    (tmp_path / "run.json").write_text(json.dumps(data))
    found = compare(read_run(tmp_path / "run.json"), measured)
    assert "of tomorrow" in comparison_as_text(found)


def test_a_run_of_another_schema_is_refused(measured, tmp_path):
    """It says which it is, and what to do."""
    data = json.loads(measured.to_json()) | {"schema": 99}
    (tmp_path / "run.json").write_text(json.dumps(data))
    with pytest.raises(BenchmarkError, match=r"schema 99, expected .* run the earlier benchmark"):
        read_run(tmp_path / "run.json")


def test_curves_are_pictures_and_drawn_alike_every_time(measured, tmp_path):
    """A PNG and an SVG of each, byte for byte the same for the same run."""
    files = drawn(measured)
    assert set(files) == {f"{name}.{form}" for name in CURVES for form in ("png", "svg")}
    assert drawn(measured) == files
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for name in CURVES:
        examined = examine_file(str(tmp_path / f"{name}.png"), Limits())
        assert examined.fingerprints[0].width == 1_080
        assert b"<svg" in files[f"{name}.svg"]


def test_drawing_leaves_the_settings_of_matplotlib_alone(measured):
    """Whoever else draws in this program sees no difference."""
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    drawn(measured)
    assert dict(mpl.rcParams) == before


def test_the_page_loads_nothing_and_runs_nothing(measured):
    """No script, no address to fetch, every id once, and no name that is not made harmless."""
    run = replace(measured, index=replace(measured.index, name="<b>&\udcff.index"))
    text = page(run, drawn(run))
    assert "<script" not in text
    assert "src=" not in text
    addresses = {part.split('"')[0] for part in text.split("http")[1:]}
    assert addresses <= {"://www.w3.org/2000/svg", "://www.w3.org/1999/xlink"}
    ids = [part.split('"')[0] for part in text.split(' id="')[1:]]
    assert len(ids) == len(set(ids)) > 20
    assert "&lt;b&gt;&amp;\\udcff.index" in text
    text.encode()


def test_the_page_without_curves_says_how_to_get_them(measured):
    """Tables stay."""
    text = page(measured, {})
    assert "screening[plots]" in text
    assert "<svg" not in text
    assert "micro-AP" in text


def test_the_folder_keeps_what_is_not_its_own(measured, tmp_path):
    """Its own files are replaced, others stay; nothing half written is left."""
    folder = tmp_path / "out" / "here"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "run.json").write_text("old")
    benchmark.write(measured, folder)
    own = {"run.json", "measures.csv", "report.html"}
    curves = {f"{name}.{form}" for name in CURVES for form in ("png", "svg")}
    assert {file.name for file in folder.iterdir()} == own | curves | {"notes.txt"}
    assert (folder / "run.json").read_text() == measured.to_json()
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_full_disk_is_an_error_and_leaves_the_old_file(measured, tmp_path):
    """The file that does not fit is not there in part."""
    resource = pytest.importorskip("resource", reason="limits of a process are POSIX")
    (tmp_path / "run.json").write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written there"):
            benchmark.write(measured, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {file.name for file in tmp_path.iterdir()} == {"run.json"}
    assert (tmp_path / "run.json").read_text() == "old"


def test_a_run_is_a_value_that_numbers_can_be_read_from(measured):
    """The Python way in gives what the command prints."""
    fused = measured.measured("fused", "recall", 1e-3)
    assert f"{fused.value:.3f} [{fused.low:.3f}, {fused.high:.3f}]" in as_text(measured)
    with pytest.raises(KeyError):
        measured.measured("fused", "recall", 0.5)
    assert np.isfinite([one.value for one in measured.measures]).all()
