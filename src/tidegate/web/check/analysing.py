"""From a declaration that was checked, here or as a row of a batch, to a laboratory: what is in it?"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tidegate.movements import guard
from tidegate.movements.commands import analyses as commands
from tidegate.movements.forms.analyses import DeclarationForm
from tidegate.movements.views.acting import say
from tidegate.movements.views.analyses import page_of
from tidegate.parties.access import needs
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.rulebook import book
from tidegate.web.check.answers import permalink, read
from tidegate.web.check.reading import read_shipment


@needs(commands.REQUEST)
@require_http_methods(["GET", "POST"])
def analyse(request: HttpRequest) -> HttpResponseBase:
    """Ask a laboratory about the declaration in the address, which is spelt as that of the check page. One that cannot
    be read goes back there, where it is said why."""
    actor = request.actor  # type: ignore[attr-defined]
    answers = read(request.GET)
    back = permalink(answers.shipment)
    if not answers.complete or read_shipment(answers, book()).errors:
        return redirect(back)
    form = DeclarationForm(
        request.POST if request.method == "POST" else None, actor=actor,
        initial={"declared_as": request.GET.get("source", answers.given_id or "")[:200]},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.request(actor, declaration=guard.plain(answers.shipment), **form.given, **form.once)
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, _("The laboratory is asked."))
            return redirect(page_of(made))
    context = {"form": form, "title": _("Ask a laboratory"), "back": back}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)
