import json
import os
import subprocess
import sys

import pytest
from pictures import textured

PARTS = {"run.json", "measures.csv", "report.html"}


@pytest.fixture
def studio(tmp_path, run):
    """Four enrolled works and forty unrelated pictures."""
    for folder, first, count in (("works", 0, 4), ("background", 500, 40)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            textured(first + number, 200, 150).save(tmp_path / folder / f"{number:02}.png")
    run("enroll", tmp_path / "works.index", tmp_path / "works", "--workers", 0, "--no-embeddings")
    return tmp_path


def options(studio, *more):
    return (
        "benchmark", studio / "works.index", "--background", studio / "background",
        "--attacks", studio / "works", "--attacks-per-image", 2, "--workers", 0, *more,
    )  # fmt: skip


@pytest.mark.smoke
def test_a_benchmark_from_the_command_line(studio, run):
    """A table on standard output, the folder's files, and exit code 0."""
    code, out, talk = run(*options(studio, "--output", studio / "out"))
    assert code == 0
    assert "background: 40 unrelated images, 20 to calibrate and choose, 20 to report" in out
    assert "positives: 8 edited copies of 4 records, 4 to choose, 4 to report" in out
    assert "recall at 1 in 1,000" in out
    assert "needs 2,995 images" in out
    assert str(studio / "out" / "report.html") in talk
    assert {file.name for file in (studio / "out").iterdir()} >= PARTS


def test_compared_with_itself_nothing_differs(studio, run):
    """--compare sets an earlier run beside this one; with other positives it says so."""
    run(*options(studio, "--output", studio / "out"))
    earlier = ("--compare", studio / "out" / "run.json")
    code, out, _ = run(*options(studio, *earlier))
    assert code == 0
    assert "same index, pictures and settings" in out
    assert {line.split()[-1] for line in out.splitlines() if line.startswith("hash: ")} == {
        "+0.000"
    }
    code, out, _ = run(*options(studio, "--attacks-per-image", 1, *earlier,
                                "--output", studio / "again"))  # fmt: skip
    assert code == 0
    assert "NOT COMPARABLE" in out
    assert "other positives" in out
    assert "NOT COMPARABLE" in (studio / "again" / "report.html").read_text()


def test_an_output_folder_is_new_or_empty(studio, run):
    """No index, no pictures, no earlier run; nothing is measured, and nothing is changed."""
    index, older = studio / "works.index", studio / "older"
    older.mkdir()
    (older / "run.json").write_text("older")
    before = sorted(studio.rglob("*"))
    for place, why in (
        (older, "is not empty (it holds 'run.json'), expected a folder that is new or empty"),
        (index, f"lies in the reference index {index}"),
        (index / "measured", f"lies in the reference index {index}"),
        (studio / "background", f"lies in {studio / 'background'}, whose pictures"),
        (studio / "background" / "measured", f"lies in {studio / 'background'}, whose pictures"),
        (studio / "works" / "measured", f"lies in {studio / 'works'}, whose pictures"),
        (studio, "is not empty (it holds 'background')"),
    ):
        code, out, talk = run(*options(studio, "--output", place))
        assert (code, out) == (1, "")
        assert f"{place}: {why}" in talk
    assert sorted(studio.rglob("*")) == before
    assert (older / "run.json").read_text() == "older"


def test_without_an_output_folder_nothing_is_written(studio, run):
    """Only the table."""
    before = sorted(studio.rglob("*"))
    assert run(*options(studio))[0] == 0
    assert sorted(studio.rglob("*")) == before


def test_what_could_not_be_read_is_named_and_costs_the_exit_code(studio, run):
    """Exit code 4, as for a scan."""
    (studio / "background" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    code, out, talk = run(*options(studio))
    assert code == 4
    assert "micro-AP" in out
    assert "could not be read" in talk
    assert "cut.jpg" in talk


def test_errors_come_before_the_work(studio, run):
    """Usage is 2; a bad pairs file, an earlier run that is none, no place to write to are 1."""
    index, background = studio / "works.index", studio / "background"
    assert run("benchmark", index, "--background", background)[0] == 2
    assert run(*options(studio, "--positives", studio / "works" / "00.png"))[0] == 2
    assert run("benchmark", index, "--attacks", studio / "works")[0] == 2
    pairs = studio / "pairs.csv"
    pairs.write_text("query,record\nworks/00.png,Nobody\n")
    code, _, talk = run("benchmark", index, "--background", background, "--positives", pairs,
                        "--workers", 0)  # fmt: skip
    assert code == 1
    assert "pairs.csv, line 2: no record has the id or title 'Nobody'" in talk
    code, _, talk = run(*options(studio, "--compare", pairs))
    assert code == 1
    assert "earlier run" in talk
    code, out, talk = run(*options(studio, "--output", pairs / "below"))
    assert (code, out) == (1, "")
    assert "cannot be written there" in talk


def test_without_matplotlib_all_but_the_curves_is_written(studio):
    """It says so first, with what to install."""
    program = "import sys; sys.modules['matplotlib'] = None; from screening.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, options(studio, "--output", studio / "out"))],
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("curves will be missing: matplotlib is not installed")
    assert "pip install 'screening[plots]'" in done.stderr
    assert {file.name for file in (studio / "out").iterdir()} == PARTS
    assert json.loads((studio / "out" / "run.json").read_text())["measures"]
