"""A request as one page that somebody reads and signs: what, where, whose, and a form to answer."""

import base64
import io
from collections.abc import Sequence

from PIL import Image

from screening.approvals.decided import Request, Scope
from screening.approvals.exports.page import page
from screening.decision import GUIDANCE
from screening.report.html.parts import clauses_of

SCOPES: Sequence[tuple[Scope, str]] = (
    (Scope.PICTURE, "this very file alone"),
    (Scope.COPIES, "this picture and near-exact copies of it"),
    (Scope.RECORD, "all that shows this record in this production"),
)

_ERASED = {"production_name": "", "by": "", "why": "", "policy": "", "described": [], "models": []}


def request_page(request: Request, *, drawn: Image.Image | str | None = None) -> str:
    """Return the page of a request, one HTML file without scripts that loads nothing.

    drawn: the matched pair, shown in the page, or else why it is not although it was asked for;
    without one there are no pixels in it. Raises PageToolsMissingError.
    """
    told, sight = _ERASED | dict(request.told), request.sight
    return page(
        "request.html",
        title=f"Request for approval {request.id[:8]}",
        request=request,
        day=f"{request.at.astimezone():%Y-%m-%d}",
        told=told,
        sight=sight,
        picture=_name_of(sight.path) if sight else "",
        clauses=clauses_of(request.clauses),
        guidance=GUIDANCE.title,
        guidance_from=f"{GUIDANCE.publisher}, {told['guidance']}",
        scopes=SCOPES,
        drawing=_data_uri(drawn) if isinstance(drawn, Image.Image) else "",
        drawing_missing=drawn if isinstance(drawn, str) else "",
    )


def page_name(request: Request) -> str:
    """Return the name of the file of a request's page, the same whenever it is written."""
    return f"request-{request.id[:12]}.html"


def _name_of(path: str) -> str:
    """Return the name of a file without its folders, which are nobody's business elsewhere."""
    return path.replace("\\", "/").rpartition("/")[2]


def _data_uri(drawing: Image.Image) -> str:
    png = io.BytesIO()
    drawing.save(png, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
