"""Form fields in the look of every page, and rights in words. `{% load parties %}`."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from tidegate.parties.names import label_of

register = template.Library()


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's control with the classes of its kind; Django itself ties help and errors to it for screen readers."""
    return _drawn(field)


@register.filter
def focused(field: BoundField) -> SafeString:
    """The same, taking the focus when the page opens."""
    return _drawn(field, autofocus=True)


def _drawn(field: BoundField, **more: Any) -> SafeString:
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    if field.errors:
        css += " is-invalid"
    return field.as_widget(attrs={**widget.attrs, "class": css, **more})


@register.filter
def first_wrong(form: forms.Form) -> str:
    """The name of the first field that has to be put right, where a keyboard goes on; "" where the form as a whole is
    wrong, which is said above it."""
    if form.non_field_errors():
        return ""
    return next((field.name for field in form.visible_fields() if field.errors), "")


@register.filter
def kind(field: BoundField) -> str:
    """How the field is laid out: `check`, `group` (several marks) or `line`."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "group" if isinstance(widget, (forms.CheckboxSelectMultiple, forms.RadioSelect)) else "line"


@register.filter
def right(name: str) -> str:
    """A right in words."""
    return label_of(name)


@register.simple_tag(takes_context=True)
def may(context: Any, name: str) -> bool:
    """Whether the reader may do what a right names: `{% may "parties.key.keep" as can %}`."""
    actor = getattr(context["request"], "actor", None)
    return bool(actor and actor.may(name))


@register.simple_tag
def address(name: str, *args: Any) -> str:
    """The address of a page of an app that an installation may lack; "" then."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
