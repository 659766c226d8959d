"""``screening inspect``: what a file says, shown to people and to programs."""

import json

import pytest
from generation_files import INFOTEXT, png, saved


@pytest.fixture
def board(tmp_path):
    """Return a folder with a generated file and one that says nothing."""
    (tmp_path / "made.png").write_bytes(png({"parameters": INFOTEXT}))
    (tmp_path / "plain.webp").write_bytes(saved("WEBP"))
    return tmp_path


def test_all_that_was_read_is_shown(run, board):
    """Prompts, models, LoRAs and seeds stand in rows, the tool first."""
    code, out, err = run("inspect", board / "made.png")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == [
        "  tool        AUTOMATIC1111 v1.9.4",
        "  prompt      a lighthouse at night, <lora:stormy_sea:0.8>",
        "  prompt      a lighthouse, detailed",
        "  negative    text, watermark",
        "  model       harbor_v3",
        "  LoRA        stormy_sea",
        "  seed        42",
        "  role        generated, by what the file says",
        "",
    ]


def test_a_file_that_says_nothing_is_told_so(run, board):
    """It is no error."""
    code, out, _ = run("inspect", board / "plain.webp")
    assert (code, "says nothing of how it was made" in out) == (0, True)


def test_json_is_one_line_a_file_with_its_prompts(run, board):
    """Who asks for a file's own words gets them."""
    code, out, _ = run("inspect", "--format", "json", board / "made.png", board / "plain.webp")
    made, plain = (json.loads(line) for line in out.splitlines())
    assert (code, made["schema"], made["path"]) == (0, 1, str(board / "made.png"))
    assert (made["role"], plain["role"]) == ("generated", None)
    assert made["generation"]["prompts"]["negative"][0]["text"] == "text, watermark"


def test_a_file_that_is_not_there_is_an_error_and_stops_no_other(run, board):
    """The exit code tells of it."""
    code, out, err = run("inspect", board / "absent.png", board / "made.png")
    assert (code, "no such file or directory" in err, "AUTOMATIC1111" in out) == (1, True, True)


def test_a_folder_cannot_be_read(run, board):
    """In JSON the error has a line of its own."""
    code, out, _ = run("inspect", "--format", "json", board)
    assert (code, json.loads(out)["error"]) == (1, "is a directory")


def test_hostile_text_is_shown_escaped(run, tmp_path):
    """A terminal gets no control characters of a file; its lines stay lines."""
    text = "a \x1b[31mred\x07 fox\u202e\nsecond\nSteps: 2, Seed: 1"
    (tmp_path / "a.png").write_bytes(png({"parameters": text}))
    code, out, _ = run("inspect", tmp_path / "a.png")
    assert code == 0
    assert "  prompt      a \\x1b[31mred\\x07 fox\\u202e\n              second\n" in out
    assert all(line.isprintable() for line in out.split("\n"))


def test_the_files_beside_a_picture_are_named(run, board):
    """What they say stands among the rest."""
    (board / "plain.txt").write_text("a heron")
    code, out, _ = run("inspect", board / "plain.webp")
    assert code == 0
    assert out.splitlines()[1:] == ["  text        a heron", "  beside it   plain.txt", ""]
