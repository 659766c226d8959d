"""submit, dismiss, approvals, and a scan that honors what they put on record."""

import json
from pathlib import Path

import pytest
from pictures import textured
from PIL import Image, ImageOps

from reference_index import Kind
from screening.approvals import Store, verify
from screening.enrollment import enroll
from screening.enrollment.sources import folder_sources

RECORD = ("approvals", "record", "--letter", "x", "--by", "y", "--request", "z")


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory):
    """Return the folder of an index of four works."""
    folder = tmp_path_factory.mktemp("enrolled")
    (folder / "works").mkdir()
    for number in range(4):
        textured(number).save(folder / "works" / f"work {number}.png")
    sources = folder_sources(folder / "works", kind=Kind.WORK)
    enroll(folder / "works.index", sources, workers=0, embeddings=())
    return folder


@pytest.fixture
def board(enrolled, tmp_path, monkeypatch):
    """Return a board whose settings name an index, a production, and a store that is not there.

    Two pictures show one work each, one shows two, one shows nothing.
    """
    monkeypatch.chdir(tmp_path)
    board = tmp_path / "board"
    board.mkdir()
    textured(0).save(board / "a.png")
    ImageOps.mirror(textured(1)).save(board / "b.png")
    both = Image.new("RGB", (600, 200))
    both.paste(textured(2), (0, 0))
    both.paste(textured(3), (300, 0))
    both.save(board / "both.png")
    textured(50).save(board / "none.png")
    (tmp_path / "screening.toml").write_text(
        f'production = "Halyard"\nindexes = ["{enrolled / "works.index"}"]\n'
        'store = "approvals.db"\n'
    )
    return board


@pytest.fixture
def ids(board, run):
    """Return the ids of the works by title."""
    _, out, _ = run("scan", board, "--format", "jsonl", "--workers", 0)
    records = [
        f["record"] for line in out.splitlines() for f in json.loads(line).get("findings", ())
    ]
    return {one["title"]: one["id"] for one in records}


def listed(run):
    """Return what the list of requests says."""
    return [json.loads(o) for o in run("approvals", "list", "--format", "jsonl")[1].splitlines()]


def scanned(run, board, *more):
    """Return the state of what stands about each finding, by file and title."""
    _, out, _ = run("scan", board, "--format", "jsonl", "--workers", 0, *more)
    files = [json.loads(line) for line in out.splitlines()][:-1]
    return {
        (Path(file["path"]).name, one["record"]["title"]): (
            one["verdict"], one["standing"] and one["standing"]["state"]
        )
        for file in files
        for one in file["findings"]
    }  # fmt: skip


@pytest.mark.smoke
def test_from_a_finding_to_a_documented_decision(board, run, tmp_path):
    """Flags are submitted, sent, answered and honored; the ledger is whole."""
    assert run("scan", board, "--workers", 0)[0] == 3
    code, out, _ = run("submit", board, "--output", "pages", "--by", "Bo", "--workers", 0)
    assert code == 0
    assert out.splitlines()[-1] == "4 requests opened, 0 open already"
    assert len([*(tmp_path / "pages").glob("request-*.html")]) == 4
    again = run("submit", board, "--output", "pages", "--workers", 0)[1]
    assert again.splitlines()[-1] == "0 requests opened, 4 open already"
    named = {one["title"]: one["request"] for one in listed(run)}
    (tmp_path / "yes.pdf").write_text("yes")
    (tmp_path / "no.pdf").write_text("no")
    assert run("approvals", "sent", named["work 0"][:10], "--to", "Ada")[0] == 0
    both = ("--request", named["work 0"], "--request", named["work 2"])
    assert run("approvals", "record", "--letter", "yes.pdf", "--by", "Ada", "--granted",
               "--scope", "copies", *both)[0] == 0  # fmt: skip
    code, out, _ = run("approvals", "record", "--letter", "no.pdf", "--by", "Ada", "--denied",
                       "--scope", "picture", "--request", named["work 1"])  # fmt: skip
    denial = out.split()[-1]
    assert scanned(run, board) == {
        ("a.png", "work 0"): ("note", "granted"),
        ("b.png", "work 1"): ("blocked", "denied"),
        ("both.png", "work 2"): ("note", "granted"),
        ("both.png", "work 3"): ("needs_approval", "requested"),
    }
    _, _, talk = run("submit", board / "b.png", "--workers", 0)
    assert "“work 1” is blocked, nothing is asked: denied by Ada" in talk
    assert run("approvals", "revoke", denial, "--reason", "error")[0] == 0
    assert run("approvals", "revoke", denial, "--reason", "error")[0] == 1
    assert scanned(run, board / "b.png")["b.png", "work 1"] == ("needs_approval", "requested")
    _, out, _ = run("approvals", "list")
    assert "revoked" in out
    assert (
        json.loads(run("approvals", "show", named["work 0"])[1])["letters"][0]["name"] == "yes.pdf"
    )
    with Store.open("approvals.db") as store:
        assert verify(store) == []


