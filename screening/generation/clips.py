"""What the container of a clip says of its making: its tags, by PyAV; no frame is shown.

ComfyUI and its video nodes write graphs there, each in a tag or all in the comment. C2PA manifests
of clips are not looked for, and that is a problem of each.
"""

from contextlib import ExitStack
from io import BytesIO
from typing import BinaryIO

from screening.errors import UnreadError
from screening.generation.reading import Reading
from screening.images.boundary import decoding
from screening.images.files import WITHOUT_VIDEO, ClipFile, plays_video

_TAGS = frozenset((
    "title", "comment", "description", "synopsis", "prompt", "workflow", "parameters", "artist",
    "author", "copyright", "software",
))  # fmt: skip
# tags stand in the head of a file; what streams hold is of no interest
_OPTIONS = {"probesize": "65536", "analyzeduration": "0"}
_MAX_TAGS = 1000


def clip_texts(
    clip: ClipFile | tuple[BytesIO, str], reading: Reading
) -> list[tuple[str, str, str]]:
    """Return what the tags of a clip's file and of its streams say: part of the file, key, text.

    clip: its file, or its bytes and the demuxer for them.
    """
    if not plays_video():
        reading.problem(WITHOUT_VIDEO)
        return []
    try:
        tags = _tags(clip)
    except UnreadError as error:
        reading.problem(f"clip: {error.reason}")
        return []
    reading.problem("clip: a C2PA manifest is not looked for")
    texts = dict[tuple[str, str], None]()
    for name, text in tags[:_MAX_TAGS]:
        key = name.rpartition(".")[2].lower()
        if key in _TAGS or "prompt" in key or text.startswith("{"):
            texts[key, text] = None
    return [("clip", key, text[: reading.room(f"tag {key!r}", len(text))]) for key, text in texts]


def _tags(clip: ClipFile | tuple[BytesIO, str]) -> list[tuple[str, str]]:
    import av

    with ExitStack() as stack, decoding("video"):
        stream: BinaryIO
        if isinstance(clip, ClipFile):
            stream, demuxer = stack.enter_context(clip.opened()), clip.demuxer
        else:
            stream, demuxer = clip
        container = av.open(
            stream, "r", format=demuxer, options=_OPTIONS, metadata_errors="replace",
            io_open=_nothing_else,
        )  # fmt: skip
        stack.callback(container.close)
        parts = (container.metadata, *(one.metadata for one in container.streams))
        return [tag for part in parts for tag in part.items()]


def _nothing_else(url: str, _flags: int, _options: dict[str, str]) -> BinaryIO:
    raise FileNotFoundError(f"{url} is not opened")
