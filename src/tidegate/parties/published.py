"""What this room tells the others: the events that it writes into the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tidegate.parties.registry import registry

ORGANISATION_ADDED = registry.event("organisation.added", _("Organisation entered in the register"))
ORGANISATION_CHANGED = registry.event("organisation.changed", _("Organisation changed in the register"))
FACILITY_ADDED = registry.event("facility.added", _("Facility entered in the register"))
FACILITY_CHANGED = registry.event("facility.changed", _("Facility changed in the register"))
MEMBERSHIP_GIVEN = registry.event("membership.given", _("Role given to a person"))
MEMBERSHIP_ENDED = registry.event("membership.ended", _("Role of a person ended"))
DELEGATION_GIVEN = registry.event("delegation.given", _("Delegation given"))
DELEGATION_REVOKED = registry.event("delegation.revoked", _("Delegation revoked"))
KEY_MADE = registry.event("accesskey.made", _("Access key made"))
KEY_REVOKED = registry.event("accesskey.revoked", _("Access key revoked"))
APPROVAL_PROPOSED = registry.event("approval.proposed", _("Act proposed to a second person"))
APPROVAL_APPROVED = registry.event("approval.approved", _("Act approved by the second person"))
APPROVAL_REFUSED = registry.event("approval.refused", _("Act refused by the second person"))
APPROVAL_WITHDRAWN = registry.event("approval.withdrawn", _("Proposed act withdrawn"))
STATE_CHANGED = registry.event("state.changed", _("Settings of the State changed"))

registry.page("organisation", "parties:organisation")
