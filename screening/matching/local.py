"""The local channel of one picture: candidates searched, verified, and weighed by what they share.

Content that several records hold in common, a watermark or a film strip's edge, says little for
any one of them: a correspondence counts half as much for each other record that matches at its
place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index import Among, Fingerprint, ReferenceIndex
from reference_index.candidates import LocalCandidate, LocalReference
from reference_index.fingerprint import Geometry, LocalFeatures
from reference_index.local_features import unit_descriptors
from screening.matching.correspondences import (
    Correspondences,
    Floats,
    mutually_nearest,
)
from screening.matching.findings import Quad
from screening.matching.geometry import Alignment, align, derivative
from screening.matching.regions import in_words, matched_regions, share_of_area
from screening.matching.significance import cells_of, significance

CANDIDATES = 24
"""Enrolled frames that are verified, for each index: a collage of more works loses some."""

_VOTED = 4 * CANDIDATES  # of which other views of one frame are left out
_SEARCHED = (350, 350, 150, 150)
"""Features that are searched of the picture as it is, mirrored, and of both as negatives; all are
compared with the candidates."""

_NEAR = 0.03  # of the longer side: the same place in the picture
_VERSION = 0.75
"""Two references that correspond in this share of the cells with features of each are versions of
one picture: what they share is the picture, not a watermark."""
_COPY = 0.4
"""A copy fills the picture or shows most of the reference: this share of the cells with features of
one of them counts in full, less in proportion. Lettering, a lone watermark and a program's window
match in a small part of both."""
LEAST_SCORE = 2.0
"""Log significance of a match: a hundred unrelated pairs would show one by chance alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalMatch:
    """The best image of one record, and where and how it shows in the picture.

    score: log significance, at least LEAST_SCORE. inliers: correspondences that fit. regions:
    corners in fractions of width and height, in corresponding order. shares: of the area of each.
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
class Verified:
    """A candidate with an alignment.

    places: of its inliers in the picture as it is. coverage: the share of the cells with features,
    of the picture or the reference, that it shows.
    """

    index: ReferenceIndex
    candidate: LocalCandidate
    reference: LocalReference
    view: _View
    pairs: Correspondences
    alignment: Alignment
    places: Floats
    coverage: float


def local_matches(frame: Fingerprint, indexes: Sequence[ReferenceIndex]) -> tuple[LocalMatch, ...]:
    """Return the records whose images show in a frame, best first; cleared records count nowhere.

    The indexes are those with references on the channel.
    """
    views = _views(frame)
    verified = [
        found
        for index in indexes
        for candidate in _candidates(index, views, Among.PROTECTED)
        if (found := next(_verify(index, candidate, views[candidate.view], frame), None))
    ]
    alike = _Alike()
    best: dict[tuple[str, str], tuple[float, Verified]] = {}
    for one in verified:
        score = score_with(one, _shares(one, verified, frame, alike))
        key = one.index.uuid, one.candidate.record_id
        if score >= LEAST_SCORE and score > best.get(key, (0.0,))[0]:
            best[key] = score, one
    ranked = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(_match(one, score, frame) for _, (score, one) in ranked)


def score_with(one: Verified, shares: Floats) -> float:
    """Return the score of a match, given how much of each correspondence counts, 0 to 1."""
    return significance(one.pairs, one.alignment, shares) * min(1.0, one.coverage / _COPY)


def cleared_alignments(frame: Fingerprint, index: ReferenceIndex) -> list[Verified]:
    """Return every place at which images of cleared records show in a frame."""
    views = _views(frame)
    return [
        found
        for candidate in _candidates(index, views, Among.CLEARED)
        for found in _everywhere(index, candidate, views[candidate.view], frame)
    ]


def alignments_of(frame: Fingerprint, index: ReferenceIndex, record_id: str) -> list[Verified]:
    """Return every place at which images of one protected record show, mirrored ones beside others.

    Not the best alone: a part of a work may be cleared, and another one show beside it.
    """
    views = _views(frame)
    near = _voted(index, views, Among.PROTECTED)
    frames = {one.frame: one for one in near if one.record_id == record_id}
    return [
        found
        for candidate in frames.values()
        for view in views
        for found in _everywhere(index, candidate, view, frame)
    ]


def significance_at(one: Verified, which: npt.NDArray[np.bool_]) -> float:
    """Return the log significance of an alignment by some of its correspondences alone."""
    pairs = one.pairs.take(which)
    alignment = Alignment(matrix=one.alignment.matrix, residuals=one.alignment.residuals[which])
    return significance(pairs, alignment, np.ones(len(pairs)))


def region_of(one: Verified, frame: Fingerprint) -> Quad:
    """Return where an image shows in a frame, corner by corner."""
    mirrored = one.view.mirrored
    return matched_regions(
        one.pairs, one.alignment, one.reference, frame.extents, mirrored=mirrored
    )[0]


def covered(one: Verified, places: Floats, frame: Fingerprint) -> npt.NDArray[np.bool_]:
    """Return which correspondences lie at, or next to, some of these places (n, 2), n above 0."""
    own = frame.local.geometry[one.pairs.rows, :2]
    apart = np.abs(own[:, None] - places).max(axis=2)
    return np.asarray(apart.min(axis=1) < _NEAR)


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


def _candidates(
    index: ReferenceIndex, views: Sequence[_View], among: Among
) -> list[LocalCandidate]:
    """Return the best view of each of the frames with most votes."""
    kept: dict[int, LocalCandidate] = {}
    for candidate in _voted(index, views, among):
        kept.setdefault(candidate.frame, candidate)
    return list(kept.values())[:CANDIDATES]


def _voted(index: ReferenceIndex, views: Sequence[_View], among: Among) -> Sequence[LocalCandidate]:
    searched = [view.features.first(n) for view, n in zip(views, _SEARCHED, strict=True)]
    return index.search_local(searched, k=_VOTED, among=among)


def _verify(
    index: ReferenceIndex, candidate: LocalCandidate, view: _View, frame: Fingerprint
) -> Iterator[Verified]:
    """Compare all features of a view with all of a candidate; yield alignments, the best first."""
    reference = index.local_reference(candidate.frame)
    rows, others = mutually_nearest(view.descriptors, reference.descriptors)
    pairs = Correspondences(
        rows=rows,
        view=view.features.geometry[rows].astype(np.float64),
        reference=reference.geometry[others].astype(np.float64),
        area=reference.extents[0] * reference.extents[1],
    )
    yield from _aligned(index, candidate, reference, view, pairs, frame)


def _everywhere(
    index: ReferenceIndex, candidate: LocalCandidate, view: _View, frame: Fingerprint
) -> Iterator[Verified]:
    """Yield alignments, then those of what the best of these leaves over, until there are none.

    A large part that shows takes all the hypotheses that ``align`` tries, and hides a small one.
    """
    found = [*_verify(index, candidate, view, frame)]
    while found:
        yield from found
        best = found[0]
        rest = best.pairs.take(~covered(best, best.places, frame))
        found = [*_aligned(index, candidate, best.reference, view, rest, frame)]


def _aligned(
    index: ReferenceIndex,
    candidate: LocalCandidate,
    reference: LocalReference,
    view: _View,
    pairs: Correspondences,
    frame: Fingerprint,
) -> Iterator[Verified]:
    everything = np.ones(len(pairs))
    scored = [(significance(pairs, one, everything), one) for one in align(pairs)]
    for alone, alignment in sorted(scored, key=lambda one: -one[0]):
        if alone < LEAST_SCORE:
            return
        inliers = alignment.inliers
        places = frame.local.geometry[pairs.rows[inliers], :2].astype(np.float64)
        shown = _coverage(pairs.reference[inliers], reference.geometry)
        yield Verified(
            index,
            candidate,
            reference,
            view,
            pairs,
            alignment,
            places,
            coverage=max(shown, _coverage(places, frame.local.geometry)),
        )


def _coverage(matched: Floats, features: Geometry) -> float:
    """Return the share of the cells with features that matched features lie in."""
    cells = np.unique(cells_of(features.astype(np.float64)))
    return len(np.unique(cells_of(matched))) / len(cells)


class _Alike:
    """Which references are copies of one another, compared once for each two."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}

    def __call__(self, one: LocalReference, other: LocalReference) -> bool:
        key = (min(id(one), id(other)), max(id(one), id(other)))
        if key not in self._known:
            rows, others = mutually_nearest(one.descriptors, other.descriptors)
            shown = min(
                _coverage(one.geometry[rows].astype(np.float64), one.geometry),
                _coverage(other.geometry[others].astype(np.float64), other.geometry),
            )
            self._known[key] = shown >= _VERSION
        return self._known[key]


def _shares(
    one: Verified, verified: Sequence[Verified], frame: Fingerprint, alike: _Alike
) -> Floats:
    """Return how much of each correspondence is left: half for each other record that shares it."""
    sharing: dict[str, list[Floats]] = {}
    for other in verified:
        if other.candidate.record_id != one.candidate.record_id and not alike(
            one.reference, other.reference
        ):
            sharing.setdefault(other.candidate.record_id, []).append(other.places)
    holders = np.ones(len(one.pairs))
    for theirs in sharing.values():
        holders += covered(one, np.concatenate(theirs), frame)
    return np.asarray(0.5 ** (holders - 1.0))


def _match(one: Verified, score: float, frame: Fingerprint) -> LocalMatch:
    region, reference_region = matched_regions(
        one.pairs, one.alignment, one.reference, frame.extents, mirrored=one.view.mirrored
    )
    middle = one.pairs.reference[one.alignment.inliers, :2].mean(axis=0)
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
            derivative(one.alignment.matrix, middle),
            mirrored=one.view.mirrored,
            inverted=one.view.inverted,
            share=share,
            reference_share=reference_share,
        ),
    )
