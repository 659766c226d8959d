"""Screens generated images against protected works and likenesses, offline.

``Screener`` is the way in; every score is told in false alarms per image.
"""

from screening.decision import Coverage, Role, Verdict
from screening.matching import Finding
from screening.report.pair import draw_finding, draw_pair
from screening.result import Screening
from screening.screener import Screener
from screening.version import __version__

__all__ = [
    "Coverage",
    "Finding",
    "Role",
    "Screener",
    "Screening",
    "Verdict",
    "__version__",
    "draw_finding",
    "draw_pair",
]
