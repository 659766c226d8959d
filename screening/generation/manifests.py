"""C2PA manifests, through the consortium's own library, with every way to the network shut."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from screening.generation.generation import Manifest, PromptKind
from screening.generation.leaves import Leaf, leaf_of, leaves
from screening.generation.reading import Reading

_MAX_STORE = 16 * 1024 * 1024
_MAX_FILE = 256 * 1024 * 1024
_MAX_MANIFESTS = 50
_MAX_ITEMS = 100
_WITHOUT = "C2PA manifest: not read without its library: pip install 'screening[provenance]'"
_UNTRUSTED = "signingCredential.untrusted"  # said of every signer, as no list of them is used
_TYPES = {
    "PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif",
    "HEIF": "image/heif", "TIFF": "image/tiff", "GIF": "image/gif",
}  # fmt: skip
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "core": {
        "allowed_network_hosts": [],
        "allow_redirects": False,
        "decode_identity_assertions": False,
        "max_decompressed_manifest_size_in_mb": 16,
    },
}
_AI = ("training", "mining", "ai_", "ai-", ".ai.", "generative")


def read_manifest(
    data: bytes, what: str, reading: Reading, *, store: int, remote: str | None
) -> None:
    """Note the manifest of a file.

    what: its format. store: bytes of the manifest store in it, 0 where there is none. remote:
    where the file says that it is kept. Nothing is fetched.
    """
    if not store:
        if remote:
            reading.manifest = Manifest(state="remote", url=remote)
        return
    reading.manifest = Manifest(state="unread", url=remote)
    if store > _MAX_STORE or len(data) > _MAX_FILE or what not in _TYPES:
        reading.problem(f"C2PA manifest: {what} of {len(data):,} bytes, not read")
    elif not installed():
        reading.problem(_WITHOUT)
    else:
        _read(data, _TYPES[what], reading, url=remote)


@cache
def installed() -> bool:
    """Tell whether the library is there."""
    return find_spec("c2pa") is not None


def _read(data: bytes, mime: str, reading: Reading, *, url: str | None) -> None:
    import c2pa

    try:
        settings = c2pa.Settings.from_dict(_SETTINGS)
        with (
            c2pa.Context(settings) as context,
            c2pa.Reader(mime, BytesIO(data), context=context) as it,
        ):
            said = json.loads(it.json())
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        if isinstance(error, c2pa.C2paError.ManifestNotFound):
            reading.manifest = None
        elif url and str(error).startswith("Remote"):
            reading.manifest = Manifest(state="remote", url=url)
            return
        reading.problem(f"C2PA manifest: {str(error).splitlines()[0]}")
        return
    manifests = said.get("manifests") or {}
    chain = list(_chain(manifests, said.get("active_manifest")))
    if not chain:
        reading.problem("C2PA manifest: none of them is the active one")
        return
    failures = [str(one.get("code")) for one in said.get("validation_status") or ()]
    valid = said.get("validation_state") in {"Valid", "Trusted"}
    reading.manifest = _manifest(chain, [one for one in failures if one != _UNTRUSTED], valid)
    for one in chain:
        _texts(one, reading, valid)


def _chain(manifests: dict[str, Any], active: Any) -> Iterator[dict[str, Any]]:
    """Yield the active manifest and those of its ingredients, each once."""
    wanted, seen = [active], set[str]()
    while wanted and len(seen) < _MAX_MANIFESTS:
        name = wanted.pop(0)
        if name not in manifests or name in seen:
            continue
        seen.add(name)
        yield manifests[name]
        wanted += [one.get("active_manifest") for one in manifests[name].get("ingredients") or ()]


def _manifest(chain: list[dict[str, Any]], failures: list[str], valid: bool) -> Manifest:
    active = chain[0]
    signature = active.get("signature_info") or {}
    steps = [list(_actions(one)) for one in chain]
    every = [action for actions in steps for action in actions]
    return Manifest(
        state="valid" if valid else "invalid",
        failures=_distinct(failures),
        signer=signature.get("issuer") or signature.get("common_name"),
        generator=_generator(active),
        signed_at=signature.get("time"),
        actions=tuple(str(action.get("action")) for action in steps[0][:_MAX_ITEMS]),
        source_types=_distinct(
            str(action["digitalSourceType"]).rstrip("/").rpartition("/")[2]
            for action in every
            if action.get("digitalSourceType")
        ),
        agents=_distinct(filter(None, (_agent(action.get("softwareAgent")) for action in every))),
        ingredients=tuple(
            f"{one.get('relationship')}: {one.get('title') or 'without a title'}"
            for one in (active.get("ingredients") or ())[:_MAX_ITEMS]
        ),
        ai=_distinct(line for one in chain for line in _ai(one)),
    )


def _generator(manifest: dict[str, Any]) -> str | None:
    infos = manifest.get("claim_generator_info") or ()
    named = [_agent(info) for info in infos]
    return named[0] if named and named[0] else manifest.get("claim_generator")


def _agent(value: Any) -> str | None:
    if isinstance(value, dict):
        return " ".join(str(value[key]) for key in ("name", "version") if value.get(key)) or None
    return str(value) if value else None


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        data = assertion.get("data")
        if str(assertion.get("label")).startswith("c2pa.actions") and isinstance(data, dict):
            yield from (one for one in data.get("actions") or () if isinstance(one, dict))


def _ai(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield what assertions on models, training and mining say, a line each."""
    for assertion in manifest.get("assertions") or ():
        label, data = str(assertion.get("label")), assertion.get("data")
        if not any(sign in label.lower() for sign in _AI):
            continue
        entries = data.get("entries") if isinstance(data, dict) else None
        if isinstance(entries, dict):
            for name, entry in entries.items():
                use = entry.get("use") if isinstance(entry, dict) else entry
                yield f"{name}: {use}"[:300]
        else:
            yield label[:300]


def _texts(manifest: dict[str, Any], reading: Reading, valid: bool) -> None:
    """Note prompts among the assertions; those of a broken manifest are of nobody's saying."""
    kinds = {Leaf.PROMPT: PromptKind.POSITIVE, Leaf.NEGATIVE: PromptKind.NEGATIVE}
    for assertion in manifest.get("assertions") or ():
        for name, value in leaves(assertion.get("data"), reading):
            if isinstance(value, str) and "prompt" in name.lower():
                kind = kinds.get(leaf_of(name, value), PromptKind.OTHER)
                reading.prompt(kind if valid else PromptKind.OTHER, value)
    for one in manifest.get("ingredients") or ():
        if one.get("relationship") == "inputTo" and one.get("title"):
            reading.image(str(one["title"]))


def _distinct(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value)[:300] for value in values))[:_MAX_ITEMS]
