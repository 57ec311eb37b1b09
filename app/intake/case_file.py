"""Reads a case that comes as a file, as strictly as the HTTP interface reads one."""

from pydantic import ValidationError

from app.intake import strict_json
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.intake.site_network import NO_SITES, SiteFileError, Sites, load_sites
from scoring.case import Case
from scoring.errors import CaseError


class CaseFileError(ValueError):
    """The case cannot be used; the message says where and why and repeats no value of it."""


def read_case(text: bytes) -> Case:
    """Make a case from the JSON text of a triage request.

    Raises
    ------
    CaseFileError
        The text is not JSON, a value is not valid, or the site is not known.
    """
    try:
        request = TriageRequest.model_validate(strict_json.parse(text))
        return case_of(request, _sites() if request.site_id else NO_SITES)
    except strict_json.UnreadableJson as error:
        raise CaseFileError(str(error)) from None
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'the case'}: {fault['msg']}" for fault in error.errors()]
        raise CaseFileError("; ".join(faults)) from None
    except CaseError as error:
        raise CaseFileError(describe(error)) from None


def _sites() -> Sites:
    from app.settings.settings import Settings  # noqa: PLC0415 -- most cases name no site and need not wait for this

    try:
        settings = Settings()
        return load_sites(settings.site_network_file, settings.site_time_zone)
    except SiteFileError as error:
        raise CaseFileError(str(error)) from None


def describe(error: CaseError) -> str:
    """The place and the message of a contradiction, as one sentence."""
    return f"{'.'.join(error.loc)}: {error.message}"
