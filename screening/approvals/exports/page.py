"""Pages: templates filled in as one HTML file that needs no other file, no script and no network.

They are made of the parts of the HTML report: its type, its colors, its marks, its guards.
"""

from typing import Any

from screening.report.html.parts import content_policy, environment, packaged

_TEMPLATES = "screening.approvals.exports.templates"


def page(template: str, **values: Any) -> str:
    """Return a template of this package, filled in.

    Raises PageToolsMissingError where the software for it is not installed.
    """
    style = packaged("parts.css") + packaged("pages.css", package=_TEMPLATES)
    filled = environment(_TEMPLATES).get_template(template)
    return filled.render(style=style, content_policy=content_policy(style=style), **values) + "\n"
