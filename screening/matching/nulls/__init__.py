"""What chance does on each channel of an index: its own calibration, else the figures that ship."""

from functools import lru_cache
from importlib.resources import files

from reference_index import ReferenceIndex
from reference_index.calibration import CalibrationState, NullDistribution
from screening.errors import CalibrationError
from screening.matching.settings import SETTINGS


@lru_cache
def default_null(channel: str) -> NullDistribution:
    """Return the null figures that ship for a channel, made by scripts/ship_nulls."""
    return NullDistribution.from_json(files(__name__).joinpath(f"{channel}.json").read_text())


def null_of(index: ReferenceIndex, channel: str) -> tuple[NullDistribution, CalibrationState]:
    """Return what holds for a channel of an index, and where it is from.

    Its own calibration wins over the figures that ship, also where references were added since:
    then it is "stale". Raises CalibrationError where it was made with other settings than
    this version's, so that its scores say nothing of those made here.
    """
    calibration = index.calibration
    if calibration is None or channel not in calibration.channels:
        return default_null(channel), "default"
    own = calibration.channels[channel].null
    if own.settings != SETTINGS[channel]:
        raise CalibrationError(
            f"{index.path}: the {channel} channel was calibrated with {own.settings!r}, this "
            f"version has {SETTINGS[channel]!r}: calibrate again (screening calibrate "
            f"{index.path} --background FOLDER), or go back to the figures that ship (screening "
            f"calibrate {index.path} --discard)"
        )
    return own, calibration.state(index.next_id)
