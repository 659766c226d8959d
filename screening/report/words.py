"""Values as people read them: probabilities in words, hostile names made harmless."""

import os

from screening.decision import NETFLIX_GENAI
from screening.matching import ChannelEvidence, Finding
from screening.result import Screening


def coincidence(found: Finding | ChannelEvidence) -> str:
    """Return how often chance alone would look this alike, never beyond what was measured."""
    if found.false_alarms < found.measured_to:
        if found.measured_to >= 1.0:
            return "rarer than was measured"
        return f"rarer than 1 in {1.0 / found.measured_to:,.0f}"
    if found.false_alarms >= 1.0:
        return f"{found.false_alarms:.2g} a picture"
    return f"1 in {1.0 / found.false_alarms:,.0f}"


def evidence_in_words(finding: Finding) -> str:
    """Return the channels that speak for a finding, and the transformation the best one saw.

    A channel beside the best one speaks where it alone would be worth a note.
    """
    best, *others = finding.channels
    speaking = [one.channel for one in others if one.false_alarms <= NETFLIX_GENAI.note_at]
    return f"{' and '.join((best.channel, *speaking))}, {best.transform}"


def printable(text: str) -> str:
    """Return text safe for a terminal or a cell: control and undecodable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.encode("utf-8", "backslashreplace").decode()
    )


def path_of(screening: Screening) -> str:
    """Return a screening's path as text, undecodable bytes replaced; "-" for memory."""
    if screening.path is None:
        return "-"
    return os.fsencode(screening.path).decode("utf-8", "replace")
