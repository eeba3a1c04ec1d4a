"""Drafts: made, saved as somebody types, cloned, renewed, kept as templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks, confidential, facts, guard, machines
from tidegate.movements.masses import kilograms, shipments
from tidegate.movements.models import Notification, RouteStop, Template
from tidegate.movements.owning import NOTIFIER_WRITES, by_the_right_hand
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import Organisation
from tidegate.parties.scope import held

COLUMNS = (
    "form_version", "multiple", "disposal", "preconsented", "shipments", "quantity_kg", "quantity_m3",
    "first_departure", "last_departure",
)  # fmt: skip
BLOCKS = tuple(blocks.Blocks.model_fields)
FIELDS = (*COLUMNS, *BLOCKS, "route", "load")
DATES = ("first_departure", "last_departure")
# What a change of which makes it another movement: waste, quantity up, route, facility, period (facts 4.1).
MATERIAL = frozenset(
    "multiple disposal preconsented shipments quantity_kg basis first_departure last_departure importer generators "
    "facility further_facilities operations designation composition physical codes route load".split()
)


@command("movements.notification.draft", "movements.notification.create")
def create(
    actor: Actor,
    *,
    template: UUID | str | None = None,
    content: Mapping[str, Any] | None = None,
    form_version: str = "",
) -> Notification:
    """A draft of the actor's organisation, in the State of export's copy. Raises Missing for an unknown template."""
    start: dict[str, Any] = {}
    if template is not None:
        start = dict(_template(actor, template).content)
    start.update(content or {})
    if form_version:
        start["form_version"] = form_version
    _notifies(actor)
    return _new(actor, start)


def on_paper(actor: Actor, content: Mapping[str, Any], *, state_export: str, number: str) -> Notification:
    """A draft of the actor's authority, of what came on paper from a State that takes part in no exchange."""
    return _new(actor, content, paper_of=state_export, number=number)


@command("movements.notification.draft", "movements.notification.save")
def save(
    actor: Actor,
    notification_id: UUID | str,
    *,
    revision: int | None = None,
    content: Mapping[str, Any],
    typed: Mapping[str, Any] | None = None,
) -> Notification:
    """Autosave: set the given fields of a draft (`blocks.Content` field names, `route`, `load`); the others stay.

    `typed` is kept with the journal entry: the `page` that it was typed into and its `turn` there, ms.

    Raises Refused("form" | "load" | "mass" | …) naming the field where a value is not what its field takes;
    Refused("state") when it is no draft any more.
    """
    row: Notification = locked(Notification, notification_id, actor, revision)
    by_the_right_hand(actor, row)
    if row.status != Notification.Status.DRAFT:
        raise sealed(row)
    confidential.refuse_hidden(actor, row, content)
    changed = apply(row, content)
    if changed:
        facts.note(actor, "notification.saved", row, payload={"fields": changed, **(typed or {})})
        link_parties(row)
    return row


@command("movements.notification.draft", "movements.notification.clone")
def clone(actor: Actor, notification_id: UUID | str) -> Notification:
    """A new draft with the content of another notification that the actor sees."""
    source: Notification = locked(Notification, notification_id, actor)
    _notifies(actor)
    return _new(actor, content_to_reuse(actor, source))


@command("movements.notification.draft", "movements.notification.renew")
def renew(actor: Actor, notification_id: UUID | str, *, content: Mapping[str, Any] | None = None) -> Notification:
    """A new draft that, once it is in force, takes the place of a notification. `content` are the differences."""
    source: Notification = locked(Notification, notification_id, actor)
    if source.holder_id != source.home:
        raise Missing("notification")
    _notifies(actor)
    if source.status in (Notification.Status.DRAFT, Notification.Status.WITHDRAWN):
        raise Refused("state", _("This cannot be renewed: nothing came of it."), field="status", value=source.status)
    reused = content_to_reuse(actor, source)
    for name in DATES:  # the new period has to be said anew
        reused.pop(name, None)
    return _new(actor, {**reused, **(content or {})}, supersedes=source.case)


def _notifies(actor: Actor) -> None:
    """Raises Refused for an authority: it keys in what came on paper, and notifies nothing itself."""
    if actor.official:
        raise Refused("not_owner", NOTIFIER_WRITES, field="source", value="form", expected="paper")


@command("movements.template.keep")
def keep_template(actor: Actor, notification_id: UUID | str, *, name: str) -> Template:
    """Keep a notification's content under a name, for the actor's organisation; the same name is overwritten."""
    source: Notification = locked(Notification, notification_id, actor)
    assert actor.organisation is not None
    title = facts.words(name, "name", _("a name for the template"))[:120]
    row = Template.objects.select_for_update().filter(organisation=actor.organisation, name=title).first()
    row = row or Template(holder_id=actor.state, organisation=actor.organisation, name=title)
    row.content = content_to_reuse(actor, source)
    row.save()
    row.involved.add(actor.organisation)
    facts.note(actor, "notification.templated", source, payload={"template": title})
    return row


@command("movements.template.keep", "movements.template.drop")
def drop_template(actor: Actor, template_id: UUID | str) -> None:
    """Forget a template."""
    _template(actor, template_id).delete()


def _template(actor: Actor, key: UUID | str) -> Template:
    try:
        row = held(Template.objects.all(), actor).filter(pk=key).first()
    except (ValueError, TypeError):
        row = None
    if row is None:
        raise Missing("template")
    return row


