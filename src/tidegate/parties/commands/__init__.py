"""Every guarded change of organisations, facilities, roles, delegations, keys, approvals and a State's settings."""

from __future__ import annotations

from tidegate.parties.commands.agents import give_delegation, make_key, revoke_delegation, revoke_key
from tidegate.parties.commands.approvals import approve, refuse, withdraw
from tidegate.parties.commands.people import end_membership, invite, set_two_person, way_in
from tidegate.parties.commands.register import add_facility, add_organisation, edit_facility, edit_organisation

__all__ = [
    "add_facility",
    "add_organisation",
    "approve",
    "edit_facility",
    "edit_organisation",
    "end_membership",
    "give_delegation",
    "invite",
    "make_key",
    "refuse",
    "revoke_delegation",
    "revoke_key",
    "set_two_person",
    "way_in",
    "withdraw",
]
