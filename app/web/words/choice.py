"""Which language a request is answered in: the one chosen on the page, else the one that the browser prefers."""

from collections.abc import Mapping

from fastapi import Request, Response

from app.web.words.catalogue import languages, preferred, speak

COOKIE = "aspects_language"
CHOSEN = "speak"
"""Field of the switch: the language that was just chosen."""
KEPT = "lang"
"""Field of the form: the language that it was shown in; and the parameter of links that choose one."""

_COOKIE_SECONDS = 365 * 24 * 3600


async def answer_in_its_language(request: Request) -> None:
    """Set the language before anything is said; a dependency of every page."""
    speak(language_of(request))


def language_of(request: Request) -> str:
    """The language of a request: chosen by link or switch, remembered, or preferred; in this order."""
    chosen = getattr(request.state, "language", None) or request.query_params.get(KEPT)
    remembered = request.cookies.get(COOKIE)
    known = next((one for one in (chosen, remembered) if one in languages()), None)
    return known or preferred(request.headers.get("accept-language", ""))


def without_language(request: Request, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields without those of the language, which is set for the rest of the request."""
    request.state.language = fields.get(CHOSEN) or fields.get(KEPT)
    speak(language_of(request))
    return {name: text for name, text in fields.items() if name not in (CHOSEN, KEPT)}


def remember(request: Request, response: Response) -> None:
    """Have the browser bring a language that was chosen along with later requests; it holds nothing else."""
    chosen = getattr(request.state, "language", None) or request.query_params.get(KEPT)
    if chosen is not None and chosen in languages() and request.cookies.get(COOKIE) != chosen:
        path = request.scope.get("root_path") or "/"
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, chosen, _COOKIE_SECONDS, path=path, secure=secure, httponly=True, samesite="strict")
