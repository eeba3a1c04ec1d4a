"""Names of rights for people: what a delegation, a key or a State's setting is about."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# An app adds its own in `published.py`: `LABELS["movements.consent.decide"] = _("Decide on a notification")`.
LABELS: dict[str, str | Promise] = {
    "parties.journal.read": _("Read the State's journal"),
    "parties.feed.read": _("Read the change feed"),
    "parties.organisation.read": _("Read the register"),
    "parties.organisation.keep": _("Keep the register of organisations"),
    "parties.facility.keep": _("Keep the register of facilities"),
    "parties.membership.read": _("See who has which role"),
    "parties.membership.keep": _("Give and end roles"),
    "parties.delegation.keep": _("Give and revoke delegations"),
    "parties.key.keep": _("Make and revoke access keys"),
    "parties.approval.decide": _("Approve as the second person"),
    "parties.state.keep": _("Keep the State's settings"),
}


def label_of(right: str) -> str:
    """The right in words; its own name where nobody gave it any."""
    return str(LABELS.get(right, right))
