"""Acts on a row: one table says what may be done, by whom, when, and with which form; pages show it as buttons.

Each act has an address of its own that asks its own right, so that it works without JavaScript and can be opened from
another page. The command decides; the table only says what is worth offering.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tidegate.movements.conditions import describe
from tidegate.movements.forms.asked import ActForm
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Act:
    """One thing that can be done to a row.

    `call(actor, row, form)` runs the command; `possible(actor, row)` says whether it is worth offering now; `tone` is
    primary, danger or nothing; `text` says what follows from it; `done` what is said afterwards.
    """

    name: str
    label: Any
    right: str
    call: Callable[[Actor, Any, Any], Any]
    possible: Callable[[Actor, Any], bool]
    form: type[ActForm] = ActForm
    icon: str = "pencil"
    tone: str = ""
    text: Any = ""
    done: Any = ""
    # Where it leads when the act gives another row than the one that it was done to.
    onward: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Offer:
    """An act as a page shows it."""

    name: str
    label: Any
    icon: str
    tone: str
    address: str


@dataclass(frozen=True)
class Acts:
    """The acts on one kind of row.

    `find(request, **parts)` gives the row or raises Missing; `parts(row)` the parts of its address; `home(row)` the
    address of its page; `title(row)` its name for people. `route` is the pattern of the row's own address.
    """

    kind: str
    route: str
    find: Callable[..., Any]
    parts: Callable[[Any], Mapping[str, Any]]
    home: Callable[[Any], str]
    title: Callable[[Any], str]
    acts: Sequence[Act]

    def name(self, act: Act) -> str:
        """The name of an act's address."""
        return f"{self.kind}-{act.name}".replace("_", "-")

    def offers(self, actor: Actor, row: Any) -> list[Offer]:
        """The acts that the actor may do and that are worth doing now, in the order of the table."""
        return [
            Offer(
                act.name, act.label, act.icon, act.tone,
                reverse(f"movements:{self.name(act)}", kwargs=dict(self.parts(row))),
            )
            for act in self.acts if actor.may(act.right) and act.possible(actor, row)
        ]  # fmt: skip

    def patterns(self) -> list[URLPattern]:
        """The address of each act."""
        return [
            path(f"{self.route}{act.name.replace('_', '-')}/", self.view(act), name=self.name(act)) for act in self.acts
        ]

    def view(self, act: Act) -> View:
        """The page of an act: its form, and what the command said to it."""

        @needs(act.right)
        @require_http_methods(["GET", "POST"])
        @local
        def run(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            row = self.find(actor, **parts)
            given = (request.POST, request.FILES) if request.method == "POST" else ()
            form = act.form(*given, row=row, actor=actor)
            conflict = False
            if request.method == "POST" and form.is_valid():
                try:
                    made = act.call(actor, row, form)
                except (Missing, Forbidden):
                    raise
                except Refused as refused:
                    conflict = isinstance(refused, Conflict)
                    say(form, refused)
                else:
                    messages.success(request, str(act.done or _("Done.")))
                    return redirect(act.onward(made) if act.onward is not None else self.home(row))
            context = {
                "form": form,
                "act": act,
                "row": row,
                "title": act.label,
                "about": self.title(row),
                "home": self.home(row),
                "possible": act.possible(actor, row),
                "conflict": conflict,
            }
            return render(
                request, "movements/ms_act.html", context, status=409 if conflict else 422 if form.errors else 200
            )

        return run


def say(form: Any, refused: Refused) -> None:
    """Put a refusal beside the field that it is about, with what would do; else above the form."""
    text = str(refused.text)
    expected = refused.expected
    if expected not in ("", None, []):
        text = _("%(text)s Expected: %(expected)s.") % {"text": text, "expected": expected}
    name = refused.field.rpartition(".")[2] if refused.field else ""
    form.add_error(name if name in form.fields and not form.fields[name].widget.is_hidden else None, text)


def local(view: View) -> View:
    """The page reads and writes times in the zone of the acting State."""

    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with timezone.override(zone_of(request)):
            return view(request, *args, **kwargs)

    return run


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The acting State's zone; UTC for the public."""
    actor = getattr(request, "actor", None)
    body = actor.organisation if actor else None
    return ZoneInfo(body.holder.time_zone if body is not None else "UTC")


def attachment(content: bytes | str, name: str, media_type: str, *, inline: bool = False) -> HttpResponse:
    """A file to keep (or to open, `inline`)."""
    response = HttpResponse(content, content_type=media_type)
    how = "inline" if inline else "attachment"
    safe = "".join(sign if sign.isalnum() or sign in "-._" else "-" for sign in name)
    response["Content-Disposition"] = f'{how}; filename="{safe}"'
    return response


def in_words(condition: Mapping[str, Any]) -> str:
    """A condition in words; one that is words already, as it was written."""
    if condition.get("kind") == "text" and condition.get("text"):
        return str(condition["text"])
    return describe({name: value for name, value in condition.items() if name != "authority"})
