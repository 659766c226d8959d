"""``screening models import``: a file of weights, or a bundle of them, to the others."""

from dataclasses import dataclass
from pathlib import Path

import click

from screening.cli.model_pictures import pictures_option, sample_pictures
from screening.cli.progress import say
from screening.cli.weights import models_option
from screening.config import find_config
from screening.models import Card, Conversion, ModelStore, Recipe, card_like, default_folder
from screening.models.bundle import is_bundle
from screening.models.conversion import recipe_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What was said of a file; None where it was not."""

    like: str | None
    architecture: str | None
    card_id: str | None
    licence: str | None
    commercial_use: bool | None

    @property
    def nothing(self) -> bool:
        said = (self.like, self.architecture, self.card_id, self.licence, self.commercial_use)
        return all(one is None for one in said)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--like", help="A card that prepares pixels the same way: arcface, sscd, "
              "clip-vit-b-32, ...")  # fmt: skip
@click.option("--architecture", metavar="NAME|FILE",
              help="Of a checkpoint: open_clip's name of the network, such as ViT-B-32, or a JSON "
              "file with its configuration.")  # fmt: skip
@click.option("--id", "card_id", help="What to call these weights.")
@click.option("--licence", help="The licence of these weights.")
@click.option("--commercial-use/--no-commercial-use", default=None,
              help="Whether that licence allows commercial use.")  # fmt: skip
@pictures_option
@models_option
def import_command(
    file: Path,
    like: str | None,
    architecture: str | None,
    card_id: str | None,
    licence: str | None,
    commercial_use: bool | None,
    pictures: Path | None,
    models: Path | None,
) -> None:
    """Copy FILE to the other weights: weights for faces, a checkpoint, or a bundle.

    Weights for faces that no card describes are tried once and get a card. A checkpoint for whole
    pictures (CLIP and its like, with --architecture, or --like a card of that kind) is converted
    once, which needs the extra [clip]. A bundle is what 'screening models export' writes; all in
    it is verified before anything is changed.
    """
    store = store_at(models)
    said = _Said(
        like=like,
        architecture=architecture,
        card_id=card_id,
        licence=licence,
        commercial_use=commercial_use,
    )
    if is_bundle(file):
        _import_bundle(store, file, said)
        return
    card = store.card_for(file)
    if card is None and (recipe := _recipe(store, file, said)):
        _import_checkpoint(store, file, recipe, pictures)
        return
    if card is None:
        card = _new_card(store, file, said)
    elif not said.nothing:
        raise click.UsageError(f"{file} is {card.id}, of which all is known: leave out the options")
    click.echo(f"{card.id}: {store.add(file, card)}")
    warn(card.warning)


def store_at(models: Path | None) -> ModelStore:
    """Return the store that an option names, else screening.toml, else the user's own."""
    return ModelStore(models or find_config(Path()).models or default_folder())


def warn(warning: str) -> None:
    """Say on what terms weights are, if there is anything to be said."""
    if warning:
        click.echo(f"Warning: {warning}", err=True)


def told(store: ModelStore, conversion: Conversion) -> str:
    """Return a line on converted weights: where they are, and which precision is used and why."""
    line = f"{conversion.id}: {store.folder / conversion.record}, {conversion.precision}"
    if agreed := conversion.agreement:
        line += (
            f" (int8 against fp32 on {agreed.pictures} pictures: correlation "
            f"{agreed.correlation:.4f}, nearest kept {agreed.nearest_kept:.0%})"
        )
    return line


def _import_bundle(store: ModelStore, file: Path, said: _Said) -> None:
    from screening.models.bundle_import import read_bundle

    if not said.nothing:
        raise click.UsageError(f"{file} is a bundle, which says all itself: leave out the options")
    for one in read_bundle(store, file):
        click.echo(f"{one.id}: {'imported' if one.new else 'here already'}")
        warn(one.warning)


def _import_checkpoint(
    store: ModelStore, file: Path, recipe: Recipe, pictures: Path | None
) -> None:
    from screening.models.convert import convert
    from screening.models.torch_models import need_tools

    need_tools()  # before seconds are spent on pictures
    say(f"{recipe.id}: converting {file}")
    sample = sample_pictures(pictures)
    conversion = convert(store, file, recipe, sample, again=pictures is not None)
    click.echo(told(store, conversion))
    warn(conversion.warning)


def _recipe(store: ModelStore, file: Path, said: _Said) -> Recipe | None:
    """Return what a checkpoint is by the options; None where they are those of another file."""
    if said.architecture and said.like:
        raise click.UsageError("say --architecture or --like: a card has its own architecture")
    if said.architecture:
        return _recipe_by_architecture(store, file, said.architecture, said)
    like = store.card(said.like) if said.like else None
    if like is None or not like.embeds_pictures:
        return None
    other = said.card_id not in {None, like.id}
    if other and (not said.licence or said.commercial_use is None):
        raise click.UsageError(
            f"{said.card_id} are other weights than {like.id}: say --licence, and --commercial-use "
            f"or --no-commercial-use"
        )
    if other:
        _check_free(store, said.card_id or "")
    return recipe_of(
        like,
        card_id=said.card_id or "",
        licence=said.licence or "",
        commercial_use=said.commercial_use,
    )


def _recipe_by_architecture(
    store: ModelStore, file: Path, architecture: str, said: _Said
) -> Recipe:
    if not (said.card_id and said.licence) or said.commercial_use is None:
        raise click.UsageError(
            "with --architecture say --id, --licence, and --commercial-use or --no-commercial-use"
        )
    _check_free(store, said.card_id)
    path = Path(architecture)
    own = path.suffix == ".json" and path.is_file()
    try:
        config = path.read_text(encoding="utf-8") if own else ""
    except ValueError as error:
        raise click.UsageError(f"{path} is no text ({error}), expected JSON") from error
    return Recipe(
        id=said.card_id,
        title=file.stem,
        source=f"imported from {file.name}",
        licence=said.licence,
        commercial_use=said.commercial_use,
        architecture=path.stem if own else architecture,
        config=config,
    )


def _check_free(store: ModelStore, card_id: str) -> None:
    if store.card(card_id):
        raise click.UsageError(f"there is a card {card_id!r} already; choose another id")


def _new_card(store: ModelStore, file: Path, said: _Said) -> Card:
    if not (said.like and said.card_id and said.licence) or said.commercial_use is None:
        raise click.UsageError(
            f"no card describes {file}: say --like, --id, --licence, and --commercial-use or "
            f"--no-commercial-use; of a CLIP checkpoint --architecture in place of --like"
        )
    like = store.card(said.like)
    if like is None:
        raise click.UsageError(f"no card is called {said.like!r}; see 'screening models list'")
    if store.card(said.card_id) or store.conversion(said.card_id):
        raise click.UsageError(f"there is a card {said.card_id!r} already; choose another id")
    return card_like(
        like,
        file,
        card_id=said.card_id,
        licence=said.licence,
        commercial_use=said.commercial_use,
    )
