"""Copy attacks in named families: what people do to a picture before they pass it on."""

from screening.evaluation.attacks.attack import (
    Attack,
    Composition,
    Family,
    RgbImage,
    Strength,
    compose,
)
from screening.evaluation.attacks.framing import FRAMING_ATTACKS
from screening.evaluation.attacks.geometry import GEOMETRY_ATTACKS
from screening.evaluation.attacks.overlay import OVERLAY_ATTACKS
from screening.evaluation.attacks.pixels import PIXEL_ATTACKS

ATTACKS: tuple[Attack, ...] = GEOMETRY_ATTACKS + PIXEL_ATTACKS + FRAMING_ATTACKS + OVERLAY_ATTACKS

__all__ = [
    "ATTACKS",
    "Attack",
    "Composition",
    "Family",
    "RgbImage",
    "Strength",
    "compose",
]
