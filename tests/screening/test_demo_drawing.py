"""The demo's pictures: the same on every draw, copies alike, everything else far apart."""

import io
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageSequence

from reference_index import Kind
from screening import Screener, Screening, Verdict
from screening.demo import BOARD, draw, figure, poster, scene, title_of
from screening.enrollment import enroll, folder_sources

NEAR_BITS = 40
FAR_BITS = 80
NOT_PICTURES = {"inbox/upload_part.jpg", "inbox/pitch.pdf", "notes.txt"}
TITLES = {
    "Lake Ostrel",
    "Lanterns over Vellmoor",
    "Marrow Inkweather",
    "Pilfer Nock",
    "Queen Odalmire",
    "Rain on Copper Row",
    "Sellis Gate Market",
    "Sixty Doors to Quillory",
    "Tarnwick Harbor at Dusk",
    "The Brine Clockmaker",
    "The Wheel of Ostrander Bay",
    "Zuzu Thimblegear",
}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def hash_of(image: Image.Image) -> imagehash.ImageHash:
    return imagehash.phash(image.convert("RGB"), hash_size=16)


def isometries(image: Image.Image) -> list[Image.Image]:
    turns = (
        None,
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_180,
        Image.Transpose.ROTATE_270,
    )
    sides = (image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    return [side if turn is None else side.transpose(turn) for side in sides for turn in turns]


def frames(data: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(image)]


def hashes_of(images: list[Image.Image]) -> list[imagehash.ImageHash]:
    return [hash_of(side) for image in images for side in isometries(image)]


def distance_bits(hashes: list[imagehash.ImageHash], reference: imagehash.ImageHash) -> int:
    return min(seen - reference for seen in hashes)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "new"
    draw(folder)
    return folder


@pytest.fixture(scope="module")
def works(drawn: Path) -> dict[str, Image.Image]:
    return {path: frames(data)[0] for path, data in contents(drawn / "works").items()}


@pytest.fixture(scope="module")
def screened(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Screening]:
    index, board = tmp_path_factory.mktemp("index") / "works.index", drawn / "board"
    enroll(index, folder_sources(drawn / "works", kind=Kind.WORK), workers=0)
    with Screener.open(index) as screener:
        return {
            Path(screening.path).relative_to(board).as_posix(): screening
            for screening in screener.scan(board, workers=0)
        }


def test_two_draws_are_equal(drawn: Path, tmp_path: Path) -> None:
    """Drawing again, into an empty folder, gives the same files to the byte."""
    draw(tmp_path)
    assert contents(drawn) == contents(tmp_path)


def test_works_are_a_dozen_records(works: dict[str, Image.Image]) -> None:
    """Each loose image and each sub-folder of works is one record, with an invented title."""
    assert {title_of(path) for path in works} == TITLES
    assert sum(path.startswith("Zuzu Thimblegear/") for path in works) == 3


def test_works_are_of_usual_sizes(works: dict[str, Image.Image]) -> None:
    """Every side of a work is from 768 to 1280 pixels."""
    assert all(768 <= side <= 1280 for work in works.values() for side in work.size)


def test_board_is_what_it_says(drawn: Path, works: dict[str, Image.Image]) -> None:
    """The board's files are those listed, and every copy is of an existing work."""
    assert set(contents(drawn / "board")) == {file.path for file in BOARD}
    assert {file.copy_of for file in BOARD} <= {None, *works}


def test_unrelated_works_are_far_apart(works: dict[str, Image.Image]) -> None:
    """Hashes of two records differ by 80 bits or more, however the one is turned."""
    pairs = [pair for pair in combinations(works, 2) if title_of(pair[0]) != title_of(pair[1])]
    turned = {path: hashes_of([work]) for path, work in works.items()}
    too_close = [
        (one, other)
        for one, other in pairs
        if distance_bits(turned[one], turned[other][0]) < FAR_BITS
    ]
    assert too_close == []


def test_near_copies_are_close_to_their_work(drawn: Path, works: dict[str, Image.Image]) -> None:
    """A copy that is alike as a whole lies within 40 bits of its work."""
    for file in BOARD:
        if file.near and file.copy_of is not None:
            copy = frames((drawn / "board" / file.path).read_bytes())
            assert distance_bits(hashes_of(copy), hash_of(works[file.copy_of])) <= NEAR_BITS, (
                file.path
            )


def test_everything_else_is_far_from_every_work(drawn: Path, works: dict[str, Image.Image]) -> None:
    """Innocent pictures, hard crops and collages lie 80 bits or more from all works."""
    hashes = [hash_of(work) for work in works.values()]
    for file in BOARD:
        if not file.near and file.path not in NOT_PICTURES:
            picture = hashes_of(frames((drawn / "board" / file.path).read_bytes()))
            nearest = min(distance_bits(picture, reference) for reference in hashes)
            assert nearest >= FAR_BITS, file.path


def test_innocent_pictures_give_no_finding(screened: dict[str, Screening]) -> None:
    """A scan asks for approval of no picture that copies no work, and notes at most one.

    All works are drawn by one hand, and such pictures are alike as wholes now and then.
    """
    innocent = {file.path for file in BOARD if file.copy_of is None} - NOT_PICTURES
    verdicts = [screened[path].verdict for path in innocent]
    assert set(verdicts) <= {Verdict.NOTHING_FOUND, Verdict.NOTE}
    assert verdicts.count(Verdict.NOTE) <= 1
    channels = {e.channel for p in innocent for f in screened[p].findings for e in f.channels}
    assert not channels & {"hash", "local"}


def test_copies_find_their_own_work_first(screened: dict[str, Screening]) -> None:
    """A scan names the work that a copy was made from before any other, and asks for approval."""
    copies = {
        file.path: title_of(file.copy_of)
        for file in BOARD
        if file.copy_of is not None and file.path not in NOT_PICTURES
    }
    assert {path: (Verdict.NEEDS_APPROVAL, title) for path, title in copies.items()} == {
        path: (screened[path].verdict, screened[path].findings[0].record.title) for path in copies
    }


def test_copies_find_no_other_work(screened: dict[str, Screening]) -> None:
    """No scanned picture is found for two works."""
    assert [path for path, screening in screened.items() if len(screening.findings) > 1] == []


def test_the_truncated_upload_cannot_be_decoded(drawn: Path) -> None:
    """The truncated JPEG names its format and then breaks off."""
    with (
        Image.open(drawn / "board" / "inbox" / "upload_part.jpg") as image,
        pytest.raises(OSError, match="truncated"),
    ):
        image.load()


def test_the_pitch_is_a_pdf(drawn: Path) -> None:
    """The pitch is a whole PDF of one page."""
    data = (drawn / "board" / "inbox" / "pitch.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert b"/Count 1" in data
    assert data.rstrip().endswith(b"%%EOF")


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    """Nothing is drawn into a folder that is not empty, and the error says what to do."""
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="name another folder"):
        draw(tmp_path)
    assert contents(tmp_path) == {"mine.txt": b"keep"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file is never drawn over."""
    taken = tmp_path / "taken"
    taken.write_text("keep")
    with pytest.raises(FileExistsError, match="taken"):
        draw(taken)


@pytest.mark.parametrize("make", [scene, figure, poster])
def test_a_seed_decides_the_picture(make) -> None:
    """A seed gives the same picture of the asked size each time, another seed another picture."""
    first, again, other = (make(np.random.default_rng(seed), (300, 240)) for seed in (5, 5, 6))
    assert first.size == (300, 240)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
