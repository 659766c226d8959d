"""Files of tools themselves, with what stands in them written down by hand."""

import pytest

from screening.decision import Role
from screening.generation import generation_of, role_of

pytestmark = pytest.mark.shared

COMFY = "comfyui_examples"
PARSERS = "sd_parsers/tests/resources/parsers"
HANDS = (
    "(hands), text, error, cropped, (worst quality:1.2), (low quality:1.2), normal quality, (jpeg "
    "artifacts:1.3), signature, watermark, username, blurry, artist name, monochrome, sketch, "
    "censorship, censor, (copyright:1.2)"
)
MORE_HANDS = f"{HANDS}, extra legs, (forehead mark) (depth of field) (emotionless) (penis)"
ANYTHING = "Anything-V3.0.ckpt"
SD15 = "v1-5-pruned-emaonly.ckpt"
VAE = "vae-ft-mse-840000-ema-pruned.safetensors"
CASCADE = (
    "evening sunset scenery blue sky nature, glass bottle with a fizzy ice cold freezing rainbow "
    "liquid in it"
)
GALAXY = (
    "inside it on top of a wooden table on a snowy mountain top with the ocean and clouds in the "
    "background"
)

GRAPHS = {
    "controlnet/controlnet_example.png": (
        [
            (
                "(solo) girl (flat chest:0.9), (fennec ears:1.1)\xa0 (fox ears:1.1), (blonde "
                "hair:1.0), messy "
                "hair, sky clouds, standing in a grass field, (chibi), blue eyes"
            )
        ],
        [MORE_HANDS],
        [ANYTHING, "control_scribble.safetensors", VAE],
        [],
        [1002496614778823],
        ["input_scribble_example.png"],
    ),
    "controlnet/depth_t2i_adapter.png": (
        ["underwater photograph shark"],
        [HANDS],
        [SD15, "t2iadapter_depth_sd14v1.pth"],
        [],
        [891858402356003],
        ["shark_depthmap.png"],
    ),
    "controlnet/mixing_controlnets.png": (
        [
            (
                "(solo) girl photograph realistic (flat chest:0.9), (fennec ears:1.0) (fox "
                "ears:1.0), (messy "
                "hair) blonde hair, blue eyes, standing, serafuku sweater, (brick house) "
                "(scenery HDR "
                "landscape) (sun clouds) sky, mountains,"
            )
        ],
        [MORE_HANDS],
        [
            "AOM3A1.safetensors",
            "control_openpose.safetensors",
            "control_scribble.safetensors",
            "kl-f8-anime2.ckpt",
        ],
        [],
        [894480165483805],
        ["house_scribble.png", "pose_present.png"],
    ),
    "flux/flux_controlnet_example.png": (
        [
            (
                "anime girl smiling with long hair standing in a football arena with a single "
                "massive sword "
                "hanging from her back"
            )
        ],
        [],
        ["flux1-dev-fp8.safetensors", "instantx_flux_canny.safetensors"],
        [],
        [370146334065324],
        ["girl_in_field.png"],
    ),
    "flux/flux_depth_lora_example.png": (
        ["a photograph of a shark in the sea"],
        [],
        ["ae.safetensors", "clip_l.safetensors", "flux1-dev.safetensors", "t5xxl_fp16.safetensors"],
        ["flux1-depth-dev-lora.safetensors"],
        [91050358797301],
        ["shark_depthmap.png"],
    ),
    "flux/girl_in_field.png": (
        ["mulan standing in front of a rice paddy"],
        [],
        ["ae.safetensors", "clip_l.safetensors", "flux1-dev.safetensors", "t5xxl_fp16.safetensors"],
        [],
        [219670278747233],
        [],
    ),
    "gligen/gligen_textbox_example.png": (
        [
            (
                "photograph scenery landscape, snow beautiful scenery mountain, glass bottle; "
                "purple galaxy "
                "bottle; sun"
            ),
            "purple galaxy bottle",
            "sun",
        ],
        ["text, watermark"],
        ["gligen_sd14_textbox_pruned.safetensors", SD15],
        [],
        [1023216319780679],
        [],
    ),
    "hidream/hidream_e1_example.png": (
        ["snow at sunset oil painting"],
        [],
        [
            "ae.safetensors",
            "clip_g_hidream.safetensors",
            "clip_l_hidream.safetensors",
            "hidream_e1_full_bf16.safetensors",
            "llama_3.1_8b_instruct_fp8_scaled.safetensors",
            "t5xxl_fp8_e4m3fn_scaled.safetensors",
        ],
        [],
        [850933585641497],
        ["mountains.png"],
    ),
    "hunyuan_dit/hunyuan_dit_1.2_example.png": (
        [f"a bottle with a 彩虹星系 {GALAXY}"],
        [],
        ["hunyuan_dit_1.2.safetensors"],
        [],
        [137656229034231],
        [],
    ),
    "img2img/img2img_workflow.png": (
        ["photograph of victorian woman with wings, sky clouds, meadow grass"],
        ["watermark, text"],
        [SD15],
        [],
        [280823642470253],
        ["example.png"],
    ),
    "inpaint/inpain_model_woman.png": (
        [
            (
                "photograph of young blonde (woman) standing outdoors in the yosemite national "
                "park mountains "
                "nature, blue eyes"
            )
        ],
        ["watermark, text"],
        ["512-inpainting-ema.safetensors"],
        [],
        [874653573063155],
        ["yosemite_inpaint_example.png"],
    ),
    "inpaint/inpaint_anythingv3_woman.png": (
        ["(girl) blue eyes, blonde hair, in the yosemite national park mountains nature"],
        ["watermark, text"],
        [ANYTHING, VAE],
        [],
        [171829914789776],
        ["yosemite_inpaint_example.png"],
    ),
    "lcm/lcm_basic_example.png": (
        ["evening sunset scenery blue sky nature, glass bottle with a galaxy in it"],
        ["text, watermark"],
        ["sd_xl_1.0.safetensors"],
        ["lcm_lora_sdxl.safetensors"],
        [167055194337639],
        [],
    ),
    "model_merging/model_merging_3_checkpoints.png": (
        ["beautiful scenery nature glass bottle landscape, , purple galaxy bottle,"],
        ["text, watermark"],
        ["AOM3A1.safetensors", "cardosAnime_v10.safetensors", "kl-f8-anime2.ckpt", SD15],
        [],
        [156680208700286],
        [],
    ),
    "model_merging/model_merging_inpaint.png": (
        ["anime girl"],
        ["text, watermark"],
        ["AOM3A1.safetensors", "kl-f8-anime2.ckpt", "sd-v1-5-inpainting.ckpt", SD15],
        [],
        [156680208700286],
        ["yosemite_inpaint_example.png"],
    ),
    "sd3/sd3_text_encoders_example.png": (
        [f"a bottle with a rainbow galaxy {GALAXY}"],
        [],
        [
            "clip_g.safetensors",
            "clip_l.safetensors",
            "sd3_medium.safetensors",
            "t5xxl_fp16.safetensors",
        ],
        [],
        [1023174949987877],
        [],
    ),
    "sdturbo/sdxlturbo_example.png": (
        [
            (
                "beautiful landscape scenery glass bottle with a galaxy inside cute fennec fox "
                "snow HDR "
                "sunset"
            )
        ],
        ["text, watermark"],
        ["sd_xl_turbo_1.0_fp16.safetensors"],
        [],
        [0],
        [],
    ),
    "stable_cascade/stable_cascade__canny_controlnet.png": (
        [CASCADE],
        ["text, watermark"],
        [
            "stable_cascade_canny.safetensors",
            "stable_cascade_stage_b.safetensors",
            "stable_cascade_stage_c.safetensors",
        ],
        [],
        [784805947292946, 951405158245073],
        ["example.png"],
    ),
    "stable_cascade/stable_cascade__image_to_image.png": (
        [CASCADE],
        ["text, watermark"],
        ["stable_cascade_stage_b.safetensors", "stable_cascade_stage_c.safetensors"],
        [],
        [321653652654528, 980291192346449],
        ["example.png"],
    ),
    "unclip/unclip_example_multiple.png": (
        ["beautiful photograph"],
        ["bad hands"],
        ["sd21-unclip-h.ckpt"],
        [],
        [363144844778993],
        ["mountains.png", "sunset.png"],
    ),
    "upscale_models/esrgan_example.png": (
        ["masterpiece best quality girl standing in victorian clothing"],
        ["bad hands"],
        ["RealESRGAN_x2.pth", SD15],
        [],
        [833543590226030],
        [],
    ),
    "z_image/z_image_turbo_example.png": (
        [
            (
                "cute anime style girl with massive fluffy fennec ears and a big fluffy tail "
                "blonde messy "
                "long hair blue eyes wearing a maid outfit with a long black gold leaf pattern "
                "dress and a "
                "white apron, it is a postcard held by a hand in front of a beautiful realistic "
                "city at "
                'sunset and there is cursive writing that says "ZImage, Now in ComfyUI"'
            )
        ],
        ["blurry ugly bad"],
        ["ae.safetensors", "qwen_3_4b.safetensors", "z_image_turbo_bf16.safetensors"],
        [],
        [47447417949230],
        [],
    ),
}
"""Positive and negative prompts, models, LoRAs, seeds, pictures fed in; empty prompts count not."""


