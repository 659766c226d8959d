"""One text of a file's metadata: which tool wrote it, by its form rather than by its place.

Of a file beside the picture less is taken for granted: it may be anybody's. There a text without
the form of a tool is a prompt of kind OTHER, and so is, in JSON that names no tool, what is called
a caption or the like, and any other text of several words; pictures named there were not fed in.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from screening.generation.descriptions import claim_of, read_description
from screening.generation.generation import PromptKind
from screening.generation.graphs import is_graph, read_graphs
from screening.generation.infotext import is_infotext, read_infotext
from screening.generation.leaves import Leaf, keep, leaf_of, leaves
from screening.generation.reading import Reading

BESIDE = "beside"
"""The part of the file that a sidecar is."""

_MAX_STRINGS = 500
_DECODER = json.JSONDecoder(strict=False)
_NESTED = 3
_GRAPH_PREFIX = re.compile(r"(?i)^(?:prompt|workflow):\s*(?=\{)")
_IGNORED = re.compile(r"^(date|exif|png|jpeg|icc|tiff|thumb|signature|xmp|filename)\b")
_WRAPPED = frozenset(("Comment", "parameters", "UserComment", "Description"))
_DIALECTS = (
    ("SwarmUI", {"sui_image_params"}, "swarm_version"),
    ("Fooocus", {"metadata_scheme", "full_prompt"}, "version"),
    ("Fooocus", {"Prompt", "Fooocus V2 Expansion"}, "Version"),
    ("InvokeAI", {"generation_mode", "positive_prompt"}, "app_version"),
    ("InvokeAI", {"app_id", "app_version"}, "app_version"),
    ("InvokeAI", {"canvas_v2_metadata"}, "app_version"),
    ("Easy Diffusion", {"use_stable_diffusion_model"}, ""),
    ("Easy Diffusion", {"guidance_scale", "stable_diffusion_model"}, ""),
    ("NovelAI", {"signed_hash"}, ""),
    ("NovelAI", {"uc", "sampler"}, ""),
    ("Draw Things", {"c", "uc"}, ""),
)
"""Tool, the names that it alone uses, and under which name it tells its version."""

_IS_LINES = (re.compile(r"(?m)^Seed: ?\d"), re.compile(r"(?m)^Guidance Scale: ?\d"))
_LINE = re.compile(
    r"(?m)^(Prompt|Negative Prompt|Seed|Width|Height|Steps|Sampler|Guidance Scale|Clip Skip"
    r"|ControlNet Filter|Seamless Tiling|Upscale By|Latent Upscaler Steps"
    r"|Use (?:Face Correction|Upscaling)|(?:Prompt|Hypernetwork|LoRA|ControlNet) Strength"
    r"|(?:Stable Diffusion|VAE|LoRA|Hypernetwork|ControlNet|Embedding) [Mm]odels?): ?"
)
_NOTHING = frozenset(("", "None", "False", "True"))


def read_texts(texts: list[tuple[str, str, str]], reading: Reading, *, depth: int = 0) -> None:
    """Note what texts say, given as part of the file, key and text; graphs first."""
    graphs, rest = list[Mapping[str, Any]](), list[tuple[str, str, Any]]()
    for source, key, text in texts:
        if reading.late:
            return
        text = _GRAPH_PREFIX.sub("", text.strip())  # noqa: PLW2901
        value = _json(key, text, reading) if text[:1] in {"{", "["} else text
        if graph := _graph_in(value):
            graphs.append(graph)
            continue
        if isinstance(value, dict):
            within = {name: graph for name, one in value.items() if (graph := _graph_in(one))}
            graphs += within.values()
            value = {name: one for name, one in value.items() if name not in within}
        rest.append((source, key, value))
    if graphs:
        read_graphs(graphs, reading)
    for source, key, value in rest:
        if reading.late:
            return
        if isinstance(value, str):
            _plain(source, key, value, reading)
        else:
            _settings(source, key, value, reading, depth=depth)


def _graph_in(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str) and value[:1] == "{" and '"class_type"' in value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if is_graph(value) else None


def _json(key: str, text: str, reading: Reading) -> Any:
    """Return what JSON says; of broken JSON the texts in quotes are kept, as they may be prompts.

    A text that only begins with a brace is returned as it is.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if not re.match(r'[{\[]\s*["{\[]', text[:1000]):
            return text
        deep = isinstance(error, RecursionError)
        reading.problem(f"{key}: JSON that is {'nested too deeply' if deep else 'broken or cut'}")
    for count, quoted in enumerate(_quoted(text)):
        if count >= _MAX_STRINGS or reading.late:
            reading.problem(f"{key}: not all texts of the broken JSON were kept")
            break
        if " " in quoted:
            reading.prompt(PromptKind.OTHER, quoted)
    return ""


