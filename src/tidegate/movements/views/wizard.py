"""The wizard of a draft: one page for each step, kept as somebody types, with the law's answer beside it.

Without scripts each step has its Save button. With them htmx sends what was typed after each change and gets back
whether it was kept, what is wrong, and what the law says now.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tidegate.movements import blocks, confidential, evidence, fees, guard
from tidegate.movements.commands import attachments, guarantees, paper
from tidegate.movements.commands import notifications as commands
from tidegate.movements.forms import acts as act_forms
from tidegate.movements.forms import steps
from tidegate.movements.models import Contract, Guarantee, Notification
from tidegate.movements.owning import NOTIFIER_WRITES
from tidegate.movements.queries import cases, overview, screens
from tidegate.movements.views import acting
from tidegate.movements.views.notifications import DRAFT, field_label
from tidegate.parties import figures
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.ids import uuid7

FORMS = {step.name: step for step in steps.STEPS}
ORDER = [*FORMS, "papers", "files", "review"]
TITLES: dict[str, tuple[Any, str]] = {
    **{step.name: (step.title, step.icon) for step in steps.STEPS},
    "papers": (gettext_lazy("Contract and guarantee"), "file-certificate"),
    "files": (gettext_lazy("Attachments"), "files"),
    "review": (steps.Declare.title, steps.Declare.icon),
}


@needs(DRAFT)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, case: str, step: str) -> HttpResponseBase:
    """One step of a draft."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    if step not in ORDER:
        raise Http404
    if row.status != Notification.Status.DRAFT or row.holder_id != row.home:
        messages.info(request, _("It has been submitted: its content is sealed."))
        return redirect("movements:case", case=row.case)
    if actor.official != bool(row.keyed_by):
        messages.info(request, NOTIFIER_WRITES)
        return redirect("movements:case", case=row.case)
    if step == "papers":
        return _papers(request, actor, row)
    if step == "files":
        found = overview.files(actor, row)
        context = {"files": found, "may_attach": actor.may(attachments.KEEP), "file_kinds": evidence.NOTIFIED.items()}
        return _page(request, actor, row, step, context)
    return _fields(request, actor, row, step)


def given_of(actor: Actor, row: Notification) -> dict[str, Any]:
    """The content of a notification as its forms begin with it for the actor."""
    return {**confidential.content_for(actor, row, decisions=False).model_dump(mode="json"), "load": row.load}


def _fields(request: HttpRequest, actor: Actor, row: Notification, name: str) -> HttpResponseBase:
    """A step whose fields are fields of the document."""
    kind: type[steps.Step] = steps.Declare if name == "review" else FORMS[name]
    if request.method != "POST":
        made = kind(given_of(actor, row), home=row.state_export, asked=screens.live(row).questions)
        return _page(request, actor, row, name, {"step": made})
    made = kind(given_of(actor, row), request.POST, home=row.state_export)
    changes, status, kept = None, 200, False
    try:
        said, typed = made.content(), _typed(request)
        _building_on(
            row, actor, request, lambda base: commands.save(actor, row.pk, revision=base, content=said, typed=typed)
        )
        kept = True
    except (Missing, Forbidden):
        raise
    except Overtaken:
        return HttpResponse(status=204)
    except Conflict:
        row.refresh_from_db()
        changes = acting.described(overview.changed_since(row, _revision(request)))
        status = 409
    except Refused as refused:
        text = acting.expected(refused)
        if not made.refused(refused.field.removeprefix("facts."), text):
            messages.error(request, text)
        status = 422
    row.refresh_from_db()
    if kept and made.wrong:
        status = 422
    context = {"step": made, "changes": changes, "kept": kept, "wrong": made.wrong}
    if request.headers.get("HX-Request"):
        # What the law asks next may be another question now: its fields are drawn anew.
        fresh = kind(given_of(actor, row), home=row.state_export, asked=screens.live(row).questions)
        answer = _partial(request, row, name, {**context, "fresh": fresh})
        answer.status_code = 409 if changes is not None else 200
        return answer
    if status == 200 and "add" not in request.POST:
        if "next" in request.POST:
            return redirect("movements:edit", case=row.case, step=ORDER[min(ORDER.index(name) + 1, len(ORDER) - 1)])
        messages.success(request, _("Kept."))
        return redirect("movements:edit", case=row.case, step=name)
    return _page(request, actor, row, name, context, status)


def _revision(request: HttpRequest) -> int:
    try:
        return int(request.POST.get("revision", ""))
    except ValueError:
        return -1


