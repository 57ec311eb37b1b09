"""Errors as a page, for whoever typed an address or followed a link; programs get theirs as problem+json."""

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.problems import Problem, sentence
from app.web.rendering import render

_OF_PROGRAMS = ("/v1/", "/fhir/", "/dicom-web/", "/cds-services", "/static/", "/livez", "/readyz", "/metrics")
"""Where addresses for programs begin; what goes wrong there is told in one shape, whoever asks."""
_NOT_FOUND = 404
NOTHING_HERE, NOT_ANSWERED = "There is nothing here", "This could not be answered"


def install(app: FastAPI) -> None:
    """Show the errors of pages as pages. After :func:`app.problems.install`: it says the same to all others."""

    @app.exception_handler(Problem)
    @app.exception_handler(HTTPException)
    async def on_error(request: Request, error: HTTPException) -> Response:
        problem = (
            error if isinstance(error, Problem) else Problem(error.status_code, sentence(error), (), error.headers)
        )
        if not _wants_a_page(request):
            return problem.response()
        title = NOTHING_HERE if problem.status_code == _NOT_FOUND else NOT_ANSWERED
        page = render(request, "unreadable.html", problem.status_code, title=title, detail=problem.detail)
        page.headers.update(error.headers or {})
        return page


def _wants_a_page(request: Request) -> bool:
    """Browsers ask for HTML before all else when a person goes to an address."""
    first = request.headers.get("accept", "").partition(",")[0].strip()
    root: str = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    path: str = request.scope["path"].removeprefix(root)
    return first == "text/html" and not path.startswith(_OF_PROGRAMS)
