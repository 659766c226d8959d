"""People for tests: a portrait that an installed package brings along, and who can find faces."""

import csv
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from reference_index import IndexWriter, Kind, Record
from screening.models import ModelStore
from screening.signals import SETTINGS
from screening.signals.faces import FaceModel, choose

DLIB, RETAIL = "dlib-resnet-v1", "retail-0095"


def portrait() -> Image.Image:
    """Return the public-domain photograph of one person that ships with matplotlib."""
    if find_spec("matplotlib") is None:
        pytest.skip("the portrait is absent: matplotlib is not installed")
    import matplotlib as mpl

    file = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(file) as image:
        return image.convert("RGB")


def pair() -> Image.Image:
    """Return the portrait twice in one picture: large on the left, mirrored and small beside it."""
    image = portrait()
    small = ImageOps.mirror(image).resize((image.width // 2, image.height // 2))
    both = Image.new("RGB", (2 * image.width, image.height))
    both.paste(image, (0, 0))
    both.paste(small, (image.width, 100))
    return both


def model_in(folder: Path) -> FaceModel:
    """Return the face model that an enrollment with this folder of weights takes."""
    return choose(ModelStore(folder))


def people_index(path: Path, records: dict[str, dict], *, settings: str = "somebody's") -> Path:
    """Make an index of people by id with made-up faces of these settings; fields of each record."""
    rng = np.random.default_rng(0)
    with IndexWriter(path, settings=SETTINGS) as writer:
        for number, (name, fields) in enumerate(records.items()):
            face = rng.normal(size=(1, 8)).astype(np.float32)
            writer.put_record(Record(id=name, kind=Kind.PERSON, title=f"Title {name}", **fields))
            writer.add_image(
                name, None, sha256=f"{number:064x}", width=9, height=9, source="",
                faces=face / np.linalg.norm(face), face_settings=settings,
            )  # fmt: skip
    return path


def photographs(data: Path) -> dict[str, dict[str, list[Path]]]:
    """Return the photographs of the measuring data's people: by use (enrol, query, stranger)."""
    found: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    with (data / "faces" / "index.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            file = data / "faces" / row["file"]
            found[row["use"] or row["role"]][row["identity"]].append(file)
    return found


def outcomes(told: list) -> dict[str, int]:
    """Return how often each outcome was told; no name and no path of a person."""
    return dict(Counter(one.outcome.name for one in told))
