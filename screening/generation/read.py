"""From a file to what it says of its making."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

from screening.generation.clips import clip_texts
from screening.generation.containers import blocks_of
from screening.generation.descriptions import claim_of, generator_in, read_description
from screening.generation.exif import exif_texts
from screening.generation.generation import TRAINED, Generation, PromptKind
from screening.generation.leaves import keep
from screening.generation.manifests import read_manifest
from screening.generation.reading import Blocks, Reading
from screening.generation.resources import iptc_texts
from screening.generation.sidecars import Sidecar, read_sidecars, sidecars_of
from screening.generation.stealth import stealth_text
from screening.generation.texts import read_texts
from screening.generation.xmp import xmp_properties
from screening.images.files import ClipFile, Content, load
from screening.images.formats import HEAD_BYTES, FileType, classify

# a picture is screened whatever its metadata is like; tests see to it that this is never needed
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError,
               ValueError)  # fmt: skip
_COMMENTS = frozenset(("usercomment", "parameters"))


def generation_of(
    source: Content | str | os.PathLike[str], *, name: str = "", beside: Sequence[Sidecar] = ()
) -> Generation:
    """Return what a file says of how it was made; no pixel is decoded but for a hidden text.

    source: bytes or a clip, as ``images.load`` gives them, or a path, whose sidecars are read
    then: see ``sidecars``. name: the file's, read for its extension where bytes say nothing.
    beside: names of sidecars and their bytes, read after those that lie at the path. What the
    picture's own bytes say comes first, so that its tool and version stay; what its sidecars say is
    added. Whatever the bytes are, this neither raises nor takes long, all of them together: what
    could not be read is among the problems. Raises UnreadError for a path that cannot be read.
    """
    reading = Reading()
    if isinstance(source, (str, os.PathLike)):
        name, beside = os.fspath(source), (*sidecars_of(source), *beside)
        loaded = load(source)
        kind, content = loaded.type, loaded.data
    elif isinstance(source, ClipFile):
        kind, content = FileType(), source
    else:
        kind, content = classify(source[:HEAD_BYTES], name), source
    if content is None or (kind.skip and not kind.clip):
        reading.problem(kind.skip.reason if kind.skip else "nothing was read")
        return reading.done()
    with _going_on(reading):
        if isinstance(content, ClipFile):
            read_texts(clip_texts(content, reading), reading)
        elif kind.clip:
            read_texts(clip_texts((BytesIO(content), kind.clip), reading), reading)
        elif kind.format:
            _read(content, kind.format, reading)
    with _going_on(reading):
        read_sidecars(beside, reading)
    return reading.done()


@contextmanager
def _going_on(reading: Reading) -> Iterator[None]:
    try:
        yield
    except _UNFORESEEN as error:
        reading.problem(f"metadata could not be read further ({type(error).__name__})")


def _read(data: bytes, what: str, reading: Reading) -> None:
    blocks = blocks_of(data, what, reading)
    exif = [("exif", key, text) for one in blocks.exif for key, text in exif_texts(one, reading)]
    texts = [*blocks.texts, *exif]
    if not any(_is_told(key) for _, key, _ in texts):
        hidden = stealth_text(data, what, reading)
        if hidden:
            texts.append(("hidden", "parameters", hidden))
    remote = _read_properties(blocks, texts, reading)
    read_texts(texts, reading)
    read_manifest(data, what, reading, store=blocks.manifest_bytes, remote=remote)
    manifest = reading.manifest
    if manifest and manifest.state == "valid" and not TRAINED.isdisjoint(manifest.source_types):
        agent = " ".join(manifest.agents) or manifest.generator or ""
        reading.tool(generator_in(agent) or (manifest.agents or (agent,))[0])


def _is_told(key: str) -> bool:
    """Tell whether a text by this key leaves nothing to be looked for in the pixels."""
    return key.lower() in {"parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata"}


def _read_properties(
    blocks: Blocks, texts: list[tuple[str, str, str]], reading: Reading
) -> str | None:
    """Note what XMP and IPTC say, hand on texts of generators; return where a manifest is kept."""
    remote = None
    found = [
        *(
            ("xmp", key, text)
            for one in blocks.xmp
            for _, key, text in xmp_properties(one, reading)
        ),
        *(("iptc", key, text) for one in blocks.iptc for key, text in iptc_texts(one, reading)),
    ]
    for source, key, text in found:
        low = key.lower()
        if low == "provenance":
            if text.startswith("http"):
                remote = text[:500]
            elif not blocks.manifest_bytes:
                reading.problem("C2PA manifest: XMP says that it is in the file, and it is not")
        elif low == "aipromptinformation":
            reading.prompt(PromptKind.POSITIVE, text)
        elif low in _COMMENTS:
            texts.append((source, key, text))
        elif claim_of(source, low, text, reading) or read_description(low, text, reading):
            continue
        elif "prompt" in low:
            keep(reading, low, text, prompt=PromptKind.POSITIVE)
    return remote
