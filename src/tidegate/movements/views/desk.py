"""The desk: what waits for the one who acts, by deadline; and the same for a calendar program."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.movements import breaches, calendars, clocks
from tidegate.movements.commands import calendars as commands
from tidegate.movements.forms.days import DayForm
from tidegate.movements.models import Holiday
from tidegate.movements.queries import cases, overdue, overview
from tidegate.movements.queries import desk as queries
from tidegate.movements.queries.assignments import ASSIGN
from tidegate.movements.templatetags.movements import STEPS
from tidegate.movements.views.acting import expected
from tidegate.parties import times
from tidegate.parties.access import needs, public
from tidegate.parties.actors import Actor, acting, in_force, memberships_of
from tidegate.parties.choices import memberships
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import Delegation, Membership
from tidegate.parties.registry import registry

PER_PAGE = 25
KEEP = "movements.calendar.keep"
SALT = "tidegate.movements.desk.calendar"


@needs(queries.DESK)
@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    """The queue, with counts and filters."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = {name: request.GET.get(name, "")[:200] for name in ("kind", "q", "due", "who")}
    number = request.GET.get("page", "")
    found = queries.desk(
        actor,
        kind=asked["kind"] if asked["kind"] in queries.KINDS else "",
        text=asked["q"].strip(),
        due=asked["due"] if asked["due"] in ("over", "week") else "",
        who=asked["who"] if asked["who"] in ("mine", "nobody") and actor.may(ASSIGN) else "",
        page=int(number) if number.isascii() and number.isdecimal() else 1, size=PER_PAGE,
    )  # fmt: skip
    query = request.GET.copy()
    query.pop("page", None)
    page = Paginator(range(min(found.matching, queries.MOST)), PER_PAGE).get_page(found.page)
    known = SimpleLazyObject(lambda: _known(actor, found.items))
    context = {
        "desk": found,
        "page": page,
        "rows": [{"item": item, "what": what_of(item), "url": address_of(item, known)} for item in found.items],
        "asked": asked,
        "is_asked": any(asked.values()),
        "query": f"{query.urlencode()}&" if query else "",
        "kept_query": query.urlencode(),
        "filters": overview.saved(actor, "desk"),
        "feed": request.build_absolute_uri(reverse("movements:desk-feed", args=[token_of(actor, memberships(request))]))
        if actor.person is not None
        else "",
        "may_draft": actor.may("movements.notification.draft") and not actor.official,
        "divides": actor.may(ASSIGN),
        "compares": actor.may(overdue.COMPARE),
    }
    return render(request, "movements/desk.html", context)


def what_of(item: queries.Item) -> str:
    """What is to be done, in words."""
    if item.kind == "breach":
        return str(breaches.KINDS.get(item.what, item.what))
    return str(STEPS.get(item.what, item.what)) if item.kind in ("clock", "others") else item.what


def _known(actor: Actor, items: Any) -> set[str]:
    """The cases among some items that have a notification here."""
    wanted = {item.case for item in items if item.case}
    return set(cases.notifications(actor).filter(case__in=wanted).values_list("case", flat=True))


# Where it is done, where the case page is not the place.
OWN_PAGES = {"approval": "parties:approvals"}


def address_of(item: queries.Item, known: Container[str]) -> str:
    """The page on which it is done; `known` is asked only for what has no page of its own."""
    if item.subject in OWN_PAGES:
        return reverse(OWN_PAGES[item.subject])
    if item.kind == "breach":
        return reverse("movements:breach", args=[item.subject_id])
    if item.kind == "report" and item.due is not None:
        return f"{reverse('movements:annual')}?year={item.due.year - 1}"
    if item.subject in ("consignment", "requirement", "jointinspection"):
        return reverse("movements:consignment", args=[item.title])
    if item.kind == "draft":
        return reverse("movements:edit", args=[item.case, "parties"])
    if item.subject in (
        "notification",
        "consent",
        "contract",
        "guarantee",
        "heldguarantee",
        "inforequest",
        "amendment",
    ):
        return reverse("movements:case", args=[item.case])
    found = registry.address_of(item.subject, item.subject_id)
    return found or (reverse("movements:case", args=[item.case]) if item.case in known else "")


# ── for a calendar program ───────────────────────────────────────────────────────────────────────────────────


def token_of(actor: Actor, held: Sequence[Membership]) -> str:
    """What opens the calendar without a sign-in: it names the role, and dies with the role or the person's password.

    `held` are the roles of the person, among them the acting one.
    """
    assert actor.organisation is not None
    own = actor.agent or actor.organisation
    # The oldest, where a role is held twice: a calendar program keeps the address.
    member = min((m for m in held if m.organisation_id == own.pk and m.role == actor.role), key=lambda m: m.pk)
    delegation = "" if actor.delegation is None else str(actor.delegation.pk)
    return signing.dumps([str(member.pk), delegation, _stamp(member)], salt=SALT).replace(":", "~")


def _stamp(member: Membership) -> str:
    return salted_hmac(SALT, f"{member.person_id}:{member.person.password}").hexdigest()[:16]


