"""What the false alarms of each index rest on: its own calibration, or the figures that ship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from reference_index import ReferenceIndex
from reference_index.calibration import CalibrationState
from screening.calibration.paths import path_json
from screening.matching import channels_of
from screening.report.words import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCalibration:
    """The calibration of one index, as far as it was compared with.

    channels: of each channel with references, what its figures are. added: how many references it
    has more than when it was calibrated, 0 where that is not known.
    """

    index: str
    channels: Mapping[str, CalibrationState]
    added: int = 0

    @classmethod
    def of(cls, index: ReferenceIndex) -> Self:
        """Return that of an index. Raises CalibrationError."""
        searched = {
            one.name: found for one in channels_of([index]) for found in one.searched([index])
        }
        stale = [one for one in searched.values() if one.calibration == "stale"]
        return cls(
            index=str(index.path),
            channels={name: one.calibration for name, one in searched.items()},
            added=max((one.references - one.null.references for one in stale), default=0),
        )

    @property
    def state(self) -> CalibrationState | None:
        """The worst of the channels': stale, default, own; None where there was no search."""
        states: Sequence[CalibrationState] = ("stale", "default", "own")
        return next((state for state in states if state in self.channels.values()), None)

    @property
    def in_words(self) -> str:
        """A line of the summary; nothing where there was no search."""
        name = printable(self.index)
        mend = f"screening calibrate {name} --background FOLDER"
        added = (  # fewer where some were removed too
            f"{self.added:,} references were added"
            if self.added > 1
            else "records were added or changed"
        )
        return {
            None: "",
            "own": f"Thresholds: {name} has a calibration of its own.",
            "default": "Thresholds: default figures of the package; calibrate with your own "
            f"background: {mend}",
            "stale": f"Thresholds: calibration is stale: {added} since; calibrate again: {mend}",
        }[self.state]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return path_json(self.index, key="index") | {
            "state": self.state,
            "channels": dict(self.channels),
        }
