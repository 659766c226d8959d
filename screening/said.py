"""What went into a generator as words: the texts in which names are looked for."""

from screening.generation import Generation
from screening.names import Said, Source


def said_of(generation: Generation | None) -> tuple[Said, ...]:
    """Return prompts, and the names of models and LoRAs.

    Texts of which nobody can tell what they were for count as prompts; what was to be left out of
    the picture, the negative prompt, does not.
    """
    if generation is None:
        return ()
    return (
        *(Said(source=Source.PROMPT, text=text) for text in generation.positive),
        *(Said(source=Source.PROMPT, text=text) for text in generation.other),
        *(Said(source=Source.MODEL, text=_stem(name)) for name in generation.models),
        *(Said(source=Source.LORA, text=_stem(name)) for name in generation.loras),
    )


def _stem(name: str) -> str:
    """Return the name of a model's file without folders and without what follows its last dot."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    return stem if dot and ending.isalnum() and ending.lower() in _ENDINGS else last


_ENDINGS = frozenset(("safetensors", "ckpt", "pt", "pth", "bin", "gguf", "onnx"))
