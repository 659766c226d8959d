"""What can go wrong when a page is made."""

from screening.errors import ScreeningError


class PageToolsMissingError(ScreeningError):
    """Software that pages need is not installed; the message names the extra."""
