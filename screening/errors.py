"""What can go wrong when images are screened, one class per thing a caller can act on."""


class ScreeningError(Exception):
    """Any failure of a screening; the message says what, got, expected and next step."""


class UnreadError(ScreeningError):
    """A file, or a frame of it, could not be turned into pixels.

    ``reason`` is short enough for a line of the report and does not name the file.
    """

    @property
    def reason(self) -> str:
        """Why, in a few words: ``truncated PNG``, ``permission denied``."""
        return str(self.args[0])


class PathMissingError(ScreeningError):
    """There is nothing at a path that was to be screened."""


class InputInvalidError(ScreeningError, TypeError, ValueError):
    """A value handed over by the caller is not what the function takes."""


class PolicyError(ScreeningError):
    """There is no such policy, or it cannot be used."""


class ConfigError(ScreeningError):
    """A ``screening.toml`` cannot be read or says something that is not understood."""


class CalibrationError(ScreeningError):
    """An index cannot be calibrated, or its calibration does not belong to this version."""


class RecordsFileError(ScreeningError):
    """A records file cannot be read, or a row of it is not a record."""


class OutputError(ScreeningError):
    """A report cannot be written where it was asked for."""


class WorkerError(ScreeningError):
    """The processes that decode cannot be started."""


class ReferenceUnavailableError(ScreeningError):
    """The picture of a reference cannot be looked at where it is said to be."""


class ModelMissingError(ScreeningError):
    """Weights that are needed are not there; the message says how to get them.

    It reads ``reason: mend``.
    """

    @property
    def reason(self) -> str:
        """What is missing, for whom."""
        return str(self.args[0]).partition(": ")[0]

    @property
    def mend(self) -> str:
        """What to do about it."""
        return str(self.args[0]).partition(": ")[2]


class OtherWeightsError(ScreeningError):
    """An index was built with other weights than those here; the message names both.

    Nothing can be compared: a screening by the rest alone would pass for a whole one.
    """


class ModelBrokenError(ScreeningError):
    """A file of weights cannot be used: damaged, or not of the kind that its card says."""


class ModelCardError(ScreeningError):
    """The card of a file of weights cannot be read, or says something that is not understood."""


class ModelStoreError(ScreeningError):
    """The folder of weights cannot be written to; nothing in it was changed."""


class ModelToolsMissingError(ModelMissingError):
    """Software that is needed for weights is not installed; the message names the extra."""


class HubError(ScreeningError):
    """The hub cannot be reached, or gives something else than a card says."""


class BundleError(ScreeningError):
    """A bundle of weights cannot be used; the folder of weights was not changed."""
