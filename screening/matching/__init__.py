"""Matching: from a fingerprint's candidates to findings in false alarms per image."""

from screening.matching.findings import (
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Finding,
    RankedCandidate,
)
from screening.matching.fusion import CHANNELS, Matches, match
from screening.matching.nulls import default_null, null_of
from screening.matching.settings import SETTINGS

__all__ = [
    "CHANNELS",
    "SETTINGS",
    "ChannelEvidence",
    "ChannelReport",
    "ChannelState",
    "Finding",
    "Matches",
    "RankedCandidate",
    "default_null",
    "match",
    "null_of",
]
