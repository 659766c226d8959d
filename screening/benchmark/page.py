"""The run as one HTML page: nothing is loaded from elsewhere, and no picture that was searched."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from screening.benchmark.compare import Comparison
from screening.benchmark.measures import FLAG_AT, PROMISES
from screening.benchmark.plots import CURVES
from screening.benchmark.prose import CAPTIONS, LIMITS, NOT_DRAWN, READING, STYLE
from screening.benchmark.prose import PROMISES as PROMISES_SAID
from screening.benchmark.queries import REMARKS
from screening.benchmark.result import BenchmarkRun
from screening.benchmark.scored import FUSED
from screening.benchmark.words import (
    comparison_in_words,
    difference,
    figure_in_words,
    figures,
    name_of,
    one_in,
    promise_in_words,
    recommendation_in_words,
    remarks_by_kind,
    sample_in_words,
)

_SHOWN = 20  # remarks of a kind; all are in run.json


def page(
    run: BenchmarkRun, curves: Mapping[str, bytes], comparison: Comparison | None = None
) -> str:
    """Return the page. curves: as ``plots.drawn`` gives them; without them it has tables alone."""
    title = escape(_text(f"Benchmark of {run.index.name}"))
    made = escape(f"{run.created} · screening {run.version} · seed {run.seed}")
    parts = (
        f"<h1>{title}</h1>",
        f'<p class="quiet">{made}</p>',
        _headline(run),
        f'<p class="point">{escape(recommendation_in_words(run))}</p>',
        _doubts(run),
        _comparison(comparison) if comparison else "",
        "<h2>What was found</h2>",
        _measures(run),
        "<h2>Were the promises kept?</h2>",
        PROMISES_SAID,
        _promises(run),
        _curves(curves),
        _families(run),
        "<h2>What was measured, and what was not</h2>",
        _sample(run),
        _remarks(run),
        "<h2>How to read this</h2>",
        READING,
        "<h2>To repeat it</h2>",
        _provenance(run),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body>\n</html>\n"
    )


def _headline(run: BenchmarkRun) -> str:
    cards: list[tuple[str, str]] = []
    point = run.recommended(FUSED)
    if point is not None:
        recall, load = point.recall, point.load
        found = f"of positives found at the recommended {point.promised:g} false alarms per image"
        flagged = f"unrelated images flagged there; per 1,000: {load.value:.3g}"
        cards += [
            (f"{recall.value:.1%}", f"{found} [{recall.low:.1%}, {recall.high:.1%}]"),
            (
                f"{point.flagged} of {point.images:,}",
                f"{flagged} [{load.low:.2g}, {load.high:.2g}]",
            ),
        ]
    for name, what in (
        ("recall_without_false_match", "of positives score above every false pair"),
        ("micro_ap", "micro-AP, fused"),
    ):
        one = run.measured(FUSED, name)
        value = f"{one.value:.3f}" if name == "micro_ap" else f"{one.value:.1%}"
        cards.append((value, f"{what} [{one.low:.3f}, {one.high:.3f}]"))
    return (
        '<div class="cards">'
        + "".join(
            f'<div class="card"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
            for value, what in cards
        )
        + "</div>"
    )


def _doubts(run: BenchmarkRun) -> str:
    """Return what weakens the figures most, if anything."""
    doubts = []
    fused = [run.promise(FUSED, promised) for promised in PROMISES]
    if broken := [one_in(one.promised) for one in fused if one.outcome == "broken"]:
        doubts.append(f"More false alarms than promised at {', '.join(broken)}.")
    if unchecked := [one for one in fused if one.outcome == "unchecked"]:
        worst = max(unchecked, key=lambda one: one.images_needed)
        doubts.append(
            f"{run.sample.reported_on:,} unrelated images are too few to check "
            f"{', '.join(one_in(one.promised) for one in unchecked)}: the rarest would take "
            f"{worst.images_needed:,}."
        )
    for name in run.channels[:-1]:
        unmade = [
            one_in(promised)
            for promised in PROMISES
            if run.promise(name, promised).outcome == "unsupported"
        ]
        if unmade:
            doubts.append(
                f"{run.sample.calibrated_on:,} unrelated images are too few for {name} to promise "
                f"{', '.join(unmade)}: there it finds nothing by itself. "
                "A larger background would let it."
            )
    suspects = sum(one.kind == "suspect" for one in run.remarks)
    if suspects:
        doubts.append(
            f"{suspects} background image{'s' * (suspects > 1)} may show an enrolled record; those "
            "of the report half count as false alarms. Look at them, and run again without."
        )
    return "".join(f'<p class="warning">{escape(one)}</p>' for one in doubts)


def _measures(run: BenchmarkRun) -> str:
    rows = [
        [name_of(name, promised)]
        + [figure_in_words(run, channel, name, promised) for channel in run.channels]
        for name, promised in figures(run)
    ]
    return _table(["report half, 95 % interval", *run.channels], rows)


def _promises(run: BenchmarkRun) -> str:
    rows = []
    classes = []
    for promised in sorted({one.promised for one in run.promises}, reverse=True):
        checks = [run.promise(channel, promised) for channel in run.channels]
        rows.append([one_in(promised), *map(promise_in_words, checks)])
        classes.append(["", *(check.outcome for check in checks)])
    return _table(["promised per image", *run.channels], rows, classes)


def _families(run: BenchmarkRun) -> str:
    if not run.families:
        return ""
    rows = [
        [one.family, f"{one.queries:,}"]
        + [f"{one.found[channel] / one.queries:.0%}" for channel in run.channels]
        for one in run.families
    ]
    return (
        f"<h2>Which edits are found</h2><p>Share of edited copies found at {one_in(FLAG_AT)}, of "
        "both halves: nothing was chosen for this.</p>"
        + _table(["edit", "copies", *run.channels], rows)
    )


def _curves(curves: Mapping[str, bytes]) -> str:
    drawn = [name for name in CURVES if f"{name}.svg" in curves]
    if not drawn:
        return NOT_DRAWN
    figures_ = "".join(
        f"<figure>{_inline(curves[f'{name}.svg'].decode(), CURVES[name], name)}"
        f"<figcaption>{escape(CAPTIONS[name])}</figcaption></figure>"
        for name in drawn
    )
    return f'<h2>Curves</h2><div class="curves">{figures_}</div>'


def _inline(svg: str, title: str, name: str) -> str:
    """Return a drawing as part of a page: no prolog, a name for readers, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'((?:id|href)="#?|url\(#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def _comparison(comparison: Comparison) -> str:
    kind = "point" if comparison.comparable else "warning"
    rows = [
        [
            one.channel,
            name_of(one.name, one.promised),
            *(f"{value:.3f}" if value is not None else "-" for value in (one.before, one.now)),
            difference(one.before, one.now),
        ]
        for one in comparison.differences
    ]
    return (
        f'<h2>Before and now</h2><p class="{kind}">{escape(comparison_in_words(comparison))}</p>'
        + _table(["channel", "figure", "before", "now", "difference"], rows)
    )


