"""What is left where only the core is installed: scanning, and errors that name the extra."""

import json
import subprocess
import sys

import pytest
from film import still, write_film
from pictures import composed

from reference_index import Kind
from screening.enrollment import enroll, folder_sources

CORE_ALONE = """
import sys

for name in ("av", "c2pa", "cryptography", "jinja2", "open_clip", "openpyxl", "sqlalchemy",
             "tokenizers", "torch"):
    sys.modules[name] = None
from screening.cli import main
main()
"""


@pytest.fixture
def screening(tmp_path):
    """A production whose store was never written to, and a function that runs the core alone."""
    for folder in ("works", "board"):
        (tmp_path / folder).mkdir()
        composed(1, 200, 150).save(tmp_path / folder / "harbor.png")
    works = folder_sources(tmp_path / "works", kind=Kind.WORK)
    enroll(tmp_path / "works.index", works, workers=0, embeddings=())
    (tmp_path / "screening.toml").write_text('indexes = ["works.index"]\nstore = "approvals.db"\n')

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", CORE_ALONE, *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return call


def test_a_scan_needs_no_extra(screening, tmp_path):
    """Also where a store is named, as long as nothing is on record; clips are unread."""
    write_film(tmp_path / "board" / "shot.mp4", still(composed(2, 200, 150), 1))
    done = screening("scan", "board", "--format", "jsonl", "--workers", "0")
    assert done.returncode == 3, done.stderr
    picture, clip, _ = map(json.loads, done.stdout.splitlines())
    assert picture["verdict"] == "needs_approval"
    assert clip["coverage"] == "unread"
    assert "screening[video]" in clip["reason"]


@pytest.mark.parametrize(
    "command",
    [
        ("submit", "board", "--workers", "0"),
        ("approvals", "list", "--store", "there.db"),
        ("ledger", "verify", "--store", "there.db"),
    ],
)
def test_what_needs_an_extra_names_it(screening, tmp_path, command):
    """An error, no traceback, and nothing is made; a store that is there is not passed over."""
    (tmp_path / "there.db").write_bytes(b"whatever")
    before = {*tmp_path.iterdir()}
    done = screening(*command)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "pip install 'screening[approvals]'" in done.stderr
    assert {*tmp_path.iterdir()} == before
