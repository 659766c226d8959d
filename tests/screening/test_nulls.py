import pytest

from screening.matching import default_null
from screening.signals import SETTINGS


@pytest.mark.smoke
@pytest.mark.parametrize("channel", SETTINGS)
def test_the_figures_that_ship_belong_to_the_fingerprints_that_are_made(channel):
    """A change of settings needs new figures: benchmarks/hash_null.py or local_null.py --ship."""
    null = default_null(channel)
    assert (null.channel, null.settings) == (channel, SETTINGS[channel])


def test_every_pair_of_photographs_was_measured():
    """The null of the hash is of all ordered pairs, none left out."""
    null = default_null("hash")
    assert null.images * (null.images - 1) == null.pairs


@pytest.mark.parametrize(("bits_alike", "least", "most"), [(140, 0.4, 0.7), (160, 0.001, 0.003)])
def test_unrelated_pictures_score_as_was_measured(bits_alike, least, most):
    """Of 256 bits 140 agree by chance for every other pair, 160 for one in five hundred."""
    assert least <= default_null("hash").false_alarms(bits_alike, references=1) <= most


def test_the_same_distance_means_less_in_a_larger_index():
    """What flags among a hundred references is no flag among a hundred million."""
    null = default_null("hash")
    few, many = (null.score_at(1e-3, references=n) for n in (100, 100_000_000))
    assert few < many < 256
