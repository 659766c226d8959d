"""Metadata of every form, in files made here, and what is said of it."""

import io
import json
import socket

import pytest
from generation_files import (
    GRAPH,
    INFOTEXT,
    SOURCE_TYPES,
    chunk,
    exif,
    hidden,
    iptc,
    jpeg,
    png,
    saved,
    signed,
    xmp,
)
from PIL import Image

from screening.decision import Role
from screening.errors import InputInvalidError, UnreadError
from screening.generation import Claim, Generation, PromptKind, generation_of, role_of
from screening.generation.manifests import read_manifest
from screening.generation.reading import Reading

ASKED = ("a lighthouse at night, <lora:stormy_sea:0.8>", "a lighthouse, detailed")
COMMENTS = {
    "UTF-16, big": b"UNICODE\0" + INFOTEXT.encode("utf-16-be"),
    "UTF-16, little": b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
    "UTF-16 with a mark": b"UNICODE\0" + INFOTEXT.encode("utf-16"),
    "UTF-8 called Unicode": b"UNICODE\0" + INFOTEXT.encode(),
    "ASCII": b"ASCII\0\0\0" + INFOTEXT.encode(),
    "no encoding": b"\0" * 8 + INFOTEXT.encode(),
}
NOVELAI = {
    "Title": "AI generated image",
    "Description": "a heron",
    "Software": "NovelAI",
    "Source": "Stable Diffusion XL 7BCCAA2C",
    "Comment": json.dumps({
        "prompt": "a heron", "uc": "text", "seed": 5, "sampler": "k_euler", "signed_hash": "x",
        "v4_prompt": {"caption": {"base_caption": "a heron", "char_captions": [
            {"char_caption": "a boy", "centers": [{"x": 0.5, "y": 0.5}]}]}},
        "v4_negative_prompt": {"caption": {"base_caption": "text, blur", "char_captions": []}},
    }),
}  # fmt: skip
JOB = "Job ID: 0f8fad5b-d9cb-469f-a165-70867728950e"


def webp(data: bytes, mode: str, **how) -> bytes:
    """Return a PNG as a WebP of a mode."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert(mode).save(buffer, "WEBP", **how)
    return buffer.getvalue()


FIREFLY = f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPES}trainedAlgorithmicMedia"'


@pytest.mark.parametrize("how", ["tEXt", "zTXt", "iTXt", "packed iTXt"])
def test_infotext_is_read_from_every_chunk(how):
    """Prompts, LoRAs, model, seed and version are told apart."""
    found = generation_of(png({"parameters": INFOTEXT}, how=how))
    assert found == Generation(
        tool="AUTOMATIC1111",
        version="v1.9.4",
        models=("harbor_v3",),
        loras=("stormy_sea",),
        prompts=(
            (PromptKind.POSITIVE, ASKED[0]),
            (PromptKind.NEGATIVE, "text, watermark"),
            (PromptKind.POSITIVE, ASKED[1]),
        ),
        seeds=(42,),
    )


@pytest.mark.parametrize("encoding", COMMENTS)
@pytest.mark.parametrize("what", ["JPEG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_infotext_is_read_from_exif(what, encoding):
    """However a UserComment is encoded, and whatever it says of that."""
    found = generation_of(saved(what, exif=exif(comment=COMMENTS[encoding])))
    assert (found.tool, found.positive, found.seeds) == ("AUTOMATIC1111", ASKED, (42,))


@pytest.mark.parametrize(("version", "tool"), [
    ("v1.10.0", "AUTOMATIC1111"), ("f2.0.1v1.10.1", "Forge"), ("neo", "Forge Neo"),
    ("Fooocus v2.4.3", "Fooocus"), ("ComfyUI", "ComfyUI"),
])  # fmt: skip
def test_forks_are_told_by_their_version(version, tool):
    """All of them write the same text."""
    assert generation_of(png({"parameters": f"a\nSteps: 2, Version: {version}"})).tool == tool


def test_a_graph_is_read_from_a_png():
    """What goes to a sampler's negative input is not what was asked for."""
    found = generation_of(png({"prompt": json.dumps(GRAPH)}))
    assert (found.positive, found.negative, found.other) == (("a red fox",), ("blurry",), ())
    assert (found.models, found.seeds) == (("harbor.safetensors",), (7,))


