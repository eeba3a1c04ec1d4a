"""A person's own page: roles, acting role, second factor, language."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.parties import choices
from tidegate.parties.access import lacks_second_factor, signed_in
from tidegate.parties.forms import MeForm
from tidegate.parties.middleware import DELEGATION, MEMBERSHIP
from tidegate.parties.models import Person


@signed_in
@require_safe
def me(request: HttpRequest) -> HttpResponseBase:
    """Who am I here: the roles that I have, the one that I act in, and how I sign in."""
    factors = list(Authenticator.objects.filter(user=request.user))
    kinds = Authenticator.Type
    return render(
        request,
        "parties/me.html",
        {
            "choices": choices.of(request),
            "form": MeForm(instance=_self(request)),
            "passkeys": [f for f in factors if f.type == kinds.WEBAUTHN],
            "totp": next((f for f in factors if f.type == kinds.TOTP), None),
            "codes": next((f for f in factors if f.type == kinds.RECOVERY_CODES), None),
            "lacking": lacks_second_factor(request),
            "asked": settings.TIDEGATE_SECOND_FACTOR,
        },
    )


@signed_in
@require_POST
def act(request: HttpRequest) -> HttpResponseBase:
    """Act from now on in another of my roles, or for a principal of my organisation."""
    wanted = request.POST.get("as", "")
    found = next((choice for choice in choices.of(request) if choice.key == wanted), None)
    if found is None:
        messages.error(request, _("You have not this role, or not any more."))
    else:
        request.session[MEMBERSHIP] = str(found.membership.pk)
        request.session[DELEGATION] = str(found.delegation.pk) if found.delegation else None
        messages.success(request, _("You now act as: %(role)s.") % {"role": found.label})
    return redirect(_next(request))


@signed_in
@require_POST
def settings_(request: HttpRequest) -> HttpResponseBase:
    """My name as others read it, and the language of letters to me."""
    form = MeForm(request.POST, instance=_self(request))
    if form.is_valid():
        form.save()
        messages.success(request, _("Kept."))
        return _in_language(redirect("parties:me"), form.cleaned_data["language"])
    messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("parties:me")


def _self(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)  # said by `signed_in`
    return request.user


def _in_language(response: HttpResponse, language: str) -> HttpResponse:
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response


def _next(request: HttpRequest) -> Any:
    """The page that the choice was made on, where it is one of ours; the roles differ in what they may open, so a page
    that may be gone is left for the own one."""
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return "parties:me"
