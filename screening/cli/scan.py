"""``screening scan``: what somebody wants to know of a mood board."""

import math
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from screening.cli.interrupt import Interrupts
from screening.cli.output import output_to
from screening.cli.progress import bar, counted, say
from screening.cli.weights import models_option, runtime_option
from screening.config import FILE_NAME, Config, find_config
from screening.decision import NETFLIX_GENAI, Context, Policy, Role, Stage, policy_from
from screening.errors import ConfigError, InputInvalidError
from screening.matching import ChannelState, channels_of
from screening.production import Declared, declared, find_declaration
from screening.report import CsvReport, JsonlReport, Report, Summary, TableReport
from screening.report.calibrations import IndexCalibration
from screening.report.words import HIGHEST
from screening.screener import Screener, distinct_roots
from screening.signals import SETTINGS
from screening.toml_lines import line_of

FORMATS = ("table", "jsonl", "csv")


@click.command("scan")
@click.argument("paths", nargs=-1, required=True,
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
              help="Reference index to compare with; may be given several times.")  # fmt: skip
@click.option("--policy", metavar="NAME|FILE",
              help="Policy to apply, by name or as a file: screening policy show.  [default: that "
              f"of screening.toml, or {NETFLIX_GENAI.name}]")  # fmt: skip
@click.option("--role", type=click.Choice([role.value for role in Role]),
              help="What all the pictures are, whatever screening.toml says of their "
              "folders.")  # fmt: skip
@click.option("--usage", "declaration", metavar="FILE",
              type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="What was declared of the use as a whole.  [default: the usage.toml beside "
              "screening.toml]")  # fmt: skip
@click.option("--stage", type=click.Choice([stage.value for stage in Stage]),
              help="How far the material is to go.  [default: as declared, or "
              "ideation]")  # fmt: skip
@click.option("--flag-at", type=float, metavar="P",
              help="False alarms per image that need approval; 1e-3 by default.")  # fmt: skip
@click.option("--note-at", type=float, metavar="P",
              help="False alarms per image that are worth a note; 1e-2 by default.")  # fmt: skip
@click.option("--raw-score", "raw_scores", multiple=True, metavar="CHANNEL=SCORE",
              help="For experts: let a channel flag from this raw score on, which promises no "
              "false-alarm rate.")  # fmt: skip
@click.option("--require", "required", multiple=True, metavar="CHANNEL",
              help="A channel that must have looked, besides those of the policy: embedding, "
              "concept, face, ...")  # fmt: skip
@click.option("--notes/--no-notes", default=True, show_default=True,
              help="Whether the table tells what a note is about.")  # fmt: skip
@click.option("--candidates", default=0, type=click.IntRange(0, 1000), metavar="K",
              help="Also list the K best records, whatever their score.")  # fmt: skip
@click.option("--format", "form", default="table", type=click.Choice(FORMATS), show_default=True)
@click.option("--output", type=click.Path(path_type=Path),
              help="Write the report here instead of to standard output.")  # fmt: skip
@models_option
@runtime_option
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
def scan_command(
    paths: tuple[Path, ...],
    indexes: tuple[Path, ...],
    policy: str | None,
    role: str | None,
    declaration: Path | None,
    stage: str | None,
    flag_at: float | None,
    note_at: float | None,
    raw_scores: tuple[str, ...],
    required: tuple[str, ...],
    notes: bool,
    candidates: int,
    form: str,
    output: Path | None,
    models: Path | None,
    runtime: str,
    workers: int | None,
) -> None:
    """Screen files and folders against reference indexes.

    The nearest screening.toml, upward from the first PATH, gives the policy, the roles of folders,
    the limits of a file, thresholds, required channels, the folder of weights and, without --index,
    the indexes; options win over it. Writes nothing but its report.
    """
    if not notes and form != "table":
        raise click.UsageError(f"--no-notes is for the table: {form} always has the notes")
    reports: dict[str, Report] = {
        "table": TableReport(color=output is None and sys.stdout.isatty(), notes=notes),
        "jsonl": JsonlReport(),
        "csv": CsvReport(),
    }
    report = reports[form]
    config = find_config(paths[0])
    rule = _policy(policy, config, flag_at, note_at, raw_scores, required)
    said = declared(declaration or find_declaration(paths[0]))
    context = _context(config, said, stage)
    chosen = _indexes(indexes or config.indexes, paths[0])
    if not indexes:
        say(f"{config.file}: comparing with {', '.join(map(str, chosen))}")
    with Screener.open(
        *chosen,
        policy=rule,
        limits=config.limits,
        models=models or config.models,
        runtime=runtime,
        roles=config.role_of,
        context=context,
    ) as screener:
        _check_raw_scores(rule, screener)
        _say_gaps(screener)
        summary = Summary(
            policy=rule,
            indexes=tuple(map(str, chosen)),
            calibrations=tuple(map(IndexCalibration.of, screener.indexes)),
            declared=said,
        )
        results = screener.scan(
            *paths, candidates=candidates, workers=workers, role=Role(role) if role else None
        )
        with output_to(output) as out:
            out.write(report.start())
            try:
                total = counted(distinct_roots(paths))
                with closing(results), bar(total=total) as advance, Interrupts() as interrupts:
                    for screening in results:
                        interrupts.hold()
                        summary.add(screening)
                        out.write(report.line(screening))
                        advance()
                        interrupts.release()
            except KeyboardInterrupt:
                summary.interrupted = True
            out.write(report.end(summary))
    if form == "csv" or output is not None:
        say(summary.lines())
    raise click.exceptions.Exit(summary.exit_code)


