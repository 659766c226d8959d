"""Matching: from a fingerprint's candidates to findings in false alarms per image."""

from screening.matching.findings import (
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    ClearedBy,
    FaceSeen,
    Finding,
    NameSeen,
    RankedCandidate,
)
from screening.matching.fusion import CHANNELS, Matches, channels_of, match, match_texts
from screening.matching.name_channel import Names
from screening.matching.nulls import default_null, null_of
from screening.matching.settings import SETTINGS, check_settings, settings_of

__all__ = [
    "CHANNELS",
    "SETTINGS",
    "ChannelEvidence",
    "ChannelReport",
    "ChannelState",
    "ClearedBy",
    "FaceSeen",
    "Finding",
    "Matches",
    "NameSeen",
    "Names",
    "RankedCandidate",
    "channels_of",
    "check_settings",
    "default_null",
    "match",
    "match_texts",
    "null_of",
    "settings_of",
]
