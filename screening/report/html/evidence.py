"""What a page shows of one finding: the matched pair, channels in words, what to do."""

from dataclasses import dataclass

from reference_index import Kind
from screening.decision import Judged, advice
from screening.decision.clauses import Clause
from screening.errors import ReferenceUnavailableError
from screening.images.frame import RgbImage
from screening.matching import ChannelEvidence
from screening.matching.findings import Quad
from screening.report.html.alignment import projection
from screening.report.html.commands import commands
from screening.report.html.parts import Panel, channel_in_words, clauses_of, improbable
from screening.report.html.small import Originals, Small, small
from screening.report.words import raw_flag_in_words
from screening.result import Screening

_SIZES = ((10_000_000, 960), (18_000_000, 480), (26_000_000, 240))
"""Characters written so far, and how many px the longer side of a picture has until then.

After the last one only the wall has pictures: 2,000 of them take some 20 MB
themselves, and the words 10 MB where all are flagged.
"""
_NOTED = 480  # px at most where nobody has to act


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What one channel says: how it looks, what it saw, and how improbable that is alone."""

    name: str
    saw: str
    improbable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One finding as a page shows it.

    picture, reference: with the region outlined. missing: why there are no pixels of the reference,
    where they were wanted. projection: see ``alignment``, None where the two cannot be laid over
    one another. raw: by which raw score alone it is flagged, or nothing.
    """

    finding: Judged
    record: int
    picture: Panel
    reference: Panel
    missing: str
    projection: tuple[float, ...] | None
    advice: str
    improbable: str
    raw: str
    channels: tuple[Channel, ...]
    clauses: tuple[Clause, ...]
    commands: list[tuple[str, str]]


class Pairs:
    """Makes the evidence of findings, with smaller pictures the more there were already.

    pixels: whether there are pictures at all.
    """

    def __init__(self, originals: Originals, *, pixels: bool) -> None:
        self._originals = originals
        self._pixels = pixels
        self._references: dict[tuple[str, int], Small] = {}
        self._written = 0

    def of(
        self, screening: Screening, finding: Judged, record: int, frame: RgbImage | None
    ) -> Evidence:
        """Return the evidence of a finding. record: its number. frame: the picture, if at hand."""
        seen = seen_best(finding)
        side = self._side(finding)
        shown = small(frame, side) if frame is not None and side else None
        original, missing = None, ""
        if side and self._pixels:
            try:
                original = self._original(finding, seen, side)
            except ReferenceUnavailableError as error:
                missing = str(error)
        elif self._pixels:
            missing = "left out, as many pictures are in this report already"
        self._written += sum(len(one.uri) for one in (shown, original) if one)
        title = finding.record.title
        return Evidence(
            finding=finding,
            record=record,
            picture=_panel("Picture", shown, seen.region),
            reference=_panel(
                f"Reference: {title}", original, None if seen.face else seen.reference_region
            ),
            missing=missing,
            projection=projection(seen.reference_region, seen.region)
            if shown and original and not seen.face
            else None,
            advice=advice(finding),
            improbable=improbable(finding),
            raw=raw_flag_in_words(finding, screening.policy),
            channels=tuple(
                Channel(
                    name=channel_in_words(one.channel),
                    saw=_saw(one),
                    improbable=improbable(one),
                )
                for one in finding.channels
            ),
            clauses=clauses_of(finding.clauses),
            commands=commands(screening, finding),
        )

    def _side(self, finding: Judged) -> int:
        """Return how many px the longer side of a picture may have, 0 for no picture."""
        side = next((side for until, side in _SIZES if self._written < until), 0)
        return side if finding.flagged else min(side, _NOTED)

    def _original(self, finding: Judged, seen: ChannelEvidence, side: int) -> Small:
        key = (seen.reference_image, side)
        if key not in self._references:
            original = self._originals.find(finding.record, seen.reference_image)
            self._references[key] = small(original, side)
        return self._references[key]


def seen_best(finding: Judged) -> ChannelEvidence:
    """Return the evidence in the finding's frame that shows most of where and how the two agree.

    Features tell both regions, a face only where it is in the picture.
    """
    there = [one for one in finding.channels if one.frame == finding.frame]
    return max(there, key=lambda one: (one.inliers is not None, one.located))


def kind_in_words(kind: Kind) -> str:
    """Return the kind of a record as it stands before its title."""
    return str(kind).replace("-", " ")


def _panel(label: str, shown: Small | None, region: Quad | None) -> Panel:
    if shown is None:
        return Panel(label=label, region=region)
    return Panel(
        label=label,
        uri=shown.uri,
        width=shown.width,
        height=shown.height,
        region=region,
    )


def _saw(evidence: ChannelEvidence) -> str:
    if evidence.inliers is None:
        return evidence.transform
    return f"{evidence.transform}; {evidence.inliers:,} features agree"
