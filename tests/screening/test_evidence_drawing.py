import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from reference_index import Kind, Record
from screening import Screener, draw_finding, draw_pair
from screening.demo import poster, scene
from screening.enrollment import enroll, folder_sources
from screening.errors import ReferenceUnavailableError, ScreeningError, UnreadError
from screening.matching import ChannelEvidence, Finding
from screening.report.pair import HEIGHT, MAX_WIDTH
from screening.report.words import coincidence

RED, BLUE = (200, 0, 0), (0, 0, 200)
EVIDENCE = ChannelEvidence(
    channel="local",
    score=80.0,
    unit="log significance",
    false_alarms=1e-9,
    extrapolated=True,
    measured_to=1e-4,
    calibration="default",
    reference_image="0" * 64,
    transform="mirrored, covers 25 % of the picture, shows 100 % of the reference",
    frame=0,
    region=((0.75, 0.25), (0.25, 0.25), (0.25, 0.75), (0.75, 0.75)),
    inliers=61,
)


def plain(size: tuple[int, int], color: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", size, color)


def columns(drawn: Image.Image, color: tuple[int, int, int]) -> np.ndarray:
    """Return the columns that hold a color."""
    return np.flatnonzero((np.asarray(drawn) == color).all(axis=2).any(axis=0))


def rows(drawn: Image.Image, color: tuple[int, int, int]) -> np.ndarray:
    return np.flatnonzero((np.asarray(drawn) == color).all(axis=2).any(axis=1))


def caption_of(evidence: ChannelEvidence, monkeypatch) -> str:
    """Return all the words of a drawing in the order they are set."""
    said = []

    def text(_draw, _place, words, *_args, **_options):
        said.append(words)

    with monkeypatch.context() as patched:
        patched.setattr("PIL.ImageDraw.ImageDraw.text", text)
        draw_pair(plain((400, 300), RED), plain((300, 400), BLUE), evidence)
    return " ".join(said)


@pytest.mark.parametrize(
    ("size", "reference_size", "height"),
    [
        ((400, 300), (300, 400), HEIGHT),
        ((40, 30), (3000, 4000), HEIGHT),
        ((2000, 500), (400, 400), MAX_WIDTH // 4),
        ((400, 400), (2000, 500), MAX_WIDTH // 4),
        ((1, 1000), (500, 500), HEIGHT),
        ((5000, 1), (500, 500), 1),
    ],
)  # fmt: skip
def test_both_stand_side_by_side_at_one_height(size, reference_size, height):
    """The picture left, the reference right, as high as the wider of them allows."""
    whole = replace(EVIDENCE, region=EVIDENCE.reference_region)
    drawn = draw_pair(plain(size, RED), plain(reference_size, BLUE), whole)
    assert drawn.mode == "RGB"
    if height > 30 and min(size) > 1:
        for color in (RED, BLUE):
            assert np.ptp(rows(drawn, color)) + 1 == pytest.approx(height, abs=10)
        assert columns(drawn, RED).max() < columns(drawn, BLUE).min()
        for color, (width, tall) in ((RED, size), (BLUE, reference_size)):
            expected = width * height / tall
            assert np.ptp(columns(drawn, color)) + 1 == pytest.approx(expected, abs=10)
    assert drawn.height < HEIGHT + 250


@pytest.mark.parametrize("ground", [(0, 0, 0), (128, 128, 128), (255, 255, 255)])
def test_what_matched_is_outlined_on_any_ground(ground):
    """At each corner and side of the region there is both darker and lighter than the ground."""
    drawn = np.asarray(draw_pair(plain((512, 512), ground), plain((512, 512), ground), EVIDENCE))
    left, top = 24, 46
    for x, y in ((256, 128), (128, 256), (384, 256), (256, 384)):
        patch = drawn[top + y - 6 : top + y + 6, left + x - 6 : left + x + 6].astype(int)
        assert np.ptp(patch) > 200
    inside = drawn[top + 240 : top + 272, left + 240 : left + 272]
    assert (inside == ground).all()


def test_corresponding_corners_have_one_color():
    """The first corner of the reference is where the mirrored picture has it: at the right."""
    drawn = np.asarray(draw_pair(plain((512, 512), RED), plain((512, 512), BLUE), EVIDENCE))
    left, top, right = 24, 46, 24 + 512 + 40
    for (x, y), (u, v) in zip(EVIDENCE.region, EVIDENCE.reference_region, strict=True):
        places = (top + y * 512 - 7, left + x * 512), (top + v * 512 - 7, right + u * 512)
        first, second = (drawn[int(row), int(column)].tolist() for row, column in places)
        assert first == second
        assert max(first) - min(first) > 100


@pytest.mark.parametrize(
    ("false_alarms", "measured_to", "expected"),
    [
        (1e-9, 1e-4, "rarer than 1 in 10,000"),
        (1e-4, 1e-4, "1 in 10,000"),
        (0.02, 1e-4, "1 in 50"),
        (3.0, 1e-4, "3 a picture"),
        (0.5, 2.0, "rarer than was measured"),
    ],
)
def test_the_caption_never_says_more_than_was_measured(
    false_alarms, measured_to, expected, monkeypatch
):
    """Beyond the data it is rarer than what was measured, in the words of every report."""
    evidence = replace(EVIDENCE, false_alarms=false_alarms, measured_to=measured_to)
    finding = Finding(
        record=Record(id="a", kind=Kind.WORK, title="a"),
        false_alarms=false_alarms,
        measured_to=measured_to,
        channels=(evidence,),
        region=evidence.region,
        frame=0,
    )
    assert coincidence(finding) == expected
    assert caption_of(evidence, monkeypatch).endswith(f"by chance {expected}")


def test_the_caption_names_channel_transform_and_features(monkeypatch):
    """Whole pictures that a hash compares have no features."""
    caption = caption_of(EVIDENCE, monkeypatch)
    assert f"local: {EVIDENCE.transform} · 61 features agree · by chance" in caption
    assert caption.startswith("picture 1 2 3 4 reference 1 2 3 4 ")
    whole = replace(EVIDENCE, channel="hash", transform="flipped", inliers=None)
    assert "hash: flipped · by chance" in caption_of(whole, monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Make a folder with works, an index of them, and pictures that hold a part of one."""
    folder = tmp_path_factory.mktemp("made")
    loose = poster(np.random.default_rng(0), (300, 400), kind="tide")
    within = poster(np.random.default_rng(1), (300, 400), kind="portal")
    (folder / "works" / "film").mkdir(parents=True)
    loose.save(folder / "works" / "loose.png")
    within.save(folder / "works" / "film" / "b.png")
    (folder / "works" / "film" / "a note.txt").write_text("not a picture")
    enroll(folder / "index", folder_sources(folder / "works", kind=Kind.WORK), workers=0)
    ImageOps.mirror(loose).crop((20, 30, 290, 330)).save(folder / "loose.png")
    within.resize((150, 200)).save(folder / "film.png")
    lake = scene(np.random.default_rng(3), (300, 400), kind="lake")
    pages = [lake, loose.rotate(-90, expand=True).convert("RGB")]
    pages[0].save(folder / "pages.tif", save_all=True, append_images=pages[1:])
    return folder


def screened(made: Path, name: str):
    with Screener.open(made / "index") as screener:
        return screener.screen(made / name).findings[0]


def same(drawn: Image.Image, other: Image.Image) -> bool:
    return drawn.size == other.size and drawn.tobytes() == other.tobytes()


def test_a_finding_is_drawn_from_the_files(made):
    """The picture, the enrolled file at the locator, and the evidence that tells the region."""
    finding = screened(made, "loose.png")
    evidence = next(one for one in finding.channels if one.inliers is not None)
    expected = draw_pair(
        Image.open(made / "loose.png"), Image.open(made / "works" / "loose.png"), evidence
    )
    assert same(draw_finding(made / "loose.png", finding), expected)


def test_the_frame_of_the_finding_is_drawn(made):
    """Of a file with pages it is the one that shows the record."""
    finding = screened(made, "pages.tif")
    assert finding.frame == 1
    expected = draw_pair(
        Image.open(made / "works" / "loose.png").rotate(-90, expand=True),
        Image.open(made / "works" / "loose.png"),
        next(one for one in finding.channels if one.inliers is not None),
    )
    assert same(draw_finding(made / "pages.tif", finding), expected)


def test_a_record_that_is_a_folder_is_looked_through(made):
    """The file with the digest of the evidence is found among all that lie there."""
    finding = screened(made, "film.png")
    assert Path(finding.record.locator).is_dir()
    given = draw_finding(made / "film.png", finding, reference=made / "works" / "film" / "b.png")
    assert same(draw_finding(made / "film.png", finding), given)


def test_a_locator_is_relative_to_the_current_folder(made, monkeypatch):
    """A records file may name pictures by where a production keeps them."""
    finding = screened(made, "loose.png")
    expected = draw_finding(made / "loose.png", finding)
    near = replace(finding, record=replace(finding.record, locator="works/loose.png"))
    monkeypatch.chdir(made)
    assert same(draw_finding("loose.png", near), expected)


def test_nothing_is_written(made):
    """Drawing leaves every folder as it was."""
    before = sorted(made.rglob("*"))
    draw_finding(made / "loose.png", screened(made, "loose.png"))
    assert sorted(made.rglob("*")) == before


@pytest.mark.parametrize(
    ("locator", "message"),
    [
        ("", r"has no locator; pass reference=, the path of its picture"),
        ("https://example.org/loose.png", r"locator is 'https://.*expected the path of a file"),
        ("gone/loose.png", r"cannot be read at 'gone/loose.png' \(no such file or directory\)"),
        ("film.png", r"'film.png' is another file than the one enrolled, sha256 [0-9a-f]{12}…"),
        ("works/film", r"no file in 'works/film' is the one enrolled, sha256 [0-9a-f]{12}…"),
        ("works/film/a note.txt", r"is another file than the one enrolled"),
    ],
)
def test_a_reference_that_is_not_there_is_told(made, monkeypatch, locator, message):
    """The error says whose, what was found, what was expected, and what to do."""
    monkeypatch.chdir(made)
    finding = screened(made, "loose.png")
    lost = replace(finding, record=replace(finding.record, locator=locator))
    with pytest.raises(ReferenceUnavailableError, match=message) as raised:
        draw_finding("loose.png", lost)
    assert repr(finding.record.id) in str(raised.value)
    assert "pass reference=" in str(raised.value)
    assert isinstance(raised.value, ScreeningError)
    drawn = draw_finding("loose.png", lost, reference="works/loose.png")
    assert same(drawn, draw_finding("loose.png", finding))


def test_a_given_reference_must_be_the_one_enrolled(made):
    """Another picture is not drawn beside evidence that is not about it."""
    with pytest.raises(ReferenceUnavailableError, match="is another file than the one enrolled"):
        draw_finding(made / "loose.png", screened(made, "loose.png"), reference=made / "loose.png")


def test_a_picture_that_is_gone_is_unread(made, tmp_path):
    """What cannot be opened, or has no such frame any more, is told as everywhere."""
    finding = screened(made, "loose.png")
    with pytest.raises(UnreadError, match="no such file"):
        draw_finding(tmp_path / "gone.png", finding)
    shutil.copy(made / "film.png", tmp_path / "pages.tif")
    with pytest.raises(UnreadError, match="no frame 1"):
        draw_finding(tmp_path / "pages.tif", screened(made, "pages.tif"))
