"""The command line: parse, call, print. Results on standard output, talk on standard error."""

from screening.cli.app import main

__all__ = ["main"]
