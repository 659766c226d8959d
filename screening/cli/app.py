"""The command group, and the one place where errors become messages and exit codes."""

import io
import os
import sys

import click

from reference_index import ReferenceIndexError
from screening.cli.approvals import approvals_group
from screening.cli.benchmark import benchmark_command
from screening.cli.calibrate import calibrate_command
from screening.cli.consents import consents_group
from screening.cli.deliverables import deliverables_command
from screening.cli.demo import demo_command
from screening.cli.dismiss import dismiss_command
from screening.cli.enroll import enroll_command
from screening.cli.export import export_group
from screening.cli.index import index_group
from screening.cli.init import init_command
from screening.cli.inspect import inspect_command
from screening.cli.ledger import ledger_group
from screening.cli.models import models_group
from screening.cli.policy import policy_group
from screening.cli.prompt import prompt_command
from screening.cli.purge import purge_command
from screening.cli.remember import remember_command
from screening.cli.scan import scan_command
from screening.cli.submit import submit_command
from screening.cli.usage import usage_group
from screening.errors import ScreeningError
from screening.report.summary import EXIT_INTERRUPTED
from screening.version import __version__


@click.group()
@click.version_option(__version__, prog_name="screening")
def cli() -> None:
    """Screen generated images against protected works and likenesses, on this machine alone.

    Exit codes: 0 nothing to act on, 1 error, 2 usage, 3 something needs approval or is blocked,
    4 nothing flagged but something could not be looked at, 130 interrupted.
    """


cli.add_command(init_command)
cli.add_command(usage_group)
cli.add_command(enroll_command)
cli.add_command(scan_command)
cli.add_command(prompt_command)
cli.add_command(dismiss_command)
cli.add_command(submit_command)
cli.add_command(approvals_group)
cli.add_command(inspect_command)
cli.add_command(remember_command)
cli.add_command(deliverables_command)
cli.add_command(consents_group)
cli.add_command(export_group)
cli.add_command(purge_command)
cli.add_command(ledger_group)
cli.add_command(policy_group)
cli.add_command(calibrate_command)
cli.add_command(benchmark_command)
cli.add_command(index_group)
cli.add_command(models_group)
cli.add_command(demo_command)


def main() -> None:
    """Run the command line and exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the terminal's encoding, no traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ReferenceIndexError, ScreeningError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
