"""Sheets: rows of text under headings, as CSV, as a spreadsheet, or as a table of a page."""

import io
from dataclasses import dataclass

from screening.approvals.errors import StoreToolsMissingError
from screening.errors import InputInvalidError
from screening.report.csvlines import csv_row
from screening.report.words import harmless

_LONGEST = 32_000  # characters that a cell of a spreadsheet holds, rounded down


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A title, the names of columns, and rows of as many texts. Raises InputInvalidError."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise InputInvalidError(
                    f"a row of {self.title!r} has {len(row)} cells, expected {len(self.columns)}"
                )

    def csv(self) -> str:
        """Return it as CSV with a header; a text that would be run as a formula is quoted first."""
        return "".join(map(csv_row, (self.columns, *self.rows)))

    def xlsx(self) -> bytes:
        """Return it as a spreadsheet in which every cell is text.

        Raises StoreToolsMissingError where the software for it is not installed.
        """
        try:
            from openpyxl import Workbook
            from openpyxl.styles import Alignment, Font
            from openpyxl.utils import get_column_letter
        except ModuleNotFoundError as error:
            raise StoreToolsMissingError(
                "spreadsheets need software that is not installed: pip install "
                "'screening[approvals]'"
            ) from error
        book = Workbook()
        page = book.active
        page.title = self.title[:31]  # as long as such a name may be
        page.freeze_panes = "A2"
        bold, wrapped = Font(bold=True), Alignment(vertical="top", wrap_text=True)
        for number, row in enumerate((self.columns, *self.rows), 1):
            for place, text in enumerate(row, 1):
                cell = page.cell(number, place)
                cell.value = harmless(text)[:_LONGEST]
                cell.data_type = "s"
                cell.alignment = wrapped
                if number == 1:
                    cell.font = bold
        for place in range(1, len(self.columns) + 1):
            longest = max(len(row[place - 1]) for row in (self.columns, *self.rows))
            page.column_dimensions[get_column_letter(place)].width = min(48, longest + 2)
        page.auto_filter.ref = page.dimensions
        held = io.BytesIO()
        book.save(held)
        return held.getvalue()
