"""The first day of a production, through the command line: from an empty folder to the binder."""

import json
import re

import pytest
from pictures import composed
from PIL import ImageOps

RECORDS = """id,kind,title,rights_holder,images
salt-road,work,The Salt Road,Halyard Pictures,salt.png
mizzen,work,Mizzen,Ada Example,mizzen.png
"""


@pytest.fixture
def production(tmp_path, monkeypatch):
    """A folder with works, and a board: two copies, one picture of nothing, one pulled still."""
    for folder in ("works", "board/references"):
        (tmp_path / folder).mkdir(parents=True)
    composed(1, 320, 240).save(tmp_path / "works" / "salt.png")
    composed(2, 320, 240).save(tmp_path / "works" / "mizzen.png")
    (tmp_path / "works" / "records.csv").write_text(RECORDS, encoding="utf-8")
    ImageOps.mirror(composed(1, 320, 240)).save(tmp_path / "board" / "alley.png")
    composed(2, 320, 240).save(tmp_path / "board" / "deck.png")
    composed(9, 320, 240).save(tmp_path / "board" / "tower.png")
    composed(1, 320, 240).save(tmp_path / "board" / "references" / "still.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_an_empty_folder_to_the_binder(production, run):
    """Init, enroll, scan, dismiss, scan, submit, letter, scan, binder; and the ledger is whole.

    A prompt is asked about too. Every step says what it did, and the scans between tell what is on
    record.
    """

    def did(*command, code=0):
        got, out, talk = run(*command)
        assert got == code, talk
        return out

    def scanned(code, *options):
        out = did("scan", "board", "--format", "jsonl", "--workers", "0", *options, code=code)
        *files, summary = map(json.loads, out.splitlines())
        return {one["path"].removeprefix("board/"): one for one in files}, summary["summary"]

    did("init", ".", "--yes", "--production", "Halyard", "--contact-email", "contact@example.org",
        "--stage", "ideation", "--tool", "Painter", "--index", "works.index")  # fmt: skip
    config = production / "screening.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace('"references/**"', '"board/references/**"'),
        encoding="utf-8",
    )
    did("usage", "check", code=3)
    did("enroll", "works.index", "works", "--records", "works/records.csv", "--workers", "0")

    files, summary = scanned(3)
    assert {name: one["verdict"] for name, one in files.items()} == {
        "alley.png": "needs_approval",
        "deck.png": "needs_approval",
        "references/still.png": "note",
        "tower.png": "nothing_found",
    }
    assert files["references/still.png"]["clauses"] == ["C2"]
    assert summary["declaration"]["outcome"] == "approval"
    asked = did("prompt", "poster of the film The Salt Road by Halyard Pictures, 8k", code=3)
    assert "C2, G3: The prompt names the work “The Salt Road” of Halyard Pictures: " in asked
    assert not (production / "approvals.db").exists()

    did("dismiss", "board/deck.png", "--record", "mizzen", "--reason", "common-scene",
        "--by", "Ada", "--workers", "0")  # fmt: skip
    files, _ = scanned(3)
    assert files["deck.png"]["verdict"] == "note"
    assert files["deck.png"]["findings"][0]["standing"]["state"] == "dismissed"

    did("submit", "board", "--by", "Ada", "--output", "requests", "--workers", "0", code=0)
    (page,) = (production / "requests").iterdir()
    assert "The Salt Road" in page.read_text(encoding="utf-8")
    (request,) = re.findall(r"\b[0-9a-f]{8,32}\b", did("approvals", "list"))[:1]
    did("approvals", "sent", request, "--to", "the contact")
    files, _ = scanned(3)
    assert files["alley.png"]["findings"][0]["standing"]["state"] == "requested"

    letter = production / "letter.pdf"
    letter.write_bytes(b"%PDF-1.4 a letter")
    did("approvals", "record", "--letter", letter, "--by", "The Contact", "--request", request,
        "--granted", "--scope", "copies", "--conditions", "not in the trailer")  # fmt: skip
    out = did("scan", "board", "--format", "jsonl", "--workers", "0", "--output", "report.jsonl")
    assert out == ""
    files, _ = scanned(0)
    assert files["alley.png"]["verdict"] == "note"
    assert "not in the trailer" in files["alley.png"]["findings"][0]["standing"]["words"]

    did("usage", "record")
    did("export", "binder", "--scan", "report.jsonl", "--output", "binder.html")
    binder = (production / "binder.html").read_text(encoding="utf-8")
    for told in ("Halyard", "The Salt Road", "not in the trailer", "2025-11-11", "alley.png"):
        assert told in binder
    register = did("export", "register")
    assert "The Salt Road" in register
    assert did("ledger", "verify").endswith("the ledger is whole\n")
