"""What a scan takes from a file's own words on its making, and tells of them."""

import json

import pytest
from generation_files import INFOTEXT
from pictures import composed
from PIL.PngImagePlugin import PngInfo

from screening import Screener
from screening.batch import examine_files
from screening.generation import role_of
from screening.images import Limits, walk
from screening.report import JsonlReport


@pytest.fixture
def board(tmp_path, run):
    """An index of one work, and copies of it: as generated, as photographed, and among stills."""
    (tmp_path / "works").mkdir()
    (tmp_path / "board" / "stills").mkdir(parents=True)
    picture = composed(4, 320, 240)
    picture.save(tmp_path / "works" / "quay.png")
    said = PngInfo()
    said.add_text("parameters", INFOTEXT)
    picture.save(tmp_path / "board" / "made.png", pnginfo=said)
    picture.save(tmp_path / "board" / "plain.png")
    picture.save(tmp_path / "board" / "stills" / "made.png", pnginfo=said)
    assert run("enroll", tmp_path / "works.index", tmp_path / "works", "--no-embeddings")[0] == 0
    (tmp_path / "screening.toml").write_text(
        'indexes = ["works.index"]\n[roles]\n"board/stills/**" = "reference"\n'
    )
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_scan_tells_how_a_picture_was_made_without_its_prompt(board, run, workers):
    """Its role is what the file says where no folder rule speaks; reports hold digests."""
    _, out, _ = run("scan", board / "board", "--format", "jsonl", "--workers", workers)
    made, plain, still, _ = map(json.loads, out.splitlines())
    assert [one["role"] for one in (made, plain, still)] == ["generated", "unknown", "reference"]
    assert [one["verdict"] for one in (made, plain, still)] == [
        "needs_approval", "needs_approval", "note"
    ]  # fmt: skip
    assert plain["generation"] is None
    assert still["generation"] == made["generation"]
    assert made["generation"]["models"] == ["harbor_v3"]
    assert made["generation"]["seeds"] == [42]
    assert len(made["generation"]["prompt_sha256"]) == 64
    assert "lighthouse" not in out


def test_the_library_has_the_prompt(board):
    """In memory it is there, of a path and of bytes; of pixels nothing is known."""
    path = board / "board" / "made.png"
    with Screener.open(board / "works.index") as screener:
        by_path, by_bytes = screener.screen(path), screener.screen(path.read_bytes())
        of_pixels = screener.screen(composed(4, 320, 240))
    assert by_path.generation == by_bytes.generation
    assert by_path.generation.positive[0] == "a lighthouse at night, <lora:stormy_sea:0.8>"
    assert by_path.role is role_of(by_path.generation)
    assert of_pixels.generation is None
    assert "lighthouse" not in JsonlReport().line(by_path)


@pytest.mark.parametrize("workers", [0, 1])
def test_who_does_not_ask_is_told_nothing(board, workers):
    """All else stays as it is; neither the file's words are read nor those beside it."""
    (board / "board" / "plain.txt").write_text("a heron")
    answers = {
        said: [
            one
            for batch in examine_files(
                walk(board / "board"), limits=Limits(), workers=workers, said=said
            )
            for one in batch
        ]
        for said in (True, False)
    }
    assert [one.generation is not None for one in answers[True]] == [True, True, False, True]
    assert [one.generation for one in answers[False]] == [None] * 4
    assert [one.sha256 for one in answers[False]] == [one.sha256 for one in answers[True]]
