"""What a page shows of one finding: the matched pair, channels in words, what to do."""

from dataclasses import dataclass

from reference_index import Kind
from screening.decision import Judged, advice
from screening.decision.advice import input_name
from screening.decision.clauses import Clause
from screening.errors import ReferenceUnavailableError, UnreadError
from screening.images import Limits
from screening.images.frame import RgbImage
from screening.matching import ChannelEvidence
from screening.matching.findings import NameSeen, Quad
from screening.report.html.alignment import projection
from screening.report.html.commands import commands
from screening.report.html.parts import Panel, channel_in_words, clauses_of, improbable
from screening.report.html.small import Originals, Small, frames_of, small
from screening.report.words import raw_flag_in_words
from screening.result import Screening

_SIZES = ((10_000_000, 960), (18_000_000, 480), (26_000_000, 240))
"""Characters written so far, and how many px the longer side of a picture has until then.

After the last one only the wall has pictures: 2,000 of them take some 20 MB
themselves, and the words 10 MB where all are flagged.
"""
_NOTED = 480  # px at most where nobody has to act
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What one channel says: how it looks, what it saw, and how improbable that is alone."""

    name: str
    saw: str
    improbable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One finding as a page shows it.

    input: the name of the input that it is about, empty for the picture itself. picture: that, or
    the input. hidden: why there are no pixels of it, where they were wanted.
    picture, reference: with the region outlined. missing: why there are no pixels of the reference,
    where they were wanted. projection: see ``alignment``, None where the two cannot be laid over
    one another; all of these are left out where words alone name the record. named: the words that
    do. raw: by which raw score alone it is flagged, or nothing.
    """

    finding: Judged
    record: int
    input: str
    picture: Panel | None
    hidden: str
    reference: Panel | None
    named: tuple[NameSeen, ...]
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

    pixels: whether there are pictures at all. limits: what the file of an input may cost.
    """

    def __init__(
        self, originals: Originals, *, pixels: bool, limits: Limits = _DEFAULT_LIMITS
    ) -> None:
        self._originals = originals
        self._limits = limits
        self._pixels = pixels
        self._references: dict[tuple[str, int], Small] = {}
        self._inputs: dict[tuple[str, int, int], Small] = {}
        self._written = 0

    def of(
        self,
        screening: Screening,
        finding: Judged,
        record: int,
        frame: RgbImage | None,
        hidden: str = "",
    ) -> Evidence:
        """Return the evidence of a finding. record: its number. frame: the picture, if at hand.

        hidden: why it is not. Of an input the pixels are read here.
        """
        seen = seen_best(finding)
        side = self._side(finding) if seen else 0
        shown = small(frame, side) if frame is not None and side else None
        if finding.input:
            shown, hidden = self._input(screening, finding, side)
        original, missing = None, ""
        if seen and side and self._pixels:
            try:
                original = self._original(finding, seen, side)
            except ReferenceUnavailableError as error:
                missing = str(error)
        elif seen and self._pixels:
            missing = "left out, as many pictures are in this report already"
        self._written += sum(len(one.uri) for one in (shown, original) if one)
        title = finding.record.title
        return Evidence(
            finding=finding,
            record=record,
            input=input_name(finding),
            hidden=hidden,
            picture=_panel("Input" if finding.input else "Picture", shown, seen.region)
            if seen
            else None,
            reference=_panel(
                f"Reference: {title}", original, None if seen.face else seen.reference_region
            )
            if seen
            else None,
            named=tuple(one.named for one in finding.channels if one.named),
            missing=missing,
            projection=projection(seen.reference_region, seen.region)
            if seen and shown and original and not seen.face
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

    def _input(self, screening: Screening, finding: Judged, side: int) -> tuple[Small | None, str]:
        """Return the input that a finding is about, or why it is not shown."""
        if not side or not self._pixels:
            return None, ""
        sha256 = next(one.sha256 for one in screening.inputs if one.path == finding.input)
        key = (sha256 or "", finding.frame, side)
        if key not in self._inputs:
            try:
                frames = frames_of(finding.input, sha256, (finding.frame,), limits=self._limits)
            except UnreadError as error:
                return None, error.reason
            if finding.frame not in frames:
                return None, ""
            self._inputs[key] = small(frames[finding.frame], side)
        return self._inputs[key], ""

    def _original(self, finding: Judged, seen: ChannelEvidence, side: int) -> Small:
        key = (seen.reference_image, side)
        if key not in self._references:
            original = self._originals.find(finding.record, seen.reference_image)
            self._references[key] = small(original, side)
        return self._references[key]


def seen_best(finding: Judged) -> ChannelEvidence | None:
    """Return the evidence in the finding's frame that shows most of where and how the two agree.

    Features tell both regions, a face only where it is in the picture. None where words alone name
    the record.
    """
    pictured = [one for one in finding.channels if one.named is None]
    there = [one for one in pictured if one.frame == finding.frame] or pictured
    return max(there, key=lambda one: (one.inliers is not None, one.located), default=None)


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
