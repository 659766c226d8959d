"""Metadata that means harm: bounds hold, what is cut is told, nothing is raised."""

import io
import json
import random
import tracemalloc
import zlib
from pathlib import Path

import pytest
from generation_files import GRAPH, INFOTEXT, chunk, exif, hidden, iptc, jpeg, png, saved, xmp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from screening.generation import generation_of

BOMB = zlib.compress(b"a" * 50_000_000, 9)
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (c, b"&%c;" % (c - 1) * 10) for c in range(98, 110))
    + b"]><x>&m;</x>"
)
CUT = "cut to 1,048,576 bytes"
LOOP = {
    "1": {"class_type": "KSampler", "inputs": {"positive": ["2", 0], "negative": ["2", 1]}},
    "2": {"class_type": "A", "inputs": {"conditioning": ["2", 0], "text": "round"}},
}
RING = {
    str(i): {
        "class_type": "A",
        "inputs": {"conditioning": [str((i + 1) % 5000), 0], "text": f"n{i}"},
    }
    for i in range(5000)
}
ONE_A_LINE = "Seed: 1\nGuidance Scale: 1\n"
NEW_LINES = "\n" * 900_000
BAD = {
    "a text of 40 MB": (png(more=chunk(b"tEXt", b"parameters\0" + b"a" * 40_000_000)), CUT),
    "a zTXt bomb": (png(more=chunk(b"zTXt", b"parameters\0\0" + BOMB)), CUT),
    "an iTXt bomb": (png(more=chunk(b"iTXt", b"parameters\0\1\0\0\0" + BOMB)), CUT),
    "many bombs": (png(more=chunk(b"zTXt", b"k\0\0" + BOMB) * 20), "cut to 0 bytes"),
    "deep JSON": (png({"prompt": "[" * 400_000 + "]" * 400_000}), "nested too deeply"),
    "deep objects": (png({"prompt": '{"a":' * 90_000 + "1" + "}" * 90_000}), "nested too deeply"),
    "wide JSON": (png({"prompt": "[" + "[]," * 300_000 + "[]]"}), "more than 50,000 values"),
    "cut JSON": (png({"prompt": '{"a": "' + '\\"' * 400_000}), "broken or cut"),
    "a ring of nodes": (png({"prompt": json.dumps(RING)}), "more than 1,000 texts"),
    "a node before itself": (png({"prompt": json.dumps(LOOP)}), ""),
    "entities": (saved("WEBP", xmp=ENTITIES), "declares a document type"),
    "deep XMP": (saved("WEBP", xmp=xmp("<dc:a>" * 50 + "</dc:a>" * 50)), "too many elements"),
    "wide XMP": (saved("WEBP", xmp=xmp("<dc:a/>" * 90_000)), "too many elements"),
    "cut XMP": (saved("WEBP", xmp=xmp()[:200]), "XMP: "),
    "many chunks": (png(more=chunk(b"aaaa", b"") * 50_001), "more than 50,000 chunks"),
    "a hidden bomb": (hidden("x" * 3_000_000, size=(400, 200)), CUT),
    "broken compression": (png(more=chunk(b"zTXt", b"k\0\0abc")), "broken compression"),
    "a text without a key": (png(more=chunk(b"tEXt", b"a" * 100)), "without a key"),
    "EXIF of nothing": (jpeg((0xE1, b"Exif\0\0XX")), "EXIF without a byte order"),
    "EXIF that points nowhere": (jpeg((0xE1, b"Exif\0\0II*\0\xff\xff\0\0")), "EXIF is broken"),
    "settings without end": (png({"parameters": "a\nSteps: 2, " + 'a: "b, ' * 90_000}), "settings"),
    "lines of settings": (png({"parameters": "Steps: 20,\n" * 90_000}), ""),
    "lines of nothing": (png({"parameters": f"{ONE_A_LINE}a{NEW_LINES}b"}), ""),
    "lines of prompts": (png({"parameters": f"{ONE_A_LINE}Prompt: a\n" * 25_000}), ""),
    "brackets": (png({"Dream": '"' + "[" * 900_000 + '"'}), ""),
    "options": (png({"Description": "a --" * 250_000}), ""),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_hostile_metadata_is_bounded_and_told(what):
    """Memory beside the file's own stays below 100 MB, and what was not read is a problem.

    Where memory is traced everything takes longer, and the bound on time may be met first.
    """
    data, problem = BAD[what]
    tracemalloc.start()
    try:
        found = generation_of(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000_000
    bounds = (problem, "took too long")
    told = any(bound in said for said in found.problems for bound in bounds)
    assert told if problem else found.problems == ()


def test_every_text_of_a_ring_is_kept():
    """Where no node is the last, all of them count, up to a bound."""
    assert len(generation_of(BAD["a ring of nodes"][0]).positive) == 1000
    assert generation_of(BAD["a node before itself"][0]).positive == ("round",)


def test_a_short_wide_picture_with_endless_chunks_is_not_walked_twice():
    """Only its pixels are decoded to look for a hidden text."""
    buffer = io.BytesIO()
    Image.new("RGBA", (300, 10), (1, 2, 3, 255)).save(buffer, "PNG")
    data = buffer.getvalue()
    assert generation_of(data[:33] + chunk(b"tEXt", b"a\0b") + data[33:]).tool is None


SAMPLES = [
    png({"parameters": INFOTEXT}), png({"parameters": INFOTEXT}, how="packed iTXt"),
    png({"prompt": json.dumps(GRAPH)}), hidden(INFOTEXT, size=(40, 160)),
    jpeg((0xE1, b"Exif\0\0" + exif({0x0131: "NovelAI"}, comment=b"UNICODE\0a\0b\0")),
         (0xED, b"Photoshop 3.0\0" + iptc({80: "Ann", 120: "harbor"}))),
    *(saved(what, exif=exif({0x010E: "a text"}, comment=b"ASCII\0\0\0" + INFOTEXT.encode()))
      for what in ("WEBP", "AVIF", "HEIF", "TIFF")),
    saved("WEBP", xmp=xmp("<dc:creator><x:y xmlns:x='z'>Ann</x:y></dc:creator>")),
]  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with some changed, cut, doubled or taken out, mostly where metadata stands."""
    content = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(min(len(content), 4000) if chance.random() < 0.7 else len(content))
        step = chance.randrange(5)
        if step == 0:
            content[at] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        elif step == 1:
            content[at : at + 4] = chance.choice((b"\xff" * 4, b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        elif step == 2:
            del content[at : at + chance.randint(1, 40)]
        elif step == 3:
            content[at:at] = content[at : at + chance.randint(1, 400)]
        elif chance.random() < 0.2:
            del content[at:]
        if len(content) < 20:
            return data[:20]
    return bytes(content)


def unforeseen(data: bytes) -> list[str]:
    return [said for said in generation_of(data).problems if "further" in said]


@pytest.mark.parametrize("number", range(len(SAMPLES)))
def test_damaged_files_never_surprise(number):
    """Whatever is changed in a file, each of its parts is read or says why not."""
    chance = random.Random(number)
    for _ in range(250):
        data = mutated(SAMPLES[number], chance)
        assert unforeseen(data) == []


@pytest.mark.shared
def test_damaged_files_of_tools_never_surprise(measuring_data):
    """So it is with the files of the tools themselves, and with C2PA's."""
    chance = random.Random(9)
    files = sorted(Path(measuring_data / "generated").rglob("*.[pjwa][npev][gbi]*"))
    assert len(files) > 50
    for data in filter(None, map(Path.read_bytes, files)):
        for _ in range(12):
            assert unforeseen(mutated(data, chance)) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["inputs", "class_type", "nodes", "links", "widgets_values", "id", "type", "prompt",
                 "positive", "negative", "text", "1", "2", "Comment", "uc", "sui_image_params",
                 "definitions", "subgraphs", "seed", "lora", "model", "name", "hash", "app_version",
                 "metadata_scheme", "full_prompt", "version"]
            ) | st.text(max_size=5), inner, max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    VALUES, st.sampled_from(["prompt", "workflow", "parameters", "Comment", "invokeai_metadata"])
)
def test_json_of_any_shape_never_surprises(value, key):
    """Names that tools use, with values that they never use."""
    assert unforeseen(png({key: json.dumps(value)})) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["parameters", "Description", "Dream", "Software"]))
def test_any_text_is_read(text, key):
    """A text by itself is no problem."""
    said = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    assert unforeseen(png({key: said})) == []
    assert unforeseen(png({key: f"{said}\nNegative prompt: {said}\nSteps: 2, {said}"})) == []
