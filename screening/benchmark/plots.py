"""The curves of a run as PNG and SVG; the one module that needs matplotlib.

Drawn by figure objects alone, so that whatever else of a program uses pyplot is left as it is, and
the same run gives the same bytes.
"""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from screening.benchmark.result import BenchmarkRun, Curve
from screening.benchmark.scored import FUSED

CURVES: Mapping[str, str] = {
    "det": "Misses against false alarms",
    "precision_recall": "Precision against recall",
    "reliability": "Were the promises kept?",
    "load": "What is found against what a reviewer must look at",
}
"""The curves by the names of their files, and their titles."""

# Okabe and Ito's colors, told apart by people who see red and green alike.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_INK, _GRAY, _BAND = "#1a1a1a", "#6b6b6b", "#e3e3e3"
_APART = 0.065  # names beside one another, of the height of the axes
_SIZE_INCHES, _DPI = (7.2, 4.8), 150
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.edgecolor": _GRAY,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _GRAY,
    "ytick.color": _GRAY,
    "svg.fonttype": "path",
}


def available() -> bool:
    """Tell whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def drawn(run: BenchmarkRun) -> dict[str, bytes]:
    """Return the curves by file name: each of CURVES as .png and as .svg.

    Raises ImportError where matplotlib is not installed.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    draw: Mapping[str, Callable[[Any, BenchmarkRun], None]] = {
        "det": _det,
        "precision_recall": _precision_recall,
        "reliability": _reliability,
        "load": _load,
    }
    files: dict[str, bytes] = {}
    for name, title in CURVES.items():
        # the salt makes the ids within a file its own, so that a page can hold several
        with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
            figure = Figure(figsize=_SIZE_INCHES)
            axes = figure.add_axes((0.115, 0.135, 0.73, 0.72))
            axes.set_title(title, loc="left", fontsize=13, fontweight="bold", pad=22)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(visible=True, color="#ececec", linewidth=0.8)
            axes.set_axisbelow(True)
            draw[name](axes, run)
            for form, options in (
                ("png", {"dpi": _DPI, "metadata": {"Software": None}}),
                ("svg", {"metadata": {"Date": None, "Creator": None}}),
            ):
                written = io.BytesIO()
                figure.savefig(written, format=form, **options)
                files[f"{name}.{form}"] = written.getvalue()
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """Where a curve ends, in the units of the axes, and what is written beside it."""

    x: float
    y: float
    text: str
    color: str


def _det(axes: Any, run: BenchmarkRun) -> None:
    images, queries = run.sample.reported_on, run.sample.queries_reported_on
    most = (max(curve.false_alarms, default=0.0) for curve in run.curves.values())
    left, right = 0.3 / images, min(max(2.0, *most), 10.0)
    nothing = 0.5 / queries
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(nothing / 1.3, 1.0))
    axes.set_xlabel(f"false alarms per unrelated image (of {images:,} images)")
    axes.set_ylabel(f"share of positives missed (of {queries:,})")
    ends = []
    for name, curve, color in _colored(run):
        missed = [max(1.0 - recall, nothing) for recall in curve.recall]
        x, y = _steps(curve.false_alarms, missed, left=left, right=right, start=1.0)
        axes.plot(x, y, color=color, **_line(name))
        ends.append(_End(x=right, y=y[-1], text=name, color=color))
    _unseen(axes, left, 1.0 / images)
    axes.axhline(nothing, color=_GRAY, linewidth=0.8, linestyle=(0, (1, 3)))
    axes.annotate("none missed ", (right, nothing), (0, 4), textcoords="offset points",
                  ha="right", fontsize=9, color=_GRAY)  # fmt: skip
    _label(axes, ends)
    _rates(axes.xaxis)
    _percents(axes.yaxis)


