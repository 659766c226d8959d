"""``screening prompt``: does a prompt name a work or a person, before it is used."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from screening.cli.ledger import check_outside_store
from screening.cli.options import Options, prompt_options
from screening.cli.output import output_to
from screening.cli.progress import say
from screening.cli.screened import opened_screener
from screening.errors import InputInvalidError
from screening.prompt_files import read_prompts
from screening.report import CsvReport, JsonlReport, Report, TableReport

FORMATS = ("table", "jsonl", "csv")


@click.command("prompt")
@click.argument("prompts", nargs=-1)
@click.option("--file", "files", multiple=True, metavar="FILE",
              help="A file of prompts, one a line, or JSON lines with \"prompt\" in them; - for "
              "standard input.")  # fmt: skip
@click.option("--model", "networks", multiple=True, metavar="NAME",
              help="The name of a model that is to be used with them.")  # fmt: skip
@click.option("--lora", "loras", multiple=True, metavar="NAME",
              help="The name of a LoRA that is to be used with them.")  # fmt: skip
@prompt_options
@click.option("--candidates", default=0, type=click.IntRange(0, 1000), metavar="K",
              help="Also list the K best records, whatever their score.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--output", type=click.Path(path_type=Path),
              help="Write the report here instead of to standard output.")  # fmt: skip
def prompt_command(
    prompts: tuple[str, ...],
    files: tuple[str, ...],
    networks: tuple[str, ...],
    loras: tuple[str, ...],
    options: Options,
    candidates: int,
    form: str,
    output: Path | None,
) -> None:
    """Screen prompts for the titles, names and aliases of the records of reference indexes.

    Of a prompt the report has its digest and the words that name something, never the text. The
    nearest screening.toml, upward from the current folder, gives the indexes, the policy and what
    is on record. Exit codes are those of scan.
    """
    if not (prompts or files or networks or loras):
        raise click.UsageError(
            "no prompt: write it as PROMPT, or name a file of prompts with --file (- for standard "
            "input)"
        )
    reports: dict[str, Report] = {
        "table": TableReport(color=output is None and sys.stdout.isatty(), what="PROMPT"),
        "jsonl": JsonlReport(),
        "csv": CsvReport(),
    }
    report = reports[form]
    texts = [*_texts(prompts, files)] or [("models", "")]
    with opened_screener(options, Path(), pictures=False) as opened:
        if opened.on_record.desk:
            check_outside_store(opened.on_record.desk.decisions.store, output)
        summary = opened.summary(pictures=False)
        with output_to(output) as out:
            out.write(report.start())
            for name, text in texts:
                screening = opened.screener.screen_prompt(
                    text, models=networks, loras=loras, candidates=candidates
                )
                screening = replace(screening, path=name)
                summary.add(screening)
                out.write(report.line(screening))
            out.write(report.end(summary))
    if form == "csv" or output is not None:
        say(summary.lines())
    raise click.exceptions.Exit(summary.exit_code)


def _texts(prompts: tuple[str, ...], files: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield what each prompt is called in the report, and the prompt."""
    for number, text in enumerate(prompts, start=1):
        yield f"prompt {number}", text
    for file in files:
        name = "standard input" if file == "-" else file
        try:
            lines = read_prompts(sys.stdin.buffer if file == "-" else Path(file), name=name)
        except OSError as error:
            raise InputInvalidError(
                f"{name}: cannot be read ({error.strerror}), expected a file of prompts"
            ) from error
        if not lines:
            raise InputInvalidError(f"{name}: no prompt in it, expected one a line")
        for one in lines:
            yield f"{name}:{one.line}", one.text
