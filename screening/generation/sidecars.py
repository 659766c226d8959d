"""What tools write beside a picture: which files are read, and how.

Beside ``DIR/name.ext`` these are looked for, in this order, and nothing else of the folder is read:

- ``name.ext.json``, as gallery-dl and other downloaders write it
- ``name.json``, as Easy Diffusion does, and nodes of ComfyUI
- ``name.swarm.json``, as SwarmUI does
- ``name.ext.txt``, tags that gallery-dl writes
- ``name.txt``, as AUTOMATIC1111, its forks, Easy Diffusion, SwarmUI and programs for captions do
- ``name.caption``, as programs for training do

Pictures that differ by their extension alone share those without it. A name is taken as it is, in
lower case. Only regular files are opened, links to such included; bytes that are a picture's are
screened as one and are no sidecar.
"""

import codecs
import os
import stat
from collections.abc import Sequence

from screening.errors import UnreadError
from screening.generation.reading import MAX_TEXT, Reading, decoded, taken
from screening.generation.texts import BESIDE, read_texts
from screening.images.formats import HEAD_BYTES, classify

Sidecar = tuple[str, bytes | UnreadError]
"""The name of a file beside a picture, without its folder; its bytes, or why there are none."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# a pipe must not be waited for, a terminal not taken over, and Windows not translate line ends
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


def sidecars_of(path: str | os.PathLike[str]) -> list[Sidecar]:
    """Return the sidecars of a picture that are there, each up to one byte more than is read."""
    picture = os.fspath(path)
    stem = os.path.splitext(picture)[0]  # noqa: PTH122  a fourth of the time
    places = (
        f"{picture}.json", f"{stem}.json", f"{stem}.swarm.json",
        f"{picture}.txt", f"{stem}.txt", f"{stem}.caption",
    )  # fmt: skip
    found = list[Sidecar]()
    for place in dict.fromkeys(places):
        if place == picture:
            continue
        try:
            content: bytes | UnreadError = _content(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            if not os.path.lexists(place):  # a longer name than there may be is nobody's
                continue
            content = UnreadError((error.strerror or type(error).__name__).lower())
        found.append((os.path.basename(place), content))  # noqa: PTH119
    return found


def read_sidecars(beside: Sequence[Sidecar], reading: Reading) -> None:
    """Note what sidecars say, after all that the picture's own bytes said.

    A text is UTF-16 where it begins with its mark, else UTF-8, else Latin-1. One that has the form
    of no tool is a prompt of kind OTHER. What is unread, cut or no text is a problem, which names
    the sidecar by its extension: a name often holds a prompt.
    """
    texts = list[tuple[str, str, str]]()
    for name, content in beside:
        what = f"sidecar {os.path.splitext(name)[1]}"  # noqa: PTH122
        if isinstance(content, UnreadError):
            reading.problem(f"{what}: {content.reason}")
            continue
        if classify(content[:HEAD_BYTES]).format is not None:
            continue
        text = _text(taken(what, content, reading))
        if "\0" in text:
            reading.problem(f"{what}: not a text")
            continue
        reading.sidecar(name)
        texts.append((BESIDE, what, text))
    read_texts(texts, reading)


def _content(place: str) -> bytes | UnreadError:
    descriptor = os.open(place, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return UnreadError("not a regular file")
        with open(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_TEXT + 1)
    finally:
        os.close(descriptor)


def _text(data: bytes) -> str:
    return data.decode("utf-16", "replace") if data.startswith(_UTF16) else decoded(data)
