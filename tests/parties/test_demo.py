"""The demo's sign-in asks for no proof: it is there in the demo's settings alone, on this machine alone, and in a
database that is marked as a demo's."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.parties.demo import MARK

PROBE = """
import json
import re
from tidegate.web.serve import prepare
prepare()
prepare()
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from tidegate.parties.models import Membership, Organisation, Person, State
from tidegate.parties.access import walk
from tidegate.parties.models import JournalEntry
from tidegate.movements import machines, models
from tidegate.movements.models import Consignment, GreenShipment
host = {"HTTP_HOST": "localhost"}
page = Client(**host).get("/demo/")
found = {
    "file": str(settings.DATABASES["default"]["NAME"]),
    "status": page.status_code,
    "named": sorted(p.name for p in walk(get_resolver().url_patterns) if p.name and "demo" in p.name),
    "states": sorted(State.objects.values_list("code", flat=True)),
    "kinds": sorted(set(Organisation.objects.values_list("kind", flat=True))),
    "people": Person.objects.count(),
    "passwords": sum(p.has_usable_password() for p in Person.objects.all()),
    "outside": [e for e in Person.objects.values_list("email", flat=True) if not e.endswith("@example.org")],
}
found["green"] = [
    [row.status, row.law, row.held_by, row.late_notice]
    for row in GreenShipment.objects.filter(holder="VN").order_by("reference")
]
found["gate"] = sorted(Consignment.objects.values_list("holder", "status"))
kinds = {
    "notification": models.Notification, "movement": models.Movement, "take_back": models.TakeBack,
    "permit": models.Permit, "certificate": models.Certificate, "quota_pool": models.QuotaPool,
    "quota_allocation": models.QuotaAllocation, "green_shipment": models.GreenShipment, "fee": models.Fee,
}
found["lacking"] = {
    name: sorted({*machines.MACHINES[name].statuses} - {*kind.objects.values_list("status", flat=True)})
    for name, kind in kinds.items()
}
found["without"] = sorted(
    {*found["states"]} - {*models.Notification.objects.values_list("holder", flat=True).distinct()}
)
roles = list(Membership.objects.all())
told = set(JournalEntry.objects.values_list("subject_id", flat=True))
found["told"] = all(row.pk in told for row in [*Organisation.objects.all(), *roles])
found["buttons"] = page.content.decode().count("Sign in as") if page.status_code == 200 else 0
found["roles"] = len(roles)
if roles:
    client = Client(**host)
    found["get"] = client.get(f"/demo/{roles[0].pk}/").status_code
    found["far"] = client.post(f"/demo/{roles[0].pk}/", REMOTE_ADDR="192.0.2.1").status_code
    found["foreign"] = Client(HTTP_HOST="demo.example").get("/demo/").status_code
    found["elsewhere"] = client.post(f"/demo/{roles[0].pk}/", {"next": "//evil.example/"})["Location"]
    found["in"] = client.post(f"/demo/{roles[0].pk}/").status_code
    found["me"] = client.get("/me/").status_code
form = re.compile(r'action="(/demo/[^"]+)".{0,300}?name="next" value="([^"]+)".*?<span>(.*?)<br>')
signs = {"unlike": "on another basis: not compared", "unverified": "not verified", "over": '"td-label">over</span>'}
found["offered"] = {sign: [] for sign in ("all", "desk", *signs)}
for action, where, title in form.findall(page.content.decode()) if page.status_code == 200 else ():
    visitor = Client(**host)
    shown = visitor.post(action, {"next": where}, follow=True)
    assert (shown.status_code, shown.redirect_chain) == (200, [(where, 302)]), title
    text, desk = shown.content.decode(), visitor.get("/desk/").content.decode()
    for sign, there in {"all": True, "desk": where in desk, **{one: signs[one] in text for one in signs}}.items():
        found["offered"][sign] += [title] * there
