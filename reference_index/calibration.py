"""Null distributions: from a channel's raw score to false alarms per image, and back."""

import bisect
import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from reference_index.errors import IndexFormatError

CalibrationState = Literal["own", "default", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NullDistribution:
    """How often unrelated references score how high against one unrelated image.

    channel, unit: what the scores are of, and in what; higher is closer.
    settings: what the fingerprints depended on; figures of other settings do not apply.
    scores: ascending; rates[i] is the measured number of reference images scoring at least
    scores[i] against one unrelated image, per reference image in the index, so it lies in (0, 1].
    tail_scale, tail_shape: generalized Pareto tail of the scores beyond scores[-1]; the shape is
    at least 0, so that no score is ever impossible.
    images, pairs, background: how many images and ordered pairs were measured, and the digest of
    the images.
    """

    channel: str
    unit: str
    settings: str
    scores: tuple[float, ...]
    rates: tuple[float, ...]
    tail_scale: float
    tail_shape: float
    images: int
    pairs: int
    background: str

    def __post_init__(self) -> None:
        falling = all(a >= b for a, b in zip(self.rates, self.rates[1:], strict=False))
        rising = all(a < b for a, b in zip(self.scores, self.scores[1:], strict=False))
        if not (self.scores and len(self.scores) == len(self.rates) and rising and falling):
            raise ValueError("scores must rise, rates must fall, and both be equally many")
        if not (self.rates[-1] > 0.0 and self.rates[0] <= 1.0):
            raise ValueError(f"rates run from {self.rates[0]} to {self.rates[-1]}, not in (0, 1]")
        if not (self.tail_scale > 0.0 and self.tail_shape >= 0.0):
            raise ValueError(f"tail is ({self.tail_scale}, {self.tail_shape}), not (> 0, >= 0)")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote. Raises IndexFormatError."""
        try:
            data: dict[str, Any] = json.loads(text)
            data["scores"], data["rates"] = tuple(data["scores"]), tuple(data["rates"])
            return cls(**data)
        except (ValueError, TypeError, KeyError) as error:
            raise IndexFormatError(
                f"null distribution cannot be read ({error}): calibrate again"
            ) from error

    def to_json(self) -> str:
        """Return the figures as JSON text."""
        return json.dumps(asdict(self), indent=1)

    def false_alarms(self, score: float, *, references: int) -> float:
        """Return how many of so many references would score this high by chance. Never 0.

        The references are those of the index on this channel. Between measured scores the value
        is that of the lower one, so that it never promises too much.
        """
        if score > self.scores[-1]:
            rate = max(self.rates[-1] * self._tail(score - self.scores[-1]), math.ulp(0.0))
        else:
            rate = self.rates[max(bisect.bisect_right(self.scores, score) - 1, 0)]
        return rate * references

    def extrapolated(self, score: float) -> bool:
        """Return whether a score lies beyond what was measured."""
        return score > self.scores[-1]

    def measured_to(self, *, references: int) -> float:
        """Return the smallest number of false alarms that was measured, not extrapolated."""
        return self.rates[-1] * references

    def score_at(self, false_alarms: float, *, references: int) -> float:
        """Return a score from which on there are at most so many false alarms.

        The lowest such score inside the data, and the exact solution in the tail.
        """
        rate = false_alarms / references
        if rate >= self.rates[-1]:
            position = bisect.bisect_left([-r for r in self.rates], -rate)
            return self.scores[position]
        excess = math.log(self.rates[-1] / rate)
        if self.tail_shape > 0.0:
            excess = math.expm1(self.tail_shape * excess) / self.tail_shape
        return self.scores[-1] + self.tail_scale * excess

    def _tail(self, excess: float) -> float:
        if self.tail_shape == 0.0:
            return math.exp(-excess / self.tail_scale)
        return math.pow(1.0 + self.tail_shape * excess / self.tail_scale, -1.0 / self.tail_shape)