def _load(axes: Any, run: BenchmarkRun) -> None:
    images = run.sample.reported_on
    left, right = min(300.0 / images, run.load / 2), 1_000.0
    axes.set(xscale="log", xlim=(left, right), ylim=(0.0, 1.02))
    axes.set_xlabel(f"flagged unrelated images per 1,000 (of {images:,} images)")
    axes.set_ylabel("share of positives found")
    ends = []
    for name, curve, color in _colored(run):
        flags = [1_000 * share for share in curve.flagged]
        x, y = _steps(flags, curve.recall, left=left, right=right, start=0.0)
        axes.plot(x, y, color=color, **_line(name))
        ends.append(_End(x=right, y=y[-1], text=name, color=color))
    _unseen(axes, left, 1_000.0 / images)
    point = run.recommended(FUSED)
    if point is not None:
        unseen = math.sqrt(left * 1_000.0 / images)
        place = point.load.value or unseen, point.recall.value
        axes.plot(*place, "o", color=_INK, markersize=7, zorder=5)
        axes.annotate(
            f"recommended: flag at {point.promised:g}",
            place,
            xytext=(10, -16),
            textcoords="offset points",
            fontsize=9,
        )
    if left < run.load < right:
        axes.axvline(run.load, color=_GRAY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate(
            " budget", (run.load, 0.02), xycoords=("data", "axes fraction"), fontsize=9, color=_GRAY
        )
    _label(axes, ends)
    _plain(axes.xaxis)
    _percents(axes.yaxis)


def _precision_recall(axes: Any, run: BenchmarkRun) -> None:
    axes.set(xlim=(0.0, 1.01), ylim=(0.0, 1.02))
    axes.set_xlabel("recall: share of true pairs found")
    axes.set_ylabel("precision: share of pairs found that are true")
    axes.axhline(0.9, color=_GRAY, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(" 90 % precision", (0.0, 0.9), (0, -11), textcoords="offset points",
                  fontsize=9, color=_GRAY)  # fmt: skip
    ends = []
    for name, curve, color in _colored(run):
        if curve.recall:
            axes.plot((0.0, *curve.recall), (curve.precision[0], *curve.precision),
                      color=color, **_line(name))  # fmt: skip
            end = curve.recall[-1], curve.precision[-1]
            ends.append(_End(x=end[0], y=end[1], text=name, color=color))
    _label(axes, ends)
    _percents(axes.xaxis)
    _percents(axes.yaxis)


def _reliability(axes: Any, run: BenchmarkRun) -> None:
    images = run.sample.reported_on
    rows = [one for one in run.promises if one.channel == FUSED]
    promised = [one.promised for one in rows]
    nothing = 0.5 / images
    observed = [one.flagged / images for one in run.promises]
    left, right = promised[0] / 1.5, promised[-1] * 1.5
    top = max(*observed, *(one.expected[1] / images for one in rows)) * 1.6
    lowest = min(nothing, promised[0]) / 1.5
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(lowest, top))
    axes.set_xlabel("false alarms per image promised by the calibration")
    axes.set_ylabel(f"share of {images:,} other images with one")
    low = [max(one.expected[0] / images, lowest) for one in rows]
    high = [max(one.expected[1] / images, nothing) for one in rows]
    axes.fill_between(promised, low, high, color=_BAND, linewidth=0)
    axes.plot((left, right), (left, right), color=_GRAY, linewidth=1, linestyle=(0, (4, 3)))
    axes.axhline(nothing, color=_GRAY, linewidth=0.8, linestyle=(0, (1, 3)))
    axes.annotate(f" none observed in {images:,}", (left, nothing), (0, -13),
                  textcoords="offset points", fontsize=9, color=_GRAY)  # fmt: skip
    axes.annotate("shaded: where 95 % of true promises lie; dashed: as promised; hollow: too few "
                  "images to confirm", (0.0, 1.025), xycoords="axes fraction", fontsize=8.5,
                  color=_GRAY)  # fmt: skip
    ends = []
    names = run.channels
    for name, _, color in _colored(run):
        made = [one for one in run.promises if one.channel == name and one.outcome != "unsupported"]
        aside = 1.07 ** (names.index(name) - (len(names) - 1) / 2)
        x = [one.promised * aside for one in made]
        y = [max(one.flagged / images, nothing) for one in made]
        axes.plot(x, y, color=color, linewidth=1, alpha=0.5)
        for place, one in enumerate(made):
            fill = "white" if one.outcome == "unchecked" else color
            axes.plot(x[place], y[place], "o", color=color, markerfacecolor=fill, markersize=6)
        if made:
            ends.append(_End(x=x[-1], y=y[-1], text=name, color=color))
    _label(axes, ends)
    _rates(axes.xaxis)
    _rates(axes.yaxis)


def _colored(run: BenchmarkRun) -> list[tuple[str, Curve, str]]:
    """Return the channels with their curves and colors: ink for what all of them say together."""
    colors = dict(zip((name for name in run.channels if name != FUSED), _COLORS, strict=False))
    return [(name, curve, colors.get(name, _INK)) for name, curve in run.curves.items()]


def _line(name: str) -> dict[str, Any]:
    return {"linewidth": 2.6 if name == FUSED else 1.8, "solid_joinstyle": "miter"}


def _steps(
    x: Sequence[float], y: Sequence[float], *, left: float, right: float, start: float
) -> tuple[list[float], list[float]]:
    """Return the corners of a curve that keeps each value until the next, over the whole axis.

    start: the value before the first. The curve begins with the last value at or below ``left``,
    where 0 lies on an axis of logarithms.
    """
    points = list(zip(x, y, strict=True))
    before = next((b for a, b in reversed(points) if a <= left), start)
    corners_x, corners_y = [left], [before]
    for a, b in points:
        if left < a <= right:
            corners_x += [a, a]
            corners_y += [before, b]
            before = b
    return [*corners_x, right], [*corners_y, before]


def _unseen(axes: Any, left: float, right: float) -> None:
    """Shade what lies below one in all images."""
    axes.axvspan(left, right, color="#f1f1f1", linewidth=0, zorder=0)
    axes.annotate("none seen", (math.sqrt(left * right), 1.025),
                  xycoords=("data", "axes fraction"), ha="center", fontsize=8.5,
                  color=_GRAY)  # fmt: skip


def _label(axes: Any, ends: Sequence[_End]) -> None:
    """Write the names right of the axes, at the height of the ends and apart from one another."""
    to_axes = axes.transData + axes.transAxes.inverted()
    places = to_axes.transform(np.array([(end.x, end.y) for end in ends]).reshape(-1, 2))
    height = -1.0
    for below, place in enumerate(places[:, 1].argsort(kind="stable")):
        (x, y), end = places[place], ends[place]
        highest = 1.0 - _APART * (len(ends) - 1 - below)
        height = max(min(y, highest), height + _APART)
        axes.annotate(
            end.text,
            (x, y),
            xytext=(1.035, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            color=end.color,
            fontweight="bold",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.color, "linewidth": 0.7, "alpha": 0.6},
        )


def _rates(axis: Any) -> None:
    """Write 0.001, not a power of ten."""
    axis.set_major_formatter(lambda value, _: f"{value:g}" if value >= 1e-4 else f"{value:.0e}")


def _plain(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{value:,g}")


def _percents(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
