"""Acts on a case: each has a page with its form, and one way to carry it out. The pages are made from a table.

A refusal stands at its field; what somebody else changed meanwhile is shown (409), and the form stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tidegate.movements.forms.acts import ActForm, NoMore
from tidegate.movements.models import Consent, Notification
from tidegate.movements.queries import cases, overview
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.ids import uuid7
from tidegate.parties.registry import registry


@dataclass(frozen=True)
class Act:
    """`may` is its name in `cases.ACTS`; `run(actor, row, asked, more)` carries it out: `asked` are the form's values,
    `more` revision and key. `about` gives the row whose revision counts, where that is not the notification.
    """

    name: str
    may: str
    right: str
    title: Any
    button: Any
    done: Any
    run: Callable[[Actor, Notification, dict[str, Any], dict[str, Any]], Any]
    text: Any = ""
    form: type[ActForm] = NoMore
    icon: str = "check"
    tone: str = ""
    fresh: bool = False
    about: Callable[[Actor, Notification], Any] | None = None
    initial: Callable[[Actor, Notification], Mapping[str, Any]] | None = None
    template: str = "movements/case_act.html"
    # Whether it is offered, beside what `cases.allowed` says: two acts may stand under one name there.
    shown: Callable[[cases.CaseView], bool] = lambda _found: True

    @property
    def address(self) -> str:
        """The URL name of its page."""
        return f"movements:{self.name}"


def expected(refused: Refused) -> str:
    """A refusal in a sentence: what is wrong, the value, and what would do."""
    parts = [str(refused.text)]
    if refused.value not in (None, "", []):
        parts.append(_("Found: %(value)s.") % {"value": str(refused.value)[:200]})
    if refused.expected not in (None, ""):
        parts.append(_("Expected: %(expected)s.") % {"expected": str(refused.expected)[:400]})
    return " ".join(parts)


@dataclass
class Tried:
    """What came of trying a command: `ok`, its result, and how to answer where it was refused."""

    ok: bool
    result: Any = None
    status: int = 200
    changes: list[Any] | None = None


def attempt(form: Any, about: Any, call: Callable[[], Any]) -> Tried:
    """Carry out a command for a form. Missing, Forbidden and what waits for a second person pass through."""
    try:
        return Tried(True, call())
    except (Missing, Forbidden):
        raise
    except Conflict as conflict:
        about.refresh_from_db()
        changes = described(overview.changed_since(about, _number(form.data.get("revision"))))
        form.data = form.data.copy()
        form.data["revision"] = str(about.revision)
        form.add_error(None, str(conflict.text))
        return Tried(False, status=409, changes=changes)
    except Refused as refused:
        text = expected(refused)
        placed = getattr(form, "refused", lambda _field, _text: False)(refused.field, text)
        if not placed:
            name = refused.field if refused.field in form.fields else None
            form.add_error(name, text)
        return Tried(False, status=422)


def described(entries: list[Any]) -> list[dict[str, Any]]:
    """Journal entries for the note on a conflict: when, whose, what, and which fields."""
    return [
        {
            "at": entry.occurred_at,
            "who": entry.person or entry.principal or entry.state,
            "label": registry.events.get(entry.type, entry.type),
            "fields": entry.payload.get("fields") or [],
        }
        for entry in entries
    ]


def _number(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError):
        return 0


def new_key() -> str:
    """A key for one form: sent twice, it is carried out once."""
    return f"form-{uuid7()}"


def own_consent(actor: Actor, row: Notification) -> Consent:
    """The consent of the actor's own authority. Raises Refused("not_concerned")."""
    found = Consent.objects.filter(notification=row, authority=actor.state).first()
    if found is None:
        raise Refused("not_concerned", _("This State is not asked about this notification."))
    return found


def page_of(act: Act) -> Callable[..., HttpResponseBase]:
    """The view of an act."""

    @needs(act.right, fresh=act.fresh)
    @require_http_methods(["GET", "POST"])
    def view(request: HttpRequest, case: str) -> HttpResponseBase:
        actor = request.actor  # type: ignore[attr-defined]
        row = cases.notification(actor, case)
        about = act.about(actor, row) if act.about is not None else row
        tried, asked = Tried(False), request.method == "POST" and "more" not in request.POST
        if request.method == "POST":
            form = act.form(row, request.POST)
            # `more` asks for further rows of the form, and for nothing else.
            if asked and form.is_valid():
                more: dict[str, Any] = {"revision": form.cleaned_data["revision"], "key": form.cleaned_data["key"]}
                tried = attempt(form, about, lambda: act.run(actor, row, form.asked, more))
                if tried.ok:
                    messages.success(request, str(act.done))
                    return redirect("movements:case", case=row.case)
        else:
            started = {"revision": about.revision, "key": new_key()}
            form = act.form(row, initial={**started, **(act.initial(actor, row) if act.initial else {})})
        allowed = cases.allowed(actor, row)
        context = {
            "act": act, "n": row, "about": about, "form": form, "changes": tried.changes,
            "possible": allowed.get(act.may, True),
        }  # fmt: skip
        status = tried.status if tried.status != 200 else (422 if asked else 200)
        return render(request, act.template, context, status=status)

    view.__name__ = act.name.replace("-", "_")
    view.__doc__ = f"{act.title}"
    return view
