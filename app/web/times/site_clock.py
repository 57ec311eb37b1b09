"""The server's clock and the zone of the site, for the routes of the pages."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request


def current_time() -> datetime:
    """The server's clock."""
    return datetime.now(UTC)


Now = Annotated[datetime, Depends(current_time)]


def site_zone(request: Request) -> ZoneInfo:
    """The zone in which times are read unless the form names another."""
    zone: ZoneInfo = request.app.state.site_zone
    return zone
