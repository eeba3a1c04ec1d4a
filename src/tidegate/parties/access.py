"""Who may open a page: each view says so itself, and a test walks every address to hold it to its word.

    @needs("movements.notification.read")
    def show(request: HttpRequest, pk: UUID) -> HttpResponse: ...

    @public
    def verify(request: HttpRequest, reference: str) -> HttpResponse: ...

A view that says nothing is found by tests/parties/test_matrix.py and fails there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from functools import wraps
from typing import Any, TypeVar

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from tidegate.parties.commanding import AwaitingSecond, Conflict, Forbidden, Missing, Refused
from tidegate.parties.models import Person

PUBLIC = "public"
SIGNED_IN = "signed-in"
# A person's pages, before a second factor is set up, must still be reachable: these set it up.
SECOND_FACTOR = "mfa_index"

View = Callable[..., HttpResponseBase]
V = TypeVar("V", bound=View)


def public(view: V) -> V:
    """The view is open to everybody, signed in or not."""
    view.access = PUBLIC  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """The view is a person's own: it asks that somebody is signed in, and no role."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return private(view(request, *args, **kwargs))

    run.access = SIGNED_IN  # type: ignore[attr-defined]
    return run


def needs(right: str, *, fresh: bool = False, utc: bool = False) -> Callable[[View], View]:
    """The view asks a right.

    1. Nobody is signed in: to the sign-in page. No second factor yet, where the installation asks for one: to its page.
    2. The acting role has not the right: 403.
    3. `fresh` asks that the person proved who they are within the last minutes, else they are asked to (a consent).
    4. What a command refuses and the view did not catch becomes a page: 403, 404, 409 or 422; an act that waits for its
       second person leads to the list of those.

    `request.actor` is the actor itself from here on. The page reads and writes times in the zone of the acting State,
    or in `utc` where several States compare them, and is kept by no shared cache.
    """

    def make(view: View) -> View:
        @wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if lacks_second_factor(request):
                messages.warning(request, _("Add a passkey or an authenticator app first: this office asks for both."))
                return redirect(SECOND_FACTOR)
            actor = getattr(request, "actor", None)
            if not actor or not actor.may(right):
                raise PermissionDenied
            request.actor = getattr(actor, "_wrapped", actor)  # type: ignore[attr-defined]
            if fresh:
                raise_if_reauthentication_required(request, app="account")
            with timezone.override(UTC if utc else actor.organisation.holder.zone):
                try:
                    return private(view(request, *args, **kwargs))
                except (Refused, AwaitingSecond) as outcome:
                    return private(answer(request, outcome))

        run.access = right  # type: ignore[attr-defined]
        return run

    return make


def answer(request: HttpRequest, outcome: Refused | AwaitingSecond) -> HttpResponse:
    """The page for what a command did not do, where the view has no place of its own to show it."""
    if isinstance(outcome, AwaitingSecond):
        messages.info(request, _("Stored. A second person has to approve it before it takes effect."))
        return redirect("parties:approvals")
    if isinstance(outcome, Missing):
        raise Http404(str(outcome.text))
    if isinstance(outcome, Forbidden):
        raise PermissionDenied
    status = 409 if isinstance(outcome, Conflict) else 422
    context = {"title": _("This was not done"), "text": str(outcome.text), "status": status}
    return render(request, "error.html", context, status=status)


def private(response: HttpResponseBase) -> HttpResponseBase:
    """A page of one person's data: no shared cache may keep it."""
    patch_cache_control(response, private=True, no_store=True)
    patch_vary_headers(response, ["Cookie"])
    return response


def lacks_second_factor(request: HttpRequest) -> bool:
    """Whether the installation asks for a second factor that the person signed in has not set up."""
    if not settings.TIDEGATE_SECOND_FACTOR or not isinstance(request.user, Person):
        return False
    from allauth.mfa.models import Authenticator

    own = Authenticator.objects.filter(user=request.user)
    return not own.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def public_urls(included: Any, but: Iterable[str] = ()) -> Any:
    """A whole folder of pages that is open to everybody: what `include` gives, each view marked.

    `but` names the addresses (by URL name) that are not; they say for themselves.
    """
    kept = frozenset(but)
    patterns = getattr(included[0], "urlpatterns", included[0])
    for pattern in walk(patterns):
        if pattern.name not in kept and not hasattr(pattern.callback, "access"):
            pattern.callback.access = PUBLIC  # type: ignore[attr-defined]
    return included


def walk(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    """Every address below some patterns."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns)
        else:
            yield pattern


__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "ReauthenticationRequired",
    "answer",
    "needs",
    "private",
    "public",
    "public_urls",
    "signed_in",
    "walk",
]
