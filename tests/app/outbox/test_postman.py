"""Deliveries: in order for each target, again until taken or given up, by one postman at a time."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from app.access.actor import Actor, ActorKind
from app.outbox import delivery_rows
from app.outbox.delivery import Delivery, Parcel, Sender, State, Undelivered
from app.outbox.postman import Postman
from app.queue.locks import lock_of
from app.store.tables_audit import audit_events
from app.store.writer import Writer

ACTOR = Actor(ActorKind.SYSTEM, "test", frozenset())
Send = Callable[[Parcel], None]


class Told:
    """A sender that does what the test says and remembers what it was given."""

    def __init__(self, does: Send = lambda _: None) -> None:
        self.parcels: list[Parcel] = []
        self._does = does

    def send(self, parcel: Parcel) -> None:
        self.parcels.append(parcel)
        self._does(parcel)


def failing(*faults: Undelivered | Exception | None) -> Send:
    left = list(faults)

    def send(_parcel: Parcel) -> None:
        if fault := left.pop(0) if left else None:
            raise fault

    return send


MakePostman = Callable[..., Postman]


@pytest.fixture
def postman(engine: Engine, writer: Writer, tmp_path: Path) -> MakePostman:
    def make(senders: dict[str, Sender], attempts_limit: int = 5) -> Postman:
        return Postman(engine, writer, senders, lock_of(engine, tmp_path, "outbox"), ACTOR, attempts_limit, 0.001)

    return make


def enqueue(writer: Writer, target: str = "ris", key: str = "1") -> str | None:
    delivery = Delivery("hl7", target, "result.final", "case/1", key, {"identity": {"patient_id": "PATIENT-4711"}})
    return writer.write_blocking(lambda connection: delivery_rows.enqueue(connection, delivery, ACTOR))


def states(engine: Engine) -> list[State]:
    with engine.connect() as connection:
        return [view.state for view in reversed(delivery_rows.views(connection))]


def settle(postman: Postman, rounds: int = 12) -> None:
    for _ in range(rounds):
        postman.look()
        while postman._busy:
            time.sleep(0.002)
        time.sleep(0.003)


def test_a_taken_delivery_is_sent_once(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    enqueue(writer)
    told = Told()
    settle(postman({"ris": told}))
    assert states(engine) == [State.SENT]
    assert len(told.parcels) == 1


def test_a_failed_one_is_tried_again_under_the_same_name(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    delivery_id = enqueue(writer)
    told = Told(failing(Undelivered("no"), RuntimeError("PATIENT-4711"), None))
    settle(postman({"ris": told}))
    assert states(engine) == [State.SENT]
    assert [(parcel.id, parcel.attempt) for parcel in told.parcels] == [
        (delivery_id, 1),
        (delivery_id, 2),
        (delivery_id, 3),
    ]


def test_one_that_is_never_taken_is_given_up_in_the_open(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    enqueue(writer)
    told = Told(failing(*[Undelivered("no")] * 99))
    settle(postman({"ris": told}, attempts_limit=3))
    assert (states(engine), len(told.parcels)) == ([State.DEAD], 3)


def test_one_that_can_never_be_taken_is_given_up_at_once(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    enqueue(writer)
    settle(postman({"ris": Told(failing(Undelivered("never", again=False)))}))
    with engine.connect() as connection:
        (view,) = delivery_rows.views(connection)
    assert (view.state, view.reason, view.attempts) == (State.DEAD, "never", 1)


def test_a_target_gets_one_after_the_other_and_others_do_not_wait(
    postman: MakePostman, engine: Engine, writer: Writer
) -> None:
    first, second = enqueue(writer, key="1"), enqueue(writer, key="2")
    enqueue(writer, "pacs")
    waits = Told(failing(Undelivered("busy", after_seconds=3600)))
    settle(postman({"ris": waits, "pacs": Told()}))
    assert states(engine) == [State.WAITING, State.WAITING, State.SENT]
    assert [parcel.id for parcel in waits.parcels] == [first], "the second does not overtake the first"
    writer.write_blocking(lambda connection: delivery_rows.retry(connection, str(first), ACTOR))
    taken = Told()
    settle(postman({"ris": taken}))
    assert [parcel.id for parcel in taken.parcels] == [first, second]


def test_the_same_event_is_queued_once_a_target(writer: Writer, engine: Engine) -> None:
    assert enqueue(writer) is not None
    assert enqueue(writer) is None
    assert enqueue(writer, "pacs") is not None
    assert len(states(engine)) == 2


def test_deliveries_to_a_target_that_is_not_configured_wait(
    postman: MakePostman, engine: Engine, writer: Writer
) -> None:
    enqueue(writer)
    settle(postman({"pacs": Told()}))
    assert states(engine) == [State.WAITING]


def test_only_one_of_two_postmen_sends_and_the_other_follows(
    engine: Engine, writer: Writer, postman: MakePostman
) -> None:
    first, second = Told(), Told()
    one, two = postman({"ris": first}), postman({"ris": second})
    one.start()
    wait_for(one.lock.take)
    assert not two.lock.take()
    two.start()
    enqueue(writer)
    wait_for(lambda: states(engine) == [State.SENT])
    one.stop()
    enqueue(writer, key="2")
    wait_for(lambda: states(engine) == [State.SENT, State.SENT])
    two.stop()
    assert (len(first.parcels), len(second.parcels)) == (1, 1)


def test_a_person_decides_about_what_was_given_up(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    delivery_id = str(enqueue(writer))
    settle(postman({"ris": Told(failing(Undelivered("never", again=False)))}))
    decided = [
        writer.write_blocking(lambda connection, decide=decide: decide(connection, delivery_id, ACTOR))
        for decide in (delivery_rows.retry, delivery_rows.drop, delivery_rows.drop, delivery_rows.retry)
    ]
    assert decided == [True, True, False, False]
    assert states(engine) == [State.DROPPED]


def test_every_attempt_is_in_the_trail_and_no_patient(postman: MakePostman, engine: Engine, writer: Writer) -> None:
    delivery_id = enqueue(writer)
    settle(postman({"ris": Told(failing(Undelivered("busy"), None))}))
    with engine.connect() as connection:
        rows = connection.execute(select(audit_events).order_by(audit_events.c.sequence)).all()
    assert [(row.action, row.outcome) for row in rows] == [
        ("delivery.queued", "ok"),
        ("delivery.attempted", "failed"),
        ("delivery.attempted", "ok"),
    ]
    assert {row.subject for row in rows} == {f"delivery/{delivery_id}"}
    assert "PATIENT-4711" not in str(rows)


def test_pauses_double_up_to_an_hour(postman: MakePostman) -> None:
    one = postman({})
    one.first_pause_seconds = 5.0
    for attempt, expected in [(1, 5), (2, 10), (5, 80), (12, 3600), (1000, 3600)]:
        assert 0.8 * expected <= one._pause_seconds(attempt) <= 1.2 * expected


def wait_for(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)
