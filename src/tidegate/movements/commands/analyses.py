"""Analyses of laboratories: customs or the authority asks for one, the laboratory hands it in with its report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence, facts, guard, machines
from tidegate.movements.calendars import today
from tidegate.movements.models import Analysis, Consignment, Movement, TakeBack
from tidegate.movements.models.base import CaseRow
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation

REQUEST = "movements.analysis.request"
SUBMIT = "movements.analysis.submit"
# What the file of a report is.
REPORT = "analysis"
HUNDRED, STEP = Decimal(100), Decimal("0.001")
POLYMERS_AT_MOST = 40


@command(REQUEST)
def request(
    actor: Actor,
    *,
    laboratory_id: UUID | str,
    question: str,
    consignment_id: UUID | str | None = None,
    movement_id: UUID | str | None = None,
    take_back_id: UUID | str | None = None,
    declaration: Mapping[str, Any] | None = None,
    declared_as: str = "",
    due_on: date | str | None = None,
) -> Analysis:
    """Ask a laboratory of this State about one consignment, movement or take-back case, or about a declaration that
    stands for none of them. It sees this question and nothing else of the case.

    `declaration` is a shipment of the screening contract, `declared_as` where it is found: a row of a batch, a number.
    Raises Missing; Refused: about (none of the four, or several), load (it cannot be read), laboratory, text, day.
    """
    given: dict[str, Any] = {
        "consignment": consignment_id, "movement": movement_id, "take_back": take_back_id, "declaration": declaration,
    }  # fmt: skip
    named = {name: key for name, key in given.items() if key is not None}
    if len(named) != 1:
        raise Refused("about", _("An analysis is of one consignment, movement, take-back case or declaration."),
                      field="about", value=", ".join(named), expected=", ".join(given))  # fmt: skip
    [(name, key)] = named.items()
    kinds: dict[str, type[CaseRow]] = {"consignment": Consignment, "movement": Movement, "take_back": TakeBack}
    about: Any
    if declaration is None:
        about = locked(kinds[name], key, actor)
    else:
        about = guard.plain(declaration, "declaration")
        guard.of_declaration(about, guard.book())
        declared_as = facts.words(declared_as, "declared_as", _("where the declaration is found"))
    laboratory = laboratories(actor.state).filter(pk=laboratory_id).first()
    if laboratory is None or actor.organisation is None:
        raise Refused("laboratory", _("There is no such laboratory in this State's register."), field="laboratory_id",
                      value=str(laboratory_id)[:40])  # fmt: skip
    number = reference(actor.state)
    row = Analysis(
        # A case of its own: what a laboratory reads of it names no other.
        holder_id=actor.state, case=number, reference=number, laboratory=laboratory,
        asked_by=actor.organisation, question=facts.words(question, "question", _("what is asked")),
        asked_at=times.now(), due_on=facts.day(due_on, "due_on"),
        status=machines.step(machines.ANALYSIS, "", "requested"),
        declared_as=declared_as[:200] if declaration is not None else "", **{name: about},
    )  # fmt: skip
    row.save(force_insert=True)
    row.involved.add(laboratory)
    payload = {"reference": row.reference, "laboratory": laboratory.pk, "question": row.question, "due_on": row.due_on}
    facts.note(actor, "analysis.requested", row, payload=payload)
    return row


def laboratories(state: str) -> Any:
    """The laboratories of a State's register."""
    return Organisation.objects.filter(holder=state, kind=Organisation.Kind.LABORATORY, active=True).order_by("name")


