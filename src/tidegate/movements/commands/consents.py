"""An authority's decisions on a notification: consent with or without conditions, objection, suspension, withdrawal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import clocks, conditions, consenting, facts, guard, languages, machines, standing
from tidegate.movements.calendars import calendar_of
from tidegate.movements.masses import kilograms
from tidegate.movements.masses import shipments as counted
from tidegate.movements.models import Clock, Consent, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.models import State

LEGAL = "Basel Convention, Article 6(2) to (4)"
OUTCOMES = consenting.DECISIONS


def _own(actor: Actor, consent_id: UUID | str, revision: int | None) -> tuple[Consent, Notification]:
    """The consent and its notification, locked; only the authority's own copy is written."""
    consent: Consent = locked(Consent, consent_id, actor, revision)
    if consent.authority != actor.state:
        raise Refused(
            "not_owner",
            _("This decision is another State's."),
            field="authority",
            value=actor.state,
            expected=consent.authority,
        )
    row: Notification = locked(Notification, consent.notification_id, actor)
    consent.notification = row
    return consent, row


@command("movements.consent.decide")
def decide(
    actor: Actor,
    consent_id: UUID | str,
    *,
    revision: int | None = None,
    outcome: str,
    valid_from: Any = None,
    valid_until: Any = None,
    quantity_kg: Any = None,
    shipments: Any = None,
    conditions: Sequence[Any] = (),
    grounds: Sequence[Any] = (),
    remarks: str = "",
    language: str = "",
    second_language: str = "",
    remarks_second: str = "",
) -> Consent:
    """The authority's decision, in writing. `outcome`: consented, consented_with_conditions, objected.

    `conditions` as `conditions.read` takes them; `grounds` a list of {"code", "text"} or of texts. Dates are ISO days,
    quantities text. Raises Refused: not_owner; state (decided, ended, or silence has counted meanwhile); outcome; day;
    dates; span (longer than the law lets it cover); quantity, shipments (more than was notified); conditions, grounds
    (missing, or not allowed here); too_early (a law sets a first day for it); language.

    The texts bind in `language`; `remarks_second` and the `text_second` of a condition or a ground are translations
    into `second_language`.
    """
    consent, row = _own(actor, consent_id, revision)
    now, book = times.now(), guard.book()
    if outcome not in OUTCOMES:
        raise Refused("outcome", _("There is no such decision."), field="outcome", value=str(outcome)[:40],
                      expected=", ".join(OUTCOMES))  # fmt: skip
    _open(row)
    consenting.lapse(consent, now, book)
    if consent.status not in machines.WAITING:
        raise Refused(
            "state", _("It has been decided already."), field="status", value=consent.status,
            expected=", ".join(machines.WAITING),
        )  # fmt: skip
    if outcome == "objected":
        consent.grounds = _grounds(grounds)
        consent.valid_from = consent.valid_until = consent.quantity_kg = consent.shipments = None
        consent.conditions = []
    else:
        _early(consent, row, now)
        _terms(consent, row, outcome, valid_from, valid_until, quantity_kg, shipments, conditions)
        consent.grounds = []
    consent.remarks = str(remarks or "").strip()[:20_000]
    _languages(consent, language, second_language, remarks_second)
    consent.decided_at, consent.version = now, row.version
    if consent.acknowledged_at is None:  # who decides has it
        consent.acknowledged_at, consent.acked_version = now, row.version
    _tell(actor, consent, row, outcome, f"decision.{outcome}", law_version=book.label)
    flagged = [flag for flag in standing.flags(row) if flag["authority"] == consent.authority]
    if flagged:
        facts.note(actor, "consent.flagged", consent, payload={"flags": flagged})
    clocks.end_all(consent, now, "done", steps=["decide", "export_not_before"])
    standing.refresh(row)
    return consent