def test_a_scan_makes_no_store(board, run, tmp_path):
    """One that settings name and that is not there is told, and not made; --store must be there."""
    code, _, talk = run("scan", board, "--workers", 0)
    assert (code, "nothing is on record yet" in talk) == (3, True)
    assert not (tmp_path / "approvals.db").exists()
    code, _, talk = run("scan", board, "--workers", 0, "--store", "other.db")
    assert (code, "there is no store" in talk) == (1, True)


def test_a_scan_writes_nothing_to_the_store(board, run, tmp_path):
    """Honoring what is on record changes no byte of it, and no report takes its place."""
    run("submit", board / "a.png", "--workers", 0)
    before = (tmp_path / "approvals.db").read_bytes()
    run("scan", board, "--workers", 0)
    assert run("scan", board, "--workers", 0, "--output", "approvals.db")[0] == 1
    assert (tmp_path / "approvals.db").read_bytes() == before


def test_of_two_records_one_is_dismissed(board, run, ids):
    """The picture stays flagged for the other; copies are dismissed too; undo asks again."""
    Image.open(board / "both.png").save(board / "copy.jpg", quality=80)
    said = ("--record", ids["work 2"], "--workers", 0)
    code, out, _ = run("dismiss", board, *said, "--reason", "common-scene", "--by", "Bo")
    assert code == 0
    assert out.splitlines()[-1] == "2 findings: 1 dismissed as common-scene"
    assert "not done: it is already: common-scene" in out
    after = scanned(run, board)
    assert after["both.png", "work 2"] == after["copy.jpg", "work 2"] == ("note", "dismissed")
    assert after["both.png", "work 3"] == ("needs_approval", None)
    assert run("dismiss", "--list")[1] == f"     1  “work 2” ({ids['work 2']}): 1 common-scene\n"
    assert run("dismiss", board / "copy.jpg", *said, "--undo")[0] == 0
    assert scanned(run, board)["both.png", "work 2"] == ("needs_approval", None)
    assert run("dismiss", "--list")[1] == ""


