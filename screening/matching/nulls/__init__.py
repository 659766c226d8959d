"""Default null figures of the channels that ship, computed by scripts in benchmarks/."""

from functools import lru_cache
from importlib.resources import files

from reference_index.calibration import NullDistribution


@lru_cache
def default_null(channel: str) -> NullDistribution:
    """Return the null figures that ship for a channel: hash.json for ``hash``."""
    return NullDistribution.from_json(files(__name__).joinpath(f"{channel}.json").read_text())
