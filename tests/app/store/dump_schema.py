"""Writes a small record of the present schema to schemas/NNNN.sql: run by hand with each release, never changed after.

``python -m tests.app.store.dump_schema [SCHEMA]``
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from app.settings.settings import Settings
from app.store import schema
from app.store.database import DATABASE_FILE, open_database
from tests.app.store.test_record import fill

FOLDER = Path(__file__).parent / "schemas"


def main() -> None:
    number = sys.argv[1] if sys.argv[1:] else schema.head_revision()
    with tempfile.TemporaryDirectory() as name:
        engine = open_database(Settings(data_dir=Path(name)))
        fill(engine, number)
        engine.dispose()
        with closing(sqlite3.connect(Path(name) / DATABASE_FILE)) as connection:
            lines = "\n".join(connection.iterdump())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{number}.sql").write_text(lines + "\n")


if __name__ == "__main__":
    main()
