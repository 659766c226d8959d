"""What tools write beside a picture: which files are read, what of them, and what never is."""

import json
import os
import random
import socket
import tempfile
from pathlib import Path

import pytest
from generation_files import GRAPH, INFOTEXT, png, saved
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.decision import Role
from screening.errors import UnreadError
from screening.examine import examine_bytes, examine_file
from screening.generation import Generation, PromptKind, generation_of, role_of, sidecars_of
from screening.generation.reading import MAX_TEXT
from screening.images import Limits

ASKED = ("a lighthouse at night, <lora:stormy_sea:0.8>", "a lighthouse, detailed")
FORMER = (
    "a fox in snow\nWidth: 512\nHeight: 768\nSeed: 3412\nSteps: 25\nGuidance Scale: 7.5\n"
    "Prompt Strength: 0.8\nUse Face Correction: None\nUse Upscaling: None\nSampler: euler_a\n"
    "Negative Prompt: \nStable Diffusion Model: C:\\models\\harbor.ckpt"
)
LINES = (
    "Prompt: a fox\nin snow: deep\nNegative Prompt: text\nSeed: 3412\nStable Diffusion model: "
    "harbor\nClip Skip: False\nVAE model: None\nSampler: euler_a\nSteps: 25\n"
    "Guidance Scale: 7.5\nLoRA model: storm\n"
)
SWARM = {"sui_image_params": {"prompt": "a fox", "model": "harbor", "seed": 1}}
EASY = {
    "prompt": "a fox", "seed": 5, "use_stable_diffusion_model": "harbor", "negative_prompt": "text",
    "use_vae_model": None,
}  # fmt: skip
DOWNLOADED = {
    "category": "artsite", "filename": "a", "extension": "png", "date": "2024-01-01 10:00:00",
    "tags": ["heron", "fox"], "url": "https://example.org/b.png", "author": {"name": "Ann Smith"},
}  # fmt: skip
JOB = "Job ID: 0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def picture(tmp_path):
    """Return the path of a picture that says nothing, alone in a folder."""
    path = tmp_path / "board" / "a.png"
    path.parent.mkdir()
    path.write_bytes(png())
    return path


@pytest.mark.parametrize("name", [
    "a.png.json", "a.json", "a.swarm.json", "a.png.txt", "a.txt", "a.caption",
])  # fmt: skip
def test_every_name_that_tools_write_is_read_as_the_file_itself(picture, name):
    """Whatever its name, the form of a text tells the tool."""
    picture.with_name(name).write_text(INFOTEXT)
    found = generation_of(picture)
    assert found.sidecars == (name,)
    assert (found.tool, found.version, found.positive) == ("AUTOMATIC1111", "v1.9.4", ASKED)
    assert (found.negative, found.seeds) == (("text, watermark",), (42,))
    assert role_of(found) is Role.GENERATED


@pytest.mark.parametrize("name", [
    "b.txt", "A.txt", "a.TXT", "a.md", "a", "a.png.caption", "a.yaml", "log.html", "a.json.txt",
    "a.png.swarm.json", "metadata.json", "a.csv", ".txt", "a.txt.bak", "a/a.txt",
])  # fmt: skip
def test_nothing_else_in_the_folder_is_read(picture, name):
    """Beside it means by these names, as they are written, and nothing else."""
    other = picture.with_name(name) if "/" not in name else picture.parent / name
    other.parent.mkdir(exist_ok=True)
    other.write_text(INFOTEXT)
    expected = [] if not (picture.parent / "a.txt").is_file() else ["a.txt"]  # no case, no matter
    assert [sidecar for sidecar, _ in sidecars_of(picture)] == expected


def test_all_that_lie_there_are_read_in_order(picture):
    """Each text counts once, and what the first names stays named."""
    for name in ("a.caption", "a.txt", "a.png.txt", "a.swarm.json", "a.json", "a.png.json"):
        picture.with_name(name).write_text(f"of {name}")
    found = generation_of(picture)
    assert found.sidecars == (
        "a.png.json", "a.json", "a.swarm.json", "a.png.txt", "a.txt", "a.caption"
    )  # fmt: skip
    assert found.other == tuple(f"of {name}" for name in found.sidecars)


def test_the_pictures_own_word_comes_first_and_the_sidecar_adds(picture):
    """Tool and version stay; texts, models and seeds come together."""
    picture.write_bytes(png({"parameters": INFOTEXT}))
    picture.with_name("a.json").write_text(json.dumps(GRAPH))
    found = generation_of(picture)
    assert (found.tool, found.version) == ("AUTOMATIC1111", "v1.9.4")
    assert found.positive == (*ASKED, "a red fox")
    assert found.models == ("harbor_v3", "harbor.safetensors")
    assert found.seeds == (42, 7)


