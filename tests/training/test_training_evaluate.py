"""Measuring an exported embedder."""

import dataclasses

import numpy as np
import pytest

from screening.evaluation.protocols import Sizes
from training import evaluate, procedural
from training.evaluate import Network, References, evaluated, load, pictures
from training.export import write_onnx
from training.network import embedder
from training.recipe import CPU

RECIPE = dataclasses.replace(CPU, widths=(8, 12), depths=(1, 1), cell_channels=4, dimensions=16)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "network.onnx"
    write_onnx(embedder(RECIPE).eval(), path, side_px=32, half=False)
    return Network(path, 32)


@pytest.fixture(scope="module")
def drawings():
    return procedural.pictures(24, side=48, seed=3)


def test_a_picture_is_closest_to_itself(network, drawings):
    """Every method scores a reference itself highest, whatever it takes for its score."""
    references = References(network, list(drawings))
    for number in (0, 7):
        scores = references.scores(drawings[number])
        assert len(scores) == 7
        for name, values in scores.items():
            assert values.shape == (24,)
            assert values[number] == values.max(), name
        assert scores["cosine"][number] == pytest.approx(1.0, abs=1e-5)
        assert scores["phash 64 dihedral"][number] == 0


def test_turned_pictures_have_the_hash_of_the_picture(network, drawings):
    """The hash is compared under all eight ways of laying a picture down."""
    references = References(network, list(drawings))
    turned = np.ascontiguousarray(np.rot90(drawings[2][:, ::-1], 3))
    assert references.scores(turned)["phash 64 dihedral"][2] == 0


def test_a_measurement_has_every_method_and_attack(network, drawings, monkeypatch):
    """The figures are of all methods, for all seeds and for each attack alone."""
    monkeypatch.setattr(evaluate, "PER_ATTACK", 1)
    by_name = {f"{number:02}": drawing for number, drawing in enumerate(drawings)}
    sizes = Sizes(references=8, positives=4, distractors=4)
    figures = evaluated(network, sorted(by_name), by_name.__getitem__, (0, 1), sizes=sizes)
    assert set(figures["seeds"]) == {"0", "1"}
    assert {"mirror", "collage", "stylize"} <= set(figures["attacks"])
    for name, one in figures["mean"].items():
        assert set(figures["seeds"]["0"]) >= {name}
        assert 0.0 <= one["micro_ap"] <= 1.0


def test_pictures_are_found_and_read(tmp_path, drawings):
    """The pictures of both packs are listed in order, others left out, and read as RGB."""
    from PIL import Image

    for name in ("photos/a/x.png", "art/y.png", "faces/z.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        Image.fromarray(drawings[0]).save(path)
    assert pictures(tmp_path) == ["art/y.png", "photos/a/x.png"]
    assert np.array_equal(load(tmp_path / "art/y.png"), drawings[0])
