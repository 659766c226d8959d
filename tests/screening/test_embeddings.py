"""Embeddings: the same vectors by every runtime, alone and in company, or a word on why not."""

from dataclasses import replace

import numpy as np
import pytest
from clip_models import pictures
from onnx_files import averaging
from tiny_store import tiny_store

from screening.errors import ModelBrokenError
from screening.models.preparation import prepared
from screening.signals.embeddings import choose, embed, embeddings, finish, prepare
from screening.signals.embeddings.model import NEUTRAL_NEAREST
from screening.signals.embeddings.windows import squares

WAYS = [("fp32", "onnx"), ("int8", "onnx"), ("fp32", "torch")]
SIZES = [(64, 64), (300, 200), (97, 411), (70, 64), (40, 30), (640, 64), (3, 2), (1, 1), (900, 9)]


def picture(width: int, height: int) -> np.ndarray:
    """Return random pixels."""
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("resize", ["shortest", "squash"])
@pytest.mark.parametrize("tiles", [0, 1, 2])
@pytest.mark.parametrize("size", SIZES)
def test_the_first_window_is_open_clips_own(size, tiles, resize):
    """To the last bit it is what the preparation gives of the whole picture."""
    model, rgb = choose(tiny_store(), tiles=tiles), picture(*size)
    how = replace(model.conversion.preparation, resize=resize)
    shown = prepare(rgb, replace(model, conversion=replace(model.conversion, preparation=how)))
    assert np.array_equal(shown.windows[0], prepared(rgb, how))
    assert shown.windows.shape == (len(shown.boxes), 64, 64, 3)
    assert len(shown.boxes) == 1 + len(squares(*size, tiles, resize=resize))


@pytest.mark.parametrize("size", [(300, 200), (97, 411), (640, 64), (200, 200)])
def test_windows_show_what_their_boxes_say(size):
    """Each is what its square alone would give, to a pixel's rounding and its edges."""
    model = choose(tiny_store(), tiles=2)
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    rgb = np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8)
    shown = prepare(rgb, model)
    for window, (left, top, right, bottom) in zip(
        shown.windows[1:], squares(*size, 2), strict=True
    ):
        alone = prepared(rgb[top:bottom, left:right], model.conversion.preparation)
        slope = 255 * 1.5 / min(size) + 2
        assert np.abs(window.astype(int) - alone).max() <= slope


@pytest.mark.smoke
@pytest.mark.parametrize(("precision", "runtime"), WAYS)
def test_vectors_are_of_unit_length_and_say_where_they_are_from(precision, runtime):
    """Each picture has one vector and one neutral cosine a window."""
    model = choose(tiny_store(), precision=precision, runtime=runtime)
    given = embeddings(picture(300, 200), model)
    assert (given.model, given.settings, given.strangers) == (
        "tiny-clip",
        model.settings,
        model.strangers,
    )
    assert given.vectors.shape == (3, 64)
    assert given.neutral.shape == (3,)
    assert np.allclose(np.linalg.norm(given.vectors, axis=1), 1, atol=1e-6)


def test_torch_and_onnx_give_the_same_vectors():
    """In fp32 cosines are 0.9999 at least; and the whole picture's is open_clip's own."""
    import torch
    from PIL import Image

    from screening.models.torch_models import open_clip_model

    store = tiny_store()
    by_onnx = choose(store, precision="fp32", tiles=2)
    by_torch = choose(store, runtime="torch", tiles=2)
    one = by_torch.conversion
    opened = open_clip_model(
        by_torch.network, architecture=one.architecture, config=one.config
    ).module
    import open_clip

    transform = open_clip.image_transform(
        64, is_train=False, mean=one.preparation.mean, std=one.preparation.std
    )
    for rgb in pictures(6, seed=3):
        ours, theirs = embeddings(rgb, by_onnx), embeddings(rgb, by_torch)
        assert (ours.vectors * theirs.vectors).sum(axis=1).min() >= 0.9999
        assert np.allclose(ours.neutral, theirs.neutral, atol=1e-4)
        with torch.inference_mode():
            whole = opened.encode_image(transform(Image.fromarray(rgb))[None], normalize=True)
        assert float(ours.vectors[0] @ whole[0].numpy()) >= 0.9999


