"""How every guarded change is made: a right, one transaction, once per idempotency key, one revision after another.

@command("movements.consent.decide")
def decide(actor: Actor, consent_id: UUID, *, revision: int, outcome: str, …) -> Consent: …

decide(actor, consent.pk, revision=3, outcome="consented", key="…")
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, connection, models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import Approval, Done, State
from tidegate.parties.rights import rights
from tidegate.parties.scope import held

P = ParamSpec("P")
R = TypeVar("R")


class Refused(Exception):
    """A guard of a command fails. `code` is stable for software, `text` a sentence for people, `field` what it is
    about; `expected` says what would do."""

    def __init__(self, code: str, text: str | Promise, *, field: str = "", value: Any = None, expected: Any = ""):
        super().__init__(str(text))
        self.code, self.text, self.field, self.value, self.expected = code, text, field, value, expected


class Forbidden(Refused):
    """The actor has not the right."""

    def __init__(self, right: str):
        super().__init__("forbidden", _("This role may not do that."), field=right)


class Missing(Refused):
    """There is no such row, or the actor does not see it: the answer is the same."""

    def __init__(self, what: str):
        super().__init__("not_found", _("It does not exist, or you have no access to it."), field=what)


class Conflict(Refused):
    """Somebody changed the row meanwhile."""

    def __init__(self, what: str, key: Any, revision: int):
        super().__init__(
            "conflict",
            _("Somebody else changed it meanwhile. Look at it again and decide anew."),
            field=what,
            value=revision,
        )


class AwaitingSecond(Exception):
    """Not refused: the proposal is stored and waits for a second person."""

    def __init__(self, approval: Approval):
        super().__init__(str(approval.pk))
        self.approval = approval


# How often a command is carried out before its users hear of a deadlock.
DEADLOCKS = 3
COMMANDS: dict[str, Callable[..., Any]] = {}
# The right that each command asks, for those who list them (the API).
RIGHTS: dict[str, str] = {}


def command(right: str, name: str = "") -> Callable[[Callable[Concatenate[Actor, P], R]], Callable[..., R]]:
    """Make a function a command under a right.

    1. The actor must have the right, else Forbidden.
    2. Where the State asks two persons for it, the first call stores an Approval and raises AwaitingSecond.
    3. One transaction; with `key=` the same key of the same sender runs it once: again with the same arguments gives
       the stored result (the row as it is now), with others Refused("key_reused").

    `name` tells commands under one right apart. A command that two persons may have to decide takes arguments that JSON
    can hold, its first being the key of the row that it is about.
    """
    label = name or right

    def make(function: Callable[Concatenate[Actor, P], R]) -> Callable[..., R]:
        @wraps(function)
        def run(actor: Actor, *args: Any, key: str = "", approval: Approval | None = None, **kwargs: Any) -> R:
            if not actor.may(right):
                raise Forbidden(right)
            if approval is not None:
                _check_second(actor, label, approval)
            for _attempt in range(1, DEADLOCKS):
                try:
                    return once(actor, *args, key=key, approval=approval, **kwargs)
                except OperationalError as error:
                    if connection.in_atomic_block or not _deadlocked(error):
                        raise
            return once(actor, *args, key=key, approval=approval, **kwargs)

        def once(actor: Actor, *args: Any, key: str, approval: Approval | None, **kwargs: Any) -> R:
            with transaction.atomic():
                if key and (earlier := _earlier(actor, key, label, args, kwargs)) is not None:
                    return _again(earlier)
                if approval is None and _takes_two(actor, right):
                    waiting = _propose(actor, label, args, kwargs)
                else:
                    waiting = None
                    result = function(actor, *args, **kwargs)
                    if key:
                        _keep(actor, key, label, args, kwargs, result)
            if waiting is not None:
                raise AwaitingSecond(waiting)
            return result

        if COMMANDS.setdefault(label, run) is not run:
            raise ValueError(f"two commands are called {label!r}")
        RIGHTS[label] = right
        return run

    return make


def locked(model: type[models.Model], key: UUID | str, actor: Actor, revision: int | None = None, **also: Any) -> Any:
    """The held row, locked until the transaction ends, where the actor sees it by the rule of `scope`.

    The system's own actor (no organisation) gets every row that its State holds. A company gets a row that names it as
    involved or as its organisation, or whose model says in `seen_through` which row does. Raises Missing, and Conflict
    when `revision` is not the row's own.
    """
    name = model._meta.model_name or "row"
    try:
        row = model._default_manager.select_for_update().get(pk=key, holder=actor.state, **also)
    except (ObjectDoesNotExist, ValueError, ValidationError):
        raise Missing(name) from None
    company = actor.organisation is not None and not actor.official
    if company and not held(model._default_manager.filter(pk=row.pk), actor).exists():
        raise Missing(name)
    if revision is not None and row.revision != revision:  # type: ignore[attr-defined]
        raise Conflict(name, key, revision)
    return row


def _deadlocked(error: OperationalError) -> bool:
    """Whether the database undid this transaction because two waited for each other; run again, it may go through."""
    return getattr(error.__cause__, "sqlstate", "") in ("40P01", "40001")


def _takes_two(actor: Actor, right: str) -> bool:
    if actor.organisation is None or not rights.table[right].decision:
        return False
    # Read now: the actor may have been made before the State changed its mind.
    state = State.objects.only("two_person").get(pk=actor.state)
    return right in state.two_person


def _check_second(actor: Actor, name: str, approval: Approval) -> None:
    """The stored act is this one, still waits, and is carried out by another person of its State."""
    if (approval.command, approval.holder_id, approval.status) != (name, actor.state, Approval.Status.WAITING):
        raise Refused("approval_void", _("This proposal no longer waits for a decision."), field="approval")
    if actor.person is None or actor.person.pk == approval.proposed_by_id:
        raise Refused("same_person", _("The person who proposed it cannot also approve it."), field="approval")


def _propose(actor: Actor, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Approval:
    if actor.person is None or actor.organisation is None:
        raise Refused("two_persons", _("Two persons decide this; software cannot propose it alone."))
    if not args:
        raise TypeError(f"{name}: the first argument is the key of the row that it is about")
    arguments = json.loads(_text([args, kwargs]))
    subject = getattr(args[0], "pk", args[0])
    waiting = Approval.objects.filter(
        holder=actor.state, command=name, subject_id=subject, status=Approval.Status.WAITING
    ).select_for_update()
    same = waiting.first()
    if same is not None and same.proposed_by_id == actor.person.pk and same.arguments == arguments:
        return same  # asked again, for instance by a second click
    # An edit makes a new proposal; the one before is void.
    waiting.update(status=Approval.Status.VOID)
    row = Approval.objects.create(
        holder_id=actor.state,
        organisation=actor.organisation,
        command=name,
        arguments=arguments,
        subject_id=subject,
        proposed_by=actor.person,
        proposed_at=times.now(),
        revision=1,
    )
    from tidegate.parties.journal import record  # which needs Conflict of this module

    record(actor, "approval.proposed", row, revision=1, payload={"command": name, "subject": str(subject)})
    return row


def _text(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, sort_keys=True)


class _Digested(DjangoJSONEncoder):
    """A file among the arguments counts by its SHA-256."""

    def default(self, value: Any) -> Any:
        return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else super().default(value)


def _digest(right: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([right, args, kwargs], cls=_Digested, sort_keys=True).encode()).hexdigest()


def _earlier(actor: Actor, key: str, right: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Done | None:
    done = Done.objects.filter(sender=actor.sender, key=key).first()
    if done is not None and done.digest != _digest(right, args, kwargs):
        raise Refused("key_reused", _("This idempotency key was used for another request."), field="key", value=key)
    return done


def _keep(actor: Actor, key: str, right: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
    kept: Any = result
    if isinstance(result, models.Model):
        kept = {"model": result._meta.label_lower, "pk": str(result.pk)}
    elif isinstance(result, list):
        kept = [asdict(one) if is_dataclass(one) and not isinstance(one, type) else one for one in result]
    done = Done(sender=actor.sender, key=key, right=right, digest=_digest(right, args, kwargs), at=times.now())
    done.result = json.loads(_text({"value": kept}))
    try:
        with transaction.atomic():
            done.save(force_insert=True)
    except IntegrityError:
        # Another request with the key committed first; this one is undone with everything it wrote.
        raise Refused("key_in_use", _("The same request is being carried out. Ask again."), field="key") from None


def _again(done: Done) -> Any:
    kept = (done.result or {}).get("value")
    if isinstance(kept, dict) and set(kept) == {"model", "pk"}:
        from django.apps import apps

        return apps.get_model(kept["model"])._default_manager.get(pk=kept["pk"])
    return kept