def _new(
    actor: Actor, content: Mapping[str, Any], *, supersedes: str = "", paper_of: str = "", number: str = ""
) -> Notification:
    """A draft. `paper_of`: it came on paper from that State, under that number."""
    assert actor.organisation is not None
    begun = blocks.Blocks() if paper_of else blocks.Blocks(exporter=as_party(actor.organisation))
    row = Notification(
        holder_id=actor.state,
        case=reference(actor.state),
        state_export=paper_of or actor.state,
        keyed_by=actor.state if paper_of else "",
        number=number,
        status="",
        supersedes=supersedes,
        source="paper" if paper_of else "form",
        blocks=begun.model_dump(mode="json"),
    )
    row.status = machines.step(machines.NOTIFICATION, "", "created")
    row.save(force_insert=True)
    row.involved.add(actor.organisation)
    apply(row, content)
    facts.note(actor, "notification.created", row, payload={"supersedes": supersedes} if supersedes else {})
    link_parties(row)
    return row


def as_party(organisation: Organisation) -> blocks.Party:
    """An organisation of the register as the form asks for it."""
    return blocks.Party(
        registration=organisation.registration,
        name=organisation.name,
        address=organisation.address,
        contact=organisation.contact,
        telephone=organisation.telephone,
        fax=organisation.fax,
        email=organisation.email,
    )


def content_to_reuse(actor: Actor, notification: Notification) -> dict[str, Any]:
    """What the actor reads of a notification, without its number, its declarations and what authorities said."""
    said = confidential.content_for(actor, notification, decisions=False).model_dump(mode="json")
    for name in ("number", "acknowledgements", "decisions", "exporter_declaration", "generator_declaration"):
        said.pop(name, None)
    said["load"] = notification.load
    return said


def link_parties(row: Notification) -> None:
    """Let the parties that the holder's register knows see the row: those of the holder's own State."""
    facts.link(row, facts.parties_in(row.blocks))


def sealed(row: Notification) -> Refused:
    """What is said of a change to a content that was submitted."""
    return Refused(
        "state",
        _("It has been submitted: its content is sealed. Revise it, or propose an amendment."),
        field="status",
        value=row.status,
        expected="draft",
    )


def apply(row: Notification, content: Mapping[str, Any]) -> list[str]:
    """Set the given fields of a row (not saved); gives the names of those that changed.

    The route is written at once. Raises Refused naming the field for a name or a value that the form does not have.
    """
    unknown = sorted(set(content) - set(FIELDS))
    if unknown:
        raise Refused(
            "form", _("The form has no such field."), field=unknown[0], value=unknown[0], expected=", ".join(FIELDS)
        )
    changed = []
    given = {name: content[name] for name in BLOCKS if name in content}
    if given:
        merged = blocks.read(blocks.Blocks, {**row.blocks, **given}).model_dump(mode="json")
        changed += [name for name in given if merged[name] != row.blocks.get(name)]
        row.blocks = merged
    for name in COLUMNS:
        if name in content:
            value = column(name, content[name])
            if getattr(row, name) != value:
                setattr(row, name, value)
                changed.append(name)
    if "load" in content:
        load = guard.plain(content["load"] or {})
        if not isinstance(load, dict):
            raise Refused("load", _("The load is not described."), field="load", value=str(load)[:80], expected="{…}")
        if load != row.load:
            row.load = load
            changed.append("load")
    if "route" in content and _route(row, content["route"]):
        changed.append("route")
    return changed


def column(name: str, value: Any) -> Any:
    """A column's value from what a form gives. Raises Refused naming the field."""
    if name in ("multiple", "disposal", "preconsented"):
        if not isinstance(value, bool):
            raise Refused("form", _("Yes or no."), field=name, value=str(value)[:40], expected="true, false")
        return value
    if name == "form_version":
        if value not in blocks.FORMS:
            raise Refused(
                "form", _("There is no such form."), field=name, value=str(value)[:40], expected=", ".join(blocks.FORMS)
            )
        return value
    if value in (None, ""):
        return None
    if name == "quantity_kg":
        return kilograms(value, name)
    if name == "quantity_m3":
        return kilograms(value, name)  # a volume is written like a mass: exact, three places
    if name == "shipments":
        return shipments(value, name)
    return facts.day(value, name)


def _route(row: Notification, given: Any) -> bool:
    """Write the route anew, in order; whether it changed. A draft's may still be short."""
    if not isinstance(given, list):
        raise Refused("form", _("The route is a list of States."), field="route", value=str(given)[:80], expected="[…]")
    stops = [blocks.read(blocks.Stop, stop) for stop in given]
    for number, stop in enumerate(stops):
        if stop.state not in guard.book().states:
            raise Refused(
                "form",
                _("There is no such State."),
                field=f"route.{number}.state",
                value=stop.state[:20],
                expected="VN",
            )
        if stop.role == "export" and stop.state != row.state_export:
            raise Refused(
                "form",
                _("The State of export is the one in which it is notified."),
                field=f"route.{number}.state",
                value=stop.state,
                expected=row.state_export,
            )
    before = [(s.state, s.role, s.authority_code, s.entry, s.exit) for s in row.route.all()]
    after = [(s.state, s.role, s.authority_code, s.entry, s.exit) for s in stops]
    row.state_import = next((s.state for s in stops if s.role == "import"), "")
    if before == after:
        return False
    row.route.all().delete()
    RouteStop.objects.bulk_create(
        RouteStop(
            notification=row, position=number, state=s.state, role=s.role, authority_code=s.authority_code,
            entry=s.entry, exit=s.exit,
        )
        for number, s in enumerate(stops)
    )  # fmt: skip
    return True
