"""Template tags and filters that every page has without loading them (``builtins`` in the settings)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.apps import apps
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tidegate.parties import figures
from tidegate.parties.registry import registry
from tidegate.parties.rulebook import book
from tidegate.web import words

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon of the sprite: decoration without `label`, a picture with that name with it."""
    return _picture(static("vendor/tabler-icons/sprite.svg"), name.replace("/", "-"), str(label), css)


@lru_cache(maxsize=1024)
def _picture(sprite: str, name: str, label: str, css: str) -> SafeString:
    # A page has some sixty of them, mostly the same few.
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
            css,
            label,
            sprite,
            name,
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        sprite,
        name,
    )


@register.simple_tag
def verdict(outcome: str | None, verify: Any = ()) -> SafeString:
    """The badge of an outcome: icon and word. Without `verify` (list or number) it may claim too much."""
    tone = words.tone(outcome, verify)
    return format_html('<span class="td-verdict td-tone td-tone-{}">{}{}</span>', tone.key, icon(tone.icon), tone.word)


@register.simple_tag
def tone(outcome: str | None, verify: Any = ()) -> words.Tone:
    """The tone itself, for a banner: ``{% tone d.outcome d.verify as t %}``."""
    return words.tone(outcome, verify)


@register.simple_tag
def effect(name: str) -> SafeString:
    """The badge of a rule's effect in `reasons`."""
    key, word = words.EFFECTS.get(name, ("quiet", name))
    return format_html('<span class="td-verdict td-tone td-tone-{}">{}</span>', key, word)


@register.simple_tag
def external(url: str, text: str = "") -> SafeString:
    """A link to a source outside; only http(s) addresses become links."""
    if not url.startswith(("https://", "http://")):
        return format_html("<span>{}</span>", text or url)
    return format_html(
        '<a href="{}" rel="external noopener noreferrer" target="_blank">{}{}</a>',
        url,
        text or _("Source"),
        icon("external-link", _("opens in a new window")),
    )


@register.simple_tag
def confidence(rule: Any) -> SafeString:
    """The labels that stand beside every verdict that this rule bears (a Rule, or its id)."""
    found = book().rules.get(rule) if isinstance(rule, str) else rule
    if found is None:
        return SafeString("")
    return format_html_join(
        "",
        '<span class="td-label td-label-warn">{}{}</span>',
        ((icon("info-triangle"), label) for label in words.confidence_labels(found.confidence, found.dates)),
    )


@register.simple_tag
def rule_link(rule: str, here: Any = ()) -> SafeString:
    """The id of a rule as a link: to its reasons on this page where it is among `here`, else to its page of law."""
    if rule in here:
        return format_html('<a href="#rule-{}">{}</a>', rule, rule)
    if rule in book().rules and apps.is_installed("tidegate.web.lawpages"):
        return format_html('<a href="{}">{}</a>', reverse("law:rule", args=[rule]), rule)
    return format_html("{}", rule)


@register.filter
def rb(text: str | None) -> words.InLanguage:
    """A text of the rulebook in the reader's language."""
    return words.book_text(text)


@register.filter
def lang(text: Any) -> SafeString:
    """The attribute for the element that holds a text: ``<p{{ text|lang }}>`` → ``<p lang="en">`` where the text is in
    another language than the page; nothing where it is not."""
    found = getattr(text, "lang", "")
    return format_html(' lang="{}"', found) if found and found != figures.page_language() else SafeString("")


@register.filter
def spoken(text: Any) -> SafeString:
    """A text among others of one element: in a `span` of its own where it is in another language than the page."""
    return format_html("<span{}>{}</span>", lang(text), text) if lang(text) else conditional_escape(text)


@register.filter
def state(code: str | None) -> str:
    """The name of a State by its code."""
    return words.state_name(code, book().states)


@register.filter
def layer(name: str) -> str:
    """The name of a layer: ``national:MY:import`` → Malaysia, import."""
    return words.layer_label(name, book().states)


@register.filter
def event(type: str) -> str:
    """The name of an event of the journal, or of the message that tells of it; its code where it has no name."""
    return str(registry.events.get(type, type))


@register.filter
def regime(name: str | None) -> str:
    """The short name of a regime."""
    return str(words.REGIMES[name][0]) if name and name in words.REGIMES else _("not decided")


@register.filter
def regime_text(name: str | None) -> str:
    """What a regime means, in a sentence."""
    return str(words.REGIMES[name][1]) if name and name in words.REGIMES else ""


@register.filter
def word(name: str | None, table: str) -> str:
    """A value of the contract in words: ``{{ rule.status|word:"statuses" }}``."""
    tables: Mapping[str, Mapping[str, Any]] = {
        "statuses": words.STATUSES,
        "why": words.WHY_MISSING,
        "by": words.KNOWN_BY,
        "roles": words.ROLES,
    }
    return str(tables[table].get(name or "", name or ""))


@register.filter(expects_localtime=True)
def day(value: date | str | None) -> str:
    """A date of law, or the day of a moment on the clock of the page, as people write it: 21 November 2026."""
    if not value:
        return ""
    return figures.day(value if isinstance(value, date) else date.fromisoformat(value))


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> str:
    """A day with its time of day: 21 November 2026, 14:05."""
    return figures.moment(value) if value else ""


@register.filter
def number(value: Any) -> str:
    """A figure with the decimal sign of the reader's language."""
    return "" if value is None else figures.number(value)


@register.filter
def kg(value: Any) -> str:
    """A mass with its unit, grouped as the reader's language groups it: 12,000 kg. A dash where it is not known."""
    return figures.mass(value)


@register.filter
def money(value: Any, currency: str) -> str:
    """An amount with its currency: 1,594.50 AUD."""
    return figures.money(value, currency)


@register.filter
def get(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """``{{ mapping|get:key }}``; None when it is not there."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None
