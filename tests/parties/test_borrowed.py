"""The pages of signing in, in every language: what the library would leave in English is in our catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import allauth
import django
import lxml.html
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings as live_settings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from tests.parties.test_people import PASSWORD, sign_in, with_password
from tests.parties.world import World
from tidegate.parties import borrowed
from tidegate.parties.models import Person
from tools import messages

# The same in every language: names; and a word that is Malay too.
SAME = {"Tidegate", "testserver", "Edit"}


def said(response: Any) -> set[str]:
    """What a page says in its title, its messages and its own part, with the labels of what is not text."""
    assert response.status_code == 200, (response.request["PATH_INFO"], response.headers.get("Location"))
    tree = lxml.html.document_fromstring(response.content.decode())
    found: Any = tree.xpath("//title//text() | //main//text()[not(ancestor::script)]")
    found += tree.xpath("//main//@placeholder | //main//@title | //main//input[@type='text'][@name='name']/@value")
    # A title says its page's name, then ours.
    return {" ".join(part.split()) for text in found for part in text.split(" · ")} - {""}


def browser(language: str) -> Client:
    client = Client()
    client.cookies[live_settings.LANGUAGE_COOKIE_NAME] = language
    return client


def as_a_stranger(person: Person, language: str) -> Iterator[Any]:
    client = browser(language)
    for path in (
        "login/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/done/",
        "signup/",
        "inactive/",
    ):
        yield client.get(f"/accounts/{path}")
    yield sign_in(client, person, "not the password")
    yield client.get("/accounts/password/reset/key/1-unknown/", follow=True)
    client.post("/accounts/password/reset/", {"email": person.email})
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link is not None
    form = client.get(link[1], follow=True)
    yield form
    for given in (("short", "short"), (PASSWORD, "another one altogether"), ("password1234", "password1234")):
        yield client.post(form.redirect_chain[-1][0], dict(zip(("password1", "password2"), given, strict=True)))


def as_the_person(person: Person, language: str) -> Iterator[Any]:
    client = browser(language)
    yield client.get(sign_in(client, person)["Location"], follow=True)
    yield client.get("/accounts/password/reset/")
    yield client.get("/accounts/reauthenticate/")
    yield client.post("/accounts/reauthenticate/", {"password": "not the password"})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for path in ("logout/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/", "2fa/webauthn/add/"):
        yield client.get(f"/accounts/{path}")
    yield client.post("/accounts/password/change/", {"oldpassword": "no", "password1": "x", "password2": "y"})
    yield client.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    keys = [
        Authenticator.objects.create(
            user=person,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "K-1", "passwordless": kind, "credential": {"clientExtensionResults": {"credProps": props}}},
        )
        for kind, props in ((True, {"rk": True}), (False, {"rk": False}), (None, {}))
    ]
    for path in ("", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/", "webauthn/"):
        yield client.get(f"/accounts/2fa/{path}")
    for path in ("edit", "remove"):
        yield client.get(f"/accounts/2fa/webauthn/keys/{keys[0].pk}/{path}/")
    yield client.post("/accounts/2fa/recovery-codes/generate/", follow=True)
    yield client.post(f"/accounts/2fa/webauthn/keys/{keys[0].pk}/remove/", follow=True)
    # Keys that no device made are listed, but nobody can be asked for them.
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).delete()
    for path in ("reauthenticate/", "2fa/reauthenticate/"):
        yield client.get(f"/accounts/{path}")
    yield client.post("/accounts/2fa/totp/deactivate/", follow=True)
    TOTP.activate(person, generate_totp_secret())
    other = browser(language)
    yield other.get(sign_in(other, person)["Location"])
    yield other.post("/accounts/2fa/authenticate/", {"code": "000000"})
    yield client.post("/accounts/logout/", {"next": "/accounts/login/"}, follow=True)


def walk(person: Person, language: str) -> tuple[list[set[str]], list[str]]:
    """What every page says; and the letters, a line each."""
    Authenticator.objects.filter(user=person).delete()
    mail.outbox.clear()
    cache.clear()
    pages = [said(page) for walked in (as_a_stranger, as_the_person) for page in walked(person, language)]
    browser(language).post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert len(mail.outbox) == 2
    return pages, [line for letter in mail.outbox for line in (str(letter.subject), *str(letter.body).splitlines())]


@pytest.mark.django_db
def test_nothing_of_signing_in_is_left_in_english(world: World, request: pytest.FixtureRequest) -> None:
    """In every language; a newcomer's run takes the one of which the library knows nothing."""
    languages = ["ms"] if request.config.getoption("--size") == "newcomer" else sorted(messages.LANGUAGES)
    role = world.membership("customs", "officer")
    person = with_password(role.person)
    same = {person.name, person.email, role.organisation.name, *SAME}
    pages, letters = walk(person, "en")
    for language in languages:
        seen, read = walk(person, language)
        assert len(pages) == len(seen)
        both = set.union(*(one & other for one, other in zip(pages, seen, strict=True))) | set(letters) & set(read)
        left = {text for text in both - same if re.search(r"[A-Za-z]{3}", text) and "://" not in text}
        assert (language, left) == (language, set())


def test_what_is_borrowed_is_still_the_librarys() -> None:
    """A library that words a text anew would leave ours unread: say here what it says now."""
    library, framework = Path(allauth.__file__).parent, Path(django.__file__).parent
    theirs: set[messages.Key] = set(messages.in_python(framework / "contrib" / "auth" / "password_validation.py"))
    for room in ("account", "mfa"):
        for path in (library / room).rglob("*.py"):
            theirs |= set(messages.in_python(path))
        for path in (library / "templates" / room).rglob("*.*"):
            theirs |= set(messages.in_template(path))
    ours = set(messages.in_python(Path(borrowed.__file__)))
    assert len(ours) > 100
    assert ours - theirs == set()
