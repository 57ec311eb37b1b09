"""The commands ``aspects outbox``: what is to be delivered, and what a person decides about it."""

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from app.store.writer import Writer

outbox_app = typer.Typer(help="Deliveries of results to other systems.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="The delivery, as listed.")]
_UNUSABLE = 2


@outbox_app.command("list")
def list_deliveries(
    state: Annotated[str | None, typer.Option(help="waiting, sent, dead or dropped; default: all.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Most deliveries, the latest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List deliveries. Exit code 1 if any was given up."""
    from app.outbox import delivery_rows
    from app.outbox.delivery import State

    if state is not None and state not in set(State):
        _stop("the states are waiting, sent, dead and dropped.")
    with _writer() as writer:
        found = writer.write_blocking(
            lambda connection: delivery_rows.views(connection, State(state) if state else None, most)
        )
        counts = writer.write_blocking(delivery_rows.counts)
    if as_json:
        print(json.dumps({"counts": counts, "deliveries": [asdict(one) for one in found]}, default=str, indent=2))
    else:
        for one in found:
            print(f"{one.delivery_id}  {one.state:8} {one.attempts:>3}x  {one.target}  {one.event}  {one.reason or ''}")
        print(", ".join(f"{number} {name}" for name, number in counts.items()), file=sys.stderr)
    if counts[State.DEAD]:
        raise typer.Exit(1)


@outbox_app.command("retry")
def retry(delivery: Name) -> None:
    """Try a delivery again now, also one that was given up."""
    _decide("retry", delivery)


@outbox_app.command("drop")
def drop(delivery: Name) -> None:
    """Decide that a delivery need not be sent; the next one for its target follows."""
    _decide("drop", delivery)


def _decide(what: str, delivery: str) -> None:
    from app.access.actor import Actor, ActorKind
    from app.outbox import delivery_rows

    decide = {"retry": delivery_rows.retry, "drop": delivery_rows.drop}[what]
    actor = Actor(ActorKind.LOCAL, getpass.getuser(), frozenset())
    with _writer() as writer:
        done = writer.write_blocking(lambda connection: decide(connection, delivery, actor))
    if not done:
        _stop("there is no delivery of this name that waits or was given up.")


@contextmanager
def _writer() -> Iterator["Writer"]:
    try:
        from app.hospital import HospitalUnusable, open_hospital
        from app.serving.server import SettingsUnusable, checked_settings

        hospital = open_hospital(checked_settings())
    except (SettingsUnusable, HospitalUnusable) as error:
        _stop(str(error))
    if hospital is None:
        _stop("ASPECTS_DATA_DIR is not set: nothing is kept here.")
    try:
        yield hospital.writer
    finally:
        hospital.writer.close()
        hospital.engine.dispose()


def _stop(text: str) -> NoReturn:
    print(f"aspects: {text}", file=sys.stderr)
    raise typer.Exit(_UNUSABLE)
