"""The journal of a State: what was done, by whom, in which role, and whether the chain holds."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.parties import queries, sealing
from tidegate.parties.access import needs
from tidegate.parties.forms import JournalFilter
from tidegate.parties.registry import registry

PER_PAGE = 50


@needs(queries.READ_JOURNAL, utc=True)
@require_safe
def journal(request: HttpRequest) -> HttpResponseBase:
    """Newest first, with filters; what is not sealed yet is marked so."""
    actor = request.actor  # type: ignore[attr-defined]
    types = sorted(((name, str(label)) for name, label in registry.events.items()), key=lambda pair: pair[1])
    form = JournalFilter(types, request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = queries.journal(
        actor,
        case=asked.get("case", ""),
        type=asked.get("type", ""),
        day=asked.get("day"),
        subject=_key(request, "subject"),
    )
    before = _key(request, "before")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    # One row more than is shown says whether there are older ones: a journal of millions is not counted for that.
    found = list(rows[: PER_PAGE + 1])
    query = request.GET.copy()
    query.pop("before", None)
    return render(
        request,
        "parties/journal.html",
        {
            "form": form,
            "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
            "query": f"{query.urlencode()}&" if query else "",
            "tail": sealing.tail(actor.state),
            "rows": [
                {"entry": entry, "label": registry.events.get(entry.type, entry.type)} for entry in found[:PER_PAGE]
            ],
        },
    )


@needs(queries.READ_JOURNAL, utc=True)
@require_safe
def entry(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One entry with everything that it says, and its place in the chain."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.journal(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    return render(
        request,
        "parties/entry.html",
        {
            "entry": found,
            "label": registry.events.get(found.type, found.type),
            "payload": json.dumps(found.payload, indent=2, ensure_ascii=False, sort_keys=True) if found.payload else "",
            "address": registry.address_of(found.subject, found.subject_id),
        },
    )


def _key(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None
