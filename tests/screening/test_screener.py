import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from pictures import textured
from PIL import ImageOps

from reference_index import Kind, ReferenceIndexError
from screening import Coverage, Role, Screener, Screening, Verdict
from screening.config import find_config, read_config
from screening.decision import Policy
from screening.enrollment import enroll, folder_sources
from screening.errors import ConfigError, PolicyError, ScreeningError
from screening.images import Limits


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("works")
    for number in range(5):
        textured(number).save(folder / f"work {number}.png")
    path = tmp_path_factory.mktemp("index") / "works.index"
    enroll(path, folder_sources(folder, kind=Kind.WORK), workers=0, embeddings=())
    return path


@pytest.mark.smoke
def test_a_picture_may_come_as_path_bytes_image_or_array(index, tmp_path):
    """All four ways say the same of the same picture."""
    copy = ImageOps.flip(textured(2))
    copy.save(tmp_path / "copy.png")
    with Screener.open(index) as screener:
        for given in (
            tmp_path / "copy.png",
            str(tmp_path / "copy.png"),
            (tmp_path / "copy.png").read_bytes(),
            copy,
            np.asarray(copy),
        ):
            result = screener.screen(given)
            assert isinstance(result, Screening)
            assert result.verdict is Verdict.NEEDS_APPROVAL
            assert result.coverage is Coverage.COMPLETE
            assert result.role is Role.UNKNOWN
            (finding,) = result.findings
            assert finding.record.title == "work 2"
            assert {one.channel: one.transform for one in finding.channels} == {
                "hash": "flipped",
                "local": "mirrored, rotated 180°, covers 100 % of the picture, "
                "shows 100 % of the reference",
            }
            assert finding.strength == "strong"
            assert finding.clauses == ("P1", "G3")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (42, "got int, expected a path"),
        (None, "got NoneType"),
        (np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
    ],
)
def test_anything_else_says_what_it_got(index, given, message):
    """The error names the type or shape that came, and what was expected."""
    with Screener.open(index) as screener, pytest.raises((TypeError, ValueError), match=message):
        screener.screen(given)


def test_what_cannot_be_read_is_a_result(index, tmp_path):
    """Missing, empty, cut and wrong files are screenings with a reason, not exceptions."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.txt").write_text("hello")
    with Screener.open(index) as screener:
        for given in (
            tmp_path / "none.png",
            tmp_path / "empty.png",
            b"",
            b"\x89PNG\r\n\x1a\n",
            tmp_path,
        ):
            result = screener.screen(given)
            assert (result.verdict, result.coverage) == (None, Coverage.UNREAD)
            assert result.reason
            assert result.unfinished
        text = screener.screen(tmp_path / "notes.txt")
        assert (text.verdict, text.coverage, text.is_image) == (None, None, False)


def test_limits_hold(index):
    """A picture over the limit is unread and says which limit."""
    with Screener.open(index, limits=Limits(max_pixels=1000)) as screener:
        result = screener.screen(textured(1))
    assert result.coverage is Coverage.UNREAD
    assert "limit 1,000" in result.reason


def test_frames_that_were_not_looked_at_make_it_insufficient(index, tmp_path):
    """More frames than the limit: what was seen counts, and what was not is told."""
    frames = [textured(100 + n, 60, 40) for n in range(6)]
    frames[0].save(tmp_path / "film.tif", save_all=True, append_images=frames[1:])
    with Screener.open(index, limits=Limits(max_frames=4)) as screener:
        result = screener.screen(tmp_path / "film.tif")
    assert result.verdict is Verdict.NOTHING_FOUND
    assert result.coverage is Coverage.INSUFFICIENT
    assert result.reason == "2 of 6 frames not looked at"


def test_scan_equals_screen(index, tmp_path):
    """Over a folder the library says what it says of each file alone."""
    for number in range(12):
        textured(number, 200, 150).save(tmp_path / f"{number:02d}.png")
    with Screener.open(index) as screener:
        scanned = list(screener.scan(tmp_path, candidates=2, workers=2))
        for one in scanned:
            alone = screener.screen(one.path, candidates=2)
            assert (one.verdict, one.findings, one.candidates) == (
                alone.verdict,
                alone.findings,
                alone.candidates,
            )
    assert [Path(one.path).name for one in scanned] == [f"{n:02d}.png" for n in range(12)]


def test_scan_of_nothing_is_an_error(index, tmp_path):
    """A folder that is not there cannot have been screened."""
    with Screener.open(index) as screener, pytest.raises(ScreeningError, match="nowhere"):
        list(screener.scan(tmp_path / "nowhere"))


def test_threads_may_share_a_screener(index):
    """Many threads get the answer that one gets."""
    copy, wrong = textured(1), []
    with Screener.open(index) as screener:
        expected = screener.screen(copy).findings

        def work() -> None:
            wrong.extend(s for s in map(screener.screen, [copy] * 6) if s.findings != expected)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_policies(index):
    """A policy is given by name or value; its thresholds decide."""
    lax = Policy(name="lax", flag_at=1e-300, note_at=1e-2, required=())
    with Screener.open(index, policy=lax) as screener:
        assert screener.screen(textured(1)).verdict is Verdict.NOTE
    with pytest.raises(PolicyError, match="no policy named 'mine'"):
        Screener.open(index, policy="mine")


def test_opening_says_what_is_wrong(tmp_path):
    """No index, or none at the path, is told at once; so is a scan of nothing."""
    with pytest.raises(TypeError, match="nothing to screen"):
        Screener([]).scan()
    with pytest.raises(TypeError, match="no index given"):
        Screener.open()
    with pytest.raises(ReferenceIndexError, match=r"none\.index"):
        Screener.open(tmp_path / "none.index")


def test_screening_opens_no_socket(index, monkeypatch, tmp_path):
    """Nothing in enrolling or screening reaches for the network."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    textured(1).save(tmp_path / "one.png")
    enroll(tmp_path / "i.index", folder_sources(tmp_path, kind=Kind.WORK), workers=0, embeddings=())
    with Screener.open(index, tmp_path / "i.index") as screener:
        assert len(list(screener.scan(tmp_path / "one.png", workers=0))) == 1


def test_configuration_values(tmp_path):
    """Paths are relative to the file; the nearest file upward wins; wrong types are refused."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    file = tmp_path / "screening.toml"
    file.write_text('production = "Halyard"\nindexes = ["w.index", "/abs.index"]\nmodels = "m"\n')
    config = find_config(tmp_path / "a" / "b")
    assert config.indexes == (tmp_path / "w.index", Path("/abs.index"))
    assert (config.production, config.models, config.file) == ("Halyard", tmp_path / "m", file)
    (tmp_path / "a" / "screening.toml").write_text("")
    assert find_config(tmp_path / "a" / "b").indexes == ()
    file.write_text("[limits]\nmax_frames = 3\nmax_seconds = 0.5\n")
    assert read_config(file).limits == Limits(max_frames=3, max_seconds=0.5)
    for text in (
        "indexes = 3",
        "indexes = [3]",
        "models = 1",
        "production = []",
        "x = 1",
        "limits = 3",
        "[limits]\nframes = 3",
        "[limits]\nmax_frames = 0",
        '[limits]\nmax_bytes = "many"',
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=r"screening\.toml"):
            read_config(file)