def _context(config: Config, said: Declared, stage: str | None) -> Context:
    """Return what findings are judged by: of the file, and as declared; the option wins.

    Not to know the stage escalates the declaration, not every picture.
    """
    context, file = config.context, said.declaration
    if file and file.production and context.production and file.production != context.production:
        raise ConfigError(
            f"{config.file}: production is {context.production!r}, and {file.production!r} is "
            "declared: consents and approvals hold for one of them, so make them the same"
        )
    if stage is None and file and str(file.stage) in {*map(str, Stage)}:
        stage = str(file.stage)
    named = context.production or (file.production if file else "")
    return replace(context, production=named, stage=Stage(stage) if stage else Stage.IDEATION)


def _policy(
    given: str | None,
    config: Config,
    flag_at: float | None,
    note_at: float | None,
    raw_scores: Sequence[str],
    required: Sequence[str],
) -> Policy:
    """Return the policy of that name or file with the thresholds of the file, options first."""
    options = {"flag_at": flag_at, "note_at": note_at}
    thresholds = {**config.thresholds, **{k: v for k, v in options.items() if v is not None}}
    scores = _scores(raw_scores)
    thresholds["raw_scores"] = config.thresholds.get("raw_scores", {}) | scores
    named = policy_from(given) if given else config.policy or NETFLIX_GENAI
    basis = named.required if config.required is None else config.required
    thresholds["required"] = tuple(dict.fromkeys((*basis, *required)))
    try:
        policy = replace(named, **thresholds)
    except InputInvalidError as error:
        raise click.UsageError(str(error)) from error
    for channel, score in policy.raw_scores.items():
        if score > HIGHEST.get(channel, math.inf):
            said = (
                f"raw_scores: {channel} is {score:g}, which no picture can reach, expected at most "
                f"{HIGHEST[channel]:g}"
            )
            if channel in scores:
                raise click.UsageError(said)
            assert config.file is not None
            text = config.file.read_text(encoding="utf-8-sig")
            line = line_of(text, "thresholds", "raw_scores", channel)
            raise ConfigError(f"{config.file}: [thresholds] {said} (line {line})")
    return policy


def _check_raw_scores(policy: Policy, screener: Screener) -> None:
    """Refuse a raw score for a model that no index was built with: it would never be reached."""
    known = [channel.name for channel in channels_of(screener.indexes)]
    for channel in policy.raw_scores:
        if channel not in known:
            raise InputInvalidError(
                f"raw_scores: no index was built with {channel}, expected one of {', '.join(known)}"
            )


def _scores(given: Sequence[str]) -> dict[str, float]:
    """Return a score for each channel from CHANNEL=SCORE."""
    scores: dict[str, float] = {}
    for text in given:
        channel, _, score = text.partition("=")
        if channel in scores:
            raise click.UsageError(
                f"--raw-score is given twice for {channel}, expected one score for each channel"
            )
        try:
            scores[channel] = float(score)
        except ValueError as error:
            raise click.UsageError(
                f"--raw-score is {text!r}, expected CHANNEL=SCORE, as in hash=200"
            ) from error
    return scores


def _say_gaps(screener: Screener) -> None:
    """Tell once what indexes and weights lack; every screening tells it too."""
    for index in screener.indexes:
        for channel in sorted(SETTINGS.keys() - set(index.channels)):
            say(
                f"{index.path}: built without the {channel} channel; enroll its works again into "
                "a new index"
            )
        if index.expired:
            say(
                f"{index.path}: people who are looked for no longer, since their retention date "
                f"has passed: {index.expired}; take them out: screening index purge {index.path}"
            )
    for remark in screener.weights.remarks:
        say(remark)
    without = (
        r for r in screener.weights.reports.values() if r.state is ChannelState.NO_REFERENCES
    )
    for report in dict.fromkeys(without):
        say(f"{report.reason}: {report.mend}")


def _indexes(found: tuple[Path, ...], start: Path) -> tuple[Path, ...]:
    """Return the indexes to compare with; none is a usage error that says how to get one."""
    if not found:
        raise click.UsageError(
            f"no reference index: give --index INDEX, or name it in a {FILE_NAME} at or above "
            f"{start} (made with: screening enroll INDEX FOLDER)"
        )
    return found