def read(measuring_data, name):
    return generation_of(measuring_data / "generated" / name)


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_of_comfyui_are_read_whole(measuring_data, name):
    """Prompts are told apart by the links from the sampler, and all that was loaded is named."""
    positive, negative, models, loras, seeds, images = GRAPHS[name]
    found = read(measuring_data, f"{COMFY}/{name}")
    assert (found.tool, found.version, found.problems) == ("ComfyUI", None, ())
    assert sorted(found.positive) == sorted(positive)
    assert sorted(found.negative) == sorted(negative)
    assert (sorted(found.models), list(found.loras)) == (sorted(models), loras)
    assert (sorted(found.seeds), sorted(found.images)) == (sorted(seeds), sorted(images))
    assert role_of(found) is Role.GENERATED


def test_many_encoders_before_two_samplers_are_all_reached(measuring_data):
    """Areas that are combined are followed each, and both passes count."""
    found = read(measuring_data, f"{PARSERS}/ComfyUI/night_evening_day_morning_cropped.png")
    assert [text.replace("(best quality) ", "")[:20] for text in found.positive] == [
        "(masterpiece) beauti", "(evening:1.2) (sky:1", "(night:1.3) (darknes", ("(daytime:1.2) "
        "sky (b"),
        "beautiful (HDR:1.2) ", "(masterpiece) mornin",
    ]  # fmt: skip
    assert found.negative == (f"{MORE_HANDS} (pumpkin)",)
    assert found.models == (VAE, ANYTHING, "AbyssOrangeMix2_hard.safetensors")
    assert found.seeds == (335608130539327, 1122440447966177)


