"""Who acts in this request: `request.actor`, None for the public."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from tidegate.parties.actors import Actor, acting, delegations_of
from tidegate.parties.choices import memberships

MEMBERSHIP = "acting_membership"
DELEGATION = "acting_delegation"


class ActorMiddleware:
    """Sets `request.actor`, worked out when a view first asks: the role that the person chose, else the first.

    It is a lazy object: false for the public, but never `is None`. Views under `access.needs` get the actor itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor | None:
    """The actor of a signed-in person; None when nobody is signed in, or the person has no role today."""
    held = memberships(request)
    if not held:
        return None
    chosen = request.session.get(MEMBERSHIP)
    membership = next((m for m in held if str(m.pk) == chosen), held[0])
    wanted = request.session.get(DELEGATION)
    delegations = delegations_of(membership.organisation) if wanted else []
    return acting(membership, next((d for d in delegations if str(d.pk) == wanted), None))
