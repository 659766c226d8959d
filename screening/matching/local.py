"""The local channel of one picture: candidates searched, verified, and weighed by what they share.

Content that several records hold in common, a watermark or a film strip's edge, says little for
any one of them: a correspondence counts the less, the more other records match at its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index import Fingerprint, Kind, ReferenceIndex
from reference_index.candidates import LocalCandidate, LocalReference
from reference_index.fingerprint import Geometry, LocalFeatures
from reference_index.local_features import unit_descriptors
from screening.matching.correspondences import (
    Correspondences,
    Floats,
    mutually_nearest,
)
from screening.matching.findings import Quad
from screening.matching.geometry import Alignment, align
from screening.matching.regions import in_words, matched_regions, share_of_area
from screening.matching.significance import cells_of, significance

CANDIDATES = 16
"""Enrolled frames that are verified, for each index: more found nothing more."""

_SEARCHED = (350, 350, 150, 150)
"""Features that are searched of the picture as it is, mirrored, and of both as negatives; all are
compared with the candidates."""

_NEAR = 0.03  # of the longer side: the same place in the picture
_PART = 0.35
"""A record that matches in less than this share of its reference's cells with features matches in
a part of it; only such parts are content that records share. Two records of the same picture are
not each other's watermark."""
_COPY = 0.4
"""A copy fills the picture or shows most of the reference: this share of the cells with features of
one of them counts in full, less in proportion. Lettering, a lone watermark and a program's window
match in a small part of both."""
_SURE = 2.0  # log significance from which on another record's match is believed


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMatch:
    """The best image of one record, and where and how it shows in the picture.

    score: log significance, above 0. inliers: correspondences that fit. regions: corners in
    fractions of width and height, in corresponding order. shares: of the area of each.
    transform: how the picture differs from the reference, in words.
    """

    index: ReferenceIndex
    record_id: str
    image_id: int
    score: float
    inliers: int
    region: Quad
    reference_region: Quad
    share: float
    reference_share: float
    transform: str


@dataclass(frozen=True, slots=True)
class _View:
    """The picture as it is searched: mirrored or not, as a negative or not."""

    features: LocalFeatures
    mirrored: bool
    inverted: bool
    descriptors: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A candidate with an alignment. places: of its inliers in the picture as it is."""

    index: ReferenceIndex
    candidate: LocalCandidate
    reference: LocalReference
    view: _View
    pairs: Correspondences
    alignment: Alignment
    alone: float
    places: Floats
    partial: bool
    coverage: float


def local_matches(frame: Fingerprint, indexes: Sequence[ReferenceIndex]) -> tuple[LocalMatch, ...]:
    """Return the records whose images show in a frame, best first; cleared records count nowhere.

    The indexes are those with references on the channel.
    """
    views = _views(frame)
    verified = [
        found
        for index in indexes
        for candidate in _candidates(index, views)
        if (found := _verify(index, candidate, views[candidate.view], frame)) is not None
    ]
    best: dict[str, tuple[float, _Verified]] = {}
    for one in verified:
        score = significance(one.pairs, one.alignment, _shares(one, verified, frame))
        score *= min(1.0, one.coverage / _COPY)
        if score > max(best.get(one.candidate.record_id, (0.0,))[0], 0.0):
            best[one.candidate.record_id] = score, one
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(_match(one, score, frame) for _, (score, one) in ranked)


def _views(frame: Fingerprint) -> tuple[_View, ...]:
    as_it_is, width = frame.local, frame.extents[0]
    mirrored = as_it_is.mirrored(width)
    return tuple(
        _View(features, side, negative, unit_descriptors(features.descriptors))
        for features, side, negative in (
            (as_it_is, False, False),
            (mirrored, True, False),
            (as_it_is.inverted(), False, True),
            (mirrored.inverted(), True, True),
        )
    )


def _candidates(index: ReferenceIndex, views: Sequence[_View]) -> list[LocalCandidate]:
    searched = [view.features.first(n) for view, n in zip(views, _SEARCHED, strict=True)]
    return [
        candidate
        for candidate in index.search_local(searched, k=CANDIDATES)
        if index.record(candidate.record_id).kind is not Kind.CLEARED
    ]


def _verify(
    index: ReferenceIndex, candidate: LocalCandidate, view: _View, frame: Fingerprint
) -> _Verified | None:
    """Compare all features of a view with all of a candidate, and keep the best alignment."""
    reference = index.local_reference(candidate.frame)
    rows, others = mutually_nearest(view.descriptors, reference.descriptors)
    pairs = Correspondences(
        rows=rows,
        view=view.features.geometry[rows].astype(np.float64),
        reference=reference.geometry[others].astype(np.float64),
        area=reference.extents[0] * reference.extents[1],
    )
    everything = np.ones(len(pairs))
    scored = [(significance(pairs, one, everything), one) for one in align(pairs)]
    if not scored:
        return None
    alone, alignment = max(scored, key=lambda one: one[0])
    if alone <= 0.0:
        return None
    inliers = alignment.inliers
    places = frame.local.geometry[rows[inliers], :2].astype(np.float64)
    shown = _coverage(pairs.reference[inliers], reference.geometry)
    return _Verified(
        index,
        candidate,
        reference,
        view,
        pairs,
        alignment,
        alone,
        places,
        partial=shown < _PART,
        coverage=max(shown, _coverage(places, frame.local.geometry)),
    )


def _coverage(matched: Floats, features: Geometry) -> float:
    """Return the share of the cells with features that matched features lie in."""
    cells = np.unique(cells_of(features.astype(np.float64)))
    return len(np.unique(cells_of(matched))) / len(cells)


def _shares(one: _Verified, verified: Sequence[_Verified], frame: Fingerprint) -> Floats:
    """Return how much of each correspondence is left to a record: 1 over those that share it."""
    sharing: dict[str, list[Floats]] = {}
    for other in verified:
        if (
            other.candidate.record_id != one.candidate.record_id
            and other.partial
            and other.alone >= _SURE
        ):
            sharing.setdefault(other.candidate.record_id, []).append(other.places)
    places = frame.local.geometry[one.pairs.rows, :2]
    holders = np.ones(len(places))
    for theirs in sharing.values():
        apart = np.abs(places[:, None] - np.concatenate(theirs)).max(axis=2)
        holders += apart.min(axis=1) < _NEAR
    return np.asarray(1.0 / holders)


def _match(one: _Verified, score: float, frame: Fingerprint) -> LocalMatch:
    region, reference_region = matched_regions(
        one.pairs, one.alignment, one.reference, frame.extents, mirrored=one.view.mirrored
    )
    share, reference_share = share_of_area(region), share_of_area(reference_region)
    return LocalMatch(
        index=one.index,
        record_id=one.candidate.record_id,
        image_id=one.candidate.image_id,
        score=score,
        inliers=int(np.count_nonzero(one.alignment.inliers)),
        region=region,
        reference_region=reference_region,
        share=share,
        reference_share=reference_share,
        transform=in_words(
            one.alignment.matrix,
            mirrored=one.view.mirrored,
            inverted=one.view.inverted,
            share=share,
            reference_share=reference_share,
        ),
    )
