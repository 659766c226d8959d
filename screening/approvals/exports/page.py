"""Pages: templates filled in as one HTML file that needs no other file, no script and no network.

Every value is escaped, and control characters in it are made visible, whatever a template does.
"""

from importlib.resources import files
from typing import Any

from screening.approvals.errors import StoreToolsMissingError
from screening.report.words import printable


def page(template: str, **values: Any) -> str:
    """Return a template of this package, filled in.

    Raises StoreToolsMissingError where the software for it is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise StoreToolsMissingError(
            "pages need software that is not installed: pip install 'screening[approvals]'"
        ) from error
    folder = files("screening.approvals.exports") / "templates"

    def source(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    def shown(value: object) -> object:
        return printable(value) if type(value) is str else value

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(source),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values) + "\n"
