"""Deliverables: generated material is remembered, and looked for in final pictures and films."""

from screening.deliverables.check import deliverables
from screening.deliverables.film import FILM_LIMITS, Position
from screening.deliverables.remember import Remembered, remember
from screening.deliverables.sightings import Delivered, Sighting, timecode

__all__ = [
    "FILM_LIMITS",
    "Delivered",
    "Position",
    "Remembered",
    "Sighting",
    "deliverables",
    "remember",
    "timecode",
]
