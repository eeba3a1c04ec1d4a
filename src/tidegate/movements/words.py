"""What the steps of the life cycles are called on pages and in the journal."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

_NOTIFICATION = {
    "created": _("Draft made"),
    "submitted": _("Notification submitted"),
    "info_asked": _("Information asked for before it is sent on"),
    "info_given": _("Information given before it is sent on"),
    "transmitted": _("Sent to the authorities concerned"),
    "not_forwarded": _("Not forwarded"),
    "withdrawn": _("Notification withdrawn"),
    "reopened": _("Waiting for acknowledgement again"),
    "incomplete": _("Waiting for information"),
    "acknowledged": _("Notification acknowledged"),
    "decided_consented": _("Consented by all"),
    "decided_objected": _("Objected to"),
    "active": _("Notification in force"),
    "suspended": _("Notification suspended"),
    "exhausted": _("Notification used up"),
    "expired": _("Notification expired"),
    "revoked": _("Notification revoked"),
    "superseded": _("Replaced by a new notification"),
    "closed": _("Notification closed"),
}
_CONSENT = {
    "requested": _("Consent asked for"),
    "acknowledged": _("Receipt acknowledged by the authority"),
    "info_requested": _("The authority asks for information"),
    "info_supplied": _("The authority has its information"),
    "consented": _("Consent given"),
    "consented_with_conditions": _("Consent given with conditions"),
    "objected": _("Objection raised"),
    "tacit": _("Tacit consent"),
    "suspended": _("Consent suspended"),
    "lifted": _("Suspension of the consent lifted"),
    "withdrawn": _("Consent withdrawn"),
    "expired": _("Consent expired"),
    "superseded": _("Consent replaced"),
    "reopened": _("To be decided anew"),
}
_CONTRACT = {
    "lodged": _("Contract lodged"),
    "confirmed": _("Contract confirmed by the State of import"),
    "ended": _("Contract ended"),
}
_GUARANTEE = {
    "proposed": _("Guarantee proposed"),
    "approved": _("Guarantee approved"),
    "in_force": _("Guarantee in force"),
    "called": _("Guarantee called"),
    "released": _("Guarantee released"),
    "lapsed": _("Guarantee lapsed"),
}
_AMENDMENT = {
    "proposed": _("Amendment proposed"),
    "answered": _("Amendment answered"),
    "approved": _("Amendment approved"),
    "refused": _("Amendment refused"),
}
_CORRECTION = {
    "proposed": _("Correction proposed"),
    "answered": _("Correction answered"),
    "approved": _("Correction approved by all"),
    "refused": _("Correction refused"),
}
_MOVEMENT = {
    "drafted": _("Movement drafted"),
    "announcing": _("Quantities asked for"),
    "announced": _("Movement announced"),
    "not_announced": _("Quantity refused: not announced"),
    "amended": _("Announcement changed"),
    "cancelled": _("Movement cancelled"),
    "held": _("Movement held"),
    "released": _("Hold ended"),
    "seized": _("Movement seized"),
    "departed": _("Departed"),
    "custody_transferred": _("Handed over to another carrier"),
    "remarked": _("Remark added"),
    "border_passed": _("Border passed"),
    "transit_exit": _("Left the State of transit"),
    "consignee_received": _("Received by the consignee"),
    "arrived": _("Arrived"),
    "received_accepted": _("Received and accepted"),
    "received_partly": _("Partly accepted"),
    "received_rejected": _("Rejected"),
    "corrected": _("Figures corrected"),
    "interim_done": _("Interim operation done"),
    "completed": _("Recovered or disposed of"),
    "certified": _("Recovery or disposal certified"),
    "return_ordered": _("Return ordered"),
    "returned": _("Returned"),
    "alternatively_disposed": _("Disposed of in another way"),
    "overdue": _("Overdue"),
    "closed": _("Movement closed"),
}
_PERMIT = {
    "drafted": _("Application drafted"),
    "applied": _("Applied for"),
    "under_review": _("Taken up for review"),
    "info_requested": _("Applicant asked for information"),
    "info_supplied": _("Applicant gave information"),
    "refused": _("Permit refused"),
    "issued": _("Permit issued"),
    "active": _("Permit in force"),
    "suspended": _("Permit suspended"),
    "reinstated": _("Permit in force again"),
    "exhausted": _("Permit used up"),
    "expired": _("Permit expired"),
    "revoked": _("Permit revoked"),
    "surrendered": _("Permit given back"),
    "superseded": _("Permit replaced"),
}
_POOL = {"created": _("Quota drafted"), "opened": _("Quota opened"), "closed": _("Quota closed")}
_ALLOCATION = {
    "applied": _("Part of a quota applied for"),
    "granted": _("Part of a quota granted"),
    "refused": _("Part of a quota refused"),
    "closed": _("Part of a quota closed"),
}
_CERTIFICATE = {
    "published": _("Certificate published"),
    "suspended": _("Certificate suspended"),
    "reinstated": _("Certificate valid again"),
    "revoked": _("Certificate revoked"),
    "superseded": _("Certificate replaced"),
}
_GREEN_SHIPMENT = {
    "entered": _("Green-listed shipment entered"),
    "amended": _("Green-listed shipment changed"),
    "departed": _("Green-listed shipment departed"),
    "cancelled": _("Green-listed shipment cancelled"),
    "received": _("Green-listed shipment received"),
    "rejected": _("Green-listed shipment rejected"),
    "recovered": _("Green-listed shipment recovered"),
    "held": _("Green-listed shipment held"),
    "released": _("A State has ended its hold of the green-listed shipment"),
    "passed": _("Passage of the green-listed shipment recorded"),
}
_TAKE_BACK = {
    "opened": _("Take-back case opened"),
    "classified": _("Case classified"),
    "not_a_case": _("Found not to be a case"),
    "notified": _("State of export informed"),
    "acknowledged": _("Information acknowledged"),
    "accepted": _("Take-back accepted"),
    "disputed": _("Take-back disputed"),
    "merged": _("Goes on under an earlier case"),
    "plan_proposed": _("Plan proposed"),
    "joined": _("A State on the way home told of the case"),
    "plan_signed": _("Plan signed"),
    "return_consented": _("Return consented to"),
    "return_objected": _("Return objected to"),
    "reminded": _("Reminder sent"),
    "evidence_added": _("Evidence added"),
    "plan_agreed": _("Plan agreed"),
    "consents_ok": _("Consents for the return are in"),
    "returning": _("On its way home"),
    "returned": _("Back in the State of export"),
    "finally_disposed": _("Finally disposed of"),
    "closed": _("Case closed"),
    "cost_added": _("Cost recorded"),
    "cost_settled": _("Cost settled"),
    "referred": _("Referred"),
}

_HELD_GUARANTEE = {
    "required": _("Guarantee of a State's own asked for"),
    "in_force": _("Guarantee of a State's own recorded"),
    "called": _("Guarantee of a State's own called"),
    "released": _("Guarantee of a State's own released"),
    "lapsed": _("Guarantee of a State's own lapsed"),
}
_ANALYSIS = {
    "requested": _("Analysis asked for"),
    "submitted": _("Analysis handed in"),
    "withdrawn": _("Request for an analysis withdrawn"),
}
_FEE = {
    "due": _("Fee assessed"),
    "changed": _("Fee assessed anew"),
    "paid": _("Payment of a fee recorded"),
    "waived": _("Fee waived"),
}

EVENTS: dict[str, Any] = {
    f"{machine}.{event}": label
    for machine, labels in {
        "notification": _NOTIFICATION,
        "consent": _CONSENT,
        "contract": _CONTRACT,
        "guarantee": _GUARANTEE,
        "held_guarantee": _HELD_GUARANTEE,
        "amendment": _AMENDMENT,
        "correction": _CORRECTION,
        "movement": _MOVEMENT,
        "permit": _PERMIT,
        "quota_pool": _POOL,
        "quota_allocation": _ALLOCATION,
        "certificate": _CERTIFICATE,
        "green_shipment": _GREEN_SHIPMENT,
        "take_back": _TAKE_BACK,
        "analysis": _ANALYSIS,
        "fee": _FEE,
    }.items()
    for event, label in labels.items()
}