@pytest.mark.parametrize(("said", "expected"), [
    (json.dumps(SWARM), ("SwarmUI", ("a fox",), (), (), ("harbor",))),
    (json.dumps(EASY), ("Easy Diffusion", ("a fox",), ("text",), (), ("harbor",))),
    (LINES, ("Easy Diffusion", ("a fox\nin snow: deep",), ("text",), (), ("harbor",))),
    (LINES.replace("\n", "\r\n").replace("\r\nin", " in"),
     ("Easy Diffusion", ("a fox in snow: deep",), ("text",), (), ("harbor",))),
    (FORMER, ("Easy Diffusion", ("a fox in snow",), (), (), ("C:\\models\\harbor.ckpt",))),
    (json.dumps(GRAPH), ("ComfyUI", ("a red fox",), ("blurry",), (), ("harbor.safetensors",))),
    (f"a fox --no dogs --v 6.1 {JOB}", ("Midjourney", ("a fox",), ("dogs",), (), ())),
    ("a fox in snow", (None, (), (), ("a fox in snow",), ())),
    ("harbor.safetensors", (None, (), (), ("harbor.safetensors",), ())),
    (json.dumps({"prompt": "a fox", "negativePrompt": "text", "Model": "harbor"}),
     (None, ("a fox",), ("text",), (), ("harbor",))),
    (json.dumps(DOWNLOADED), (None, (), (), ("heron", "fox", "Ann Smith"), ())),
    (" \n", (None, (), (), (), ())),
])  # fmt: skip
def test_forms_of_tools_are_told_from_plain_texts(picture, said, expected):
    """A text of no tool's form is of a kind that nobody knows; of pictures none was fed in."""
    picture.with_name("a.txt").write_text(said, newline="")
    found = generation_of(picture)
    assert (found.tool, found.positive, found.negative, found.other, found.models) == expected
    assert (found.images, found.problems, found.sidecars) == ((), (), ("a.txt",))


def test_the_same_json_in_the_file_itself_is_its_own(picture):
    """There nobody doubts whose it is."""
    said = json.dumps({"caption": "a fox", "init_image": "b.png"})
    picture.with_name("a.json").write_text(said)
    beside, inside = generation_of(picture), generation_of(png({"parameters": said}))
    assert (beside.positive, beside.other, beside.images) == ((), ("a fox",), ())
    assert (inside.positive, inside.other, inside.images) == (("a fox",), (), ("b.png",))


@pytest.mark.parametrize("data", [
    "a füchs".encode(), "a füchs".encode("utf-8-sig"), "a füchs".encode("latin-1"),
    "a füchs".encode("utf-16"), b"\xfe\xff" + "a füchs".encode("utf-16-be"),
    "a füchs\0".encode(),
], ids=["UTF-8", "UTF-8, marked", "Latin-1", "UTF-16", "UTF-16, big", "closing zero"])  # fmt: skip
def test_texts_of_every_encoding_are_read(data):
    """UTF-16 only where its mark says so."""
    found = generation_of(png(), beside=[("a.txt", data)])
    assert (found.other, found.problems) == (("a füchs",), ())


def test_a_sidecar_of_the_largest_size_is_whole_and_one_byte_more_is_cut():
    """What is cut says so, and the rest is kept."""
    for size, problems in (
        (MAX_TEXT, ()),
        (MAX_TEXT + 1, ("sidecar .txt: cut to 1,048,576 bytes",)),
    ):
        found = generation_of(png(), beside=[("a.txt", b"a" * size)])
        assert (len(found.other[0]), found.problems) == (MAX_TEXT, problems)


def test_a_large_file_is_not_read_to_its_end(picture):
    """One byte more than is used tells that there is more."""
    with picture.with_name("a.txt").open("wb") as stream:
        stream.truncate(1 << 40)
    [(name, content)] = sidecars_of(picture)
    assert (name, len(content)) == ("a.txt", MAX_TEXT + 1)


def test_file_and_sidecars_share_one_bound():
    """Four texts of the largest size are all that there is room for, wherever they stand."""
    inside = png({"parameters": "a" * MAX_TEXT, "Comment": "b" * MAX_TEXT})
    found = generation_of(
        inside, beside=[("a.json", b"c" * MAX_TEXT), ("a.txt", b"d" * MAX_TEXT), ("b.txt", b"e")]
    )
    assert [text[0] for _, text in found.prompts] == ["a", "b", "c", "d"]
    assert found.problems == ("sidecar .txt: cut to 0 bytes",)


