"""``screening demo``: drawn works, a drawn mood board, and what a scan says of it."""

from pathlib import Path

import click

from screening.cli.enroll import enroll_command
from screening.cli.progress import say
from screening.cli.scan import scan_command
from screening.errors import ModelMissingError
from screening.models import ModelStore
from screening.signals.faces import choose


@click.command("demo")
@click.argument("folder", default="demo-output",
                type=click.Path(path_type=Path, file_okay=False))  # fmt: skip
@click.pass_context
def demo_command(context: click.Context, folder: Path) -> None:
    """Draw a small set of protected works and a mood board into FOLDER, enroll, and scan.

    FOLDER (demo-output) must be new or empty. Everything in it is drawn by this program, but for
    the public-domain portraits of people that installed packages bring along.
    """
    from screening.demo import draw, draw_people

    draw(folder)
    indexes = [_enrolled(context, folder, "works")]
    if _people_can_be_found():
        draw_people(folder)
        indexes.append(_enrolled(context, folder, "people", "records.csv"))
    names = ", ".join(f'"{index.name}"' for index in indexes)
    (folder / "screening.toml").write_text(f"indexes = [{names}]\n", encoding="utf-8")
    click.echo(f"\n$ screening scan {folder / 'board'}")
    context.invoke(scan_command, paths=(folder / "board",))


def _enrolled(context: click.Context, folder: Path, what: str, table: str = "") -> Path:
    """Enroll what the demo has written, saying what one would type, and return the index."""
    index, place = folder / f"{what}.index", folder / what
    records = place / table if table else None
    click.echo(f"$ screening enroll {index} {place}{f' --records {records}' if records else ''}")
    context.invoke(enroll_command, index=index, folder=place, records=records)
    return index


def _people_can_be_found() -> bool:
    """Tell whether there are portraits and weights for faces; say what is left out without."""
    from screening.demo import SITTERS

    for sitter in SITTERS:
        if not sitter.portrait:
            way = f"pip install {sitter.install}"
            say(f"{sitter.name} is left out, whose portrait comes with {sitter.install}: {way}")
    try:
        choose(ModelStore())
    except ModelMissingError as error:
        say(f"People are left out: {error}")
        return False
    return any(sitter.portrait for sitter in SITTERS)