@pytest.mark.parametrize(("precision", "runtime"), WAYS)
def test_vectors_do_not_depend_on_their_company(precision, runtime):
    """Of one picture they are the same alone and among many: int8 to the last bit."""
    model = choose(tiny_store(), precision=precision, runtime=runtime, tiles=1)
    many = [*pictures(7, seed=8), picture(640, 64)]
    together = finish([prepare(rgb, model) for rgb in many], model)
    assert len(together) == len(many)
    for rgb, among in zip(many, together, strict=True):
        alone = embeddings(rgb, model)
        assert np.array_equal(alone.boxes, among.boxes)
        if precision == "int8":
            assert np.array_equal(alone.vectors, among.vectors)
            assert np.array_equal(alone.neutral, among.neutral)
        assert np.abs(alone.vectors - among.vectors).max() <= 1e-6
        assert np.abs(alone.neutral - among.neutral).max() <= 1e-6


def test_no_pictures_have_no_vectors():
    """Nothing is loaded for them."""
    assert finish([], choose(tiny_store())) == []


def test_neutral_is_the_mean_of_the_nearest_tenth():
    """Of all cosines with the neutral concepts, as a slow computation has it."""
    model = choose(tiny_store(), precision="fp32")
    given, words = embeddings(picture(300, 200), model), np.load(model.neutral)
    for vector, neutral in zip(given.vectors, given.neutral, strict=True):
        nearest = sorted((float(word @ vector) for word in words), reverse=True)
        assert neutral == pytest.approx(np.mean(nearest[: len(words) // NEUTRAL_NEAREST]), abs=1e-6)


def test_a_model_without_words_has_zeros():
    """Then scores of concepts, of which there are none, would take nothing off."""
    model = replace(choose(tiny_store()), neutral=None, text=None, tokenizer=None)
    assert embeddings(picture(64, 64), model).neutral.tolist() == [0.0]


def test_a_damaged_network_is_named(tmp_path):
    """What is no network, and what is another than was meant, ends in a ModelBrokenError."""
    model = choose(tiny_store(), precision="fp32")
    broken, other = tmp_path / "broken.onnx", tmp_path / "other.onnx"
    broken.write_bytes(b"nothing")
    other.write_bytes(averaging(0))
    with pytest.raises(ModelBrokenError, match=r"broken.onnx: is not a network"):
        embeddings(picture(64, 64), replace(model, network=broken))
    with pytest.raises(ModelBrokenError, match=r"other.onnx: gives \(3,\) numbers.*has 64"):
        embeddings(picture(64, 64), replace(model, network=other))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_numbers_that_say_nothing_are_refused(tmp_path, value):
    """Not finite, or all zero: no vector is made of them."""
    model = choose(tiny_store(), precision="fp32")
    other = tmp_path / "other.onnx"
    other.write_bytes(averaging(0))
    how = replace(model.conversion.preparation, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    model = replace(
        model,
        network=other,
        neutral=None,
        conversion=replace(model.conversion, output_size=3, preparation=how),
    )
    embeddings(picture(64, 64), model)
    shown = prepare(picture(64, 64), model)
    given = embed._network(model).run(shown.windows)
    with pytest.raises(ModelBrokenError, match="not finite, or all 0"):
        embed._unit(np.full_like(given, value), model)


@pytest.mark.parametrize("content", [b"nothing", b"", b"PK\x05\x06" + bytes(18)])
def test_damaged_neutral_words_are_named(tmp_path, content):
    """A file that cannot be read is told by its path."""
    neutral = tmp_path / "neutral.npy"
    neutral.write_bytes(content)
    model = replace(choose(tiny_store()), neutral=neutral)
    with pytest.raises(ModelBrokenError, match=r"neutral.npy: cannot be read"):
        embeddings(picture(64, 64), model)


@pytest.mark.parametrize(
    "words", [np.zeros((5, 63), np.float32), np.zeros((5, 64)), np.zeros(64, np.float32)]
)
def test_neutral_words_of_another_model_are_named(tmp_path, words):
    """Their size and type must be those of the vectors."""
    neutral = tmp_path / "neutral.npy"
    np.save(neutral, words)
    model = replace(choose(tiny_store()), neutral=neutral)
    with pytest.raises(ModelBrokenError, match=r"neutral.npy: holds .*expected float32 \(m, 64\)"):
        embeddings(picture(64, 64), model)


def test_a_damaged_checkpoint_is_named(tmp_path):
    """By torch as by ONNX."""
    model = choose(tiny_store(), runtime="torch")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(model.network.read_bytes()[:1000])
    with pytest.raises(ModelBrokenError, match=r"broken.safetensors"):
        embeddings(picture(64, 64), replace(model, network=broken))
