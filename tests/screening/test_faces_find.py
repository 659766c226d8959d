"""Faces found and embedded by real weights, on photographs of the measuring data."""

import csv
import pickle
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest
from onnx_files import averaging

from screening.errors import ModelBrokenError, ModelMissingError
from screening.models import ModelStore, Network, card_like, shipped_cards
from screening.signals.faces import MIN_SHARPNESS, MIN_WIDTH, choose, find_faces, with_settings
from screening.signals.faces.align import aligned
from screening.signals.faces.detect import YuNet
from screening.signals.faces.embed import OnnxEmbedder, unit

CARDS = {card.id: card for card in shipped_cards()}


@pytest.fixture
def store(measuring_data):
    folder = measuring_data.parent / "models"
    if not folder.is_dir():
        pytest.skip("the measuring weights are absent: no models beside the measuring data")
    return ModelStore(folder)


@pytest.fixture
def model(store):
    return choose(store)


@pytest.fixture
def portraits(measuring_data):
    """Photographs of 20 people, two of each: uint8 (20, 2, 250, 250, 3), RGB."""
    folder = measuring_data / "faces"
    with (folder / "index.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["use"] == "enrol"]
    people = sorted({row["identity"] for row in rows})[:20]
    files = [[r["file"] for r in rows if r["identity"] == person][:2] for person in people]
    return np.array([[cv2.imread(str(folder / name))[..., ::-1] for name in two] for two in files])


def found(rgb, model, **changes):
    height, width = rgb.shape[:2]
    return find_faces(rgb, model=model, **({"width": width, "height": height} | changes))


@pytest.mark.shared
def test_a_person_resembles_himself_and_nobody_else(portraits, model):
    """Of 20 people each one's second photograph is nearest to the first, by a wide margin."""
    first, second = (np.array([found(p[i], model).vectors[0] for p in portraits]) for i in (0, 1))
    cosines = first @ second.T
    np.testing.assert_array_equal(cosines.argmax(axis=1), np.arange(20))
    assert np.diag(cosines).mean() > 0.5
    assert abs(cosines[~np.eye(20, dtype=bool)].mean()) < 0.05


@pytest.mark.shared
def test_vectors_are_those_of_the_network_in_its_own_order_of_channels(portraits, model):
    """Straight through the network in BGR gives the product's vectors; in RGB it gives others."""
    card, network = model.embedder, Network(model.embedder_path)
    template, cosines = np.float32(card.template), []
    detector = YuNet(model.detector_path)
    for picture in portraits[:, 0]:
        detections = detector.detect(picture)
        largest = np.prod(detections.boxes[:, 2:] - detections.boxes[:, :2], axis=1).argmax()
        crop = aligned(picture, detections.landmarks[largest], template, card.input_size)
        orders = np.stack([crop[..., ::-1], crop]).transpose(0, 3, 1, 2).astype(np.float32)
        cosines.append(unit(network.run(orders)) @ found(picture, model).vectors[0])
    bgr, rgb = np.array(cosines).T
    np.testing.assert_allclose(bgr, 1.0, atol=1e-4)
    assert np.median(rgb) < 0.97  # but for one photograph, which is gray


@pytest.mark.shared
def test_with_flip_a_face_and_its_mirror_image_have_one_vector(portraits, model):
    """The mean of both does not know which was which."""
    embedder = OnnxEmbedder(model.embedder_path, model.embedder, flip=True)
    plain = OnnxEmbedder(model.embedder_path, model.embedder, flip=False)
    picture = portraits[0, 0]
    points = YuNet(model.detector_path).detect(picture).landmarks[:1]
    back = points[:, [1, 0, 2, 4, 3]] * (-1, 1) + (picture.shape[1] - 1, 0)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    cosines = [
        float((e.embed(picture, points) @ e.embed(mirrored, back.astype(np.float32)).T).item())
        for e in (embedder, plain)
    ]
    assert cosines[0] > 0.98 > cosines[1]


@pytest.mark.shared
def test_faces_large_and_small_are_found_in_one_large_picture(portraits, model):
    """Widths from 32 to 500 px in 2048 x 1536: each is found, where it is, the largest first."""
    canvas = np.full((1536, 2048, 3), 128, np.uint8)
    sizes, places = (1340, 260, 160, 110, 86), ((40, 90), (1450, 60), (1750, 900), (1500, 700),
                                               (1600, 1300))  # fmt: skip
    for size, (left, top), portrait in zip(sizes, places, portraits[:, 0], strict=False):
        small = cv2.resize(portrait, (size, size), interpolation=cv2.INTER_AREA)
        canvas[top : top + size, left : left + size] = small
    faces = found(canvas, model, width=4096, height=3072)
    assert len(faces) >= 5
    areas = np.prod(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1)
    assert (np.diff(areas) <= 0).all()
    middles = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2 * (2048, 1536)
    for size, (left, top) in zip(sizes, places, strict=True):
        off = np.abs(middles - (left + size / 2, top + size / 2)).max(axis=1)
        nearest = off.argmin()
        assert off[nearest] < 0.15 * size
        assert faces.quality[nearest, 1] == pytest.approx(2 * 0.37 * size, rel=0.25)


@pytest.mark.shared
@pytest.mark.parametrize(("size", "blur"), [(40, 0), (250, 10)])
def test_faces_too_poor_to_compare_are_kept_without_a_vector(portraits, model, size, blur):
    """Faces of 15 px and faces beyond recognition are counted, not compared."""
    usable = []
    for portrait in portraits[:, 0]:
        poor = cv2.resize(portrait, (size, size), interpolation=cv2.INTER_AREA)
        faces = found(cv2.GaussianBlur(poor, (0, 0), blur) if blur else poor, model)
        enough = (faces.quality[:, 1] >= MIN_WIDTH) & (faces.quality[:, 3] >= MIN_SHARPNESS)
        np.testing.assert_array_equal(faces.usable, enough)
        usable += enough.tolist()
    assert len(usable) >= 12
    assert sum(usable) <= len(usable) / 4


@pytest.mark.shared
@pytest.mark.parametrize("size", [(1, 1), (2, 1500), (1500, 2), (300, 300)])
def test_pictures_without_faces_have_none(size, model):
    """Whatever the size, a blank picture gives no face and vectors of the right length."""
    faces = found(np.full((*size, 3), 127, np.uint8), model)
    assert (len(faces), faces.vectors.shape, faces.boxes.shape) == (0, (0, 256), (0, 4))
    assert faces.settings == model.settings


@pytest.mark.shared
def test_threads_get_the_vectors_that_one_alone_gets(portraits, model):
    """One set of networks serves several threads at once."""
    alone = [found(picture, model).vectors for picture in portraits[:6, 0]]
    together = {}

    def work(number):
        together[number] = found(portraits[number, 0], model).vectors

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, vectors in enumerate(alone):
        np.testing.assert_allclose(together[number], vectors, atol=1e-5)


@pytest.mark.shared
def test_the_settings_name_all_that_vectors_depend_on(store, model):
    """Weights by id and digest, flip and constants; by them the model is found again."""
    assert model.settings.startswith("yunet-2023mar 8f2383e4, retail-0095 114ffb0f, no flip, ")
    flipped = replace(model, flip=True)
    assert flipped.settings != model.settings
    assert [with_settings(store, m.settings) for m in (model, flipped)] == [model, flipped]
    other = replace(model, embedder=replace(model.embedder, mean=1.0))
    assert other.settings != model.settings
    assert pickle.loads(pickle.dumps(model)) == model
    assert (model.id, model.weak, model.warnings) == ("retail-0095", False, ())


@pytest.mark.shared
def test_what_is_missing_is_told_with_the_way_to_mend_it(store, model, tmp_path):
    """Unknown, absent and outdated settings are three different things."""
    empty = ModelStore(tmp_path)
    with pytest.raises(ModelMissingError, match=r"get face_reidentification_retail_0095\.onnx and"):
        with_settings(empty, model.settings)
    with pytest.raises(ModelMissingError, match="enroll them again"):
        with_settings(store, model.settings[:-8] + "00000000")
    with pytest.raises(ModelMissingError, match="no card is called 'another'"):
        with_settings(store, "yunet-2023mar 8f2383e4, another 01234567, flip, 01234567")
    with pytest.raises(ModelMissingError, match="screening models pull sface-2021dec"):
        choose(store, "sface-2021dec")
    with pytest.raises(ModelMissingError, match="it has no weights of its own"):
        choose(store, "arcface")


@pytest.mark.shared
def test_imported_weights_are_used_when_wanted(store, tmp_path, portraits):
    """A network of one's own, by the same way, stands behind those with measured figures."""
    file = tmp_path / "own.onnx"
    file.write_bytes(averaging(112))
    card = card_like(CARDS["arcface"], file, card_id="own", licence="MIT", commercial_use=False)
    own = ModelStore(tmp_path / "store")
    for shipped in ("yunet-2023mar", "retail-0095"):
        own.add(store.find(CARDS[shipped]), CARDS[shipped])
    own.add(file, card)
    assert choose(own).id == "retail-0095"
    model = choose(own, "own")
    assert "forbids commercial use" in model.warnings[0]
    faces = found(portraits[0, 0], model)
    red, green, blue = faces.vectors[0]
    assert np.hypot(np.hypot(red, green), blue) == pytest.approx(1.0, rel=1e-5)
    assert red > blue  # skin


def test_damaged_weights_are_named(tmp_path):
    """Neither a detector nor an embedder is made of a file that is none."""
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"broken")
    with pytest.raises(ModelBrokenError, match=r"broken\.onnx: is not a face detector"):
        YuNet(file)
    with pytest.raises(ModelBrokenError, match=r"broken\.onnx: is not a network"):
        OnnxEmbedder(file, CARDS["retail-0095"], flip=False)
    file.write_bytes(averaging(128))
    embedder = OnnxEmbedder(file, CARDS["retail-0095"], flip=False)
    with pytest.raises(ModelBrokenError, match="gives 3 numbers, its card says 256"):
        embedder.embed(np.zeros((9, 9, 3), np.uint8), np.zeros((1, 5, 2), np.float32))


def test_numbers_that_are_not_finite_are_named(tmp_path):
    """A network that overflows on a face breaks the search for faces, and is not compared by."""
    file = tmp_path / "overflows.onnx"
    file.write_bytes(averaging(112))
    card = replace(CARDS["arcface"], output_size=3, scale=float("inf"))
    embedder = OnnxEmbedder(file, card, flip=False)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(
            ModelBrokenError, match=r"overflows\.onnx: gives numbers that are not finite"
        ),
    ):
        embedder.embed(np.zeros((9, 9, 3), np.uint8), np.zeros((1, 5, 2), np.float32))
