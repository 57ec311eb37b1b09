"""Writes a small record of the present schema to schemas/NNNN.sql: run by hand with each release, never changed after.

``python -m tests.app.store.dump_schema [SCHEMA]``
"""

import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from app.access.actor import Actor, ActorKind
from app.settings.settings import Settings
from app.store import rule_snapshot, schema
from app.store.database import DATABASE_FILE, open_database
from app.store.signing import confirm
from app.store.writer import Writer
from tests.app.store.test_record import CASES, keep

FOLDER = Path(__file__).parent / "schemas"


def main() -> None:
    number = sys.argv[1] if sys.argv[1:] else schema.head_revision()
    person = Actor(ActorKind.PERSON, "dr-who", frozenset())
    with tempfile.TemporaryDirectory() as name:
        engine = open_database(Settings(data_dir=Path(name)))
        schema.migrate(engine, number)
        writer = Writer(engine)
        writer.write_blocking(rule_snapshot.keep_installed_rules)
        keep(writer, {**json.loads(CASES[0].read_text()), "case_id": "spoke"})
        writer.write_blocking(lambda connection: confirm(connection, person, "spoke", 1, "seen"))
        writer.close()
        engine.dispose()
        with closing(sqlite3.connect(Path(name) / DATABASE_FILE)) as connection:
            lines = "\n".join(connection.iterdump())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{number}.sql").write_text(lines + "\n")


if __name__ == "__main__":
    main()
