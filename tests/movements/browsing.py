"""What the tests of the pages share: somebody signed in, a page that opens, an act's form sent as people do."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tidegate.parties.actors import Actor


def signed_in(actor: Actor) -> Client:
    """A browser in which the actor's person is signed in."""
    client = Client()
    assert actor.person is not None
    client.force_login(actor.person)
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    """The text of a page."""
    response = client.get(address)
    assert response.status_code == status, (address, response.status_code, response.content.decode()[-600:])
    return response.content.decode()


def send(client: Client, address: str, status: int = 302, **fields: Any) -> str:
    """Open an act's form as people do, and send it filled in."""
    form = client.get(address)
    assert form.status_code == 200, (address, form.status_code)
    asked = form.context["form"]
    first = {name: asked[name].value() for name in asked.fields}
    given = {name: value for name, value in {**first, **fields}.items() if value is not None}
    response = client.post(address, given)
    errors = response.context["form"].errors if response.status_code == 422 and response.context else ""
    assert response.status_code == status, (address, response.status_code, errors)
    return response.content.decode()