def test_what_is_denied_stays_blocked(board, run, ids, tmp_path):
    """Dismiss says so and changes nothing."""
    run("submit", board / "a.png", "--workers", 0)
    (one,) = listed(run)
    (tmp_path / "no.pdf").write_text("no")
    run("approvals", "record", "--letter", "no.pdf", "--by", "Ada", "--denied", "--scope", "record",
        "--request", one["request"])  # fmt: skip
    _, out, _ = run("dismiss", board, "--record", ids["work 0"], "--reason", "look-alike",
                    "--workers", 0)  # fmt: skip
    assert "not done: it stays blocked: denied by Ada" in out
    assert scanned(run, board)["a.png", "work 0"] == ("blocked", "denied")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("dismiss", "board"), 2, "--record ID"),
        (("dismiss", "board", "--record", "x"), 2, "--reason"),
        (("dismiss", "board", "--record", "x", "--reason", "look-alike", "--undo"), 2, "--undo"),
        (("dismiss", "board", "--record", "x", "--reason", "other"), 2, "--note"),
        (("dismiss", "board", "--list"), 2, "--list"),
        (("dismiss", "board", "--record", "x", "--reason", "look-alike"), 1, "no record 'x'"),
        (("submit", "board", "--record", "x"), 1, "no record 'x'"),
        (("submit", "board", "--with-pictures"), 2, "--output"),
        (("submit", "board", "--references", "board"), 2, "--with-pictures"),
        (("approvals", "list"), 1, "there is no store"),
        ((*RECORD, "--scope", "copies"), 2, "either --granted or --denied"),
        ((*RECORD, "--scope", "copies", "--granted", "--denied"), 2, "either --granted or"),
        ((*RECORD, "--granted"), 2, "--scope"),
        (("approvals", "import", "nowhere.json"), 1, "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused(board, run, tmp_path, arguments, code, said):
    """The message says what is missing, and no store is made."""
    ended, _, talk = run(*arguments)
    assert (ended, said in talk) == (code, True), talk
    assert not (tmp_path / "approvals.db").exists()


def test_without_a_store_nothing_is_decided(board, run, enrolled, tmp_path):
    """Dismiss and submit say how a store is named."""
    (tmp_path / "screening.toml").write_text(f'indexes = ["{enrolled / "works.index"}"]\n')
    for command in (("submit", board), ("dismiss", "--list")):
        code, _, talk = run(*command)
        assert (code, "no store is named: give --store" in talk) == (1, True)
    assert run("submit", board, "--store", "mine.db", "--workers", 0)[0] == 0
    assert (tmp_path / "mine.db").exists()


def test_pages_show_pictures_only_where_asked(board, run, enrolled, tmp_path):
    """With --with-pictures the pair is in the file; where no reference is at hand it says so."""
    (board / "a.png").rename(board / "<b>&'x'.png")
    one = ("submit", board / "<b>&'x'.png", "--output", "pages", "--workers", 0)

    def page():
        (file,) = (tmp_path / "pages").iterdir()
        return file.read_text(encoding="utf-8")

    run(*one)
    assert "data:image" not in page()
    assert "&lt;b&gt;&amp;&#39;x&#39;.png" in page()
    assert str(tmp_path) not in page()
    run(*one, "--with-pictures", "--references", enrolled / "works")
    assert "data:image/png;base64," in page()
    code, _, talk = run(*one, "--with-pictures", "--references", tmp_path / "pages")
    assert (code, "is not drawn" in talk) == (0, True)
    assert "the picture of the reference was not at hand" in page()


def test_what_could_not_be_looked_at_is_told(board, run):
    """Exit code 4, and what could be looked at is submitted."""
    (board / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, out, talk = run("submit", board, "--workers", 0)
    assert (code, out.splitlines()[-1]) == (4, "4 requests opened, 0 open already")
    assert "cut.png" in talk


def test_decisions_travel(board, run, tmp_path):
    """What is exported is imported into a store that is made for it, once."""
    run("submit", board, "--workers", 0)
    assert run("approvals", "export", "--output", "out.json")[0] == 0
    for expected in ("4 imported, 0 were there already\n", "0 imported, 4 were there already\n"):
        assert run("approvals", "import", "out.json", "--store", "second.db")[1] == expected
    first, second = (scanned(run, board, "--store", s) for s in ("approvals.db", "second.db"))
    assert first == second
    assert run("approvals", "export", "--output", "approvals.db")[0] == 1


def test_a_lost_key_file_is_told_before_the_scan(board, run, tmp_path):
    """Nothing is screened by half of what is on record."""
    run("submit", board / "a.png", "--workers", 0)
    (tmp_path / "approvals.db.key").unlink()
    code, out, talk = run("scan", board, "--workers", 0)
    assert (code, out, "key file" in talk) == (1, "", True)
