"""The addresses of the pages: the workspace, empty and answered, its clock, and the scan beside the reader."""

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import FileResponse, JSONResponse, RedirectResponse

from app.access.actor import Scope
from app.access.guard import requires
from app.web.form.bodies import form_fields
from app.web.form.reading import FormReading
from app.web.headers import PAGE_HEADERS, LastingFiles
from app.web.judging import judged_page
from app.web.pages import cases, plain
from app.web.pages.field import field_page
from app.web.rendering import HERE, STATIC_PATH, render, warm
from app.web.scan.beside import kept_reading, kept_view, overlay_of
from app.web.scan.page import scan_page
from app.web.times.reading import read_zone
from app.web.times.site_clock import Now, current_time, site_zone
from app.web.times.words import epoch_ms
from app.web.words.choice import answer_in_its_language, without_language
from app.web.workspace import workspace_page

__all__ = ["current_time", "mount", "router"]

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(requires(Scope.TRIAGE)), Depends(answer_in_its_language)]
)


@router.get("/")
async def new_case(request: Request, now: Now) -> Response:
    """The empty form."""
    return workspace_page(request, FormReading({}, site_zone(request)), now)


@router.post("/")
async def judge(request: Request, now: Now) -> Response:
    """The answer; or the form again, with the problems named and nothing lost."""
    fields = await form_fields(request)
    if fields is None:
        return _unreadable(request)
    return await judged_page(request, without_language(request, fields), now, site_zone(request))


@router.get("/field")
async def new_patient(request: Request, now: Now, scale: str = "") -> Response:
    """The ambulance's page with nothing examined yet."""
    return field_page(request, {"scale": scale}, now)


@router.post("/field")
async def score_in_the_field(request: Request, now: Now) -> Response:
    """The ambulance's page with the score and where to drive."""
    fields = await form_fields(request)
    if fields is None:
        return _unreadable(request)
    return field_page(request, without_language(request, fields), now)


@router.get("/clock")
async def clock(now: Now) -> Response:
    """The server's clock in milliseconds since 1970: the page asks, and learns whether the server can be reached."""
    return JSONResponse(epoch_ms(now), headers=PAGE_HEADERS)


@router.get("/scan")
async def start_over(request: Request) -> Response:
    """The page with a scan holds a case that only a sent form brings; whoever comes without one starts anew."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)


@router.post("/scan")
async def compare_with_scan(request: Request, now: Now) -> Response:
    """The workspace again, with the software's reading of a CT beside what the reader saw."""
    return await scan_page(request, now, site_zone(request))


@router.get("/scan/{name}.png")
async def overlay(request: Request, name: str) -> Response:
    """The regions drawn on a scan that was read."""
    reading = await kept_reading(request, name)
    picture = None if reading is None else overlay_of(reading)
    if picture is None:
        return Response(status_code=404, headers=PAGE_HEADERS)
    return Response(picture, media_type="image/png", headers=PAGE_HEADERS)


@router.get("/scan/{name}/{file}")
async def view(request: Request, name: str, file: str) -> Response:
    """The slices of a scan that was read, the label map on them, or the facts about both, for the page's viewer."""
    path = await kept_view(request, name, file)
    if path is None:
        return Response(status_code=404, headers=PAGE_HEADERS)
    media_type = "application/json" if path.suffix == ".json" else "application/octet-stream"
    return FileResponse(path, media_type=media_type, headers=PAGE_HEADERS)


def _unreadable(request: Request) -> Response:
    return render(request, "unreadable.html", 400, title="The form could not be read", detail="")


def mount(app: FastAPI, site_time_zone: str = "UTC") -> None:
    """Add the pages and their files to the application.

    Parameters
    ----------
    app
        The application; its ``state.service`` must be set.
    site_time_zone
        IANA name of the zone in which times are read unless the form names another.

    Raises
    ------
    TimeProblem
        There is no such zone.
    """
    app.state.site_zone = read_zone(site_time_zone)
    warm()
    app.include_router(router)
    app.include_router(plain.router)
    app.include_router(cases.router)
    app.mount(STATIC_PATH, LastingFiles(directory=HERE / "static"), name="static")
