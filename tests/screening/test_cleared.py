"""Cleared pictures explain what they show, and hide nothing else."""

import hashlib
import io
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from pictures import clouds, composed, textured
from PIL import Image, ImageFilter, ImageOps

from reference_index import Fingerprint, IndexWriter, Kind, Record, ReferenceIndex
from screening.demo import poster, scene
from screening.images import from_pil
from screening.matching import ClearedBy, match
from screening.matching.cleared_copies import bits_apart
from screening.signals import SETTINGS, fingerprint

SIZE = (400, 300)
NOTE_AT = 0.01
KINDS = {"cleared": Kind.CLEARED, "person": Kind.PERSON}


def seen(image: Image.Image, *, frame: int = 0) -> Fingerprint:
    (only,) = from_pil(image).frames
    return replace(fingerprint(only, sha256=digest(image)), frame=frame)


def digest(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Make and open indexes of records and their images, of the kind that an id begins with."""
    with ExitStack() as stack:

        def make(content) -> ReferenceIndex:
            path = tmp_path_factory.mktemp("index") / "works.index"
            with IndexWriter(path, settings=SETTINGS) as writer:
                for name, images in content.items():
                    kind = KINDS.get(name.split()[0], Kind.WORK)
                    writer.put_record(Record(id=name, kind=kind, title=f"The {name}"))
                    for image in images if isinstance(images, list) else [images]:
                        one = seen(image)
                        writer.add_image(
                            name, one.hashes.codes[:1], sha256=one.sha256, width=one.width,
                            height=one.height, source="",
                            local=[(one.local, one.width / one.height)],
                        )  # fmt: skip
            return stack.enter_context(ReferenceIndex.open(path))

        yield make


def found(picture, *indexes, **options):
    """Return the findings in a picture, or in its frames, by record id."""
    frames = picture if isinstance(picture, list) else [picture]
    looked = [seen(one, frame=number) for number, one in enumerate(frames)]
    (matches,) = match([looked], indexes, **{"note_at": NOTE_AT} | options)
    return {one.record.id: one for one in matches.findings}


def explained(picture, *indexes, **options) -> dict[str, bool]:
    """Return of each record that is found whether a cleared one explains it."""
    found_there = found(picture, *indexes, **options)
    return {name: one.cleared is not None for name, one in found_there.items()}


def pasted(ground: Image.Image, *parts) -> Image.Image:
    canvas = ground.copy()
    for image, place in parts:
        canvas.paste(image, place)
    return canvas


def recompressed(image: Image.Image, quality: int = 60) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


@pytest.fixture(scope="module")
def stock() -> Image.Image:
    return composed(3, 480, 360)


@pytest.fixture(scope="module")
def emblem() -> Image.Image:
    """What the poster shows beside the stock picture: its own."""
    return poster(np.random.default_rng(7), (240, 320), kind="tide", title="TIDE")


@pytest.fixture(scope="module")
def work(stock, emblem) -> Image.Image:
    """A protected poster, which shows the stock picture as well."""
    return pasted(Image.new("RGB", (700, 400), "navy"), (stock, (0, 20)), (emblem, (460, 40)))


@pytest.fixture(scope="module")
def board() -> Image.Image:
    return scene(np.random.default_rng(5), (900, 700), kind="lake")


@pytest.fixture(scope="module")
def index(opened, work, stock):
    others = {f"work {n}": composed(n, 480, 360) for n in range(10, 13)}
    return opened({"work": work, "cleared": stock} | others)


def test_a_stock_picture_that_is_part_of_a_poster_too_is_explained(index, board, stock):
    """On a board it is told by what it is: the finding stays, with the cleared picture's name."""
    finding = found(pasted(board, (stock, (60, 90))), index)["work"]
    assert finding.cleared == ClearedBy(
        record_id="cleared", title="The cleared", channel="local", reference_image=digest(stock)
    )
    assert finding.cleared.words == (
        "explained by the cleared picture “The cleared” (local, covers the same place)"
    )


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(ImageOps.mirror, id="mirrored"),
        pytest.param(recompressed, id="recompressed"),
        pytest.param(lambda a: a.crop((60, 40, 440, 330)), id="cropped"),
        pytest.param(lambda a: a.resize((360, 270)), id="smaller"),
        pytest.param(lambda a: a.rotate(90, expand=True), id="turned"),
    ],
)
def test_a_changed_stock_picture_is_explained(index, board, stock, changed):
    """Whatever both references bear alike."""
    assert explained(pasted(board, (changed(stock), (60, 90))), index) == {"work": True}