class Overtaken(Exception):
    """What a page keeps by itself came after something that the same page said later: it is not to be kept."""


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Which page was typed into, and when by its own clock: what was said first can arrive last."""
    page, turn = request.POST.get("page", "")[:36], request.POST.get("turn", "")[:16]
    return {"page": page, "turn": int(turn)} if page and turn.isdecimal() and turn.isascii() else {}


def _base(row: Notification, actor: Actor, request: HttpRequest) -> int:
    """The revision that a save builds on. What this person saved since the page was drawn is no conflict: the page's
    own autosave may be on its way when its Save button is pressed.

    Raises Overtaken where an autosave comes after what was typed later.
    """
    asked = _revision(request)
    since = overview.changed_since(row, asked)
    person = actor.person.pk if actor.person is not None else None
    if since and all(e.type == "notification.saved" and e.person_id == person for e in since):
        typed = _typed(request) if request.headers.get("HX-Request") else {}
        if typed and any(e.payload.get("page") == typed["page"] and e.payload["turn"] > typed["turn"] for e in since):
            raise Overtaken
        return row.revision
    return asked


def _building_on(row: Notification, actor: Actor, request: HttpRequest, run: Callable[[int], Any]) -> Any:
    """Carry out a command on the revision that the page builds on; again where the page's own autosave came between.

    Raises Conflict where somebody else did; Overtaken as `_base`.
    """
    while True:
        base = _base(row, actor, request)
        try:
            return run(base)
        except Conflict:
            row.refresh_from_db()
            if _base(row, actor, request) == base:
                raise


def _partial(request: HttpRequest, row: Notification, name: str, context: dict[str, Any]) -> HttpResponse:
    return render(
        request,
        "movements/edit_live.html",
        {**context, "n": row, "name": name, "screen": screens.live(row), "oob": True},
    )


def _page(
    request: HttpRequest, actor: Actor, row: Notification, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponseBase:
    problems = problems_of(row)
    by_step = {step: sum(1 for p in problems if p["step"] == step) for step in ORDER}
    at = ORDER.index(name)
    return render(
        request,
        "movements/edit.html",
        {
            "n": row,
            "name": name,
            "title": str(TITLES[name][0]),
            "steps": [
                {"name": one, "title": TITLES[one][0], "icon": TITLES[one][1], "left": by_step[one]} for one in ORDER
            ],
            "before": ORDER[at - 1] if at else "",
            "after": ORDER[at + 1] if at + 1 < len(ORDER) else "",
            "screen": screens.live(row),
            "problems": problems if name == "review" else [],
            "expected": fees.expected(row) if name == "review" else [],
            "may_submit": actor.may("movements.notification.submit"),
            "key": str(uuid7()),
            **context,
        },
        status=status,
    )


def problems_of(row: Notification) -> list[dict[str, Any]]:
    """What keeps a draft from being submitted, each with the step and the control in which it is put right."""
    found = []
    stops = row.route.count()
    for problem in paper.wrong(row) if row.keyed_by else blocks.problems(row, guard.book()):
        head = problem.field.partition(".")[0]
        found.append(
            {
                "block": problem.block,
                "field": field_label(problem.field),
                "value": figures.said(head, problem.value),
                "expectation": problem.expectation,
                "step": steps.STEP_OF.get(head, "parties"),
                "control": steps.control_of(problem.field, stops),
            }
        )
    if row.keyed_by:
        if not any(one.kind == evidence.SCAN for one in evidence.own(row)):
            wanted = _("a scan or photo of it, among the attachments")
            found.append({**_paper("scan", wanted, "id_file"), "step": "files"})
        return found
    contract = Contract.objects.filter(notification=row).first()
    if contract is None or contract.status == Contract.Status.ENDED:
        found.append(_paper("contract", _("a contract, lodged"), "id_contract-number"))
    guarantee = Guarantee.objects.filter(notification=row).first()
    lost = guarantee is None or guarantee.status in (Guarantee.Status.LAPSED, Guarantee.Status.RELEASED)
    screen = screens.live(row)
    if lost and screen.decision and guard.asks_for(screen.decision, "GUARANTEE"):
        found.append(_paper("guarantee", _("a guarantee, proposed or in force"), "id_guarantee-number"))
    return found


def _paper(name: str, expectation: str, control: str) -> dict[str, Any]:
    labels = {"contract": _("Contract"), "guarantee": _("Guarantee"), "scan": _("Scan of the notification on paper")}
    label = labels[name]
    return {"block": "", "field": label, "value": "", "expectation": expectation, "step": "papers", "control": control}


# ── contract and guarantee ───────────────────────────────────────────────────────────────────────────────────


def _papers(request: HttpRequest, actor: Actor, row: Notification) -> HttpResponseBase:
    """Contract and guarantee, each with its own button."""
    from tidegate.movements.views.consents import contract_of, guarantee_of

    which = request.POST.get("which", "")
    table: dict[str, Any] = {
        "contract": (act_forms.LodgeContract, contract_of, guarantees.lodge_contract, _("The contract is lodged.")),
        "guarantee": (
            act_forms.ProposeGuarantee, guarantee_of, guarantees.propose_guarantee, _("The guarantee is proposed."),
        ),
    }  # fmt: skip
    made, status = {}, 200
    for name, (form_of, begun, run, done) in table.items():
        if which != name:
            made[name] = form_of(row=row, initial=begun(actor, row), prefix=name)
            continue
        form = made[name] = form_of(request.POST, row=row, prefix=name)
        if form.is_valid():
            key = form.cleaned_data["key"]
            tried = acting.attempt(form, row, partial(run, actor, row.pk, **form.given, key=key))
            if tried.ok:
                messages.success(request, done)
                return redirect("movements:edit", case=row.case, step="papers")
        status = 422
    papers = {
        "contract": Contract.objects.filter(notification=row).first(),
        "guarantee": Guarantee.objects.filter(notification=row).first(),
    }
    return _page(request, actor, row, "papers", {"paper_forms": made, "papers": papers}, status)


# ── submitting ───────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.notification.submit")
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest, case: str) -> HttpResponseBase:
    """Submit a draft; what keeps it from that is shown on the review."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    if request.method != "POST":
        return redirect("movements:edit", case=row.case, step="review")
    try:
        key = request.POST.get("key", "")[:64]
        _building_on(row, actor, request, lambda base: commands.submit(actor, row.pk, revision=base, key=key))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        row.refresh_from_db()
        changes = None
        if isinstance(refused, Conflict):
            changes = acting.described(overview.changed_since(row, _revision(request)))
        if row.status != Notification.Status.DRAFT:
            messages.error(request, acting.expected(refused))
            return redirect("movements:case", case=row.case)
        made = steps.Declare(given_of(actor, row), home=row.state_export)
        context = {"step": made, "changes": changes, "refused": acting.expected(refused)}
        return _page(request, actor, row, "review", context, 409 if changes is not None else 422)
    messages.success(request, _("It is submitted to the authority of your State."))
    return redirect("movements:case", case=row.case)


