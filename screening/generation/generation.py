"""The words for what a file says of its making."""

import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

from screening.errors import InputInvalidError

TRAINED = frozenset(("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"))
"""The source types of the IPTC that mean: a trained model made it, or a part of it."""

SOURCE_TYPE = "digital source type"
AI_SYSTEM = "AI system"


class PromptKind(StrEnum):
    """What a text was to a generator.

    OTHER: nobody can tell, because nothing says where it went.
    """

    POSITIVE = "positive"
    NEGATIVE = "negative"
    OTHER = "other"


ManifestState = Literal["valid", "invalid", "remote", "unread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that a part of a file says: ``xmp``, ``iptc``, ``exif``, ``png`` or ``clip``."""

    source: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A C2PA manifest, as far as it could be read.

    state: ``valid``: signature and digests fit these bytes; whose signature it is was not checked
    against any list. ``invalid``: they do not. ``remote``: it is kept elsewhere, at ``url``, and
    was not fetched. ``unread``: there is one, and it could not be read. failures: what does not
    fit, in C2PA's codes. signer, generator, signed_at: as it says. actions: what was done, in
    order. source_types: of the actions, those of ingredients' manifests included, without their
    address. agents: the software of those actions. ingredients: what it was made of, and how.
    ai: assertions on models and training.
    """

    state: ManifestState
    failures: tuple[str, ...] = ()
    url: str | None = None
    signer: str | None = None
    generator: str | None = None
    signed_at: str | None = None
    actions: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    ai: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What a file says of how it was made, and what lies beside it to say so.

    tool, version: the generator, None where none is named. models, loras: names of files, as the
    tool wrote them. prompts: each text once, with what it was to the generator. seeds: as told.
    images: names of the pictures that were fed in. claims: what XMP, IPTC and EXIF say. manifest:
    None where there is none, which says nothing of the origin. sidecars: names of the files beside
    it that were read, whatever they say. problems: what could not be read and why; never a word of
    a prompt. Raises InputInvalidError.
    """

    tool: str | None = None
    version: str | None = None
    models: tuple[str, ...] = ()
    loras: tuple[str, ...] = ()
    prompts: tuple[tuple[PromptKind, str], ...] = ()
    seeds: tuple[int, ...] = ()
    images: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    manifest: Manifest | None = None
    sidecars: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.version is not None and self.tool is None:
            raise InputInvalidError(f"version is {self.version!r} of no tool, expected a tool too")

    @property
    def empty(self) -> bool:
        """Return whether nothing is said; problems and blank sidecars are no saying."""
        return self == Generation(sidecars=self.sidecars, problems=self.problems)

    def texts(self, kind: PromptKind) -> tuple[str, ...]:
        """Return the prompts of a kind."""
        return tuple(text for one, text in self.prompts if one is kind)

    @property
    def positive(self) -> tuple[str, ...]:
        """Return what was asked for."""
        return self.texts(PromptKind.POSITIVE)

    @property
    def negative(self) -> tuple[str, ...]:
        """Return what was to be left out."""
        return self.texts(PromptKind.NEGATIVE)

    @property
    def other(self) -> tuple[str, ...]:
        """Return texts of which nobody can tell what they were for."""
        return self.texts(PromptKind.OTHER)

    @property
    def prompt_sha256(self) -> str | None:
        """Return the hex digest of the positive prompts, joined by line ends; None without any."""
        return _sha256("\n".join(self.positive)) if self.positive else None

    def to_json(self, *, prompts: bool = False) -> dict[str, Any]:
        """Return it as JSON values; of prompts their number and digests, the text if asked for."""
        return {
            "tool": self.tool,
            "version": self.version,
            "models": list(self.models),
            "loras": list(self.loras),
            "prompt_sha256": self.prompt_sha256,
            "prompts": {
                str(kind): [
                    {"sha256": _sha256(text), "characters": len(text)}
                    | ({"text": text} if prompts else {})
                    for text in self.texts(kind)
                ]
                for kind in PromptKind
            },
            "seeds": list(self.seeds),
            "images": list(self.images),
            "claims": [asdict(claim) for claim in self.claims],
            "manifest": asdict(self.manifest) if self.manifest else None,
            "sidecars": list(self.sidecars),
            "problems": list(self.problems),
        }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
