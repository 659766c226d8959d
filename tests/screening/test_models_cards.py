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
    }


def test_a_licence_that_forbids_commercial_use_warns():
    """The warning names the weights and the licence; a family without weights has none."""
    free, family = CARDS["retail-0095"], CARDS["arcface"]
    forbidden = replace(free, licence="CC BY-NC 4.0", commercial_use=False)
    assert (free.warning, family.warning) == ("", "")
    assert forbidden.warning == (
        "retail-0095: the licence of the weights (CC BY-NC 4.0) forbids commercial use"
    )


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