def _sample(run: BenchmarkRun) -> str:
    edits = run.sample.edits
    said = [escape(line) for line in sample_in_words(run)]
    if edits is not None:
        said.append(
            f"Each positive is a copy with one edit; {edits} of each picture. Real copies may be "
            "edited otherwise, and several times over."
        )
    return _list(said).replace("</ul>", f"{LIMITS}</ul>")


def _remarks(run: BenchmarkRun) -> str:
    told = []
    for kind, remarks in remarks_by_kind(run.remarks).items():
        names = [
            f"<code>{escape(_text(one.name))}</code>"
            + (f" ({escape(_text(one.detail))})" if one.detail else "")
            for one in remarks[:_SHOWN]
        ]
        more = f" and {len(remarks) - _SHOWN} more, in run.json" if len(remarks) > _SHOWN else ""
        told.append(f"{escape(REMARKS[kind])} ({len(remarks)}): {', '.join(names)}{more}")
    return _list(told) if told else ""


def _provenance(run: BenchmarkRun) -> str:
    rows = [
        ["index", f"{run.index.uuid}, next reference {run.index.next_id}"],
        *([f"settings, {name}", settings] for name, settings in run.index.settings.items()),
        ["background", f"sha256 {run.sample.background}"],
        ["positives", f"sha256 {run.sample.positives}"],
        ["seed, load", f"{run.seed}, {run.load:g} in 1,000"],
        ["machine", ", ".join(f"{name} {value}" for name, value in run.machine.items())],
    ]
    return _table(["", ""], rows)


def _table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    classes: Sequence[Sequence[str]] | None = None,
) -> str:
    """Return a table; the first cell of a row is its name. classes: of each cell, for its color."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = []
    for number, (first, *others) in enumerate(rows):
        of = classes[number][1:] if classes else [""] * len(others)
        cells = "".join(
            f'<td class="{name}">{escape(_text(cell))}</td>' if name else
            f"<td>{escape(_text(cell))}</td>"
            for cell, name in zip(others, of, strict=True)
        )  # fmt: skip
        body.append(f'<tr><th scope="row">{escape(_text(first))}</th>{cells}</tr>')
    thead = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    return f'<div class="wide"><table>{thead}<tbody>{"".join(body)}</tbody></table></div>'


def _list(items: Iterable[str]) -> str:
    """Return items, HTML already, as a list."""
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def _text(text: str) -> str:
    """Return text that any page can hold: what is not UTF-8 or not printable is escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.encode("utf-8", "backslashreplace").decode()
    )
