"""Findings: one record with the channels that speak for it, and the evidence of each."""

from dataclasses import dataclass
from enum import StrEnum

from reference_index import Record
from reference_index.calibration import CalibrationState
from reference_index.fingerprint import HASH_CHANNEL, LOCAL_CHANNEL

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]
WHOLE_PICTURE: Quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class ChannelState(StrEnum):
    """How far a channel could look at a picture."""

    RAN = "ran"
    WEAK = "weak"
    UNAVAILABLE = "unavailable"
    NO_REFERENCES = "no_references"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport:
    """What one channel did on one picture, why not more, and the command that would mend it."""

    state: ChannelState
    reason: str | None = None
    mend: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen:
    """Which face of a picture it is, and how well it can be seen.

    number, of: its place among the faces of the frame, the largest first, from 1. detector: the
    detector's score, 0 to 1. width: px of the original picture. frontal: from 0, a profile, to 1.
    sharpness: at least 0. drawn: whether it is drawn, painted or rendered, not photographed.
    """

    number: int
    of: int
    detector: float
    width: float
    frontal: float
    sharpness: float
    drawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSeen:
    """Which words name a record, and where they stand.

    source: "prompt", "model" or "LoRA". words: as they stand there. name: the title or alias that
    they are. cue: the phrase beside them that tells a name, "" for none. how: "misspelled",
    "inflected" or "" for as it is.
    """

    source: str
    words: str
    name: str
    cue: str
    how: str

    @property
    def place(self) -> str:
        """Return where they stand: "the prompt", "the name of a LoRA"."""
        return "the prompt" if self.source == "prompt" else f"the name of a {self.source}"

    @property
    def in_words(self) -> str:
        """Return what stands where: “rutkowsky” in the prompt, misspelled, as in “art by ...”."""
        said = [f"“{self.words}” in {self.place}", self.how, self.cue and f"as in “{self.cue}”"]
        return ", ".join(filter(None, said))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvidence:
    """What one channel says for a record.

    score: raw, in ``unit``, higher is closer. false_alarms: of this search alone, before fusion.
    reference_image: its sha256, empty where the record's words matched.
    transform: how the picture differs from the reference image, or which words name the record and
    where, in words. region: where the
    reference shows in the picture, reference_region: what of the reference shows, corner by corner;
    share and reference_share: of the area of each. inliers: features that fit the transformation.
    face: the face that it is about. named: the words that it is about, which were fed to a
    generator: such evidence is not of the picture.
    """

    channel: str
    score: float
    unit: str
    false_alarms: float
    extrapolated: bool
    measured_to: float
    calibration: CalibrationState
    reference_image: str
    transform: str
    frame: int
    region: Quad = WHOLE_PICTURE
    reference_region: Quad = WHOLE_PICTURE
    share: float = 1.0
    reference_share: float = 1.0
    inliers: int | None = None
    face: FaceSeen | None = None
    named: NameSeen | None = None

    @property
    def located(self) -> bool:
        """Return whether the channel sees where the reference shows."""
        return self.inliers is not None or self.face is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedBy:
    """The cleared reference that explains a finding: owned, licensed or stock; see ``cleared``.

    channel: on which it does so where the finding is most improbable. reference_image: its sha256.
    """

    record_id: str
    title: str
    channel: str
    reference_image: str

    @property
    def words(self) -> str:
        """Return one sentence's worth of it, to stand beside the finding."""
        how = _HOW.get(self.channel, "found in the same place, and no less alike")
        return f"explained by the cleared picture “{self.title}” ({self.channel}, {how})"


_HOW = {HASH_CHANNEL: "the nearer of the two", LOCAL_CHANNEL: "covers the same place"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One record that a picture resembles.

    false_alarms: how many unrelated records would look this alike by chance, over all channels,
    indexes and frames searched; above 0, may exceed 1. measured_to: the smallest such number that
    a channel vouches for by what was measured rather than extrapolated. channels: one each, the
    most improbable first. region: corners in fractions of width and height, by the channel that
    sees where. cleared: the cleared reference that explains it better, if one does. input: the path
    of the picture fed to the generator that it is about, region and all; "" for the picture itself.
    """

    record: Record
    false_alarms: float
    measured_to: float
    channels: tuple[ChannelEvidence, ...]
    region: Quad
    frame: int
    clauses: tuple[str, ...] = ()
    cleared: ClearedBy | None = None
    input: str = ""

    @property
    def strength(self) -> str:
        """Return "strong", "moderate" or "faint"."""
        if self.false_alarms <= 1e-6:
            return "strong"
        return "moderate" if self.false_alarms <= 1e-3 else "faint"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCandidate:
    """One record of the investigation list, whatever its score; false_alarms is fused."""

    record: Record
    channel: str
    score: float
    false_alarms: float