def actor_of_token(token: str) -> Actor | None:
    """The actor that a calendar's address stands for; None where it stands for nobody any more."""
    try:
        member_id, delegation_id, stamp = signing.loads(token.replace("~", ":"), salt=SALT)
        member = Membership.objects.select_related("person", "organisation__holder").get(pk=UUID(member_id))
    except (signing.BadSignature, ValueError, TypeError, Membership.DoesNotExist):
        return None
    if not constant_time_compare(stamp, _stamp(member)):
        return None
    held = next((row for row in memberships_of(member.person) if row.pk == member.pk), None)
    if held is None:
        return None
    delegation = None
    if delegation_id:
        delegation = Delegation.objects.filter(pk=UUID(delegation_id), agent=held.organisation).first()
        if delegation is None or not in_force(delegation):
            return None
    return acting(held, delegation)


@public
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The time limits of a desk as a calendar, for a program that cannot sign in."""
    actor = actor_of_token(token)
    if actor is None or not actor.may(queries.DESK):
        raise Http404
    response = HttpResponse(calendar(request, actor), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="tidegate-desk.ics"'
    response["Cache-Control"] = "private, no-store"
    return response


def calendar(request: HttpRequest, actor: Actor) -> bytes:
    """RFC 5545: an all-day event for each item with a time limit, on its last day where the authority lies."""
    from icalendar import Calendar, Event

    found = Calendar()
    found.add("prodid", "-//Tidegate//Desk//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    assert actor.organisation is not None
    found.add("x-wr-calname", f"Tidegate · {actor.organisation.name}")
    person = actor.person
    with override((person.language if person is not None else "") or "en"):
        items = queries.dated(actor)
        known = SimpleLazyObject(lambda: _known(actor, items))
        for item in items:
            if item.due is None:
                continue
            day = calendars.today(item.state or actor.state, item.due)
            event = Event()
            event.add("uid", f"{item.uid}@desk.tidegate")
            event.add("dtstamp", times.now().astimezone(UTC))
            event.add("dtstart", day)
            event.add("dtend", day + timedelta(days=1))
            event.add("summary", f"{item.title}: {what_of(item)}")
            address = address_of(item, known)
            if address:
                event.add("url", request.build_absolute_uri(address))
            found.add_component(event)
    return bytes(found.to_ical())


# ── days off ─────────────────────────────────────────────────────────────────────────────────────────────────


@needs(cases.READ)
@require_http_methods(["GET", "POST"])
def holidays(request: HttpRequest) -> HttpResponseBase:
    """The days on which the State's authorities do not work; those who may, keep them."""
    actor = request.actor  # type: ignore[attr-defined]
    today = calendars.today(actor.state)
    year = _year(request.GET.get("year") or request.POST.get("year"), today.year)
    form = DayForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if not actor.may(KEEP):
            raise Forbidden(KEEP)
        status = 422
        if form.is_valid():
            try:
                made = commands.add_holiday(actor, day=form.cleaned_data["day"], name=form.cleaned_data["name"])
                messages.success(request, _("The day is added; time limits that count working days move."))
                return _to(made.day.year)
            except (Missing, Forbidden):
                raise
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, expected(refused))
    rows = Holiday.objects.filter(holder=actor.state, day__year=year).order_by("day", "name")
    years = sorted(
        {today.year, today.year + 1, year}
        | {day.year for day in Holiday.objects.filter(holder=actor.state).dates("day", "year")}
    )
    weekend = clocks.weekend_of(actor.state, today)
    context = {
        "rows": rows,
        "year": year,
        "years": years,
        "form": form,
        "may_keep": actor.may(KEEP),
        "weekend": [date(2024, 1, 1) + timedelta(days=n) for n in sorted(weekend)],
        "known": bool(calendars.known_days(actor.state, [year])),
        "state": actor.state,
    }
    return render(request, "movements/holidays.html", context, status=status)


def _year(text: Any, otherwise: int) -> int:
    try:
        year = int(text)
    except (TypeError, ValueError):
        return otherwise
    return year if 1990 <= year <= 2100 else otherwise


def _to(year: int) -> Any:
    response = redirect("movements:holidays")
    response["Location"] += f"?year={year}"
    return response


@needs(KEEP)
@require_POST
def seed(request: HttpRequest) -> HttpResponseBase:
    """Copy the public holidays of a year."""
    actor = request.actor  # type: ignore[attr-defined]
    year = _year(request.POST.get("year"), datetime.now(UTC).year)
    added = commands.seed_holidays(actor, year=year)
    if added:
        messages.success(request, _("%(count)d days are added. Look at those that are estimated.") % {"count": added})
    else:
        messages.info(request, _("No day was missing."))
    return _to(year)


@needs(KEEP)
@require_POST
def keep_day(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Remove a day off, put it back, or say that an estimated one is certain."""
    actor = request.actor  # type: ignore[attr-defined]
    row = Holiday.objects.filter(pk=pk, holder=actor.state).first()
    if row is None:
        raise Http404
    what = request.POST.get("what", "")
    try:
        if what == "remove":
            commands.remove_holiday(actor, pk)
            messages.success(request, _("It is a working day."))
        elif what == "confirm":
            commands.confirm_holiday(actor, pk)
            messages.success(request, _("The day is certain."))
        else:
            commands.add_holiday(actor, day=row.day, name=row.name)
            messages.success(request, _("It is a day off again."))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, expected(refused))
    return _to(row.day.year)