def test_pictures_that_stand_for_prompts_are_named(measuring_data):
    """Two passes of unCLIP: each has its prompts, and the pictures that were fed in are known."""
    found = read(measuring_data, f"{PARSERS}/ComfyUI/unclip_2pass_cropped.png")
    assert found.positive == (
        (
            "(waifu, anime, exceptional, best aesthetic, new, newest, best quality, "
            "masterpiece, extremely "
            "detailed:1.2)"
        ),
        "beautiful scenery landscape outdoors mountains",
    )
    assert [text[:21] for text in found.negative] == [
        "lowres, (bad anatomy)",
        "(hands), text, error,",
    ]
    assert found.images == ("mountains.png", "sunset.png")


def test_an_early_graph_is_read(measuring_data):
    """A configuration file is no model."""
    found = read(measuring_data, f"{PARSERS}/ComfyUI/img2img_cropped.png")
    assert found.positive == ("photograph of victorian woman with wings, sky clouds, meadow grass",)
    assert (found.models, found.images) == ((SD15,), ("example.png",))


@pytest.mark.parametrize("name", [
    f"{PARSERS}/AUTOMATIC1111/automatic1111_cropped.png",
    "sd_parsers/tests/resources/bad_images/text_after_idat.png",
])  # fmt: skip
def test_infotext_is_read_wherever_it_stands(measuring_data, name):
    """A text behind the pixels is read like one before them."""
    found = read(measuring_data, name)
    assert (found.tool, found.version) == ("AUTOMATIC1111", None)
    assert found.prompts == (("positive", "photo of a duck"), ("negative", "monochrome"))
    assert found.models == ("realistic_realisticVisionV20_v20",)
    assert found.seeds == (235284042,)


def test_a_text_in_the_alpha_channel_is_read(measuring_data):
    """64 rows are fewer than the beginning of a hidden text is long."""
    found = read(measuring_data, f"{PARSERS}/AUTOMATIC1111/automatic1111_stealth.png")
    assert (found.tool, found.version) == ("AUTOMATIC1111", "v1.9.4-169-ga30b19dd")
    assert found.prompts == (("positive", "a circle"), ("negative", "a square"))
    assert (found.models, found.seeds) == (("realisticVisionV51_v51VAE",), (2015833630,))


