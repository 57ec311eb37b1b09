"""What /readyz asks of a hospital's record: database, schema, rule files, disk; and how many writes wait."""

from sqlalchemy import Engine, text

from app.operations.watch import Check, Watch, disk_check
from app.settings.settings import Settings
from app.store.schema import head_revision, revision_of
from app.store.writer import MOST_WAITING, Writer
from scoring.rule_files import rules_version


def watch_record(settings: Settings, engine: Engine, writer: Writer) -> Watch:
    """The checks and numbers of the record; other parts add theirs."""
    watch = Watch()
    watch.add_check("database", _database(engine))
    watch.add_check("migrations", _migrations(engine))
    watch.add_check("rules", _rules())
    watch.add_check("record_writer", _writer(writer))
    if settings.data_dir is not None:
        watch.add_check("disk", disk_check(settings.data_dir, settings.disk_free_limit_mib))
    watch.add_number("record_writes", lambda: float(writer.waiting))
    return watch


def _database(engine: Engine) -> Check:
    def check() -> str | None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return None

    return check


def _migrations(engine: Engine) -> Check:
    head = head_revision()

    def check() -> str | None:
        with engine.connect() as connection:
            here = revision_of(connection)
        return None if here == head else f"The schema is {here}; this release needs {head}."

    return check


def _rules() -> Check:
    loaded = rules_version()

    def check() -> str | None:
        return None if rules_version() == loaded else "The rule files changed under the running process; restart it."

    return check


def _writer(writer: Writer) -> Check:
    def check() -> str | None:
        return None if writer.waiting < MOST_WAITING // 2 else "The record does not keep up with what is to be written."

    return check
