"""The one place where what decoders raise and warn becomes an UnreadError."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ImageFile

from screening.errors import UnreadError

_CUT_SHORT = (
    "truncat",
    "unexpected end",
    "end of file",
    "not enough image data",
    "buffer is not",
    "buffer is smaller",
    "requires a buffer",
    "index out of range",
)
_LONGEST = 90
_FILTERS = threading.RLock()


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn anything a decoder of the named format raises into an UnreadError with a short reason.

    Decoders raise nearly every built-in exception on hostile bytes; KeyboardInterrupt and
    SystemExit pass. Nothing is decoded while the process has Pillow set to load truncated images:
    half a picture would pass for a whole one.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise UnreadError(
            "Pillow is set to load truncated images; "
            "set PIL.ImageFile.LOAD_TRUNCATED_IMAGES to False"
        )
    try:
        yield
    except UnreadError:
        raise
    except MemoryError as error:
        raise UnreadError(f"not enough memory for this {what}") from error
    except Exception as error:
        raise UnreadError(_reason(what, str(error))) from error


def _reason(what: str, said: str) -> str:
    if any(sign in said.lower() for sign in _CUT_SHORT):
        return f"truncated {what}"
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    detail = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    return f"broken {what}: {detail}" if detail else f"broken {what}"


@contextmanager
def quiet(*, needed: bool = True) -> Iterator[None]:
    """Silence Python warnings of decoders that are known to warn.

    The filters belong to the whole process, so one thread at a time changes and restores them;
    decoders that never warn pay nothing.
    """
    if not needed:
        yield
        return
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
