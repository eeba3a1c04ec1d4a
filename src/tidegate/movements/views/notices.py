"""The pages of notices: the list, a new one, one with its last error, and a webhook's secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.movements import notices
from tidegate.movements.commands import notices as commands
from tidegate.movements.forms.notices import ChangeMailForm, ChangeWebhookForm, MailForm, WebhookForm
from tidegate.movements.models import Subscription
from tidegate.movements.notices import KEEP, KEEP_WEBHOOK
from tidegate.movements.views.acting import say
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused


@needs(KEEP)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The reader's notices, with what went wrong last."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    rows = [(row, _about(row), notices.words(row.last_error) if row.last_error else "") for row in notices.mine(actor)]
    return render(request, "movements/notices.html", {"rows": rows, "webhooks": actor.may(KEEP_WEBHOOK)})


@needs(KEEP)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new notice by e-mail."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = MailForm(actor, request.POST if request.method == "POST" else None)
    made = _kept(form, lambda said: commands.subscribe(actor, **said))
    if made is not None:
        messages.success(request, _("You will be told."))
        return redirect("movements:notices")
    return _form(request, form, _("Notices by e-mail"))


@needs(KEEP_WEBHOOK, fresh=True)
@require_http_methods(["GET", "POST"])
def new_webhook(request: HttpRequest) -> HttpResponseBase:
    """A new webhook. Its secret stands on the answer to this request and nowhere else."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = WebhookForm(request.POST if request.method == "POST" else None)
    made = _kept(form, lambda said: commands.subscribe(actor, channel=Subscription.Channel.WEBHOOK, **said))
    if made is not None:
        return render(request, "movements/notice_secret.html", {"row": made, "secret": getattr(made, "shown", "")})
    return _form(request, form, _("A webhook"))


@needs(KEEP)
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One subscription: changed, tested, ended here."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = _found(actor, pk)
    given = request.POST if request.method == "POST" else None
    initial = {
        "channel": row.channel, "address": row.address, "events": row.events, "days_ahead": row.days_ahead,
        "active": row.active, "revision": row.revision,
    }  # fmt: skip
    form: Any
    if row.webhook:
        form = ChangeWebhookForm(given, initial=initial)
    else:
        form = ChangeMailForm(actor, given, initial=initial, own=row.person.email if row.person else "")
    status = [200]
    if _kept(form, lambda said: commands.change(actor, row.pk, **said), status) is not None:
        messages.success(request, _("Changed."))
        return redirect("movements:notices")
    context = {
        "row": row,
        "form": form,
        "error": notices.words(row.last_error) if row.last_error else "",
        "webhooks": actor.may(KEEP_WEBHOOK),
    }
    return render(request, "movements/notice.html", context, status=status[0])


@needs(KEEP)
@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Send a test, and say what came of it."""
    error = commands.send_test(request.actor, pk)  # type: ignore[attr-defined]
    if error:
        messages.error(request, notices.words(error))
    else:
        messages.success(request, _("The test was accepted."))
    return redirect("movements:notice", pk=pk)


@needs(KEEP_WEBHOOK, fresh=True)
@require_http_methods(["GET", "POST"])
def secret(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A new secret; asked for by GET (after a proof of who is there), it leads back to the page with the button."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = _found(actor, pk)
    if request.method != "POST":
        return redirect("movements:notice", pk=row.pk)
    made = commands.renew_secret(actor, row.pk)
    return render(request, "movements/notice_secret.html", {"row": made, "secret": getattr(made, "shown", "")})


@needs(KEEP)
@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """End a subscription."""
    commands.end(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, _("Ended."))
    return redirect("movements:notices")


def _found(actor: Actor, pk: UUID) -> Subscription:
    row = notices.mine(actor).filter(pk=pk).first()
    if row is None:
        raise Missing("subscription")
    return row


def _about(row: Subscription) -> list[str]:
    known = dict(notices.groups())
    return [str(known.get(name, name)) for name in row.events] or [_("everything")]


def _kept(form: Any, act: Callable[[dict[str, Any]], Subscription], status: list[int] | None = None) -> Any:
    """What the command made of a form; None where there is nothing to do yet, or it was refused (said in the form)."""
    if not form.is_bound:
        return None
    made = None
    if form.is_valid():
        try:
            made = act(form.cleaned_data)
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
            if status is not None and isinstance(refused, Conflict):
                status[0] = 409
    if form.errors and status is not None and status[0] == 200:
        status[0] = 422
    return made


def _form(request: HttpRequest, form: Any, title: str) -> HttpResponseBase:
    context = {"form": form, "title": title, "back": reverse("movements:notices")}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)
