"""Which picture a decision is about: told again by its bytes, or as a near-exact copy by its hash.

How near a copy must be is computed, not chosen: the distance at which the null figures of the hash
channel promise at most NEAR_EXACT false alarms for one reference, by the same search over the eight
isometries of the picture. With N decisions about a record an unrelated picture is taken for one of
theirs N times as often; it then still has to show the same record, and in the same place. A picture
too plain for its hash to mean anything is told by its bytes alone.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

import cv2
import numpy as np

from reference_index import ISOMETRIES
from reference_index.fingerprint import HASH_BITS, HASH_BYTES, HASH_CHANNEL, HashCodes
from screening.decision.standings import Sighted
from screening.matching import Finding, default_null
from screening.matching.findings import Point, Quad
from screening.signals import MIN_STRUCTURE

NEAR_EXACT = 1e-6
"""False alarms for each decision, of pictures that have nothing to do with it."""

SAME_PLACE = 0.5
"""The least share, inclusive, that two regions have in common of what they cover together."""

_CODE_WORDS = HASH_BYTES // 8
_FINEST = 10_000  # regions are written in whole parts of it


class Fit(StrEnum):
    """How a picture fits one that was decided on.

    SAME: it has the same bytes. COPY: it is nearly the same and shows the record in the same place.
    MOVED: it is nearly the same and shows the record elsewhere.
    """

    SAME = "same"
    COPY = "copy"
    MOVED = "moved"

    @property
    def holds(self) -> bool:
        """Return whether what settles the one settles the other."""
        return self is not Fit.MOVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A record found in a picture, as a decision about it keeps it.

    sha256: hex, of the file. path: as it was seen. code: hex of the 256-bit hash of the frame that
    shows the record, empty where the frame is too plain. region: where it shows.
    """

    sha256: str
    record_id: str
    title: str
    path: str
    code: str
    frame: int
    region: Quad

    def written(self) -> dict[str, Any]:
        """Return it as particulars are written."""
        region = [[round(value * _FINEST) for value in point] for point in self.region]
        return {name: getattr(self, name) for name in self.__slots__} | {"region": region}

    @classmethod
    def read(cls, particulars: Mapping[str, Any]) -> Self:
        """Return what particulars say. Raises KeyError, TypeError, ValueError."""
        values = {name: particulars[name] for name in cls.__slots__}
        one, two, three, four = ((x / _FINEST, y / _FINEST) for x, y in values["region"])
        sight = cls(**values | {"region": (one, two, three, four)})
        texts = (sight.sha256, sight.record_id, sight.title, sight.path, sight.code)
        if not all(isinstance(text, str) for text in texts) or type(sight.frame) is not int:
            raise TypeError("a text or a number is of another type")
        if len(bytes.fromhex(sight.code)) not in {0, HASH_BYTES}:
            raise ValueError(f"code is {sight.code!r}, expected {2 * HASH_BYTES} hex digits")
        if len(bytes.fromhex(sight.sha256)) != 32 or not sight.record_id:
            raise ValueError("sha256 or record_id is none")
        return sight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A record found in a picture now.

    codes: uint8 (8, 32), the hashes of the frame that shows it; None where it is too plain.
    """

    sight: Sight
    codes: HashCodes | None

    @classmethod
    def of(
        cls, sha256: str, hashes: Mapping[int, HashCodes], finding: Finding, path: str = ""
    ) -> Self:
        """Return a finding in the picture with these hashes, by frame."""
        codes, record = hashes.get(finding.frame), finding.record
        sight = Sight(
            sha256=sha256,
            record_id=record.id,
            title=record.title,
            path=path,
            code="" if codes is None else codes[0].tobytes().hex(),
            frame=finding.frame,
            region=finding.region,
        )
        return cls(sight=sight, codes=codes)


def hashes_of(picture: Sighted) -> dict[int, HashCodes]:
    """Return the hashes of the frames of a picture, uint8 (8, 32), without those too plain."""
    return {
        one.frame: one.hashes.codes
        for one in picture.fingerprints
        if one.hashes.structure >= MIN_STRUCTURE
    }


@lru_cache
def max_distance_bits() -> int:
    """Return in how many bits a near-exact copy may differ, inclusive; -1 where nothing is one."""
    null = default_null(HASH_CHANNEL)
    least = null.score_at(NEAR_EXACT, references=1) if null else math.inf
    return HASH_BITS - math.ceil(least) if least <= HASH_BITS else -1


class Sights:
    """Sights to be told again, in the order in which they were added."""

    def __init__(self, sights: Iterable[Sight | None] = ()) -> None:
        self._regions: list[Quad] = []
        self._places: list[int] = []  # of those with a hash
        # word by word, which sums ten times as fast; room for more than there are
        self._codes = np.empty((_CODE_WORDS, 64), np.uint64)
        self._count = 0
        for sight in sights:
            self.add(sight)

    def add(self, sight: Sight | None) -> None:
        """Add one; None for one of which what was known is erased."""
        if sight is not None and sight.code:
            if len(self._places) == self._codes.shape[1]:
                self._codes = np.concatenate([self._codes, np.empty_like(self._codes)], axis=1)
            code = np.frombuffer(bytes.fromhex(sight.code), np.uint8)
            self._codes[:, len(self._places)] = code.view(np.uint64)
            self._places.append(self._count)
            self._regions.append(sight.region)
        self._count += 1

    def copies(self, found: Found) -> dict[int, Fit]:
        """Return which of the sights a find is a near-exact copy of, by their places."""
        if found.codes is None or not self._places:
            return {}
        codes = self._codes[:, None, : len(self._places)]
        turned = np.ascontiguousarray(found.codes).view(np.uint64).T[:, :, None]
        distances = np.bitwise_count(codes ^ turned).sum(axis=0, dtype=np.uint16)  # (8, n)
        nearest = distances.argmin(axis=0)
        fits = {}
        for near in np.flatnonzero(distances.min(axis=0) <= max_distance_bits()).tolist():
            moved = shown_at(self._regions[near], int(nearest[near]))
            same = overlap(moved, found.sight.region) >= SAME_PLACE
            fits[self._places[near]] = Fit.COPY if same else Fit.MOVED
        return fits


def shown_at(region: Quad, isometry: int) -> Quad:
    """Return where a region of a picture shows in the copy that is its ``ISOMETRIES[isometry]``."""
    assert 0 <= isometry < len(ISOMETRIES)
    one, two, three, four = (_moved(point, isometry) for point in region)
    return one, two, three, four


def overlap(one: Quad, other: Quad) -> float:
    """Return the area that two regions share, over the area that they cover together, 0 to 1."""
    hulls = [cv2.convexHull(np.array(region, np.float32)) for region in (one, other)]
    areas = [cv2.contourArea(hull) for hull in hulls]
    if min(areas) <= 0.0:
        return 0.0
    shared, _ = cv2.intersectConvexConvex(*hulls)
    return float(shared) / (sum(areas) - float(shared))


def _moved(point: Point, isometry: int) -> Point:
    x, y = point[::-1] if isometry & 4 else point
    return (1.0 - x if isometry & 1 else x), (1.0 - y if isometry & 2 else y)