def test_fooocus_tells_what_it_made_of_a_prompt(measuring_data):
    """The prompt as typed and as expanded are both there, as are the styles' own."""
    found = read(measuring_data, f"{PARSERS}/Fooocus/fooocus1_cropped.png")
    assert (found.tool, found.version) == ("Fooocus", "v2.4.3")
    assert "a smiling goldfish" in found.positive
    assert [text[:33] for text in found.positive] == [
        "cinematic still a smiling goldfis", "a smiling goldfish, deep focus, i", ("a smiling "
        "goldfish"),
    ]  # fmt: skip
    assert [text[:20] for text in found.negative] == [
        "(worst quality, low ",
        "anime, cartoon, grap",
    ]
    assert found.other == ("['Fooocus V2', 'Fooocus Enhance', 'Fooocus Sharp']",)
    assert (found.models, found.seeds) == (("juggernautXL_v8Rundiffusion",), (6952411511246973023,))


def test_a_command_line_of_invokeai_is_taken_apart(measuring_data):
    """What stands in brackets was to be left out."""
    found = read(measuring_data, f"{PARSERS}/InvokeAI/invokeai_dream1.png")
    assert (found.tool, found.seeds) == ("InvokeAI", (2980747362,))
    assert found.positive[0].startswith("professional full body photo of young woman, hyper long")
    assert found.positive[0].endswith("high quality, film grain, low contrast")
    assert found.negative == ("rendering, glowing eyes, skinny",)


def test_settings_of_invokeai_are_read(measuring_data):
    """Models of every kind and the picture of an adapter are named."""
    found = read(measuring_data, f"{PARSERS}/InvokeAI/invokeai_imeta1.png")
    assert (found.tool, found.seeds) == ("InvokeAI", (3293022630,))
    assert found.positive == ("digital artwork, oil painting. painterly brushstrokes, holidays,",)
    assert found.negative == (
        (
            "grainy+, photo, oversaturated, overexposed, blurry, compressed jpg+, noisy++, "
            "unfocused , "
            "black and white"
        ),
    )
    assert found.models == ("juggernautXL", "ip-adapter-plus_sdxl_vit-h", "VAEFix")
    assert found.images == ("21b3ddb9-089b-49fd-b074-0b9fdac3ab3e.png",)


def test_a_description_beside_novelais_name_is_the_prompt(measuring_data):
    """Its early files give the prompt only there."""
    found = read(measuring_data, f"{PARSERS}/NovelAI/novelai1_cropped.png")
    assert (found.tool, found.seeds) == ("NovelAI", (2253955223,))
    assert found.positive == ("masterpiece, best quality,  cat, space, icon",)
    assert found.negative[0].startswith("lowres, bad anatomy, bad hands, text, error, missing")
    assert (found.models, found.other) == (("Stable Diffusion 1D44365E",), ("AI generated image",))


ADOBE, PYTHON = "c2pa_public_testfiles/jpeg", "c2pa_python/files-for-reading-tests"
MANIFESTS = {
    f"{ADOBE}/adobe-20220124-CA.jpg": ((), "opened color_adjustments", ("parentOf: A.jpg",)),
    f"{ADOBE}/adobe-20220124-CAICAI.jpg": (
        (), "opened color_adjustments placed resized", ("parentOf: A.jpg", "componentOf: CAI.jpg"),
    ),
    f"{ADOBE}/adobe-20220124-CI.jpg": (
        (), "created drawing placed resized", ("componentOf: I.jpg",),
    ),
    f"{ADOBE}/adobe-20220124-CICA.jpg": (
        (), "created drawing placed resized", ("componentOf: CA.jpg",),
    ),
    f"{ADOBE}/adobe-20220124-E-clm-CAICAI.jpg": (
        ("ingredient.manifest.missing", "assertion.hashedURI.mismatch"),
        "opened color_adjustments placed resized", ("parentOf: A.jpg", "componentOf: CAI.jpg"),
    ),
    f"{PYTHON}/CA.jpg": ((), "opened color_adjustments", ("parentOf: A.jpg",)),
    f"{PYTHON}/CACAE-uri-CA.jpg": ((), "created placed resized", ("componentOf: CAE-uri-CA.jpg",)),
    f"{PYTHON}/E-sig-CA.jpg": (
        ("claimSignature.mismatch",), "opened color_adjustments", ("parentOf: A.jpg",),
    ),
    f"{PYTHON}/XCA.jpg": (
        ("assertion.dataHash.mismatch",), "opened color_adjustments", ("parentOf: A.jpg",),
    ),
    # cut down by whoever published them, so that they do not fit their manifests any more
    f"{ADOBE}/truepic-20230212-camera.jpg": (("assertion.dataHash.mismatch",), "", ()),
    f"{ADOBE}/truepic-20230212-landscape.jpg": (("assertion.dataHash.mismatch",), "", ()),
}  # fmt: skip
"""What does not fit, actions, ingredients."""


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_are_valid_or_say_what_is_not(measuring_data, name):
    """None of them tells of a model, so that none gives a role."""
    pytest.importorskip("c2pa")
    failures, actions, ingredients = MANIFESTS[name]
    found = read(measuring_data, name)
    manifest = found.manifest
    assert manifest.state == ("invalid" if failures else "valid")
    assert manifest.failures == failures
    assert manifest.actions == tuple(f"c2pa.{action}" for action in actions.split())
    assert manifest.ingredients == ingredients
    assert manifest.signer == ("Truepic" if "truepic" in name else "C2PA Test Signing Cert")
    assert (found.tool, found.prompts, role_of(found), found.problems) == (None, (), None, ())


