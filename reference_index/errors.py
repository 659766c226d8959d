"""What can go wrong with a reference index, one class per thing a caller can act on."""


class ReferenceIndexError(Exception):
    """Any failure of a reference index; the message says what, got, expected and next step."""


class RecordInvalidError(ReferenceIndexError, ValueError):
    """A record, or a field of it, cannot be what it claims to be."""


class IndexMissingError(ReferenceIndexError):
    """There is no reference index at the path."""


class IndexDamagedError(ReferenceIndexError):
    """A file of the index is missing, altered or cut short."""


class IndexFormatError(ReferenceIndexError):
    """The index was written in a format, or with settings, that this version cannot use."""


class IndexBusyError(ReferenceIndexError):
    """Another process is writing to the index."""


class IndexStorageError(ReferenceIndexError):
    """The disk refused a write (full, read-only, no permission); the old state is whole."""


class UnknownRecordError(ReferenceIndexError, LookupError):
    """No live record has this id."""
