"""The demo's people: real portraits of installed packages, found in every altered copy."""

import csv
import sys
from datetime import date
from pathlib import Path

import pytest

from reference_index import Kind, PersonStatus
from screening import Screener, Verdict
from screening.demo import BOARD, PEOPLE_BOARD, SITTERS, draw_people
from screening.enrollment import enroll, records_sources

COPIES = sum(file.copy_of is not None for file in BOARD) - 1  # one is truncated


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """The folder of a demo that has only its people."""
    for sitter in SITTERS:
        if sitter.portrait is None:
            pytest.skip(f"the portrait is absent: {sitter.install} is not installed")
    draw_people(tmp_path)
    return tmp_path


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "people" / "records.csv").open(newline="", encoding="utf-8") as lines:
        return [*csv.DictReader(lines)]


def test_records_say_who_by_what_right_and_until_when(people):
    """Each portrait is the package's own file, and its row says whence it is and how long held."""
    assert [row["title"] for row in rows(people)] == ["Grace Hopper", "Eileen Collins"]
    for row, sitter in zip(rows(people), SITTERS, strict=True):
        assert (people / "people" / row["images"]).read_bytes() == sitter.portrait.read_bytes()
        assert row["kind"] == Kind.PERSON
        assert row["status"] in {PersonStatus.DECEASED, PersonStatus.PUBLIC_FIGURE}
        assert "public domain" in row["source"]
        assert row["source"].endswith(sitter.install)
        assert "public-domain portrait" in row["legal_basis"]
        assert date.fromisoformat(row["retain_until"]) > date.today()  # noqa: DTZ011


def test_every_copy_finds_whom_it_shows_by_the_face(people, weights):
    """Cropped, mirrored, re-lit, small and beside others: each person, and nobody else."""
    table = people / "people" / "records.csv"
    sources = records_sources(table, folder=people / "people", kind=Kind.PERSON)
    assert enroll(people / "i.index", sources, workers=0, models=weights) == []
    with Screener.open(people / "i.index", models=weights) as screener:
        for file in PEOPLE_BOARD:
            screening = screener.screen(people / "board" / file.path)
            found = {
                finding.record.title
                for finding in screening.findings
                if any(one.channel == "face" for one in finding.channels)
            }
            assert found == {sitter.name for sitter in file.shows}, file.path
            assert len(screening.findings) == len(found)
            assert screening.verdict is Verdict.NEEDS_APPROVAL


def test_the_demo_finds_people_beside_works(tmp_path, run):
    """With all that is needed the board has people, and the scan compares with both indexes."""
    pytest.importorskip("dlib")
    code, out, _ = run("demo", tmp_path / "demo")
    assert code == 3
    assert f"$ screening enroll {tmp_path / 'demo' / 'people.index'}" in out
    shown = [sitter for file in PEOPLE_BOARD for sitter in file.shows if sitter.portrait]
    assert out.count("└ person “") == len(shown)
    assert out.count("└ work “") - COPIES in {0, 1}  # one of one hand may be noted


def test_without_weights_the_demo_says_so_and_goes_on(tmp_path, run, monkeypatch):
    """One line each says what is left out and how to get it; works are found as ever."""
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "none"))
    for module in ("dlib", "skimage"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    code, out, talk = run("demo", tmp_path / "demo")
    assert code == 3
    assert not (tmp_path / "demo" / "people").exists()
    assert not (tmp_path / "demo" / "people.index").exists()
    assert out.count("└ person “") == 0
    assert out.count("└ work “") - COPIES in {0, 1}
    told = [line for line in talk.splitlines() if "left out" in line]
    assert len(told) == 2
    assert told[0].endswith("pip install scikit-image")
    assert told[1].startswith("People are left out: ")
    assert told[1].endswith("pip install 'screening[faces]'")
