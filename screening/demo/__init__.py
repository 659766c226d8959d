"""Pictures drawn by our own code: invented protected works, and a board that borrows from them.

Everything is drawn from fixed seeds, so that the same library versions give the same files. Only
the people are real: public-domain portraits that installed packages bring along.
"""

from pathlib import Path

from screening.demo.board import BOARD, BoardFile, encoded, write
from screening.demo.figures import figure
from screening.demo.people import PEOPLE_BOARD, SITTERS, PeopleFile, Sitter, draw_people
from screening.demo.posters import poster
from screening.demo.scenes import scene
from screening.demo.works import paint_works, title_of

__all__ = [
    "BOARD",
    "PEOPLE_BOARD",
    "SITTERS",
    "BoardFile",
    "PeopleFile",
    "Sitter",
    "draw",
    "draw_people",
    "figure",
    "poster",
    "scene",
    "title_of",
]

FORMATS: dict[str, tuple[str, dict[str, int]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 92}),
    ".webp": ("WEBP", {"quality": 92}),
}


def draw(folder: Path) -> None:
    """Write `works/` (protected works, one record a file or sub-folder) and `board/` to a folder.

    What each file of the board is in truth stands in `BOARD`. Takes a few seconds.
    Raises FileExistsError unless the folder is empty or does not exist yet.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = (
            f"the demo draws into an empty or new folder, but {folder} holds something already: "
            "name another folder, or empty this one"
        )
        raise FileExistsError(message)
    works = paint_works()
    for path, picture in works.items():
        form, options = FORMATS[Path(path).suffix]
        write(folder / "works" / path, encoded(picture, form, **options))
    for file in BOARD:
        write(folder / "board" / file.path, file.make(works))
