"""Fills in the templates."""

import gzip
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.api.service import service_of
from app.web.answer.wording import first_up, say_level
from app.web.form import layout
from app.web.headers import PAGE_HEADERS
from app.web.map.view import VIEW
from app.web.map.words import map_in_words, score_in_words
from app.web.words import catalogue as language
from app.web.words.choice import language_of, remember
from scoring.facts import FACTS

HERE = Path(__file__).parent
STATIC_PATH = "/static"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=language._,
        counted=language.counted,
        foreign=_foreign,
        glucose_units=_glucose_units,
        language=language.current,
        languages=language.languages,
        script_words=_script_words,
        asks_by_choice=layout.asks_by_choice,
        choices_of=layout.choices_of,
        id_prefix="",
        facts=FACTS,
        map_shapes=_drawn("shapes.json"),
        posterior_shapes=_drawn("posterior_shapes.json"),
        map_view=VIEW,
        map_in_words=map_in_words,
        say_level=say_level,
        score_in_words=score_in_words,
    )
    environment.filters["first_up"] = first_up
    environment.filters["breakable"] = lambda code: Markup("_<wbr>").join(code.split("_"))
    return environment


def warm() -> None:
    """Compile every template, so that the first visitor does not wait for it."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


def _drawn(name: str) -> Any:
    return json.loads((HERE / "map" / name).read_text(encoding="utf-8"))


def _script_words() -> Markup:
    """The words of the scripts as JSON that cannot end the element it stands in."""
    told = json.dumps(dict(language.script_words(language.current())))
    return Markup(told.replace("<", "\\u003c"))  # noqa: S704 -- from the catalogue, and escaped


def _glucose_units() -> list[tuple[str, str]]:
    """The units in which glucose is given, the one that is common where the language is spoken first."""
    units = [("mmol", "mmol/L"), ("mg", "mg/dL")]
    return units if language.current() == language.ENGLISH else units[::-1]


def _foreign(words: str | None) -> str:
    """Words of a source or of the scan reader: those of the catalogue, else English, and marked as such."""
    if not words or isinstance(words, language.Said):
        return words or ""
    if language.current() == language.ENGLISH or words in language.catalogue(language.current()):
        return language._(words)
    return Markup('<span lang="en">{}</span>').format(words)


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Fill in a template; every value is escaped."""
    root: str = request.scope.get("root_path", "")
    language.speak(language_of(request))
    page = (
        _environment()
        .get_template(template)
        .render(
            home=f"{root}/",
            scan=f"{root}/scan",
            clock=f"{root}/clock",
            keeps=service_of(request).hospital is not None,
            page_of=lambda name: f"{root}/{name}",
            static=lambda name, stamped=True: f"{root}{STATIC_PATH}/{name}" + f"?v={_hash(name)}" * stamped,
            **context,
        )
    )
    response = _packed(request, HTMLResponse(page, status, headers=PAGE_HEADERS))
    remember(request, response)
    return response


def _packed(request: Request, response: HTMLResponse) -> HTMLResponse:
    """The page compressed, where the browser takes it so: a tenth of the size for a millisecond of work."""
    response.headers["vary"] = "accept-encoding, accept-language, cookie"
    if "gzip" in request.headers.get("accept-encoding", ""):
        response.body = gzip.compress(response.body, _FAST)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-length"] = str(len(response.body))
    return response


_FAST = 5
"""Level of compression: higher ones take longer than the bytes that they save."""


@lru_cache(maxsize=32)
def _hash(name: str) -> str:
    return hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
