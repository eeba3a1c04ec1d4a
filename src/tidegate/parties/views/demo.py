"""One sign-in button for each role of the demo. There is no proof of who presses it, so three things have to hold:

1. the settings are the demo's (else the addresses do not exist);
2. the database is marked as a demo's;
3. the request comes from this machine.
"""

from __future__ import annotations

from ipaddress import ip_address
from itertools import groupby
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from tidegate.parties.access import private, public
from tidegate.parties.accounts import AccountAdapter
from tidegate.parties.demo import is_marked
from tidegate.parties.middleware import DELEGATION, MEMBERSHIP
from tidegate.parties.models import Membership, Organisation
from tidegate.parties.registry import registry

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _check(request: HttpRequest) -> None:
    try:
        here = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        here = False
    if not (settings.TIDEGATE_DEMO and here and is_marked()):
        raise Http404


@public
@require_safe
def people(request: HttpRequest) -> HttpResponseBase:
    """Every role of the demo, by State and organisation."""
    _check(request)
    found = Membership.objects.filter(organisation__registration__startswith="DEMO-")
    rows = found.select_related("person", "organisation", "organisation__holder")
    ordered = sorted(rows, key=_order)
    states = [
        {
            "state": state,
            "bodies": [
                {
                    "organisation": organisation,
                    # "Officer 2, Competent Authority of …": the card says the rest.
                    "roles": [{"pk": row.pk, "title": row.person.name.partition(",")[0]} for row in roles],
                }
                for organisation, roles in groupby(of_state, key=lambda row: row.organisation)
            ],
        }
        for state, of_state in groupby(ordered, key=lambda row: row.organisation.holder)
    ]
    return private(render(request, "parties/demo.html", {"states": states, "cases": _cases(ordered)}))


def _cases(rows: list[Membership]) -> list[dict[str, Any]]:
    """The cases that are pointed out, each with the role that looks at it."""
    first = {(row.organisation.registration, row.role): row for row in reversed(rows)}
    found = registry.demo_cases() if registry.demo_cases is not None else ()
    return [{"said": one, "row": row} for one in found if (row := first.get((one.registration, one.role)))]


def _order(row: Membership) -> tuple[str, int, str, str]:
    """By State, authorities first, then by the kinds' own order and by name."""
    body = row.organisation
    return (body.holder_id, list(Organisation.Kind.values).index(body.kind), body.name, row.person.name)


@public
@require_POST
def sign_in(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Be the person who has this role, and act in it; on the page that was asked for, else on the desk."""
    _check(request)
    row = Membership.objects.select_related("person", "organisation").filter(pk=pk).first()
    if row is None or not row.organisation.registration.startswith("DEMO-") or row.person.has_usable_password():
        raise Http404
    login(request, row.person, backend=BACKEND)
    request.session[MEMBERSHIP] = str(row.pk)
    request.session[DELEGATION] = None
    wanted = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return redirect(wanted if here else AccountAdapter(request).get_login_redirect_url(request))
