"""Proposals to change the law: as a form, with what they would change, decided by a second person."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.formats import open_shipments
from tidegate.law import Book, Rule, RulebookError
from tidegate.law.proposals import ProposalError
from tidegate.law.yaml_text import dump
from tidegate.parties.access import needs
from tidegate.parties.commanding import Missing, Refused
from tidegate.parties.rulebook import book as current_book
from tidegate.parties.scope import visible
from tidegate.screening.impact import BREAKS, Impact, impact, on_any_day
from tidegate.screening.scenarios import ScenarioError, load_scenarios
from tidegate.web import words as shared
from tidegate.web.batch import queries as batches
from tidegate.web.batch import store
from tidegate.web.batch.models import Batch
from tidegate.web.upkeep import commands, published, trials
from tidegate.web.upkeep.forms import RuleForm
from tidegate.web.upkeep.models import Proposal

# A page waits for this many shipments of a batch; more belong to the command line.
MOST_SHIPMENTS = 20_000
SHOWN_CASES = 40


@needs(published.READ_PROPOSALS)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The State's proposals, the open ones first."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = visible(Proposal.objects.select_related("proposed_by", "decided_by"), actor, published.READ_PROPOSALS)
    decided = Paginator(rows.exclude(status=Proposal.Status.OPEN), 20).get_page(request.GET.get("page"))
    mine = [rule for rule in current_book().rules.values() if rule.state == actor.state]
    context = {
        "waiting": rows.filter(status=Proposal.Status.OPEN),
        "decided": decided,
        "rules": sorted(mine, key=lambda rule: rule.id),
        "state_name": shared.state_name(actor.state, current_book().states),
    }
    return render(request, "upkeep/index.html", context)


@needs(published.PROPOSE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new rule of the actor's State, or the way to a change of one (`?rule=`)."""
    wanted = request.GET.get("rule", "")
    if wanted:
        return redirect("upkeep:change", wanted)
    return _form(request, None)


@needs(published.PROPOSE)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, rule_id: str) -> HttpResponseBase:
    """A change of a rule."""
    rule = current_book().rules.get(rule_id)
    if rule is None or rule.state != request.actor.state:  # type: ignore[attr-defined]
        raise Http404(_("Your State has no rule of this name."))
    return _form(request, rule)


def _form(request: HttpRequest, rule: Rule | None) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    form = RuleForm(request.POST or None, rule=rule, state=actor.state, given=_given(request, rule))
    if request.method == "POST" and form.is_valid():
        try:
            row = commands.propose(
                actor,
                rule.id if rule else form.cleaned_data["id"],
                form.rule_fields(),
                fresh=rule is None,
                cases=form.cleaned_data["cases"],
                why=form.cleaned_data["why"],
            )
        except Refused as refused:
            names = {written: name for name, written in form.SPELLED.items()}
            field = names.get(refused.field, refused.field)
            form.add_error(field if field in form.fields else None, str(refused.text))
        else:
            messages.success(request, _("Proposed. It changes nothing until another person approves it."))
            return redirect("upkeep:proposal", row.pk)
    example = _example(rule)
    context = {
        "form": form,
        "rule": rule,
        "example": example,
        "state_name": shared.state_name(actor.state, current_book().states),
    }
    return render(request, "upkeep/form.html", context, status=422 if form.errors else 200)


def _given(request: HttpRequest, rule: Rule | None) -> dict[str, Any]:
    """What an earlier proposal of the same rule wrote (`?from=`), so that nobody types it again; {} without one."""
    try:
        row = _found(request, UUID(request.GET.get("from", "")))
    except ValueError:
        return {}
    if row.fresh != (rule is None) or (rule is not None and row.rule != rule.id):
        raise Missing("proposal")
    return {**row.as_law().content["rules"][0], "why": row.why, "cases": row.cases}


def _example(rule: Rule | None) -> str:
    """How cases are written: one of the rule's own, else one of the book."""
    book = load_scenarios()
    found = next((one for one in book if rule is not None and rule.id in one.rules), book[0])
    one = {
        "id": found.id,
        "rules": list(found.rules),
        "source": found.source,
        "shipment": dict(found.shipment),
        "expect": dict(found.expect),
    }
    return dump({"scenarios": [one]}).strip()


