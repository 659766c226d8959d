"""Roles by folder, and what a Screener and a scan make of roles, policies and what is on record."""

import json
import os
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from pictures import textured

from reference_index import Kind
from screening import Role, Screener, Verdict
from screening.decision import Context, Stage
from screening.decision.consents import Consent
from screening.decision.roles import FolderRoles
from screening.decision.standings import Sighted, Standing, StandingState
from screening.enrollment import enroll, folder_sources
from screening.errors import InputInvalidError


@pytest.mark.parametrize(
    ("glob", "fitting", "others"),
    [
        ("refs/**", ["refs/a.png", "refs/b/c/a.png"], ["a.png", "refs", "x/refs/a.png"]),
        ("refs", ["refs/a.png", "refs/b/a.png", "refs"], ["refs2/a.png", "x/refs/a.png"]),
        ("refs/", ["refs/a.png"], ["ref/a.png"]),
        ("**/refs/**", ["refs/a.png", "x/y/refs/b/a.png"], ["xrefs/a.png", "refs"]),
        ("*.png", ["a.png", ".png"], ["b/a.png", "a.jpg"]),
        ("**/*.png", ["a.png", "b/c/a.png"], ["a.png.txt"]),
        ("shot ?/*.exr", ["shot 1/a.exr"], ["shot 12/a.exr", "shot 1/x/a.exr"]),
        ("**", ["a.png", "b/a.png"], []),
        ("a+(b)/[c].png", ["a+(b)/[c].png"], ["aab/c.png"]),
        ("é/**", ["é/a.png", unicodedata.normalize("NFD", "é/a.png")], ["e/a.png"]),
    ],
)
def test_globs(tmp_path, glob, fitting, others):
    """Stars stay within a name, two span folders, a folder holds for all in it."""
    role_of = FolderRoles(tmp_path, {glob: "final"})
    assert {role_of(tmp_path / path) for path in fitting} == {Role.FINAL}
    assert {role_of(tmp_path / path) for path in others} <= {Role.UNKNOWN}


def test_paths_mean_the_file_however_they_are_written(tmp_path, monkeypatch):
    """Relative, through a link to the folder, or with bytes that are no text."""
    (tmp_path / "board" / "refs").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "board")
    monkeypatch.chdir(tmp_path / "board")
    for folder in (Path(), tmp_path / "board", tmp_path / "linked"):
        role_of = FolderRoles(folder, {"refs/**": Role.REFERENCE, "refs/fed.png": Role.INPUT})
        for path in ("refs/a.png", "./refs/../refs/a.png", str(tmp_path / "linked/refs/a.png")):
            assert role_of(path) is Role.REFERENCE
        assert role_of("refs/fed.png") is Role.INPUT
        assert role_of(os.fsdecode(b"refs/\xff.png")) is Role.REFERENCE
        assert role_of("../elsewhere.png") is Role.UNKNOWN


@pytest.mark.parametrize("glob", ["", "/", "/abs/**", "a//b", "../a", "a/./b"])
def test_globs_that_leave_the_folder_are_refused(tmp_path, glob):
    """They could never fit."""
    with pytest.raises(InputInvalidError, match="is no glob relative to the folder"):
        FolderRoles(tmp_path, {glob: Role.FINAL})


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Path:
    """One enrolled work, and copies of it in three folders."""
    folder = tmp_path_factory.mktemp("studio")
    for name in ("works", "board", "board/refs", "board/finals"):
        (folder / name).mkdir()
        if name != "works":
            textured(3).save(folder / name / "copy.png", compress_level=len(name) % 9)
    textured(3).save(folder / "works" / "doll.png")
    index = folder / "works.index"
    enroll(index, folder_sources(folder / "works", kind=Kind.WORK), workers=0, embeddings=())
    return folder


@pytest.fixture
def configured(studio):
    """Return a function that writes the studio's screening.toml."""

    def call(text: str = "") -> None:
        roles = '[roles]\n"board/refs/**" = "reference"\n"board/finals/**" = "final"\n'
        (studio / "screening.toml").write_text(f'indexes = ["works.index"]\n{text}{roles}')

    return call


@pytest.fixture
def scan(studio, run):
    """Return a function that scans the board: role and verdict of each folder, and the lines."""

    def call(*options: str) -> tuple[dict[str, tuple[str, str]], list[dict]]:
        _, out, talk = run("scan", studio / "board", "--workers", 0, "--format", "jsonl", *options)
        assert "Error" not in talk
        lines = [json.loads(line) for line in out.splitlines()]
        return {
            Path(one["path"]).parent.name: (one["role"], one["verdict"]) for one in lines[:-1]
        }, lines

    return call