def _quoted(text: str) -> Iterator[str]:
    """Yield the texts in quotes of broken JSON, and what follows the last quote that opens one."""
    at = text.find('"')
    while at >= 0:
        try:
            quoted, end = _DECODER.raw_decode(text, at)
        except ValueError:
            yield text[at + 1 :]
            return
        yield quoted
        at = text.find('"', end)


def _settings(source: str, key: str, value: Any, reading: Reading, *, depth: int) -> None:
    """Note settings that are JSON, of any tool; a file's other texts may be wrapped in them."""
    if isinstance(value, dict):
        wrapped = [(source, name, one) for name, one in value.items() if isinstance(one, str)]
        if not _WRAPPED.isdisjoint(value) and depth < _NESTED:
            read_texts(wrapped, reading, depth=depth + 1)
            return
    named = isinstance(value, dict) and _name_tool(key, value, reading)
    anybodys = source == BESIDE and not named
    anything = True
    for name, one in leaves(value, reading):
        if reading.late:
            return
        if anybodys and _says_nothing(leaf_of(name, one), one):
            continue
        asked = not anybodys or "prompt" in name.lower()
        kind = PromptKind.POSITIVE if asked else PromptKind.OTHER
        anything &= keep(reading, name, one, prompt=kind) is not Leaf.PROMPT
    if anything and isinstance(value, dict) and not reading.has_positive:
        for _, one in leaves(value, reading):
            if isinstance(one, str) and " " in one:
                reading.prompt(PromptKind.OTHER, one)


def _says_nothing(leaf: Leaf, value: object) -> bool:
    """Tell whether a value of JSON that names no tool is one of a thousand other things."""
    return leaf is Leaf.IMAGE or (leaf is Leaf.UNKNOWN and " " not in str(value))


def _name_tool(key: str, value: dict[str, Any], reading: Reading) -> bool:
    """Note the tool whose settings these are; return whether it is known."""
    if key.lower() in {"invokeai_metadata", "sd-metadata"}:
        reading.tool("InvokeAI", str(value.get("app_version") or ""))
        return True
    for tool, signs, version in _DIALECTS:
        if signs <= value.keys():
            inner = value.get("sui_image_params")
            told = inner.get(version) if isinstance(inner, dict) else value.get(version)
            said = str(told or "") if isinstance(told, (str, int, float)) else ""
            reading.tool(tool, said.removeprefix(f"{tool} "))
            return True
    return False


def _plain(source: str, key: str, text: str, reading: Reading) -> None:
    name = key.lower()
    if not text or _IGNORED.match(name):
        return
    if all(sign.search(text) for sign in _IS_LINES):
        _settings(source, key, _in_lines(text), reading, depth=_NESTED)
    elif is_infotext(text):
        read_infotext(text, reading)
    elif source == BESIDE:
        read_description("comment", text, reading)
    elif name == "dream":
        _read_dream(text, reading)
    elif not read_description(name, text, reading) and not claim_of(source, name, text, reading):
        keep(reading, name, text, prompt=PromptKind.POSITIVE)


def _in_lines(text: str) -> dict[str, str]:
    """Return settings of Easy Diffusion, one a line; the prompt comes first, named or not."""
    told, key, at = dict[str, list[str]](), "prompt", 0
    for setting in _LINE.finditer(text):
        told.setdefault(key, []).append(text[at : setting.start()])
        key, at = setting[1].lower().replace(" ", "_"), setting.end()
    told.setdefault(key, []).append(text[at:])
    said = {key: "".join(values).strip() for key, values in told.items()}
    return {key: value for key, value in said.items() if value not in _NOTHING}


def _read_dream(text: str, reading: Reading) -> None:
    """Note the command line of early InvokeAI: a prompt in quotes, in brackets what to avoid."""
    reading.tool("InvokeAI")
    quoted, _, options = text.rpartition('"')
    prompt = quoted.strip().removeprefix('"')
    for unwanted in re.findall(r"\[([^\[\]]*)\]", prompt):
        reading.prompt(PromptKind.NEGATIVE, unwanted)
    reading.prompt(PromptKind.POSITIVE, re.sub(r"\s*\[[^\[\]]*\]", "", prompt))
    for seed in re.findall(r"(?:^|\s)-S\s*(\d{1,20})\b", options):
        reading.seed(int(seed))
    for image in re.findall(r"(?:^|\s)-I\s*(\S{1,300})", options):
        reading.image(image)
