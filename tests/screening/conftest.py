import os
import sys
from pathlib import Path

import pytest

from screening.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the command line and gives exit code, output and talk."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["screening", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        said = capsys.readouterr()
        return int(ending.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def measuring_data():
    """Return the folder of the measuring data; a test without it is skipped."""
    checkout = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("SCREENING_SHARED") or checkout.parent / "shared") / "data"
    if not data.is_dir():
        pytest.skip("the measuring data is absent: no ../shared/data, SCREENING_SHARED not set")
    return data