@pytest.mark.parametrize("tag", [0x010E, 0x010F, 0x0110])
def test_a_graph_is_read_from_exif(tag):
    """WebP carries it in fields for a camera."""
    found = generation_of(saved("WEBP", exif=exif({tag: f"Prompt:{json.dumps(GRAPH)}"})))
    assert (found.tool, found.positive) == ("ComfyUI", ("a red fox",))


def test_a_text_is_followed_through_nodes_nobody_knows():
    """A string node before the encoder counts for the encoder's side."""
    graph = {
        **GRAPH,
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": ["9", 0], "clip": ["1", 1]}},
        "9": {"class_type": "SomebodysText", "inputs": {"words": "ugly"}},
    }
    assert generation_of(png({"prompt": json.dumps(graph)})).negative == ("ugly",)


def test_where_nothing_can_be_traced_every_text_is_kept():
    """A name in a node that nobody knows does not get lost."""
    graph = {"1": {"class_type": "OneNode", "inputs": {"mode": "mickey", "words": "on it"}}}
    assert generation_of(png({"prompt": json.dumps(graph)})).other == ("mickey", "on it")


def test_a_graph_that_is_only_shown_is_read():
    """Values without names are told apart by the links all the same."""
    shown = {
        "nodes": [
            {"id": 1, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["a red fox"]},
            {"id": 2, "type": "CLIPTextEncode", "inputs": [], "widgets_values": ["blurry"]},
            {"id": 3, "type": "KSampler", "widgets_values": [7, "randomize", 20],
             "inputs": [{"name": "positive", "link": 1}, {"name": "negative", "link": 2}]},
            {"id": 4, "type": "LoadImage", "widgets_values": ["harbor.png", "image"]},
        ],
        "links": [[1, 1, 0, 3, 0, "CONDITIONING"], [2, 2, 0, 3, 1, "CONDITIONING"]],
    }  # fmt: skip
    found = generation_of(png({"workflow": json.dumps(shown)}))
    assert (found.positive, found.negative) == (("a red fox",), ("blurry",))
    assert (found.images, found.other) == (("harbor.png",), ())


def test_invokeai_is_read():
    """Adapters, models and pictures are named by their own names."""
    said = {
        "app_version": "5.4.0", "generation_mode": "txt2img", "positive_prompt": "a red fox",
        "negative_prompt": "blurry", "seed": 9, "scheduler": "euler",
        "model": {"key": "k", "hash": "h", "name": "harbor", "base": "sdxl", "type": "main"},
        "loras": [{"model": {"key": "k", "hash": "h", "name": "storm", "base": "sd"}, "weight": 1}],
        "init_image": "sketch.png",
    }  # fmt: skip
    found = generation_of(png({"invokeai_metadata": json.dumps(said)}))
    assert (found.tool, found.version, found.seeds) == ("InvokeAI", "5.4.0", (9,))
    assert (found.positive, found.negative) == (("a red fox",), ("blurry",))
    assert (found.models, found.loras) == (("harbor",), ("storm",))
    assert found.images == ("sketch.png",)


def test_fooocus_is_read_from_a_jpeg():
    """Its settings stand in a UserComment there."""
    said = {"metadata_scheme": "fooocus", "full_prompt": ["a fox", "sharp"], "prompt": "a fox",
            "negative_prompt": "text", "loras": [["storm.safetensors", 0.5, "1f2e"]],
            "base_model": "harbor", "seed": "12", "version": "Fooocus v2.5.0"}  # fmt: skip
    comment = b"ASCII\0\0\0" + json.dumps(said).encode()
    found = generation_of(saved("JPEG", exif=exif(comment=comment)))
    assert (found.tool, found.version, found.seeds) == ("Fooocus", "v2.5.0", (12,))
    assert (found.positive, found.negative) == (("a fox", "sharp"), ("text",))
    assert (found.models, found.loras) == (("harbor",), ("storm.safetensors",))


