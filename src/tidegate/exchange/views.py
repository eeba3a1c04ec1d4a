"""The exchange for officials: what waits, what was answered, what needs a person."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.exchange import codes, commands, queries, words
from tidegate.exchange.models import Inbox, Outbox
from tidegate.exchange.published import KEEP_QUEUE, READ_QUEUE
from tidegate.parties.access import needs
from tidegate.parties.commanding import Missing, Refused

PER_PAGE = 50


@needs(READ_QUEUE, utc=True)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """Every peer with its counts, what needs a person on top, and the State's keys."""
    actor = request.actor  # type: ignore[attr-defined]
    quarantine = queries.incoming(actor).filter(queries.QUARANTINE).order_by("received")
    stopped = queries.outgoing(actor).filter(state__in=Outbox.BLOCKED).order_by("created")
    they_owe = queries.overdue_theirs(queries.outgoing(actor))
    we_owe = queries.overdue_ours(queries.incoming(actor))
    return render(
        request,
        "exchange/index.html",
        {
            "peers": queries.peers(actor),
            "quarantine": [_row(row) for row in quarantine[:PER_PAGE]],
            "stopped": [_row(row) for row in stopped[:PER_PAGE]],
            "they_owe": [_row(row) for row in they_owe.order_by("deadline")[:PER_PAGE]],
            "we_owe": [_row(row) for row in we_owe.order_by("deadline")[:PER_PAGE]],
            "missing": list(queries.missing(actor)[:PER_PAGE]),
            "refusals": [(row, codes.label(row.code)) for row in queries.refusals(actor)[:PER_PAGE]],
            "end": queries.log_end(actor.state),
            "keys": queries.own_keys(actor.state),
        },
    )


@needs(READ_QUEUE, utc=True)
@require_safe
def peer(request: HttpRequest, node: str) -> HttpResponseBase:
    """The cases that the State has with one peer."""
    actor = request.actor  # type: ignore[attr-defined]
    found = [line for line in queries.peers(actor) if line.peer == node]
    if not found:
        raise Http404
    page = Paginator(queries.cases(actor, peer=node), PER_PAGE).get_page(request.GET.get("page"))
    reasons = [codes.label(code) for code in sorted(set(found[0].reasons))]
    return render(request, "exchange/peer.html", {"line": found[0], "page": page, "reasons": reasons})


@needs(READ_QUEUE, utc=True)
@require_safe
def case(request: HttpRequest, node: str, case: str) -> HttpResponseBase:
    """Every message of one case with one peer, both ways, in the order in which they were written."""
    actor = request.actor  # type: ignore[attr-defined]
    lines = queries.cases(actor, peer=node, case=case)
    if not lines:
        raise Http404
    rows = [_row(row) for row in queries.outgoing(actor).filter(peer=node, case=case)]
    rows += [_row(row) for row in queries.incoming(actor).filter(peer=node, case=case)]
    rows.sort(key=lambda row: row["at"])
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "exchange/case.html", {"line": lines[0], "page": page})


@needs(READ_QUEUE, utc=True)
@require_safe
def message(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One message: envelope, content, receipt, place in the log, and a fresh verification of all of it."""
    shown = queries.message(request.actor, pk)  # type: ignore[attr-defined]
    if shown is None:
        raise Http404
    found, body = shown.row, shown.message.body if shown.message else None
    return render(
        request,
        "exchange/message.html",
        {
            "shown": shown,
            "row": _row(shown.row),
            "body": json.dumps(body, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder) if body is not None else "",
            "checks": [(words.CHECKS[check.name], check) for check in shown.checks],
            "all_hold": all(check.holds for check in shown.checks),
            "waits": isinstance(found, Inbox) and found.verdict == Inbox.Verdict.REJECTED and found.settled is None,
            "resting": isinstance(found, Outbox) and found.state in Outbox.BLOCKED,
        },
    )


@needs(READ_QUEUE, utc=True)
@require_safe
def bytes_of(request: HttpRequest, pk: UUID, part: str) -> HttpResponseBase:
    """The signed bytes themselves, to be verified elsewhere: of the envelope, or of its receipt."""
    shown = queries.message(request.actor, pk)  # type: ignore[attr-defined]
    raw = None if shown is None else (shown.row.bytes if part == "envelope" else shown.row.receipt)
    if not raw:
        raise Http404
    response = HttpResponse(bytes(raw), content_type="application/jose")
    response["Content-Disposition"] = f'attachment; filename="{pk}-{part}.jws"'
    return response


@needs(KEEP_QUEUE)
@require_POST
def act(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Try a rejected message again, put it away, or send a stopped one again."""
    actor = request.actor  # type: ignore[attr-defined]
    if queries.find(actor, pk) is None:
        raise Http404
    asked = request.POST.get("act", "")
    try:
        revision = int(request.POST.get("revision", ""))
    except ValueError:
        raise BadRequest("revision: expected a whole number") from None
    try:
        if asked == "retry":
            done = commands.retry(actor, pk, revision=revision)
            if done.reason:
                messages.warning(request, _("It was rejected again: %(why)s") % {"why": codes.label(done.reason)})
            else:
                messages.success(request, _("Accepted now; the sender is told."))
        elif asked == "close":
            commands.close(actor, pk, revision=revision, note=request.POST.get("note", ""))
            messages.success(request, _("Put away."))
        elif asked == "resend":
            commands.resend(actor, pk, revision=revision)
            messages.success(request, _("It is sent again."))
        else:
            raise BadRequest("act: expected retry, close or resend")
    except Missing:
        raise
    except Refused as refused:
        messages.error(request, str(refused.text))
    return redirect("exchange:message", pk)


def _row(row: Outbox | Inbox) -> dict[str, Any]:
    """A message as the lists show it."""
    sent = isinstance(row, Outbox)
    state = row.state if isinstance(row, Outbox) else row.verdict
    tone, icon = words.TONES[state]
    if isinstance(row, Inbox) and row.settled is not None and row.verdict == Inbox.Verdict.REJECTED:
        tone = "quiet"
    return {
        "message": row,
        "sent": sent,
        "at": row.created if isinstance(row, Outbox) else row.received,
        "state": state,
        "label": row.get_state_display() if isinstance(row, Outbox) else row.get_verdict_display(),
        "tone": tone,
        "icon": icon,
        "reason": codes.label(row.reason) if row.reason else "",
    }