# ── revising and amending ────────────────────────────────────────────────────────────────────────────────────

CHANGES: dict[str, str] = {"revise": "movements.notification.answer", "amend": "movements.notification.amend"}


def changing(how: str) -> Any:
    """The view that changes a submitted content: `revise` before it is decided, `amend` afterwards."""

    @needs(CHANGES[how])
    @require_http_methods(["GET", "POST"])
    def view(request: HttpRequest, case: str) -> HttpResponseBase:
        actor = request.actor  # type: ignore[attr-defined]
        row = cases.notification(actor, case)
        given = given_of(actor, row)
        data = request.POST if request.method == "POST" else None
        asked = screens.live(row).questions if data is None else ()
        made = [kind(given, data, home=row.state_export, asked=asked) for kind in (*steps.STEPS, steps.Declare)]
        changes, status = None, 200
        if data is not None:
            form = act_forms.Reason(data, row=row)
            said: dict[str, Any] = {}
            for one in made:
                said.update(one.content())
            said = {name: value for name, value in said.items() if _differs(given.get(name), value)}
            wrong = [item for one in made for item in one.wrong]
            status = 422
            if form.is_valid() and not wrong and "add" not in data:
                run = commands.revise if how == "revise" else commands.amend
                if how == "amend":  # the load is no field of an amendment
                    said.pop("load", None)
                form.refused = lambda field, text: any(one.refused(field, text) for one in made)  # type: ignore[attr-defined]
                tried = acting.attempt(
                    form, row, lambda: run(actor, row.pk, content=said, reason=form.cleaned_data["reason"], **form.more)
                )
                if tried.ok:
                    messages.success(
                        request,
                        _("The new version is on its way.") if how == "revise" else _("The amendment is proposed."),
                    )
                    return redirect("movements:case", case=row.case)
                status, changes = tried.status, tried.changes
            elif "add" in data:
                status = 200
        else:
            form = act_forms.Reason(row=row)
        context = {
            "n": row, "steps": made, "form": form, "how": how, "changes": changes,
            "possible": cases.allowed(actor, row).get(how, False), "wrong": [w for one in made for w in one.wrong],
            "asked": ",".join(made[1].asked),
        }  # fmt: skip
        return render(request, "movements/change.html", context, status=status)

    view.__doc__ = f"{how} a submitted content."
    return view


def _differs(before: Any, after: Any) -> bool:
    """Whether a field was changed: a figure that is only written in another way was not."""
    return _same(before) != _same(after)


def _same(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _same(one) for key, one in value.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [_same(one) for one in value]
    if isinstance(value, str):
        text = value.strip()
        if text.replace(".", "", 1).isdigit() and "." in text:
            return text.rstrip("0").rstrip(".")
        return text.replace("\r\n", "\n")
    return value


revise, amend = changing("revise"), changing("amend")
