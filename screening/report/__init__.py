"""Report: screenings as lines of text, in the three machine and human formats."""

from typing import Protocol

from screening.report.csvlines import CsvReport
from screening.report.jsonl import JsonlReport
from screening.report.summary import Summary
from screening.report.table import TableReport
from screening.result import Screening

__all__ = ["CsvReport", "JsonlReport", "Report", "Summary", "TableReport"]


class Report(Protocol):
    """One format: text before, for each screening as it comes, and after."""

    def start(self) -> str:
        """Return what stands before the first screening."""
        ...

    def line(self, screening: Screening) -> str:
        """Return what stands for one screening."""
        ...

    def end(self, summary: Summary) -> str:
        """Return what stands after the last screening."""
        ...