def test_an_algorithm_without_training_is_told_and_gives_no_role(measuring_data):
    """The source type of an action is kept as it is said."""
    pytest.importorskip("c2pa")
    manifest = read(measuring_data, f"{PYTHON}/CACAE-uri-CA.jpg").manifest
    assert manifest.source_types == ("algorithmicMedia",)
    assert manifest.agents == ("Make Test Images 0.36.0",)
    assert manifest.generator == "make_test_images 0.36.0"


def test_a_manifest_kept_elsewhere_is_not_fetched(measuring_data):
    """Where it is kept is told."""
    found = read(measuring_data, "c2pa_python/cloud.jpg")
    assert found.manifest.state == "remote"
    assert found.manifest.url == (
        "https://cai-manifests.adobe.com/manifests/"
        "adobe-urn-uuid-5f37e182-3687-462e-a7fb-573462780391"
    )
    assert ("xmp", "software", "Adobe Photoshop 21.1 (Macintosh)") in [
        (claim.source, claim.name, claim.value) for claim in found.claims
    ]


def test_a_camera_is_a_hint_and_no_role(measuring_data):
    """EXIF names a maker and a model."""
    found = read(measuring_data, f"{COMFY}/unclip/sunset.png")
    assert [(claim.name, claim.value) for claim in found.claims] == [
        ("camera maker", "NIKON CORPORATION"), ("camera", "NIKON D90"),
    ]  # fmt: skip
    assert role_of(found) is None


def test_xmp_of_an_editor_is_read(measuring_data):
    """Who made it and with what are claims; a title and keywords are texts."""
    found = read(measuring_data, "c2pa_python/files-for-signing-tests/test_xmp.webp")
    assert {(claim.source, claim.name, claim.value) for claim in found.claims} == {
        ("xmp", "software", "Adobe Photoshop 24.0 (Macintosh)"), ("xmp", "creator", "MDF"),
        ("exif", "software", "Adobe Photoshop 24.0 (Macintosh)"), ("exif", "creator", "MDF"),
    }  # fmt: skip
    assert found.other == ("This is a test", "C2PA", "Authenticity")
    assert role_of(found) is None


@pytest.mark.parametrize("name", [
    f"{COMFY}/controlnet/pose_present.png",
    f"{COMFY}/controlnet/pose_worship.png",
    "sd_parsers/example_output.png",
    "c2pa_python/files-for-signing-tests/sample1.webp",
    "c2pa_python/files-for-signing-tests/sample1.avif",
])  # fmt: skip
def test_a_file_without_metadata_says_nothing(measuring_data, name):
    """Neither a saying nor a problem; what it was made with cannot be had."""
    found = read(measuring_data, name)
    assert (found.empty, found.problems, role_of(found)) == (True, (), None)


def test_an_empty_file_has_a_problem(measuring_data):
    """It is no picture, and says so."""
    found = read(measuring_data, "sd_parsers/tests/resources/bad_images/empty_file.png")
    assert (found.empty, found.problems) == (True, ("empty file",))
