"""Propose, withdraw, approve. What is approved becomes a file of the installation's own overlay."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tidegate.law import proposals
from tidegate.law.yaml_text import dump
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.rulebook import book as current_book
from tidegate.screening.approval import Trial, try_out
from tidegate.web.upkeep import published
from tidegate.web.upkeep.models import Proposal, signature


def folder() -> Path:
    """The installation's own overlay: what was approved here."""
    return Path(settings.TIDEGATE_LAW_DIR)


def overlays() -> list[Path]:
    """The folders that lie on the shipped book."""
    return [Path(overlay) for overlay in settings.TIDEGATE_OVERLAYS]


def trial_of(proposal: Proposal) -> Trial:
    """The proposal on top of the law in force. Raises proposals.ProposalError, RulebookError."""
    return try_out(proposal.as_law(), overlays(), folder())


@command(published.PROPOSE)
def propose(
    actor: Actor, rule: str, fields: Mapping[str, Any], *, fresh: bool = False, cases: str = "", why: str
) -> Proposal:
    """Store a proposal: a change of `rule`, or (`fresh`) a new one of this name, of the actor's own State.

    `fields` in the rulebook's own form. Raises Refused with the field it is about.
    """
    if actor.person is None or actor.organisation is None:
        raise Refused("person", _("A person proposes, not software."))
    if not why.strip():
        raise Refused("missing", _("Say why, with the source."), field="why")
    book = current_book()
    try:
        if fresh:
            if rule in book.rules:
                raise Refused("taken", _("The rulebook has a rule of this name."), field="id", value=rule)
            content = proposals.new_rule(book, actor.state, {"id": rule, **fields})
        else:
            known = book.rules.get(rule)
            if known is None:
                raise Refused("not_found", _("The rulebook has no rule of this name."), field="rule", value=rule)
            if known.state != actor.state:
                raise Refused(
                    "elsewhere", _("Only a rule of your own State can be changed here."), field="rule", value=rule
                )
            content = proposals.rule_change(book, rule, fields)
    except proposals.ProposalError as error:
        name, _sep, told = str(error).partition(":")
        raise Refused("unreadable", told.strip() or name, field=name if told else "") from error
    row = Proposal(
        holder_id=actor.state,
        organisation=actor.organisation,
        proposed_by=actor.person,
        proposed_at=times.now(),
        rule=rule,
        fresh=fresh,
        content=dump(content),
        cases=cases.strip(),
        why=why.strip(),
        book=book.label,
    )
    row.save(force_insert=True)
    record(actor, published.PROPOSED, row, revision=1, payload={"rule": rule, "why": row.why}, law_version=book.label)
    return row


@command(published.PROPOSE, "upkeep.proposal.withdraw")
def withdraw(actor: Actor, pk: UUID, *, revision: int) -> Proposal:
    """Take back a proposal of one's own organisation that nobody has approved."""
    row: Proposal = locked(Proposal, pk, actor, revision)
    _still_open(row)
    if actor.organisation is None or row.organisation_id != actor.organisation.pk:
        raise Refused("elsewhere", _("Another organisation proposed it."))
    return _decide(actor, row, Proposal.Status.WITHDRAWN, published.WITHDRAWN, [])


@command(published.APPROVE)
def approve(actor: Actor, pk: UUID, *, revision: int, accept_broken: bool = False) -> Proposal:
    """Put a proposal of another person into force.

    Refused while the linter has findings, while scenarios of the proposal fail, and while others break unless
    `accept_broken`; their names are then written into the file.
    """
    row: Proposal = locked(Proposal, pk, actor, revision)
    _still_open(row)
    if actor.person is None or actor.organisation is None or actor.person.pk == row.proposed_by_id:
        raise Refused("same_person", _("The person who proposed it cannot also approve it."))
    law = row.as_law()
    try:
        trial = trial_of(row)
        if trial.findings:
            raise Refused("findings", _("The linter has findings. Propose it anew without them."))
        if trial.own or (trial.broken and not accept_broken):
            raise Refused(
                "broken",
                _("Cases fail under it: %(cases)s. Propose it with new cases of the same id.")
                % {"cases": ", ".join(trial.broken)},
            )
        row = _decide(actor, row, Proposal.Status.APPROVED, published.APPROVED, trial.remarks(law))
        signed = signature(actor.person, actor.organisation)
        # Last of all: a file cannot be rolled back.
        proposals.approve(law, by=signed, into=folder(), at=row.decided_at, remarks=row.remarks)
    except proposals.ProposalError as error:
        raise Refused("refused", str(error)) from error
    return row


def _still_open(row: Proposal) -> None:
    if row.status != Proposal.Status.OPEN:
        raise Refused("state", _("It is decided already: %(status)s.") % {"status": row.get_status_display()})


def _decide(actor: Actor, row: Proposal, status: str, event: str, remarks: list[str]) -> Proposal:
    with transaction.atomic():
        row.status, row.decided_by, row.decided_at, row.remarks = status, actor.person, times.now(), remarks
        row.revision += 1
        row.save()
        payload = {"rule": row.rule, "remarks": remarks}
        record(actor, event, row, revision=row.revision, payload=payload, law_version=current_book().label)
    return row
