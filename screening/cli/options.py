"""The options of every command that screens, and what they say as one value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from screening.cli.ledger import key_option, store_option
from screening.cli.weights import models_option, runtime_option
from screening.decision import NETFLIX_GENAI, Role, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What options say of how to screen; see their help."""

    indexes: tuple[Path, ...]
    policy: str | None
    role: str | None
    declaration: Path | None
    stage: str | None
    flag_at: float | None
    note_at: float | None
    raw_scores: tuple[str, ...]
    required: tuple[str, ...]
    models: Path | None
    runtime: str
    workers: int | None
    store: str | None
    key: Path | None

    @property
    def role_of_all(self) -> Role | None:
        """The role that was given for all pictures."""
        return Role(self.role) if self.role else None


def screening_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of screening to a command; it gets them as ``options``."""
    return _with_options(command, (*_OPTIONS, *_OF_PICTURES))


def prompt_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add those that are not about pictures; the command gets them as ``options``."""
    return _with_options(command, _OPTIONS)


def _with_options(command: Callable[..., None], options: Sequence[Any]) -> Callable[..., None]:
    @wraps(command)
    def collected(**given: Any) -> None:
        said = {one.name: given.pop(one.name, None) for one in fields(Options)}
        command(options=Options(**said | {"runtime": said["runtime"] or "onnx"}), **given)

    for option in reversed(options):
        collected = option(collected)
    return collected


_OPTIONS = (
    click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
                  help="Reference index to compare with; may be given several times."),
    click.option("--policy", metavar="NAME|FILE",
                  help="Policy to apply, by name or as a file: screening policy show.  [default: "
                  f"that of screening.toml, or {NETFLIX_GENAI.name}]"),
    click.option("--usage", "declaration", metavar="FILE",
                  type=click.Path(path_type=Path, exists=True, dir_okay=False),
                  help="What was declared of the use as a whole.  [default: the usage.toml beside "
                  "screening.toml]"),
    click.option("--stage", type=click.Choice([stage.value for stage in Stage]),
                  help="How far the material is to go.  [default: as declared, or "
                  "ideation]"),
    click.option("--flag-at", type=float, metavar="P",
                  help="False alarms per image that need approval; 1e-3 by default."),
    click.option("--note-at", type=float, metavar="P",
                  help="False alarms per image that are worth a note; 1e-2 by default."),
    click.option("--raw-score", "raw_scores", multiple=True, metavar="CHANNEL=SCORE",
                  help="For experts: let a channel flag from this raw score on, which promises no "
                  "false-alarm rate."),
    click.option("--require", "required", multiple=True, metavar="CHANNEL",
                  help="A channel that must have looked, besides those of the policy: embedding, "
                  "concept, face, ..."),
    store_option,
    key_option,
)  # fmt: skip
_OF_PICTURES = (
    click.option("--role", type=click.Choice([role.value for role in Role]),
                  help="What all the pictures are, whatever screening.toml says of their "
                  "folders."),
    models_option,
    runtime_option,
    click.option("--workers", type=click.IntRange(0, 256),
                 help="Decoding processes; one per processor by default."),
)  # fmt: skip
