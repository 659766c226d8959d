"""What a scan takes from the declaration of the production, and says of it."""

import json

import pytest
from pictures import composed

MISSING = (
    "No declaration (usage.toml): run 'screening init', for every use is to be told to the contact "
    "(G1)."
)


@pytest.fixture
def board(tmp_path, run):
    """A production with an index, and a board with a copy of a work."""
    for folder in ("works", "board"):
        (tmp_path / folder).mkdir()
        composed(3, 320, 240).save(tmp_path / folder / "harbor.png")
    assert run("enroll", tmp_path / "works.index", tmp_path / "works", "--no-embeddings")[0] == 0
    (tmp_path / "screening.toml").write_text(
        'production = "Halyard"\nindexes = ["works.index"]\n', encoding="utf-8"
    )
    return tmp_path


def declare(file, production, stage):
    file.write_text(f'production = "{production}"\nstage = "{stage}"\n', encoding="utf-8")


def scanned(run, board, *options):
    code, out, talk = run("scan", board / "board", "--format", "jsonl", "--workers", "0", *options)
    *pictures, summary = map(json.loads, out.splitlines())
    return code, pictures, summary["summary"], talk


def test_no_declaration_is_one_line_not_a_flag(board, run):
    """It is told once, in the summary, and changes no verdict."""
    code, (picture,), summary, _ = scanned(run, board)
    assert (code, picture["verdict"]) == (3, "needs_approval")
    assert summary["declaration"] == {"line": MISSING, "outcome": None, "declared_not_screened": []}
    _, table, _ = run("scan", board / "board", "--workers", "0")
    assert table.count("usage.toml") == 1
    assert MISSING in table.splitlines()


@pytest.mark.parametrize(
    ("stage", "verdict"),
    [
        ("ideation", "needs_approval"),
        ("background", "needs_approval"),
        ("unsure", "needs_approval"),
        ("final", "blocked"),
    ],
)
def test_findings_are_judged_at_the_declared_stage(board, run, stage, verdict):
    """An option wins over what is declared; not to know the stage changes no picture."""
    declare(board / "usage.toml", "Halyard", stage)
    _, (picture,), summary, _ = scanned(run, board)
    assert picture["verdict"] == verdict
    assert summary["declaration"]["line"].startswith("Declaration: ")
    _, (picture,), _, _ = scanned(run, board, "--stage", "ideation")
    assert picture["verdict"] == "needs_approval"


def test_what_no_picture_shows_is_printed_as_declared(board, run):
    """Under a heading of its own, as it was answered."""
    declare(board / "usage.toml", "Halyard", "ideation")
    _, table, _ = run("scan", board / "board", "--workers", "0")
    heading = table.splitlines().index("Declared, not screened:")
    assert "  T1 voices generated: unsure" in table.splitlines()[heading:]


def test_another_production_in_the_declaration_is_refused(board, run):
    """Consents and approvals are for one production, so that there must not be two names."""
    declare(board / "usage.toml", "Mizzen", "ideation")
    code, _, talk = run("scan", board / "board", "--workers", "0")
    assert code == 1
    assert "'Halyard', and 'Mizzen' is declared" in talk


def test_a_declaration_can_be_named(board, run, tmp_path):
    """It may lie elsewhere; one that is broken ends the scan before it begins."""
    elsewhere = tmp_path / "elsewhere.toml"
    declare(elsewhere, "Halyard", "final")
    _, (picture,), _, _ = scanned(run, board, "--usage", elsewhere)
    assert picture["verdict"] == "blocked"
    elsewhere.write_text("stage = 1\n", encoding="utf-8")
    code, out, talk = run("scan", board / "board", "--usage", elsewhere)
    assert (code, out) == (1, "")
    assert "elsewhere.toml, line 1" in talk
