"""What a declaration cannot be."""

from screening.errors import ScreeningError


class DeclarationError(ScreeningError):
    """A ``usage.toml`` is not there, cannot be read, or says something that is not understood."""
