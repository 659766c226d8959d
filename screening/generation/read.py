"""From a file to what it says of its making."""

import os

from screening.generation.containers import blocks_of
from screening.generation.descriptions import claim_of, generator_in, read_description
from screening.generation.exif import exif_texts
from screening.generation.generation import TRAINED, Generation, PromptKind
from screening.generation.leaves import keep
from screening.generation.manifests import read_manifest
from screening.generation.reading import Blocks, Reading
from screening.generation.resources import iptc_texts
from screening.generation.stealth import stealth_text
from screening.generation.texts import read_texts
from screening.generation.xmp import xmp_properties
from screening.images.files import ClipFile, Content, load
from screening.images.formats import HEAD_BYTES, classify

# a picture is screened whatever its metadata is like; tests see to it that this is never needed
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError,
               ValueError)  # fmt: skip
_COMMENTS = frozenset(("usercomment", "parameters"))


def generation_of(source: Content | str | os.PathLike[str], *, name: str = "") -> Generation:
    """Return what a file says of how it was made; no pixel is decoded but for a hidden text.

    source: an image's bytes, as ``images.load`` gives them, or a path. name: the file's, read for
    its extension where bytes say nothing. Whatever the bytes are, this neither raises nor takes
    long: what could not be read is among the problems. Raises UnreadError for a path that cannot
    be read.
    """
    reading = Reading()
    if isinstance(source, (str, os.PathLike)):
        name, source = os.fspath(source), load(source).data or b""
    if isinstance(source, ClipFile):
        reading.problem("clip: its metadata is not read")
        return reading.done()
    kind = classify(source[:HEAD_BYTES], name)
    if kind.format is None:
        reading.problem(kind.skip.reason if kind.skip else "not an image")
        return reading.done()
    try:
        _read(source, kind.format, reading)
    except _UNFORESEEN as error:
        reading.problem(f"metadata could not be read further ({type(error).__name__})")
    return reading.done()


def _read(data: bytes, what: str, reading: Reading) -> None:
    blocks = blocks_of(data, what, reading)
    exif = [("exif", key, text) for one in blocks.exif for key, text in exif_texts(one, reading)]
    texts = [*blocks.texts, *exif]
    if what == "PNG" and not any(_is_told(key) for _, key, _ in texts):
        hidden = stealth_text(data, reading)
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
