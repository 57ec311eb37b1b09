"""What has been received, in the database: objects and studies. Every function works inside a caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.interop.dicom_in.reasons import SENTENCES, Aside
from app.interop.dicom_in.series_choice import Choice
from app.interop.dicom_in.sorting import Sorted
from app.interop.dicom_in.spool import Arrival
from app.store.audit import utc_text
from app.store.tables_dicom_in import dicom_objects, dicom_studies

RECEIVING, QUEUED, UNUSABLE = "receiving", "queued", "unusable"
"""States of a study: objects may still come; its scan is in the queue; no series of it can be read."""

_O, _S = dicom_objects.c, dicom_studies.c


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a study when it was taken to be complete."""

    state: str
    choice: Choice
    content_key: str | None = None
    """Hash over the chosen objects."""
    job_id: str | None = None


def add(connection: Connection, arrival: Arrival, found: Sorted, file: str | None) -> bool:
    """Record an object; ``False``: its content was known already, and nothing changes.

    An earlier object of the same UID gives way to it. Its study begins to be received anew.
    """
    known = connection.execute(select(_O.file, _O.aside).where(_O.sha256 == found.sha256)).one_or_none()
    if known is not None and (known.file is not None or file is None):
        return False
    moment = utc_text(arrival.arrived_at)
    values = {
        "study_uid": found.study_uid,
        "series_uid": found.series_uid,
        "sop_uid": found.sop_uid,
        "sop_class": found.sop_class,
        "size_bytes": found.size_bytes,
        "source": arrival.delivery.source,
        "via": arrival.delivery.via,
        "delivery": arrival.delivery.token,
        "arrived_at": moment,
        "aside": found.aside,
        "file": file,
    }
    if known is None:
        connection.execute(insert(dicom_objects).values(sha256=found.sha256, **values))
    else:  # its bytes had been removed with age, and came again
        connection.execute(update(dicom_objects).where(_O.sha256 == found.sha256).values(**values))
    if found.study_uid is not None:
        if found.aside is None:
            _give_way(connection, found)
        _touch(connection, found.study_uid, moment)
    return True


def _give_way(connection: Connection, found: Sorted) -> None:
    same = (_O.study_uid == found.study_uid) & (_O.sop_uid == found.sop_uid) & (_O.sha256 != found.sha256)
    connection.execute(update(dicom_objects).where(same, _O.aside.is_(None)).values(aside=Aside.REPLACED))


def _touch(connection: Connection, study_uid: str, moment: str) -> None:
    last = connection.execute(select(_S.last_at).where(_S.study_uid == study_uid)).scalar_one_or_none()
    if last is None:
        row = {"study_uid": study_uid, "first_at": moment, "last_at": moment, "state": RECEIVING}
        connection.execute(insert(dicom_studies).values(row))
    else:
        connection.execute(
            update(dicom_studies)
            .where(_S.study_uid == study_uid)
            .values(last_at=max(last, moment), state=RECEIVING, purged_at=None)
        )


def ask(connection: Connection, study_uid: str, moment: datetime) -> bool:
    """Note that a study is to be read now, quiet or not; ``False``: there is no such study."""
    changed = connection.execute(
        update(dicom_studies).where(_S.study_uid == study_uid).values(asked_at=utc_text(moment), state=RECEIVING)
    )
    return changed.rowcount == 1


def receiving(connection: Connection) -> Sequence[Row[Any, Any, Any]]:
    """Studies that are not read as they are now: ``study_uid``, ``last_at``, ``asked_at``."""
    query = select(_S.study_uid, _S.last_at, _S.asked_at).where(_S.state == RECEIVING).order_by(_S.first_at)
    return connection.execute(query).all()


def deliveries_of(connection: Connection, study_uid: str) -> set[str]:
    """Deliveries that brought objects of a study."""
    return set(connection.execute(select(_O.delivery).where(_O.study_uid == study_uid).distinct()).scalars())


