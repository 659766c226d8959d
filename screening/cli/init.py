"""``screening init``: the two files with which a production begins."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from screening.cli.output import check_outside_indexes
from screening.cli.progress import say
from screening.config import FILE_NAME, read_config
from screening.errors import OutputError
from screening.production import (
    DECLARATION_FILE,
    Answer,
    Declaration,
    Stage,
    read_declaration,
    triage,
)
from screening.production.declaration import Contact, Principles, Tool
from screening.production.questions import questions_of
from screening.production.writing import config_text, declaration_text
from screening.replacing import replacing
from screening.report.words import printable

_ANSWERS = click.Choice([*map(str, Answer)])


@click.command("init")
@click.argument("folder", default=".",
                type=click.Path(path_type=Path, exists=True, file_okay=False))  # fmt: skip
@click.option("--answers", metavar="FILE", type=click.Path(path_type=Path),
              help="Take all answers from this file, which is like a usage.toml.")  # fmt: skip
@click.option("--yes", is_flag=True,
              help="Ask nothing: what no option says stays unsure, or empty.")  # fmt: skip
@click.option("--production", help="Its name; by default that of FOLDER.")
@click.option("--contact-name", help="The production's contact for uses of generative tools.")
@click.option("--contact-email", help="Where the contact is written to.")
@click.option("--stage", type=click.Choice([*map(str, Stage)]), help="How far the use goes.")
@click.option("--tool", help="The generative tool; further ones are added to the file.")
@click.option("--index", "indexes", multiple=True, metavar="INDEX",
              help="A reference index, relative to FOLDER; several times for several.")  # fmt: skip
def init_command(
    folder: Path, answers: Path | None, yes: bool, indexes: tuple[str, ...], **given: str | None
) -> None:
    """Write screening.toml and usage.toml into FOLDER (by default here), every key explained.

    On a terminal a few questions are asked; each yes-or-no question may be answered "unsure".
    Without one, --answers or --yes says where answers come from. Nothing that is there is replaced;
    a screening.toml that is there is kept, and usage.toml is put beside it.
    """
    config, usage = folder / FILE_NAME, folder / DECLARATION_FILE
    _check_places(config, usage, indexes)
    options = {key: value for key, value in given.items() if value is not None}
    if answers and (options or yes):
        raise click.UsageError("--answers says everything but --index: leave other options out")
    _check_somebody_answers(answers is not None or yes)
    here = read_config(config).production if config.exists() else ""
    if answers:
        declaration = read_declaration(answers)
    else:
        name = here or folder.resolve().name
        declaration = _asked(options, production=name, silent=yes)
        if not (indexes or yes or config.exists()):
            asked = click.prompt("Reference index, relative to FOLDER; empty for none yet",
                                 default="", show_default=False, err=True)  # fmt: skip
            indexes = (asked,) if asked else ()
    texts = {usage: declaration_text(declaration)}
    if not config.exists():
        texts[config] = config_text(declaration.production, indexes)
    _write(texts)
    for place in sorted(texts):
        click.echo(printable(str(place)))
    _say_what_is_open(usage, declaration)


def _check_places(config: Path, usage: Path, indexes: Iterable[str]) -> None:
    check_outside_indexes(usage)
    there = [place for place in (config, usage) if place.exists() or place.is_symlink()]
    if usage in there:
        named = " and ".join(printable(str(place)) for place in there)
        raise OutputError(
            f"{named}: there already, and not replaced; edit what is there, 'screening usage "
            "check' tells what it comes to"
        )
    if there and any(indexes):
        raise click.UsageError(f"{config} is there already: add the index to it, without --index")


def _check_somebody_answers(settled: bool) -> None:
    """Raise UsageError where questions would be asked and nobody can answer."""
    reachable = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    if not (settled or reachable):
        raise click.UsageError(
            "standard input is no terminal, so nothing can be asked: give --answers FILE, or --yes "
            "with any of --production, --contact-name, --contact-email, --stage, --tool, --index"
        )


def _asked(options: dict[str, str], *, production: str, silent: bool) -> Declaration:
    """Return a declaration from options, questions for what they leave open, and defaults."""

    def ask(question: str, default: str, *, key: str = "", choices: Any = None) -> str:
        if key in options:
            return options[key]
        if silent:
            return default
        plain = str(default)  # of an enum click would compare the name
        return str(click.prompt(question, plain, type=choices, show_default=bool(plain), err=True))

    def lists(question: str) -> tuple[()] | None:
        """Return the empty list for a no; what is not known stays to be filled in."""
        said = ask(question, Answer.UNSURE, choices=_ANSWERS)
        return () if said == Answer.NO else None

    return Declaration(
        production=ask("Production", production, key="production"),
        contact=Contact(
            name=ask("Contact's name", "", key="contact_name"),
            email=ask("Contact's mail address", "", key="contact_email"),
        ),
        stage=Stage(
            ask("Stage", Stage.UNSURE, key="stage", choices=click.Choice([*map(str, Stage)]))
        ),
        tools=(Tool(name=ask("Generative tool", "", key="tool")),),
        principles=Principles(
            **{
                key: Answer(ask(f"{key}. {question.asks}", Answer.UNSURE, choices=_ANSWERS))
                for key, question in questions_of(Principles)
            }
        ),
        inputs=lists("Is any material fed to the tool?"),
        talent=lists("Is any performer shown, imitated or altered?"),
    )


def _write(texts: dict[Path, str]) -> None:
    """Write all files whole, or none of them."""
    written: list[Path] = []
    try:
        for place, text in texts.items():
            with replacing(place, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            written.append(place)
    except BaseException as error:
        for done in written:
            done.unlink()
        if isinstance(error, OSError):
            raise OutputError(
                f"{place}: cannot be written ({error.strerror}), and nothing was; choose another "
                "folder, or free space"
            ) from error
        raise


def _say_what_is_open(usage: Path, declaration: Declaration) -> None:
    done = triage(declaration)
    say(f"As it stands: {done.outcome.words}. 'screening usage check' tells why.")
    if done.unanswered:
        say(f"{len(done.unanswered)} answers are still to be filled in, in {printable(str(usage))}")
