"""Weights: cards that say what they are, the folder they lie in, networks ready to run."""

from screening.models.cards import Card, read_card, shipped_cards
from screening.models.conversion import Conversion, Recipe, StoredFile
from screening.models.sessions import Network
from screening.models.store import ModelStore, default_folder, shipped_conversions
from screening.models.trial import card_like

__all__ = [
    "Card",
    "Conversion",
    "ModelStore",
    "Network",
    "Recipe",
    "StoredFile",
    "card_like",
    "default_folder",
    "read_card",
    "shipped_cards",
    "shipped_conversions",
]
