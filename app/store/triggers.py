"""Makes the database itself refuse to change or remove what was written."""

from alembic import op

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION aspects_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$
"""


def make_append_only(*tables: str) -> None:
    """Within a migration: add triggers that refuse UPDATE and DELETE (PostgreSQL: TRUNCATE too) on each table."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(_POSTGRESQL_FUNCTION)
    for table in tables:
        for action in ("update", "delete"):
            name = f"{table}_refuse_{action}"
            if on_sqlite:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {action} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {action} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION aspects_refuse_change()"
                )
        if not on_sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION aspects_refuse_change()"
            )
