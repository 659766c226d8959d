"""The HTML report through the command line."""

import os
import subprocess
import sys

import pytest
from pictures import composed


@pytest.fixture
def board(tmp_path, run, monkeypatch):
    """An index of one work, and a board with a copy of it."""
    for folder in ("works", "board"):
        (tmp_path / folder).mkdir()
        composed(5, 200, 150).save(tmp_path / folder / "harbor.png")
    monkeypatch.chdir(tmp_path)
    assert run("enroll", "works.index", "works", "--no-embeddings", "--workers", "0")[0] == 0
    return tmp_path


@pytest.mark.parametrize("thumbnails", ["--thumbnails", "--no-thumbnails"])
def test_a_scan_writes_one_page_with_or_without_pixels(board, run, thumbnails):
    """To a file or to standard output; it says what the table does."""
    command = ("scan", "board", "--index", "works.index", "--workers", "0", "--format", "html")
    code, out, talk = run(*command, thumbnails, "--output", "report.html")
    assert (code, out) == (3, "")
    assert "1 picture screened: 1 needs approval" in talk
    page = (board / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert ("data:image/" in page) is (thumbnails == "--thumbnails")
    assert run(*command, thumbnails)[1].startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--open", "--format", "csv"), "--open is for html: csv is not for a browser"),
        (("--no-thumbnails",), "--no-thumbnails is for html: table has no pictures"),
    ],
)
def test_options_of_the_page_are_for_it_alone(board, run, options, message):
    """A usage error, and nothing is written."""
    code, _, talk = run("scan", "board", "--index", "works.index", *options)
    assert code == 2
    assert message in talk
    assert not (board / "screening-report.html").exists()


def test_open_writes_the_page_and_shows_it(board):
    """In the browser of the user, by its address on this machine."""
    browser = board / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > "$(dirname "$0")/shown"\n')
    browser.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "screening", "scan", "board", "--index", "works.index", "--open",
         "--workers", "0"],
        env=os.environ | {"BROWSER": str(browser)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    place = board / "screening-report.html"
    assert (board / "shown").read_text().strip() == place.resolve().as_uri()
    assert "harbor.png" in place.read_text(encoding="utf-8")
