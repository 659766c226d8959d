"""Screening: everything said about one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from screening.decision import NETFLIX_GENAI, Coverage, Judged, Policy, Role, Verdict
from screening.generation import Generation
from screening.matching import ChannelReport, RankedCandidate

Basis = Literal["false_alarms", "raw_score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A picture that was fed to the generator, as far as it was found and looked at.

    name: as the metadata of what was made has it, else its own. path: None where it was not found;
    sha256, verdict and coverage are then None too. verdict: as a picture of role INPUT. reason: why
    it was not found or not looked at completely, in words.
    """

    name: str
    path: str | None = None
    sha256: str | None = None
    verdict: Verdict | None = None
    coverage: Coverage | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What was found in one image, how far it could be looked at, and on what evidence.

    path: as seen, None for pixels that came from memory; undecodable bytes in it are escaped the
    way ``os.fsdecode`` does. sha256: of the file's bytes, None where they were not read.
    verdict: None where nothing could be looked at (``coverage`` is UNREAD) and where the file is
    no image (``coverage`` is None too). reason: why coverage is not complete, in words.
    findings: strongest first, each with what it alone comes to; after the picture's own those of
    its inputs, which say so. candidates: the investigation list,
    best first, whatever the score; empty unless asked for. channels: what each channel did.
    clauses: those that the verdict rests on. notes: what was unusual about the file. generation:
    what it says of how it was made, prompts and all, None where it says nothing. policy: whose
    rules held. inputs: the pictures that were fed to the generator. elapsed_ms: decoding, search
    and decision, without those of inputs.
    """

    path: str | None
    sha256: str | None
    role: Role
    verdict: Verdict | None
    coverage: Coverage | None
    reason: str | None
    findings: tuple[Judged, ...] = ()
    candidates: tuple[RankedCandidate, ...] = ()
    channels: Mapping[str, ChannelReport]
    clauses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    generation: Generation | None = None
    policy: Policy = NETFLIX_GENAI
    inputs: tuple[Input, ...] = ()
    elapsed_ms: float = 0.0

    @property
    def is_image(self) -> bool:
        """Return whether the file is, or may hold, a picture."""
        return self.coverage is not None

    @property
    def flagged(self) -> bool:
        """Return whether somebody has to act: approval is needed, or the picture is blocked."""
        return self.verdict is not None and self.verdict.flagged

    @property
    def own_findings(self) -> tuple[Judged, ...]:
        """Return the findings of the picture itself, without those of its inputs."""
        return tuple(one for one in self.findings if not one.input)

    @property
    def decisive(self) -> Judged | None:
        """Return the strongest of the findings that the verdict rests on, None without findings."""
        return max(self.findings, key=lambda one: one.verdict.rank, default=None)

    def basis(self, finding: Judged) -> Basis:
        """Return "raw_score" where that alone flags a finding, which promises no false alarms."""
        return "raw_score" if finding.raw else "false_alarms"

    @property
    def unfinished(self) -> bool:
        """Return whether what was looked at is too little to say that nothing was found."""
        return self.coverage in {Coverage.INSUFFICIENT, Coverage.UNREAD}
