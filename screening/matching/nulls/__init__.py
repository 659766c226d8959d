"""What chance does on each channel of an index: its own calibration, else the figures that ship."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from reference_index import ReferenceIndex
from reference_index.calibration import CalibrationState, NullDistribution
from screening.errors import CalibrationError
from screening.matching.settings import SETTINGS, settings_of


@lru_cache
def shipped() -> Mapping[tuple[str, str], NullDistribution]:
    """Return the null figures that ship, made by scripts/ship_nulls, by channel and settings."""
    texts = [file.read_text() for file in files(__name__).iterdir() if file.name.endswith(".json")]
    nulls = map(NullDistribution.from_json, texts)
    return {(null.channel, null.settings): null for null in nulls}


def default_null(channel: str, settings: str | None = None) -> NullDistribution | None:
    """Return the null figures that ship for a channel with such settings, if there are any.

    settings: as ``settings_of`` gives them; without, those of a channel that needs no model.
    """
    return shipped().get((channel, settings or SETTINGS.get(channel, "")))


def null_of(
    index: ReferenceIndex, channel: str
) -> tuple[NullDistribution, CalibrationState] | None:
    """Return what holds for a channel of an index, and where it is from; None if nothing does.

    Its own calibration wins over the figures that ship, also where references were added since:
    then it is "stale". Raises CalibrationError where it was made with other settings than
    this version's, so that its scores say nothing of those made here.
    """
    calibration, settings = index.calibration, settings_of(index, channel)
    if calibration is None or channel not in calibration.channels:
        default = default_null(channel, settings) if settings else None
        return (default, "default") if default else None
    own = calibration.channels[channel].null
    if own.settings != settings:
        raise CalibrationError(
            f"{index.path}: the {channel} channel was calibrated with {own.settings!r}, this "
            f"version has {settings!r}: calibrate again (screening calibrate "
            f"{index.path} --background FOLDER), or go back to the figures that ship (screening "
            f"calibrate {index.path} --discard)"
        )
    return own, calibration.state(index.next_id)
