import os
import sys
from importlib.util import find_spec
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


@pytest.fixture(params=["dlib-resnet-v1", "retail-0095"])
def weights(request, tmp_path, monkeypatch):
    """Return a folder in which these weights for faces are the best; it is the user's own too."""
    folder = tmp_path / "weights"
    if request.param == "retail-0095":
        folder = request.getfixturevalue("measuring_data").parent / "models"
    elif not (find_spec("dlib") and find_spec("face_recognition_models")):
        pytest.skip("dlib is not installed: pip install 'screening[faces]'")
    monkeypatch.setenv("SCREENING_MODELS", str(folder))
    return folder
