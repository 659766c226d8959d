import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from reference_index import Fingerprint, IndexWriter, Kind, Record, ReferenceIndex
from screening.demo import poster, scene
from screening.images import from_pil
from screening.matching.local import local_matches
from screening.signals import SETTINGS, fingerprint

SIZE = (400, 300)
Open = Callable[[Mapping[str, Sequence[Image.Image]]], ReferenceIndex]


def seen(image: Image.Image) -> Fingerprint:
    (frame,) = from_pil(image).frames
    return fingerprint(frame, sha256=hashlib.sha256(image.tobytes()).hexdigest())


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Make and open indexes of records and their images; records named cleared… are cleared."""
    with ExitStack() as stack:

        def make(content):
            path = tmp_path_factory.mktemp("index") / "works.index"
            with IndexWriter(path, settings=SETTINGS) as writer:
                for name, images in content.items():
                    kind = Kind.CLEARED if name.startswith("cleared") else Kind.WORK
                    writer.put_record(Record(id=name, kind=kind, title=name))
                    for image in images:
                        one = seen(image)
                        writer.add_image(
                            name,
                            one.hashes.codes[:1],
                            sha256=one.sha256,
                            width=one.width,
                            height=one.height,
                            source=f"{name}.png",
                            local=[(one.local, one.width / one.height)],
                        )
            return stack.enter_context(ReferenceIndex.open(path))

        yield make


@pytest.fixture(scope="module")
def works() -> dict[str, Image.Image]:
    kinds = ("tide", "skyline", "portal", "profile")
    return {
        kind: poster(np.random.default_rng(seed), SIZE, kind=kind, title=kind)
        for seed, kind in enumerate(kinds)
    }


@pytest.fixture(scope="module")
def background() -> Image.Image:
    return scene(np.random.default_rng(3), (600, 450), kind="lake")


@pytest.fixture(scope="module")
def index(opened, works) -> ReferenceIndex:
    return opened({name: [image] for name, image in works.items()})


def of(name: str, image: Image.Image, indexes):
    """Return the best match, which is of this record."""
    best = local_matches(seen(image), indexes)[0]
    assert best.record_id == name
    return best


def with_pasted(background: Image.Image, *pasted: tuple[Image.Image, tuple[int, int]]):
    canvas = background.copy()
    for image, place in pasted:
        canvas.paste(image, place)
    return canvas


def test_an_unrelated_picture_matches_next_to_nothing(index, background):
    """What is found by chance scores far below any copy in this file."""
    assert all(match.score < 8 for match in local_matches(seen(background), [index]))


def test_a_crop_shows_where_in_the_reference_it_is_from(index, works):
    """A crop of a quarter covers the picture whole and shows its part of the reference."""
    match = of("tide", works["tide"].crop((100, 75, 300, 225)), [index])
    assert match.score > 25
    assert match.share > 0.6
    left, top = np.min(match.reference_region, axis=0)
    right, bottom = np.max(match.reference_region, axis=0)
    assert 0.15 < left < right < 0.85
    assert 0.15 < top < bottom < 0.85
    assert match.reference_share == pytest.approx((right - left) * (bottom - top), abs=1e-3)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param(ImageOps.mirror, "mirrored, covers", id="mirrored"),
        pytest.param(ImageOps.invert, "as a negative, covers", id="negative"),
        pytest.param(
            lambda a: ImageOps.invert(ImageOps.mirror(a)),
            "mirrored, as a negative, covers",
            id="both",
        ),
        pytest.param(lambda a: a.resize((160, 120)), "covers", id="small"),
        pytest.param(lambda a: a.resize((520, 300)), "covers", id="stretched"),
        pytest.param(ImageOps.grayscale, "covers", id="gray"),
    ],
)
def test_a_changed_copy_is_found_and_told(index, works, changed, words):
    """The whole of it, with what was done to it in words."""
    match = of("portal", changed(works["portal"]), [index])
    assert match.score > 25
    assert match.transform.startswith(words)
    assert match.share > 0.8
    assert match.reference_share > 0.8


def test_a_reference_pasted_into_another_picture_is_outlined(index, works, background):
    """Its place is told to a few percent of the picture."""
    pasted = with_pasted(background, (works["tide"].resize((240, 180)), (300, 60)))
    match = of("tide", pasted, [index])
    expected = np.array([(300, 60), (540, 60), (540, 240), (300, 240)]) / (600, 450)
    np.testing.assert_allclose(match.region, expected, atol=0.05)
    assert match.share == pytest.approx(0.16, abs=0.04)


def test_a_collage_is_as_many_matches_each_in_its_place(index, works):
    """Four references in four quarters: four records, in the right ones."""
    quarters = dict(zip(works, [(0, 0), (400, 0), (0, 300), (400, 300)], strict=True))
    collage = with_pasted(
        Image.new("RGB", (800, 600)), *((works[name], place) for name, place in quarters.items())
    )
    matches = local_matches(seen(collage), [index])
    assert {match.record_id for match in matches} == set(works)
    for match in matches:
        middle = np.mean(match.region, axis=0) * (800, 600)
        expected = np.add(quarters[match.record_id], (200, 150))
        np.testing.assert_allclose(middle, expected, atol=60)
        assert match.share == pytest.approx(0.25, abs=0.09)


def test_a_reference_that_shows_twice_is_one_match(index, works, background):
    """One record, one match, at one of the two places."""
    small = works["skyline"].resize((240, 180))
    twice = with_pasted(background, (small, (20, 20)), (small, (340, 250)))
    matches = [m for m in local_matches(seen(twice), [index]) if m.record_id == "skyline"]
    assert len(matches) == 1
    assert matches[0].share < 0.3


def test_what_is_a_small_part_of_both_counts_less(index, works, background, monkeypatch):
    """A detail among much else is worth less than its significance; a copy is worth all of it."""
    detail = works["skyline"].crop((0, 120, 150, 240))
    scores = []
    for share in (0.4, 1e-9):
        monkeypatch.setattr("screening.matching.local._COPY", share)
        scores.append(
            [
                of("skyline", with_pasted(works["skyline"]), [index]).score,
                of("skyline", with_pasted(background, (detail, (220, 180))), [index]).score,
            ]
        )
    (copy, part), (whole_copy, whole_part) = scores
    assert copy == whole_copy
    assert part < 0.8 * whole_part


def test_the_image_of_a_record_that_matches_is_named(opened, works):
    """Of a record's several images the one that shows is told, once."""
    index = opened({"film": [works["tide"], works["portal"]]})
    (match,) = local_matches(seen(works["portal"]), [index])
    expected = hashlib.sha256(works["portal"].tobytes()).hexdigest()
    assert index.image(match.image_id).sha256 == expected


