"""What of a generation is searched for names."""

import pytest

from screening.generation import Generation, PromptKind
from screening.names import Source
from screening.said import said_of


def said(**fields):
    """Return source and text of all that is searched of a generation."""
    return [(one.source, one.text) for one in said_of(Generation(**fields))]


def test_prompts_count_and_what_was_to_be_left_out_does_not():
    """Texts whose use nobody can tell count too, after those that were asked for."""
    prompts = (
        (PromptKind.NEGATIVE, "no rain"),
        (PromptKind.OTHER, "a note"),
        (PromptKind.POSITIVE, "a hat"),
        (PromptKind.POSITIVE, "a cat"),
    )
    assert said(prompts=prompts) == [
        (Source.PROMPT, "a hat"), (Source.PROMPT, "a cat"), (Source.PROMPT, "a note")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("harbor_v3", "harbor_v3"),
        ("harbor_v3.safetensors", "harbor_v3"),
        ("harbor.CKPT", "harbor"),
        ("harbor_v1.5", "harbor_v1.5"),
        ("harbor.v2.gguf", "harbor.v2"),
        ("styles/sea/harbor.pt", "harbor"),
        ("styles\\sea\\harbor.pth", "harbor"),
        ("warner/harbor", "harbor"),
        (".safetensors", ""),
        ("harbor.", "harbor."),
        ("harbor/", ""),
        ("", ""),
        ("羅生門.bin", "羅生門"),
    ],
)
def test_a_model_counts_by_the_name_of_its_file(name, text):
    """Without folders and without the ending of files of weights."""
    assert said(models=(name,)) == [(Source.MODEL, text)]
    assert said(loras=(name,)) == [(Source.LORA, text)]


def test_nothing_else_counts():
    """Neither tools nor pictures fed in nor seeds; a file that tells nothing has nothing said."""
    assert said(tool="harbor", images=("rashomon.png",), seeds=(7,), problems=("x",)) == []
    assert said_of(None) == ()
