from pathlib import Path

import pytest

from screening import signals
from screening.matching import SETTINGS, default_null, settings
from screening.models import shipped_cards
from screening.signals.faces import FaceModel

CARDS = {card.id: card for card in shipped_cards()}
FACE_MODELS = [
    pytest.param("yunet-2023mar", "retail-0095", False, id="retail-0095"),
    pytest.param("dlib-landmarks-5", "dlib-resnet-v1", True, id="dlib-resnet-v1"),
]


@pytest.mark.smoke
@pytest.mark.parametrize("channel", SETTINGS)
def test_the_figures_that_ship_belong_to_the_scores_that_are_made(channel):
    """A change of what scores depend on needs new figures: scripts/ship_nulls."""
    null = default_null(channel)
    assert (null.channel, null.settings) == (channel, SETTINGS[channel])


@pytest.mark.parametrize("channel", ["face", "face-drawn"])
@pytest.mark.parametrize(("detector", "embedder", "flip"), FACE_MODELS)
def test_figures_ship_for_the_face_models_that_were_measured(detector, embedder, flip, channel):
    """A change of how faces are found, embedded or compared needs new ones."""
    model = FaceModel(
        detector=CARDS[detector],
        detector_path=Path(),
        embedder=CARDS[embedder],
        embedder_path=Path(),
        flip=flip,
    )
    null = default_null(channel, f"{model.settings}, matching {settings._digest(channel)}")
    assert null is not None, "run scripts/ship_nulls"
    assert null.tail_scale is not None
    assert null.images >= 60


@pytest.mark.smoke
def test_the_figures_of_names_belong_to_the_scores_that_are_made():
    """A change of what their scores depend on needs new ones: scripts/ship_nulls --only name."""
    null = default_null(settings.NAME_CHANNEL, settings.NAME_SETTINGS)
    assert null is not None, "run scripts/ship_nulls --only name"
    assert null.tail_scale is not None
    assert null.images * null.references == null.pairs
    assert null.images >= 1_000


@pytest.mark.parametrize("channel", SETTINGS)
def test_the_figures_that_ship_have_a_tail(channel):
    """Measured on all pairs of two halves, and sure enough to reach beyond."""
    null = default_null(channel)
    assert null.tail_scale is not None
    assert null.images * null.references == null.pairs
    assert 1_000 <= null.images < 1_200


@pytest.mark.parametrize(("bits_alike", "least", "most"), [(150, 0.02, 0.2), (160, 5e-4, 3e-3)])
def test_unrelated_pictures_score_as_was_measured(bits_alike, least, most):
    """Of 256 bits 150 agree by chance for few pairs, 160 for about one in five hundred."""
    assert least <= default_null("hash").false_alarms(bits_alike, references=1) <= most


def test_the_same_distance_means_less_in_a_larger_index():
    """What flags among a hundred references is no flag among a hundred thousand."""
    null = default_null("hash")
    few, many = (null.score_at(1e-3, references=n) for n in (100, 100_000))
    assert few < many < 256


@pytest.mark.parametrize("channel", SETTINGS)
def test_settings_are_those_of_the_fingerprints_and_of_how_they_are_compared(channel):
    """The latter as a digest."""
    fingerprints, _, digest = SETTINGS[channel].rpartition(", matching ")
    assert fingerprints == signals.SETTINGS[channel]
    assert len(bytes.fromhex(digest)) == 4


@pytest.mark.parametrize(
    ("module", "name", "changed"),
    [
        (settings.local, "CANDIDATES", ["local"]),
        (settings.local, "_SEARCHED", ["local"]),
        (settings.local, "LEAST_SCORE", ["local"]),
        (settings.correspondences, "MAX_DISTANCE_RATIO", ["local"]),
        (settings.geometry, "MAX_RESIDUAL", ["local"]),
        (settings.significance, "CELLS", ["local"]),
        (settings.local_coarse, "PROBES", ["local"]),
        (settings.local_votes, "NEIGHBORS", ["local"]),
        (settings.local_features, "FEATURES_PER_IMAGE", ["local"]),
        (settings.hashes, "MIN_STRUCTURE", ["hash"]),
        (settings.face_levels, "COHORT", ["face", "face-drawn"]),
    ],
)
def test_a_constant_that_scores_depend_on_changes_the_settings(monkeypatch, module, name, changed):
    """Of its own channel, and of no other."""
    value = getattr(module, name)
    before = {channel: settings._digest(channel) for channel in (*SETTINGS, "face", "face-drawn")}
    assert all(SETTINGS[channel].endswith(before[channel]) for channel in SETTINGS)
    monkeypatch.setattr(module, name, (*value, 1) if isinstance(value, tuple) else value + 1)
    assert [channel for channel in before if settings._digest(channel) != before[channel]] == (
        changed
    )