@pytest.mark.parametrize(
    "also",
    [
        pytest.param(lambda a: a, id="as it is"),
        pytest.param(ImageOps.mirror, id="mirrored"),
        pytest.param(lambda a: a.resize((180, 240)), id="smaller"),
    ],
)
def test_the_works_own_content_elsewhere_is_not_explained(index, board, stock, emblem, also):
    """Although the best place of the work is where the stock picture shows."""
    picture = pasted(board, (stock, (20, 20)), (also(emblem), (620, 330)))
    assert explained(picture, index) == {"work": False}


@pytest.mark.parametrize(("seed", "place"), [(11, "canyon"), (13, "lake")])
def test_a_small_part_of_a_work_is_not_hidden_by_a_large_cleared_one(opened, seed, place):
    """Where the cleared part takes every hypothesis of how the work may show."""
    photograph = scene(np.random.default_rng(100 + seed), (480, 360), kind=place)
    kind = ("tide", "skyline", "portal", "profile")[seed % 4]
    own = poster(np.random.default_rng(seed), (240, 320), kind=kind, title=f"T{seed}")
    work = pasted(Image.new("RGB", (700, 400), "navy"), (photograph, (0, 20)), (own, (460, 40)))
    board = scene(np.random.default_rng(5), (900, 700), kind="market")
    index = opened({"work": work, "cleared": photograph})
    assert explained(pasted(board, (photograph, (10, 10))), index) == {"work": True}
    picture = pasted(board, (photograph, (10, 10)), (own, (620, 360)))
    assert explained(picture, index) == {"work": False}


def test_the_work_itself_is_not_explained(index, work):
    """It shows the stock picture and more, in one piece."""
    for picture in (work, recompressed(work), ImageOps.mirror(work)):
        assert explained(picture, index) == {"work": False}


def test_what_a_stronger_cleared_picture_leaves_over_is_not_explained(opened, board, stock, emblem):
    """A work has a faint print of it under a mark of its own: the mark is the work still."""
    mark = emblem.resize((105, 140))
    faint = recompressed(
        Image.blend(stock.filter(ImageFilter.GaussianBlur(2)), board.crop((0, 0, 480, 360)), 0.5),
        30,
    )
    index = opened({"work": pasted(faint, (mark, (10, 10))), "cleared": stock})
    without = board.copy()
    without.paste(stock, (200, 200))
    marked = pasted(without, (mark, (210, 210)))
    assert explained(marked, index) == {"work": False}


def test_a_weaker_cleared_picture_explains_nothing(opened, stock):
    """A part of a version with details of its own is that version's, not the plain one's."""
    detailed = Image.blend(stock, textured(8, *stock.size), 0.45)
    index = opened({"work": detailed, "cleared": stock})
    assert explained(detailed.crop((50, 40, 430, 330)), index) == {"work": False}
    sharp = textured(3, 480, 360)
    small = opened({"work": sharp, "cleared": sharp.resize((240, 180))})
    assert explained(sharp.crop((50, 40, 430, 330)), small) == {"work": False}


def test_a_sticker_on_a_cleared_photograph_is_not_explained(opened, stock, emblem):
    """All around it is cleared, and is found; the sticker is something else."""
    index = opened({"work": emblem, "cleared": stock})
    for size, place in (((120, 160), (180, 100)), ((90, 120), (20, 20)), ((180, 240), (150, 60))):
        assert explained(pasted(stock, (emblem.resize(size), place)), index) == {"work": False}


def test_the_same_file_enrolled_as_both_is_explained(opened, stock):
    """Both are as near as can be, on every channel."""
    index = opened({"work": stock, "cleared": stock})
    for picture in (
        stock,
        recompressed(stock),
        ImageOps.mirror(stock),
        stock.crop((40, 30, 440, 330)),
    ):
        findings = found(picture, index)
        assert findings["work"].cleared is not None
    assert {one.channel for one in found(stock, index)["work"].channels} == {"hash", "local"}


def test_an_unrelated_cleared_picture_explains_nothing(opened, stock, emblem):
    """Neither where it is not in the picture, nor where it is beside the work."""
    index = opened({"work": emblem, "cleared": stock})
    assert explained(emblem, index) == {"work": False}
    beside = pasted(Image.new("RGB", (800, 400)), (stock, (0, 0)), (emblem, (500, 20)))
    assert explained(beside, index) == {"work": False}


