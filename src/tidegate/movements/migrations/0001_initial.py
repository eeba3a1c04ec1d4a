import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import tidegate.movements.models.mass
import tidegate.parties.ids
import tidegate.parties.times


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0002_journal_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notification", "Consented quantity"),
                            ("permit", "Permit"),
                            ("quota_pool", "Quota pool"),
                            ("quota_allocation", "Quota allocation"),
                        ],
                        max_length=24,
                    ),
                ),
                ("home", models.CharField(max_length=2)),
                ("reference", models.CharField(max_length=96)),
                ("case", models.CharField(blank=True, max_length=64)),
                ("limit_kg", tidegate.movements.models.mass.Kilograms(verbose_name="limit (kg)")),
                ("reserved_kg", tidegate.movements.models.mass.Kilograms(default=0, verbose_name="reserved (kg)")),
                ("used_kg", tidegate.movements.models.mass.Kilograms(default=0, verbose_name="used (kg)")),
                ("lapsed_kg", tidegate.movements.models.mass.Kilograms(default=0, verbose_name="lapsed (kg)")),
                ("limit_count", models.PositiveIntegerField(null=True, verbose_name="shipments allowed")),
                ("count", models.PositiveIntegerField(default=0, verbose_name="shipments")),
                ("open", models.BooleanField(default=True)),
                ("breached", models.BooleanField(default=False)),
                ("valid_from", models.DateField(null=True)),
                ("valid_until", models.DateField(null=True)),
                ("as_of", models.DateTimeField()),
                ("revision", models.PositiveIntegerField(default=0)),
                ("shared", models.JSONField(default=list)),
                ("told", models.PositiveIntegerField(default=0)),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "ledger_account",
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=16)),
                ("subject_id", models.UUIDField()),
                ("authority", models.CharField(max_length=2)),
                ("approved", models.BooleanField()),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "amendment_approval",
                "constraints": [models.UniqueConstraint(fields=("subject_id", "authority"), name="approval_once")],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("since", models.DateTimeField(null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "assignment",
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("kind", models.CharField(max_length=48, verbose_name="kind")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("media_type", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("added_at", models.DateTimeField()),
                ("told_by", models.CharField(blank=True, max_length=2)),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.organisation",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "attachment",
            },
        ),
        migrations.CreateModel(
            name="Breach",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=48)),
                ("subject", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("detail", models.JSONField(default=dict)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_reason", models.TextField(blank=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "breach",
            },
        ),
        migrations.CreateModel(
            name="Certificate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=32)),
                ("kind", models.CharField(max_length=24)),
                ("number", models.CharField(max_length=64)),
                ("case", models.CharField(blank=True, max_length=64)),
                ("subject", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("claims", models.JSONField()),
                ("token", models.TextField()),
                ("status_index", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("published", "Valid"),
                            ("suspended", "Suspended"),
                            ("revoked", "Revoked"),
                            ("superseded", "Replaced"),
                        ],
                        default="published",
                        max_length=12,
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                ("valid_until", models.DateField(null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "certificate",
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64)),
                ("rule", models.CharField(max_length=64)),
                ("authority", models.CharField(max_length=2)),
                ("subject", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("started_at", models.DateTimeField()),
                ("pauses", models.JSONField(default=list)),
                ("due_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(blank=True, max_length=16)),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("none", "Nothing: silence is no consent"),
                            ("deemed_consent", "Silence counts as consent"),
                            ("escalate", "It is reported as overdue"),
                            ("lapse", "It lapses"),
                        ],
                        default="none",
                        max_length=16,
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "clock",
            },
        ),
        migrations.CreateModel(
            name="Consignment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=32)),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=64, verbose_name="reference")),
                ("declaration", models.CharField(blank=True, max_length=64, verbose_name="declaration number")),
                ("office", models.CharField(blank=True, max_length=120, verbose_name="customs office")),
                ("expected_on", models.DateField(null=True, verbose_name="expected on")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Waiting for answers"),
                            ("held", "Held"),
                            ("released", "Released"),
                            ("refused", "Refused"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("load", models.JSONField(default=dict)),
                ("screen", models.JSONField(default=dict)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "consignment",
            },
        ),
        migrations.CreateModel(
            name="EarlyFact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64)),
                ("sender", models.CharField(max_length=2)),
                ("message", models.CharField(max_length=64)),
                ("type", models.CharField(max_length=64)),
                ("body", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("kept_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "early_fact",
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notification", "Notification with its movements"),
                            ("green", "Green-listed shipment"),
                            ("take_back", "Take-back case"),
                        ],
                        max_length=16,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("basis", models.CharField(max_length=300)),
                ("erased_at", models.DateTimeField()),
                ("files", models.PositiveIntegerField()),
                ("messages", models.PositiveIntegerField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "erasure",
            },
        ),
        migrations.CreateModel(
            name="FeeRate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=24, verbose_name="for")),
                ("fixed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="fixed amount")),
                ("per_tonne", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="per tonne")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_until", models.DateField(null=True, verbose_name="until")),
                ("source", models.CharField(max_length=300, verbose_name="legal source")),
                (
                    "blocks",
                    models.BooleanField(default=False, verbose_name="holds up the acknowledgement until it is paid"),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "fee_rate",
                "ordering": ["kind", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="GreenShipment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("writer", models.CharField(max_length=2)),
                ("reference", models.CharField(max_length=64, verbose_name="own reference")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("entered", "Entered"),
                            ("departed", "Under way"),
                            ("received", "Received"),
                            ("rejected", "Rejected"),
                            ("recovered", "Recovered"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="entered",
                        max_length=12,
                    ),
                ),
                (
                    "law",
                    models.CharField(
                        choices=[
                            ("green", "May move as green-listed"),
                            ("open", "Not settled"),
                            ("barred", "May not move as green-listed"),
                        ],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("law_version", models.CharField(blank=True, max_length=64)),
                ("screen", models.JSONField(default=dict)),
                ("state_export", models.CharField(max_length=2, verbose_name="State of export")),
                ("state_import", models.CharField(max_length=2, verbose_name="State of import")),
                ("transit", models.JSONField(default=list, verbose_name="States of transit")),
                ("planned_on", models.DateField(verbose_name="planned day of departure")),
                ("lodged_at", models.DateTimeField(default=tidegate.parties.times.now, verbose_name="handed in")),
                ("notice", models.JSONField(default=dict)),
                ("late_notice", models.BooleanField(default=False)),
                ("quantity_kg", tidegate.movements.models.mass.Kilograms(verbose_name="quantity (kg)")),
                ("loaded_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="loaded (kg)")),
                ("received_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="received (kg)")),
                ("rejected_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="rejected (kg)")),
                ("departed_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                ("recovered_at", models.DateTimeField(null=True)),
                ("holds", models.JSONField(default=list)),
                ("passages", models.JSONField(default=list)),
                ("content", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True)),
                (
                    "entered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.organisation",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "green_shipment",
            },
        ),
        migrations.CreateModel(
            name="GreenContainer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=32, verbose_name="container")),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="container_uses",
                        to="movements.greenshipment",
                    ),
                ),
            ],
            options={
                "db_table": "green_container",
            },
        ),
        migrations.CreateModel(
            name="GreenUpload",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="file")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField(verbose_name="taken in")),
                ("rows", models.PositiveIntegerField(verbose_name="rows")),
                ("accepted", models.PositiveIntegerField(verbose_name="accepted")),
                ("rejected", models.PositiveIntegerField(verbose_name="rejected")),
                ("rejects", models.JSONField(default=list)),
                ("notes", models.JSONField(default=list)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "green_upload",
                "ordering": ["-at"],
            },
        ),
        migrations.AddField(
            model_name="greenshipment",
            name="upload",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shipments",
                to="movements.greenupload",
            ),
        ),
        migrations.CreateModel(
            name="Holiday",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("name", models.CharField(max_length=200)),
                ("estimated", models.BooleanField(default=False)),
                ("removed", models.BooleanField(default=False)),
                ("source", models.CharField(blank=True, max_length=64)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "holiday",
                "ordering": ["day"],
            },
        ),
        migrations.CreateModel(
            name="InspectorAccess",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("purpose", models.CharField(max_length=200, verbose_name="for whom, and why")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(verbose_name="until")),
                ("limit", models.PositiveSmallIntegerField(verbose_name="openings at most")),
                ("openings", models.PositiveSmallIntegerField(default=0)),
                ("last_opened", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "issued_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
            ],
            options={
                "db_table": "inspector_access",
            },
        ),
        migrations.CreateModel(
            name="InspectorReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("key", models.UUIDField(unique=True)),
                ("office", models.CharField(max_length=120, verbose_name="service and number")),
                ("seen_at", models.DateTimeField(verbose_name="seen")),
                ("place", models.CharField(max_length=200, verbose_name="place")),
                (
                    "seal",
                    models.CharField(
                        choices=[
                            ("intact", "Intact, numbers agree"),
                            ("broken", "Broken, missing or another number"),
                            ("unchecked", "Not checked"),
                        ],
                        max_length=12,
                        verbose_name="seals",
                    ),
                ),
                ("text", models.TextField(blank=True, verbose_name="what was seen")),
                ("received_at", models.DateTimeField()),
                ("reviewed_at", models.DateTimeField(null=True)),
                ("outcome", models.TextField(blank=True, verbose_name="what came of it")),
                (
                    "access",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="movements.inspectoraccess",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "inspector_report",
            },
        ),
        migrations.CreateModel(
            name="JointInspection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("place", models.CharField(max_length=200, verbose_name="place")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("result", models.TextField(blank=True, verbose_name="result")),
                ("passed", models.BooleanField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("agencies", models.ManyToManyField(related_name="+", to="parties.organisation")),
                (
                    "consignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inspections",
                        to="movements.consignment",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "joint_inspection",
            },
        ),
        migrations.CreateModel(
            name="KeepingPeriod",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("notification", "Notification with its movements"),
                            ("green", "Green-listed shipment"),
                            ("take_back", "Take-back case"),
                        ],
                        max_length=16,
                        verbose_name="kind of record",
                    ),
                ),
                ("years", models.PositiveSmallIntegerField(verbose_name="years")),
                ("valid_from", models.DateField(verbose_name="from")),
                ("basis", models.CharField(max_length=300, verbose_name="legal basis")),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "keeping_period",
                "ordering": ["kind", "-valid_from"],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reason", models.TextField(verbose_name="reason")),
                ("placed_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_reason", models.TextField(blank=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "placed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
            ],
            options={
                "db_table": "legal_hold",
            },
        ),
        migrations.CreateModel(
            name="LineRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "direction",
                    models.CharField(choices=[("out", "To the office"), ("in", "From the office")], max_length=3),
                ),
                ("run", models.PositiveIntegerField(verbose_name="run number")),
                ("at", models.DateTimeField()),
                ("sha256", models.CharField(max_length=64)),
                ("answer", models.TextField(blank=True)),
                ("told", models.JSONField(default=dict)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
            ],
            options={
                "db_table": "line_run",
            },
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("serial", models.PositiveIntegerField(verbose_name="serial number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("announcing", "Waiting for quantities to be reserved"),
                            ("announced", "Announced"),
                            ("cancelled", "Cancelled"),
                            ("held", "Held"),
                            ("seized", "Seized"),
                            ("in_transit", "Under way"),
                            ("arrived", "Arrived"),
                            ("received_accepted", "Received and accepted"),
                            ("received_partly", "Partly accepted"),
                            ("received_rejected", "Rejected"),
                            ("interim_done", "Interim operation done"),
                            ("completed", "Recovered or disposed of"),
                            ("return_ordered", "Return ordered"),
                            ("returned", "Returned"),
                            ("alternatively_disposed", "Disposed of in another way"),
                            ("closed", "Closed"),
                        ],
                        default="draft",
                        max_length=24,
                    ),
                ),
                ("held_from", models.CharField(blank=True, max_length=24)),
                ("holds", models.JSONField(default=list)),
                ("planned_on", models.DateField(verbose_name="planned day of departure")),
                ("announced_kg", tidegate.movements.models.mass.Kilograms(verbose_name="announced (kg)")),
                ("loaded_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="loaded (kg)")),
                ("received_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="received (kg)")),
                ("accepted_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="accepted (kg)")),
                ("rejected_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="rejected (kg)")),
                ("loaded_as", models.JSONField(default=dict)),
                ("received_as", models.JSONField(default=dict)),
                (
                    "volume_m3",
                    models.DecimalField(decimal_places=3, max_digits=14, null=True, verbose_name="volume (m³)"),
                ),
                ("packages", models.PositiveIntegerField(null=True, verbose_name="number of packages")),
                ("particulars", models.JSONField(default=dict)),
                ("announced_at", models.DateTimeField(null=True)),
                ("departed_at", models.DateTimeField(null=True)),
                ("arrived_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                ("received_by", models.CharField(blank=True, max_length=200)),
                ("received_facility", models.CharField(blank=True, max_length=200)),
                ("received_operation", models.CharField(blank=True, max_length=4)),
                ("expected_on", models.DateField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("certified_on", models.DateField(null=True)),
                ("certified_by", models.CharField(blank=True, max_length=200)),
                ("overdue", models.JSONField(default=list)),
                ("late_notice", models.BooleanField(default=False)),
                ("take_back", models.BooleanField(default=False, verbose_name="return of refused or illegal waste")),
                ("starts_in", models.CharField(blank=True, max_length=2)),
                ("source", models.CharField(default="form", max_length=16)),
                ("draws", models.JSONField(default=list)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "original",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="returns",
                        to="movements.movement",
                    ),
                ),
            ],
            options={
                "db_table": "movement",
            },
        ),
        migrations.AddField(
            model_name="inspectoraccess",
            name="movement",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="inspector_accesses",
                to="movements.movement",
            ),
        ),
        migrations.CreateModel(
            name="Custody",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=24)),
                ("position", models.PositiveIntegerField()),
                ("carrier", models.CharField(blank=True, max_length=200, verbose_name="carrier")),
                ("registration", models.CharField(blank=True, max_length=64)),
                ("means", models.CharField(blank=True, max_length=8, verbose_name="means of transport")),
                ("vehicle", models.CharField(blank=True, max_length=120, verbose_name="vehicle, vessel or flight")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("state", models.CharField(blank=True, max_length=2)),
                ("at", models.DateTimeField()),
                ("person", models.CharField(blank=True, max_length=200)),
                ("note", models.TextField(blank=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "movement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="custody", to="movements.movement"
                    ),
                ),
            ],
            options={
                "db_table": "custody",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=64)),
                ("proposed_by", models.CharField(max_length=2)),
                ("changes", models.JSONField()),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "status",
                    models.CharField(
                        choices=[("proposed", "Proposed"), ("approved", "Approved by all"), ("refused", "Refused")],
                        default="proposed",
                        max_length=16,
                    ),
                ),
                ("answers", models.JSONField(default=dict)),
                ("proposed_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "movement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="corrections", to="movements.movement"
                    ),
                ),
            ],
            options={
                "db_table": "movement_correction",
            },
        ),
        migrations.CreateModel(
            name="ContainerUse",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=32, verbose_name="container")),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "movement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="container_uses",
                        to="movements.movement",
                    ),
                ),
            ],
            options={
                "db_table": "container_use",
            },
        ),
        migrations.AddField(
            model_name="consignment",
            name="movement",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="consignments",
                to="movements.movement",
            ),
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.CharField(blank=True, max_length=32, verbose_name="notification number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("incomplete", "Information asked for"),
                            ("transmitted", "Sent to the other authorities"),
                            ("refused_to_forward", "Not forwarded"),
                            ("acknowledged", "Acknowledged"),
                            ("decided_consented", "Consented by all"),
                            ("decided_objected", "Objected to"),
                            ("active", "In force"),
                            ("suspended", "Suspended"),
                            ("exhausted", "Used up"),
                            ("expired", "Expired"),
                            ("revoked", "Revoked"),
                            ("closed", "Closed"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=24,
                    ),
                ),
                ("form_version", models.CharField(default="viii-18", max_length=24, verbose_name="form")),
                ("state_export", models.CharField(max_length=2, verbose_name="State of export")),
                ("state_import", models.CharField(blank=True, max_length=2, verbose_name="State of import")),
                ("multiple", models.BooleanField(default=False, verbose_name="several shipments")),
                ("disposal", models.BooleanField(default=False, verbose_name="for disposal")),
                ("preconsented", models.BooleanField(default=False, verbose_name="pre-consented facility")),
                ("preconsent_denied", models.PositiveIntegerField(default=0)),
                ("shipments", models.PositiveIntegerField(null=True, verbose_name="intended number of shipments")),
                (
                    "quantity_kg",
                    tidegate.movements.models.mass.Kilograms(null=True, verbose_name="intended quantity (kg)"),
                ),
                (
                    "quantity_m3",
                    models.DecimalField(
                        decimal_places=3, max_digits=14, null=True, verbose_name="intended volume (m³)"
                    ),
                ),
                ("first_departure", models.DateField(null=True, verbose_name="first departure")),
                ("last_departure", models.DateField(null=True, verbose_name="last departure")),
                ("blocks", models.JSONField(default=dict)),
                ("load", models.JSONField(default=dict)),
                ("screen", models.JSONField(default=dict)),
                ("law_version", models.CharField(blank=True, max_length=64)),
                ("override_reason", models.TextField(blank=True, verbose_name="reason for going on")),
                ("version", models.PositiveIntegerField(default=0)),
                ("material_version", models.PositiveIntegerField(default=0)),
                ("supersedes", models.CharField(blank=True, max_length=64)),
                ("source", models.CharField(default="form", max_length=16)),
                ("keyed_by", models.CharField(blank=True, max_length=2)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("transmitted_at", models.DateTimeField(null=True)),
                ("suspended_by", models.JSONField(default=list)),
                ("confidential", models.JSONField(default=list)),
                ("used_up", models.BooleanField(default=False)),
                ("ended_as", models.CharField(blank=True, max_length=16)),
                ("ended_reason", models.TextField(blank=True)),
                ("words", models.CharField(blank=True, max_length=32)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
            ],
            options={
                "db_table": "notification",
            },
        ),
        migrations.AddField(
            model_name="movement",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="movements.notification"
            ),
        ),
        migrations.AddField(
            model_name="inspectoraccess",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="inspector_accesses",
                to="movements.notification",
            ),
        ),
        migrations.CreateModel(
            name="InfoRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=64)),
                ("authority", models.CharField(max_length=2)),
                ("question", models.TextField(verbose_name="what is asked")),
                ("asked_at", models.DateTimeField()),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="info_requests",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "info_request",
            },
        ),
        migrations.CreateModel(
            name="HeldGuarantee",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("authority", models.CharField(max_length=2, verbose_name="authority's State")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("required", "Asked for"),
                            ("in_force", "In force"),
                            ("called", "Called"),
                            ("released", "Released"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="required",
                        max_length=16,
                    ),
                ),
                (
                    "required_amount",
                    models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount asked for"),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("required_until", models.DateField(null=True, verbose_name="asked for until")),
                ("number", models.CharField(blank=True, max_length=64, verbose_name="guarantee number")),
                ("issuer", models.CharField(blank=True, max_length=200, verbose_name="issued by")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, null=True, verbose_name="amount")),
                ("valid_from", models.DateField(null=True, verbose_name="valid from")),
                ("valid_until", models.DateField(null=True, verbose_name="valid until")),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_guarantees",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "held_guarantee",
            },
        ),
        migrations.CreateModel(
            name="Guarantee",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.CharField(max_length=64, verbose_name="guarantee number")),
                ("issuer", models.CharField(blank=True, max_length=200, verbose_name="issued by")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, null=True, verbose_name="amount")),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("valid_from", models.DateField(null=True, verbose_name="valid from")),
                ("valid_until", models.DateField(null=True, verbose_name="valid until")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("approved", "Approved"),
                            ("in_force", "In force"),
                            ("called", "Called"),
                            ("released", "Released"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="proposed",
                        max_length=16,
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="guarantee",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "guarantee",
            },
        ),
        migrations.CreateModel(
            name="FieldRelease",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(blank=True, max_length=36)),
                ("field", models.CharField(max_length=32, verbose_name="field")),
                ("state", models.CharField(max_length=2, verbose_name="State")),
                ("registration", models.CharField(max_length=300, verbose_name="registration number")),
                ("name", models.CharField(max_length=300, verbose_name="name")),
                ("reason", models.TextField(verbose_name="reason")),
                ("until", models.DateField(verbose_name="to the end of")),
                ("at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("revoked_reason", models.TextField(blank=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="releases",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "field_release",
            },
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.CharField(max_length=64, verbose_name="contract number")),
                ("signed_on", models.DateField(null=True, verbose_name="signed on")),
                ("valid_until", models.DateField(null=True, verbose_name="valid until")),
                ("takes_back", models.BooleanField(default=False, verbose_name="obliges to take back")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("lodged", "Lodged"),
                            ("confirmed", "Confirmed by the State of import"),
                            ("ended", "Ended"),
                        ],
                        default="lodged",
                        max_length=16,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contract",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "contract",
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("authority", models.CharField(max_length=2, verbose_name="authority's State")),
                ("role", models.CharField(max_length=8)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("acknowledged", "Acknowledged"),
                            ("info_requested", "Information asked for"),
                            ("consented", "Consented"),
                            ("consented_with_conditions", "Consented with conditions"),
                            ("objected", "Objected to"),
                            ("tacit", "Tacit consent"),
                            ("suspended", "Suspended"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                            ("superseded", "Replaced"),
                        ],
                        default="requested",
                        max_length=32,
                    ),
                ),
                ("required", models.BooleanField(default=True)),
                ("rules", models.JSONField(default=list)),
                ("requested_at", models.DateTimeField()),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acked_version", models.PositiveIntegerField(default=0)),
                ("decided_at", models.DateTimeField(null=True)),
                ("valid_from", models.DateField(null=True, verbose_name="valid from")),
                ("valid_until", models.DateField(null=True, verbose_name="valid until")),
                (
                    "quantity_kg",
                    tidegate.movements.models.mass.Kilograms(null=True, verbose_name="quantity consented to (kg)"),
                ),
                ("shipments", models.PositiveIntegerField(null=True, verbose_name="shipments consented to")),
                ("conditions", models.JSONField(default=list)),
                ("grounds", models.JSONField(default=list)),
                ("remarks", models.TextField(blank=True, verbose_name="remarks")),
                ("language", models.CharField(blank=True, max_length=2, verbose_name="language")),
                ("second_language", models.CharField(blank=True, max_length=2, verbose_name="second language")),
                ("remarks_second", models.TextField(blank=True, verbose_name="remarks in the second language")),
                ("certificate", models.UUIDField(null=True)),
                ("tacit_by", models.CharField(blank=True, max_length=64)),
                ("version", models.PositiveIntegerField(default=0)),
                ("given_as", models.CharField(blank=True, max_length=32)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "consent",
            },
        ),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.PositiveIntegerField()),
                ("changes", models.JSONField()),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "status",
                    models.CharField(
                        choices=[("proposed", "Proposed"), ("approved", "Approved by all"), ("refused", "Refused")],
                        default="proposed",
                        max_length=16,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="amendments",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "amendment",
            },
        ),
        migrations.CreateModel(
            name="Operation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(max_length=64)),
                ("after", models.CharField(blank=True, max_length=64)),
                ("final", models.BooleanField()),
                ("code", models.CharField(max_length=4, verbose_name="operation")),
                ("facility", models.CharField(max_length=200, verbose_name="facility")),
                ("input_kg", tidegate.movements.models.mass.Kilograms(verbose_name="taken in (kg)")),
                ("output_kg", tidegate.movements.models.mass.Kilograms(default=0, verbose_name="passed on (kg)")),
                ("loss_kg", tidegate.movements.models.mass.Kilograms(default=0, verbose_name="declared loss (kg)")),
                ("at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "movement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="operations", to="movements.movement"
                    ),
                ),
            ],
            options={
                "db_table": "operation",
            },
        ),
        migrations.CreateModel(
            name="Permit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=32)),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("import", "Import permit"),
                            ("export", "Export permit"),
                            ("facility", "Facility licence"),
                            ("carrier", "Carrier licence"),
                            ("registration", "Registration"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("number", models.CharField(blank=True, max_length=64, verbose_name="number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("applied", "Applied for"),
                            ("under_review", "Under review"),
                            ("info_requested", "Information asked for"),
                            ("refused", "Refused"),
                            ("issued", "Issued"),
                            ("active", "In force"),
                            ("suspended", "Suspended"),
                            ("exhausted", "Used up"),
                            ("expired", "Expired"),
                            ("revoked", "Revoked"),
                            ("surrendered", "Surrendered"),
                            ("superseded", "Replaced"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("hs", models.JSONField(blank=True, default=list, verbose_name="HS codes")),
                ("wastes", models.JSONField(blank=True, default=list, verbose_name="Basel entries")),
                ("origins", models.JSONField(blank=True, default=list, verbose_name="States of origin")),
                ("quantity_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="quantity (kg)")),
                ("valid_from", models.DateField(null=True, verbose_name="valid from")),
                ("valid_until", models.DateField(null=True, verbose_name="valid until")),
                ("conditions", models.JSONField(blank=True, default=list)),
                ("note", models.TextField(blank=True, verbose_name="what is asked for, and why")),
                ("reason", models.TextField(blank=True)),
                ("acknowledged", models.JSONField(default=dict)),
                ("status_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="movements.account"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="permits", to="parties.organisation"
                    ),
                ),
                (
                    "supersedes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="movements.permit",
                    ),
                ),
            ],
            options={
                "db_table": "permit",
            },
        ),
        migrations.CreateModel(
            name="Fee",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("authority", models.CharField(max_length=2, verbose_name="authority's State")),
                ("kind", models.CharField(max_length=24, verbose_name="for")),
                ("fixed", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="fixed amount")),
                ("per_tonne", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="per tonne")),
                ("kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="quantity (kg)")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("source", models.CharField(max_length=300, verbose_name="legal source")),
                ("blocks", models.BooleanField(default=False)),
                ("assessed_on", models.DateField(verbose_name="assessed on")),
                (
                    "status",
                    models.CharField(
                        choices=[("due", "To be paid"), ("paid", "Paid"), ("waived", "Waived")],
                        default="due",
                        max_length=8,
                    ),
                ),
                ("settled_on", models.DateField(null=True, verbose_name="settled on")),
                ("reference", models.CharField(blank=True, max_length=120, verbose_name="reference")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "notification",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fees",
                        to="movements.notification",
                    ),
                ),
                (
                    "permit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fees",
                        to="movements.permit",
                    ),
                ),
            ],
            options={
                "db_table": "fee",
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("transaction", models.UUIDField()),
                ("leg", models.CharField(max_length=12)),
                ("kg", tidegate.movements.models.mass.Kilograms(verbose_name="kg")),
                ("kind", models.CharField(max_length=16)),
                ("draw", models.CharField(blank=True, max_length=96)),
                ("at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="movements.account",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_posting",
            },
        ),
        migrations.CreateModel(
            name="QuotaPool",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("number", models.CharField(max_length=64, verbose_name="number")),
                ("hs", models.JSONField(blank=True, default=list, verbose_name="HS codes")),
                ("wastes", models.JSONField(blank=True, default=list, verbose_name="Basel entries")),
                ("origins", models.JSONField(blank=True, default=list, verbose_name="States of origin")),
                ("kg", tidegate.movements.models.mass.Kilograms(verbose_name="quantity (kg)")),
                ("opens_on", models.DateField(verbose_name="opens on")),
                ("closes_on", models.DateField(verbose_name="closes on")),
                ("carry_over", models.BooleanField(default=False, verbose_name="carry the rest over")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("open", "Open"), ("closed", "Closed")],
                        default="draft",
                        max_length=8,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "account",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="movements.account"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "quota_pool",
            },
        ),
        migrations.CreateModel(
            name="QuotaAllocation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("number", models.CharField(max_length=96)),
                ("asked_kg", tidegate.movements.models.mass.Kilograms(verbose_name="asked for (kg)")),
                ("kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="granted (kg)")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("applied", "Applied for"),
                            ("granted", "Granted"),
                            ("refused", "Refused"),
                            ("closed", "Closed"),
                        ],
                        default="applied",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="movements.account"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="parties.organisation",
                    ),
                ),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="movements.quotapool",
                    ),
                ),
            ],
            options={
                "db_table": "quota_allocation",
            },
        ),
        migrations.CreateModel(
            name="Requirement",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("what", models.CharField(max_length=200, verbose_name="what is asked")),
                ("document", models.CharField(blank=True, max_length=48)),
                ("rule", models.CharField(blank=True, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("met", "Met"), ("refused", "Not met"), ("waived", "Waived")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("answer", models.TextField(blank=True, verbose_name="answer")),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "consignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requirements",
                        to="movements.consignment",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "requirement",
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("draw", models.CharField(max_length=96)),
                ("kg", tidegate.movements.models.mass.Kilograms(verbose_name="kg")),
                ("committed_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="used (kg)")),
                ("day", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("live", "Reserved"),
                            ("committed", "Used"),
                            ("released", "Released"),
                            ("expired", "Expired"),
                        ],
                        default="live",
                        max_length=16,
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="movements.account",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "ledger_reservation",
            },
        ),
        migrations.CreateModel(
            name="RouteStop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("state", models.CharField(max_length=2)),
                (
                    "role",
                    models.CharField(
                        choices=[("export", "export"), ("transit", "transit"), ("import", "import")], max_length=8
                    ),
                ),
                ("authority_code", models.CharField(blank=True, max_length=32, verbose_name="authority's code number")),
                ("entry", models.CharField(blank=True, max_length=120, verbose_name="point of entry")),
                ("exit", models.CharField(blank=True, max_length=120, verbose_name="point of exit")),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="route", to="movements.notification"
                    ),
                ),
            ],
            options={
                "db_table": "route_stop",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("desk", models.CharField(max_length=32)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("query", models.CharField(max_length=500)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "saved_filter",
            },
        ),
        migrations.CreateModel(
            name="SearchWord",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id",
                        "word",
                        "notification_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("word", models.BinaryField(max_length=128)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "search_word",
            },
        ),
        migrations.CreateModel(
            name="StatusList",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("purpose", models.CharField(default="revocation", max_length=16)),
                ("bits", models.BinaryField()),
                ("next_index", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=0)),
                ("updated_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "status_list",
            },
        ),
        migrations.CreateModel(
            name="SubPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("days", models.PositiveIntegerField()),
                ("limit_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="limit (kg)")),
                ("limit_count", models.PositiveIntegerField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sub_periods", to="movements.account"
                    ),
                ),
            ],
            options={
                "db_table": "ledger_sub_period",
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail, at once"),
                            ("digest", "E-mail, once a day"),
                            ("webhook", "Webhook"),
                        ],
                        max_length=8,
                        verbose_name="how",
                    ),
                ),
                ("address", models.CharField(max_length=300, verbose_name="address")),
                ("events", models.JSONField(blank=True, default=list, verbose_name="events")),
                ("secret", models.CharField(blank=True, max_length=64)),
                ("after", models.PositiveBigIntegerField(default=0)),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("failures", models.PositiveIntegerField(default=0)),
                ("last_error", models.TextField(blank=True)),
                ("next_try", models.DateTimeField(null=True)),
                ("delivered", models.PositiveBigIntegerField(default=0)),
                ("days_ahead", models.PositiveSmallIntegerField(default=3, verbose_name="days before a deadline")),
                ("digest_on", models.DateField(null=True)),
                ("last_sent", models.DateTimeField(null=True)),
                ("tested_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "subscription",
            },
        ),
        migrations.CreateModel(
            name="DeadlineTold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("soon", "ends soon"), ("overdue", "overdue")], max_length=8)),
                ("due_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                (
                    "clock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="movements.clock"
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="told", to="movements.subscription"
                    ),
                ),
            ],
            options={
                "db_table": "deadline_told",
            },
        ),
        migrations.CreateModel(
            name="TakeBack",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=32)),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("classified", "Classified"),
                            ("not_a_case", "Not a case"),
                            ("notified", "State of export informed"),
                            ("acknowledged", "Acknowledged"),
                            ("accepted", "Accepted"),
                            ("disputed", "Disputed"),
                            ("plan_agreed", "Plan agreed"),
                            ("consents_ok", "Consents for the return are in"),
                            ("returning", "Under way home"),
                            ("returned", "Back in the State of export"),
                            ("finally_disposed", "Finally disposed of"),
                            ("closed", "Closed"),
                        ],
                        default="opened",
                        max_length=20,
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("art8", "Article 8: it cannot be completed"),
                            ("art9_exporter", "Article 9(2): conduct of exporter or generator"),
                            ("art9_importer", "Article 9(3): conduct of importer or disposer"),
                            ("art9_unassigned", "Article 9(4): nobody can be held responsible"),
                        ],
                        max_length=20,
                    ),
                ),
                ("grounds", models.JSONField(default=list)),
                ("opener", models.CharField(max_length=2)),
                ("opened_at", models.DateTimeField()),
                ("after", models.JSONField(default=list)),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("state_export", models.CharField(max_length=2)),
                ("states", models.JSONField(default=list)),
                ("joined", models.JSONField(default=list)),
                ("finding", models.TextField(verbose_name="what was found")),
                ("detected_at", models.DateTimeField(verbose_name="found")),
                ("informed_at", models.DateTimeField(null=True, verbose_name="State of export informed")),
                ("custody_place", models.CharField(blank=True, max_length=200, verbose_name="where it is kept")),
                ("custody_kg", tidegate.movements.models.mass.Kilograms(null=True, verbose_name="in custody (kg)")),
                ("containers", models.JSONField(default=list)),
                ("load", models.JSONField(default=dict)),
                ("plan", models.JSONField(default=dict)),
                ("plan_number", models.PositiveSmallIntegerField(default=0)),
                ("plan_signed", models.JSONField(default=list)),
                ("agreed_until", models.DateField(null=True)),
                ("reminders", models.JSONField(default=list)),
                ("referred", models.JSONField(default=list)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_how", models.CharField(blank=True, max_length=32)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "movement",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="take_backs",
                        to="movements.movement",
                    ),
                ),
            ],
            options={
                "db_table": "take_back",
            },
        ),
        migrations.CreateModel(
            name="ReturnConsent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("authority", models.CharField(max_length=2)),
                ("role", models.CharField(max_length=8)),
                ("plan_number", models.PositiveSmallIntegerField(default=0)),
                ("status", models.CharField(default="requested", max_length=16)),
                ("ground", models.CharField(blank=True, max_length=16)),
                ("remarks", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "take_back",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="consents", to="movements.takeback"
                    ),
                ),
            ],
            options={
                "db_table": "return_consent",
            },
        ),
        migrations.CreateModel(
            name="CostLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reference", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=24, verbose_name="kind")),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("borne_by", models.CharField(max_length=200, verbose_name="borne by")),
                ("status", models.CharField(default="open", max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "take_back",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="costs", to="movements.takeback"
                    ),
                ),
            ],
            options={
                "db_table": "take_back_cost",
            },
        ),
        migrations.CreateModel(
            name="Analysis",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("case", models.CharField(max_length=64, verbose_name="case")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("origin", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=64, verbose_name="reference")),
                ("declaration", models.JSONField(null=True)),
                (
                    "declared_as",
                    models.CharField(blank=True, max_length=200, verbose_name="reference of the declaration"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for"),
                            ("submitted", "Handed in"),
                            ("withdrawn", "Not needed any more"),
                        ],
                        default="requested",
                        max_length=12,
                    ),
                ),
                ("question", models.TextField(verbose_name="what is asked")),
                ("asked_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True, verbose_name="wanted by")),
                ("sample", models.CharField(blank=True, max_length=64, verbose_name="sample number")),
                ("sampled_on", models.DateField(null=True, verbose_name="sampled on")),
                ("analysed_on", models.DateField(null=True, verbose_name="analysed on")),
                ("method", models.CharField(blank=True, max_length=200, verbose_name="method or standard")),
                ("accreditation", models.CharField(blank=True, max_length=64, verbose_name="accreditation number")),
                (
                    "contamination_pct",
                    models.DecimalField(
                        decimal_places=3, max_digits=6, null=True, verbose_name="contamination, per cent of mass"
                    ),
                ),
                (
                    "moisture_pct",
                    models.DecimalField(
                        decimal_places=3, max_digits=6, null=True, verbose_name="moisture, per cent of mass"
                    ),
                ),
                ("polymers", models.JSONField(default=dict, verbose_name="polymers, per cent of mass")),
                ("hazardous", models.BooleanField(null=True, verbose_name="hazardous")),
                ("remarks", models.TextField(blank=True, verbose_name="remarks")),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "laboratory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
                (
                    "consignment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="analyses",
                        to="movements.consignment",
                    ),
                ),
                (
                    "movement",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="analyses",
                        to="movements.movement",
                    ),
                ),
                (
                    "take_back",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="analyses",
                        to="movements.takeback",
                    ),
                ),
            ],
            options={
                "db_table": "analysis",
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("content", models.JSONField()),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                ("involved", models.ManyToManyField(blank=True, related_name="+", to="parties.organisation")),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="parties.organisation"
                    ),
                ),
            ],
            options={
                "db_table": "notification_template",
            },
        ),
        migrations.CreateModel(
            name="Tolerance",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("regime", models.CharField(blank=True, max_length=16)),
                ("percent", models.DecimalField(decimal_places=3, max_digits=6)),
                ("since", models.DateField()),
                ("source", models.CharField(max_length=200)),
                ("removed", models.BooleanField(default=False)),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "db_table": "tolerance",
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                (
                    "notification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="movements.notification",
                    ),
                ),
            ],
            options={
                "db_table": "notification_version",
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("transaction", models.CharField(max_length=120)),
                ("licence", models.CharField(max_length=96, verbose_name="permit or quota")),
                ("declaration", models.CharField(max_length=64, verbose_name="declaration number")),
                ("item", models.PositiveIntegerField(verbose_name="item")),
                (
                    "usage",
                    models.CharField(
                        choices=[
                            ("original", "First entry"),
                            ("adjusted", "Corrected"),
                            ("contra", "Taken back"),
                            ("late", "Entered late"),
                        ],
                        max_length=8,
                        verbose_name="kind of entry",
                    ),
                ),
                ("kg", tidegate.movements.models.mass.Kilograms(verbose_name="kg")),
                ("draw", models.CharField(max_length=96)),
                ("at", models.DateTimeField(verbose_name="time")),
                ("recorded_at", models.DateTimeField()),
                ("reply", models.JSONField(default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="write_offs", to="movements.account"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                        verbose_name="held by",
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.organisation"
                    ),
                ),
            ],
            options={
                "db_table": "write_off",
            },
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="account_reference"),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("lapsed_kg__gte", 0), ("limit_kg__gte", 0), ("reserved_kg__gte", 0), ("used_kg__gte", 0)
                ),
                name="account_signs",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("breached", True),
                    (
                        "limit_kg__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("reserved_kg"), "+", models.F("used_kg")
                            ),
                            "+",
                            models.F("lapsed_kg"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="account_not_overdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("breached", True), ("limit_count", None), ("limit_count__gte", models.F("count")), _connector="OR"
                ),
                name="account_count",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(fields=("organisation", "case"), name="assignment_once"),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(fields=["holder", "case"], name="attachment_case"),
        ),
        migrations.AddIndex(
            model_name="breach",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["holder", "case"], name="breach_case"),
        ),
        migrations.AddIndex(
            model_name="breach",
            index=models.Index(fields=["subject_id"], name="breach_subject"),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.UniqueConstraint(fields=("number",), name="certificate_number"),
        ),
        migrations.AddConstraint(
            model_name="certificate",
            constraint=models.UniqueConstraint(fields=("holder", "status_index"), name="certificate_index"),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["holder", "due_at"], name="clock_open"),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["holder", "authority", "due_at"], name="clock_own"
            ),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["holder", "case"], name="clock_case"),
        ),
        migrations.AddIndex(
            model_name="clock",
            index=models.Index(fields=["subject_id"], name="clock_subject"),
        ),
        migrations.AddConstraint(
            model_name="clock",
            constraint=models.UniqueConstraint(fields=("rule", "subject_id", "authority"), name="clock_once"),
        ),
        migrations.AddConstraint(
            model_name="earlyfact",
            constraint=models.UniqueConstraint(fields=("holder", "message"), name="early_fact_once"),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.UniqueConstraint(fields=("holder", "kind", "case"), name="erasure_once"),
        ),
        migrations.AddConstraint(
            model_name="feerate",
            constraint=models.UniqueConstraint(fields=("holder", "kind", "valid_from"), name="fee_rate_once"),
        ),
        migrations.AddConstraint(
            model_name="feerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("fixed__gte", 0), ("per_tonne__gte", 0)), name="fee_rate_amounts"
            ),
        ),
        migrations.AddConstraint(
            model_name="feerate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                ),
                name="fee_rate_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="greencontainer",
            index=models.Index(fields=["holder", "number"], name="green_container_number"),
        ),
        migrations.AddConstraint(
            model_name="greencontainer",
            constraint=models.UniqueConstraint(fields=("shipment", "number"), name="green_container_once"),
        ),
        migrations.AddConstraint(
            model_name="greenupload",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "rows",
                        django.db.models.expressions.CombinedExpression(
                            models.F("accepted"), "+", models.F("rejected")
                        ),
                    )
                ),
                name="green_upload_rows",
            ),
        ),
        migrations.AddIndex(
            model_name="greenshipment",
            index=models.Index(fields=["holder", "status", "planned_on"], name="green_desk"),
        ),
        migrations.AddIndex(
            model_name="greenshipment",
            index=models.Index(fields=["holder", "reference"], name="green_reference"),
        ),
        migrations.AddConstraint(
            model_name="greenshipment",
            constraint=models.UniqueConstraint(fields=("holder", "case"), name="green_case"),
        ),
        migrations.AddConstraint(
            model_name="greenshipment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "cancelled"), _negated=True),
                fields=("entered_by", "reference"),
                name="green_own_reference",
            ),
        ),
        migrations.AddConstraint(
            model_name="greenshipment",
            constraint=models.CheckConstraint(condition=models.Q(("quantity_kg__gt", 0)), name="green_quantity"),
        ),
        migrations.AddConstraint(
            model_name="greenshipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("received_kg", None), ("received_kg__gte", models.F("rejected_kg")), _connector="OR"
                ),
                name="green_received",
            ),
        ),
        migrations.AddConstraint(
            model_name="holiday",
            constraint=models.UniqueConstraint(fields=("holder", "day", "name"), name="holiday_once"),
        ),
        migrations.AddIndex(
            model_name="inspectorreport",
            index=models.Index(
                condition=models.Q(("reviewed_at", None)),
                fields=["holder", "received_at"],
                name="inspector_report_desk",
            ),
        ),
        migrations.AddConstraint(
            model_name="keepingperiod",
            constraint=models.UniqueConstraint(fields=("holder", "kind", "valid_from"), name="keeping_period_once"),
        ),
        migrations.AddConstraint(
            model_name="keepingperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("years__gte", 1), ("years__lte", 100)), name="keeping_period_years"
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lifted_at", None)), fields=("holder", "case"), name="legal_hold_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="linerun",
            constraint=models.UniqueConstraint(fields=("office", "direction", "run"), name="line_run_once"),
        ),
        migrations.AddConstraint(
            model_name="custody",
            constraint=models.UniqueConstraint(fields=("movement", "position"), name="custody_position"),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(
                condition=models.Q(("status", "proposed")), fields=["holder", "proposed_at"], name="correction_desk"
            ),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="correction_once"),
        ),
        migrations.AddIndex(
            model_name="containeruse",
            index=models.Index(fields=["holder", "number"], name="container_number"),
        ),
        migrations.AddConstraint(
            model_name="containeruse",
            constraint=models.UniqueConstraint(fields=("movement", "number"), name="container_once"),
        ),
        migrations.AddIndex(
            model_name="consignment",
            index=models.Index(fields=["holder", "status", "expected_on"], name="consignment_desk"),
        ),
        migrations.AddIndex(
            model_name="consignment",
            index=models.Index(fields=["holder", "declaration"], name="consignment_declaration"),
        ),
        migrations.AddConstraint(
            model_name="consignment",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="consignment_reference"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("keyed_by__gt", "")), fields=["keyed_by"], name="notification_keyed"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["holder", "status", "updated_at"], name="notification_desk"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["holder", "number"], name="notification_number"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["holder", "-updated_at", "-id"], name="notification_latest"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("supersedes", ""), _negated=True),
                fields=["holder", "supersedes"],
                name="notification_supersedes",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(fields=("holder", "case"), name="notification_case"),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True),
                fields=("holder", "number"),
                name="notification_number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity_kg", None), ("quantity_kg__gt", 0), _connector="OR"),
                name="notification_kg",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("shipments", None), ("shipments__gt", 0), _connector="OR"),
                name="notification_count",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_departure", None),
                    ("last_departure", None),
                    ("last_departure__gte", models.F("first_departure")),
                    _connector="OR",
                ),
                name="notification_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="movement",
            index=models.Index(fields=["holder", "status", "planned_on"], name="movement_desk"),
        ),
        migrations.AddIndex(
            model_name="movement",
            index=models.Index(fields=["holder", "-planned_on", "-created_at"], name="movement_latest"),
        ),
        migrations.AddIndex(
            model_name="movement",
            index=models.Index(
                condition=models.Q(("status__in", ("completed", "returned", "alternatively_disposed"))),
                fields=["holder", "updated_at", "id"],
                name="movement_closing",
            ),
        ),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.UniqueConstraint(fields=("holder", "case", "serial"), name="movement_serial"),
        ),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(condition=models.Q(("announced_kg__gt", 0)), name="movement_announced"),
        ),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("received_kg", None),
                    (
                        "received_kg",
                        django.db.models.expressions.CombinedExpression(
                            models.F("accepted_kg"), "+", models.F("rejected_kg")
                        ),
                    ),
                    _connector="OR",
                ),
                name="movement_received",
            ),
        ),
        migrations.AddConstraint(
            model_name="inspectoraccess",
            constraint=models.CheckConstraint(
                condition=models.Q(("openings__lte", models.F("limit"))), name="inspector_access_count"
            ),
        ),
        migrations.AddIndex(
            model_name="inforequest",
            index=models.Index(
                condition=models.Q(("answered_at", None)), fields=["holder", "asked_at"], name="info_request_desk"
            ),
        ),
        migrations.AddConstraint(
            model_name="inforequest",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="info_request_once"),
        ),
        migrations.AddIndex(
            model_name="heldguarantee",
            index=models.Index(
                condition=models.Q(("status__in", ["required", "lapsed"])),
                fields=["holder", "updated_at"],
                name="held_guarantee_desk",
            ),
        ),
        migrations.AddConstraint(
            model_name="heldguarantee",
            constraint=models.UniqueConstraint(fields=("notification", "authority"), name="held_guarantee_once"),
        ),
        migrations.AddIndex(
            model_name="guarantee",
            index=models.Index(
                condition=models.Q(("status", "proposed")), fields=["holder", "created_at"], name="guarantee_desk"
            ),
        ),
        migrations.AddConstraint(
            model_name="guarantee",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", None), ("amount__gte", 0), _connector="OR"), name="guarantee_amount"
            ),
        ),
        migrations.AddIndex(
            model_name="contract",
            index=models.Index(
                condition=models.Q(("status", "lodged")), fields=["holder", "created_at"], name="contract_desk"
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["holder", "authority", "status"], name="consent_desk"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(fields=("holder", "case", "authority"), name="consent_once"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="consent_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="amendment",
            index=models.Index(
                condition=models.Q(("status", "proposed")), fields=["holder", "proposed_at"], name="amendment_desk"
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.UniqueConstraint(fields=("notification", "number"), name="amendment_once"),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="operation_once"),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("input_kg__gt", 0),
                    ("loss_kg__gte", 0),
                    ("output_kg__gte", 0),
                    (
                        "input_kg__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("output_kg"), "+", models.F("loss_kg")
                        ),
                    ),
                ),
                name="operation_mass",
            ),
        ),
        migrations.AddIndex(
            model_name="permit",
            index=models.Index(fields=["holder", "status"], name="permit_desk"),
        ),
        migrations.AddIndex(
            model_name="permit",
            index=models.Index(fields=["holder", "case"], name="permit_case"),
        ),
        migrations.AddConstraint(
            model_name="permit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True), fields=("holder", "number"), name="permit_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="permit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from", None),
                    ("valid_until", None),
                    ("valid_until__gte", models.F("valid_from")),
                    _connector="OR",
                ),
                name="permit_dates",
            ),
        ),
        migrations.AddIndex(
            model_name="fee",
            index=models.Index(condition=models.Q(("status", "due")), fields=["holder", "created_at"], name="fee_desk"),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.UniqueConstraint(
                condition=models.Q(("notification", None), _negated=True),
                fields=("notification", "authority"),
                name="fee_of_notification",
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.UniqueConstraint(
                condition=models.Q(("permit", None), _negated=True), fields=("permit",), name="fee_of_permit"
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("notification__isnull", False), ("permit", None)),
                    models.Q(("notification", None), ("permit__isnull", False)),
                    _connector="OR",
                ),
                name="fee_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="fee_amount"),
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["account", "at"], name="posting_account"),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(fields=("transaction", "leg"), name="posting_leg"),
        ),
        migrations.AddConstraint(
            model_name="quotapool",
            constraint=models.UniqueConstraint(fields=("holder", "number"), name="quota_pool_number"),
        ),
        migrations.AddConstraint(
            model_name="quotapool",
            constraint=models.CheckConstraint(
                condition=models.Q(("closes_on__gte", models.F("opens_on"))), name="quota_pool_dates"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotapool",
            constraint=models.CheckConstraint(condition=models.Q(("kg__gt", 0)), name="quota_pool_kg"),
        ),
        migrations.AddIndex(
            model_name="quotaallocation",
            index=models.Index(fields=["holder", "status"], name="quota_allocation_desk"),
        ),
        migrations.AddConstraint(
            model_name="quotaallocation",
            constraint=models.UniqueConstraint(fields=("holder", "number"), name="quota_allocation_number"),
        ),
        migrations.AddIndex(
            model_name="requirement",
            index=models.Index(condition=models.Q(("status", "open")), fields=["agency"], name="requirement_desk"),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(condition=models.Q(("status", "live")), fields=["expires_at"], name="reservation_live"),
        ),
        migrations.AddIndex(
            model_name="reservation",
            index=models.Index(fields=["account", "day"], name="reservation_day"),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.UniqueConstraint(fields=("account", "draw"), name="reservation_draw"),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(condition=models.Q(("kg__gt", 0)), name="reservation_kg"),
        ),
        migrations.AddConstraint(
            model_name="reservation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("status", "live")),
                    models.Q(models.Q(("status", "live"), _negated=True), ("ended_at__isnull", False)),
                    _connector="OR",
                ),
                name="reservation_ends_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="routestop",
            constraint=models.UniqueConstraint(fields=("notification", "position"), name="route_stop_position"),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.UniqueConstraint(fields=("person", "desk", "name"), name="saved_filter_name"),
        ),
        migrations.AddIndex(
            model_name="searchword",
            index=models.Index(fields=["notification", "word"], name="search_word_of"),
        ),
        migrations.AddConstraint(
            model_name="statuslist",
            constraint=models.UniqueConstraint(fields=("holder", "purpose"), name="status_list_purpose"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(condition=models.Q(("active", True)), fields=["next_try"], name="subscription_active"),
        ),
        migrations.AddConstraint(
            model_name="deadlinetold",
            constraint=models.UniqueConstraint(
                fields=("subscription", "clock", "kind", "due_at"), name="deadline_told_once"
            ),
        ),
        migrations.AddIndex(
            model_name="takeback",
            index=models.Index(fields=["holder", "status"], name="take_back_desk"),
        ),
        migrations.AddConstraint(
            model_name="takeback",
            constraint=models.UniqueConstraint(fields=("holder", "case"), name="take_back_case"),
        ),
        migrations.AddConstraint(
            model_name="takeback",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["closed", "not_a_case"]), _negated=True), ("movement__isnull", False)
                ),
                fields=("movement",),
                name="take_back_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="returnconsent",
            constraint=models.UniqueConstraint(fields=("take_back", "authority"), name="return_consent_once"),
        ),
        migrations.AddConstraint(
            model_name="returnconsent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "objected"), _negated=True),
                    ("ground__in", ["safety", "route"]),
                    _connector="OR",
                ),
                name="return_consent_ground",
            ),
        ),
        migrations.AddConstraint(
            model_name="costline",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="take_back_cost_once"),
        ),
        migrations.AddIndex(
            model_name="analysis",
            index=models.Index(
                condition=models.Q(("status", "requested")), fields=["laboratory", "asked_at"], name="analysis_desk"
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.UniqueConstraint(fields=("holder", "reference"), name="analysis_once"),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("consignment__isnull", False),
                        ("declaration__isnull", True),
                        ("movement", None),
                        ("take_back", None),
                    ),
                    models.Q(
                        ("consignment", None),
                        ("declaration__isnull", True),
                        ("movement__isnull", False),
                        ("take_back", None),
                    ),
                    models.Q(
                        ("consignment", None),
                        ("declaration__isnull", True),
                        ("movement", None),
                        ("take_back__isnull", False),
                    ),
                    models.Q(
                        ("consignment", None), ("declaration__isnull", False), ("movement", None), ("take_back", None)
                    ),
                    _connector="OR",
                ),
                name="analysis_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="analysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("contamination_pct", None),
                        models.Q(("contamination_pct__gte", 0), ("contamination_pct__lte", 100)),
                        _connector="OR",
                    ),
                    models.Q(
                        ("moisture_pct", None),
                        models.Q(("moisture_pct__gte", 0), ("moisture_pct__lte", 100)),
                        _connector="OR",
                    ),
                ),
                name="analysis_percent",
            ),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(fields=("organisation", "name"), name="template_name"),
        ),
        migrations.AddConstraint(
            model_name="tolerance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed", False)), fields=("holder", "regime", "since"), name="tolerance_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="tolerance",
            constraint=models.CheckConstraint(
                condition=models.Q(("percent__gte", 0), ("percent__lte", 100)), name="tolerance_percent"
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(fields=("notification", "number"), name="notification_version_once"),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["holder", "declaration", "item"], name="write_off_declaration"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.UniqueConstraint(fields=("office", "transaction"), name="write_off_transaction"),
        ),
        migrations.CreateModel(
            name="CertificateWord",
            fields=[
                ("word", models.BinaryField(max_length=128)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id",
                        "word",
                        "certificate_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "certificate",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="movements.certificate",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                    ),
                ),
            ],
            options={
                "db_table": "certificate_word",
                "indexes": [models.Index(fields=["certificate", "word"], name="certificate_word_of")],
            },
        ),
        migrations.CreateModel(
            name="ConsignmentWord",
            fields=[
                ("word", models.BinaryField(max_length=128)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id",
                        "word",
                        "consignment_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "consignment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="movements.consignment",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                    ),
                ),
            ],
            options={
                "db_table": "consignment_word",
                "indexes": [models.Index(fields=["consignment", "word"], name="consignment_word_of")],
            },
        ),
        migrations.CreateModel(
            name="PermitWord",
            fields=[
                ("word", models.BinaryField(max_length=128)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "word", "permit_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                    ),
                ),
                (
                    "permit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="movements.permit",
                    ),
                ),
            ],
            options={
                "db_table": "permit_word",
                "indexes": [models.Index(fields=["permit", "word"], name="permit_word_of")],
            },
        ),
        migrations.CreateModel(
            name="TakeBackWord",
            fields=[
                ("word", models.BinaryField(max_length=128)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id",
                        "word",
                        "take_back_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.state",
                    ),
                ),
                (
                    "take_back",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="movements.takeback",
                    ),
                ),
            ],
            options={
                "db_table": "take_back_word",
                "indexes": [models.Index(fields=["take_back", "word"], name="take_back_word_of")],
            },
        ),
    ]
