"""Acts on a row: one table says what may be done, by whom, when, and with which form; pages show it as buttons.

Each act has an address of its own that asks its own right, so that it works without JavaScript and can be opened from
another page. The command decides; the table only says what is worth offering. A refusal stands at its field; what
somebody else changed meanwhile is shown (409), and the form stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tidegate.movements.conditions import describe
from tidegate.movements.forms.asked import ActForm
from tidegate.movements.queries.overview import changed_since
from tidegate.parties import figures
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.registry import registry

View = Callable[..., HttpResponseBase]
# What a refusal says the limit is: a sign, and a day, a moment or a figure.
_BOUND = re.compile(r"([≤≥<>] )([0-9][0-9T:.+-]*)")


@dataclass(frozen=True)
class Act:
    """One thing that can be done to a row.

    `call(actor, row, form)` runs the command; `possible(actor, row)` says whether it is worth offering now; `tone` is
    primary, danger or nothing; `text` says what follows from it; `button` is the label again unless it is shorter;
    `done` what is said afterwards; `fresh` asks who acts to have signed in lately.
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
    button: Any = ""
    fresh: bool = False
    # The row whose revision counts, where it is another; what the form begins with; what else its page shows.
    about: Callable[[Actor, Any], Any] | None = None
    initial: Callable[[Actor, Any], Mapping[str, Any]] | None = None
    shows: Callable[[Actor, Any], Mapping[str, Any]] | None = None
    template: str = "movements/act.html"


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

    `find(actor, **parts)` gives the row or raises Missing; `parts(row)` the parts of its address; `home(row)` the
    address of its page; `title(row)` its name for people. `route` is the pattern of the row's own address. Without a
    `kind` the addresses are called as the acts are.
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
        return "-".join(filter(None, (self.kind, act.name))).replace("_", "-")

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

        @needs(act.right, fresh=act.fresh)
        @require_http_methods(["GET", "POST"])
        def run(request: HttpRequest, **parts: Any) -> HttpResponseBase:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            row = self.find(actor, **parts)
            about = row if act.about is None else act.about(actor, row)
            first = {"revision": getattr(about, "revision", None), **(act.initial(actor, row) if act.initial else {})}
            given = (request.POST, request.FILES) if request.method == "POST" else ()
            form = act.form(*given, row=row, actor=actor, initial=first)
            tried = Tried()
            # `more` asks for further rows of the form, and for nothing else.
            if given and "more" not in request.POST:
                tried = Tried(status=422)
                if form.is_valid():
                    tried = attempt(form, about, lambda: act.call(actor, row, form))
                if tried.ok:
                    messages.success(request, str(act.done or _("Done.")))
                    return redirect(self.home(row) if act.onward is None else act.onward(tried.result))
            context = {
                "act": act, "row": row, "about": about, "form": form, "changes": tried.changes,
                "name": self.title(row), "home": self.home(row), "possible": act.possible(actor, row),
                **(act.shows(actor, row) if act.shows else {}),
            }  # fmt: skip
            return render(request, act.template, context, status=tried.status)

        return run


@dataclass
class Tried:
    """What came of trying a command: `ok`, its result, and how to answer where it was refused."""

    ok: bool = False
    result: Any = None
    status: int = 200
    changes: list[dict[str, Any]] | None = None


def attempt(form: Any, about: Any, call: Callable[[], Any]) -> Tried:
    """Carry out a command for a form. Missing, Forbidden and what waits for a second person pass through."""
    try:
        return Tried(True, call())
    except (Missing, Forbidden):
        raise
    except Conflict as conflict:
        about.refresh_from_db()
        name = form.add_prefix("revision")
        changes = described(changed_since(about, _number(form.data.get(name))))
        form.data = form.data.copy()
        form.data[name] = str(about.revision)
        form.add_error(None, str(conflict.text))
        return Tried(status=409, changes=changes)
    except Refused as refused:
        say(form, refused)
        return Tried(status=422)


def say(form: Any, refused: Refused) -> None:
    """Put a refusal beside the field that it is about, with what would do; else above the form."""
    text = expected(refused)
    if getattr(form, "refused", lambda _field, _text: False)(refused.field, text):
        return
    name = refused.field.rpartition(".")[2] if refused.field else ""
    form.add_error(name if name in form.fields and not form.fields[name].widget.is_hidden else None, text)


def expected(refused: Refused) -> str:
    """A refusal in a sentence: what is wrong, the value, and what would do."""
    parts, name = [str(refused.text)], (refused.field or "").rpartition(".")[2]
    if refused.value not in (None, "", []):
        parts.append(_("Found: %(value)s.") % {"value": figures.said(name, refused.value)[:200]})
    if refused.expected not in (None, "", []):
        parts.append(_("Expected: %(expected)s.") % {"expected": _bound(name, str(refused.expected))[:400]})
    return " ".join(parts)


def _bound(name: str, text: str) -> str:
    """`≤ 12000.000` and `≥ 2026-12-01 (…)` as people read them; other text stays."""
    bound = _BOUND.match(text)
    return text if bound is None else f"{bound[1]}{figures.said(name, bound[2])}{text[bound.end() :]}"


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
