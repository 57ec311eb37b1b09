"""The pages by which a browser signs in with a one-use code, and out again."""

from datetime import timedelta
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from app.access.access import Access
from app.access.actor import ActorKind
from app.access.credentials import COOKIE, SECURE_COOKIE, headers_of, is_secure, session_in
from app.access.guard import actor_of, open_to_all, signed_in
from app.access.same_origin import may_use_session
from app.access.sessions import CodeUnknown
from app.api.service import service_of
from app.problems import Problem
from app.store.faults import RecordBusy, RecordUnavailable
from app.web.headers import PAGE_HEADERS
from app.web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/sign-in", dependencies=[Depends(open_to_all)])
async def ask(request: Request) -> Response:
    """The page that takes the code, from the end of its own address or typed in."""
    return _page(request)


@router.post("/sign-in", dependencies=[Depends(open_to_all)])
async def begin(request: Request) -> Response:
    """Use a code up and begin a session."""
    access = access_of(request)
    address = request.client.host if request.client else "unknown"
    access.rates.check_failures(address)
    if not may_use_session("POST", headers_of(request.scope), request.url.scheme):
        raise Problem(403, "This was not sent by a page of this service.")
    code = await _code(request)
    try:
        secret = await access.sign_in(code)
    except CodeUnknown as error:
        access.rates.count_failure(address)
        return _page(request, str(error), 403)
    except (RecordBusy, RecordUnavailable):
        raise Problem(503, "The record cannot be written.", headers={"retry-after": "10"}) from None
    response = _home(request)
    _set_cookie(response, request, secret, access.times.longest)
    return response


@router.post("/sign-out", dependencies=[Depends(signed_in)])
async def finish(request: Request) -> Response:
    """End the session on the server, and in the browser."""
    access = access_of(request)
    secret = session_in(request.headers.get("cookie", "").encode("latin-1"), is_secure(request.scope))
    if secret is not None and actor_of(request).kind is not ActorKind.KEY:
        try:
            await access.sign_out(secret, actor_of(request))
        except (RecordBusy, RecordUnavailable):
            raise Problem(503, "The record cannot be written.", headers={"retry-after": "10"}) from None
    response = RedirectResponse(f"{request.scope.get('root_path', '')}/sign-in", 303, headers=PAGE_HEADERS)
    _set_cookie(response, request, "", timedelta(0))
    return response


def access_of(request: Request) -> Access:
    """The door of the service that got the request."""
    hospital = service_of(request).hospital
    if hospital is None:
        raise Problem(404, "There is nothing at this address.")
    return hospital.access


async def _code(request: Request) -> str:
    try:
        fields = parse_qs((await request.body()).decode("ascii"), max_num_fields=4)
    except ValueError:
        return ""
    return fields.get("code", [""])[0].strip()


def _page(request: Request, problem: str = "", status: int = 200) -> Response:
    return render(request, "sign_in.html", status, problem=problem)


def _home(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303, headers=PAGE_HEADERS)


def _set_cookie(response: Response, request: Request, secret: str, lasts: timedelta) -> None:
    secure = is_secure(request.scope)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        secret,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
