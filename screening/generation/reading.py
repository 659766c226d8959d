"""One file being read: what was found so far, and how much more may be."""

import re
import time
import zlib
from dataclasses import dataclass, field

from screening.generation.generation import Claim, Generation, Manifest, PromptKind

MAX_TEXT = 1024 * 1024
"""Bytes of one text or block of metadata; a graph of ComfyUI has some ten thousand."""

_MAX_TOTAL = 4 * 1024 * 1024
_MAX_SECONDS = 0.5
_MAX_PROMPTS = 1000
_MAX_NAMES = 200
_MAX_NAME = 300
_MAX_VALUE = 2000
_MAX_PROBLEMS = 30
_MAX_SEED_BITS = 64

_LORA = re.compile(r"<(?:lora|lyco|hypernet):([^:<>]{1,200})")
_NO_NAMES = frozenset(("", "none", "null", "default", "default (model)", "automatic", "baked vae"))


@dataclass(slots=True, kw_only=True)
class Blocks:
    """The metadata of a file as its container holds them, nothing in them read.

    texts: name of the part, key, text. manifest_bytes: size of the C2PA store, 0 without one.
    """

    texts: list[tuple[str, str, str]] = field(default_factory=list)
    exif: list[bytes] = field(default_factory=list)
    xmp: list[bytes] = field(default_factory=list)
    iptc: list[bytes] = field(default_factory=list)
    manifest_bytes: int = 0


class Reading:
    """Collects what is found, each thing once, and knows when to stop.

    A file has so many bytes of metadata, decompressed and those of its sidecars included, and so
    much of its thread's own time, from construction on. What is cut is a problem that says so.
    """

    def __init__(self) -> None:
        self._deadline = time.thread_time() + _MAX_SECONDS
        self._left = _MAX_TOTAL
        self._tool: str | None = None
        self._version: str | None = None
        self._prompts: dict[tuple[PromptKind, str], None] = {}
        self._descriptions: dict[str, None] = {}
        self._models: dict[str, None] = {}
        self._loras: dict[str, None] = {}
        self._seeds: dict[int, None] = {}
        self._images: dict[str, None] = {}
        self._claims: dict[Claim, None] = {}
        self._sidecars: dict[str, None] = {}
        self._problems: dict[str, None] = {}
        self.manifest: Manifest | None = None

    @property
    def late(self) -> bool:
        """Whether the file has had its time; the first to ask notes it."""
        over = time.thread_time() > self._deadline
        if over:
            self.problem("took too long: the rest of the metadata was not read")
        return over

    @property
    def has_positive(self) -> bool:
        """Whether a positive prompt was found."""
        return any(kind is PromptKind.POSITIVE for kind, _ in self._prompts)

    def room(self, what: str, size: int) -> int:
        """Return how many of so many bytes may be taken, and take them off what is left."""
        allowed = max(0, min(size, MAX_TEXT, self._left))
        self._left -= allowed
        if allowed < size:
            self.problem(f"{what}: cut to {allowed:,} bytes")
        return allowed

    def problem(self, words: str) -> None:
        """Note what could not be read and why."""
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems[_line(words, _MAX_NAME)] = None

    def tool(self, name: str, version: str = "") -> None:
        """Note the generator; the first to be named stays, its version may be told later."""
        self._tool = self._tool or _line(name, _MAX_NAME) or None
        if version and self._version is None and self._tool == name:
            self._version = _line(version, _MAX_NAME)

    def prompt(self, kind: PromptKind, text: str) -> None:
        """Note a text, and the LoRAs that it calls."""
        text = text.strip()
        if not text or (kind, text) in self._prompts:
            return
        if len(self._prompts) >= _MAX_PROMPTS:
            self.problem(f"more than {_MAX_PROMPTS:,} texts: the others were not kept")
            return
        self._prompts[kind, text] = None
        for name in _LORA.findall(text):
            self.lora(name)

    def description(self, text: str) -> None:
        """Note a caption: beside the name of a generator it is what was asked for."""
        if len(self._descriptions) < _MAX_NAMES:
            self._descriptions[text.strip()] = None

    def model(self, name: str) -> None:
        """Note the name of a model."""
        _add(self._models, name)

    def lora(self, name: str) -> None:
        """Note the name of a LoRA."""
        _add(self._loras, name)

    def image(self, name: str) -> None:
        """Note the name of a picture that was fed in."""
        _add(self._images, name)

    def seed(self, value: int) -> None:
        """Note a seed; below 0 it means: any."""
        if 0 <= value < 1 << _MAX_SEED_BITS and len(self._seeds) < _MAX_NAMES:
            self._seeds[value] = None

    def claim(self, source: str, name: str, value: str) -> None:
        """Note what a part of the file says."""
        value = _line(value, _MAX_VALUE)
        if value and len(self._claims) < _MAX_NAMES:
            self._claims[Claim(source=source, name=name, value=value)] = None

    def sidecar(self, name: str) -> None:
        """Note the name of a file beside the picture that is read."""
        if len(self._sidecars) < _MAX_NAMES:
            self._sidecars[_line(name, _MAX_NAME)] = None

    def done(self) -> Generation:
        """Return what was found."""
        asked = self._tool is not None and not self.has_positive
        for text in self._descriptions:
            self.prompt(PromptKind.POSITIVE if asked else PromptKind.OTHER, text)
        told = {text for kind, text in self._prompts if kind is not PromptKind.OTHER}
        return Generation(
            tool=self._tool,
            version=self._version,
            models=tuple(self._models),
            loras=tuple(self._loras),
            prompts=tuple(
                (kind, text)
                for kind, text in self._prompts
                if kind is not PromptKind.OTHER or text not in told
            ),
            seeds=tuple(self._seeds),
            images=tuple(self._images),
            claims=tuple(self._claims),
            manifest=self.manifest,
            sidecars=tuple(self._sidecars),
            problems=tuple(self._problems),
        )


def decoded(data: bytes) -> str:
    """Return text whose encoding nobody states: UTF-8, else Latin-1; closing zeros are dropped."""
    try:
        return data.decode("utf-8-sig").rstrip("\0")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" or error.start > len(data) - 4:  # it was cut
            return data.decode("utf-8-sig", "ignore").rstrip("\0")
        return data.decode("latin-1").rstrip("\0")


def taken(what: str, content: bytes | memoryview, reading: Reading) -> bytes:
    """Return bytes as far as there is room for them."""
    return bytes(content[: reading.room(what, len(content))])


def unpacked(
    what: str, content: bytes | memoryview, reading: Reading, *, bits: int = zlib.MAX_WBITS
) -> bytes:
    """Return what was deflated, as far as there is room for it; bits as zlib means them."""
    try:
        # one byte more than there is room for tells that there is more
        value = zlib.decompressobj(bits).decompress(content[: 2 * MAX_TEXT], MAX_TEXT + 1)
    except zlib.error:
        reading.problem(f"{what}: broken compression")
        return b""
    return taken(what, value, reading)


def _add(names: dict[str, None], name: str) -> None:
    name = _line(name, _MAX_NAME)
    if name.lower() not in _NO_NAMES and len(names) < _MAX_NAMES:
        names[name] = None


def _line(text: str, longest: int) -> str:
    text = text[: longest * 4].strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"