def test_swarmui_is_read():
    """Its settings are wrapped once."""
    said = {"sui_image_params": {"prompt": "a fox", "negativeprompt": "text", "model": "harbor",
            "seed": 3, "loras": ["storm"], "loraweights": ["1"],
            "swarm_version": "0.9"}}  # fmt: skip
    found = generation_of(png({"parameters": json.dumps(said)}))
    assert (found.tool, found.version, found.seeds) == ("SwarmUI", "0.9", (3,))
    assert (found.positive, found.negative) == (("a fox",), ("text",))
    assert (found.models, found.loras) == (("harbor",), ("storm",))


@pytest.mark.parametrize("data", [
    png(NOVELAI),
    hidden(json.dumps(NOVELAI)),
    hidden(json.dumps(NOVELAI), sign="stealth_pnginfo"),
    hidden(json.dumps(NOVELAI), sign="stealth_rgbcomp", size=(90, 400)),
    hidden(json.dumps(NOVELAI), size=(900, 60)),
], ids=["texts", "alpha", "alpha, not packed", "colors", "low"])  # fmt: skip
def test_novelai_is_read_from_texts_and_from_pixels(data):
    """People in a picture have prompts of their own."""
    found = generation_of(data)
    assert (found.tool, found.seeds) == ("NovelAI", (5,))
    assert (found.positive, found.negative) == (("a heron", "a boy"), ("text", "text, blur"))
    assert found.models == ("Stable Diffusion XL 7BCCAA2C",)


@pytest.mark.parametrize("height", [151, 152, 153])
def test_a_hidden_text_is_found_at_every_height(height):
    """So long is the beginning that tells of one: 152 bits, one a row."""
    assert generation_of(hidden(INFOTEXT, size=(200, height))).positive == ASKED


@pytest.mark.parametrize(("how", "sign", "mode"), [
    ({"lossless": True, "exact": True}, "stealth_pngcomp", "RGBA"),
    ({"lossless": True, "exact": True}, "stealth_rgbinfo", "RGB"),
    ({"lossless": True, "exact": True, "exif": exif({0x013B: "Ann"})}, "stealth_pnginfo", "RGBA"),
    ({"quality": 60}, "stealth_pngcomp", "RGBA"),
], ids=["lossless", "without alpha", "with EXIF", "lossy"])  # fmt: skip
@pytest.mark.parametrize("size", [(200, 180), (90, 400), (1200, 40)])
def test_a_text_hidden_in_a_webp_is_found(how, sign, mode, size):
    """Alpha is kept to the bit even where colors are not."""
    data = webp(hidden(INFOTEXT, sign=sign, size=size), mode, **how)
    assert generation_of(data).positive == ASKED


@pytest.mark.parametrize("data", [
    saved("WEBP"), saved("WEBP", lossless=True), saved("WEBP", lossless=True)[:29],
    webp(hidden(INFOTEXT), "RGBA", lossless=True)[:-200],
], ids=["lossy", "lossless", "head alone", "cut"])  # fmt: skip
def test_a_webp_without_a_hidden_text_has_none(data):
    """Pixels that cannot be decoded are told of elsewhere."""
    assert generation_of(data) == Generation()


def test_a_webp_of_too_many_pixels_is_not_decoded():
    """A head of 16 bytes may promise 268 million."""
    head = b"VP8L" + (10).to_bytes(4, "little") + b"\x2f" + (0x1FFFFFFF).to_bytes(4, "little")
    data = b"RIFF" + (30).to_bytes(4, "little") + b"WEBP" + head + bytes(9)
    assert generation_of(data).problems == (
        "hidden text: picture of more than 4,194,304 pixels, not read",
    )


