"""Subscriptions to notices: made, changed, ended; and a test of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import notices
from tidegate.movements.models import Subscription
from tidegate.movements.notices import KEEP, KEEP_WEBHOOK
from tidegate.movements.webhooks import Undelivered, target_of
from tidegate.parties import sealing, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.registry import registry

# A person's e-mail notices, and an organisation's webhooks: more would only repeat each other.
MOST = 20
FURTHEST = 60
# Between two tests of one subscription.
PAUSE = timedelta(seconds=20)
Channel = Subscription.Channel


@command(KEEP, "movements.notice.subscribe")
def subscribe(
    actor: Actor,
    *,
    channel: str,
    address: str = "",
    events: Sequence[str] = (),
    days_ahead: int = 3,
    from_start: bool = False,
) -> Subscription:
    """Be told from now on, or with `from_start` of all that the feed holds.

    An e-mail (`email`, `digest`) goes to the person's own address, or where `address` is that of the organisation in
    the register, to it. A webhook asks the right `movements.webhook.keep`; the row's `shown` is its secret, there only
    now. `events` are groups of `notices.groups()` or whole event types, all where empty.

    Raises Forbidden; Refused: person, channel, address, events, days_ahead, too_many.
    """
    organisation = actor.organisation
    assert organisation is not None
    if channel not in Channel.values:
        raise Refused("channel", _("There is no such way."), field="channel", value=channel, expected=Channel.values)
    row = Subscription(
        holder_id=actor.state, organisation=organisation, channel=channel, person=actor.person, revision=1
    )
    if row.webhook:
        if not actor.may(KEEP_WEBHOOK):
            raise Forbidden(KEEP_WEBHOOK)
        row.person, row.secret = None, notices.new_nonce()
    elif actor.person is None:
        raise Refused("person", _("Only a person gets e-mail."), field="channel", value=channel)
    whose = {"person": actor.person} if row.person is not None else {"channel": Channel.WEBHOOK}
    if Subscription.objects.filter(organisation=organisation, ended_at=None, **whose).count() >= MOST:
        raise Refused("too_many", _("There are too many already. End one first."), expected=MOST)
    row.address = _address(row, address)
    row.events, row.days_ahead = _events(events), _days(days_ahead)
    number = 0 if from_start else sealing.tail(actor.state).number
    row.after = row.delivered = number
    if channel == Channel.DIGEST:
        row.digest_on = organisation.holder.today()
    row.save(force_insert=True)
    record(actor, "subscription.added", row, revision=1, payload={"channel": channel})
    row.shown = notices.secret_of(row) if row.webhook else ""  # type: ignore[attr-defined]
    return row


@command(KEEP, "movements.notice.change")
def change(
    actor: Actor,
    subscription_id: UUID,
    *,
    revision: int,
    channel: str | None = None,
    address: str | None = None,
    events: Sequence[str] | None = None,
    days_ahead: int | None = None,
    active: bool | None = None,
    again_after: int | None = None,
) -> Subscription:
    """Change what is told and where. What is left out stays.

    `active` switches off and on again: it then goes on where it stopped. `again_after` sets the cursor back, so that
    what came after that number is told once more; it never leaves anything out.

    Raises Missing, Conflict; Refused: channel, address, events, days_ahead, again_after.
    """
    row = _own(actor, subscription_id)
    if row.revision != revision:
        raise Conflict("subscription", subscription_id, revision)
    if channel is not None and channel != row.channel:
        if row.webhook or channel not in (Channel.EMAIL, Channel.DIGEST):
            raise Refused("channel", _("End it, and make another."), field="channel", value=channel)
        row.channel, row.digest_on = channel, row.organisation.holder.today()
    if address is not None:
        row.address = _address(row, address)
    row.events = row.events if events is None else _events(events)
    row.days_ahead = row.days_ahead if days_ahead is None else _days(days_ahead)
    if again_after is not None:
        if not 0 <= again_after <= row.after:
            raise Refused(
                "again_after",
                _("It can only be set back, so that nothing is left out."),
                field="again_after",
                value=again_after,
                expected=f"0-{row.after}",
            )
        row.after = row.delivered = again_after
    if active is not None:
        row.active = active
    # Whatever was wrong may be right now: it is tried at once, with the whole ladder before it.
    row.failures, row.last_error, row.next_try = 0, "", None
    _keep(actor, row, "subscription.changed", {"channel": row.channel, "active": row.active})
    return row


@command(KEEP, "movements.notice.renew_secret")
def renew_secret(actor: Actor, subscription_id: UUID) -> Subscription:
    """Give a webhook a new secret (`shown`, there only now); the one before signs nothing more.

    Raises Missing, Forbidden, Refused: channel.
    """
    row = _own(actor, subscription_id)
    if not row.webhook:
        raise Refused("channel", _("Only a webhook has a secret."), field="channel", value=row.channel)
    row.secret = notices.new_nonce()
    _keep(actor, row, "subscription.changed", {"channel": row.channel, "secret": "renewed"})
    row.shown = notices.secret_of(row)  # type: ignore[attr-defined]
    return row


@command(KEEP, "movements.notice.end")
def end(actor: Actor, subscription_id: UUID) -> Subscription:
    """End a subscription now. Raises Missing."""
    row = _own(actor, subscription_id)
    row.active, row.ended_at, row.next_try, row.secret = False, times.now(), None, ""
    _keep(actor, row, "subscription.ended", {"channel": row.channel})
    return row


def send_test(actor: Actor, subscription_id: UUID) -> str:
    """Send a test letter or a signed test POST now; gives "" where it was accepted, else the code of what went wrong.

    No @command: it changes nothing, and nothing is sent inside a transaction. Raises Forbidden, Missing; Refused:
    too_soon, after a test some seconds ago.
    """
    if not actor.may(KEEP):
        raise Forbidden(KEEP)
    row = notices.mine(actor).filter(pk=subscription_id).first()
    if row is None:
        raise Missing("subscription")
    now = times.now()
    free = Subscription.objects.filter(Q(tested_at=None) | Q(tested_at__lte=now - PAUSE), pk=row.pk)
    if not free.update(tested_at=now):
        raise Refused("too_soon", _("A test was sent a moment ago. Wait a little."))
    try:
        if row.webhook:
            notices.post(row, {"kind": "test"}, now)
        else:
            notices.mail(row, "test", {})
    except Undelivered as problem:
        return problem.code
    return ""


def _own(actor: Actor, key: UUID) -> Subscription:
    """The row, locked, where the actor sees it by the rule of `notices.mine`."""
    row: Subscription = locked(Subscription, key, actor, ended_at=None)
    if not notices.mine(actor).filter(pk=row.pk).exists():
        raise Missing("subscription")
    if row.webhook and not actor.may(KEEP_WEBHOOK):
        raise Forbidden(KEEP_WEBHOOK)
    return row


def _keep(actor: Actor, row: Subscription, event: str, payload: dict[str, Any]) -> None:
    row.revision += 1
    row.save()
    record(actor, event, row, revision=row.revision, payload=payload)


def _address(row: Subscription, address: str) -> str:
    text = address.strip()
    if row.webhook:
        try:
            target_of(text)
        except Undelivered as problem:
            expected = "https://host/path"
            raise Refused(
                "address", notices.ERRORS[problem.code], field="address", value=text, expected=expected
            ) from None
        return text
    assert row.person is not None
    possible = [row.person.email, *filter(None, [row.organisation.email])]
    if text and text not in possible:
        # An e-mail names cases: it goes to no address but those that the register vouches for.
        raise Refused(
            "address",
            _("E-mail goes to your own address, or to your organisation's in the register."),
            field="address",
            value=text,
            expected=", ".join(possible),
        )
    return text or row.person.email


def _events(events: Sequence[str]) -> list[str]:
    possible = {name for name, _label in notices.groups()}
    for name in events:
        if name not in possible and name not in registry.events:
            raise Refused(
                "events", _("There are no such events."), field="events", value=name, expected=sorted(possible)
            )
    return sorted(set(events))


def _days(days: int) -> int:
    if not 1 <= days <= FURTHEST:
        text = _("Deadlines are told some days ahead.")
        raise Refused("days_ahead", text, field="days_ahead", value=days, expected=f"1-{FURTHEST}")
    return days
