"""What a benchmark cannot be made of."""

from screening.errors import ScreeningError


class BenchmarkError(ScreeningError):
    """The pictures given cannot be measured, or a file given is not what it should be."""
