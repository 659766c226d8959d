"""Matching: from a fingerprint's candidates to findings in false alarms per image."""

from screening.matching.findings import (
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Finding,
    RankedCandidate,
)
from screening.matching.fusion import Matches, match
from screening.matching.nulls import default_null

__all__ = [
    "ChannelEvidence",
    "ChannelReport",
    "ChannelState",
    "Finding",
    "Matches",
    "RankedCandidate",
    "default_null",
    "match",
]