# ── one proposal ─────────────────────────────────────────────────────────────────────────────────────────────


@needs(published.READ_PROPOSALS)
@require_safe
def show(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What it says, what the linter thinks, which cases and which shipments of a batch come out otherwise."""
    actor = request.actor  # type: ignore[attr-defined]
    row = _found(request, pk)
    context: dict[str, Any] = {"row": row, "law": row.as_law(), "yaml": row.content}
    if row.status == Proposal.Status.OPEN:
        context |= _tried(request, row)
    context["own"] = actor.person is not None and actor.person.pk == row.proposed_by_id
    return render(request, "upkeep/proposal.html", context)


def _found(request: HttpRequest, pk: UUID) -> Proposal:
    actor = request.actor  # type: ignore[attr-defined]
    rows = Proposal.objects.select_related("proposed_by", "decided_by", "organisation")
    row = visible(rows, actor, published.READ_PROPOSALS).filter(pk=pk).first()
    if row is None:
        raise Missing("proposal")
    return row


def _tried(request: HttpRequest, row: Proposal) -> dict[str, Any]:
    try:
        trial = trials.outcome_of(row)
    except (ProposalError, RulebookError, ScenarioError) as error:
        return {"trouble": str(error)}
    order = {BREAKS: 0}
    shifts = sorted(trial.shifts, key=lambda shift: order.get(shift.what, 1))
    out: dict[str, Any] = {
        "trial": trial,
        "shifts": shifts[:SHOWN_CASES],
        "more_shifts": max(0, len(shifts) - SHOWN_CASES),
        "changes": trial.changes,
        "batches": [batch for batch in batches.visible(request)[:100] if batch.readable],
        "any_day": "any_day" in request.GET,
    }
    token = request.GET.get("batch", "")
    if token and trial.loads:
        batch = batches.find(request, token)
        if not batch.readable:
            raise Http404(_("The file of this batch is not here."))
        out |= {"batch": batch, "told": _shipments(batch, *trials.books_of(row), any_day="any_day" in request.GET)}
    return out


@dataclass(frozen=True)
class Told:
    """What a batch says. `whole`: every row was looked at. `places`: (State or layer, before, after, shipments)."""

    impact: Impact
    whole: bool
    places: list[tuple[str, str, str, int]]


def _shipments(batch: Batch, old: Book, new: Book, *, any_day: bool) -> Told:
    new = on_any_day(old, new) if any_day else new
    types = {name: fact.type for name, fact in new.facts.items()}
    with open_shipments(store.source(batch), map=batch.map, fact_types=types) as reader:
        result = impact(old, new, (raw.data for raw in islice(reader, MOST_SHIPMENTS)), examples=3)
    places = [
        (str(shared.LAYERS.get(place, shared.state_name(place, new.states))), was, now, n)
        for place, counter in sorted(result.by_place.items(), key=lambda item: -item[1].total())
        for (was, now), n in counter.most_common()
    ]
    return Told(result, batch.rows <= MOST_SHIPMENTS, places)


@needs(published.READ_PROPOSALS, fresh=True)
@require_POST
def decide(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Approve it, or take it back; the commands ask for the right."""
    actor = request.actor  # type: ignore[attr-defined]
    _found(request, pk)
    answer = request.POST.get("answer", "")
    text = request.POST.get("revision", "")
    revision = int(text) if text.isascii() and text.isdigit() else 0
    try:
        if answer == "approve":
            commands.approve(actor, pk, revision=revision, accept_broken="accept_broken" in request.POST)
            messages.success(request, _("Approved. It is part of the rulebook from now on."))
        elif answer == "withdraw":
            commands.withdraw(actor, pk, revision=revision)
            messages.success(request, _("Withdrawn."))
        else:
            return HttpResponse(_("Say what: approve or withdraw."), status=400)
    except Missing:
        raise
    except Refused as refused:
        messages.error(request, str(refused.text))
    return redirect("upkeep:proposal", pk)
