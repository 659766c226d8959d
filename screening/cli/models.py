"""``screening models``: which weights are here, what they are for and who may use them."""

import json
from pathlib import Path
from typing import Any

import click

from screening.cli.model_pictures import pictures_option, sample_pictures
from screening.cli.models_import import import_command, store_at, told, warn
from screening.cli.progress import say
from screening.cli.weights import models_option
from screening.models import Card, Conversion, ModelStore, shipped_cards
from screening.report.words import printable

FORMATS = click.Choice(("table", "jsonl"))
RECOMMENDED = "recommended"


@click.group("models")
def models_group() -> None:
    """Look at the weights on this machine, verify them, fetch, import or export them.

    Of all of screening only 'screening models pull' opens a connection.
    """


@models_group.command("list")
@models_option
@click.option("--format", "form", default="table", type=FORMATS, show_default=True)
def list_command(models: Path | None, form: str) -> None:
    """List all weights that are known, where they are, and on what terms."""
    facts = _all_facts(store_at(models))
    for line in _table(facts) if form == "table" else map(json.dumps, facts):
        click.echo(line)


@models_group.command("verify")
@models_option
def verify_command(models: Path | None) -> None:
    """Read all weights and cards of the folder and name what is damaged; exit code 1 if any is."""
    store = store_at(models)
    problems = store.problems()
    for problem in problems:
        click.echo(printable(problem))
    if problems:
        raise click.ClickException(f"{store.folder}: {len(problems)} to be mended")
    click.echo(f"{store.folder}: all weights are whole")


@models_group.command("pull")
@click.argument("ids", metavar="ID...|recommended", nargs=-1, required=True)
@pictures_option
@models_option
def pull_command(ids: tuple[str, ...], pictures: Path | None, models: Path | None) -> None:
    """Fetch weights from the hub, verify them, and convert those for whole pictures.

    This opens a connection, to the hub or where HF_ENDPOINT says; it needs the extra [clip]. An
    interrupted pull goes on where it was. 'recommended' are weights for pictures, words and faces
    that all allow commercial use.
    """
    from screening.models.hub import here, pull

    store = store_at(models)
    cards = _cards_named(store, ids)
    away = [card for card in cards if not here(store, card)]
    sample = (
        sample_pictures(pictures)
        if any(card.embeds_pictures and card.repository for card in away)
        else []
    )
    for card in cards:
        warn(card.warning)
        if card in away and card.repository:
            say(f"{card.id}: fetching {card.repository}")
        path = pull(store, card, sample)
        conversion = store.conversion(card.id)
        click.echo(told(store, conversion) if conversion else f"{card.id}: {path}")


@models_group.command("export")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("ids", metavar="[ID...]", nargs=-1)
@click.option("--checkpoints/--no-checkpoints", default=True, show_default=True,
              help="Also what only torch needs, for a GPU.")  # fmt: skip
@models_option
def export_command(
    bundle: Path, ids: tuple[str, ...], checkpoints: bool, models: Path | None
) -> None:
    """Write weights, all that are here or those named, into the one file BUNDLE.

    It is for machines without a network: 'screening models import BUNDLE' there. Its sha256 is
    told, to be compared there. The same weights give the same bytes.
    """
    from screening.models.bundle import write_bundle

    store = store_at(models)
    written, digest = write_bundle(store, bundle, ids, checkpoints=checkpoints)
    click.echo(f"{bundle}: {', '.join(written)}\nsha256 {digest}")
    known: list[Card | Conversion] = [*store.cards(), *store.conversions()]
    for warning in dict.fromkeys(one.warning for one in known if one.id in written):
        warn(warning)


models_group.add_command(import_command)


def _cards_named(store: ModelStore, ids: tuple[str, ...]) -> list[Card]:
    cards: dict[str, Card] = {}
    for name in ids:
        if name == RECOMMENDED:
            cards |= {card.id: card for card in shipped_cards() if card.recommended}
            continue
        card = store.card(name)
        if card is None:
            raise click.UsageError(f"no card is called {name!r}; see 'screening models list'")
        cards[name] = card
    return list(cards.values())


def _all_facts(store: ModelStore) -> list[dict[str, Any]]:
    """Return what is to be said of all weights: those of cards, then of other conversions."""
    conversions = {one.id: one for one in store.conversions()}
    cards = store.cards()
    facts = [_facts(store, card, conversions.pop(card.id, None)) for card in cards]
    return facts + [_own_facts(store, one) for one in conversions.values()]


def _facts(store: ModelStore, card: Card, conversion: Conversion | None) -> dict[str, Any]:
    if conversion and card.embeds_pictures:
        own = _own_facts(store, conversion)
        return own | {"recommended": card.recommended, "repository": card.repository or None}
    path = store.find(card)
    known = bool(card.sha256) or card.embeds_pictures
    return {
        "id": card.id,
        "title": card.title,
        "task": card.task,
        "path": str(path) if path else None,
        "weak": card.weak,
        "precision": None,
        "recommended": card.recommended,
        "repository": card.repository or None,
        "licence": card.licence,
        "commercial_use": card.commercial_use if known else None,
        "source": card.source,
        "sha256": card.sha256 or None,
    }


def _own_facts(store: ModelStore, conversion: Conversion) -> dict[str, Any]:
    return {
        "id": conversion.id,
        "title": conversion.title,
        "task": "image-text-embedding" if conversion.text else "image-embedding",
        "path": str(store.home(conversion) / conversion.record)
        if _is_there(store, conversion)
        else None,
        "weak": False,
        "precision": conversion.precision,
        "recommended": False,
        "repository": None,
        "licence": conversion.licence,
        "commercial_use": conversion.commercial_use,
        "source": conversion.source,
        "sha256": conversion.checkpoint.sha256,
    }


def _is_there(store: ModelStore, conversion: Conversion) -> bool:
    """Tell whether files of the right size are there; ``verify`` reads them."""
    places = {
        store.home(conversion) / file.file: file.bytes
        for role, file in conversion.files.items()
        if role != "checkpoint"
    }
    return all(place.is_file() and place.stat().st_size == size for place, size in places.items())


def _table(facts: list[dict[str, Any]]) -> list[str]:
    rows = [("ID", "FOR", "NOTE", "LICENCE", "COMMERCIAL", "HERE"), *map(_row, facts)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    ]


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    terms = {True: "yes", False: "NO", None: "-"}[facts["commercial_use"]]
    note = "weak" if facts["weak"] else facts["precision"] or ""
    licence = printable(facts["licence"])
    return facts["id"], facts["task"], note, licence, terms, printable(_where(facts))


def _where(facts: dict[str, Any]) -> str:
    if facts["path"]:
        return str(facts["path"])
    if facts["precision"]:
        return "damaged: screening models verify"
    if facts["repository"]:
        return f"screening models pull {facts['id']}"
    if facts["task"] == "image-embedding":
        return f"import it --like {facts['id']}"
    return "missing" if facts["sha256"] else "import a file like it"
