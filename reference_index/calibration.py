"""Null distributions: from a channel's raw score to false alarms per image, and back.

A Calibration holds those of all channels of one index, as one measured them with a background.
"""

import bisect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar

from reference_index.errors import IndexFormatError

CalibrationState = Literal["own", "default", "stale"]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NullDistribution:
    """How often unrelated references score how high against one unrelated image.

    channel, unit: what the scores are of, and in what; higher is closer.
    settings: what the scores depended on; figures of other settings do not apply.
    scores: ascending; rates[i] is the measured number of records scoring at least scores[i]
    against one unrelated image, per reference image in the index, so it lies in (0, 1].
    tail_scale, tail_shape: generalized Pareto tail of the scores beyond scores[-1]; the shape is
    at least 0, so that no score is ever impossible. Both None where none fits.
    floor: the rate of every score beyond scores[-1] where there is no tail: the upper 95 % bound of
    what was not seen once. 0 with a tail.
    images, references, pairs, background: how many images were measured against how many reference
    images, how many pairs that makes, and the digest of the images.
    """

    channel: str
    unit: str
    settings: str
    scores: tuple[float, ...]
    rates: tuple[float, ...]
    tail_scale: float | None
    tail_shape: float | None
    floor: float
    images: int
    references: int
    pairs: int
    background: str

    def __post_init__(self) -> None:
        _check_texts(self.channel, self.unit, self.settings, self.background)
        _check_numbers(*self.scores, *self.rates, self.floor)
        _check_counts(self.images, self.references, self.pairs)
        falling = all(a >= b for a, b in zip(self.rates, self.rates[1:], strict=False))
        rising = all(a < b for a, b in zip(self.scores, self.scores[1:], strict=False))
        if not (self.scores and len(self.scores) == len(self.rates) and rising and falling):
            raise ValueError("scores must rise, rates must fall, and both be equally many")
        if not (self.rates[-1] > 0.0 and self.rates[0] <= 1.0):
            raise ValueError(f"rates run from {self.rates[0]} to {self.rates[-1]}, not in (0, 1]")
        if self.tail_scale is None or self.tail_shape is None:
            if self.tail_scale is not self.tail_shape or not 0.0 < self.floor <= self.rates[-1]:
                raise ValueError(
                    f"without a tail its scale is {self.tail_scale}, its shape {self.tail_shape} "
                    f"and the floor {self.floor}, not None, None and in (0, {self.rates[-1]}]"
                )
            return
        _check_numbers(self.tail_scale, self.tail_shape)
        if not (self.tail_scale > 0.0 and self.tail_shape >= 0.0 and self.floor == 0.0):
            raise ValueError(
                f"tail and floor are ({self.tail_scale}, {self.tail_shape}, {self.floor}), "
                f"not (> 0, >= 0, 0)"
            )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote. Raises IndexFormatError."""
        return _read("null distribution", text, lambda data: cls(**_with_tuples(data)))

    def to_json(self) -> str:
        """Return the figures as JSON text."""
        return json.dumps(asdict(self), indent=1)

    def false_alarms(self, score: float, *, references: int) -> float:
        """Return how many of so many references would score this high by chance. Never 0.

        The references are those of the index on this channel. Between measured scores the value
        is that of the lower one, so that it never promises too much.
        """
        if score > self.scores[-1]:
            rate = self._beyond(score - self.scores[-1])
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

        The lowest such score inside the data, minus infinity where any will do, and the exact
        solution in the tail; infinity where there is no tail and the floor promises less.
        """
        rate = false_alarms / references
        if rate >= self.rates[0]:
            return -math.inf
        if rate >= self.rates[-1]:
            return self.scores[bisect.bisect_left(self.rates, -rate, key=lambda r: -r)]
        if self.tail_scale is None or self.tail_shape is None:
            return math.nextafter(self.scores[-1], math.inf) if rate >= self.floor else math.inf
        excess = math.log(self.rates[-1] / rate)
        if self.tail_shape > 0.0:
            excess = math.expm1(self.tail_shape * excess) / self.tail_shape
        return self.scores[-1] + self.tail_scale * excess

    def _beyond(self, excess: float) -> float:
        """Return the rate of a score by so much beyond the last measured one."""
        if self.tail_scale is None or self.tail_shape is None:
            return self.floor
        relative = excess / self.tail_scale
        if self.tail_shape > 0.0:
            relative = math.log1p(self.tail_shape * relative) / self.tail_shape
        return max(self.rates[-1] * math.exp(-relative), math.ulp(0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which score on a number of false alarms per image is promised, for one index.

    min_score: in the channel's unit; None where the promise cannot be made.
    low, high: its 95 % interval, images resampled; None where it has no end.
    extrapolated: whether the images are too few to measure min_score.
    images_needed: how many background images would measure what is promised.
    """

    promised: float
    min_score: float | None
    low: float | None
    high: float | None
    extrapolated: bool
    images_needed: int

    def __post_init__(self) -> None:
        scores = (self.min_score, self.low, self.high)
        _check_numbers(self.promised, *(score for score in scores if score is not None))
        _check_counts(self.images_needed)
        if self.promised <= 0.0 or type(self.extrapolated) is not bool:
            raise ValueError(f"impossible threshold: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCalibration:
    """The null distribution of one channel, and what it promises for the index it was made with.

    goodness_of_fit: p-value of the tail, Anderson-Darling; None where there is no tail, or one that
    was measured elsewhere.
    """

    null: NullDistribution
    thresholds: tuple[Threshold, ...]
    goodness_of_fit: float | None

    def __post_init__(self) -> None:
        if self.goodness_of_fit is not None:
            _check_numbers(self.goodness_of_fit)
        if self.goodness_of_fit is not None and self.null.tail_scale is None:
            raise ValueError("there is a goodness of fit, and no tail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What unrelated images of one's own scored against one index, channel by channel.

    index_uuid: of the index. next_id: of the index when this was made; references added later have
    this id or a higher one. created: UTC, ISO 8601. version: of the program.
    background, images: the digest of the background images, and how many there were.
    """

    index_uuid: str
    next_id: int
    created: str
    version: str
    background: str
    images: int
    channels: Mapping[str, ChannelCalibration]

    def __post_init__(self) -> None:
        _check_texts(self.index_uuid, self.created, self.version, self.background)
        _check_counts(self.next_id, self.images)
        for name, channel in self.channels.items():
            if channel.null.channel != name:
                raise ValueError(f"the figures of {channel.null.channel!r} stand under {name!r}")
        object.__setattr__(self, "channels", MappingProxyType(dict(self.channels)))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what ``to_json`` wrote. Raises IndexFormatError."""
        return _read("calibration", text, cls._parsed)

    @classmethod
    def _parsed(cls, data: dict[str, Any]) -> Self:
        channels = {name: _channel(**value) for name, value in data["channels"].items()}
        return cls(**data | {"channels": channels})

    def to_json(self) -> str:
        """Return the figures as JSON text."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["channels"] = {name: asdict(value) for name, value in self.channels.items()}
        return json.dumps(values, indent=1)

    def state(self, next_id: int) -> CalibrationState:
        """Return whether it is of the index as it is, "own", or was enrolled since, "stale"."""
        return "own" if next_id == self.next_id else "stale"


def _read(what: str, text: str, parsed: Callable[[dict[str, Any]], _T]) -> _T:
    try:
        return parsed(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise IndexFormatError(f"{what} cannot be read ({error}): calibrate again") from error


def _channel(*, null: Any, thresholds: Any, goodness_of_fit: Any) -> ChannelCalibration:
    return ChannelCalibration(
        null=NullDistribution(**_with_tuples(null)),
        thresholds=tuple(Threshold(**row) for row in thresholds),
        goodness_of_fit=goodness_of_fit,
    )


def _with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"scores": tuple(data["scores"]), "rates": tuple(data["rates"])}


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")


def _check_numbers(*values: object) -> None:
    for value in values:
        if type(value) not in {int, float} or not math.isfinite(value):  # type: ignore[arg-type]
            raise ValueError(f"{value!r} is no finite number")


def _check_counts(*values: object) -> None:
    for value in values:
        if type(value) is not int or not 0 <= value < 2**63:
            raise ValueError(f"{value!r} is no whole number from 0 to 2^63 - 1")
