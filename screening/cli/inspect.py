"""``screening inspect``: what a file says of how it was made."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from screening.calibration.paths import path_json
from screening.cli.output import output_to
from screening.errors import UnreadError
from screening.generation import Generation, Manifest, generation_of, role_of
from screening.report.words import printable

SCHEMA = 1
_WIDTH = 12


@click.command("inspect")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--format", "form", default="text", type=click.Choice(("text", "json")),
              show_default=True)  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path),
              help="Write to this file instead of to standard output.")  # fmt: skip
def inspect_command(files: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Show everything that a file says of how it was made: prompts, models, claims, manifests.

    Texts that generators write beside a picture are read with it, as NAME.txt and NAME.json are.
    What a file says was written by somebody and proves nothing; what it does not say may have been
    taken out. With --format json one line a file. Exit code 1 where a file cannot be read; the
    others are shown all the same.
    """
    unread = False
    with output_to(output) as out:
        for file in files:
            try:
                generation = generation_of(file)
            except UnreadError as error:
                unread = True
                reason = error.reason
                click.echo(f"Error: {printable(str(file))}: {reason}", err=True)
                if form == "json":
                    out.write(_line({**path_json(str(file)), "error": reason}))
                continue
            shown = _json(file, generation) if form == "json" else _text(file, generation)
            out.write(shown)
    if unread:
        raise click.exceptions.Exit(1)


def _line(facts: dict[str, object]) -> str:
    return json.dumps({"schema": SCHEMA, **facts}) + "\n"


def _json(file: Path, generation: Generation) -> str:
    facts = {"role": role_of(generation), "generation": generation.to_json(prompts=True)}
    return _line({**path_json(str(file)), **facts})


def _text(file: Path, generation: Generation) -> str:
    lines = [printable(str(file)), *_told(generation), ""]
    return "\n".join(lines) + "\n"


def _told(generation: Generation) -> Iterator[str]:
    tool = " ".join(filter(None, (generation.tool, generation.version)))
    for label, values in (
        ("", ("says nothing of how it was made",) if generation.empty else ()),
        ("tool", (tool,) if tool else ()),
        ("prompt", generation.positive),
        ("negative", generation.negative),
        ("text", generation.other),
        ("model", generation.models),
        ("LoRA", generation.loras),
        ("seed", map(str, generation.seeds)),
        ("fed with", generation.images),
        ("beside it", generation.sidecars),
    ):
        for value in values:
            yield _row(label, value)
    for claim in generation.claims:
        yield _row(claim.source.upper(), f"{claim.name}: {claim.value}")
    if generation.manifest:
        yield from _manifest(generation.manifest)
    if role_of(generation):
        yield _row("role", "generated, by what the file says")
    for problem in generation.problems:
        yield _row("problem", problem)


def _manifest(manifest: Manifest) -> Iterator[str]:
    state = {
        "valid": "valid: the signature fits these bytes; who signed was not verified",
        "invalid": f"invalid: {', '.join(manifest.failures) or 'it does not fit these bytes'}",
        "remote": f"kept at {manifest.url}, not fetched",
        "unread": "there is one, and it was not read",
    }[manifest.state]
    yield _row("C2PA", state)
    for label, value in (
        ("signed by", manifest.signer),
        ("on", manifest.signed_at),
        ("made with", manifest.generator),
    ):
        if value:
            yield _row("", f"{label} {value}")
    for label, values in (
        ("action", manifest.actions), ("source type", manifest.source_types),
        ("software", manifest.agents), ("ingredient", manifest.ingredients), ("AI", manifest.ai),
    ):  # fmt: skip
        for value in values:
            yield _row("", f"{label}: {value}")


def _row(label: str, value: str) -> str:
    """Return a row for each line of a value, whatever characters are in it."""
    lines = [printable(line) for line in value.split("\n")]
    first, *more = lines
    rows = [f"  {label:<{_WIDTH}}{first}", *(f"  {'':<{_WIDTH}}{line}" for line in more)]
    return "\n".join(row.rstrip() for row in rows)