def test_of_two_versions_the_nearer_is_told(opened):
    """By hash alone: what comes as near to the protected one as it does to itself stays."""
    cleared, work = clouds(1), Image.blend(clouds(1), clouds(2), 0.25)
    index = opened({"work": work, "cleared": cleared})
    beyond, between = (
        Image.blend(clouds(1), clouds(3), 0.1),
        Image.blend(clouds(1), clouds(2), 0.08),
    )
    bits = [[bits_apart(seen(one).hashes.codes, seen(other).hashes.codes[0])
             for other in (cleared, work)] for one in (cleared, between)]  # fmt: skip
    assert bits[1][0] < bits[1][1] < bits[0][1]
    for picture, expected in ((cleared, True), (beyond, True), (between, False), (work, False),
                              (recompressed(work, 90), False)):  # fmt: skip
        findings = found(picture, index)
        assert [one.channel for one in findings["work"].channels] == ["hash"]
        assert (findings["work"].cleared is not None) is expected


def test_the_cleared_picture_may_be_in_another_index(opened, index, board, stock, work):
    """And changes nothing but the mark, in whatever order they are searched."""
    works, cleared = opened({"work": work}), opened({"cleared": recompressed(stock, 80)})
    picture = pasted(board, (stock, (60, 90)))
    alone = found(picture, works)["work"]
    assert alone.cleared is None
    for indexes in ((works, cleared), (cleared, works)):
        beside = found(picture, *indexes)["work"]
        assert beside.cleared.record_id == "cleared"
        assert replace(beside, cleared=None) == alone


def test_the_order_of_indexes_and_records_never_matters(opened, board, stock, work):
    """Of several that explain the same, the best is told, and of equals the first by title."""
    records = {
        "work": work,
        "cleared b": stock,
        "cleared a": stock,
        "cleared c": work.resize((350, 200)),
    }
    picture = pasted(board, (stock, (60, 90)))
    forth, back = opened(records), opened(dict(reversed(records.items())))
    parts = [opened({name: image}) for name, image in records.items()]
    told = {found(picture, *some)["work"].cleared
            for some in ([forth], [back], parts, parts[::-1], [forth, back])}  # fmt: skip
    assert {by.title for by in told} == {"The cleared a"}


def test_people_are_never_explained(opened, stock):
    """Whether somebody may be shown is a matter of consent."""
    index = opened({"person": stock, "work": stock, "cleared": stock})
    assert explained(stock, index) == {"person": False, "work": True}


def test_every_image_and_every_frame_has_to_be_explained(opened, stock, emblem):
    """What one frame shows is not explained by what another one does."""
    index = opened({"work": [stock, emblem], "cleared": stock})
    assert explained([stock, stock.rotate(2)], index) == {"work": True}
    assert explained([stock, emblem], index) == {"work": False}
    assert explained([emblem, stock], index) == {"work": False}
    both = opened({"work": [stock, emblem], "cleared": stock, "cleared too": emblem})
    assert explained([stock, emblem], both) == {"work": True}


def test_what_a_raw_score_flags_has_to_be_explained_too(opened, stock, emblem):
    """However many false alarms it has."""
    index = opened({"work": stock, "cleared": stock})
    assert explained(stock, index, note_at=1e-300, raw_scores={"hash": 250.0}) == {"work": True}
    other = opened({"work": stock, "cleared": emblem})
    assert explained(stock, other, note_at=1e-300, raw_scores={"hash": 250.0}) == {"work": False}


@pytest.mark.parametrize("count", [1, 12])
def test_cleared_records_change_no_finding(opened, board, stock, work, emblem, count):
    """None comes, goes or moves, and no number changes; not even where they crowd around a work."""
    protected = {"work": work, "work 2": stock, "work 3": emblem, "work 4": textured(4)}
    edits = [recompressed(stock, 95 - number) for number in range(count)]
    cleared = {f"cleared {number}": [edit, emblem] for number, edit in enumerate(edits)}
    without, beside = opened(protected), opened(cleared | protected)
    pictures = [
        [seen(one)]
        for one in (stock, work, emblem, textured(4), board,
                    pasted(board, (stock, (0, 0)), (emblem, (600, 300))))
    ]  # fmt: skip
    for picture in pictures:
        (one,), (other,) = (
            match([picture], [index], note_at=NOTE_AT, candidates=9) for index in (without, beside)
        )
        assert one.findings == tuple(replace(f, cleared=None) for f in other.findings)
        assert (one.candidates, one.channels) == (other.candidates, other.channels)


def test_without_cleared_records_nothing_is_looked_for(opened, monkeypatch, stock, work):
    """Neither time nor results are spent on what is not there, nor on pictures without findings."""
    index = opened({"work": work, "work 2": stock})

    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr("screening.matching.fusion.Explanations.of", refuse)
    assert explained(stock, index) == {"work": False, "work 2": False}
    assert explained(textured(9), opened({"work": work, "cleared": stock})) == {}