case = models.InspectorAccess.objects.values_list("case", flat=True).first()
breaches = models.Breach.objects.order_by("kind")
found["weighed"] = [
    [row.loaded_as, row.received_as, list(breaches.filter(subject_id=row.pk).values_list("kind", flat=True))]
    for row in models.Movement.objects.filter(holder="AU", case=case).order_by("serial")
]
found["at_home"] = models.Breach.objects.filter(holder="TH", case=case).count()
found["tolerances"] = sorted([row.holder_id, row.regime, str(row.percent)] for row in models.Tolerance.objects.all())
found["short"] = [
    [row.loaded_kg > row.received_kg, models.Breach.objects.filter(subject_id=row.pk).exists()]
    for row in GreenShipment.objects.filter(holder="AU", reference="T-004")
]
print(json.dumps(found))
"""


def run(folder: Path, settings: str, code: str = PROBE, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_"))}
    named = {"TIDEGATE_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": f"tidegate.web.settings.{settings}"}
    if settings == "office":
        named["TIDEGATE_ALLOWED_HOSTS"] = "localhost"
    return subprocess.run(
        [sys.executable, "-c", code], env={**kept, **named, **environ}, capture_output=True, text=True, timeout=600
    )


@pytest.mark.ci
def test_the_demo_has_a_button_for_each_role(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", TIDEGATE_DATABASE_URL="postgresql:///real")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["file"] == str(tmp_path / "demo.sqlite3"), "whatever database is named outside"
    assert found["states"] == ["AU", "ID", "MY", "TH", "VN"]
    assert {"competent_authority", "customs", "agency", "notifier", "consignee", "facility", "carrier"} <= {
        *found["kinds"]
    }
    assert found["roles"] == found["people"] == found["buttons"] > 40
    assert (found["passwords"], found["outside"]) == (0, [])
    assert (found["get"], found["far"], found["foreign"]) == (405, 404, 400)
    assert (found["in"], found["me"]) == (302, 200)
    assert found["green"] == [
        ["recovered", "green", [], False],
        ["departed", "green", [], False],
        ["entered", "green", [], False],
        ["entered", "barred", [], False],
        ["departed", "green", ["AU"], False],
        ["departed", "green", [], True],
    ], "one in every state, one that is held, one whose form came too late"
    assert found["elsewhere"] == "/desk/"
    gross = {"weighed": {"basis": "gross", "kg": "22300.000", "tare_kg": "2300.000"}}
    dry = {"weighed": {"basis": "dry", "kg": "18000.000", "moisture_pct": "10"}}
    assert found["weighed"] == [
        [gross, {}, []],
        [{}, dry, []],
        [{}, {}, []],
        [{}, {}, ["quantity_difference"]],
        [{}, {"basis": "gross"}, []],
        [{}, {}, []],
    ], "as much short twice: the tolerance became stricter between"
    assert found["at_home"] == 0, "Thailand has set none of its own"
    assert found["tolerances"] == [["AU", "basel", "0.500"], ["AU", "basel", "1.500"], ["AU", "green", "2.000"]]
    assert found["short"] == [[True, False]]
    offered, report = found["offered"], "A report of an inspector, not verified"
    assert len(offered["all"]) == 9, "each opened, as whoever deals with it"
    assert offered["unlike"] == ["Weighed gross on receipt, without a tare: waits for a correction"]
    assert offered["over"] == ["Links for inspectors: one open, one over"]
    assert offered["unverified"] == [*offered["over"], report]
    assert report in offered["desk"]
    assert found["gate"] == [["AU", "held"], ["AU", "open"], ["AU", "released"]]
    # While a movement waits for another State's confirmation the demo would not be at rest.
    assert {name: lacking for name, lacking in found["lacking"].items() if lacking} == {"movement": ["announcing"]}
    assert found["without"] == [], "every State has cases"
    assert found["told"], "every organisation and role was entered by a command"
    with sqlite3.connect(tmp_path / "demo.sqlite3") as database:
        assert database.execute("PRAGMA application_id").fetchone() == (MARK,)


CUT = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from tidegate.exchange import delivery
from tidegate.movements import demo as cases
from tidegate.movements.demo_control import Control
from tidegate.movements.demo_stages import Stages
from tidegate.parties import demo
from tidegate.parties.models import JournalEntry, State
from tidegate.web import serve
demo.mark_database()
call_command("migrate", interactive=False, verbosity=0)

class Cut(BaseException):
    pass

def licences(self):
    before(self)
    assert State.objects.exists() and JournalEntry.objects.filter(type__startswith="permit").exists()
    raise Cut

Stages.tell = Control.tell = lambda self: None
for name in ("northbound", "southbound"):
    setattr(cases.Story, name, lambda self: None)
before, cases.Story.licences = cases.Story.licences, licences
try:
    serve.prepare()
except Cut:
    print("left", State.objects.count(), JournalEntry.objects.count())
for name in ("licences", "deciding"):
    setattr(cases.Story, name, lambda self: None)
serve.prepare()
print("then", State.objects.count(), cases.Notification.objects.count())
"""


