"""``screening policy``: the policies that come with the package, to read and to begin from."""

import click

from screening.decision.policy_file import NETFLIX_GENAI, policy_names, policy_text


@click.group("policy")
def policy_group() -> None:
    """Show the policies by which findings become verdicts."""


@policy_group.command("show")
@click.argument("name", required=False, default=NETFLIX_GENAI.name)
def show_command(name: str) -> None:
    """Print a policy as TOML; its comments explain every key.

    NAME: netflix-genai by default. To write one of your own, print it to a file, change it, give it
    another name, and scan with --policy FILE.
    """
    click.echo(policy_text(name), nl=False)


@policy_group.command("list")
def list_command() -> None:
    """Print the names of the policies."""
    for name in policy_names():
        click.echo(name)
