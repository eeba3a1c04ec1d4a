"""Signing in, the second factor, roles switched, people invited: what a person sees in a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client

from tests.parties.test_delegation import delegated
from tests.parties.world import World, today
from tidegate.parties.models import AccessKey, Delegation, Facility, JournalEntry, Membership, Organisation, Person

pytestmark = pytest.mark.django_db

PASSWORD = "seven quiet herons"


def with_password(person: Person) -> Person:
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client: Client, person: Person, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": person.email, "password": password})


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# ── signing in ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_password_signs_in_and_a_wrong_one_says_the_same_of_everybody(world: World, client: Client) -> None:
    person = with_password(world.membership("customs", "officer").person)
    wrong = [
        text_of(sign_in(client, person, "wrong")),
        text_of(client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})),
    ]
    said = [re.search(r'role="alert">.*?<p>(.*?)</p>', page) for page in wrong]
    assert said[0] is not None
    assert said[1] is not None
    assert said[0][1] == said[1][1]
    assert sign_in(client, person).status_code == 302
    assert client.get("/me/").status_code == 200


def test_nobody_signs_up(client: Client) -> None:
    page = client.get("/accounts/signup/")
    assert "<form" not in page.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    client.post("/accounts/signup/", {"email": "stranger@example.org", "password1": PASSWORD})
    assert not Person.objects.exists()
    for path in ("/accounts/email/", "/accounts/confirm-email/x/", "/accounts/3rdparty/"):
        assert client.get(path).status_code == 404


def test_a_forgotten_password_tells_the_page_nothing_and_a_stranger_of_no_sign_up(world: World) -> None:
    """Whether an address has an account is said to its owner alone, by letter, and who gives accounts."""
    person = with_password(world.membership("customs", "officer").person)
    seen, letters = [], []
    for address in (person.email, "nobody@example.org"):
        answer = Client().post("/accounts/password/reset/", {"email": address}, follow=True)
        page = re.sub(r'nonce="[^"]+"|name="csrfmiddlewaretoken" value="[^"]+"', "", text_of(answer))
        seen.append((answer.status_code, answer.redirect_chain, page.replace(address, "")))
        letters.append(mail.outbox[-1])
    assert seen[0] == seen[1]
    assert [letter.to for letter in letters] == [[person.email], ["nobody@example.org"]]
    mine, strange = (str(letter.body) for letter in letters)
    assert "/accounts/password/reset/key/" in mine
    assert "nobody@example.org" in strange
    assert "invited by the manager of people and roles" in strange
    assert re.findall(r"https?://|/accounts/|sign ?up", strange) == []


def test_the_authenticator_app_is_asked_for_after_the_password(world: World, client: Client) -> None:
    person = with_password(world.membership("customs", "officer").person)
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    first = sign_in(client, person)
    assert first["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/me/").status_code == 302, "the password alone opens nothing"
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    code = code_of(secret)
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert client.get("/journal/").status_code == 200
    other = Client()
    sign_in(other, person)
    assert other.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200, "a code works once"


@pytest.mark.parametrize("path", ["totp/activate/", "webauthn/add/"])
def test_who_asks_for_anothers_new_password_does_not_keep_them_from_a_second_factor(
    world: World, client: Client, path: str
) -> None:
    person = with_password(world.membership("customs", "officer").person)
    Client().post("/accounts/password/reset/", {"email": person.email})
    sign_in(client, person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get(f"/accounts/2fa/{path}").status_code == 200


@pytest.mark.parametrize("path", ["/journal/", "/organisations/", "/keys/", "/api/v1/journal"])
def test_without_a_second_factor_no_page_with_data_opens(world: World, settings: Any, path: str) -> None:
    settings.TIDEGATE_SECOND_FACTOR = True
    row = world.membership("competent_authority", "manager")
    client = world.client("competent_authority", "manager")
    refused = client.get(path)
    assert (refused.status_code, refused.headers.get("Location")) in ((302, "/accounts/2fa/"), (401, None))
    assert "no second factor yet" in text_of(client.get("/me/"))
    RecoveryCodes.activate(row.person)
    assert client.get(path).status_code in (302, 401), "recovery codes are no factor of their own"
    Authenticator.objects.create(user=row.person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert client.get(path).status_code == 200


def test_a_step_that_binds_asks_again_who_is_there(world: World, client: Client) -> None:
    person = with_password(world.membership("customs", "manager").person)
    sign_in(client, person)
    asked = client.get("/keys/new/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    answered = client.post(asked["Location"], {"password": PASSWORD})
    assert answered["Location"] == "/keys/new/"
    assert client.get("/keys/new/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/signup/",
        "/accounts/inactive/", "/accounts/logout/", "/accounts/password/change/", "/accounts/2fa/",
        "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/",
        "/accounts/reauthenticate/", "/me/",
    ],
)  # fmt: skip
def test_every_page_of_signing_in_is_in_the_frame(world: World, path: str) -> None:
    client = Client()
    person = with_password(world.membership("customs", "officer").person)
    if path not in ("/accounts/login/", "/accounts/signup/"):
        sign_in(client, person)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(path)
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<h1") == 1
    assert 'class="td-header' in text
    assert "style=" not in text
    assert page["Content-Security-Policy"].count("unsafe") == 0


# ── acting ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_with_several_roles_chooses(world: World) -> None:
    row = world.membership("customs", "viewer")
    other = Membership.objects.create(
        person=row.person, organisation=world.body("notifier"), role="manager", valid_from=today()
    )
    client = world.client("customs", "viewer")
    assert client.get("/journal/").status_code == 200
    page = text_of(client.get("/me/"))
    assert "Reader, customs 0 VN" in page
    assert "Manager of people and roles, notifier 0 VN" in page
    client.post("/me/act/", {"as": str(other.pk), "next": "/delegations/"})
    assert client.get("/delegations/").status_code == 200
    assert client.get("/journal/").status_code == 403
    refused = client.post("/me/act/", {"as": str(world.membership("customs", "manager").pk)})
    assert refused["Location"] == "/me/"
    assert client.get("/delegations/").status_code == 200, "still who one was"
    assert client.post("/me/act/", {"as": str(row.pk), "next": "https://evil.example/"})["Location"] == "/me/"


def test_an_agent_acts_for_its_principal_until_it_is_revoked(world: World) -> None:
    grant = delegated(world, rights=["parties.organisation.read"])
    client = world.client("broker", "clerk")
    row = world.membership("broker", "clerk")
    client.post("/me/act/", {"as": f"{row.pk}.{grant.pk}"})
    page = text_of(client.get("/organisations/"))
    assert "notifier 0 VN" in page.split("<main", 1)[1]
    assert "broker 0 VN" not in page.split("<main", 1)[1]
    Delegation.objects.update(revoked_at=grant.valid_from.isoformat() + "T00:00:00Z")
    after = text_of(client.get("/organisations/")).split("<main", 1)[1]
    assert "notifier 0 VN" not in after
    assert "broker 0 VN" in after


def test_a_role_that_ended_opens_nothing(world: World) -> None:
    client = world.client("customs", "officer")
    assert client.get("/journal/").status_code == 200
    row = world.membership("customs", "officer")
    Membership.objects.filter(pk=row.pk).update(valid_until=today() - timedelta(days=2))
    assert client.get("/journal/").status_code == 403
    Membership.objects.filter(pk=row.pk).update(valid_until=None)
    Organisation.objects.filter(pk=row.organisation_id).update(active=False)
    assert client.get("/journal/").status_code == 403
    Person.objects.filter(pk=row.person_id).update(is_active=False)
    assert client.get("/journal/").status_code == 302


def test_the_header_shows_only_what_the_role_may(world: World) -> None:
    viewer, officer = world.client("carrier", "viewer"), world.client("customs", "officer")
    assert 'href="/journal/"' not in text_of(viewer.get("/me/"))
    for path in ("/journal/", "/approvals/", "/organisations/"):
        assert f'href="{path}"' in text_of(officer.get("/law/"))
    public = text_of(Client().get("/law/"))
    assert 'href="/accounts/login/"' in public
    assert 'href="/organisations/"' not in public


def test_name_and_language_are_ones_own(world: World) -> None:
    client = world.client("customs", "officer")
    done = client.post("/me/settings/", {"name": "Duty officer", "language": "vi"})
    assert done.cookies["django_language"].value == "vi"
    person = world.membership("customs", "officer").person
    person.refresh_from_db()
    assert (person.name, person.language) == ("Duty officer", "vi")
    client.post("/me/settings/", {"name": "", "language": "xx"})
    person.refresh_from_db()
    assert person.language == "vi"


# ── managing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_invited_person_sets_a_password_once(world: World) -> None:
    manager = world.client("carrier", "manager")
    body = world.body("carrier")
    given = {"email": "new@example.org", "name": "New clerk", "role": "clerk", "valid_from": today().isoformat()}
    page = manager.post(f"/organisations/{body.pk}/people/new/", given)
    link = re.search(r"http://testserver(/accounts/password/reset/key/[^\"]+)", page.content.decode())
    assert link is not None
    assert link[1] in mail.outbox[0].body
    assert mail.outbox[0].to == ["new@example.org"]
    newcomer = Client()
    form = newcomer.get(link[1], follow=True)
    done = newcomer.post(form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    assert done.status_code == 302
    person = Person.objects.get(email="new@example.org")
    assert sign_in(Client(), person).status_code == 302
    again = Client().get(link[1], follow=True)
    assert 'name="password1"' not in again.content.decode(), "the link worked once"
    row = Membership.objects.get(person=person)
    assert manager.post(f"/roles/{row.pk}/link/").status_code == 404, "no manager gets a key to somebody's account"
    assert manager.post(f"/roles/{row.pk}/end/").status_code == 302
    row.refresh_from_db()
    assert row.valid_until is not None


def test_a_mail_server_that_fails_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("tidegate.parties.letters.send_mail", broken)
    given = {"email": "new@example.org", "name": "New", "role": "clerk", "valid_from": today().isoformat()}
    page = world.client("carrier", "manager").post(f"/organisations/{world.body('carrier').pk}/people/new/", given)
    assert "could not be sent" in text_of(page)
    assert Membership.objects.filter(person__email="new@example.org").exists()


def test_the_register_in_the_browser(world: World) -> None:
    client = world.client("competent_authority", "manager")
    given = {"kind": "facility", "name": "Works <b>", "registration": "F-9", "email": "x@example.org"}
    made = client.post("/organisations/new/", given)
    row = Organisation.objects.get(registration="F-9")
    assert made["Location"] == f"/organisations/{row.pk}/"
    assert "Works &lt;b&gt;" in text_of(client.get("/organisations/?q=works"))
    assert "Nothing found" in text_of(client.get("/organisations/?q=zebra"))
    taken = client.post("/organisations/new/", given)
    assert taken.status_code == 422
    assert "This registration number is taken" in text_of(taken)
    edit = f"/organisations/{row.pk}/edit/"
    late = {**given, "name": "Late", "revision": 0}
    assert "Somebody else changed it meanwhile" in text_of(client.post(edit, late))
    assert client.post(edit, {**given, "name": "Works", "revision": 1, "active": "on"}).status_code == 302
    officer = world.client("competent_authority", "officer")
    site = {
        "name": "Site", "address": "1 Example Street", "operations": "r3, D10", "wastes": "b3011 Y48",
        "capacity_kg_year": "1000.5", "authorised_from": "2026-01-01", "authorised_until": "2027-01-01",
    }  # fmt: skip
    assert officer.post(f"/organisations/{row.pk}/facilities/new/", site).status_code == 302
    found = Facility.objects.get()
    assert (found.operations, found.wastes) == (["R3", "D10"], ["B3011", "Y48"])
    wrong = officer.post(f"/facilities/{found.pk}/edit/", {**site, "wastes": "B1", "revision": 1})
    assert wrong.status_code == 422
    assert "no code of the Basel Convention" in text_of(wrong)
    page = text_of(officer.get(f"/organisations/{row.pk}/"))
    assert "R3, D10" in page
    assert "1 January 2026 to 1 January 2027" in page


def test_a_key_is_shown_once(world: World) -> None:
    client = world.client("carrier", "manager")
    given = {
        "label": "erp", "role": "clerk", "valid_from": today().isoformat(),
        "valid_until": (today() + timedelta(days=30)).isoformat(), "rights": ["parties.feed.read"],
    }  # fmt: skip
    page = client.post("/keys/new/", given).content.decode()
    secret = re.search(r'value="(tgk_[^"]+)"', page)
    assert secret is not None
    assert secret[1] not in client.get("/keys/").content.decode()
    calls = Client()
    header = {"Authorization": f"Bearer {secret[1]}"}
    assert calls.get("/api/v1/journal", headers=header).status_code == 200
    assert calls.get("/api/v1/organisations", headers=header).status_code == 403
    assert client.post(f"/keys/{AccessKey.objects.get().pk}/revoke/").status_code == 302
    assert calls.get("/api/v1/journal", headers=header).status_code == 401
    assert JournalEntry.objects.filter(type__startswith="accesskey").count() == 2
    assert not any(secret[1] in str(row) for row in JournalEntry.objects.values())


def test_a_delegation_in_the_browser(world: World) -> None:
    client = world.client("notifier", "manager")
    days = {"valid_from": today().isoformat(), "valid_until": (today() + timedelta(days=30)).isoformat()}
    given = {"agent": str(world.body("broker").pk), "rights": ["parties.feed.read"], **days}
    assert client.post("/delegations/new/", {**given, "rights": []}).status_code == 422
    assert client.post("/delegations/new/", given).status_code == 302
    page = text_of(client.get("/delegations/"))
    assert "broker 0 VN" in page
    assert "Read the change feed" in page
    assert "notifier 0 VN" in text_of(world.client("broker", "manager").get("/delegations/"))
    assert client.post(f"/delegations/{Delegation.objects.get().pk}/revoke/").status_code == 302
    assert "revoked on" in text_of(client.get("/delegations/"))


def test_the_journal_in_the_browser(world: World) -> None:
    manager = world.client("competent_authority", "manager")
    manager.post("/organisations/new/", {"kind": "carrier", "name": "Heron", "registration": "H"})
    official = world.client("customs", "viewer")
    page = text_of(official.get("/journal/"))
    assert "Organisation entered in the register" in page
    assert "not sealed" in page
    row = JournalEntry.objects.get()
    from tidegate.parties import sealing

    sealing.seal_all()
    page = text_of(official.get("/journal/?type=organisation.added"))
    assert sealing.tail("VN").head in page
    assert row.digest in text_of(official.get(f"/journal/{row.pk}/"))
    for query in ("type=state.changed", "case=X", f"day={today() - timedelta(days=9)}"):
        assert "Nothing was recorded" in text_of(official.get(f"/journal/?{query}"))
    assert official.get("/journal/?day=yesterday&before=x&subject=y").status_code == 200
    assert "Heron" not in text_of(world.client("customs", "viewer", "MY").get("/journal/"))
