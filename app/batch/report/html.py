"""A report as one HTML page with its pictures inside."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.batch.report.document import Document


def as_html(document: Document) -> str:
    """Write the page."""
    templates = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return templates.get_template("report.html").render(document=document)
