"""The database itself refuses to change or delete what a State's log says; only the number may still be given, once."""

from typing import Any

from django.db import migrations

SAID = ("id", "holder_id", "kind", "ref", "bytes_sha256", "receipt_sha256", "at")
REFUSAL = "the log of the exchange is append-only"

SQLITE = (
    f"""
    CREATE TRIGGER exchange_log_no_update BEFORE UPDATE ON exchange_log
    WHEN OLD.n IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in SAID)}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER exchange_log_no_delete BEFORE DELETE ON exchange_log
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
)
SQLITE_BACK = ("DROP TRIGGER exchange_log_no_delete", "DROP TRIGGER exchange_log_no_update")

POSTGRESQL = (
    f"""
    CREATE FUNCTION exchange_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $body$
    """,
    f"""
    CREATE TRIGGER exchange_log_no_update BEFORE UPDATE ON exchange_log FOR EACH ROW
    WHEN (OLD.n IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in SAID)})
    EXECUTE FUNCTION exchange_log_refuse()
    """,
    """
    CREATE TRIGGER exchange_log_no_delete BEFORE DELETE ON exchange_log FOR EACH ROW
    EXECUTE FUNCTION exchange_log_refuse()
    """,
    "CREATE TRIGGER exchange_log_no_truncate BEFORE TRUNCATE ON exchange_log EXECUTE FUNCTION exchange_log_refuse()",
)
POSTGRESQL_BACK = (
    "DROP TRIGGER exchange_log_no_truncate ON exchange_log",
    "DROP TRIGGER exchange_log_no_delete ON exchange_log",
    "DROP TRIGGER exchange_log_no_update ON exchange_log",
    "DROP FUNCTION exchange_log_refuse()",
)


def guard(apps: Any, schema_editor: Any) -> None:
    run(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def unguard(apps: Any, schema_editor: Any) -> None:
    run(schema_editor, {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK})


def run(schema_editor: Any, statements: dict[str, tuple[str, ...]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
