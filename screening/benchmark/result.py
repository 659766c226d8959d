"""The run of a benchmark as a value: what was measured, of what, and what must be known of it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from screening.benchmark.queries import Remark
from screening.calibration.paths import path_json
from screening.evaluation.operating import Estimate

SCHEMA = 1
KIND = "screening benchmark"

Outcome = Literal["kept", "stricter", "broken", "unchecked", "unsupported"]
"""What became of a promise: as many images flagged as chance allows; fewer, so that it is kept with
room to spare; more; too few images to tell; or too few to calibrate on for it to be made at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure and its 95 % interval.

    name: micro_ap, recall_at_90_precision, recall_without_false_match, fnir_at_fpir_1_in_100 and
    fnir_at_fpir_3_in_1000, or recall, at so many false alarms per image as are promised.
    """

    channel: str
    name: str
    promised: float | None
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promised number of false alarms per image, and what the report half showed of it.

    min_score: the raw score that it comes to; None fused, and where it cannot be promised.
    false_alarms: observed on ``images`` unrelated images, ``flagged`` of which show any.
    expected: the fewest and the most images that a true promise flags with 95 %.
    images_needed: how many images without a single false alarm would confirm it.
    """

    channel: str
    promised: float
    min_score: float | None
    false_alarms: int
    flagged: int
    images: int
    expected: tuple[int, int]
    images_needed: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The largest promise that keeps within the load, chosen on one half, told of the other.

    load: flagged unrelated images per 1,000, with the interval of Wilson. Of the half it was chosen
    on: chosen_flagged of chosen_images, and the recall. by_promise: the half was too small to show
    the budget, so that the promise itself keeps within it.
    """

    channel: str
    promised: float
    by_promise: bool
    chosen_flagged: int
    chosen_images: int
    chosen_recall: float | None
    flagged: int
    images: int
    load: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The operating points of a channel on the report half, recall rising; see OperatingCurve."""

    recall: tuple[float, ...]
    precision: tuple[float, ...]
    false_alarms: tuple[float, ...]
    flagged: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRecall:
    """How many edits of one family are found at FLAG_AT false alarms per image, by channel."""

    family: str
    queries: int
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """Which index it was. settings: of each channel, what its scores depend on."""

    name: str
    uuid: str
    next_id: int
    records: int
    images: int
    references: Mapping[str, int]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
    """Which pictures it was measured with, and into which halves they fell.

    background, positives: sha256 digests. edits: edited copies of each picture, None where the
    positives came from a file of pairs.
    """

    background: str
    calibrated_on: int
    reported_on: int
    positives: str
    edits: int | None
    queries_chosen_on: int
    queries_reported_on: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRun:
    """Everything that one run measured."""

    created: str
    version: str
    machine: Mapping[str, str]
    seed: int
    load: float
    index: IndexFacts
    sample: SampleFacts
    measures: tuple[Measured, ...]
    promises: tuple[Promise, ...]
    recommendations: tuple[Recommendation, ...]
    families: tuple[FamilyRecall, ...]
    curves: Mapping[str, Curve]
    remarks: tuple[Remark, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that were measured, ``fused`` last."""
        return tuple(self.curves)

    def measured(self, channel: str, name: str, promised: float | None = None) -> Measured:
        """Return one figure. Raises KeyError."""
        for one in self.measures:
            if (one.channel, one.name, one.promised) == (channel, name, promised):
                return one
        raise KeyError((channel, name, promised))

    def promise(self, channel: str, promised: float) -> Promise:
        """Return what became of one promise. Raises KeyError."""
        for one in self.promises:
            if (one.channel, one.promised) == (channel, promised):
                return one
        raise KeyError((channel, promised))

    def recommended(self, channel: str) -> Recommendation | None:
        """Return the recommended operating point of a channel, None where there is none."""
        return next((one for one in self.recommendations if one.channel == channel), None)

    def to_json(self) -> str:
        """Return the run as JSON text.

        Of a name or detail with bytes that are not UTF-8, name_b64 or detail_b64 has them.
        """
        data: dict[str, Any] = {"kind": KIND, "schema": SCHEMA} | asdict(self)
        data["index"] |= path_json(self.index.name, key="name")
        data["remarks"] = [
            asdict(one) | path_json(one.name, key="name") | path_json(one.detail, key="detail")
            for one in self.remarks
        ]
        return json.dumps(_finite(data), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """Return a value as JSON can hold it: what is infinite is null."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
