"""A board with hostile names, screened, and its HTML report."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from reference_index import Kind
from screening import Screener
from screening.demo import figure, poster, scene
from screening.enrollment import enroll, folder_sources
from screening.report import JsonlReport, Summary
from screening.report.html import HtmlReport
from screening.result import Screening

WORK = "<b onclick=alert(1)>The Tide &amp; Co"
HOSTILE = "<img src=x onerror=alert(1)>.png"
NAMES = (
    HOSTILE,
    "\"'><script>alert(2)<x>.png",
    "{{ 7*7 }} {% raw %}.png",
    "-rf $(touch x) `id` 'quoted'.png",
    "turned \u202egnp.png",
    "line\nbreak.png",
    os.fsdecode(b"latin \xe9.png"),
)
EXPECTED = {"blocked": 0, "needs_approval": 3, "note": 1, "nothing_found": 8, "unread": 1}
VOID = {"meta", "img", "wbr", "br", "input"}


def draw(folder: Path) -> None:
    """Draw works, an index of them, and a board: copies, innocents, and what is no picture."""
    works, board = folder / "works", folder / "board"
    works.mkdir()
    (board / "refs").mkdir(parents=True)
    tide = poster(np.random.default_rng(0), (480, 640), kind="tide")
    portal = poster(np.random.default_rng(1), (480, 640), kind="portal")
    tide.save(works / f"{WORK}.png")
    portal.save(works / "Portal.png")
    enroll(
        folder / "works.index",
        folder_sources(works, kind=Kind.WORK),
        workers=0,
        embeddings=(),
    )
    ImageOps.mirror(tide).save(board / "mirrored.png")
    collage = Image.new("RGB", (900, 600), (226, 221, 210))
    collage.paste(scene(np.random.default_rng(3), (380, 300), kind="woods"), (30, 40))
    collage.paste(portal.resize((360, 480)), (480, 60))
    collage.save(board / "collage.jpg", quality=92)
    tide.resize((300, 400)).save(board / "tide small.png")
    portal.save(board / "refs" / "still.png")
    for number, name in enumerate(NAMES):
        figure(np.random.default_rng(20 + number), (240, 300)).save(board / name)
    scene(np.random.default_rng(9), (320, 240), kind="desert").save(board / "plain.png")
    (board / "cut.jpg").write_bytes((board / "collage.jpg").read_bytes()[:4000])
    (board / "notes.txt").write_text("ideas")


@dataclass(kw_only=True)
class Scanned:
    """A scan: what was said of each file, as values, as an HTML page and as lines of JSON."""

    screenings: Sequence[Screening]
    summary: Summary
    page: str
    jsonl: str


def scanned(folder: Path, **options: object) -> Scanned:
    """Screen the board of a folder."""
    with Screener.open(folder / "works.index", roles={"**/refs/**": "reference"}) as screener:
        screenings = [*screener.scan("board", workers=0)]
        return reported(screenings, screener, **options)


def reported(screenings: Iterable[Screening], screener: Screener, **options: object) -> Scanned:
    """Report what was screened."""
    html, jsonl = HtmlReport(screener.indexes, **options), JsonlReport()
    summary = Summary(policy=screener.policy, indexes=("works.index",))
    said, before = "", html.start()
    kept = list(screenings)
    for screening in kept:
        summary.add(screening)
        before += html.line(screening)
        said += jsonl.line(screening)
    return Scanned(
        screenings=kept,
        summary=summary,
        page=before + html.end(summary),
        jsonl=said + jsonl.end(summary),
    )


@dataclass
class Page(HTMLParser):
    """The elements of a page, each with its attributes, and its text by element."""

    html: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1] if self._open else "", data.strip()))

    def of(self, tag: str, cls: str = "") -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a tag, and of a class if one is given."""
        return [
            has
            for name, has in self.elements
            if name == tag and (not cls or cls in (has.get("class") or "").split())
        ]

    @property
    def text(self) -> str:
        """All text but style and script."""
        return " ".join(text for tag, text in self.texts if tag not in {"style", "script"})
