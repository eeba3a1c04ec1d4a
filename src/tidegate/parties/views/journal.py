"""The journal of a State: what was done, by whom, in which role, and whether the chain holds."""

from __future__ import annotations

import json
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.parties import queries, sealing
from tidegate.parties.access import needs
from tidegate.parties.forms import JournalFilter
from tidegate.parties.registry import registry

PER_PAGE = 50


@needs(queries.READ_JOURNAL)
@require_safe
def journal(request: HttpRequest) -> HttpResponseBase:
    """Newest first, with filters; what is not sealed yet is marked so."""
    actor = request.actor  # type: ignore[attr-defined]
    types = sorted(((name, str(label)) for name, label in registry.events.items()), key=lambda pair: pair[1])
    form = JournalFilter(types, request.GET or None)
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = queries.journal(
        actor, case=asked.get("case", ""), type=asked.get("type", ""), day=asked.get("day"), subject=_subject(request)
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return render(
        request,
        "parties/journal.html",
        {
            "form": form,
            "page": page,
            "query": f"{query.urlencode()}&" if query else "",
            "tail": sealing.tail(actor.state),
            "rows": [{"entry": entry, "label": registry.events.get(entry.type, entry.type)} for entry in page],
        },
    )


@needs(queries.READ_JOURNAL)
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


def _subject(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("subject", ""))
    except ValueError:
        return None
