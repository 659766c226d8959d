from collections import Counter

import numpy as np
import pytest

from screening.evaluation.attacks import ATTACKS, Family, Strength, compose

NAMED = {attack.name: attack for attack in ATTACKS}
every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def picture(seed, height=96, width=128):
    """Colored shapes on a gradient: structure at every scale."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((height, width))
    image = np.stack([rows * 255 / height, columns * 255 / width, rows * 0 + 90.0], axis=-1)
    for _ in range(25):
        y, x, radius = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(4, height / 4)
        image[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = rng.uniform(0, 255, 3)
    return image.astype(np.uint8)


OTHERS = [picture(seed) for seed in (101, 102, 103)]


def apply(attack, image, seed=0):
    return attack.apply(image, np.random.default_rng(seed), OTHERS)


def test_there_are_attacks_of_every_family():
    """At least two dozen attacks, of distinct names, at least three a family."""
    assert len(NAMED) == len(ATTACKS) >= 24
    counts = Counter(attack.family for attack in ATTACKS)
    assert all(counts[family] >= 3 for family in Family)


@every_attack
@pytest.mark.parametrize("shape", [(96, 128), (128, 70), (33, 40)])
def test_an_attack_changes_the_picture_and_keeps_it_valid(attack, shape):
    """The result is another uint8 RGB picture of at least 32 pixels a side; the given one stays."""
    image = picture(1, *shape)
    before = image.copy()
    image.flags.writeable = False
    altered = apply(attack, image)
    assert altered.dtype == np.uint8
    assert altered.ndim == 3
    assert altered.shape[2] == 3
    assert min(altered.shape[:2]) >= 32
    assert altered.flags.c_contiguous
    assert altered.flags.writeable
    assert not np.array_equal(before, altered)
    assert np.array_equal(before, image)


@every_attack
def test_an_attack_repeats_with_its_seed(attack):
    """The same chance gives the same pixels."""
    image = picture(2)
    assert np.array_equal(apply(attack, image, 7), apply(attack, image, 7))


@every_attack
def test_an_attack_with_strengths_varies(attack):
    """Other chance gives other pixels where the attack has a range to draw from."""
    image = picture(2)
    results = {apply(attack, image, seed).tobytes() for seed in range(12)}
    assert len(results) > 1 if attack.strengths else len(results) == 1


@every_attack
def test_an_attack_takes_the_smallest_picture(attack):
    """A picture of one pixel is no reason to fail."""
    assert min(apply(attack, np.full((1, 1, 3), 7, np.uint8)).shape[:2]) >= 32


@every_attack
def test_an_attack_says_how_many_others_it_needs(attack):
    """With exactly as many others it works, with one fewer it says what is missing."""
    image, rng = picture(3), np.random.default_rng(0)
    attack.apply(image, rng, OTHERS[: attack.others])
    if attack.others:
        with pytest.raises(ValueError, match="other images, expected at least"):
            attack.apply(image, rng, OTHERS[: attack.others - 1])


def test_mirror_flip_and_invert_undo_themselves():
    """Done twice they give the picture back."""
    image = picture(4)
    for name in ("mirror", "flip", "invert"):
        twice = compose(NAMED[name], NAMED[name])
        assert np.array_equal(image, apply(twice, image))


def test_crop_keeps_the_share_it_claims():
    """The kept area lies within the written range, but for rounding to whole pixels."""
    image = picture(5, 300, 400)
    (area,) = NAMED["crop"].strengths
    for seed in range(20):
        kept = apply(NAMED["crop"], image, seed)
        share = kept.shape[0] * kept.shape[1] / (300 * 400)
        assert area.low - 0.01 <= share <= area.high + 0.01


@pytest.mark.parametrize("name", ["paste", "screenshot"])
def test_framing_covers_the_share_it_claims(name):
    """The untouched picture takes the written share of the whole."""
    image = picture(6, 150, 200)
    (area,) = NAMED[name].strengths
    for seed in range(10):
        whole = apply(NAMED[name], image, seed)
        share = 150 * 200 / (whole.shape[0] * whole.shape[1])
        assert area.low - 0.01 <= share <= area.high + 0.01


def test_collage_holds_the_picture_untouched():
    """One of the four tiles is the picture, pixel for pixel."""
    image = picture(7)
    whole = apply(NAMED["collage"], image)
    height, width = image.shape[:2]
    tiles = [
        whole[top:, left:][:height, :width]
        for top in (0, whole.shape[0] - height)
        for left in (0, whole.shape[1] - width)
    ]
    assert sum(np.array_equal(image, tile) for tile in tiles) == 1


def test_a_composition_is_its_parts_in_order():
    """Composing equals applying one after the other with the same chance."""
    image = picture(8)
    parts = (NAMED["crop"], NAMED["paste"], NAMED["gamma"])
    rng = np.random.default_rng(5)
    expected = image
    for part in parts:
        expected = part.apply(expected, rng, OTHERS)
    composed = compose(*parts)
    assert np.array_equal(expected, apply(composed, image, 5))
    assert composed.name == "crop + paste + gamma"
    assert composed.others == 1


def test_composing_nothing_leaves_the_picture():
    """The empty composition is the picture itself."""
    image = picture(9)
    assert np.array_equal(image, apply(compose(), image))
    assert compose().name == "none"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((0, 40, 3), np.uint8),
    ],
)
def test_another_kind_of_array_is_refused(image):
    """Only uint8 RGB with pixels in it is a picture."""
    with pytest.raises(ValueError, match=r"expected uint8 \(h, w, 3\)"):
        apply(NAMED["mirror"], image)


def test_a_strength_keeps_to_its_range():
    """Whole bounds draw whole numbers, both ends reached; a range upside down is refused."""
    rng = np.random.default_rng(0)
    whole = Strength(name="turns", low=1, high=3, unit="turns")
    assert {1, 2, 3} == {whole.draw(rng) for _ in range(60)}
    share = Strength(name="area", low=0.5, high=0.6, unit="share")
    assert all(0.5 <= share.draw(rng) <= 0.6 for _ in range(60))
    with pytest.raises(ValueError, match="expected a range"):
        Strength(name="area", low=2, high=1, unit="share")
