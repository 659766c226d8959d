"""The version, as installed."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("screening")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
