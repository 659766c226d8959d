"""``screening demo``: drawn works, a drawn mood board, and what a scan says of it."""

from pathlib import Path

import click

from screening.cli.enroll import enroll_command
from screening.cli.scan import scan_command


@click.command("demo")
@click.argument("folder", default="demo-output",
                type=click.Path(path_type=Path, file_okay=False))  # fmt: skip
@click.pass_context
def demo_command(context: click.Context, folder: Path) -> None:
    """Draw a small set of protected works and a mood board into FOLDER, enroll, and scan.

    FOLDER (demo-output) must be new or empty. Everything in it is drawn by this program.
    """
    from screening.demo import draw

    draw(folder)
    index = folder / "works.index"
    (folder / "screening.toml").write_text('indexes = ["works.index"]\n', encoding="utf-8")
    click.echo(f"$ screening enroll {index} {folder / 'works'}")
    context.invoke(enroll_command, index=index, folder=folder / "works")
    click.echo(f"\n$ screening scan {folder / 'board'}")
    context.invoke(scan_command, paths=(folder / "board",))
