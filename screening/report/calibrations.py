"""What the false alarms of each index rest on: its own calibration, or the figures that ship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from reference_index import ReferenceIndex
from reference_index.calibration import Calibration, CalibrationState
from screening.calibration.paths import path_json
from screening.matching import channels_of, null_of
from screening.matching.name_channel import has_names
from screening.matching.settings import NAME_CHANNEL
from screening.names.forms import NAMED
from screening.report.words import printable


def prompts_of(calibration: Calibration | None) -> int:
    """Return how many prompts the names of an index were calibrated with, 0 where they were not."""
    names = calibration and calibration.channels.get(NAME_CHANNEL)
    return names.null.images if names else 0


def calibrated_with(*, images: int, prompts: int) -> str:
    """Return with how many images and prompts an index was calibrated, in words."""
    counts = ((images, "images"), (prompts, "prompts"))
    return " and ".join(f"{count} {what}" for count, what in counts if count)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCalibration:
    """The calibration of one index, as far as it was compared with.

    channels: of each channel with references, what its figures are. added: how many references it
    has more than when it was calibrated, 0 where that is not known. prompts: how many prompts its
    names were calibrated with, 0 where they were not.
    """

    index: str
    channels: Mapping[str, CalibrationState]
    added: int = 0
    prompts: int = 0

    @classmethod
    def of(cls, index: ReferenceIndex, *, pictures: bool = True) -> Self:
        """Return that of an index. pictures: whether any are screened, or prompts alone.

        Raises CalibrationError.
        """
        channels = channels_of([index]) if pictures else ()
        searched = {one.name: found for one in channels for found in one.searched([index])}
        added = [
            one.references - one.null.references
            for one in searched.values()
            if one.calibration == "stale"
        ]
        states = {name: one.calibration for name, one in searched.items()}
        if has_names(index) and (names := null_of(index, NAME_CHANNEL)):
            null, states[NAME_CHANNEL] = names
            if states[NAME_CHANNEL] == "stale":
                records = sum(record.kind in NAMED for record in index.records())
                added.append(records - null.references)
        return cls(
            index=str(index.path),
            channels=states,
            added=max(added, default=0),
            prompts=prompts_of(index.calibration),
        )

    @property
    def state(self) -> CalibrationState | None:
        """The worst of the channels': stale, default, own; None where there was no search.

        That names go by the figures that ship is told where nothing but names is searched.
        """
        told = {
            state
            for name, state in self.channels.items()
            if name != NAME_CHANNEL or state != "default" or len(self.channels) == 1
        }
        states: Sequence[CalibrationState] = ("stale", "default", "own")
        return next((state for state in states if state in told), None)

    @property
    def in_words(self) -> str:
        """A line of the summary; nothing where there was no search."""
        name = printable(self.index)
        state = self.state
        names = self.channels.get(NAME_CHANNEL) == state and (
            state == "stale" or len(self.channels) == 1
        )
        pictures = any(
            s == state for channel, s in self.channels.items() if channel != NAME_CHANNEL
        )
        options = ("--background FOLDER" if pictures else "", "--prompts FILE" if names else "")
        mend = " ".join(filter(None, (f"screening calibrate {name}", *options)))
        what = "background" if pictures else "prompts"
        added = (  # fewer where some were removed too
            f"{self.added:,} {'references' if pictures else 'records'} were added"
            if self.added > 1
            else "records were added or changed"
        )
        return {
            None: "",
            "own": f"Thresholds: {name} has a calibration of its own.",
            "default": "Thresholds: default figures of the package; calibrate with your own "
            f"{what}: {mend}",
            "stale": f"Thresholds: calibration is stale: {added} since; calibrate again: {mend}",
        }[state]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return path_json(self.index, key="index") | {
            "state": self.state,
            "channels": dict(self.channels),
            "prompts": self.prompts,
        }
