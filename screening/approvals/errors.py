"""What can go wrong with the store, one class per thing a caller can act on."""

from typing import Self

from screening.errors import ScreeningError


class StoreError(ScreeningError):
    """Any failure of the store; what was on record before is on record still."""


class StoreMissingError(StoreError):
    """There is no store where one is said to be."""

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the error about a store that is not there."""
        return cls(
            f"{name}: there is no store; the first 'screening submit' or 'screening dismiss' makes "
            "it, --store names another"
        )


class StoreFormatError(StoreError):
    """What is there is no store, or one of a newer version."""


class StoreDamagedError(StoreError):
    """The store cannot be read, or was altered from outside."""


class StoreBusyError(StoreError):
    """Another process holds the store."""


class StoreStorageError(StoreError):
    """The store refuses a write or cannot be reached: read-only, no permission, disk full."""


class StoreKeyError(StoreError):
    """The key file of the store is lost, damaged or of another store."""


class StoreToolsMissingError(StoreError):
    """Software that the store needs is not installed; the message names the extra."""


class CheckpointError(StoreError):
    """A checkpoint cannot be read, or was not signed as it stands."""
