"""What this room publishes: rights, event types, messages, rounds. Imported when Django starts (apps.py).

Each part adds its own block below. Event types of a life cycle are `<machine>.<event>` and registered for all machines
at once; a part registers only those that no machine has.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tidegate.movements.machines import MACHINES
from tidegate.movements.words import EVENTS
from tidegate.movements.words_of_rights import RIGHTS
from tidegate.parties.names import LABELS
from tidegate.parties.registry import DemoCase, registry
from tidegate.parties.rights import (
    AUTHORITY,
    COMPANIES,
    CUSTOMS,
    DECIDE,
    EVERYBODY,
    MANAGE,
    OFFICIAL,
    READ,
    TRADERS,
    WORK,
    Kind,
    rights,
)

if TYPE_CHECKING:
    from tidegate.law import Book
    from tidegate.movements.registers import RoomRegister
    from tidegate.parties.actors import Actor

LABELS.update(RIGHTS)

for _machine in MACHINES.values():
    for _event in _machine.events:
        _type = f"{_machine.name}.{_event}"
        registry.event(_type, EVENTS[_type])

# Who writes what a notifier says: companies, and an authority for what came on paper (`owning.by_the_right_hand`).
WRITERS = (*TRADERS, *AUTHORITY)

# ── M1: notifications, consents, contract and guarantee, calendars ──────────────────────────────────────────
rights.grant("movements.notification.read", EVERYBODY, READ)
rights.grant("movements.notification.draft", WRITERS, WORK, delegable=True)
rights.grant("movements.notification.submit", TRADERS, WORK, delegable=True)
rights.grant("movements.notification.answer", WRITERS, WORK, delegable=True)
rights.grant("movements.notification.withdraw", WRITERS, WORK, delegable=True)
rights.grant("movements.notification.amend", WRITERS, WORK, delegable=True)
rights.grant("movements.notification.key_in", AUTHORITY, WORK)
rights.grant("movements.template.keep", TRADERS, WORK, delegable=True)
rights.grant("movements.notification.override", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.notification.transmit", AUTHORITY, DECIDE)
rights.grant("movements.notification.acknowledge", AUTHORITY, WORK)
rights.grant("movements.notification.ask", AUTHORITY, WORK)
rights.grant("movements.preconsent.deny", AUTHORITY, DECIDE)
rights.grant("movements.notification.suspend", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.notification.revoke", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.notification.close", AUTHORITY, DECIDE)
rights.grant("movements.amendment.approve", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.consent.decide", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.consent.key_in", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.consent.suspend", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.consent.withdraw", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.contract.lodge", WRITERS, WORK, delegable=True)
rights.grant("movements.contract.confirm", AUTHORITY, DECIDE)
rights.grant("movements.guarantee.propose", WRITERS, WORK, delegable=True)
rights.grant("movements.guarantee.approve", AUTHORITY, DECIDE)
rights.grant("movements.guarantee.require", AUTHORITY, DECIDE)
rights.grant("movements.guarantee.call", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.guarantee.release", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.confidential.keep", WRITERS, WORK, delegable=True)
rights.grant("movements.breach.close", OFFICIAL, DECIDE)
rights.grant("movements.calendar.keep", AUTHORITY, (*DECIDE, *MANAGE))
rights.grant("movements.tolerance.keep", AUTHORITY, (*DECIDE, *MANAGE))

for _type, _label in {
    "notification.saved": _("Draft saved"),
    "notification.templated": _("Kept as a template"),
    "notification.revised": _("Content revised"),
    "notification.law_override": _("Authority lets a prohibited load be notified"),
    "notification.changed": _("Amended"),
    "notification.preconsent_denied": _("Pre-consent of the facility denied"),
    "notification.told": _("Told by the State of export"),
    "notification.overdue": _("An authority's time is over"),
    "contract.told": _("Contract: told by another State"),
    "guarantee.told": _("Guarantee: told by the State of export"),
    "held_guarantee.told": _("Guarantee of a State's own: told by that State"),
    "notification.sent": _("Content sent to the other States"),
    "notification.used_up": _("Account used up"),
    "notification.replenished": _("Something is left on the account again"),
    "notification.suspension": _("Suspension recorded"),
    "notification.suspension_lifted": _("Suspension lifted"),
    "notification.confidential": _("What is confidential was set"),
    "field_release.given": _("Confidential field released to a party"),
    "field_release.revoked": _("Release of a confidential field revoked"),
    "info_request.asked": _("Information asked for"),
    "info_request.answered": _("Information given"),
    "consent.flagged": _("A consent outlasts contract or guarantee"),
    "consent.changed": _("Content of a consent changed"),
    "breach.opened": _("Breach recorded"),
    "breach.closed": _("Breach closed"),
    "holiday.added": _("Day off added"),
    "holiday.confirmed": _("Day off confirmed"),
    "holiday.removed": _("Day off removed"),
    "tolerance.added": _("Tolerance set"),
    "tolerance.removed": _("Tolerance removed"),
}.items():
    registry.event(_type, _label)

import_module("tidegate.movements.inbound.notifications")
import_module("tidegate.movements.inbound.confidential")
import_module("tidegate.movements.inbound.papers")
import_module("tidegate.movements.inbound.replies")
import_module("tidegate.movements.inbound.consents")
import_module("tidegate.movements.inbound.guarantees")
import_module("tidegate.movements.inbound.files")
import_module("tidegate.movements.lapsing")
import_module("tidegate.movements.commands.calendars")
import_module("tidegate.movements.commands.tolerances")

# ── M2: ledger, permits, quotas, certificates, border ───────────────────────────────────────────────────────
rights.grant("movements.ledger.read", EVERYBODY, READ)
rights.grant("movements.permit.read", EVERYBODY, READ)
rights.grant("movements.permit.apply", COMPANIES, WORK, delegable=True)
rights.grant("movements.permit.surrender", COMPANIES, WORK)
rights.grant("movements.permit.review", (*AUTHORITY, Kind.AGENCY), WORK)
rights.grant("movements.permit.decide", (*AUTHORITY, Kind.AGENCY), DECIDE, decision=True)
rights.grant("movements.permit.suspend", (*AUTHORITY, Kind.AGENCY), DECIDE, decision=True)
rights.grant("movements.permit.acknowledge", CUSTOMS, WORK)
rights.grant("movements.quota.read", EVERYBODY, READ)
rights.grant("movements.quota.keep", (*AUTHORITY, Kind.AGENCY), DECIDE)
rights.grant("movements.quota.apply", COMPANIES, WORK, delegable=True)
rights.grant("movements.quota.decide", (*AUTHORITY, Kind.AGENCY), DECIDE, decision=True)
rights.grant("movements.certificate.read", EVERYBODY, READ)
rights.grant("movements.certificate.issue", OFFICIAL, DECIDE)
rights.grant("movements.certificate.quality", (*OFFICIAL, Kind.LABORATORY), DECIDE)
rights.grant("movements.certificate.suspend", OFFICIAL, DECIDE)
rights.grant("movements.border.check", OFFICIAL, READ)
rights.grant("movements.border.write_off", CUSTOMS, WORK)

for _type, _label in {
    "ledger.opened": _("Quantity account opened"),
    "ledger.reserved": _("Quantity set aside"),
    "ledger.committed": _("Quantity used"),
    "ledger.released": _("Quantity given back"),
    "ledger.expired": _("Quantity set aside has lapsed"),
    "ledger.adjusted": _("Quantity used corrected"),
    "ledger.resized": _("Quantity account changed"),
    "ledger.lapsed": _("Rest of the quantity lapsed"),
    "ledger.settled": _("Quantity account free again"),
    "ledger.told": _("Balance sent to the other States"),
    "ledger.copied": _("Balance received from its home"),
    "ledger.answered": _("Answer to a request for quantity"),
    "movement.draws_asked": _("Quantities asked for at other States"),
    "movement.draws_settled": _("Answer to a request for quantity received"),
    "movement.draws_told": _("Use of quantity sent to other States"),
    "permit.acknowledged": _("Status of a permit confirmed by a border office"),
    "permit.edited": _("Permit changed"),
    "permit.attached": _("File attached"),
    "permit.detached": _("File taken away"),
    "quota_pool.changed": _("Quota changed"),
}.items():
    registry.event(_type, _label)

# What registers messages and rounds of its own.
for _name in (
    "draws",
    "inbound.ledger",
    "commands.permits",
    "commands.quotas",
    "commands.certificates",
    "commands.border",
    "commands.linefiles",
):
    import_module(f"tidegate.movements.{_name}")


# ── M3: movements, consignments, take-back ───────────────────────────────────────────────────────────────────
rights.grant("movements.movement.read", EVERYBODY, READ)
rights.grant("movements.movement.draft", WRITERS, WORK, delegable=True)
rights.grant(
    "movements.movement.attach", (*TRADERS, Kind.CARRIER, Kind.FACILITY, *AUTHORITY, *CUSTOMS, Kind.AGENCY), WORK,
    delegable=True,
)  # fmt: skip
rights.grant("movements.movement.announce", WRITERS, WORK, delegable=True)
rights.grant("movements.movement.amend", WRITERS, WORK, delegable=True)
rights.grant("movements.movement.cancel", WRITERS, WORK, delegable=True)
# A carrier for its own leg alone (`legs`), here and for hand-overs.
rights.grant("movements.movement.depart", (Kind.CARRIER, *WRITERS), WORK, delegable=True)
rights.grant("movements.movement.carry", (Kind.CARRIER, *TRADERS, *CUSTOMS), WORK, delegable=True)
rights.grant("movements.movement.receive", (Kind.FACILITY, Kind.CONSIGNEE), WORK, delegable=True)
rights.grant("movements.movement.complete", (Kind.FACILITY, Kind.CONSIGNEE), WORK, delegable=True)
rights.grant("movements.movement.remark", EVERYBODY, WORK, delegable=True)
rights.grant("movements.movement.correct", (Kind.FACILITY, *TRADERS, *CUSTOMS), WORK, delegable=True)
rights.grant("movements.correction.answer", AUTHORITY, DECIDE)
rights.grant("movements.movement.observe", (*CUSTOMS, *AUTHORITY), WORK)
rights.grant("movements.movement.hold", OFFICIAL, WORK)
rights.grant("movements.movement.close", AUTHORITY, WORK)

for _type, _label in {
    "movement.told_late": _("Became known late"),
    "movement.redrafted": _("Draft changed"),
    "movement.attached": _("File attached"),
    "movement.hold_ended": _("One State has ended its hold"),
    "take_back.told_late": _("Became known late"),
    "letter.written": _("Letter written"),
    "consignment.registered": _("Consignment registered"),
    "consignment.required": _("Requirement made"),
    "consignment.answered": _("Requirement answered"),
    "consignment.waived": _("Requirement waived"),
    "consignment.inspection_set": _("Joint inspection set"),
    "consignment.inspected": _("Joint inspection done"),
    "consignment.attached": _("File attached"),
    "consignment.held": _("Consignment held"),
    "consignment.released": _("Consignment released"),
    "consignment.refused": _("Consignment refused"),
}.items():
    registry.event(_type, _label)

rights.grant("movements.take_back.read", EVERYBODY, READ)
rights.grant("movements.take_back.open", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.take_back.evidence", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.take_back.classify", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.take_back.inform", AUTHORITY, DECIDE)
rights.grant("movements.take_back.answer", AUTHORITY, DECIDE)
rights.grant("movements.take_back.plan", AUTHORITY, WORK)
rights.grant("movements.take_back.agree", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.take_back.consent", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.take_back.start_return", AUTHORITY, DECIDE)
rights.grant("movements.take_back.return", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.take_back.close", AUTHORITY, DECIDE, decision=True)
rights.grant("movements.take_back.cost", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.take_back.refer", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.letter.write", OFFICIAL, WORK)
rights.grant("movements.consignment.read", EVERYBODY, READ)
rights.grant("movements.consignment.register", OFFICIAL, WORK)
rights.grant("movements.consignment.require", OFFICIAL, WORK)
rights.grant("movements.consignment.answer", OFFICIAL, WORK)
rights.grant("movements.consignment.inspect", OFFICIAL, WORK)
rights.grant("movements.consignment.waive", OFFICIAL, DECIDE)
rights.grant("movements.consignment.release", CUSTOMS, WORK)
rights.grant("movements.consignment.refuse", OFFICIAL, DECIDE)

rights.grant("movements.analysis.read", (*OFFICIAL, Kind.LABORATORY), READ)
rights.grant("movements.analysis.request", (*AUTHORITY, *CUSTOMS), WORK)
rights.grant("movements.analysis.submit", (Kind.LABORATORY,), WORK)

rights.grant("movements.fee.read", EVERYBODY, READ)
rights.grant("movements.fee.keep", (*AUTHORITY, Kind.AGENCY), (*DECIDE, *MANAGE))
rights.grant("movements.fee.record", (*AUTHORITY, Kind.AGENCY), WORK)
rights.grant("movements.fee.waive", (*AUTHORITY, Kind.AGENCY), DECIDE, decision=True)
registry.event("fee.told", _("Fee: told by another State"))
registry.event("fee_rate.set", _("Rate of a fee set"))
registry.page("fee", "movements:fee")
registry.act("movements.fee.waive", _("Waive a fee"), "fee")

for _name in ("chasing", "reminding", "inbound.movements", "inbound.takeback", "commands.analyses", "inbound.fees",
              "commands.fees"):  # fmt: skip
    import_module(f"tidegate.movements.{_name}")


# ── W1: pages of notifications and desks ─────────────────────────────────────────────────────────────────────
rights.grant("movements.filter.keep", EVERYBODY, READ)
rights.grant("movements.overdue.read", OFFICIAL, (*DECIDE, *MANAGE))
rights.grant("movements.case.assign", OFFICIAL, (*WORK, *MANAGE))
rights.grant("movements.attachment.keep", (*TRADERS, *AUTHORITY), WORK, delegable=True)

for _type, _label in {
    "notification.attached": _("File attached"),
    "notification.detached": _("File taken away"),
    "assignment.taken": _("Case taken in hand"),
    "assignment.handed": _("Case handed to a colleague"),
    "assignment.given_back": _("Case given back"),
}.items():
    registry.event(_type, _label)

registry.page("notification", "movements:case")
for _kind in ("consent", "contract", "guarantee", "info_request", "amendment"):
    registry.page(_kind, f"movements:of-{_kind.replace('_', '-')}")
for _command, _label, _kind in (
    ("movements.notification.override", _("Let a prohibited load be notified"), "notification"),
    ("movements.notification.suspend", _("Suspend a notification"), "notification"),
    ("movements.notification.lift", _("Lift the suspension of a notification"), "notification"),
    ("movements.notification.revoke", _("Revoke a notification"), "notification"),
    ("movements.amendment.approve", _("Answer an amendment"), "amendment"),
    ("movements.consent.decide", _("Decide on a notification"), "consent"),
    ("movements.consent.suspend", _("Suspend a consent"), "consent"),
    ("movements.consent.lift", _("Lift the suspension of a consent"), "consent"),
    ("movements.consent.withdraw", _("Withdraw a consent"), "consent"),
    ("movements.guarantee.call", _("Call a guarantee"), "notification"),
    ("movements.guarantee.release", _("Release a guarantee"), "notification"),
    ("movements.guarantee.call_own", _("Call your State's own guarantee"), "notification"),
    ("movements.guarantee.release_own", _("Release your State's own guarantee"), "notification"),
):
    registry.act(_command, _label, _kind)


# ── pages of W2: movements, permits, quotas, certificates, the border ───────────────────────────────────────────
rights.grant("movements.report.read", OFFICIAL, READ)

for _subject, _page in {
    "movement": "movements:movement-by-key",
    "permit": "movements:permit",
    "quotapool": "movements:quota",
    "quotaallocation": "movements:allocation",
    "certificate": "movements:certificate",
    "takeback": "movements:take-back-by-key",
    "analysis": "movements:analysis",
}.items():
    registry.page(_subject, _page)
for _command, _label, _kind in (
    ("movements.permit.issue", _("Grant a permit"), "permit"),
    ("movements.permit.refuse", _("Refuse a permit"), "permit"),
    ("movements.permit.vary", _("Vary a permit"), "permit"),
    ("movements.permit.suspend", _("Suspend a permit"), "permit"),
    ("movements.permit.lift", _("Lift the suspension of a permit"), "permit"),
    ("movements.permit.revoke", _("Revoke a permit"), "permit"),
    ("movements.take_back.classify", _("Classify a take-back case"), "takeback"),
    ("movements.take_back.agree", _("Sign a plan"), "takeback"),
    ("movements.take_back.consent", _("Answer a return"), "takeback"),
    ("movements.take_back.close", _("Close a take-back case"), "takeback"),
    ("movements.quota.decide", _("Grant a part of a quota"), "quotaallocation"),
    ("movements.quota.refuse", _("Refuse a part of a quota"), "quotaallocation"),
    ("movements.quota.close_allocation", _("End a part of a quota early"), "quotaallocation"),
):
    registry.act(_command, _label, _kind)


# ── N1: notices ────────────────────────────────────────────────────────────────────────────────────────────────
rights.grant("movements.notice.keep", EVERYBODY, (*WORK, *MANAGE))
rights.grant("movements.webhook.keep", EVERYBODY, (*DECIDE, *MANAGE))

for _type, _label in {
    "subscription.added": _("Notices asked for"),
    "subscription.changed": _("Notices changed"),
    "subscription.ended": _("Notices ended"),
    "subscription.disabled": _("Notices switched off after failures"),
}.items():
    registry.event(_type, _label)

registry.page("subscription", "movements:notice")
for _name in ("notices", "commands.notices"):
    import_module(f"tidegate.movements.{_name}")


# ── green-listed shipments ─────────────────────────────────────────────────────────────────────────────────────
rights.grant("movements.green.read", EVERYBODY, READ)
rights.grant("movements.green.enter", TRADERS, WORK, delegable=True)
rights.grant("movements.green.receive", (Kind.FACILITY, Kind.CONSIGNEE), WORK, delegable=True)
rights.grant("movements.green.observe", (*CUSTOMS, *AUTHORITY), WORK)
rights.grant("movements.green.hold", OFFICIAL, WORK)

registry.page("greenshipment", "movements:green-by-key")
for _name in ("inbound.green", "commands.green", "commands.green_control"):
    import_module(f"tidegate.movements.{_name}")


# ── inspectors without an account ──────────────────────────────────────────────────────────────────────────────
rights.grant("movements.inspector.keep", (*AUTHORITY, *CUSTOMS), WORK)

for _type, _label in {
    "inspector_access.issued": _("Link for an inspector issued"),
    "inspector_access.opened": _("Link of an inspector opened"),
    "inspector_access.revoked": _("Link of an inspector revoked"),
    "inspector_report.received": _("Report of an inspector, not verified"),
    "inspector_report.reviewed": _("Report of an inspector dealt with"),
}.items():
    registry.event(_type, _label)

registry.page("inspectorreport", "movements:inspector-report")


# ── the demo ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _demo_cases() -> list[DemoCase]:
    # Imported when asked: no other installation loads the stories.
    from tidegate.movements.demo_control import pointed_out

    return pointed_out()


registry.demo_cases = _demo_cases


# ── keeping, legal holds, erasing ──────────────────────────────────────────────────────────────────────────────
rights.grant("movements.keeping.read", AUTHORITY, READ)
rights.grant("movements.keeping.set", AUTHORITY, (*DECIDE, *MANAGE))
rights.grant("movements.keeping.hold", AUTHORITY, DECIDE)

for _type, _label in {
    "keeping.period_set": _("Period of keeping set"),
    "keeping.erased": _("Erased: its period of keeping was over"),
    "legal_hold.placed": _("Legal hold placed"),
    "legal_hold.lifted": _("Legal hold lifted"),
}.items():
    registry.event(_type, _label)


# ── R1: the registers that the screen asks ─────────────────────────────────────────────────────────────────────
rights.grant("movements.register.ask", EVERYBODY, READ)


def _register_of(actor: Actor | None, book: Book) -> RoomRegister | None:
    # imported when first asked: a process that screens nothing does not load the screen's tables
    from tidegate.movements.registers import register_of

    return register_of(actor, book)


registry.registers, registry.register_right = _register_of, "movements.register.ask"
