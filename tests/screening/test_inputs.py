"""The pictures that went into a generated one: where they are found, and what they come to."""

import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from pictures import composed, textured
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from reference_index import Kind
from screening import Coverage, Role, Screener, Verdict, draw_finding
from screening.decision import Policy
from screening.enrollment import enroll, folder_sources
from screening.errors import PathMissingError
from screening.images import Limits
from screening.inputs import MAX_INPUTS, NOT_FOUND, Inputs

CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
WORK = 1
"""The picture that is enrolled."""


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    """Return an index of two works."""
    folder = tmp_path_factory.mktemp("works")
    for number in (WORK, WORK + 1):
        textured(number).save(folder / f"work {number}.png")
    path = tmp_path_factory.mktemp("index") / "works.index"
    enroll(path, folder_sources(folder, kind=Kind.WORK), workers=0, embeddings=())
    return path


@pytest.fixture
def screener(index):
    """Return a screener of that index."""
    with Screener.open(index) as screener:
        yield screener


def made(path, *names, picture=None):
    """Write a picture that resembles nothing, made by ComfyUI from pictures of these names."""
    nodes = {"0": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI"}}} | {
        str(1 + number): {"class_type": "LoadImage", "inputs": {"image": name}}
        for number, name in enumerate(names)
    }
    said = PngInfo()
    said.add_text("prompt", json.dumps(nodes))
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture or composed(40, 240, 160)).save(path, pnginfo=said)
    return path


def work(path, number=WORK):
    """Write a copy of a work."""
    path.parent.mkdir(parents=True, exist_ok=True)
    textured(number).save(path)
    return path


def test_a_work_that_went_in_is_told_of_what_came_out(screener, tmp_path):
    """The finding is the input's own, with the clause on inputs; the verdict is the worst."""
    place = str(work(tmp_path / "ref.png"))
    result = screener.screen(made(tmp_path / "out.png", "ref.png"))
    alone = screener.screen(place, role=Role.INPUT)
    (finding,), (own,) = result.findings, alone.findings
    assert finding.input == place
    assert (own.input, result.own_findings) == ("", ())
    assert (finding.region, finding.channels, finding.verdict, finding.clauses) == (
        own.region, own.channels, own.verdict, own.clauses
    )  # fmt: skip
    assert "C2" in finding.clauses
    assert (result.verdict, result.clauses) == (Verdict.NEEDS_APPROVAL, ("C2", "G3"))
    assert (result.coverage, result.reason) == (Coverage.COMPLETE, None)
    (fed,) = result.inputs
    assert (fed.name, fed.path, fed.sha256) == ("ref.png", place, alone.sha256)
    assert (fed.verdict, fed.coverage, fed.reason) == (alone.verdict, Coverage.COMPLETE, None)


def test_what_shows_it_too_has_both(screener, tmp_path):
    """A record in the picture and in its input is found twice, the picture's own first."""
    work(tmp_path / "ref.png")
    result = screener.screen(made(tmp_path / "out.png", "ref.png", picture=textured(WORK)))
    own, fed = result.findings
    assert own.record == fed.record
    assert (own.input, Path(fed.input).name) == ("", "ref.png")
    assert result.decisive is own
    assert result.clauses == ("C2", "G3", "P1")


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("ref.png", "ref.png"),
        ("ref.png [input]", "ref.png"),
        ("pasted/ref.png", "pasted/ref.png"),
        ("pasted\\ref.png [output]", "pasted/ref.png"),
        (r"C:\Users\ada\ComfyUI\input\ref.png", "ref.png"),
        (r"\\server\share\ref.png", "ref.png"),
        ("/home/ada/input/ref.png", "ref.png"),
        ("./ref.png", "ref.png"),
        ("../inputs/ref.png", "ref.png"),
        (unicodedata.normalize("NFD", "Möwe.png"), unicodedata.normalize("NFC", "Möwe.png")),
        (unicodedata.normalize("NFC", "Möwe.png"), unicodedata.normalize("NFD", "Möwe.png")),
    ],
)
def test_a_name_is_looked_for_beside_the_picture(screener, tmp_path, name, there):
    """As a path within the folder, or else by its last part, whatever machine it is of."""
    work(tmp_path / "board" / there)
    (fed,) = screener.screen(made(tmp_path / "board" / "out.png", name)).inputs
    assert fed.path == str(tmp_path / "board" / there)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "../../etc/passwd.png",
        "sub/../../secret.png",
        "..\\secret.png",
        "link.png",
        "linked/secret.png",
        "nul\0.png",
        "n" * 290 + ".png",
        "folder.png",
        "out.png",
        "https://example.org/none.png",
    ],
)
def test_no_name_leads_out_of_the_folder(screener, tmp_path, name):
    """Steps up, links out, names that no file has, folders and itself are not found."""
    outside = work(tmp_path / "secret.png").parent
    board = tmp_path / "board"
    (board / "folder.png").mkdir(parents=True)
    (board / "link.png").symlink_to(outside / "secret.png")
    (board / "linked").symlink_to(outside)
    result = screener.screen(made(board / "out.png", name))
    assert [one.path for one in result.inputs] == [None]
    assert result.findings == ()


