"""Cards: what ships, what is refused, and that nothing is lost on the way to a file."""

from dataclasses import replace

import numpy as np
import pytest

from screening.errors import ModelCardError
from screening.models import read_card, shipped_cards
from screening.models.cards import card_text

CARDS = {card.id: card for card in shipped_cards()}
MINIMAL = """
title = "A network"
task = "face-embedding"
runtime = "onnx"
licence = "MIT"
commercial_use = true
source = "somewhere"
landmarks = "eyes-nose-mouth"
input_size = 112
channels = "RGB"
template = [[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.4, 0.8], [0.6, 0.8]]
"""


@pytest.mark.smoke
def test_every_card_says_on_what_terms():
    """Of all weights the licence is told, and whether it allows commercial use."""
    told = {card.id: (card.licence, card.commercial_use) for card in shipped_cards()}
    assert told == {
        "yunet-2023mar": ("MIT", True),
        "retail-0095": ("Apache-2.0", True),
        "sface-2021dec": ("Apache-2.0", True),
        "arcface": ("that of the imported file", False),
        "dlib-landmarks-5": ("CC0-1.0", True),
        "dlib-resnet-v1": ("CC0-1.0", True),
        "clip-vit-b-32": ("MIT", True),
        "clip-vit-b-32-datacomp": ("MIT", True),
        "clip-vit-l-14": ("MIT", True),
        "clip-vit-l-14-datacomp": ("MIT", True),
        "pe-core-t-16": ("Apache-2.0", True),
        "pe-core-l-14": ("Apache-2.0", True),
        "clip-vit-b-32-metaclip": ("CC-BY-NC-4.0", False),
        "sscd": ("MIT", True),
    }


def test_a_licence_that_forbids_commercial_use_warns():
    """The warning names the weights and the licence; a family without weights has none."""
    free, family = CARDS["retail-0095"], CARDS["arcface"]
    forbidden = replace(free, licence="CC BY-NC 4.0", commercial_use=False)
    assert (free.warning, family.warning) == ("", "")
    assert forbidden.warning == (
        "retail-0095: the licence of the weights (CC BY-NC 4.0) forbids commercial use"
    )


def test_what_is_recommended_is_free_for_commerce_and_on_the_hub():
    """It is enough for pictures, words and faces, and each can be pulled and verified."""
    cards = [card for card in CARDS.values() if card.recommended]
    assert {card.task for card in cards} == {
        "face-detection",
        "face-embedding",
        "image-text-embedding",
    }
    assert all(card.commercial_use and card.repository for card in cards)
    assert all(card.sha256 or card.digest for card in cards)


def test_a_card_for_whole_pictures_whose_licence_forbids_commerce_warns():
    """Before any of its bytes is here."""
    assert CARDS["clip-vit-b-32-metaclip"].warning == (
        "clip-vit-b-32-metaclip: the licence of the weights (CC-BY-NC-4.0) forbids commercial use"
    )


@pytest.mark.parametrize("card_id", [c for c in CARDS if CARDS[c].runtime == "open_clip"])
def test_cards_of_open_clip_say_what_its_registry_says(card_id):
    """Repository, size, numbers of a vector, and how pixels are prepared."""
    open_clip = pytest.importorskip("open_clip", reason="the extra [clip] is not installed")
    card = CARDS[card_id]
    known = open_clip.get_pretrained_cfg(card.architecture, card.pretrained)
    network = open_clip.get_model_config(card.architecture)
    assert card.repository == known["hf_hub"].rstrip("/")
    assert card.input_size == network["vision_cfg"]["image_size"]
    assert card.output_size == network["embed_dim"]
    told = (card.pixel_mean, card.pixel_std, card.resize, card.interpolation)
    assert told == tuple(known[key] for key in ("mean", "std", "resize_mode", "interpolation"))
    assert known.get("quick_gelu", False) == network.get("quick_gelu", False)


