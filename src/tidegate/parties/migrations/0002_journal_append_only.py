"""The database itself refuses to change or delete what the journal says; only the seal may still be set, once.

A later migration that changes the table must do `unguard` before and `guard` after it: on SQLite, Django changes a
table by making it anew, without its triggers.
"""

from typing import Any

from django.db import migrations

SAID = (
    "id", "holder_id", "type", "subject", "subject_id", "case", "revision", "occurred_at", "recorded_at", "state",
    "principal_id", "agent_id", "person_id", "role", "law_version", "payload", "digest",
)  # fmt: skip
REFUSAL = "the journal is append-only"

SQLITE = (
    f"""
    CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
    WHEN OLD.number IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS NOT OLD."{name}"' for name in SAID)}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
    f"""
    CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """,
)
SQLITE_BACK = ("DROP TRIGGER journal_no_delete", "DROP TRIGGER journal_no_update")

POSTGRESQL = (
    f"""
    CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $body$
    """,
    f"""
    CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal FOR EACH ROW
    WHEN (OLD.number IS NOT NULL OR {" OR ".join(f'NEW."{name}" IS DISTINCT FROM OLD."{name}"' for name in SAID)})
    EXECUTE FUNCTION journal_refuse()
    """,
    "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_refuse()",
    "CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal EXECUTE FUNCTION journal_refuse()",
)
POSTGRESQL_BACK = (
    "DROP TRIGGER journal_no_truncate ON journal",
    "DROP TRIGGER journal_no_delete ON journal",
    "DROP TRIGGER journal_no_update ON journal",
    "DROP FUNCTION journal_refuse()",
)


def guard(apps: Any, schema_editor: Any) -> None:
    run(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL})


def unguard(apps: Any, schema_editor: Any) -> None:
    run(schema_editor, {"sqlite": SQLITE_BACK, "postgresql": POSTGRESQL_BACK})


def run(schema_editor: Any, statements: dict[str, tuple[str, ...]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
