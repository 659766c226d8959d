"""Candidates: reference images that scored on a channel."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best reference image of one record on one channel.

    score: in the channel's unit, higher is closer (hash: bits of 256 alike).
    isometry: row of ISOMETRIES under which the query came closest.
    """

    record_id: str
    image_id: int
    channel: str
    score: float
    isometry: int = 0