def test_an_absolute_path_is_not_opened(screener, tmp_path):
    """Metadata that names a file elsewhere by its whole path does not reach it."""
    elsewhere = work(tmp_path / "elsewhere" / "ref.png")
    result = screener.screen(made(tmp_path / "board" / "out.png", str(elsewhere)))
    assert [one.path for one in result.inputs] == [None]


def test_what_is_not_found_is_a_note(screener, tmp_path):
    """Coverage is that of the picture; the note says which, and where it was looked for."""
    result = screener.screen(made(tmp_path / "out.png", "ref.png"))
    assert (result.verdict, result.coverage) == (Verdict.NOTHING_FOUND, Coverage.COMPLETE)
    assert result.notes == (f"input “ref.png”: {NOT_FOUND}",)
    (fed,) = result.inputs
    assert (fed.name, fed.path, fed.sha256, fed.verdict, fed.coverage, fed.reason) == (
        "ref.png", None, None, None, None, NOT_FOUND
    )  # fmt: skip


def test_an_input_that_cannot_be_read_makes_coverage_partial(screener, tmp_path):
    """Cut short it costs only itself, and the reason is told."""
    data = work(tmp_path / "whole" / "ref.png").read_bytes()
    (tmp_path / "ref.png").write_bytes(data[: len(data) // 20])
    result = screener.screen(made(tmp_path / "out.png", "ref.png"))
    (fed,) = result.inputs
    assert (fed.verdict, fed.coverage) == (None, Coverage.UNREAD)
    assert (result.verdict, result.coverage) == (Verdict.NOTHING_FOUND, Coverage.PARTIAL)
    assert result.reason == f"input “ref.png”: {fed.reason}"


def test_what_names_none_has_all_that_were_given(screener, tmp_path):
    """Files and folders, of which what is no picture is left out; what names some has those."""
    given = tmp_path / "given"
    for number in (WORK, WORK + 1):
        work(given / f"{number}.png", number)
    (given / "notes.txt").write_text("ideas")
    board = tmp_path / "board"
    names_none = made(board / "a.png")
    names_one = made(board / "b.png", r"D:\in\2.png")
    first, second = screener.scan(board, workers=0, inputs=[given / "1.png", given])
    assert [one.path for one in (first, second)] == [str(names_none), str(names_one)]
    assert [one.name for one in first.inputs] == ["1.png", "2.png"]
    assert [Path(one.input).name for one in first.findings] == ["1.png", "2.png"]
    assert [(one.name, one.path) for one in second.inputs] == [
        (r"D:\in\2.png", str(given / "2.png"))
    ]


def test_a_name_found_in_several_places_is_all_of_them(screener, tmp_path):
    """Beside the picture, and in two folders that were given; the same file but once."""
    for folder in ("board", "one", "two"):
        work(tmp_path / folder / "ref.png")
    out = made(tmp_path / "board" / "out.png", "ref.png", "sub/ref.png")
    result = screener.screen(out, inputs=[tmp_path / "one", tmp_path / "two", tmp_path / "two"])
    assert [one.path for one in result.inputs] == [
        str(tmp_path / folder / "ref.png") for folder in ("board", "one", "two")
    ]


def test_what_was_given_and_went_into_nothing_stands_at_the_end(screener, tmp_path):
    """As a picture of role input, so that nothing given goes unscreened."""
    work(tmp_path / "given" / "other.png")
    made(tmp_path / "board" / "out.png", "ref.png")
    out, other = screener.scan(tmp_path / "board", workers=0, inputs=[tmp_path / "given"])
    assert [one.path for one in out.inputs] == [None]
    assert (Path(other.path).name, other.role) == ("other.png", Role.INPUT)
    assert other.verdict is Verdict.NEEDS_APPROVAL
    assert other.inputs == ()


@pytest.mark.parametrize("role", [Role.REFERENCE, Role.INPUT])
def test_references_and_inputs_have_none(screener, tmp_path, role):
    """Whatever their metadata names; it is about pictures that were made."""
    work(tmp_path / "ref.png")
    result = screener.screen(made(tmp_path / "out.png", "ref.png"), role=role)
    assert (result.inputs, result.findings) == ((), ())


@pytest.mark.parametrize("role", [Role.GENERATED, Role.UNKNOWN, Role.FINAL])
def test_what_was_made_has_inputs(screener, tmp_path, role):
    """Generated, final, and what counts as generated."""
    work(tmp_path / "ref.png")
    result = screener.screen(made(tmp_path / "out.png", "ref.png"), role=role)
    assert [one.name for one in result.inputs] == ["ref.png"]


def test_inputs_of_inputs_are_not_followed(screener, tmp_path):
    """A chain ends after its first link."""
    work(tmp_path / "first.png")
    made(tmp_path / "second.png", "first.png", picture=composed(41, 240, 160))
    result = screener.screen(made(tmp_path / "third.png", "second.png"))
    assert [one.name for one in result.inputs] == ["second.png"]
    assert result.findings == ()


def test_an_input_in_the_folder_has_its_own_line_by_its_own_role(index, tmp_path, monkeypatch):
    """There it is what the folder says, and fed in it is an input."""
    work(tmp_path / "refs" / "ref.png")
    made(tmp_path / "out.png", "refs/ref.png")
    monkeypatch.chdir(tmp_path)
    with Screener.open(index, roles={"refs/**": "reference"}) as screener:
        out, ref = screener.scan(tmp_path, workers=0)
    assert [one.verdict for one in out.findings] == [Verdict.NEEDS_APPROVAL]
    assert (ref.role, ref.verdict) == (Role.REFERENCE, Verdict.NOTE)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_input_of_many_is_screened_once(screener, tmp_path, monkeypatch, workers):
    """Under each of its names, and through links; the outputs come in order."""
    work(tmp_path / "refs" / "ref.png")
    for number in range(6):
        made(tmp_path / "board" / f"{number}.png", *["ref.png", "x/ref.png"][: 1 + number % 2])
    (tmp_path / "refs" / "again.png").symlink_to("ref.png")
    looked, look = [], Screener._looking

    def counting(screener, examiner):
        inner = look(screener, examiner)
        return lambda files: looked.extend(one.path for one in files) or inner(files)

    monkeypatch.setattr(Screener, "_looking", counting)
    found = [*screener.scan(tmp_path / "board", workers=workers, inputs=[tmp_path / "refs"])]
    assert [Path(one.path).name for one in found] == [f"{number}.png" for number in range(6)]
    assert [len(one.findings) for one in found] == [1] * 6
    assert len(looked) == 1


@pytest.mark.parametrize("kind", ["bytes", "image", "array"])
def test_pictures_from_memory_have_what_was_given(screener, tmp_path, kind):
    """Nothing is looked for by their metadata; the file itself, given, is no input."""
    work(tmp_path / "ref.png")
    out = made(tmp_path / "out.png")
    image = composed(40, 240, 160)
    picture = {"bytes": out.read_bytes(), "image": image, "array": np.asarray(image)}[kind]
    assert screener.screen(picture).inputs == ()
    given = [tmp_path / "ref.png", *([out] if kind == "bytes" else [])]
    result = screener.screen(picture, inputs=given)
    assert [one.name for one in result.inputs] == ["ref.png"]
    assert [Path(one.input).name for one in result.findings] == ["ref.png"]


def test_a_picture_screened_alone_has_all_that_were_given(screener, tmp_path):
    """Also where its metadata names others: they were given for it."""
    work(tmp_path / "given" / "other.png")
    out = made(tmp_path / "out.png", "ref.png")
    result = screener.screen(out, inputs=[tmp_path / "given"])
    assert [(one.name, one.path is None) for one in result.inputs] == [
        ("ref.png", True), ("other.png", False)
    ]  # fmt: skip


def test_bytes_that_name_their_inputs_have_those_given(screener, tmp_path):
    """By their names, and a note for those that are not among them."""
    work(tmp_path / "given" / "ref.png")
    data = made(tmp_path / "out.png", "ref.png", "none.png").read_bytes()
    result = screener.screen(data, inputs=[tmp_path / "given"])
    assert [one.path for one in result.inputs] == [str(tmp_path / "given" / "ref.png"), None]


def test_given_paths_must_be_there(screener, tmp_path):
    """What is not there cannot have been screened."""
    out = made(tmp_path / "out.png")
    with pytest.raises(PathMissingError, match="nowhere"):
        screener.screen(out, inputs=[tmp_path / "nowhere"])
    with pytest.raises(PathMissingError, match="nowhere"):
        list(screener.scan(out, workers=0, inputs=[tmp_path / "nowhere"]))


def test_an_unread_picture_has_no_inputs(screener, tmp_path):
    """Nothing is known of what it was made of; what was given has a line of its own."""
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    work(tmp_path / "given" / "ref.png")
    cut, given = screener.scan(tmp_path / "cut.png", workers=0, inputs=[tmp_path / "given"])
    assert (cut.verdict, cut.coverage, cut.inputs) == (None, Coverage.UNREAD, ())
    assert given.role is Role.INPUT


@pytest.mark.parametrize("more", [0, 1])
def test_no_more_than_the_most_are_looked_at(screener, tmp_path, monkeypatch, more):
    """At the bound all are; beyond it coverage is partial, and the rest stand at the end."""
    monkeypatch.setattr("screening.inputs.MAX_INPUTS", 3)
    for number in range(3 + more):
        composed(60 + number, 60, 40).save(tmp_path / f"{number}.png")
    out = made(tmp_path / "board" / "out.png")
    given = [tmp_path / f"{number}.png" for number in range(3 + more)]
    result, *others = screener.scan(out, workers=0, inputs=given)
    assert len(result.inputs) == 3 < MAX_INPUTS
    assert len(others) == more
    assert (result.reason or "").startswith("1 of 4 inputs not looked at") is bool(more)


def test_every_policy_names_the_clause(index, tmp_path):
    """One that says nothing of inputs has it all the same, and decides as it does."""
    work(tmp_path / "ref.png")
    policy = Policy(name="plain", flag_at=1e-3, note_at=1e-2, required=(), rules=())
    with Screener.open(index, policy=policy) as screener:
        result = screener.screen(made(tmp_path / "out.png", "ref.png"))
        alone = screener.screen(tmp_path / "ref.png", role=Role.INPUT)
    assert (alone.clauses, result.clauses) == (("G3",), ("C2", "G3"))
    assert result.findings[0].clauses == ("G3", "C2")


def test_a_finding_in_an_input_is_drawn_in_it(screener, tmp_path, index):
    """The pair shows the input and the reference, not what was made."""
    place = work(tmp_path / "ref.png")
    result = screener.screen(made(tmp_path / "out.png", "ref.png"))
    original = work(tmp_path / "originals" / "work.png")
    drawn = draw_finding(result.path, result.findings[0], reference=original)
    (own,) = screener.screen(place, role=Role.INPUT).findings
    assert drawn.tobytes() == draw_finding(place, own, reference=original).tobytes()


def test_an_input_that_ends_its_process_costs_only_itself(screener, tmp_path):
    """It is unread, what it went into is looked at in part, and the scan goes on."""
    screener.limits = Limits(max_seconds=0.15)
    Image.new("L", (12_000, 12_000)).save(tmp_path / "slow.png", compress_level=1)
    given = [tmp_path / "slow.png", work(tmp_path / "ref.png")]
    made(tmp_path / "board" / "a.png", "slow.png")
    made(tmp_path / "board" / "b.png", "ref.png")
    first, second = screener.scan(tmp_path / "board", workers=1, inputs=given)
    assert (first.coverage, second.coverage) == (Coverage.PARTIAL, Coverage.COMPLETE)
    assert first.reason == ("input “slow.png”: took longer than 0.15 s (the limit of one file)")
    assert second.verdict is Verdict.NEEDS_APPROVAL


def test_closing_early_ends_the_processes(screener, tmp_path):
    """Those that looked at inputs too."""
    work(tmp_path / "ref.png")
    for number in range(3):
        made(tmp_path / f"{number}.png", "ref.png")
    before = set(CHILDREN.read_text().split())
    found = screener.scan(tmp_path, workers=1)
    next(found)
    assert len(set(CHILDREN.read_text().split()) - before) == 2
    found.close()
    assert set(CHILDREN.read_text().split()) == before


def test_nothing_is_looked_at_where_nothing_went_in():
    """Attaching to nothing asks for nothing."""

    def never(_):
        raise AssertionError("asked")

    inputs = Inputs([], never)
    assert inputs.attach([]) == []
    assert [*inputs.others()] == []