def test_a_scan_goes_by_the_roles_of_folders(configured, scan):
    """The same picture is a note, needs approval, or is blocked; one role may be given for all."""
    configured()
    found, lines = scan()
    assert found == {
        "board": ("unknown", "needs_approval"),
        "finals": ("final", "blocked"),
        "refs": ("reference", "note"),
    }
    (first,) = lines[0]["findings"]
    assert (first["verdict"], first["standing"], first["consent"]) == ("needs_approval", None, None)
    assert first["advice"].startswith("The whole picture matches the work “doll”: ")
    assert list(lines[-1]["summary"]["clauses"]) == ["G3", "P1", "C2"]
    found, _ = scan("--role", "input")
    assert set(found.values()) == {("input", "needs_approval")}


def test_a_scan_goes_by_stage_and_policy(configured, scan, studio):
    """As declared and configured, unless options say otherwise."""
    configured('policy = "mine.toml"\n')
    (studio / "usage.toml").write_text('stage = "background"\n')
    (studio / "mine.toml").write_text(
        'name = "mine"\nflag_at = 1e-3\nnote_at = 1e-2\nrequired = []\n'
        '[[rule]]\nstage = "background"\nverdict = "blocked"\nclauses = "F2"\n'
    )
    found, lines = scan()
    assert found["board"] == ("unknown", "blocked")
    assert (lines[0]["clauses"], lines[-1]["summary"]["policy"]) == (["F2"], "mine")
    assert scan("--stage", "ideation")[0]["board"] == ("unknown", "needs_approval")
    _, lines = scan("--policy", "netflix-genai")
    assert lines[0]["clauses"] == ["F2", "F3", "G3", "P1"]


def test_the_table_tells_role_clauses_and_what_to_do(configured, studio, run):
    """The sentence stands below what is flagged; clauses once at the end, with their date."""
    configured()
    _, out, _ = run("scan", studio / "board", "--workers", 0)
    rows = out.splitlines()
    (reference,) = (row for row in rows if "refs" in row)
    assert reference.startswith("note ")
    assert reference.endswith("copy.png (reference)")
    assert sum("P1, G3: The whole picture matches" in row for row in rows) == 2
    assert out.count("Netflix Partner Help Center, 2025-11-11") == 1
    assert "  C2 Inputs that refer to works or known people\n" in out


def test_from_python_roles_are_a_mapping_or_a_function(studio, monkeypatch):
    """Globs are relative to the current folder; a role that is given wins."""
    monkeypatch.chdir(studio)
    index, copy = studio / "works.index", "board/refs/copy.png"
    with Screener.open(index, roles={"board/refs/**": "reference"}) as screener:
        assert screener.screen(copy).role is Role.REFERENCE
        assert screener.screen("board/copy.png").role is Role.UNKNOWN
        assert screener.screen((studio / copy).read_bytes()).role is Role.UNKNOWN
        final = screener.screen(copy, role=Role.FINAL)
        assert (final.role, final.verdict) == (Role.FINAL, Verdict.BLOCKED)
        scanned = screener.scan("board", workers=0, role=Role.INPUT)
        assert {one.role for one in scanned} == {Role.INPUT}
    with Screener.open(index, roles={copy: Role.GENERATED}.get) as screener:
        assert screener.screen(copy).role is Role.GENERATED
    with Screener.open(index, context=Context(stage=Stage.FINAL)) as screener:
        assert screener.screen(copy).verdict is Verdict.BLOCKED
    with pytest.raises(InputInvalidError, match="there is no role 'still'"):
        Screener.open(index, roles={"board/**": "still"})


class OnRecord:
    """A store that knows one thing about every picture, and remembers what it was asked."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.asked: list[Sighted] = []

    def standings(self, picture: Sighted) -> Mapping[str, Standing]:
        self.asked.append(picture)
        return {one.record.id: self._standing for one in picture.findings}

    def consents(self, record_id: str) -> Sequence[Consent]:
        raise AssertionError(f"{record_id} is no person")


def test_a_screener_asks_what_is_on_record(studio):
    """Once for a picture in which something was found, with what is needed to know it again."""
    dismissed = Standing(state=StandingState.DISMISSED, reason="coincidence")
    store = OnRecord(dismissed)
    with Screener.open(studio / "works.index", standings=store) as screener:
        result = screener.screen(studio / "board" / "copy.png")
        assert screener.screen(textured(100)).findings == ()
    (finding,) = result.findings
    assert (result.verdict, finding.standing) == (Verdict.NOTE, dismissed)
    (asked,) = store.asked
    assert asked.sha256 == result.sha256
    assert len(asked.fingerprints) == 1
    assert asked.role is Role.UNKNOWN


@pytest.mark.parametrize(("until", "verdict"), [(1, Verdict.NEEDS_APPROVAL), (9999, Verdict.NOTE)])
def test_the_day_of_the_screening_counts(studio, until, verdict):
    """A context without a day takes that of the screening."""
    granted = Standing(state=StandingState.GRANTED, until=date(until, 1, 1))
    with Screener.open(studio / "works.index", standings=OnRecord(granted)) as screener:
        assert screener.screen(studio / "board" / "copy.png").verdict is verdict
