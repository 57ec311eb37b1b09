"""Remembers the structured reports that archives hold, so that a later one can name the one that it replaces."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from app.outbox.delivery import Parcel
from app.store.audit import utc_text
from app.store.tables_queue import deliveries, sent_reports


@dataclass(frozen=True, slots=True)
class SentReport:
    """What one document needs to point to another."""

    sop_class: str
    sop_uid: str
    series_uid: str
    study_uid: str


def report_before(connection: Connection, parcel: Parcel) -> SentReport | None:
    """The latest report of the same result that the same archive has, other than this delivery's own."""
    same = (sent_reports.c.target == parcel.target) & (sent_reports.c.subject == parcel.subject)
    row = connection.execute(
        select(sent_reports)
        .join(deliveries, deliveries.c.delivery_id == sent_reports.c.delivery_id)
        .where(same, sent_reports.c.delivery_id != parcel.id)
        .order_by(deliveries.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else SentReport(row.sop_class, row.sop_uid, row.series_uid, row.study_uid)


def keep_sent(connection: Connection, parcel: Parcel, report: SentReport) -> None:
    """Note that an archive has a report; noting it again changes nothing."""
    known = select(sent_reports.c.delivery_id).where(sent_reports.c.delivery_id == parcel.id)
    if connection.execute(known).one_or_none() is None:
        values = {
            "delivery_id": parcel.id,
            "target": parcel.target,
            "subject": parcel.subject,
            "sent_at": utc_text(datetime.now(UTC)),
        }
        connection.execute(insert(sent_reports).values(values | asdict(report)))
