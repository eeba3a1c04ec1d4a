"""Certificates of quality and of training: signed by whom, on what, shown, verified with no network, taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, actor, organisation, state, wired
from tests.movements.shipments import DAY, arrived, at, in_force
from tests.movements.test_analyses import laboratory, requested, submitted
from tests.movements.test_api import calls, post
from tidegate.movements.commands import certificates
from tidegate.movements.credentials.verify import load, verify
from tidegate.movements.models import Analysis, Certificate
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {"standard": "EN 15347", "load": "Container EXAM1234567", "conforms": "no"}


@pytest.fixture
def wire(settings: Any, tmp_path: Path) -> Iterator[Wire]:
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path
    with wired() as found, times.at(DAY):
        for code in ("TH", "DE"):
            state(code)
        yield found


def chemist(registration: str = "") -> Actor:
    return actor("DE", "laboratory", "officer", registration)


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def refused_in(field: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.field == field)


def answer_of(row: Certificate, **later: float) -> tuple[str, str]:
    """What anybody is told by the file of keys and lists, with no network."""
    known = load(certificates.bundle().dump())
    found = verify(row.token, known.keys, known.status_lists, times.now() + timedelta(**later))
    return found.answer, found.reason


def measured(wire: Wire) -> tuple[Analysis, Any]:
    """An analysis of a movement that was handed in, and that movement."""
    made = at(arrived(wire, in_force(wire)), "DE")
    return submitted(requested(movement_id=made.pk), polymers={"PE": "60"}, hazardous=False), made


def test_the_laboratory_certifies_what_it_measured_and_anybody_verifies_it(wire: Wire, client: Client) -> None:
    row, made = measured(wire)
    mine = signed_in(chemist())
    send(mine, f"/analyses/{row.pk}/certify/", **SAID)
    found = Certificate.objects.get(kind="quality")
    said = found.claims
    assert (said["standard"], said["load"], said["conforms"]) == ("EN 15347", "Container EXAM1234567", False)
    assert (said["contaminationPct"], said["polymers"], said["hazardous"]) == ("12.000", ["PE 60 %"], False)
    assert (said["sampledOn"], said["analysedOn"]) == ("2027-02-20", "2027-02-26")
    assert made.case not in json.dumps(said)  # the laboratory names what it sampled and learns no case
    assert found.number in page(mine, f"/analyses/{row.pk}/")
    plant = signed_in(shipments.facility())  # the load is its own: it shows the certificate, not the analysis
    shown = page(plant, f"/certificates/{found.pk}/")
    assert "Meets the standard" in shown
    assert f"/analyses/{row.pk}/" not in shown
    assert plant.get(f"/analyses/{row.pk}/").status_code == 403
    paper = plant.get(f"/certificates/{found.pk}/certificate.pdf")
    assert paper.content.startswith(b"%PDF")
    assert "EN 15347" in client.post("/verify/", {"token": found.token}).content.decode()
    assert answer_of(found) == ("valid", "")
    send(mine, f"/certificates/{found.pk}/retract/", reason="The sample was mixed up")
    assert answer_of(found) == ("invalid", "revoked")


def test_nobody_certifies_what_was_not_measured_or_another_laboratory_did(wire: Wire) -> None:
    row = requested()
    said = {**SAID, "conforms": True}
    with refused("not_certifiable"):
        certificates.certify_quality(chemist(), row.pk, **said)
    submitted(row)
    with pytest.raises(Missing):
        certificates.certify_quality(chemist("DE-laboratory-2"), row.pk, **said)
    with pytest.raises(Forbidden):
        certificates.certify_quality(laboratory(), row.pk, **said)  # a clerk
    for name in ("standard", "load"):
        with refused_in(name):
            certificates.certify_quality(chemist(), row.pk, **{**said, name: " "})
    made = certificates.certify_quality(actor("DE"), row.pk, **said)
    with refused("not_owner"):  # the authority signed it
        certificates.retract(chemist(), made.pk, revision=made.revision, reason="Not ours")
    with refused("kind"):
        certificates.supersede(actor("DE"), made.pk, revision=made.revision)
    made.refresh_from_db()
    assert answer_of(made) == ("valid", "")


def test_a_training_is_certified_for_its_time(wire: Wire, client: Client) -> None:
    body = organisation("DE", "broker")
    officer = signed_in(actor("DE"))
    assert "/certificates/training/" in page(officer, "/certificates/")
    given: dict[str, Any] = {
        "organisation_id": str(body.pk), "person": "A. Example", "role": "Declarant",
        "course": "Plastic waste codes", "trained_on": "2027-02-01", "valid_until": "2029-01-31",
    }  # fmt: skip
    send(officer, "/certificates/training/", **given)
    found = Certificate.objects.get(kind="training")
    assert (found.claims["person"], found.claims["course"]) == ("A. Example", "Plastic waste codes")
    assert found.number in page(signed_in(actor("DE", "broker", "clerk")), "/certificates/")
    stranger = signed_in(actor("DE", "consignee", "clerk"))
    assert stranger.get(f"/certificates/{found.pk}/").status_code == 404
    assert answer_of(found) == ("valid", "")
    assert answer_of(found, days=800) == ("invalid", "expired")
    for wrong, field in (
        ({"person": "", "role": ""}, "person"), ({"trained_on": "2027-12-01"}, "trained_on"),
        ({"valid_until": "2027-01-01"}, "trained_on"), ({"course": ""}, "course"),
    ):  # fmt: skip
        with refused_in(field):
            certificates.certify_training(actor("DE"), **{**given, **wrong})
    answer = post(
        client, "/commands/certificate/train", given, calls("DE", "competent_authority", "officer")
    )  # fmt: skip
    assert answer.status_code == 200, answer.content
    refused_to = post(client, "/commands/certificate/train", given, calls("DE", "broker", "officer"))
    assert refused_to.status_code == 403
    with pytest.raises(Missing):  # another State's body
        certificates.certify_training(actor("TH"), **given)
