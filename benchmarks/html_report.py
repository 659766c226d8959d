"""What the HTML report of a large board costs to make, and how it behaves in a browser.

Some dozens of small drawings, one in ten a changed copy of a work that is enrolled, are screened
once and reported again and again until the wall is full; each time their pixels are read from the
disk and made small, as in a scan. Then Chromium, driven by Playwright and cut off from any network,
opens the file, filters it and scrolls from its top to its end as fast as a wheel is flicked.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from _common import environment, parser, print_table, write
from PIL import ImageOps

from reference_index import Kind
from screening import Screener
from screening.demo import figure, poster, scene
from screening.enrollment import enroll, folder_sources
from screening.report import Summary
from screening.report.html import HtmlReport
from screening.result import Screening

PICTURES, QUICK_PICTURES = 2_000, 200
DRAWINGS, COPIES = 40, 4  # different ones, and how many of them are of works
SIZE = (640, 480)
WINDOW = {"width": 1280, "height": 800}
STEP = 240  # px a frame
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# A frame is on the screen once the one after it begins.
FILTER = """async () => {
    const started = performance.now();
    document.querySelector("[name=verdict][value=needs_approval]").click();
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    return {
        seconds: (performance.now() - started) / 1000,
        shown: document.querySelectorAll(".picture:not([hidden])").length,
    };
}"""
SCROLL = """async (step) => {
    const frames = [];
    let last = await new Promise(requestAnimationFrame);
    for (let above = -1; scrollY > above;) {
        above = scrollY;
        scrollBy({ top: step, behavior: "instant" });
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - last);
        last = now;
    }
    return frames;
}"""


def main() -> None:
    """Draw, screen, report, open, print and write."""
    options = parser("html_report", __doc__ or "")
    options.add_argument("--quick", action="store_true", help=f"{QUICK_PICTURES} pictures")
    chosen = options.parse_args()
    count = QUICK_PICTURES if chosen.quick else PICTURES
    about = environment(seeds=[chosen.seed], data_sha256=None)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        made = report(Path(folder), page, count, chosen.seed)
        missing = browser_missing()
        browser = None if missing else browsed(page)
    record = {**about, "quick": chosen.quick, **made, "browser": browser}
    write(chosen.output, record | ({"browser_missing": missing} if missing else {}))
    rows = [(name.replace("_", " "), f"{value:,}") for name, value in made.items()]
    rows += [
        (name.replace("_", " "), f"{value:,}")
        for name, value in (browser or {}).items()
        if name != "version"
    ]
    print_table(["", "measured"], rows)
    if missing:
        print(f"not opened in a browser: {missing}", file=sys.stderr)


def report(work: Path, page: Path, count: int, seed: int) -> dict[str, Any]:
    """Write a report of so many pictures; return its figures."""
    draw(work, seed)
    with Screener.open(work / "works.index") as screener:
        screened = [*screener.scan(work / "board", workers=0)]
        started = time.perf_counter()
        html, summary = HtmlReport(screener.indexes), Summary(policy=screener.policy)
        found = 0
        with page.open("w", encoding="utf-8") as stream:
            stream.write(html.start())
            for screening in islice(cycle(screened), count):
                summary.add(screening)
                stream.write(html.line(screening))
                found += bool(screening.findings)
            stream.write(html.end(summary))
        took = time.perf_counter() - started
    check(screened)
    return {
        "pictures": count,
        "with_a_finding": found,
        "different_drawings": len(screened),
        "bytes": page.stat().st_size,
        "report_s": round(took, 2),
    }


def draw(work: Path, seed: int) -> None:
    """Draw works, their index, and a board of which one in ten is a mirrored copy of one."""
    works, board = work / "works", work / "board"
    works.mkdir()
    board.mkdir()
    for number in range(DRAWINGS):
        rng = np.random.default_rng([seed, number])
        if number < COPIES:
            drawn = poster(rng, SIZE, kind="tide" if number % 2 else "portal")
            drawn.save(works / f"work {number}.png")
            drawn = ImageOps.mirror(drawn)
        elif number % 2:
            drawn = scene(rng, SIZE, kind="woods")
        else:
            drawn = figure(rng, SIZE)
        drawn.save(board / f"picture {number:02}.jpg", quality=90)
    enroll(work / "works.index", folder_sources(works, kind=Kind.WORK), workers=0, embeddings=())


def check(screened: Sequence[Screening]) -> None:
    """Leave where another number of drawings than the copies has a finding."""
    found = sum(bool(one.findings) for one in screened)
    if found != COPIES:
        sys.exit(f"{found} of {len(screened)} drawings have a finding, expected {COPIES}")


def browser_missing() -> str:
    """Return why no browser can be driven, nothing where one can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ModuleNotFoundError:
        return "Playwright is not installed: pip install -e '.[browser]'"
    return "" if shutil.which("chromium") else "Chromium is not here: apt-get install chromium"


def browsed(file: Path) -> dict[str, Any]:
    """Open a page, filter and scroll it; return the figures."""
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        page = browser.new_context(viewport=WINDOW, offline=True).new_page()  # type: ignore[arg-type]
        page.on("request", lambda request: asked.append(request.url))
        started = time.perf_counter()
        page.goto(file.as_uri(), wait_until="load", timeout=300_000)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        loaded = time.perf_counter() - started
        frames = page.evaluate(SCROLL, STEP)
        page.evaluate("() => scrollTo({ top: 0, behavior: 'instant' })")
        filtered = page.evaluate(FILTER)
        version = browser.version
        browser.close()
    return {
        "version": version,
        "loaded_s": round(loaded, 2),
        "filter_s": round(filtered["seconds"], 3),
        "shown_after_filter": filtered["shown"],
        "frames": len(frames),
        "frame_median_ms": round(float(np.median(frames)), 1),
        "frame_worst_ms": round(max(frames), 1),
        "network_requests": sum(
            url != file.as_uri() and not url.startswith("data:") for url in asked
        ),
    }


if __name__ == "__main__":
    main()
