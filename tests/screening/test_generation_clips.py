"""What the tags of clips say of their making, in clips encoded here."""

import io
import json

import numpy as np
import pytest
from generation_files import GRAPH, INFOTEXT

from screening.examine import examine_file
from screening.generation import Claim, generation_of
from screening.generation.reading import MAX_TEXT
from screening.images import Limits, load

av = pytest.importorskip("av")
UNREAD = "clip: a C2PA manifest is not looked for"


def clip(tags, form="mp4"):
    """Return the bytes of a short clip with tags of any name."""
    buffer, options = io.BytesIO(), {} if form == "matroska" else {"movflags": "use_metadata_tags"}
    with av.open(buffer, "w", format=form, options=options) as film:
        film.metadata.update(tags)
        stream = film.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in (40, 200):
            gray = np.full((48, 64, 3), shade, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="rgb24")))
        film.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize("tags", [
    {"prompt": json.dumps(GRAPH), "workflow": json.dumps({"nodes": [], "links": []})},
    {"comment": json.dumps({"prompt": json.dumps(GRAPH), "CreationTime": "2025-01-01"})},
    {"comment": json.dumps({"prompt": GRAPH})},
], ids=["tags", "comment", "nested"])  # fmt: skip
def test_graphs_of_comfyui_are_read(form, tags):
    """Each in a tag of its own, or all in the comment."""
    found = generation_of(clip(tags, form))
    assert (found.tool, found.positive, found.negative) == ("ComfyUI", ("a red fox",), ("blurry",))
    assert (found.models, found.seeds) == (("harbor.safetensors",), (7,))
    assert found.problems == (UNREAD,)


def test_words_for_people_are_kept_and_those_for_programs_are_not():
    """A title is a text, an artist a claim; brands and encoders say nothing of a prompt."""
    found = generation_of(clip({"title": "a fox", "artist": "Ann", "comment": "in snow"}))
    assert sorted(found.other) == ["a fox", "in snow"]
    assert found.claims == (Claim(source="clip", name="creator", value="Ann"),)
    assert generation_of(clip({})).empty


def test_infotext_in_a_comment_is_read():
    """A form is a form wherever it stands."""
    assert generation_of(clip({"comment": INFOTEXT})).tool == "AUTOMATIC1111"


def test_a_path_says_what_bytes_say_and_has_sidecars(tmp_path):
    """In a scan too."""
    path = tmp_path / "a.mp4"
    path.write_bytes(clip({"prompt": json.dumps(GRAPH)}))
    assert generation_of(path) == generation_of(path.read_bytes())
    path.with_name("a.swarm.json").write_text(
        json.dumps({"sui_image_params": {"prompt": "a heron", "seed": 9}})
    )
    found = examine_file(str(path), Limits()).generation
    assert found == generation_of(load(path).data, beside=[
        ("a.swarm.json", path.with_name("a.swarm.json").read_bytes())
    ])  # fmt: skip
    assert (found.tool, found.positive) == ("ComfyUI", ("a red fox", "a heron"))
    assert (found.seeds, found.sidecars) == ((7, 9), ("a.swarm.json",))


def test_a_tag_of_more_than_the_largest_text_is_cut():
    """As any text is."""
    found = generation_of(clip({"comment": "a" * (MAX_TEXT + 1)}, "matroska"))
    assert [len(text) for text in found.other] == [MAX_TEXT]
    assert found.problems == (UNREAD, "tag 'comment': cut to 1,048,576 bytes")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_cut_clip_is_read_as_far_as_it_goes(keep):
    """Where it cannot be opened, that is a problem."""
    data = clip({"comment": INFOTEXT})
    found = generation_of(data[: int(len(data) * keep)])
    [said] = found.problems
    assert said == UNREAD or said.startswith(("clip: broken", "clip: truncated"))


def test_a_file_that_changed_is_told(tmp_path):
    """What was seen before is not what is read now."""
    path = tmp_path / "a.mp4"
    path.write_bytes(clip({}))
    seen = load(path).data
    path.write_bytes(clip({"comment": "a fox"}))
    assert generation_of(seen).problems == ("clip: changed while it was read",)