@command("movements.consent.key_in")
def key_in(
    actor: Actor,
    consent_id: UUID | str,
    *,
    revision: int | None = None,
    outcome: str,
    decided_on: Any,
    document: str,
    valid_from: Any = None,
    valid_until: Any = None,
    quantity_kg: Any = None,
    shipments: Any = None,
    conditions: Sequence[Any] = (),
    grounds: Sequence[Any] = (),
    remarks: str = "",
    language: str = "",
    second_language: str = "",
    remarks_second: str = "",
) -> Consent:
    """The State of export keys in the written decision of an authority whose State takes part in no exchange.

    `document` names the paper, `decided_on` its day. Raises Refused as `decide` does; takes_part where that authority
    can speak for itself; not_owner elsewhere than in the State of export.
    """
    consent: Consent = locked(Consent, consent_id, actor, revision)
    row: Notification = locked(Notification, consent.notification_id, actor)
    consent.notification = row
    _for_elsewhere(actor, row, consent.authority)
    _open(row)
    if outcome not in OUTCOMES:
        raise Refused("outcome", _("There is no such decision."), field="outcome", value=str(outcome)[:40],
                      expected=", ".join(OUTCOMES))  # fmt: skip
    paper = facts.words(document, "document", _("number or description of the written decision"))
    day = facts.needed_day(decided_on, "decided_on")
    now = times.now()
    at = calendar_of(consent.authority).start(day)
    # Of a notification on paper another State may have decided before it came here.
    early = row.transmitted_at is None or (
        not row.keyed_by and day < calendar_of(consent.authority).day(row.transmitted_at)
    )
    if early or at > now:
        raise Refused(
            "dates", _("It was not decided between the notification and now."), field="decided_on",
            value=day.isoformat(),
        )  # fmt: skip
    if consent.status not in machines.WAITING:
        raise Refused("state", _("It has been decided already."), field="status", value=consent.status)
    if outcome == "objected":
        consent.grounds, consent.conditions = _grounds(grounds), []
    else:
        _terms(consent, row, outcome, valid_from, valid_until, quantity_kg, shipments, conditions)
    consent.remarks = f"{str(remarks or '').strip()} [{paper}]".strip()[:20_000]
    _languages(consent, language, second_language, remarks_second)
    consent.decided_at, consent.version = at, row.version
    if consent.acknowledged_at is None:
        consent.acknowledged_at, consent.acked_version = at, row.version
    _tell(actor, consent, row, outcome, f"decision.{outcome}", payload={"document": paper})
    clocks.end_all(consent, now, "done", steps=["decide"])
    clocks.end_all_of(row, consent.authority, now, "acknowledge")
    standing.refresh(row)
    return consent


def _languages(consent: Consent, language: str, second: str, remarks_second: str) -> None:
    consent.remarks_second = str(remarks_second or "").strip()[:20_000]
    translated = bool(consent.remarks_second) or any(
        one.get("text_second") for one in (*consent.conditions, *consent.grounds)
    )
    consent.language, consent.second_language = languages.read(language, second, translated=translated)


def _for_elsewhere(actor: Actor, row: Notification, authority: str) -> None:
    if row.holder_id != row.home:
        raise Refused(
            "not_owner", _("Only the State of export can do this."), field="state_export", value=actor.state,
            expected=row.home,
        )  # fmt: skip
    if State.objects.filter(pk=authority).exists():
        raise Refused(
            "takes_part", _("This authority takes part in the exchange and decides itself."), field="authority",
            value=authority,
        )  # fmt: skip


def _open(row: Notification) -> None:
    if row.ended_as or row.transmitted_at is None or row.status == Notification.Status.REVOKED:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)


def _terms(
    consent: Consent, row: Notification, outcome: str, start: Any, end: Any, kg: Any, count: Any, asked: Sequence[Any]
) -> None:
    consent.valid_from = facts.needed_day(start, "valid_from")
    consent.valid_until = facts.needed_day(end, "valid_until")
    if consent.valid_until < consent.valid_from:
        raise Refused(
            "dates", _("It ends before it begins."), field="valid_until", value=consent.valid_until.isoformat(),
            expected=f"≥ {consent.valid_from.isoformat()}",
        )  # fmt: skip
    _span(consent, row)
    consent.quantity_kg = None if kg in (None, "") else kilograms(kg, "quantity_kg")
    if consent.quantity_kg is not None and row.quantity_kg is not None and consent.quantity_kg > row.quantity_kg:
        raise Refused(
            "quantity", _("More than was notified."), field="quantity_kg", value=str(consent.quantity_kg),
            expected=f"≤ {row.quantity_kg}",
        )  # fmt: skip
    consent.shipments = None if count in (None, "") else counted(count, "shipments")
    if consent.shipments is not None and row.shipments is not None and consent.shipments > row.shipments:
        raise Refused(
            "shipments", _("More than was notified."), field="shipments", value=consent.shipments,
            expected=f"≤ {row.shipments}",
        )  # fmt: skip
    consent.conditions = conditions.read(list(asked))
    if outcome == "consented_with_conditions" and not consent.conditions:
        raise Refused(
            "conditions", _("Say which conditions."), field="conditions", value=[], expected=_("at least one")
        )
    if outcome == "consented" and consent.conditions:
        raise Refused(
            "conditions", _("With conditions it is a consent with conditions."), field="outcome", value=outcome,
            expected="consented_with_conditions",
        )  # fmt: skip


