"""The report as one HTML page: a wall of pictures, each of which opens to its evidence."""

from screening.report.html.report import HtmlReport

__all__ = ["HtmlReport"]