def test_embedders_say_how_pixels_are_prepared():
    """ONNX embedders have a size, an order of channels and a template of an upright face."""
    for card in shipped_cards():
        if card.runtime != "onnx":
            continue
        left, right, nose, mouth_left, mouth_right = np.array(card.template)
        assert card.input_size in {112, 128}
        assert card.channels in {"BGR", "RGB"}
        assert left[0] < nose[0] < right[0]
        assert mouth_left[0] < nose[0] < mouth_right[0]
        assert max(left[1], right[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


@pytest.mark.parametrize("card_id", CARDS)
def test_cards_come_back_from_their_text(card_id, tmp_path):
    """A card that is written and read is the same card."""
    file = tmp_path / f"{card_id}.toml"
    file.write_text(card_text(CARDS[card_id]))
    assert read_card(file) == CARDS[card_id]


def test_a_minimal_card_is_read(tmp_path):
    """What may be left out has a default."""
    file = tmp_path / "mine.toml"
    file.write_text(MINIMAL)
    card = read_card(file)
    assert (card.id, card.sha256, card.mean, card.scale, card.weak) == ("mine", "", 0.0, 1.0, False)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('licence = "MIT"', "", "licence is missing; every card says it"),
        ('licence = "MIT"', 'licence = " "', "licence is empty"),
        ("commercial_use = true", 'commercial_use = "yes"', "expected true or false"),
        ("commercial_use = true", "", "commercial_use is missing"),
        ('runtime = "onnx"', 'runtime = "torch"', "expected one of 'opencv', 'onnx', 'dlib'"),
        ('channels = "RGB"', 'channels = "GBR"', "expected one of 'BGR', 'RGB'"),
        ("input_size = 112", "input_size = 1.5", "expected a whole number"),
        ("input_size = 112", "input_size = 0", "expected at least 1 px"),
        ("input_size = 112", "input_sized = 112", "unknown key 'input_sized'"),
        ("[0.3, 0.4], ", "", "expected five points"),
        ("[0.3, 0.4]", "[33.6, 44.8]", "expected five points [x, y] in fractions"),
        ('title = "A network"', 'sha256 = "abc"\ntitle = "t"', "expected 64 hex digits"),
        ('title = "A network"', "title =", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_card_is_told(old, new, expected, tmp_path):
    """The error names the file, what stands there and what should."""
    file = tmp_path / "mine.toml"
    file.write_text(MINIMAL.replace(old, new, 1))
    with pytest.raises(ModelCardError) as error:
        read_card(file)
    assert str(error.value).startswith(f"{file}: ")
    assert expected in str(error.value)


PICTURES = """
title = "A network"
task = "image-embedding"
runtime = "torchscript"
licence = "MIT"
commercial_use = true
source = "somewhere"
input_size = 224
output_size = 512
pixel_mean = [0, 0.5, 0.5]
pixel_std = [0.5, 0.5, 0.5]
resize = "squash"
interpolation = "bilinear"
"""


def test_a_card_for_whole_pictures_says_how_they_are_prepared(tmp_path):
    """Whole numbers are taken for a mean, too."""
    file = tmp_path / "mine.toml"
    file.write_text(PICTURES)
    preparation = read_card(file).preparation
    assert (preparation.input_size, preparation.mean) == (224, (0.0, 0.5, 0.5))
    assert (preparation.resize, preparation.interpolation) == ("squash", "bilinear")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("pixel_mean = [0, 0.5, 0.5]", "", "pixel_mean is missing"),
        ("[0, 0.5, 0.5]", "[0, 0.5]", "pixel_mean is [0, 0.5], expected three numbers"),
        ("pixel_std = [0.5, 0.5, 0.5]", "pixel_std = [0.5, 0, 0.5]", "std is"),
        ('"squash"', '"longest"', "resize is 'longest'"),
        ('"bilinear"', '"nearest"', "interpolation is 'nearest'"),
        ("output_size = 512", "", "output_size is missing"),
        ("input_size = 224", "input_size = 0", "expected at least 1 px"),
        ('"torchscript"', '"onnx"', "runtime is 'onnx', expected one of 'torchscript'"),
        ('"image-embedding"', '"image-text-embedding"', "expected one of 'open_clip'"),
        ('title = "A network"', 'title = "t"\nlandmarks = "dlib-5"', "landmarks is 'dlib-5'"),
        ('title = "A network"', 'title = "t"\nrepository = "a/b/c"', "expected OWNER/NAME"),
    ],
)
def test_what_is_wrong_with_a_card_for_whole_pictures_is_told(old, new, expected, tmp_path):
    """The error names the file and what stands there."""
    file = tmp_path / "mine.toml"
    file.write_text(PICTURES.replace(old, new, 1))
    with pytest.raises(ModelCardError) as error:
        read_card(file)
    assert str(error.value).startswith(f"{file}: ")
    assert expected in str(error.value)