def _span(consent: Consent, row: Notification) -> None:
    """No longer than the law lets one notification cover, counted from the consent's own first day."""
    limit = standing.span_limit(row, guard.book())
    if limit is None or limit[1].length is None or consent.valid_from is None or consent.valid_until is None:
        return
    months = limit[1].length * (12 if limit[1].unit == "years" else 1)
    last = clocks.add_months(consent.valid_from, months)
    if consent.valid_until >= last:
        raise Refused(
            "span",
            _("It is longer than one consent may cover."),
            field="valid_until",
            value=consent.valid_until.isoformat(),
            expected=f"< {last.isoformat()} ({limit[1].regime}, {limit[1].basis})",
        )


def _early(consent: Consent, row: Notification, now: Any) -> None:
    """Some law has the State of export wait for the States of transit, unless every other consent is in."""
    if consent.role != "export":
        return
    waiting = [c for c in standing.required_of(row) if c.pk != consent.pk and c.status not in machines.GIVEN]
    if not waiting:
        return
    bars = [rule.id for rule in clocks.clocks().rules.values() if rule.step == "export_not_before"]
    bar = Clock.objects.filter(subject_id=consent.pk, rule__in=bars, ended_at=None).order_by("-due_at").first()
    if bar is not None and bar.due_at is not None and now <= bar.due_at:
        raise Refused(
            "too_early",
            _("The law lets the State of export decide only later, or when every other consent is in."),
            field="outcome",
            value=", ".join(c.authority for c in waiting),
            expected=f"≥ {bar.due_at.isoformat()}",
        )


def _grounds(given: Sequence[Any]) -> list[dict[str, str]]:
    found = []
    for number, item in enumerate(given):
        if isinstance(item, str):
            item = {"text": item}
        text = str(item.get("text") or "").strip() if isinstance(item, dict) else ""
        code = str(item.get("code") or "").strip() if isinstance(item, dict) else ""
        if not text and not code:
            raise Refused(
                "grounds", _("A ground says something."), field=f"grounds.{number}", value=str(item)[:80],
                expected=_("a code or a text"),
            )  # fmt: skip
        second = str(item.get("text_second") or "").strip() if isinstance(item, dict) else ""
        found.append({"code": code[:64], "text": text[:4000], **({"text_second": second[:4000]} if second else {})})
    if not found:
        raise Refused("grounds", _("An objection needs its grounds."), field="grounds", value=[],
                      expected=_("at least one"))  # fmt: skip
    return found


def _tell(
    actor: Actor,
    consent: Consent,
    row: Notification,
    event: str,
    type: str,
    *,
    law_version: str = "",
    payload: dict[str, Any] | None = None,
) -> None:
    """Take the step, and send the consent as it is after it to every other State concerned."""
    after = machines.step(machines.CONSENT, consent.status, event, consent.given_as)
    said = {**consenting.snapshot(consent), "status": after, "revision": consent.revision + 1, **(payload or {})}
    if event in ("suspended", "withdrawn") and consent.status in machines.GIVEN:
        said["given_as"] = consent.status
    messages = facts.posts(row, type, {**said, "at": times.now()}, legal=LEGAL)
    consenting.step(consent, event, actor, payload=said, posts=messages, law_version=law_version)


@command("movements.consent.suspend")
def suspend(actor: Actor, consent_id: UUID | str, *, reason: str, revision: int | None = None) -> Consent:
    """The authority suspends its own consent: no new departure, until it lifts that."""
    consent, row = _own(actor, consent_id, revision)
    _open(row)
    why = facts.words(reason, "reason", _("why it is suspended"))
    _tell(actor, consent, row, "suspended", "decision.suspended", payload={"reason": why})
    standing.refresh(row)
    return consent


@command("movements.consent.suspend", "movements.consent.lift")
def lift(actor: Actor, consent_id: UUID | str, *, reason: str = "", revision: int | None = None) -> Consent:
    """The authority lifts its suspension: the consent holds again as it was given."""
    consent, row = _own(actor, consent_id, revision)
    _open(row)
    _tell(actor, consent, row, "lifted", "decision.lifted", payload={"reason": reason})
    standing.refresh(row)
    return consent


@command("movements.consent.withdraw")
def withdraw(actor: Actor, consent_id: UUID | str, *, reason: str, revision: int | None = None) -> Consent:
    """The authority withdraws its consent for good; where it is required, the notification is revoked."""
    consent, row = _own(actor, consent_id, revision)
    if consent.status not in (*machines.GIVEN, "suspended"):
        raise Refused("state", _("There is no consent to withdraw."), field="status", value=consent.status)
    why = facts.words(reason, "reason", _("why it is withdrawn"))
    _tell(actor, consent, row, "withdrawn", "decision.withdrawn", payload={"reason": why})
    standing.refresh(row)
    return consent