def test_what_is_no_regular_file_is_told_and_never_waited_for(picture):
    """A pipe without a writer, a socket and a folder stand where sidecars would."""
    os.mkfifo(picture.with_name("a.txt"))
    picture.with_name("a.json").mkdir()
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{short}/s")
        picture.with_name("a.caption").symlink_to(f"{short}/s")
        found = generation_of(picture)
    assert (found.sidecars, found.empty) == ((), True)
    assert found.problems[:2] == (
        "sidecar .json: not a regular file", "sidecar .txt: not a regular file"
    )  # fmt: skip
    assert [said[:17] for said in found.problems[2:]] == ["sidecar .caption:"]


def test_what_may_not_be_read_is_a_problem():
    """Of an error there is a word, of the name nothing but its extension: it may be a prompt."""
    found = generation_of(png(), beside=[("a red fox.txt", UnreadError("permission denied"))])
    assert found == Generation(problems=("sidecar .txt: permission denied",))


def test_a_link_to_a_file_is_followed_and_one_to_nothing_is_not_there(picture):
    """Sidecars of many pictures may be kept in one place."""
    (picture.parent / "b.text").write_text("a fox in snow")
    picture.with_name("a.txt").symlink_to("b.text")
    picture.with_name("a.json").symlink_to("c.json")
    found = generation_of(picture)
    assert (found.other, found.sidecars, found.problems) == (("a fox in snow",), ("a.txt",), ())


@pytest.mark.parametrize(("data", "problems"), [
    (saved("WEBP"), ()),
    (bytes(range(256)), ("sidecar .txt: not a text",)),
], ids=["a picture", "no text"])  # fmt: skip
def test_bytes_that_are_no_text_are_no_sidecar(data, problems):
    """A picture by such a name is screened as one."""
    assert generation_of(png(), beside=[("a.txt", data)]) == Generation(problems=problems)


@pytest.mark.parametrize(("name", "sidecar"), [
    ("a", "a.txt"), (".png", ".png.txt"), ("a.b.png", "a.b.txt"), ("a.txt", "a.json"),
    ("n" * 251 + ".png", None), ("a\udcff.png", "a\udcff.txt"),
])  # fmt: skip
def test_pictures_of_every_name_have_theirs(tmp_path, name, sidecar):
    """None is its own sidecar, and names that are too long are not there."""
    path = tmp_path / name
    path.write_bytes(png())
    if sidecar:
        (tmp_path / sidecar).write_text("a fox in snow")
    found = generation_of(path)
    assert (found.sidecars, found.problems) == ((sidecar,) if sidecar else (), ())
    json.dumps(found.to_json())


def test_an_examined_path_has_its_sidecars_and_bytes_have_none(picture):
    """So it is in a scan; a sidecar of nothing says nothing."""
    picture.with_name("a.txt").write_text("")
    assert examine_file(str(picture), Limits()).generation is None
    picture.with_name("a.txt").write_text(INFOTEXT)
    examined = examine_file(str(picture), Limits())
    assert (examined.generation.tool, examined.generation.sidecars) == ("AUTOMATIC1111", ("a.txt",))
    assert examined.generation == generation_of(picture)
    assert examined.generation.to_json()["sidecars"] == ["a.txt"]
    assert examine_bytes(picture.read_bytes(), Limits()).generation is None


def test_what_is_no_picture_has_none(tmp_path):
    """A text beside a text is nobody's prompt."""
    (tmp_path / "a.md").write_text("words")
    (tmp_path / "a.txt").write_text(INFOTEXT)
    assert generation_of(tmp_path / "a.md") == Generation(problems=("not an image",))


def test_sidecars_given_beside_a_path_come_after_those_there(picture):
    """None is ignored."""
    picture.with_name("a.txt").write_text("one")
    found = generation_of(picture, beside=[("elsewhere.txt", b"two")])
    assert (found.other, found.sidecars) == (("one", "two"), ("a.txt", "elsewhere.txt"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["a.json", "a.txt", "a.caption"]), st.binary()), max_size=3)
)
def test_bytes_of_any_kind_never_surprise(beside):
    """Each is read or says why not."""
    assert not any("further" in said for said in generation_of(png(), beside=beside).problems)


def test_damaged_sidecars_of_tools_never_surprise():
    """With bytes changed, doubled or taken out."""
    chance = random.Random(4)
    samples = [text.encode() for text in (INFOTEXT, LINES, json.dumps(GRAPH), json.dumps(EASY))]
    for _ in range(300):
        content = bytearray(chance.choice(samples))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(content))
            content[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 9))
        found = generation_of(png(), beside=[("a.txt", bytes(content))])
        assert not any("further" in said for said in found.problems)


def test_no_prompt_is_in_json_of_a_sidecar(picture):
    """Its name is, as that of the picture."""
    picture.with_name("a.txt").write_text("a fox in snow")
    shown = json.dumps(generation_of(Path(picture)).to_json())
    assert ("fox" in shown, "a.txt" in shown) == (False, True)
    assert generation_of(picture).texts(PromptKind.OTHER) == ("a fox in snow",)
