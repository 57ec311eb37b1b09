"""``aspects keys``: who may use a hospital's service. A key is printed once, to standard output, and kept nowhere."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, NoReturn

import typer

from app.access.actor import Scope

keys_app = typer.Typer(
    help="Who may use a service with a record: API keys and browsers' sign-in.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_UNUSABLE = 2
_ALL_SCOPES = ", ".join(Scope)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who gets it, as the audit trail shall name them.")]
Which = Annotated[str, typer.Argument(metavar="KEY", help="Prefix (ak_1234abcd) or name of a key in force.")]
Scopes = Annotated[list[Scope], typer.Option("--scope", help=f"What it opens ({_ALL_SCOPES}); repeat for more.")]


@keys_app.command("make")
def make(
    name: Name,
    scope: Scopes,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Ends after so many days; default: never.")] = None,
) -> None:
    """Make a key and print it, this once."""
    from app.access.keys import KeyWanted, make_key

    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with _record() as write:
        new = write(lambda connection, by: make_key(connection, KeyWanted(name, frozenset(scope), ends), by))
    _say(f"Key {new.prefix} for {new.name}. It is shown this once:")
    print(new.secret)


@keys_app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List all keys with their scopes and dates; never the keys themselves."""
    from app.access.keys import is_in_force, list_keys

    with _record() as write:
        rows = write(lambda connection, _by: list_keys(connection))
    found = [{**row._asdict(), "in_force": is_in_force(row)} for row in rows]
    if as_json:
        print(json.dumps({"keys": found}, indent=2))
        return
    for key in found:
        state = "in force" if key["in_force"] else "over"
        dates = f"made {_day(key['made_at'])}, ends {_day(key['expires_at'])}, last used {_day(key['last_used_at'])}"
        print(f"{key['prefix']}  {state:8}  {key['name']}  [{key['scopes']}]  {dates}")


@keys_app.command("end")
def end(key: Which) -> None:
    """End a key now; a running service lets it in for two more seconds at most."""
    from app.access.keys import end_key

    with _record() as write:
        prefix = write(lambda connection, by: end_key(connection, key, by))
    _say(f"Key {prefix} is ended.")


@keys_app.command("rotate")
def rotate(
    key: Which,
    hours: Annotated[float, typer.Option(min=0, max=8760, help="How long the old key still works.")] = 24.0,
) -> None:
    """Make a new key beside an old one, with its name and scopes, and let the old one end by itself."""
    from app.access.keys import rotate_key

    with _record() as write:
        new = write(lambda connection, by: rotate_key(connection, key, timedelta(hours=hours), by))
    _say(f"Key {new.prefix} for {new.name}; the old one ends in {hours:g} h. It is shown this once:")
    print(new.secret)


@keys_app.command("sign-in")
def sign_in(
    name: Name,
    scope: Scopes,
    minutes: Annotated[float, typer.Option(min=1, max=1440, help="How long the code waits to be used.")] = 15.0,
) -> None:
    """Make a one-use code with which a person signs a browser in at /sign-in, and print it, this once."""
    from app.access.actor import Actor, ActorKind
    from app.access.keys import check_name
    from app.access.sessions import make_code

    person = Actor(ActorKind.PERSON, name, frozenset(scope))
    with _record() as write:
        check_name(name)
        code = write(lambda connection, by: make_code(connection, person, timedelta(minutes=minutes), by))
    _say(f"For {name}, once, within {minutes:g} minutes, at the address of the service:")
    print(f"/sign-in#{code}")


@keys_app.command("sign-out")
def sign_out(name: Name) -> None:
    """End all sessions of a person."""
    from app.access.sessions import end_all

    with _record() as write:
        ended = write(lambda connection, by: end_all(connection, name, by))
    _say(f"{ended} sessions of {name} are ended.")


@contextmanager
def _record() -> Iterator[Callable]:  # type: ignore[type-arg]
    """A function that runs another in one transaction of the record, as the user of this machine."""
    try:
        from app.access.binding import this_user
        from app.access.keys import KeyProblem
        from app.store import database, faults, schema, writer
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extra 'hospital'.")
    from app.serving.server import SettingsUnusable, checked_settings

    try:
        engine = database.open_database(checked_settings())
        schema.migrate(engine)
    except (SettingsUnusable, database.DatabaseUnusable, OSError) as error:
        _stop(str(error))
    record = writer.Writer(engine)
    by = this_user()
    try:
        yield lambda function: record.write_blocking(lambda connection: function(connection, by))
    except (KeyProblem, faults.RecordBusy, faults.RecordUnavailable) as error:
        _stop(str(error))
    finally:
        record.close()
        engine.dispose()


def _day(text: str | None) -> str:
    return "never" if text is None else text[:16].replace("T", " ") + " UTC"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _stop(text: str) -> NoReturn:
    _say(f"aspects: {text}")
    raise typer.Exit(_UNUSABLE)
