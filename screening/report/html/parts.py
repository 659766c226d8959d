"""Parts that pages share: templates filled in safely, and values in the words of ``parts.html``.

Whatever a template shows is escaped, and control characters in it are made visible. A page may load
nothing, and run nothing but the one script that it was made with.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from screening.decision import CLAUSES, Coverage, Verdict
from screening.decision.clauses import Clause
from screening.matching import ChannelEvidence, Finding
from screening.matching.findings import Quad
from screening.report.html.errors import PageToolsMissingError
from screening.report.words import coincidence, printable, searched

if TYPE_CHECKING:
    import jinja2

PACKAGE = "screening.report.html"

WORDS = {verdict: verdict.words for verdict in Verdict} | {Coverage.UNREAD: "not read"}
"""A verdict as people read it, and what stands in its place where there is none."""

_CHANNELS = {
    "hash": ("As a whole", "pictures as a whole"),
    "local": ("In parts", "parts of pictures"),
    "face": ("Face", "faces"),
    "face-drawn": ("Drawn face", "drawn faces"),
    "embedding": ("By likeness", "likeness without a copy"),
    "concept": ("By description", "what records describe in words"),
    "name": ("By name", "names in prompts and of models"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture with a region outlined on it.

    label: what it is, in a few words. uri: its pixels as a data URI, empty to draw the region on a
    blank sheet. width, height: px. region: corners in fractions of both, None for no outline.
    """

    label: str
    uri: str = ""
    width: int = 400
    height: int = 300
    region: Quad | None = None

    @property
    def corners(self) -> list[tuple[float, float]]:
        """The corners of the region in px, none where there is no region."""
        return [(round(x * self.width, 1), round(y * self.height, 1)) for x, y in self.region or ()]


def environment(*packages: str) -> "jinja2.Environment":
    """Return what fills in the templates of packages, and those of this one.

    Raises PageToolsMissingError where the software for it is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise PageToolsMissingError(
            "HTML needs software that is not installed: pip install 'screening[approvals]'"
        ) from error

    def shown(value: object) -> object:
        return printable(value) if type(value) is str else value

    found = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FunctionLoader(_source_in(name)) for name in (*packages, PACKAGE)]
        ),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["improbable"] = improbable
    found.globals["verdict_words"] = WORDS
    return found


def packaged(name: str, *, package: str = PACKAGE) -> str:
    """Return the text of a style or script of a package, as it goes into a page."""
    return (files(package) / name).read_text(encoding="utf-8")


def content_policy(*, style: str, script: str = "") -> str:
    """Return the Content-Security-Policy of a page with this one style and at most one script."""
    runs = f"script-src {_source_hash(script)}; " if script else ""
    return (
        f"default-src 'none'; img-src data:; {runs}style-src {_source_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )


def improbable(found: Finding | ChannelEvidence) -> str:
    """Return how improbable a coincidence is, as a sentence goes on after "by coincidence"."""
    said = coincidence(found).replace("1 in", "once in")
    if "once in" not in said:
        return said
    limit = ", the limit of what was measured" if said.startswith("rarer") else ""
    return f"{said} {searched(found)}s{limit}"


def clauses_of(names: Iterable[str]) -> tuple[Clause, ...]:
    """Return clauses in the order given, each once; ids that no longer exist are left out."""
    return tuple(CLAUSES[name] for name in dict.fromkeys(names) if name in CLAUSES)


def channel_in_words(channel: str) -> str:
    """Return how a channel looks, as a label: ``In parts``; its model stands behind."""
    return _named(channel, 0)


def looked_for(channel: str) -> str:
    """Return what a channel looks for, as it goes into a sentence: ``drawn faces``."""
    return _named(channel, 1).partition(" (")[0]


def _named(channel: str, form: int) -> str:
    kind, _, model = channel.partition(":")
    words = _CHANNELS[kind][form] if kind in _CHANNELS else kind
    return f"{words} ({model})" if model else words


def _source_in(package: str) -> Callable[[str], str | None]:
    def source(name: str) -> str | None:
        place = files(package) / name
        return place.read_text(encoding="utf-8") if place.is_file() else None

    return source


def _source_hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