@pytest.mark.parametrize("data", [
    png({"Description": f"a fox in snow --no people --seed 77 --v 6.1 {JOB}", "Author": "ann"}),
    saved("WEBP", xmp=xmp(f"<dc:description>a fox in snow --no people --seed 77 --v 6.1 {JOB}"
                          "</dc:description>")),
], ids=["PNG", "XMP"])  # fmt: skip
def test_midjourney_is_read(data):
    """Options of a prompt are no part of it."""
    found = generation_of(data)
    assert (found.tool, found.version, found.seeds) == ("Midjourney", "6.1", (77,))
    assert (found.positive, found.negative) == (("a fox in snow",), ("people",))


@pytest.mark.parametrize("texts", [
    {"Title": "DALL·E 2024-02-03 10.11.12 - a fox in snow"},
    {"Software": "DALL-E", "Description": "a fox in snow"},
])  # fmt: skip
def test_dalle_is_read(texts):
    """By the title that its pages give, or by its name beside a description."""
    found = generation_of(png(texts, how="iTXt"))
    assert (found.tool, found.positive) == ("DALL·E", ("a fox in snow",))


@pytest.mark.parametrize("what", ["JPEG", "WEBP", "AVIF", "HEIF", "PNG"])
def test_xmp_is_read_from_every_container(what):
    """Source type, creator and rights, and the fields on models of 2025."""
    packet = xmp(
        "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>"
        "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Harbor Ltd</rdf:li></rdf:Alt></dc:rights>"
        "<Iptc4xmpExt:AIPromptInformation>a fox in snow</Iptc4xmpExt:AIPromptInformation>"
        "<Iptc4xmpExt:AIPromptWriterName>Ben</Iptc4xmpExt:AIPromptWriterName>"
        "<Iptc4xmpExt:AISystemUsed>Model X</Iptc4xmpExt:AISystemUsed>",
        FIREFLY,
    )
    data = (
        png({"XML:com.adobe.xmp": packet.decode()}, how="iTXt")
        if what == "PNG"
        else saved(what, xmp=packet)
    )
    found = generation_of(data)
    assert set(found.claims) == {
        Claim(source="xmp", name="creator", value="Ann"),
        Claim(source="xmp", name="rights", value="Harbor Ltd"),
        Claim(source="xmp", name="prompt writer", value="Ben"),
        Claim(source="xmp", name="AI system", value="Model X"),
        Claim(source="xmp", name="digital source type", value="trainedAlgorithmicMedia"),
    }
    assert (found.tool, found.positive) == ("Model X", ("a fox in snow",))


def test_fields_of_the_iptc_are_read():
    """Google's pictures say it in the credit."""
    fields = {80: "Ann", 110: "Made with Google AI", 116: "Harbor Ltd", 120: "a fox in snow"}
    found = generation_of(jpeg((0xED, b"Photoshop 3.0\0" + iptc(fields))))
    assert [(claim.name, claim.value) for claim in found.claims] == [
        ("creator", "Ann"), ("credit", "Made with Google AI"), ("rights", "Harbor Ltd"),
    ]  # fmt: skip
    assert (found.tool, found.positive) == ("Google AI", ("a fox in snow",))


def test_exif_of_a_png_is_read():
    """It has a chunk of its own."""
    found = generation_of(png(more=chunk(b"eXIf", exif({0x013B: "Ann"}))))
    assert found.claims == (Claim(source="exif", name="creator", value="Ann"),)


def test_a_caption_without_a_generator_is_a_text_like_others():
    """Nobody asked a camera for it."""
    found = generation_of(saved("JPEG", exif=exif({0x010E: "a fox in snow", 0x0110: "X100"})))
    assert (found.tool, found.positive, found.other) == (None, (), ("a fox in snow",))