def test_the_order_is_best_first_and_the_same_again(index, works):
    """Nothing depends on chance, nor on threads."""
    collage = with_pasted(
        Image.new("RGB", (800, 300)),
        *((works[name], (x, 0)) for name, x in (("tide", 0), ("portal", 400))),
    )
    first, again = (local_matches(seen(collage), [index]) for _ in range(2))
    assert first == again
    assert [m.score for m in first] == sorted((m.score for m in first), reverse=True)


def marked(image: Image.Image) -> Image.Image:
    """Return a picture with a company's mark across it, always at the same place."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(34)
    for row, words in enumerate(("STUDIO & SONS", "preview only")):
        draw.text((90, 100 + 50 * row), words, "white", font, stroke_width=2, stroke_fill="black")
    return image


def test_a_watermark_that_many_records_share_weighs_little(opened, background):
    """An unrelated picture with the same mark matches one holder well, and none of eight.

    A copy of a holder is found by what is its own.
    """
    stock = {
        f"stock {seed}": scene(np.random.default_rng(seed), SIZE, kind=kind)
        for seed, kind in enumerate(
            ("woods", "desert", "coast", "canyon", "harbor", "lake", "street", "market")
        )
    }
    holders = {name: [marked(image)] for name, image in stock.items()}
    few, many = opened({"stock 1": holders["stock 1"]}), opened(holders)
    query = seen(marked(background.resize(SIZE)))
    (alone,) = local_matches(query, [few])
    among = {match.record_id: match.score for match in local_matches(query, [many])}
    assert alone.score > 15
    assert max(among.values(), default=0.0) < alone.score / 10
    copy = seen(holders["stock 1"][0])
    (own,) = local_matches(copy, [few])
    best, *_ = local_matches(copy, [many])
    assert best.record_id == "stock 1"
    assert own.score / 2 < best.score < own.score


def test_two_records_of_one_picture_do_not_silence_one_another(opened, works):
    """A picture that was enrolled twice is found as well as one that was enrolled once."""
    tide = works["tide"]
    once = opened({"first": [tide]})
    twice = opened({"first": [tide], "second": [tide.resize((380, 285))]})
    query = seen(tide.resize((300, 225)))
    (alone,) = local_matches(query, [once])
    both = {match.record_id: match.score for match in local_matches(query, [twice])}
    assert set(both) == {"first", "second"}
    assert both["first"] == pytest.approx(alone.score, rel=0.1)


def test_stills_of_one_set_do_not_silence_one_another(opened, works):
    """A crop of one of eight stills with the same background is found as that one, with certainty.

    The stills show the same place from camera positions that shift, each with another figure.
    """
    place = works["skyline"].resize((640, 400))
    figures = [
        scene(np.random.default_rng(seed), (120, 180), kind=kind)
        for seed, kind in enumerate(
            ("woods", "desert", "coast", "canyon", "harbor", "lake", "street", "market")
        )
    ]
    stills = {
        f"still {number}": [with_pasted(place.crop((x, 0, x + 440, 400)), (figure, (150, 190)))]
        for number, (x, figure) in enumerate(zip(range(0, 200, 25), figures, strict=True))
    }
    query = seen(stills["still 3"][0].crop((40, 30, 400, 390)))
    best, *_ = local_matches(query, [opened(stills)])
    assert best.record_id == "still 3"
    assert best.score > 50


def test_a_plain_picture_with_a_mark_is_no_version_of_others(opened, background):
    """What is little but a mark is not found by the mark, where others carry it too."""
    plain = Image.new("RGB", SIZE, "gray")
    ImageDraw.Draw(plain).ellipse((10, 10, 60, 60), fill="white")
    stock = {
        f"stock {seed}": [marked(scene(np.random.default_rng(seed), SIZE, kind=kind))]
        for seed, kind in enumerate(("woods", "desert", "coast", "canyon", "harbor", "lake"))
    }
    query = seen(marked(background.resize(SIZE)))
    alone = local_matches(query, [opened({"plain": [marked(plain)]})])
    among = local_matches(query, [opened(stock | {"plain": [marked(plain)]})])
    assert alone[0].score > 15
    assert all(match.score < alone[0].score / 10 for match in among)


def test_cleared_records_never_appear(opened, works):
    """A cleared picture is neither a match nor a reason to believe another one less."""
    index = opened({"cleared tide": [works["tide"]], "portal": [works["portal"]]})
    assert all(m.record_id == "portal" for m in local_matches(seen(works["tide"]), [index]))
    without = opened({"portal": [works["portal"]]})
    scores = [local_matches(seen(works["portal"]), [one])[0].score for one in (index, without)]
    assert scores[0] == pytest.approx(scores[1])


def test_several_indexes_are_all_searched(opened, works):
    """Each match names the index it is from; a record in both is told of each, for fusion."""
    one = opened({"tide": [works["tide"]], "both": [works["portal"].resize((80, 60))]})
    other = opened({"skyline": [works["skyline"]], "both": [works["portal"]]})
    collage = with_pasted(
        Image.new("RGB", (800, 600)),
        (works["tide"], (0, 0)),
        (works["skyline"], (400, 0)),
        (works["portal"], (0, 300)),
    )
    found = {(match.record_id, match.index) for match in local_matches(seen(collage), [one, other])}
    assert found == {("tide", one), ("skyline", other), ("both", one), ("both", other)}


@pytest.mark.parametrize("size", [(1, 1), (300, 8), (200, 200)])
def test_a_blank_picture_matches_nothing(index, size):
    """Nothing is searched where nothing is seen."""
    assert local_matches(seen(Image.new("RGB", size, "gray")), [index]) == ()
    assert local_matches(seen(Image.new("RGB", size, "gray")), []) == ()
