"""What can become of a file that is to be enrolled."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one file."""

    ENROLLED = "enrolled"
    ALREADY = "already enrolled"
    PARTLY = "enrolled in part"
    TOO_PLAIN = "enrolled, but too plain for any channel"
    PASSED_OVER = "not an image"
    UNREAD = "not enrolled"
    NO_RECORD = "not enrolled, no row of the records file names it"
    NO_FACE = "not enrolled, no face was found"
    POOR_FACE = "not enrolled, its face is too poor to compare"
    SEVERAL_FACES = "not enrolled, it shows several faces"
    OTHER_FACE = "not enrolled, it seems to show someone else"
    WITHOUT_FACE = "enrolled earlier, without its face"
    EXPIRED = "not enrolled, the person is not to be held any longer"


PROBLEMS = frozenset(Outcome) - {Outcome.ENROLLED, Outcome.ALREADY, Outcome.PASSED_OVER}
"""Outcomes after which something is missing from the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What became of one file of one record, and why."""

    path: str
    record_id: str | None
    outcome: Outcome
    reason: str | None = None
