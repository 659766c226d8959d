"""The HTML report in a real browser: Chromium, driven by Playwright."""

import hashlib
import io
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_reports import EXPECTED, draw, reported, scanned
from pictures import clouds
from PIL import Image

from screening import Screener
from screening.result import Screening

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install -e '.[browser]'"
)
CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("Chromium is not here: apt-get install chromium", allow_module_level=True)

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
WIDE, NARROW = {"width": 1280, "height": 720}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Return a folder with a report of a board, one without thumbnails, and one of 2,000."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        draw(folder)
        scan = scanned(folder)
        (folder / "report.html").write_text(scan.page, encoding="utf-8")
        (folder / "bare.html").write_text(scanned(folder, thumbnails=False).page, encoding="utf-8")
        found = [one for one in scan.screenings if one.findings]
        many = [*(found * 10), *[tiny(folder, scan.screenings)] * (2000 - 10 * len(found))]
        with Screener.open(folder / "works.index") as screener:
            (folder / "many.html").write_text(reported(many, screener).page, encoding="utf-8")
        yield folder


def tiny(folder: Path, screenings: Sequence[Screening]) -> Screening:
    """Return the screening of a picture in which nothing was found, for a quickly decoded one."""
    file = folder / "tiny.png"
    clouds(0, 96, 72).save(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    innocent = next(one for one in screenings if one.path.endswith("plain.png"))
    return replace(innocent, path="tiny.png", sha256=digest)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, reports):
    """Return a function that opens a report; whatever it complains of or asks for is an error."""
    contexts, wrong = [], []

    def call(name: str = "report.html", **options):
        options.setdefault("viewport", WIDE)
        context = browser.new_context(reduced_motion="reduce", offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        file = (reports / name).as_uri()
        page.on(
            "request",
            lambda asked: (
                None if asked.url == file or asked.url[:5] == "data:" else wrong.append(asked.url)
            ),
        )
        page.goto(file)
        return page

    yield call
    for context in contexts:
        context.close()
    assert wrong == []


def shown(page) -> list[str]:
    """Return the names of the pictures on the wall."""
    return page.locator(".picture:not([hidden]) .name").all_inner_texts()


def focused(page) -> str:
    return page.evaluate("document.activeElement.closest('.picture')?.id ?? ''")


def seen(page, locator) -> np.ndarray:
    """Return the pixels of an element as the browser shows it."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"), dtype=float)


def test_a_picture_opens_to_its_evidence(opened):
    """One at a time: the pair, the words, the commands; clicked again it closes."""
    page = opened()
    first, second = page.locator(".picture").nth(0), page.locator(".picture").nth(1)
    for picture in (first, second):
        picture.locator("summary").click()
        assert picture.locator(".panel img").first.is_visible()
        assert picture.locator("text=screening submit").is_visible()
        assert picture.locator("text=P1 No recreation").is_visible()
    assert not first.locator(".finding").is_visible()
    second.locator("summary").click()
    assert page.locator(".picture > [open]").count() == 0


@pytest.mark.parametrize("verdict", [name for name, count in EXPECTED.items() if count])
def test_pictures_are_filtered_by_verdict(opened, verdict):
    """The number on the label is that of the pictures shown; groups without any are hidden."""
    page = opened()
    label = page.locator(f"label:has(input[value='{verdict}'])")
    label.click()
    assert len(shown(page)) == EXPECTED[verdict] == int(label.locator("b").inner_text())
    assert page.locator("output").inner_text() == f"{EXPECTED[verdict]} of 13 shown"
    assert page.locator(".group:not([hidden])").count() == 1


def test_pictures_are_filtered_by_role_coverage_and_record(opened):
    """All of them together; where none is left, a button shows all again."""
    page = opened()
    page.select_option("[name=role]", "reference")
    assert shown(page) == ["still.png"]
    page.select_option("[name=role]", "")
    page.select_option("[name=coverage]", "unread")
    assert shown(page) == ["cut.jpg"]
    page.select_option("[name=coverage]", "")
    page.select_option("[name=record]", label="Portal, work (2)")
    assert sorted(shown(page)) == ["collage.jpg", "still.png"]
    page.select_option("[name=role]", "reference")
    assert shown(page) == ["still.png"]
    page.select_option("[name=coverage]", "unread")
    assert shown(page) == []
    page.locator("text=Show all").click()
    assert len(shown(page)) == 13


@pytest.mark.parametrize(
    ("name", "viewport"),
    [("mirrored.png", WIDE), ("collage.jpg", WIDE), ("collage.jpg", NARROW), ("still.png", WIDE)],
)
def test_the_slider_lays_the_reference_where_it_shows(opened, viewport, name):
    """A copy looks the same under its reference, wherever it lies and whichever way it is turned.

    Unaligned, as a part or mirrored, the two would differ by a multiple.
    """
    page = opened(viewport=viewport)
    picture = page.locator(f".picture:has(.name:text-is('{name}'))")
    picture.locator("summary").click()
    panel, slider = picture.locator(".panel").first, picture.locator(".blend input").first
    before = seen(page, panel)
    slider.wait_for()
    slider.focus()
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "100 % of the reference"
    assert panel.locator(".over").evaluate("it => getComputedStyle(it).opacity") == "1"
    over = seen(page, panel)
    assert 0 < np.abs(before - over).mean() < 8
    assert np.abs(before - over[:, ::-1]).mean() > 16


def test_everything_can_be_done_by_keyboard(opened):
    """Tab to the filters and the wall, arrows over it, Enter opens, Escape closes."""
    page = opened()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "verdict"
    page.keyboard.press("ArrowRight")
    assert len(shown(page)) == EXPECTED["needs_approval"]
    page.keyboard.press("ArrowLeft")
    for _ in range(4):
        page.keyboard.press("Tab")
    order = page.evaluate("[...document.querySelectorAll('.picture')].map(one => one.id)")
    assert focused(page) == order[0]
    page.keyboard.press("ArrowRight")
    assert focused(page) == order[1]
    page.keyboard.press("ArrowDown")
    assert focused(page) == order[3]  # the next group, below
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert focused(page) == order[0]
    page.keyboard.press("End")
    assert focused(page) == order[-1]
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.locator(f"#{order[0]} .finding").is_visible()
    page.keyboard.press("ArrowRight")
    assert focused(page) == order[1]
    assert page.locator(f"#{order[1]} .finding").is_visible()
    page.locator(f"#{order[1]} .blend").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "range"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "1"
    page.keyboard.press("Escape")
    assert page.locator(".picture > [open]").count() == 0
    assert focused(page) == order[1]


@pytest.mark.parametrize("name", ["report.html", "bare.html"])
def test_without_script_everything_is_there(opened, name):
    """Pictures open all the same; what would do nothing is not shown."""
    page = opened(name, java_script_enabled=False)
    assert page.locator(".picture").count() == 13
    assert not page.locator(".filters").is_visible()
    page.locator(".picture summary").first.click()
    assert page.locator(".picture .advice").first.is_visible()
    assert not page.locator(".blend").first.is_visible()


def test_hostile_names_are_shown_as_they_are(opened):
    """They are read, not run; the fixture fails on any dialog, error or request."""
    page = opened()
    names = shown(page)
    assert "<img src=x onerror=alert(1)>.png" in names
    assert "{{ 7*7 }} {% raw %}.png" in names
    assert page.locator("[onerror], [onclick]").count() == 0
    assert page.locator("img[src=x]").count() == 0


def test_nothing_else_runs_and_nothing_is_asked_for(opened, browser, reports):
    """The policy of the page stops a script and a request that somebody put in."""
    page = browser.new_context().new_page()
    refused = []
    page.on("requestfailed", lambda one: refused.append((one.url, one.failure)))
    page.on("requestfinished", lambda one: refused.append((one.url, "was answered")))
    text = (reports / "report.html").read_text(encoding="utf-8")
    planted = "<img src='https://example.com/x.png'><script>document.title='run'</script></body>"
    file = reports / "planted.html"
    file.write_text(text.replace("</body>", planted), encoding="utf-8")
    page.goto(file.as_uri())
    assert page.title() == "Screening: 13 pictures"
    assert [one for one in refused if one[0].startswith("http")] == [
        ("https://example.com/x.png", "csp")
    ]
    page.context.close()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("report.html", "light"), ("report.html", "dark"), ("bare.html", "light")],
)
def test_axe_finds_nothing_serious(opened, name, scheme):
    """Closed and open, in both color schemes: contrast, labels, landmarks, focus."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = opened(name, color_scheme=scheme)
    page.evaluate(script)
    for _ in range(2):
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        assert [
            (one["id"], one["nodes"][0]["html"][:200])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical", "moderate"}
        ] == []
        page.locator(".picture summary").first.click()
        page.locator(".about summary").click()


def test_it_prints_with_what_must_be_looked_at(opened):
    """On paper the flagged are open with their pairs; nothing needs to be clicked first."""
    page = opened()
    page.emulate_media(media="print")
    assert page.locator(".picture .advice").first.is_visible()
    assert page.locator(".panel img").first.is_visible()
    assert not page.locator(".filters").is_visible()
    document = page.pdf(format="A4")
    assert document.startswith(b"%PDF")
    assert 2 <= document.count(b"/Type /Page\n") + document.count(b"/Type /Page ") <= 8


def test_two_thousand_pictures_scroll_and_filter(opened, reports):
    """Only what is in view is laid out; the file stays below 60 MB."""
    assert (reports / "many.html").stat().st_size < 60_000_000
    page = opened("many.html")
    verdicts = page.evaluate(
        "[...document.querySelectorAll('.picture')].map(one => one.dataset.verdict)"
    )
    counted = Counter(verdicts)
    total = len(verdicts)
    laid_out = page.evaluate(
        """[...document.querySelectorAll('.picture .mat')].filter(
            it => it.checkVisibility({contentVisibilityAuto: true})).length"""
    )
    assert total == 2000
    assert laid_out < total / 4
    at = page.evaluate(
        """async () => {
            for (let step = 1; step <= 40; step++) {
                scrollTo(0, document.documentElement.scrollHeight * step / 40);
                await new Promise(requestAnimationFrame);
            }
            return scrollY + innerHeight - document.documentElement.scrollHeight;
        }"""
    )
    assert abs(at) <= 1
    assert page.locator(".picture img").last.is_visible()
    page.locator("label:has(input[value=note])").click()
    assert len(shown(page)) == counted["note"]