def test_a_valid_manifest_tells_of_a_model():
    """Its software is the tool, and the prompt in its actions was asked for."""
    pytest.importorskip("c2pa")
    found = generation_of(signed("trainedAlgorithmicMedia"))
    assert (found.tool, found.positive) == ("Adobe Firefly", ("a castle on a cliff",))
    assert (found.manifest.state, found.manifest.signer) == ("valid", "Test Signer")
    assert found.manifest.source_types == ("trainedAlgorithmicMedia",)
    assert found.manifest.ai == ("cawg.ai_inference: notAllowed",)
    assert role_of(found) is Role.GENERATED


def test_an_invalid_manifest_tells_of_nothing():
    """One changed byte of the picture, and it is of nobody's saying; its text is kept."""
    pytest.importorskip("c2pa")
    data = bytearray(signed("trainedAlgorithmicMedia"))
    data[-20] ^= 1
    found = generation_of(bytes(data))
    assert (found.manifest.state, found.tool, role_of(found)) == ("invalid", None, None)
    assert found.manifest.failures == ("assertion.dataHash.mismatch",)
    assert found.other == ("a castle on a cliff",)


def test_a_manifest_that_is_damaged_is_not_absent():
    """Something stands in its place, and that is told."""
    pytest.importorskip("c2pa")
    found = generation_of(png(more=chunk(b"caBX", b"\0" * 40)))
    assert found.manifest.state == "unread"
    assert [said[:14] for said in found.problems] == ["C2PA manifest:"]


def test_the_library_for_manifests_asks_nobody():
    """Sent to a server for a manifest, it does not knock: native code that no audit hook sees."""
    pytest.importorskip("c2pa")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        place = f"http://127.0.0.1:{server.getsockname()[1]}/manifest.c2pa"
        data, reading = signed("digitalCapture", remote=place), Reading()
        read_manifest(data, "JPEG", reading, store=1, remote=place)
        assert (reading.manifest.state, reading.manifest.url) == ("remote", place)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(("source_type", "role"), [
    ("trainedAlgorithmicMedia", Role.GENERATED),
    ("compositeWithTrainedAlgorithmicMedia", Role.GENERATED),
    ("algorithmicMedia", None), ("digitalCapture", None), ("screenCapture", None),
])  # fmt: skip
def test_only_a_trained_model_gives_a_role(source_type, role):
    """A photograph or a screen capture is what anybody can write."""
    words = f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPES}{source_type}"'
    assert role_of(generation_of(saved("WEBP", xmp=xmp(attributes=words)))) is role


def test_json_holds_no_text_unless_asked():
    """Digests and numbers stand for prompts."""
    found = generation_of(png({"parameters": INFOTEXT}))
    shown = json.dumps(found.to_json())
    assert not any(text in shown for text in (*found.positive, *found.negative))
    assert found.to_json()["prompts"]["negative"][0]["characters"] == 15
    assert found.to_json(prompts=True)["prompts"]["positive"][0]["text"] == ASKED[0]


def test_the_digest_of_prompts_is_of_all_that_was_asked_for():
    """SHA-256 of "a fox" as UTF-8, by another program."""
    found = Generation(prompts=((PromptKind.POSITIVE, "a fox"), (PromptKind.NEGATIVE, "b")))
    assert found.prompt_sha256 == (
        "5ebbe2a2650a5e157c4f8e6720167485236ce883498722718171efe14efab41c"
    )
    assert Generation().prompt_sha256 is None


def test_a_version_without_a_tool_is_refused():
    """A value that says what nobody can mean."""
    with pytest.raises(InputInvalidError, match="of no tool"):
        Generation(version="1")


def test_a_path_is_read_and_an_absent_one_is_an_error(tmp_path):
    """Bytes and path give the same."""
    (tmp_path / "a.png").write_bytes(png({"parameters": INFOTEXT}))
    assert generation_of(tmp_path / "a.png") == generation_of(png({"parameters": INFOTEXT}))
    with pytest.raises(UnreadError, match="no such file"):
        generation_of(tmp_path / "b.png")
