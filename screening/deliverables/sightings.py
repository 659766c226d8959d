"""Sightings: one record in one stretch of a film, from what was found frame by frame.

A film is screened as so many pictures as it has distinct frames that were looked at: each false
alarm rate is multiplied by their number, as it is for the frames of any file, so that what is found
keeps the policy's promise per film, not per frame. That is a bound: frames of one shot look alike,
and are wrong together.

A record that a frame alone would flag, and the whole film does not, is not dropped but told as
possible. Of those, chance gives a long film some: as many as its frames times the threshold.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from screening.decision import Coverage
from screening.matching import ChannelReport, ChannelState, Finding

SAME_SHOT_SECONDS = 2.5
"""Sightings of a record no further apart (inclusive) are one: a frame between two that show it may
be blurred, or mid-dissolve, and one is looked at every second at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A record found in one sample. seconds: None of what is no film."""

    number: int
    seconds: float | None
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A temporary record in one stretch of a deliverable.

    finding: of the frame that shows it best, false alarms over all of the deliverable. frames: the
    numbers, from 0, of those that were looked at and show it. first, last: their seconds, None of a
    picture. channels: those that saw it in any frame. certain: whether it keeps the policy's
    promise; otherwise it is told as possible.
    """

    finding: Finding
    frames: tuple[int, ...]
    first: float | None
    last: float | None
    channels: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What was found of temporary material in one file.

    kind: "film", "picture", None for what is neither. seconds, rate: of a film, as in Clip.
    looked_at: distinct frames. sightings: in the order in which they come. coverage, reason: as in
    Screening, coverage is None where the file is neither.
    """

    path: str
    sha256: str | None = None
    kind: str | None = None
    seconds: float | None = None
    rate: float | None = None
    looked_at: int = 0
    sightings: tuple[Sighting, ...] = ()
    coverage: Coverage | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Return whether temporary material is in it."""
        return any(sighting.certain for sighting in self.sightings)

    @property
    def unfinished(self) -> bool:
        """Return whether what was looked at is too little to say that there is none."""
        return self.coverage in {Coverage.INSUFFICIENT, Coverage.UNREAD}


@dataclass(slots=True)
class Tally:
    """What the frames of one deliverable gave so far."""

    looked_at: int = 0
    seen: list[Seen] = field(default_factory=list)
    channels: dict[str, ChannelReport] = field(default_factory=dict)
    _shown: tuple[Finding, ...] = ()

    def add(
        self,
        number: int,
        seconds: float | None,
        findings: Sequence[Finding],
        channels: Mapping[str, ChannelReport],
    ) -> None:
        """Add a frame that was looked at.

        A channel has done what it did in the frame where it could do most: a plain frame, as in
        every fade, shows nothing that could be missed.
        """
        self.looked_at += 1
        self._shown = tuple(findings)
        for name, report in channels.items():
            kept = self.channels.get(name)
            if kept is None or report.state is ChannelState.RAN:
                self.channels[name] = report
        self._see(number, seconds)

    def repeat(self, number: int, seconds: float | None) -> None:
        """Add a frame that shows what the last one did."""
        self._see(number, seconds)

    def _see(self, number: int, seconds: float | None) -> None:
        self.seen += (Seen(number=number, seconds=seconds, finding=one) for one in self._shown)

    def sightings(self, *, flag_at: float) -> tuple[Sighting, ...]:
        """Return what was seen, stretch by stretch, as it first comes.

        Frames that are certain make a stretch, and its ends; those that are only possible count in
        it where they lie between, and elsewhere make stretches of their own.
        """
        certain: defaultdict[str, list[Seen]] = defaultdict(list)
        possible: defaultdict[str, list[Seen]] = defaultdict(list)
        for one in self.seen:
            rare = one.finding.false_alarms * self.looked_at <= flag_at
            (certain if rare else possible)[one.finding.record.id].append(one)
        found = []
        for record_id in certain.keys() | possible.keys():
            left = possible[record_id]
            for stretch in _stretches(certain[record_id]):
                first, last = stretch[0].number, stretch[-1].number
                within = [one for one in left if first < one.number < last]
                left = [one for one in left if not first < one.number < last]
                found.append(_sighting([*stretch, *within], frames=self.looked_at, certain=True))
            found += [
                _sighting(one, frames=self.looked_at, certain=False) for one in _stretches(left)
            ]
        return tuple(sorted(found, key=lambda one: (one.frames[0], one.finding.false_alarms)))


def _stretches(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Return what was seen of a record, cut where it was away for longer; of a picture in one."""
    stretches: list[list[Seen]] = []
    for one in seen:
        before = stretches[-1][-1].seconds if stretches else None
        if not stretches or (one.seconds or 0.0) - (before or 0.0) > SAME_SHOT_SECONDS:
            stretches.append([])
        stretches[-1].append(one)
    return stretches


def _sighting(seen: Sequence[Seen], *, frames: int, certain: bool) -> Sighting:
    shown = sorted(seen, key=lambda one: one.number)
    best = min((one.finding for one in shown), key=lambda finding: finding.false_alarms)
    over_all = replace(
        best, false_alarms=best.false_alarms * frames, measured_to=best.measured_to * frames
    )
    named = (best, *(one.finding for one in shown))
    return Sighting(
        finding=over_all,
        frames=tuple(one.number for one in shown),
        first=shown[0].seconds,
        last=shown[-1].seconds,
        channels=tuple(dict.fromkeys(e.channel for one in named for e in one.channels)),
        certain=certain,
    )


def timecode(seconds: float, rate: float | None) -> str:
    """Return a place in a film as HH:MM:SS:FF, counted in frames and without drops.

    rate: frames a second; where they are not evenly spaced, None, the last part is milliseconds:
    HH:MM:SS.mmm. The film's beginning is 00:00:00:00, whatever timecode it carries.
    """
    if rate is None:
        whole, thousandths = divmod(round(seconds * 1000), 1000)
        return f"{_clock(whole)}.{thousandths:03d}"
    whole, frame = divmod(round(seconds * rate), max(1, round(rate)))
    return f"{_clock(whole)}:{frame:02d}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