def objects_of(connection: Connection, study_uid: str) -> Sequence[Row[Any]]:
    """All objects of a study."""
    return connection.execute(select(dicom_objects).where(_O.study_uid == study_uid).order_by(_O.sha256)).all()


def study(connection: Connection, study_uid: str) -> Row[Any] | None:
    """One study."""
    return connection.execute(select(dicom_studies).where(_S.study_uid == study_uid)).one_or_none()


def put_aside(connection: Connection, sha256: str, reason: Aside) -> None:
    """Leave an object out from now on."""
    connection.execute(update(dicom_objects).where(_O.sha256 == sha256).values(aside=reason))


def finish(connection: Connection, study_uid: str, seen_last_at: str, outcome: Outcome, moment: datetime) -> None:
    """Record what became of a study, unless more of it came meanwhile: then it stays to be read again."""
    values: dict[str, Any] = {
        "content_key": outcome.content_key,
        "choice": json.dumps(
            {
                "refusal": outcome.choice.refusal,
                "series": [account.to_json() for account in outcome.choice.accounts],
            }
        ),
        "job_id": outcome.job_id,
        "processed_at": utc_text(moment),
        "asked_at": None,
    }
    connection.execute(update(dicom_studies).where(_S.study_uid == study_uid).values(**values))
    settled = (_S.study_uid == study_uid) & (_S.last_at == seen_last_at)
    connection.execute(update(dicom_studies).where(settled).values(state=outcome.state))


def purge(connection: Connection, before: datetime) -> list[str]:
    """Forget the bytes of objects whose study has been quiet since; returns the files that may go."""
    limit = utc_text(before)
    old_studies = select(_S.study_uid).where(_S.last_at < limit, _S.state != RECEIVING)
    old = _O.file.is_not(None) & (_O.study_uid.in_(old_studies) | (_O.study_uid.is_(None) & (_O.arrived_at < limit)))
    files = list(connection.execute(select(_O.file).where(old)).scalars())
    if files:
        connection.execute(update(dicom_objects).where(old).values(file=None))
        connection.execute(
            update(dicom_studies)
            .where(_S.last_at < limit, _S.state != RECEIVING, _S.purged_at.is_(None))
            .values(purged_at=limit)
        )
    return files


def list_studies(connection: Connection, most: int, study_uid: str | None = None) -> list[dict[str, Any]]:
    """Studies, the latest first, each with its series and with counts of what was put aside."""
    query = select(dicom_studies).order_by(_S.last_at.desc(), _S.study_uid).limit(most)
    if study_uid is not None:
        query = query.where(_S.study_uid == study_uid)
    return [_described(connection, row) for row in connection.execute(query).all()]


def list_strays(connection: Connection, most: int) -> list[dict[str, Any]]:
    """Objects that belong to no study because they cannot be read, the latest first."""
    query = select(dicom_objects).where(_O.study_uid.is_(None)).order_by(_O.arrived_at.desc()).limit(most)
    return [
        {
            "sha256": row.sha256,
            "arrived_at": row.arrived_at,
            "source": row.source,
            "via": row.via,
            "size_bytes": row.size_bytes,
            **_reason(row.aside),
        }
        for row in connection.execute(query).all()
    ]


def _described(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    counted = connection.execute(
        select(_O.aside, func.count()).where(_O.study_uid == row.study_uid).group_by(_O.aside)
    ).all()
    counts: Mapping[str | None, int] = {aside: number for aside, number in counted}  # noqa: C416 -- typed rows
    return {
        "study_uid": row.study_uid,
        "state": row.state,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "processed_at": row.processed_at,
        "job_id": row.job_id,
        "objects": sum(counts.values()),
        "aside": [{"objects": number, **_reason(aside)} for aside, number in sorted(counts.items(), key=str) if aside],
        **({"refusal": None, "series": []} if row.choice is None else json.loads(row.choice)),
    }


def _reason(aside: str) -> dict[str, str]:
    return {"code": aside, "reason": SENTENCES[Aside(aside)]}
