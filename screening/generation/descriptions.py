"""Captions, and what fields for people say: who made it, with what, whose it is."""

import re

from screening.generation.generation import AI_SYSTEM, SOURCE_TYPE, PromptKind
from screening.generation.reading import Reading

_GENERATORS = (
    (re.compile(r"(?i)\bmidjourney\b"), "Midjourney"),
    (re.compile(r"(?i)\bDALL[·•.\- ]?E\b"), "DALL·E"),
    (re.compile(r"(?i)\bchatgpt\b|\bgpt-4o\b|\bgpt-image|\bopenai\b"), "OpenAI"),
    (re.compile(r"(?i)\bnovelai\b"), "NovelAI"),
    (re.compile(r"(?i)\binvokeai\b"), "InvokeAI"),
    (re.compile(r"(?i)\bfooocus\b"), "Fooocus"),
    (re.compile(r"(?i)\bcomfyui\b"), "ComfyUI"),
    (re.compile(r"(?i)\bdraw things\b"), "Draw Things"),
    (re.compile(r"(?i)\badobe firefly\b"), "Adobe Firefly"),
    (re.compile(r"(?i)\b(made|edited) with google ai\b|\bimagen\b"), "Google AI"),
    (re.compile(r"(?i)\bbing image creator\b|\bmicrosoft designer\b"), "Microsoft Designer"),
    (re.compile(r"(?i)\bideogram\b"), "Ideogram"),
    (re.compile(r"(?i)\bleonardo\.?ai\b"), "Leonardo.Ai"),
    (re.compile(r"(?i)\bblack forest labs\b"), "Black Forest Labs"),
    (re.compile(r"(?i)\bstable ?diffusion\b|\bstability ai\b"), "Stable Diffusion"),
)
_CLAIMS = {
    "software": "software",
    "creatortool": "software",
    "processingsoftware": "software",
    "softwareagent": "software",
    "author": "creator",
    "artist": "creator",
    "creator": "creator",
    "xpauthor": "creator",
    "copyright": "rights",
    "rights": "rights",
    "usageterms": "usage terms",
    "webstatement": "rights page",
    "instructions": "instructions",
    "credit": "credit",
    "source": "source",
    "make": "camera maker",
    "model": "camera",
    "digitalsourcetype": SOURCE_TYPE,
    "digitalsourcefiletype": SOURCE_TYPE,
    "aisystemused": AI_SYSTEM,
    "aisystemversionused": "AI system version",
    "aipromptwritername": "prompt writer",
    "datamining": "data mining",
    "creation time": "created",
}
_NAMING = frozenset(("software", "credit", AI_SYSTEM))
_CAPTIONS = frozenset((
    "description", "imagedescription", "title", "headline", "caption", "comment", "usercomment",
    "xptitle", "xpcomment", "xpkeywords", "keywords", "subject", "disclaimer", "warning",
    "alttextaccessibility", "extdescraccessibility", "label",
))  # fmt: skip
_ASKED = frozenset(("description", "imagedescription", "usercomment"))
_JOB = re.compile(r"\bJob ID:\s*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_OPTION = re.compile(r"\s--(\w{1,20})(?:\s+([^-\s](?:(?!\s--)[^\n]){0,500}))?")
_TITLE = re.compile(r"^DALL[·•.\-]?E \d{4}-\d\d-\d\d [\d.]+ - (.+)", re.DOTALL)
_BY_DALLE = re.compile(r"(?i)\b(made|created|generated|image) (by|with|using) DALL[·•.\- ]?E\b")


def generator_in(text: str) -> str | None:
    """Return the generator that a field for software names, None for any other software."""
    return next((name for sign, name in _GENERATORS if sign.search(text[:500])), None)


def claim_of(source: str, key: str, text: str, reading: Reading) -> bool:
    """Note what a field for people says; return whether it is one. key: in lower case."""
    claim = _CLAIMS.get(key)
    if claim is None:
        return False
    if claim == SOURCE_TYPE:
        text = text.rstrip("/").rpartition("/")[2]
    if claim == "source" and re.match(r"(?i)stable diffusion|novelai", text):
        reading.model(text)
        return True
    reading.claim(source, claim, text)
    if claim in _NAMING:
        tool = generator_in(text) or (text if claim == AI_SYSTEM else None)
        if tool:
            version = re.search(r"\bv?\d+(?:\.\w+)+", text[:500])
            reading.tool(tool, version[0] if version else "")
    return True


def read_description(key: str, text: str, reading: Reading) -> bool:
    """Note a caption, and what a generator says in one; return whether it is one."""
    if key not in _CAPTIONS:
        return False
    if _JOB.search(text):
        _read_midjourney(text, reading)
    elif title := _TITLE.match(text):
        reading.tool("DALL·E")
        reading.prompt(PromptKind.POSITIVE, title[1])
    else:
        if _BY_DALLE.search(text[:5000]):
            reading.tool("DALL·E")
        if key in _ASKED:
            reading.description(text)
        else:
            reading.prompt(PromptKind.OTHER, text)
    return True


def _read_midjourney(text: str, reading: Reading) -> None:
    """Note a prompt with its options: ``a cat --no dogs --seed 7 --v 6.1 Job ID: …``."""
    text = _JOB.sub("", text)
    first = re.search(r"(?:^|\s)--\w", text)
    prompt, options = (text[: first.start()], text[first.start() :]) if first else (text, "")
    told = {name.lower(): (value or "").strip() for name, value in _OPTION.findall(f" {options}")}
    version = told.get("v") or told.get("version") or ""
    reading.tool("Midjourney", version or (f"niji {told['niji']}" if told.get("niji") else ""))
    words = prompt.split()
    images = [word for word in words[:20] if word.startswith(("https://", "http://"))]
    for image in (*images, *(told.get(name, "") for name in ("sref", "cref", "oref", "iw"))):
        if image.startswith("http"):
            reading.image(image)
    reading.prompt(PromptKind.POSITIVE, prompt)
    reading.prompt(PromptKind.NEGATIVE, told.get("no", ""))
    if told.get("seed", "").isdecimal():
        reading.seed(int(told["seed"][:20]))
