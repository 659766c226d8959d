"""``screening models``: which weights are here, what they are for and who may use them."""

import json
from pathlib import Path

import click

from screening.cli.weights import models_option
from screening.config import find_config
from screening.models import Card, ModelStore, card_like, default_folder
from screening.report.words import printable

FORMATS = click.Choice(("table", "jsonl"))


@click.group("models")
def models_group() -> None:
    """Look at the weights on this machine, verify them, or import more. Nothing is downloaded."""


@models_group.command("list")
@models_option
@click.option("--format", "form", default="table", type=FORMATS, show_default=True)
def list_command(models: Path | None, form: str) -> None:
    """List all weights that are known, where they are, and on what terms."""
    store = _store(models)
    if form == "table":
        click.echo(f"{'ID':<18}  {'FOR':<14}  {'STRENGTH':<8}  {'LICENCE':<28}  COMMERCIAL  HERE")
    for card in store.cards():
        path = store.find(card)
        click.echo(_row(card, path) if form == "table" else json.dumps(_facts(card, path)))


@models_group.command("verify")
@models_option
def verify_command(models: Path | None) -> None:
    """Read all weights and cards of the folder and name what is damaged; exit code 1 if any is."""
    store = _store(models)
    problems = store.problems()
    for problem in problems:
        click.echo(printable(problem))
    if problems:
        raise click.ClickException(f"{store.folder}: {len(problems)} to be mended")
    click.echo(f"{store.folder}: all weights are whole")


@models_group.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--like", "like_id", help="A card that prepares pixels the same way: arcface, ...")
@click.option("--id", "card_id", help="What to call these weights.")
@click.option("--licence", help="The licence of these weights.")
@click.option("--commercial-use/--no-commercial-use", default=None,
              help="Whether that licence allows commercial use.")  # fmt: skip
@models_option
def import_command(
    file: Path,
    like_id: str | None,
    card_id: str | None,
    licence: str | None,
    commercial_use: bool | None,
    models: Path | None,
) -> None:
    """Copy FILE to the other weights; one that no card describes is tried once and gets a card."""
    store = _store(models)
    options = (like_id, card_id, licence, commercial_use)
    card = store.card_for(file)
    if card is None:
        card = _new_card(store, file, *options)
    elif options != (None,) * 4:
        raise click.UsageError(f"{file} is {card.id}, of which all is known: leave out the options")
    click.echo(f"{card.id}: {store.add(file, card)}")
    if card.warning:
        click.echo(f"Warning: {card.warning}", err=True)


def _store(models: Path | None) -> ModelStore:
    return ModelStore(models or find_config(Path()).models or default_folder())


def _new_card(
    store: ModelStore,
    file: Path,
    like_id: str | None,
    card_id: str | None,
    licence: str | None,
    commercial_use: bool | None,
) -> Card:
    if not (like_id and card_id and licence) or commercial_use is None:
        raise click.UsageError(
            f"no card describes {file}: say --like, --id, --licence, and --commercial-use or "
            f"--no-commercial-use"
        )
    like = store.card(like_id)
    if like is None:
        raise click.UsageError(f"no card is called {like_id!r}; see 'screening models list'")
    if store.card(card_id):
        raise click.UsageError(f"there is a card {card_id!r} already; choose another id")
    return card_like(like, file, card_id=card_id, licence=licence, commercial_use=commercial_use)


def _facts(card: Card, path: Path | None) -> dict[str, object]:
    return {
        "id": card.id,
        "title": card.title,
        "task": card.task,
        "path": str(path) if path else None,
        "weak": card.weak,
        "licence": card.licence,
        "commercial_use": card.commercial_use if card.sha256 else None,
        "source": card.source,
        "sha256": card.sha256 or None,
    }


def _row(card: Card, path: Path | None) -> str:
    terms = ("yes" if card.commercial_use else "NO") if card.sha256 else "-"
    where = str(path) if path else ("missing" if card.sha256 else "import a file like it")
    return (
        f"{card.id:<18}  {card.task:<14}  {'weak' if card.weak else '':<8}  "
        f"{printable(card.licence):<28}  {terms:<10}  {printable(where)}"
    )
