import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tidegate.parties.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                ("name", models.CharField(max_length=120, verbose_name="name or office")),
                ("language", models.CharField(blank=True, max_length=8, verbose_name="language")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("joined", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "db_table": "person",
            },
        ),
        migrations.CreateModel(
            name="Organisation",
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
                            ("competent_authority", "Competent authority"),
                            ("customs", "Customs"),
                            ("agency", "Other agency"),
                            ("notifier", "Exporter or notifier"),
                            ("consignee", "Importer or consignee"),
                            ("carrier", "Carrier"),
                            ("facility", "Facility"),
                            ("laboratory", "Laboratory"),
                            ("broker", "Broker or agent"),
                            ("secretariat", "Secretariat"),
                            ("public", "The public"),
                        ],
                        max_length=24,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("registration", models.CharField(max_length=64, verbose_name="registration number")),
                ("address", models.TextField(blank=True, verbose_name="address")),
                ("contact", models.CharField(blank=True, max_length=200, verbose_name="contact person or office")),
                ("telephone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
                ("fax", models.CharField(blank=True, max_length=40, verbose_name="fax")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("authority_code", models.CharField(blank=True, max_length=32, verbose_name="authority's code number")),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("revision", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "organisation",
                "db_table": "organisation",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="State",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=2,
                        primary_key=True,
                        serialize=False,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{2}$")],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("node", models.CharField(max_length=64, unique=True, verbose_name="exchange address")),
                ("here", models.BooleanField(default=False, verbose_name="kept on this node")),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("language", models.CharField(default="en", max_length=8, verbose_name="language")),
                ("two_person", models.JSONField(blank=True, default=list, verbose_name="acts that take two persons")),
                ("revision", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "State",
                "db_table": "state",
                "ordering": ["code"],
            },
        ),
        migrations.CreateModel(
            name="Done",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sender", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=128)),
                ("right", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                ("result", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "db_table": "idempotency",
                "constraints": [models.UniqueConstraint(fields=("sender", "key"), name="idempotency_once")],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("rights", models.JSONField(default=list, verbose_name="rights")),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_until", models.DateField(verbose_name="until")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_held",
                        to="parties.organisation",
                    ),
                ),
                (
                    "principal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_given",
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
            ],
            options={
                "db_table": "delegation",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gte", models.F("valid_from"))), name="delegation_dates"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("principal", models.F("agent")), _negated=True), name="delegation_other"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="organisation",
            name="holder",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.state",
                verbose_name="held by",
            ),
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("type", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=32)),
                ("subject_id", models.UUIDField()),
                ("case", models.CharField(blank=True, max_length=64)),
                ("revision", models.PositiveIntegerField()),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("state", models.CharField(max_length=2)),
                ("role", models.CharField(blank=True, max_length=16)),
                ("law_version", models.CharField(blank=True, max_length=64)),
                ("payload", models.JSONField(default=dict)),
                ("digest", models.CharField(max_length=64)),
                ("number", models.PositiveBigIntegerField(null=True)),
                ("head", models.CharField(blank=True, max_length=64)),
                ("sealed_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "agent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="parties.organisation",
                    ),
                ),
                (
                    "principal",
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
                    ),
                ),
            ],
            options={
                "db_table": "journal",
                "indexes": [
                    models.Index(fields=["holder", "case", "id"], name="journal_case"),
                    models.Index(condition=models.Q(("number", None)), fields=["id"], name="journal_unsealed"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("holder", "number"), name="journal_number"),
                    models.UniqueConstraint(fields=("subject_id", "revision"), name="journal_revision"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Facility",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("address", models.TextField(verbose_name="address of the site")),
                ("permit_number", models.CharField(blank=True, max_length=64, verbose_name="permit number")),
                ("operations", models.JSONField(default=list, verbose_name="authorised operations")),
                ("wastes", models.JSONField(default=list, verbose_name="authorised wastes")),
                (
                    "capacity_kg_year",
                    models.DecimalField(
                        blank=True, decimal_places=3, max_digits=18, null=True, verbose_name="capacity (kg a year)"
                    ),
                ),
                ("authorised_from", models.DateField(blank=True, null=True, verbose_name="authorised from")),
                ("authorised_until", models.DateField(blank=True, null=True, verbose_name="authorised until")),
                ("preconsented_from", models.DateField(blank=True, null=True, verbose_name="pre-consented from")),
                ("preconsented_until", models.DateField(blank=True, null=True, verbose_name="pre-consented until")),
                (
                    "preconsented_kg",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        max_digits=18,
                        null=True,
                        verbose_name="pre-consented quantity (kg)",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facilities",
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
            ],
            options={
                "verbose_name": "facility",
                "db_table": "facility",
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("capacity_kg_year", None), ("capacity_kg_year__gte", 0), _connector="OR"),
                        name="facility_capacity",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("authorised_from", None),
                            ("authorised_until", None),
                            ("authorised_until__gte", models.F("authorised_from")),
                            _connector="OR",
                        ),
                        name="facility_dates",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("preconsented_from", None),
                            ("preconsented_until", None),
                            ("preconsented_until__gte", models.F("preconsented_from")),
                            _connector="OR",
                        ),
                        name="facility_preconsent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("command", models.CharField(max_length=64)),
                ("arguments", models.JSONField()),
                ("subject_id", models.UUIDField()),
                ("case", models.CharField(blank=True, max_length=64)),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for a second person"),
                            ("approved", "Approved and carried out"),
                            ("refused", "Refused"),
                            ("void", "Void"),
                        ],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "organisation",
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
            ],
            options={
                "db_table": "approval",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", None),
                            models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="approval_two",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "waiting")),
                        fields=("command", "subject_id"),
                        name="approval_one_waiting",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="label")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Reader"),
                            ("clerk", "Case worker"),
                            ("officer", "Officer who decides"),
                            ("manager", "Manager of people and roles"),
                        ],
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                ("rights", models.JSONField(blank=True, default=list, verbose_name="limited to")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_until", models.DateField(verbose_name="until")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                ("last_used", models.DateTimeField(blank=True, null=True, verbose_name="last used")),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "delegation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="parties.delegation",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="keys", to="parties.organisation"
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
                "db_table": "access_key",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gte", models.F("valid_from"))), name="access_key_dates"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.parties.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Reader"),
                            ("clerk", "Case worker"),
                            ("officer", "Officer who decides"),
                            ("manager", "Manager of people and roles"),
                        ],
                        max_length=16,
                        verbose_name="role",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="from")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="until")),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="parties.organisation",
                    ),
                ),
            ],
            options={
                "db_table": "membership",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "organisation", "role", "valid_from"), name="membership_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="membership_dates",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.UniqueConstraint(fields=("holder", "registration"), name="organisation_registration"),
        ),
    ]