@pytest.mark.ci
def test_a_build_that_is_interrupted_leaves_nothing_and_the_next_makes_all(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", CUT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["left", "0", "0", "then", "5", "2"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, made once."""
    folder = tmp_path_factory.mktemp("tables")
    named = f"sqlite:///{folder}/real.sqlite3"
    done = run(folder, "dev", "from tidegate.web.serve import prepare; prepare()", TIDEGATE_DATABASE_URL=named)
    assert done.returncode == 0, done.stderr
    return folder / "real.sqlite3"


@pytest.mark.ci
@pytest.mark.parametrize("settings", ["base", "dev", "office", "test"])
def test_other_settings_have_no_such_route(tmp_path: Path, settings: str, tables: Path) -> None:
    shutil.copy(tables, tmp_path)
    done = run(tmp_path, settings, TIDEGATE_DATABASE_URL=f"sqlite:///{tmp_path}/real.sqlite3")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["named"] == []
    assert found["status"] != 200
    assert found["states"] == [], "and no such people"
    with sqlite3.connect(tmp_path / "real.sqlite3") as database:
        assert database.execute("PRAGMA application_id").fetchone() == (0,)


BUILD = """
import django
from django.core.exceptions import ImproperlyConfigured
django.setup()
from tidegate.parties import demo
for what in (demo.build, demo.mark_database):
    try:
        what()
    except ImproperlyConfigured as refused:
        print(refused)
"""


@pytest.mark.ci
@pytest.mark.parametrize("settings", ["base", "dev", "office"])
def test_nothing_of_the_demo_is_made_elsewhere(tmp_path: Path, settings: str) -> None:
    done = run(tmp_path, settings, BUILD)
    assert done.returncode == 0, done.stderr
    assert len(said := done.stdout.splitlines()) == 2
    assert all("demo" in line for line in said)


def test_a_database_that_is_not_a_demos_is_not_opened(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "demo.sqlite3") as database:
        database.execute("CREATE TABLE consent (id)")
    code = (
        "import sys; from tidegate.cli import main; sys.exit(main(['serve', '--settings', 'demo', '--port', '1024']))"
    )
    done = run(tmp_path, "demo", code)
    assert done.returncode == 2
    assert "not marked as a demo's" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(tmp_path / "demo.sqlite3") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("consent",)]


SERVE = """
from tidegate.cli import main
for host in ("0.0.0.0", "192.0.2.7", "::", "example.org"):
    print(main(["serve", "--settings", "demo", "--host", host]))
"""


def test_the_demo_is_served_to_nobody_else(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", SERVE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2"] * 4
    assert done.stderr.count("on this machine alone") == 4
    assert not (tmp_path / "demo.sqlite3").exists()