@command(SUBMIT)
def submit(
    actor: Actor,
    analysis_id: UUID | str,
    *,
    sample: str,
    sampled_on: date | str,
    analysed_on: date | str,
    method: str,
    accreditation: str,
    name: str,
    media_type: str,
    data: bytes | str,
    contamination_pct: Decimal | str | None = None,
    moisture_pct: Decimal | str | None = None,
    polymers: Mapping[str, Decimal | str] | None = None,
    hazardous: bool | None = None,
    remarks: str = "",
    revision: int | None = None,
) -> Analysis:
    """Hand in what was found, with the report as a file (`name`, `media_type`, `data`: its bytes, or they in base64).
    A finding that is left out was not analysed.

    Raises Missing; Conflict; Refused: state, text, day, dates, percent, polymers, findings (none), file.
    """
    row: Analysis = locked(Analysis, analysis_id, actor, revision)
    row.status = machines.step(machines.ANALYSIS, row.status, "submitted")
    row.sample = facts.words(sample, "sample", _("the number of the sample"))[:64]
    row.method = facts.words(method, "method", _("the method or standard"))[:200]
    row.accreditation = facts.words(accreditation, "accreditation", _("the number of the accreditation"))[:64]
    row.sampled_on = facts.needed_day(sampled_on, "sampled_on")
    row.analysed_on = facts.needed_day(analysed_on, "analysed_on")
    if not row.sampled_on <= row.analysed_on <= today(actor.state):
        raise Refused("dates", _("It is analysed after it was sampled, and not in the future."), field="analysed_on",
                      value=row.analysed_on.isoformat(), expected=f"≥ {row.sampled_on.isoformat()}")  # fmt: skip
    row.contamination_pct = _percent(contamination_pct, "contamination_pct")
    row.moisture_pct = _percent(moisture_pct, "moisture_pct")
    shares = _polymers(polymers or {})
    whole = sum(shares.values(), row.contamination_pct or Decimal(0))
    if whole > HUNDRED:
        raise Refused("polymers", _("The shares are more than the whole."), field="polymers",
                      value=format(whole, "f"), expected="≤ 100")  # fmt: skip
    row.polymers = {code: format(share, "f") for code, share in shares.items()}
    row.hazardous = None if hazardous is None else bool(hazardous)
    if not findings(row):
        raise Refused("findings", _("At least one finding is needed."), field="contamination_pct",
                      expected=_("contamination, moisture, polymers, or whether it is hazardous"))  # fmt: skip
    row.remarks = str(remarks or "").strip()[:4000]
    row.submitted_at = times.now()
    made = evidence.keep(actor, row, name=name, media_type=media_type, data=data, kind=REPORT)
    made.involved.set(row.involved.all())
    payload = {
        "reference": row.reference, "sample": row.sample, "method": row.method, "accreditation": row.accreditation,
        "sampled_on": row.sampled_on, "analysed_on": row.analysed_on, "findings": findings(row),
        "report": evidence.told(made),
    }  # fmt: skip
    facts.note(actor, "analysis.submitted", row, payload=payload)
    return row


@command(REQUEST, "movements.analysis.withdraw")
def withdraw(actor: Actor, analysis_id: UUID | str, *, reason: str, revision: int | None = None) -> Analysis:
    """It is not needed any more. Raises Missing; Refused: state (it was handed in), text."""
    row: Analysis = locked(Analysis, analysis_id, actor, revision)
    row.status = machines.step(machines.ANALYSIS, row.status, "withdrawn")
    payload = {"reference": row.reference, "reason": facts.words(reason, "reason", _("a reason"))}
    facts.note(actor, "analysis.withdrawn", row, payload=payload)
    return row


def findings(row: Analysis) -> dict[str, Any]:
    """What was measured, as JSON holds it: percentages as texts."""
    found: dict[str, Any] = {}
    for name in ("contamination_pct", "moisture_pct"):
        if (value := getattr(row, name)) is not None:
            found[name] = format(value, "f")
    if row.polymers:
        found["polymers"] = dict(row.polymers)
    if row.hazardous is not None:
        found["hazardous"] = row.hazardous
    return found


def _percent(value: Any, field: str) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, float | bool):
            raise InvalidOperation
        found = Decimal(str(value).strip())
        if not found.is_finite() or not 0 <= found <= HUNDRED or found != found.quantize(STEP):
            raise InvalidOperation
    except InvalidOperation:
        raise Refused(
            "percent", _("This is no percentage."), field=field, value=str(value)[:40],
            expected=_("a number from 0 to 100 with at most three places"),
        ) from None  # fmt: skip
    return found.quantize(STEP)


def _polymers(given: Mapping[str, Any]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, value in given.items():
        code, share = str(name).strip().upper()[:24], _percent(value, "polymers")
        if not code or share is None or code in found or len(found) == POLYMERS_AT_MOST:
            raise Refused("polymers", _("This is no share of a polymer."), field="polymers",
                          value=f"{name} {value}"[:60], expected="PE 60")  # fmt: skip
        found["mixed" if code == "MIXED" else code] = share
    return found
