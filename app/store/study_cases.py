"""Cases that are DICOM studies: scan and facts come by different ways, and each goes on from what is known already.

Such a case is named by the UID of its study. A case of another name never takes over an earlier scan: the name is its
caller's own, and may come again for another patient.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, exists, func, select

from app.store.case_queries import show_revision
from app.store.revisions import Origin
from app.store.tables_cases import case_revisions, cases

_UID = re.compile(r"[0-9]+(\.[0-9]+)+\Z")
_UID_LENGTH = 64
_SPANS = "minutes_since_"


@dataclass(frozen=True, slots=True)
class Known:
    """What the record holds of a study's case."""

    revision: int
    """The latest one; 0: there is no such case yet."""
    told: Mapping[str, Any] | None = None
    """The latest request."""
    evaluated_at: str | None = None
    """The moment as at which it was judged."""
    reading: bytes | None = None
    """What was read of the scan, where that came as a study."""
    scan_sha256: str | None = None
    """That scan in the object store."""

    @property
    def requests(self) -> list[bytes]:
        """The latest request, whole, to be judged as at now, and should that be impossible as at then.

        One that counts spans of time up to a moment is judged as at that moment alone.
        """
        if self.told is None:
            return []
        timeless = {name: part for name, part in self.told.items() if name not in {"parts", "evaluated_at"}}
        then = to_json(timeless | {"evaluated_at": self.evaluated_at})
        return [then] if any(name.startswith(_SPANS) for name in self.told["facts"]) else [to_json(timeless), then]


def may_be_study(case_id: str) -> bool:
    """Whether a case has a name as studies have."""
    return len(case_id) <= _UID_LENGTH and _UID.match(case_id) is not None


def kept_among(connection: Connection, studies: Sequence[str]) -> Sequence[str]:
    """Those of these studies of which there is a case."""
    return connection.execute(select(cases.c.case_id).where(cases.c.case_id.in_(studies))).scalars().all()


def known_of(connection: Connection, case_id: str) -> Known:
    """What there is to go on from."""
    of_case = case_revisions.c.case_id == case_id
    revision = connection.execute(select(func.max(case_revisions.c.revision)).where(of_case)).scalar_one()
    if revision is None:
        return Known(0)
    latest = show_revision(connection, case_id, revision)
    told, evaluated_at = from_json(latest.request), from_json(latest.answer)["evaluated_at"]
    came_as_study = exists().where(of_case, case_revisions.c.origin == Origin.STUDY)
    if not connection.execute(select(came_as_study)).scalar_one():
        return Known(revision, told, evaluated_at)
    return Known(revision, told, evaluated_at, latest.reading, latest.summary.scan_sha256)
