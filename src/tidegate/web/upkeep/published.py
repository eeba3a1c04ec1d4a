"""What proposals bring to the rooms: rights and who has them, and events of the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tidegate.parties.names import LABELS
from tidegate.parties.registry import registry
from tidegate.parties.rights import DECIDE, OFFICIAL, READ, WORK, Kind, rights

LAWYERS = (Kind.COMPETENT_AUTHORITY, Kind.CUSTOMS, Kind.AGENCY)

READ_PROPOSALS = rights.grant("upkeep.proposal.read", OFFICIAL, READ)
PROPOSE = rights.grant("upkeep.proposal.make", LAWYERS, WORK)
# Two persons always: the command itself refuses whoever proposed.
APPROVE = rights.grant("upkeep.proposal.approve", (Kind.COMPETENT_AUTHORITY,), DECIDE)

LABELS[READ_PROPOSALS] = _("Read proposals to change the law")
LABELS[PROPOSE] = _("Propose a change of the law as the rulebook holds it")
LABELS[APPROVE] = _("Approve a change of the law that another person proposed")

PROPOSED = registry.event("law.proposed", _("Change of the law proposed"))
WITHDRAWN = registry.event("law.withdrawn", _("Proposal to change the law withdrawn"))
APPROVED = registry.event("law.approved", _("Change of the law approved"))

registry.page("proposal", "upkeep:proposal")
